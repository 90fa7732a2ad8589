"""The sample day on loopback, as arXiv and Hugging Face would serve it, for a bot without internet.

/list/<category>/new   /catchup/<category>/<date>   /abs/<id>   /html/<id>   /pdf/<id> (never there)
/api/query (Atom)      /api/daily_papers?date=      /api/papers/<id>
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Awaitable, Callable
from datetime import date, datetime, timedelta
from html import escape
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlencode
from xml.sax.saxutils import escape as xml_escape
from xml.sax.saxutils import quoteattr

from aiohttp import web

from bot.model import Paper
from bot.playground import sample_fulltext, sample_listings
from bot.playground.sample_day import NEWEST, Sample, SampleHeat, load
from bot.playground.server import LOOPBACK

CATCHUP_DAYS = 91
MOST_RESULTS = 2000
_ID = re.compile(r"(\d{4}\.\d{4,5}|[a-z-]+(?:\.[A-Z]{2})?/\d{7})(?:v(\d+))?")
_CATEGORY = re.compile(r"[a-z]+(?:-[a-z]+)*(?:\.[A-Za-z]+(?:-[a-z]+)*)?")
_RATE = {"RateLimit": '"api";r=497;t=213', "RateLimit-Policy": '"fixed window";"api";q=500;w=300'}


class SampleSources:
    """Serves the sample as of `today`, a day with or after its announcements; use it as an async context manager."""

    def __init__(self, *, sample: Sample | None = None, today: Callable[[], date] = lambda: NEWEST) -> None:
        self.sample = sample or load()
        self.today = today
        self.url = ""
        self._runner: web.AppRunner | None = None

    @property
    def api_url(self) -> str:
        """The query API's address."""
        return f"{self.url}/api/query"

    async def start(self, port: int = 0) -> str:
        """Listens on 127.0.0.1 and says where."""
        app = web.Application(middlewares=[_refusals])
        app.router.add_get("/list/{category}/{period}", self._list)
        app.router.add_get("/catchup/{category}/{date}", self._catchup)
        app.router.add_get("/abs/{id:.+}", self._abs)
        app.router.add_get("/html/{id:.+}", self._html)
        app.router.add_get("/pdf/{id:.+}", self._pdf)
        app.router.add_get("/api/query", self._query)
        app.router.add_get("/api/daily_papers", self._daily_papers)
        app.router.add_get("/api/papers/{id:.+}", self._one_paper)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.5)
        await self._runner.setup()
        await web.TCPSite(self._runner, LOOPBACK, port).start()
        self.url = f"http://{LOOPBACK}:{self._runner.addresses[0][1]}"
        return self.url

    async def stop(self) -> None:
        """Closes all connections."""
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.stop()

    # ---------------------------------------------------------------- arXiv's pages

    async def _list(self, request: web.Request) -> web.Response:
        category, period = request.match_info["category"], request.match_info["period"]
        if period != "new":
            raise _Refused("Listing requires subject and valid time period parameters.")
        if not _CATEGORY.fullmatch(category):
            raise _Refused(f"Invalid archive or category: {category}")
        show, skip = request.query.get("show") or "2000", request.query.get("skip") or "0"
        if not show.isdigit() or int(show) not in sample_listings.SHOWS:
            raise _Refused(f"Invalid show value. Valid values: {', '.join(map(str, sample_listings.SHOWS))}")
        day = max((day for day in self.sample.days if day <= self.today()), default=None)
        if day is None:
            raise _Refused("No listing yet.", 404)
        at = int(skip) if skip.isdigit() else 0
        return _page(sample_listings.new_page(self.sample, category, day, at, int(show)))

    async def _catchup(self, request: web.Request) -> web.Response:
        category = request.match_info["category"]
        if set(request.query) - {"abs", "page"}:
            raise _Refused("Unexpected parameters. Only accepted parameters are: 'page', and 'abs'")
        if not _CATEGORY.fullmatch(category):
            raise _Refused("Invalid subject. Subject must be an archive, category or 'grp_physics'")
        day = self._catchup_day(request.match_info["date"])
        abstracts, page = request.query.get("abs", "False"), request.query.get("page", "1")
        if abstracts not in ("True", "False"):
            raise _Refused("Invalid abs value. Use ?abs=True to include abstracts or ?abs=False to not")
        if not page.isdigit() or int(page) < 1:
            raise _Refused("Invalid page value. Page value should be a positive integer like ?page=3")
        whole = sample_listings.catchup_page(
            self.sample, category, day, self.today(), int(page), abstracts=abstracts == "True"
        )
        return _page(whole)

    def _catchup_day(self, written: str) -> date:
        try:
            day = datetime.strptime(written, "%Y-%m-%d").date()  # noqa: DTZ007 - a date has no zone
        except ValueError:
            raise _Refused("Invalid date format. Use format: YYYY-MM-DD") from None
        if day < self.today() - timedelta(days=CATCHUP_DAYS):
            raise _Refused(f"Invalid date: {day}. Catchup only allowed for past 90 days")
        if day > self.today():
            raise _Refused(f"Invalid date: {day}. Can't request date later than today")
        return day

    def _paper(self, text: str) -> Paper | None:
        """The announced version that an id names, the newest where it names none."""
        match = _ID.fullmatch(text)
        versions = self.sample.versions(match[1], self.today()) if match else {}
        if match is None or not versions:
            return None
        return versions.get(int(match[2])) if match[2] else versions[max(versions)]

    async def _abs(self, request: web.Request) -> web.Response:
        paper = self._paper(request.match_info["id"])
        if paper is None:
            raise _Refused(f"Article {request.match_info['id']} doesn't exist", 404)
        authors = "".join(f'<meta name="citation_author" content="{escape(name)}" />\n' for name in paper.authors)
        return _page(
            f"""<!DOCTYPE html>
<html lang="en">
<head><title>[{paper.id}] {escape(paper.title)}</title>
<meta name="citation_title" content="{escape(paper.title)}" />
{authors}<meta name="citation_arxiv_id" content="{paper.id}" />
</head>
<body><div id="abs">
<h1 class="title mathjax"><span class="descriptor">Title:</span>{escape(paper.title)}</h1>
<div class="authors"><span class="descriptor">Authors:</span>{escape(", ".join(paper.authors))}</div>
<blockquote class="abstract mathjax"><span class="descriptor">Abstract:</span>{escape(paper.abstract)}</blockquote>
</div></body></html>
"""
        )

    async def _html(self, request: web.Request) -> web.Response:
        paper = self._paper(request.match_info["id"])
        source = next((s.source for s in self.sample.papers if paper and s.paper.id == paper.id), None)
        if paper is None or source is None or not source.is_file():
            raise _Refused(f"No HTML for '{request.match_info['id']}'. HTML is not available for the source.", 404)
        return _page(sample_fulltext.page(paper, sample_fulltext.read(source.read_text("utf-8"))))

    async def _pdf(self, request: web.Request) -> web.Response:
        raise _Refused(f"No PDF for '{request.match_info['id']}'.", 404)

    # ---------------------------------------------------------------- arXiv's query API

    async def _query(self, request: web.Request) -> web.Response:
        asked = request.query
        numbers = [asked.get(name) or default for name, default in (("start", "0"), ("max_results", "10"))]
        if not all(number.isdigit() for number in numbers):
            return self._feed_error("max_results must be an integer")
        ids = [text.strip() for text in asked.get("id_list", "").split(",") if text.strip()]
        wrong = next((text for text in ids if not _ID.fullmatch(text)), None)
        if wrong is not None:
            return self._feed_error(f"incorrect id format for {wrong}")
        if ids:
            found = list(dict.fromkeys(paper for text in ids if (paper := self._paper(text))))
        else:
            found = self._search(asked.get("search_query", ""))
        start, most = int(numbers[0]), min(int(numbers[1]), MOST_RESULTS)
        return self._feed(urlencode(dict(asked)), len(found), start, found[start : start + most])

    def _search(self, query: str) -> list[Paper]:
        """Papers in which every word of the query occurs (in the field that is named), newest first."""
        terms = [
            (match[1] or "all", (match[2] or match[3]).lower())
            for match in re.finditer(r'(?:(ti|au|abs|co|cat|id|all):)?(?:"([^"]*)"|([^\s()"]+))', query)
            if match[0] not in ("AND", "OR", "ANDNOT")
        ]
        if not terms:
            return []
        newest = {listed.paper.id: self._paper(listed.paper.id) for listed in self.sample.papers}
        hits = [p for p in newest.values() if p is not None and all(_says(p, name, word) for name, word in terms)]
        return sorted(hits, key=lambda paper: (str(paper.published), paper.id), reverse=True)

    def _feed(self, query: str, total: int, start: int, papers: list[Paper]) -> web.Response:
        entries = "".join(_atom_entry(paper) for paper in papers)
        return _atom(
            f"""  <id>https://arxiv.org/api/{hashlib.sha256(query.encode()).hexdigest()[:27]}</id>
  <title>arXiv Query: {xml_escape(query)}</title>
  <updated>{self.today()}T06:00:00Z</updated>
  <link href={quoteattr(f"https://arxiv.org/api/query?{query}")} type="application/atom+xml"/>
  <opensearch:itemsPerPage>{len(papers)}</opensearch:itemsPerPage>
  <opensearch:totalResults>{total}</opensearch:totalResults>
  <opensearch:startIndex>{start}</opensearch:startIndex>
{entries}"""
        )

    def _feed_error(self, message: str) -> web.Response:
        address = quoteattr(f"https://arxiv.org/api/errors#{message.replace(' ', '_')}")
        return _atom(
            f"""  <id>https://arxiv.org/</id>
  <title>arXiv Search Results</title>
  <updated>{self.today()}T06:00:00Z</updated>
  <opensearch:itemsPerPage>1</opensearch:itemsPerPage>
  <opensearch:totalResults>1</opensearch:totalResults>
  <opensearch:startIndex>0</opensearch:startIndex>
  <entry>
    <id>{address[1:-1]}</id>
    <title>Error</title>
    <updated>{self.today()}T06:00:00Z</updated>
    <link href={address} rel="alternate" type="text/html"/>
    <summary>{xml_escape(message)}</summary>
    <author>
      <name>arXiv api core</name>
    </author>
  </entry>
""",
            400,
        )

    # ---------------------------------------------------------------- Hugging Face

    async def _daily_papers(self, request: web.Request) -> web.Response:
        try:
            day = date.fromisoformat(request.query.get("date") or self.today().isoformat())
            page, limit = int(request.query.get("p", "0")), int(request.query.get("limit", "50"))
        except ValueError:
            return web.json_response({"error": "Invalid query"}, status=400, headers=_RATE)
        if day > self.today() or page < 0 or not 1 <= limit <= 100:
            return web.json_response({"error": "Invalid date"}, status=400, headers=_RATE)
        rows = [self._outer(day, line) for line in self.sample.heat.get(day, ())]
        return web.json_response(rows[page * limit : (page + 1) * limit], headers=_RATE)

    async def _one_paper(self, request: web.Request) -> web.Response:
        for day, lines in self.sample.heat.items():
            for line in lines if day <= self.today() else ():
                if line.paper_id == request.match_info["id"]:
                    return web.json_response(self._inner(day, line) | {"numComments": line.comments}, headers=_RATE)
        return web.json_response({"error": "Paper not found"}, status=404, headers=_RATE)

    def _inner(self, day: date, line: SampleHeat) -> dict[str, Any]:
        paper = max(self.sample.versions(line.paper_id, NEWEST).items())[1]
        shown: dict[str, Any] = {
            "id": paper.id,
            "authors": [{"_id": _key(paper.id, name), "name": name, "hidden": False} for name in paper.authors],
            "publishedAt": _millis(paper.published),
            "submittedOnDailyAt": f"{day}T03:30:12.777Z",
            "title": paper.title,
            "submittedOnDailyBy": {"user": "playground", "fullname": "Playground", "isPro": False, "type": "user"},
            "summary": paper.abstract,
            "upvotes": line.upvotes,
            "discussionId": _key("discussion", paper.id),
        }
        if line.repository:
            shown |= {"githubRepo": line.repository, "githubRepoAddedBy": "user", "githubStars": line.stars}
        if line.keywords:
            shown["ai_keywords"] = list(line.keywords)
        if line.organization:
            short = re.sub(r"\W+", "-", line.organization)
            shown["organization"] = {"_id": _key(short, ""), "name": short, "fullname": line.organization}
        return shown

    def _outer(self, day: date, line: SampleHeat) -> dict[str, Any]:
        paper = self._inner(day, line)
        row = {
            "paper": paper,
            "publishedAt": paper["publishedAt"],
            "title": paper["title"],
            "summary": paper["summary"],
            "numComments": line.comments,
            "submittedBy": {"name": "playground", "fullname": "Playground", "followerCount": 1},
            "isAuthorParticipating": False,
        }
        return row | ({"organization": paper["organization"]} if line.organization else {})


