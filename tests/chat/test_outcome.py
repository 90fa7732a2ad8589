from __future__ import annotations

from datetime import timedelta

import pytest
import telegram
from telegram.error import (
    BadRequest,
    ChatMigrated,
    Conflict,
    EndPointNotFound,
    Forbidden,
    InvalidToken,
    NetworkError,
    RetryAfter,
    TelegramError,
    TimedOut,
)

from bot.chat.outcome import (
    MOST_REASON,
    ChatGone,
    Gone,
    InDoubt,
    Migrated,
    Outcome,
    Refused,
    Retry,
    ThreadClosed,
    judge,
)
from bot.chat.transport import AnswerLost, NotSent, NotSentInTime, ServerTrouble, Transport
from tests.support.tiny_bot_api import RESET, TOKEN, Reply, TinyBotApi, refusal


@pytest.mark.parametrize(
    ("text", "gone"),
    [
        ("Forbidden: bot was blocked by the user", Gone.BLOCKED),
        ("Forbidden: bot can't initiate conversation with a user", Gone.BLOCKED),
        ("Forbidden: user is deactivated", Gone.DEACTIVATED),
        ("Forbidden: bot was kicked from the group chat", Gone.KICKED),
        ("Forbidden: bot was kicked from the supergroup chat", Gone.KICKED),
        ("Forbidden: bot was kicked from the channel chat", Gone.KICKED),
        ("Forbidden: bot is not a member of the supergroup chat", Gone.KICKED),
        ("Forbidden: bot is not a member of the channel chat", Gone.KICKED),
        ("Forbidden: the group chat was deleted", Gone.DELETED),
        ("Forbidden: something that Telegram says from tomorrow on", Gone.KICKED),
        ("Bad Request: chat not found", Gone.NOT_FOUND),
        ("Bad Request: PEER_ID_INVALID", Gone.NOT_FOUND),
        ("Bad Request: group chat was deactivated", Gone.DELETED),
        ("Bad Request: CHAT_WRITE_FORBIDDEN", Gone.NO_RIGHTS),
        ("Bad Request: not enough rights to send text messages to the chat", Gone.NO_RIGHTS),
        ("Bad Request: have no rights to send a message", Gone.NO_RIGHTS),
        ("Bad Request: need administrator rights in the channel chat", Gone.NO_RIGHTS),
    ],
)
def test_a_chat_that_cannot_be_reached_is_told_with_its_reason(text: str, gone: Gone) -> None:
    """Each of Telegram's texts names its reason, in whatever case it arrives."""
    kind = Forbidden if text.startswith("Forbidden") else BadRequest
    for words in (text, text.upper(), text.lower(), text.replace("Bad Request: ", "").capitalize()):
        assert judge(kind(words)) == ChatGone(gone)


@pytest.mark.parametrize(
    "text", ["Bad Request: message thread not found", "Bad Request: TOPIC_CLOSED", "Bad Request: TOPIC_DELETED"]
)
def test_a_closed_topic_is_not_a_lost_chat(text: str) -> None:
    """A topic that is closed or deleted leaves the chat reachable."""
    assert isinstance(judge(BadRequest(text)), ThreadClosed)


@pytest.mark.parametrize(
    "text",
    [
        "Bad Request: message is too long",
        "Bad Request: can't parse entities: unsupported start tag",
        "Bad Request: RICH_MESSAGE_TEXT_TOO_LONG",
        "Bad Request: message text is empty",
        "Bad Request: REPLY_MARKUP_TOO_LONG",
    ],
)
def test_a_message_that_telegram_will_not_take_is_refused_for_good(text: str) -> None:
    """What is wrong with the message itself stays wrong."""
    outcome = judge(BadRequest(text))
    assert isinstance(outcome, Refused)
    assert outcome.reason.casefold() in text.casefold()


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (RetryAfter(timedelta(seconds=7)), Retry("Flood control exceeded. Retry in 0:00:07", 7.0)),
        (ChatMigrated(-1007), Migrated(-1007)),
        (NotSent("sendMessage: no connection"), Retry("sendMessage: no connection", everywhere=True)),
        (NotSentInTime("late"), Retry("late", everywhere=True)),
        (ServerTrouble("HTTP 502 Bad Gateway"), Retry("HTTP 502 Bad Gateway", everywhere=True)),
        (InvalidToken("Unauthorized"), Retry("Unauthorized", everywhere=True)),
        (EndPointNotFound("sendRichMessage"), Retry("sendRichMessage", everywhere=True)),
        (Conflict("two"), Retry("two", everywhere=True)),
        (
            BadRequest("Bad Request: group chat was upgraded to a supergroup chat"),
            Retry("Group chat was upgraded to a supergroup chat"),
        ),
        (TimedOut("no answer in time"), InDoubt("no answer in time", broken=False)),
        (AnswerLost("the answer broke off"), InDoubt("the answer broke off", broken=False)),
        (NetworkError("the connection broke"), InDoubt("the connection broke", broken=True)),
        (BadRequest("Request Entity Too Large"), Refused("Request Entity Too Large")),
        (TelegramError("Invalid server response"), Refused("Invalid server response")),
        (ValueError("our own mistake"), Refused("our own mistake")),
        (KeyError(), Refused("KeyError")),
    ],
)
def test_every_kind_of_error_has_its_outcome(error: Exception, outcome: Outcome) -> None:
    """What was surely not sent is tried again; what may have been sent is in doubt; the rest is refused."""
    assert judge(error) == outcome


def test_a_long_reason_is_cut_and_on_one_line() -> None:
    """The ledger keeps few words of a long explanation."""
    outcome = judge(BadRequest("can't parse\n" + "x" * 5000))
    assert isinstance(outcome, Refused)
    assert len(outcome.reason) == MOST_REASON
    assert "\n" not in outcome.reason


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (refusal(403, "Forbidden: bot was blocked by the user"), ChatGone),
        (refusal(400, "Bad Request: chat not found"), ChatGone),
        (refusal(400, "Bad Request: group chat was upgraded to a supergroup chat", migrate_to_chat_id=-9), Migrated),
        (refusal(400, "Bad Request: message thread not found"), ThreadClosed),
        (refusal(400, "Bad Request: message is too long"), Refused),
        (refusal(429, "Too Many Requests: retry after 3", retry_after=3), Retry),
        (refusal(500, "Internal Server Error: restart"), Retry),
        (Reply(404, "<html>a proxy</html>"), Retry),
        (Reply(502, "<html>Bad Gateway</html>"), Retry),
        (Reply(413, "<html>Request Entity Too Large</html>"), Refused),
        (refusal(413, "Request Entity Too Large"), Refused),
        (Reply(504, ""), InDoubt),
        (Reply(200, "junk"), InDoubt),
        (RESET, InDoubt),
    ],
)
async def test_it_reads_what_the_transport_makes_of_real_answers(reply: Reply, kind: type[Outcome]) -> None:
    """From the wire to the outcome, through python-telegram-bot's own errors."""
    async with TinyBotApi() as api, telegram.Bot(TOKEN, base_url=f"{api.url}/bot", request=Transport()) as bot:
        api.plan("sendMessage", reply)
        with pytest.raises(TelegramError) as caught:
            await bot.send_message(-7, "x")
    assert isinstance(judge(caught.value), kind)
