"""/report: a digest with all its cards as one document, in the chat and as files."""

from __future__ import annotations

import asyncio
import io
import logging
from collections.abc import Sequence
from datetime import date

from telegram import InlineKeyboardMarkup, InputFile, ReplyParameters
from telegram.error import TelegramError

from bot import report as reports
from bot.chat.callbacks import ReportFile, encode
from bot.chat.layouts import Laid
from bot.chat.markdown import markdown
from bot.chat.posting import keyboard
from bot.chat.tree import Document
from bot.chat.visit import Visit
from bot.digest import DigestView
from bot.model import ChatKind

log = logging.getLogger(__name__)

MOST_MESSAGES = 12
"""A report that would take more messages than this comes as a file alone, with its table as the message."""


async def report(visit: Visit) -> None:
    """/report [DATE]: the newest digest, or that of a date, with every paper's card, and the same as a web page."""
    parts = await visit.desk.digests.read(visit.chat.id, visit.text)
    if visit.chat.id in visit.desk.reporting:
        await visit.reply(visit.desk.views.templates.render("toasts/still-reading", visit.chat.language))
        return
    visit.desk.reporting.add(visit.chat.id)
    try:
        visit.let_go()
        document = await _read(visit, parts)
        await _show(visit, parts, document)
    finally:
        visit.desk.reporting.discard(visit.chat.id)


async def press(visit: Visit, press: ReportFile) -> None:
    """A button that asks for the report of a date as Markdown."""
    await visit.toast("reading")
    visit.let_go()
    parts = await visit.desk.digests.read(visit.chat.id, press.date)
    document = await _read(visit, parts)
    await _send_file(visit, markdown(document), _name(parts[0].digest.date, "md"))


async def _show(visit: Visit, parts: list[DigestView], document: Document) -> None:
    """The report in the chat where it is not too long, and always as a web page."""
    laid: Sequence[Laid] = visit.desk.lay_out(document, visit.chat.layout)
    if len(laid) > MOST_MESSAGES:
        laid = _tables(visit, parts)
    await visit.reply_into([], laid)
    day = parts[0].digest.date
    page = await asyncio.to_thread(visit.desk.views.page, document, visit.chat.language)
    more = {"text": "Markdown", "data": encode(ReportFile(day.isoformat()))}
    # A channel's readers must not be able to make the bot post there.
    rows = [] if visit.chat.kind is ChatKind.CHANNEL else [[more]]
    await _send_file(visit, page, _name(day, "html"), keyboard(rows))


def _tables(visit: Visit, parts: list[DigestView]) -> list[Laid]:
    """The digest alone, and where the rest is."""
    views, chat = visit.desk.views, visit.chat
    documents = [*map(views.digest, parts), views.templates.render("report_in_file", chat.language)]
    return [laid for document in documents for laid in visit.desk.lay_out(document, chat.layout)]


async def _send_file(visit: Visit, text: str, name: str, markup: InlineKeyboardMarkup | None = None) -> None:
    """Send a text as a file; in a group as a reply to what was seen or pressed."""
    under = visit.message_id if visit.chat.kind is ChatKind.GROUP else 0
    await visit.bot.send_document(
        visit.chat.telegram_id,
        InputFile(io.BytesIO(text.encode()), filename=name, attach=False),
        message_thread_id=visit.chat.thread_id or None,
        reply_parameters=ReplyParameters(under, allow_sending_without_reply=True) if under else None,
        reply_markup=markup,
    )


def _name(day: date, ending: str) -> str:
    return f"paperboy-{day.isoformat()}.{ending}"


async def _read(visit: Visit, parts: list[DigestView]) -> Document:
    """The report's document; what is read is told meanwhile, and the telling goes when it is there."""
    told = _Told(visit)
    try:
        made = await reports.of_digest(visit.desk.reading, parts, visit.reader_id, told.progress)
        return visit.desk.views.report(made, visit.chat.language)
    finally:
        await told.take_away()


class _Told:
    """One message that says how far the reading is; best effort, since the report comes without it as well."""

    def __init__(self, visit: Visit) -> None:
        self._visit = visit
        self._message_id = 0

    async def progress(self, done: int, of: int) -> None:
        """Say that the next one is being read."""
        if done == of:
            return
        line = self._visit.desk.views.templates.line(
            "report_progress", self._visit.chat.language, number=done + 1, of=of
        )
        try:
            await self._tell(line)
        except TelegramError as error:
            log.info("a report's progress was not shown: %s", error)

    async def _tell(self, line: str) -> None:
        chat, bot = self._visit.chat, self._visit.bot
        if self._message_id:
            await bot.edit_message_text(line, chat.telegram_id, self._message_id)
            return
        sent = await bot.send_message(
            chat.telegram_id, line, message_thread_id=chat.thread_id or None, disable_notification=True
        )
        self._message_id = sent.message_id

    async def take_away(self) -> None:
        """Remove it."""
        if not self._message_id:
            return
        try:
            await self._visit.bot.delete_message(self._visit.chat.telegram_id, self._message_id)
        except TelegramError as error:
            log.info("a report's progress was not removed: %s", error)
