"""/forget: delete what is stored, once it was asked twice."""

from __future__ import annotations

from bot.chat.callbacks import Forget
from bot.chat.visit import Visit


async def forget(visit: Visit) -> None:
    """/forget asks what is to be deleted."""
    await visit.show("forget")


async def press(visit: Visit, press: Forget) -> None:
    """The answer: everything about the chat, what the presser said in it, or nothing."""
    language = visit.chat.language
    if press.what == "reader":
        count = await visit.desk.subscriptions.forget_reader(visit.chat.id, visit.reader_id)
        await visit.toast("forgotten", alert=True, count=count)
        return
    await visit.must_administer()
    if press.what == "chat":
        await visit.desk.subscriptions.forget_chat(visit.chat.id)
    await visit.edit(visit.desk.views.templates.render("forgotten", language, what=press.what))
