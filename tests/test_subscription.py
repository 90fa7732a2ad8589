"""What a chat says of itself, on real databases."""

from __future__ import annotations

from datetime import UTC, datetime, time

import pytest

from bot.config import Settings
from bot.errors import (
    BadCategories,
    BadInterests,
    BadSize,
    BadTime,
    NotAllowed,
    UnknownCategory,
    UnknownLanguage,
    UnknownTimezone,
)
from bot.model import Chat, ChatKind, Follow, FollowKind, Mute, MuteKind, VerdictKind
from bot.subscription import Subscriptions
from storage import chats, verdicts
from storage.database import Database

NOW = datetime(2026, 2, 18, 7, 30, tzinfo=UTC)


def subscriptions(db: Database, **settings: object) -> Subscriptions:
    """The use case at half past seven on a Wednesday."""
    return Subscriptions(db, Settings(**settings), lambda: NOW)  # type: ignore[arg-type] # each test names real settings


async def arrived(use: Subscriptions, code: str | None = "en", kind: ChatKind = ChatKind.PRIVATE) -> Chat:
    """A chat that has just written for the first time."""
    return await use.arrive(100, 0, kind, "Ada", code)


async def test_a_new_chat_has_the_defaults_and_its_clients_language(db: Database) -> None:
    """Language from the client where Paperboy speaks it; everything else from the settings."""
    use = subscriptions(db, default_timezone="Asia/Shanghai", digest_size=7, default_categories=("cs.RO",))
    chat = await arrived(use, "zh-hans")
    assert (chat.language, chat.timezone, chat.size, chat.subscribed) == ("zh", "Asia/Shanghai", 7, False)
    assert (await use.overview(chat.id)).profile.categories == ("cs.RO",)
    assert (await use.arrive(101, 0, ChatKind.PRIVATE, "Bo", "fr")).language == "en"
    assert (await arrived(use, "en")).id == chat.id


async def test_only_allowed_chats_may_use_the_bot(db: Database) -> None:
    """With ALLOWED_CHATS nobody else gets in."""
    use = subscriptions(db, allowed_chats=frozenset({7}))
    with pytest.raises(NotAllowed):
        await arrived(use)


async def test_a_chat_that_is_not_allowed_any_more_gets_nothing(db: Database) -> None:
    """Until ALLOWED_CHATS names it again, or nobody; what was paused for another cause stays so."""
    use = subscriptions(db)
    chat, blocked = await arrived(use), await use.arrive(101, 0, ChatKind.PRIVATE, "Bo", "en")
    await use.start(chat.id)
    await use.pause(blocked.id, "blocked")
    for allowed, expected in (({7}, "not-allowed"), ({100}, ""), ({7}, "not-allowed"), ((), "")):
        await subscriptions(db, allowed_chats=frozenset(allowed)).keep_to_allowed()
        assert (await use.overview(chat.id)).chat.paused == expected
        assert (await use.overview(blocked.id)).chat.paused == "blocked"
    assert (await use.overview(chat.id)).chat.next_at == datetime(2026, 2, 18, 8, tzinfo=UTC)


async def test_subscribing_sets_the_next_hour(db: Database) -> None:
    """The next digest comes at the chat's next 08:00, in its zone; unsubscribing takes it away."""
    use = subscriptions(db)
    chat = await arrived(use)
    assert (await use.start(chat.id)).next_at == datetime(2026, 2, 18, 8, tzinfo=UTC)
    assert (await use.set_timezone(chat.id, "北京")).next_at == datetime(2026, 2, 19, 0, tzinfo=UTC)
    assert (await use.set_hour(chat.id, "16:00")).next_at == datetime(2026, 2, 18, 8, tzinfo=UTC)
    assert (await use.stop(chat.id)).next_at is None
    assert (await use.set_hour(chat.id, "9")).next_at is None


