"""A paper's full text: arXiv's HTML where there is one, else the abstract, and the text says which it is."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace

from bot.errors import Malformed, NotThere
from bot.model import FullText, Paper, Source
from bot.pull import latexml
from bot.pull.client import Client, Plane, host_of

log = logging.getLogger(__name__)

_NO_PAPER = frozenset({"no-document", "no-text"})


def parse_html(html: str, url: str) -> FullText:
    """The document of an arXiv HTML page; `url` is the address its anchors belong to.

    Raises:
        Malformed: it is no page of a paper ("no-document") or has no text in it ("no-text").
    """
    return latexml.parse(html, url)


def abstract_only(paper: Paper, arxiv_url: str = "https://arxiv.org") -> FullText:
    """What is left where no full text can be had: the abstract, on the paper's abstract page."""
    return FullText(
        source=Source.ABSTRACT,
        url=f"{arxiv_url.rstrip('/')}/abs/{paper.versioned_id}",
        abstract=latexml.words(paper.abstract),
        links=tuple(dict.fromkeys(latexml.addresses(f"{paper.abstract} {paper.comments}"))),
    )


class FullTexts:
    """Fetches papers' texts from `arxiv_url` through the one polite client."""

    def __init__(self, client: Client, arxiv_url: str) -> None:
        self._client = client
        self._arxiv_url = arxiv_url.rstrip("/")

    async def fetch(self, paper: Paper, *, urgent: bool = False) -> FullText:
        """The paper's text: its HTML, or the abstract where arXiv has no HTML of it or one without the paper in it.

        A paper that its listing says has no HTML is not asked for. `urgent`: somebody is waiting.

        Raises:
            Throttled, Unreachable: arXiv could not be asked.
            Malformed: the page was cut off.
        """
        if paper.has_html is False:
            return abstract_only(paper, self._arxiv_url)
        url = f"{self._arxiv_url}/html/{paper.versioned_id}"
        try:
            answer = await self._client.get(url, Plane.ARXIV, urgent=urgent)
        except NotThere:
            return abstract_only(paper, self._arxiv_url)
        page = answer.text
        if "ltx_document" in page and "</html>" not in page[-2000:].lower():
            raise Malformed(host_of(url), "truncated")
        try:
            # A page of a megabyte takes long enough to hold up every chat.
            text = await asyncio.to_thread(parse_html, page, url)
        except Malformed as error:
            if error.detail not in _NO_PAPER:
                raise
            log.info("the HTML of %s has no paper in it: %s", paper.versioned_id, error.detail)
            return abstract_only(paper, self._arxiv_url)
        return text if text.abstract else replace(text, abstract=latexml.words(paper.abstract))
