"""/layout: native tables and formulas, or messages that every client shows.

Telegram never tells what a reader's client can show, so the reader does: a button inside of a rich message can be pressed
only by somebody who sees it.
"""

from __future__ import annotations

from bot.chat.callbacks import Layout
from bot.chat.layouts import CLASSIC, RICH, Laid
from bot.chat.posting import Spot, Way
from bot.chat.visit import Visit
from bot.model import ChatKind


async def layout(visit: Visit) -> None:
    """/layout [classic]: sends a rich sample to try, and a plain message beside it for whoever does not see it."""
    await visit.must_administer()
    if visit.text.lower() == CLASSIC:
        await choose(visit, CLASSIC)
        return
    shown = await _try(visit)
    document = await visit.picture("layout", state="offered" if shown else "refused")
    await visit.reply_into([], visit.desk.lay_out(document, CLASSIC))


async def press(visit: Visit, press: Layout) -> None:
    """The button that only a client with rich messages shows, or the one beside it."""
    await visit.toast("chosen")
    await choose(visit, press.name)


async def choose(visit: Visit, name: str) -> None:
    """Choose a layout, and show the choice."""
    await visit.desk.subscriptions.set_layout(visit.chat.id, name)
    await visit.show("layout", state="chosen")


async def _try(visit: Visit) -> bool:
    """Send the sample; False where the server does not take it, and nothing goes in its place."""
    document = await visit.picture("layout_sample")
    in_group = visit.chat.kind is ChatKind.GROUP
    sent: list[Spot] = []
    sample = [Laid((), laid.rich) for laid in visit.desk.lay_out(document, RICH)]
    await visit.put(sent, sample, Way(under=visit.message_id if in_group else 0))
    return bool(sent)
