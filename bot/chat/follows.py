"""Whom a chat follows, and what it does not want to see."""

from __future__ import annotations

from bot.chat.callbacks import Unfollow, Unmute, mark
from bot.chat.visit import Visit
from bot.model import Follow, Mute, MuteKind


async def follow(visit: Visit) -> None:
    """/follow [NAME]."""
    if not visit.text:
        await visit.ask("follow", "follow", done=(), removed=False)
        return
    await visit.must_administer()
    done = await visit.desk.subscriptions.follow(visit.chat.id, visit.text)
    await visit.show("follow", done=done, removed=False)


async def unfollow(visit: Visit) -> None:
    """/unfollow [NAME]."""
    if visit.text:
        await visit.must_administer()
    done = await visit.desk.subscriptions.unfollow(visit.chat.id, visit.text) if visit.text else ()
    await visit.show("follow", done=done, removed=bool(visit.text))


async def mute(visit: Visit) -> None:
    """/mute [WORD]."""
    if not visit.text:
        await visit.ask("mute", "mute", done=None, removed=False)
        return
    await visit.must_administer()
    done = await visit.desk.subscriptions.mute(visit.chat.id, visit.text)
    await visit.show("mute", done=done, removed=False)


async def unmute(visit: Visit) -> None:
    """/unmute [WORD]."""
    if visit.text:
        await visit.must_administer()
    done = await visit.desk.subscriptions.unmute(visit.chat.id, visit.text) if visit.text else None
    await visit.show("mute", done=done, removed=bool(visit.text))


async def press_unfollow(visit: Visit, press: Unfollow) -> None:
    """Stop following what the button names, if it is still followed."""
    done = _marked((await visit.desk.subscriptions.overview(visit.chat.id)).profile.follows, press.mark)
    if done is not None:
        await visit.desk.subscriptions.unfollow(visit.chat.id, f"{done.kind}: {done.value}")
    await visit.toast("chosen")
    await visit.show("follow", done=(done,) if done is not None else (), removed=True)


async def press_unmute(visit: Visit, press: Unmute) -> None:
    """Stop muting what the button names, if it is still muted."""
    done = _marked((await visit.desk.subscriptions.overview(visit.chat.id)).profile.mutes, press.mark)
    if done is not None:
        mark_of_kind = "author: " if done.kind is MuteKind.AUTHOR else ""
        await visit.desk.subscriptions.unmute(visit.chat.id, mark_of_kind + done.value)
    await visit.toast("chosen")
    await visit.show("mute", done=done, removed=True)


def _marked(entries: tuple[Follow, ...] | tuple[Mute, ...], wanted: str) -> Follow | Mute | None:
    return next((entry for entry in entries if mark(entry.kind, entry.value) == wanted), None)
