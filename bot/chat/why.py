"""/why and /whynot: what brought a paper up, and the buttons that rule a reason out."""

from __future__ import annotations

from bot.chat import profile
from bot.chat.callbacks import NotBecause, Restore, Why, mark
from bot.chat.paper import named
from bot.chat.visit import Visit
from bot.errors import BadPaperId

MOST_AT_ONCE = 3


async def why(visit: Visit) -> None:
    """/why IDS, and /whynot IDS: the same answer, since a paper was either shown or not."""
    await visit.desk.subscriptions.ask(visit.chat.id, "" if visit.text else "why")
    if not visit.text:
        await visit.show("ask_why", asking=True)
        return
    found, wrong = named(visit, visit.text)
    if not found:
        raise wrong[0] if wrong else BadPaperId(visit.text)
    await visit.working()
    visit.let_go()
    for paper_id, _ in found[:MOST_AT_ONCE]:
        await _tell(visit, paper_id)


async def press(visit: Visit, press: Why) -> None:
    """A card's button."""
    await visit.toast("looking")
    visit.let_go()
    await _tell(visit, press.paper, to=visit.message_id)


async def _tell(visit: Visit, paper_id: str, *, to: int = 0) -> None:
    paper = await visit.desk.reading.asked(visit.chat.id, visit.reader_id, paper_id)
    told = await visit.desk.explanations.explain(visit.chat.id, paper)
    await visit.reply(visit.desk.views.templates.render("why", told.chat.language, told=told), to=to)


async def not_because(visit: Visit, press: NotBecause) -> None:
    """Rule a reason out, and show what stands without it; whoever does not administer the chat rules out own verdicts."""
    if not press.paper:
        await _not_learned(visit, press)
        return
    paper = await visit.desk.reading.asked(visit.chat.id, visit.reader_id, press.paper)
    told = await visit.desk.explanations.explain(visit.chat.id, paper)
    meant = [
        one for one in told.reasons if one.kind == press.kind and mark(one.kind, one.key or one.label) == press.mark
    ]
    if not meant:
        await visit.toast("not-there")
        return
    governs = await visit.administers()
    await visit.desk.learning.rule_out(visit.chat.id, visit.reader_id, meant, governs=governs)
    await visit.toast("ruled-out", own=not governs)
    told = await visit.desk.explanations.explain(visit.chat.id, paper)
    await visit.edit(visit.desk.views.templates.render("why", told.chat.language, told=told))


async def _not_learned(visit: Visit, press: NotBecause) -> None:
    learned = await visit.desk.learning.learned(visit.chat.id)
    lines = [reasons for key, reasons in learned.reasons(press.kind) if mark(press.kind, key) == press.mark]
    if not lines:
        await visit.toast("not-there")
        return
    governs = await visit.administers()
    await visit.desk.learning.rule_out(visit.chat.id, visit.reader_id, lines[0], governs=governs)
    await visit.toast("ruled-out", own=not governs)
    await profile.show(visit)


async def restore(visit: Visit, press: Restore) -> None:
    """Let what was ruled out count again."""
    learned = await visit.desk.learning.learned(visit.chat.id)
    meant = [one for one in learned.corrections if mark(one.kind, one.key, str(one.reader_id)) == press.mark]
    if not meant:
        await visit.toast("not-there")
        return
    governs = await visit.administers()
    await visit.desk.learning.undo(visit.chat.id, visit.reader_id, meant[0], governs=governs)
    await visit.toast("restored")
    await profile.show(visit)
