"""/digest: the table again, or now."""

from __future__ import annotations

from bot.chat.callbacks import Read
from bot.chat.visit import Visit
from bot.digest import QuietView


async def digest(visit: Visit) -> None:
    """/digest [DATE]: without a date what has come in since the last table, or else that table once more."""
    await visit.working()
    visit.let_go()
    if visit.text:
        found = await visit.desk.digests.read(visit.chat.id, visit.text)
    else:
        now = await visit.desk.digests.now(visit.chat.id)
        if isinstance(now, QuietView):
            await visit.reply(visit.desk.views.quiet(now))
            return
        found = now
    for part in found:
        await visit.reply(visit.desk.views.digest(part))


async def press(visit: Visit, press: Read) -> None:
    """A button that asks for a table."""
    await visit.toast("reading")
    visit.text = press.date
    await digest(visit)