def _page(text: str) -> web.Response:
    return web.Response(text=text, content_type="text/html", charset="utf-8")


class _Refused(Exception):
    """A request that arXiv's pages answer with an error page."""

    def __init__(self, message: str, status: int = 400) -> None:
        self.status = status
        super().__init__(message)


@web.middleware
async def _refusals(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    try:
        return await handler(request)
    except _Refused as refused:
        name = {400: "Bad Request", 404: "Not Found"}[refused.status]
        text = (
            f"<!DOCTYPE html><html><head><title>{refused.status} {name} | arXiv</title></head>"
            f"<body><div id='content'><h1>{name}</h1><p>{escape(str(refused))}</p></div></body></html>"
        )
        return web.Response(status=refused.status, text=text, content_type="text/html", charset="utf-8")


def _atom(inside: str, status: int = 200) -> web.Response:
    text = f"""<?xml version='1.0' encoding='UTF-8'?>
<feed xmlns:opensearch="http://a9.com/-/spec/opensearch/1.1/" xmlns:arxiv="http://arxiv.org/schemas/atom" xmlns="http://www.w3.org/2005/Atom">
{inside}</feed>
"""
    return web.Response(status=status, text=text, content_type="application/atom+xml", charset="utf-8")


def _atom_entry(paper: Paper) -> str:
    address = f"https://arxiv.org/{{}}/{paper.versioned_id}"
    categories = "".join(
        f'    <category term="{name}" scheme="http://arxiv.org/schemas/atom"/>\n' for name in paper.categories
    )
    comment = f"    <arxiv:comment>{xml_escape(paper.comments)}</arxiv:comment>\n" if paper.comments else ""
    authors = "".join(f"    <author>\n      <name>{xml_escape(name)}</name>\n    </author>\n" for name in paper.authors)
    return f"""  <entry>
    <id>http://arxiv.org/abs/{paper.versioned_id}</id>
    <title>{xml_escape(paper.title)}</title>
    <updated>{_second(paper.updated)}</updated>
    <link href="{address.format("abs")}" rel="alternate" type="text/html"/>
    <link href="{address.format("pdf")}" rel="related" type="application/pdf" title="pdf"/>
    <summary>{xml_escape(paper.abstract)}</summary>
{categories}    <published>{_second(paper.published)}</published>
{comment}    <arxiv:primary_category term="{paper.primary}"/>
{authors}  </entry>
"""


def _says(paper: Paper, name: str, word: str) -> bool:
    """Whether a field of the paper contains a word or phrase."""
    if name == "cat":
        return word in (category.lower() for category in paper.categories)
    if name == "id":
        return word.split("v", maxsplit=1)[0] == paper.id
    texts = {
        "ti": paper.title,
        "au": " ; ".join(paper.authors).replace("_", " "),
        "abs": paper.abstract,
        "co": paper.comments,
    }
    return word in (texts[name] if name in texts else " ; ".join(texts.values())).lower()


def _second(moment: datetime | None) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}" if moment else ""


def _millis(moment: datetime | None) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%S}.000Z" if moment else ""


def _key(*parts: str) -> str:
    return hashlib.sha256("/".join(parts).encode()).hexdigest()[:24]
