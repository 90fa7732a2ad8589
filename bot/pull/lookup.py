"""Papers by id or by search, through the `arxiv` package made polite.

The package has no time-out, reads “Rate exceeded.” as an empty list, and hides broken feeds. So its session is ours:
one request a call, in a thread that holds arXiv's one connection, and every answer is judged before it is parsed.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from bot.errors import CountMismatch, Malformed
from bot.model import Paper
from bot.pull.client import Client, host_of
from bot.pull.identify import PaperRef
from bot.pull.listing import has_letters
from bot.pull.politesession import OneRequestOnly, PoliteSession

IDS_A_REQUEST = 100
MOST_RESULTS = 2000

_VERSIONED = re.compile(r"/abs/(.+?)(?:v(\d+))?$")


class Lookup:
    """arXiv's query API at `api_url` ("https://export.arxiv.org/api/query")."""

    def __init__(self, client: Client, api_url: str) -> None:
        self._client = client
        self._url = api_url.rstrip("?")

    async def by_id(self, refs: Sequence[PaperRef], *, urgent: bool = False) -> dict[str, Paper]:
        """The papers that arXiv has of `refs`, by their id without a version; a paper that is asked for in several
        versions comes in the newest of them. What arXiv does not have is not in it.

        Raises:
            BadPaperId: arXiv says that one of them is no id.
            Throttled, Unreachable, Malformed, CountMismatch: no whole answer.
        """
        found: dict[str, Paper] = {}
        asked = list({ref.id: ref for ref in sorted(refs, key=_newest_last)}.values())
        for start in range(0, len(asked), IDS_A_REQUEST):
            batch = [str(ref) for ref in asked[start : start + IDS_A_REQUEST]]
            papers = await self._ask({"id_list": batch}, len(batch), urgent=urgent)
            found.update({paper.id: paper for paper in papers})
        return found

    async def search(self, query: str, limit: int, *, urgent: bool = False) -> list[Paper]:
        """Up to `limit` (1–2,000) papers for a query in arXiv's own syntax ("cat:cs.RO AND ti:grasping"), best
        first.

        Raises:
            Throttled, Unreachable, Malformed, CountMismatch: as `by_id`.
        """
        return await self._ask({"query": query}, max(1, min(limit, MOST_RESULTS)), urgent=urgent)

    async def _ask(self, search: dict[str, Any], limit: int, *, urgent: bool) -> list[Paper]:
        session = PoliteSession(self._client.user_agent, self._client.timeout, self._client.connect_timeout)

        def work() -> list[Paper]:
            return _ask(self._url, search, limit, session)

        return await self._client.run_api(work, self._url, urgent=urgent)


def _newest_last(ref: PaperRef) -> float:
    return float("inf") if ref.version is None else ref.version


def _ask(url: str, search: dict[str, Any], limit: int, session: PoliteSession) -> list[Paper]:
    """One request, in the calling thread."""
    import arxiv

    service = host_of(url)
    client = arxiv.Client(page_size=limit, delay_seconds=0, num_retries=0)
    client.query_url_format = url + "?{}"
    client._session = session  # noqa: SLF001 - the package offers no other way to a time-out
    results = []
    try:
        for result in client.results(arxiv.Search(**search, max_results=limit)):
            results.append(result)  # noqa: PERF402 - what came before an error is counted below
    except OneRequestOnly:
        pass  # the page was shorter than its total: the package wants to go on at once, without a pause
    except (arxiv.ArxivError, ValueError, TypeError):
        raise Malformed(service, "unreadable-feed") from None
    expected = min(session.total, limit)
    if len(results) < expected:
        raise CountMismatch(service, "found", expected, len(results))
    return [_paper(result, service) for result in results]


def _paper(result: Any, service: str) -> Paper:
    match = _VERSIONED.search(result.entry_id)
    if match is None:
        raise Malformed(service, "unreadable-entry")
    primary = (result.primary_category,) if result.primary_category else ()
    return Paper(
        id=match[1],
        version=int(match[2] or 1),
        title=_tidy(result.title),
        authors=tuple(filter(has_letters, (_tidy(author.name) for author in result.authors))),
        abstract=_tidy(result.summary),
        categories=tuple(dict.fromkeys((*primary, *result.categories))),
        comments=_tidy(result.comment),
        journal_ref=_tidy(result.journal_ref),
        doi=_tidy(result.doi),
        published=result.published,
        updated=result.updated,
    )


def _tidy(text: str | None) -> str:
    return " ".join((text or "").split())