async def test_a_bad_setting_changes_nothing(db: Database) -> None:
    """Each refusal is its own error, and the old value stays."""
    use = subscriptions(db)
    chat = await arrived(use)
    await use.set_interests(chat.id, "GRPO")
    with pytest.raises(UnknownTimezone):
        await use.set_timezone(chat.id, "Mars/Olympus")
    with pytest.raises(BadTime):
        await use.set_hour(chat.id, "noonish")
    with pytest.raises(BadSize):
        await use.set_size(chat.id, "21")
    with pytest.raises(UnknownLanguage):
        await use.set_language(chat.id, "klingon")
    with pytest.raises(UnknownCategory):
        await use.set_categories(chat.id, "cs.LG cs.XX")
    for text in ("", " \n ", "x" * 4001, "\x00\u200b"):
        with pytest.raises(BadInterests):
            await use.set_interests(chat.id, text)
    overview = await use.overview(chat.id)
    assert overview.profile.interests == "GRPO"
    assert overview.profile.categories == ("cs.LG", "cs.CL", "cs.AI")
    assert (overview.chat.timezone, overview.chat.hour, overview.chat.size) == ("UTC", time(8), 5)


async def test_categories_can_be_replaced_added_and_taken_away(db: Database) -> None:
    """Plain names replace, + adds, - takes away; the last one cannot go."""
    use = subscriptions(db)
    chat = await arrived(use)
    assert await use.set_categories(chat.id, "cs.ro, CS.CV") == ("cs.RO", "cs.CV")
    assert await use.set_categories(chat.id, "+cs.LG -cs.CV") == ("cs.RO", "cs.LG")
    assert await use.toggle_category(chat.id, "cs.RO") == ("cs.LG",)
    assert await use.toggle_category(chat.id, "cs.LG") == ("cs.LG",)
    with pytest.raises(BadCategories):
        await use.set_categories(chat.id, "-cs.LG")


async def test_categories_can_be_named_in_words(db: Database) -> None:
    """Between commas a category may be called by its name of several words; one that fits none is told as it was said."""
    use = subscriptions(db)
    chat = await arrived(use)
    assert await use.set_categories(chat.id, "Computation and Language，robotics") == ("cs.CL", "cs.RO")
    assert await use.set_categories(chat.id, "+Computer Vision and Pattern Recognition, -robotics") == (
        "cs.CL",
        "cs.CV",
    )
    assert await use.set_categories(chat.id, "cs.LG hep-th\nstat.ML") == ("cs.LG", "hep-th", "stat.ML")
    assert await use.set_categories(chat.id, "robotics databases") == ("cs.RO", "cs.DB")
    with pytest.raises(UnknownCategory, match=r"“machine learning”; near it: cs\.LG, stat\.ML"):
        await use.set_categories(chat.id, "machine learning")
    with pytest.raises(UnknownCategory, match=r"“cs\.XX”"):
        await use.set_categories(chat.id, "cs.CL cs.XX")


async def test_interests_are_kept_when_the_model_fails(db: Database) -> None:
    """Widening is a help: whatever the model's service does, what was stated is stored."""

    async def broken(_: str) -> tuple[str, ...]:
        raise RuntimeError

    use = Subscriptions(db, Settings(), lambda: NOW, broken)
    chat = await arrived(use)
    await use.set_interests(chat.id, "  世界模型,\n  GRPO ")
    assert (await use.overview(chat.id)).profile.interests == "世界模型,\n GRPO"

    async def helpful(_: str) -> tuple[str, ...]:
        return ("world model",)

    use = Subscriptions(db, Settings(), lambda: NOW, helpful)
    await use.set_interests(chat.id, "世界模型")
    assert (await use.overview(chat.id)).profile.widened == ("world model",)


async def test_follows_and_mutes_come_and_go(db: Database) -> None:
    """Taking away is without regard to case, and says when there was nothing."""
    use = subscriptions(db)
    chat = await arrived(use)
    await use.follow(chat.id, "Yann LeCun")
    await use.mute(chat.id, "survey")
    profile = (await use.overview(chat.id)).profile
    assert profile.follows == (Follow(FollowKind.AUTHOR, "Yann LeCun"),)
    assert profile.mutes == (Mute(MuteKind.WORD, "survey"),)
    assert await use.unfollow(chat.id, "yann lecun") == (Follow(FollowKind.AUTHOR, "Yann LeCun"),)
    assert await use.unfollow(chat.id, "yann lecun") == ()
    assert await use.unmute(chat.id, "SURVEY") == Mute(MuteKind.WORD, "survey")
    assert await use.unmute(chat.id, "SURVEY") is None


