"""Attention on Hugging Face: the daily papers list and single papers."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any
from urllib.parse import quote

from bot.errors import Malformed, NotThere
from bot.model import Heat, HeatEntry
from bot.pull.client import JSON, Answer, Client, Plane, host_of

SOURCE = "hf"
PAGE = 100
MOST_PAGES = 20


class DailyPapers:
    """Hugging Face's daily papers at `hf_url`; its readings have the source "hf" and the time of the answer."""

    def __init__(self, client: Client, hf_url: str) -> None:
        self._client = client
        self._url = hf_url.rstrip("/")

    async def day(self, day: date) -> tuple[HeatEntry, ...]:
        """The whole list of one day, every paper once; empty for a day that is not open yet.

        Raises:
            SourceError: Hugging Face throttles, does not answer, or sends something else than a list of papers.
        """
        entries: dict[str, HeatEntry] = {}
        for page in range(MOST_PAGES):
            url = f"{self._url}/api/daily_papers?date={day.isoformat()}&p={page}&limit={PAGE}"
            answer = await self._client.get(url, Plane.HF, accept=JSON, passing=(400,))
            if answer.status == 400:
                break
            rows = _json(answer)
            if not isinstance(rows, list):
                raise Malformed(host_of(url), "not-a-list")
            for row in rows:
                entry = _entry(row, answer)
                entries.setdefault(entry.heat.paper_id, entry)
            if len(rows) < PAGE:
                break
        return tuple(entries.values())

    async def paper(self, paper_id: str) -> HeatEntry | None:
        """One paper's reading, None where Hugging Face does not know the paper.

        Raises:
            SourceError: as `day`.
        """
        url = f"{self._url}/api/papers/{quote(paper_id, safe='')}"
        try:
            answer = await self._client.get(url, Plane.HF, accept=JSON)
        except NotThere:
            return None
        return _entry(_json(answer), answer)


def _json(answer: Answer) -> object:
    try:
        return json.loads(answer.body)
    except ValueError:
        raise Malformed(host_of(answer.url), "not-json") from None


def _entry(row: object, answer: Answer) -> HeatEntry:
    """A list's row (the paper inside) or a single paper's answer (the paper itself)."""
    outer: Mapping[str, Any] = row if isinstance(row, Mapping) else {}
    inner = outer.get("paper")
    paper: Mapping[str, Any] = inner if isinstance(inner, Mapping) else outer
    paper_id = paper.get("id")
    if not isinstance(paper_id, str) or not paper_id:
        raise Malformed(host_of(answer.url), "not-a-paper")
    return HeatEntry(
        heat=_heat(paper_id, paper, outer, answer.fetched_at),
        organization=_organization(paper) or _organization(outer),
        repository=_string(paper.get("githubRepo")),
        keywords=_strings(paper.get("ai_keywords")),
    )


def _heat(paper_id: str, paper: Mapping[str, Any], outer: Mapping[str, Any], at: datetime) -> Heat:
    stars = paper.get("githubStars")
    comments = outer.get("numComments", paper.get("numComments"))
    return Heat(
        paper_id=paper_id,
        source=SOURCE,
        at=at,
        upvotes=_count(paper.get("upvotes")),
        comments=_count(comments),
        stars=_count(stars) if isinstance(stars, int) else None,
    )


def _organization(holder: Mapping[str, Any]) -> str:
    organization = holder.get("organization")
    if not isinstance(organization, Mapping):
        return ""
    return _string(organization.get("fullname")) or _string(organization.get("name"))


def _count(value: object) -> int:
    return max(value, 0) if isinstance(value, int) else 0


def _string(value: object) -> str:
    return " ".join(value.split()) if isinstance(value, str) else ""


def _strings(value: object) -> tuple[str, ...]:
    return tuple(filter(None, map(_string, value))) if isinstance(value, list) else ()
