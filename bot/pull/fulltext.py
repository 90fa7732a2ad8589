"""A paper's full text: arXiv's HTML where there is one, else its PDF, else the abstract; the text says which it is."""

from __future__ import annotations

import asyncio
import logging
import re
from dataclasses import replace

from bot.errors import Malformed, NotThere
from bot.model import FullText, Paper, Source
from bot.pull import latexml
from bot.pull.addresses import addresses
from bot.pull.child import ChildReader
from bot.pull.client import Client, Plane, host_of
from bot.pull.languages import language_of

log = logging.getLogger(__name__)

PDF = "application/pdf,*/*;q=0.5"
MOST_PDF_BYTES = 40_000_000
_LONGEST_IN_THREAD = 1_500_000  # characters
_NO_PAPER = frozenset({"no-document", "no-text", "too-slow", "crash"})
_CAUSES = {"http-404": "no-text", "too-long": "too-large"}
_MOST_HOLES = 20
_MANY_HOLES = 400  # characters for each hole; a page with more holes is hardly fit to be quoted
_LONGEST_NOTICE = 400
_WITHDRAWN = re.compile(
    r"\bthis (?:\w+ )?(?:paper|article|submission|manuscript|preprint|work|version|note|letter|report)\b[^.]{0,40}? (?:has been|is|was|have been) "
    r"(?:\w+ )?(?:withdrawn|retracted)|^\W*(?:(?:paper|article|submission) )?(?:withdrawn|retracted)\b|\bwithdrawn by (?:the |its )?(?:author|arxiv|submitter)",
    re.IGNORECASE,
)


def parse_html(html: str, url: str) -> FullText:
    """The document of an arXiv HTML page; `url` is the address its anchors belong to.

    Raises:
        Malformed: it is no page of a paper ("no-document") or has no text in it ("no-text").
    """
    return latexml.parse(html, url)


def abstract_only(paper: Paper, arxiv_url: str = "https://arxiv.org") -> FullText:
    """What is left where no full text can be had: the abstract, on the paper's abstract page."""
    abstract = latexml.words(paper.abstract)
    return FullText(
        source=Source.ABSTRACT,
        url=f"{arxiv_url.rstrip('/')}/abs/{paper.versioned_id}",
        abstract=abstract,
        language=language_of(abstract),
        links=tuple(dict.fromkeys(addresses(f"{paper.abstract} {paper.comments}"))),
    )


def withdrawal(paper: Paper) -> str:
    """The notice of a withdrawn paper in the words of its metadata; "" for any other."""
    for words in (paper.comments, paper.abstract[:400]):
        if (match := _WITHDRAWN.search(words)) is not None:
            return latexml.words(words if len(words) <= _LONGEST_NOTICE else words[match.start() :][:_LONGEST_NOTICE])
    return ""


class FullTexts:
    """Fetches papers' texts from `arxiv_url` through the one polite client; `child` reads PDFs and long pages."""

    def __init__(self, client: Client, arxiv_url: str, child: ChildReader | None = None) -> None:
        self._client = client
        self._arxiv_url = arxiv_url.rstrip("/")
        self._child = child or ChildReader()

    async def fetch(self, paper: Paper, *, urgent: bool = False) -> FullText:
        """The paper's text: its HTML, else its PDF, else the abstract with the cause why there is no more.

        HTML is not asked for where the listing says there is none; a page whose conversion left it full of holes gives
        way to the PDF. A withdrawn paper has no text of its own: nothing is asked for. `urgent`: somebody is waiting.

        Raises:
            Throttled, Unreachable: arXiv could not be asked.
            Malformed: the page was cut off.
        """
        if notice := withdrawal(paper):
            return replace(self._abstract(paper, "withdrawn"), withdrawn=notice)
        page = await self._from_html(paper, urgent=urgent) if paper.has_html is not False else None
        if page is not None and not _full_of_holes(page):
            return page
        try:
            text = await self._from_pdf(paper, urgent=urgent)
        except (Malformed, NotThere) as error:
            cause = _CAUSES.get(error.detail, error.detail)
            log.info("the PDF of %s cannot be read: %s", paper.versioned_id, cause)
            return page if page is not None else self._abstract(paper, cause)
        return text

    def _abstract(self, paper: Paper, cause: str) -> FullText:
        return replace(abstract_only(paper, self._arxiv_url), shortfall=cause)

    async def _from_html(self, paper: Paper, *, urgent: bool) -> FullText | None:
        """The text of the paper's page, None where there is no page or no paper in it."""
        url = f"{self._arxiv_url}/html/{paper.versioned_id}"
        try:
            answer = await self._client.get(url, Plane.ARXIV, urgent=urgent)
        except NotThere:
            return None
        page = answer.text
        if "ltx_document" in page and "</html>" not in page[-2000:].lower():
            raise Malformed(host_of(url), "truncated")
        try:
            # A thread lets others have their turn, but the parser itself does not: 15 ms for each megabyte.
            short = len(page) <= _LONGEST_IN_THREAD
            text = await (asyncio.to_thread(parse_html, page, url) if short else self._child.html(page, url))
        except Malformed as error:
            if error.detail not in _NO_PAPER:
                raise
            log.info("the HTML of %s has no paper in it: %s", paper.versioned_id, error.detail)
            return None
        return text if text.abstract else replace(text, abstract=latexml.words(paper.abstract))

    async def _from_pdf(self, paper: Paper, *, urgent: bool) -> FullText:
        url = f"{self._arxiv_url}/pdf/{paper.versioned_id}"
        answer = await self._client.get(url, Plane.ARXIV, accept=PDF, limit_bytes=MOST_PDF_BYTES, urgent=urgent)
        text = await self._child.pdf(answer.body, url, title=paper.title, abstract=paper.abstract)
        return text if text.abstract else replace(text, abstract=latexml.words(paper.abstract))


def _full_of_holes(text: FullText) -> bool:
    paragraphs = [paragraph.text for section in text.sections for paragraph in section.paragraphs]
    holes = sum(paragraph.count(latexml.MISSING) for paragraph in paragraphs)
    return holes >= _MOST_HOLES and holes * _MANY_HOLES > sum(map(len, paragraphs))