async def test_a_paused_chat_comes_back(db: Database) -> None:
    """Blocking pauses; unblocking resumes with the next hour."""
    use = subscriptions(db)
    chat = await arrived(use)
    await use.start(chat.id)
    await use.pause(chat.id, "blocked")
    assert (await use.overview(chat.id)).chat.paused == "blocked"
    back = await use.resume(chat.id)
    assert (back.paused, back.next_at) == ("", datetime(2026, 2, 18, 8, tzinfo=UTC))


async def test_forgetting_a_chat_leaves_nothing(db: Database) -> None:
    """After /forget the chat is as new."""
    use = subscriptions(db)
    chat = await arrived(use)
    await use.set_interests(chat.id, "GRPO")
    await use.forget_chat(chat.id)
    with pytest.raises(NotAllowed):
        await use.overview(chat.id)
    assert (await use.overview((await arrived(use)).id)).profile.interests == ""


async def test_forgetting_oneself_takes_ones_verdicts_out_of_groups(db: Database) -> None:
    """/forget in private also deletes what the same person said elsewhere, and nobody else's words."""
    use = subscriptions(db)
    mine = await arrived(use)
    group = await use.arrive(-7, 0, ChatKind.GROUP, "Lab", None)
    async with db.begin() as conn:
        for reader in (mine.telegram_id, 8):
            await verdicts.cast(conn, group.id, reader, "2602.00001", VerdictKind.LIKE, NOW)
    await use.forget_chat(mine.id)
    async with db.read() as conn:
        assert (await verdicts.tally(conn, group.id, "2602.00001", 8)).like == 1


async def test_subscribing_again_keeps_the_hour_that_is_due(db: Database) -> None:
    """Who presses the button twice does not lose a table that is just being made or held open."""
    use = subscriptions(db)
    chat = await arrived(use)
    await use.start(chat.id)
    async with db.begin() as conn:
        await chats.update(conn, chat.id, next_at=NOW, held_since=NOW)
    again = await use.start(chat.id)
    assert (again.next_at, again.held_since) == (NOW, NOW)


@pytest.mark.parametrize("held", [True, False])
async def test_an_hour_that_is_due_is_not_lost_to_another_one(db: Database, held: bool) -> None:
    """Whose table is late and who then chooses an hour that is over for today gets today's table all the same, and none
    early where the hour is still to come."""
    use = subscriptions(db)
    chat = await arrived(use)
    await use.start(chat.id)
    since = NOW if held else None
    async with db.begin() as conn:
        await chats.update(conn, chat.id, next_at=NOW, held_since=since)
    earlier = await use.set_hour(chat.id, f"{NOW:%H:%M}")
    assert (earlier.next_at, earlier.held_since, earlier.hour) == (NOW, since, NOW.time())
    west = await use.set_timezone(chat.id, "UTC+1")
    assert (west.next_at, west.held_since, west.timezone) == (NOW, since, "Etc/GMT-1")
    later = await use.set_hour(chat.id, "20")
    assert (later.next_at, later.held_since) == (NOW.replace(hour=19, minute=0), None)


async def test_a_chat_that_was_never_away_keeps_the_hour_that_is_due(db: Database) -> None:
    """That the bot is inside is told also where it becomes an administrator, and where two messages end the same pause."""
    use = subscriptions(db)
    chat = await arrived(use)
    await use.start(chat.id)
    async with db.begin() as conn:
        await chats.update(conn, chat.id, next_at=NOW, held_since=NOW)
    same = await use.resume(chat.id)
    assert (same.next_at, same.held_since) == (NOW, NOW)


async def test_a_chat_that_comes_back_holds_its_next_hour_anew(db: Database) -> None:
    """What was held open before the pause is over; the next hour has its own patience."""
    use = subscriptions(db)
    chat = await arrived(use)
    await use.start(chat.id)
    async with db.begin() as conn:
        await chats.update(conn, chat.id, held_since=NOW)
    await use.pause(chat.id, "blocked")
    assert (await use.resume(chat.id)).held_since is None
