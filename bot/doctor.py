"""`paperboy doctor`: looks at everything the bot needs, once, and says what to do about each thing that is wrong."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import StrEnum
from pathlib import Path
from zoneinfo import ZoneInfo

import aiohttp

from bot import llm
from bot.config import Settings
from bot.errors import DatabaseBroken, PaperboyError, SourceError, UnknownCategory
from bot.pull import categories as taxonomy
from bot.pull import listing
from bot.pull.client import JSON, Client, Plane, host_of
from bot.pull.proxy import proxy_for
from storage import address
from storage.database import Database

Clock = Callable[[], datetime]

PATIENCE = 15.0
"""Seconds that a service without a client of its own (Telegram, the language model) may take to answer."""

CLOCK_OFF = 60.0
"""Seconds by which our clock may differ from a server's."""

CONNECTION = "check the internet connection, the firewall and the proxy"


class State(StrEnum):
    """What came of one check."""

    OK = "ok"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Finding:
    """What was looked at, what came of it, one sentence about it, and what to do where something can be done."""

    subject: str
    state: State
    sentence: str
    advice: str = ""


@dataclass(frozen=True, slots=True)
class Visit:
    """A finding at a server, and what the server's clock said (`theirs`) when ours said `ours`."""

    finding: Finding
    service: str = ""
    theirs: datetime | None = None
    ours: datetime | None = None


def is_ill(findings: Iterable[Finding]) -> bool:
    """Whether something failed; what was skipped is not ill."""
    return any(finding.state is State.FAILED for finding in findings)


def report(findings: Sequence[Finding]) -> str:
    """The findings as a list to read: state, subject and sentence, the advice on a line of its own below."""
    marks = {State.OK: "ok", State.FAILED: "FAILED", State.SKIPPED: "skipped"}
    wide = max((len(finding.subject) for finding in findings), default=0)
    lines = []
    for finding in findings:
        lines.append(f"{marks[finding.state]:<8} {finding.subject:<{wide}}  {finding.sentence}")
        if finding.advice:
            lines.append(f"{'':<8} {'':<{wide}}  → {finding.advice}")
    failed = sum(finding.state is State.FAILED for finding in findings)
    lines.append("")
    lines.append(f"{failed} of {len(findings)} checks failed." if failed else "Nothing is wrong.")
    return "\n".join(lines)


async def examine(settings: Settings, clock: Clock = lambda: datetime.now(UTC)) -> list[Finding]:
    """Every check once, the network's side by side; takes as long as the slowest service, and never raises for one."""
    patient = aiohttp.ClientTimeout(total=PATIENCE)
    async with Client(settings.contact, clock=clock) as client, aiohttp.ClientSession(timeout=patient) as session:
        visits = await asyncio.gather(
            telegram(session, settings, clock),
            arxiv(client, settings),
            hugging_face(client, settings),
            language_model(session, settings, clock),
        )
    return [
        categories(settings),
        contact(settings),
        time_zones((settings.default_timezone, "America/New_York")),
        await database(settings),
        *(visit.finding for visit in visits),
        clock_finding(visits),
    ]


# --------------------------------------------------------------------------- what can be seen from here


def categories(settings: Settings) -> Finding:
    """Whether arXiv has the categories that a new chat starts with."""
    try:
        names = [taxonomy.check(name) for name in settings.default_categories]
    except UnknownCategory as error:
        return Finding("categories", State.FAILED, str(error), "correct DEFAULT_CATEGORIES")
    return Finding("categories", State.OK, f"new chats start with {', '.join(names)}")


def contact(settings: Settings) -> Finding:
    """Whether arXiv is told who asks."""
    if settings.contact:
        return Finding("contact", State.OK, f"arXiv and Hugging Face are told {settings.contact}")
    advice = "set CONTACT to your address or page: arXiv asks for it, and can write to you before it locks you out"
    return Finding("contact", State.SKIPPED, "CONTACT is not set", advice)


def time_zones(names: Iterable[str], load: Callable[[str], object] = ZoneInfo) -> Finding:
    """Whether the time zone data is there: for the default, and for New York, whose evenings arXiv announces in."""
    wanted = tuple(dict.fromkeys(names))
    for name in wanted:
        try:
            load(name)
        except (OSError, ValueError, KeyError):
            advice = "install the time zone data: pip install tzdata, or your system's tzdata package"
            return Finding("time zones", State.FAILED, f"there is no data for {name}", advice)
    return Finding("time zones", State.OK, f"there is data for {' and '.join(wanted)}")


async def database(settings: Settings) -> Finding:
    """Whether the database opens and is sound; an SQLite file that is not there yet is not made."""
    try:
        missing = missing_file(settings.database_url)
        if missing is not None:
            return Finding("database", State.OK, f"{missing} is not there yet; the first start makes it")
        opened = await Database.open(settings.database_url)
        try:
            problems = await opened.check()
        finally:
            await opened.close()
    except PaperboyError as error:
        return Finding("database", State.FAILED, str(error))
    if problems:
        advice = "stop the bot, keep a copy of the database, and restore a backup made with `paperboy db backup`"
        return Finding("database", State.FAILED, f"{opened.place} is damaged: {' '.join(problems)}", advice)
    return Finding("database", State.OK, f"{opened.place} opens and is sound")


def missing_file(url: str) -> Path | None:
    """The SQLite file that `url` names, if there is none yet.

    Raises:
        DatabaseBroken: and it could not be made either.
    """
    parts = address.parse(url)
    if not address.is_sqlite(parts) or (file := address.file_of(parts)).exists():
        return None
    folder = next(folder for folder in file.parents if folder.exists())
    if not folder.is_dir() or not os.access(folder, os.W_OK):
        raise DatabaseBroken(address.place_of(parts), f"nothing can be written in {folder}")
    return file


# --------------------------------------------------------------------------- what others answer


async def telegram(session: aiohttp.ClientSession, settings: Settings, clock: Clock) -> Visit:
    """Whether Telegram knows the token; a refused token and a server out of reach are told apart."""
    if not settings.telegram_bot_token:
        advice = "`paperboy run` needs one from @BotFather; demo, digest and card work without"
        return Visit(Finding("token", State.SKIPPED, "TELEGRAM_BOT_TOKEN is not set", advice))
    base = settings.telegram_api_url
    try:
        status, headers, body = await _get(session, f"{base}/bot{settings.telegram_bot_token}/getMe")
    except _OUT_OF_REACH as error:
        advice = f"{CONNECTION}, and TELEGRAM_API_URL"
        return Visit(Finding("token", State.FAILED, f"{base} does not answer ({_cause(error)})", advice))
    return _visit(token_finding(base, status, body), base, headers, clock())


def token_finding(base: str, status: int, body: bytes) -> Finding:
    """What an answer to getMe says of the token."""
    said = _object(body)
    bot = said.get("result")
    if status == 200 and said.get("ok") is True and isinstance(bot, dict):
        return Finding("token", State.OK, f"{base} knows the bot as @{bot.get('username', '?')}")
    if status in {401, 404} and said.get("ok") is False:
        return Finding("token", State.FAILED, f"{base} does not accept the token", "copy it anew from @BotFather")
    advice = "try again later; if it stays so, check TELEGRAM_API_URL"
    return Finding("token", State.FAILED, f"{base} does not answer as a Bot API server does (HTTP {status})", advice)


async def arxiv(client: Client, settings: Settings) -> Visit:
    """Whether arXiv shows its newest listing: one request, under the name that the bot itself uses."""
    category = settings.default_categories[0]
    try:
        answer = await client.get(f"{settings.arxiv_url}/list/{category}/new?skip=0&show=25", Plane.ARXIV)
        page = listing.parse(answer.text, category)
    except SourceError as error:
        return Visit(Finding("arXiv", State.FAILED, str(error), "check ARXIV_URL if it is set"))
    when = f"of {page.date}" if page.date else "without a date"
    finding = Finding("arXiv", State.OK, f"{settings.arxiv_url} shows {category}'s newest listing, {when}")
    return _visit(finding, settings.arxiv_url, answer.headers, answer.fetched_at)


async def hugging_face(client: Client, settings: Settings) -> Visit:
    """Whether the daily papers can be read, which the heat comes from; the bot works without them."""
    base = settings.hf_url
    advice = "meanwhile digests are made without heat; check HF_URL if it is set"
    try:
        answer = await client.get(f"{base}/api/daily_papers?limit=1", Plane.HF, accept=JSON)
        papers = json.loads(answer.body)
    except SourceError as error:
        return Visit(Finding("Hugging Face", State.FAILED, str(error), advice))
    except ValueError:
        papers = None
    if not isinstance(papers, list):
        return Visit(Finding("Hugging Face", State.FAILED, f"{base} shows something else than daily papers", advice))
    return _visit(
        Finding("Hugging Face", State.OK, f"{base} shows the daily papers"), base, answer.headers, answer.fetched_at
    )


async def language_model(session: aiohttp.ClientSession, settings: Settings, clock: Clock) -> Visit:
    """Whether the model's server answers and takes the key. Nothing is generated, so nothing has to be paid."""
    if not settings.llm_model:
        return Visit(Finding("LLM", State.SKIPPED, "LLM_MODEL is not set: cards are made by the local analyst"))
    endpoint = models_endpoint(settings)
    if endpoint is None:
        sentence = f"LLM_MODEL “{settings.llm_model}” names no provider that Paperboy knows"
        return Visit(Finding("LLM", State.FAILED, sentence, "write it like openai:NAME, anthropic:NAME or ollama:NAME"))
    if not llm.installed():
        advice = "install them with: pip install '.[llm]'"
        return Visit(Finding("LLM", State.FAILED, "LLM_MODEL is set, but its packages are missing", advice))
    url, headers = endpoint
    try:
        status, answered, body = await _get(session, url, headers)
    except _OUT_OF_REACH as error:
        sentence = f"{host_of(url)} does not answer ({_cause(error)})"
        return Visit(Finding("LLM", State.FAILED, sentence, f"start it, or {CONNECTION}, and LLM_BASE_URL"))
    return _visit(model_finding(settings.llm_model, host_of(url), status, body), url, answered, clock())


def models_endpoint(settings: Settings) -> tuple[str, dict[str, str]] | None:
    """The address that lists the models of the configured provider, and the headers to ask it with."""
    provider, _, name = settings.llm_model.partition(":")
    key, base = settings.llm_api_key, settings.llm_base_url
    if provider == "anthropic" and name:
        base = (base or "https://api.anthropic.com").removesuffix("/v1")
        return f"{base}/v1/models?limit=1000", {"x-api-key": key, "anthropic-version": "2023-06-01"}
    usual = {"openai": "https://api.openai.com/v1", "ollama": "http://127.0.0.1:11434/v1"}
    if provider in usual and name:
        return f"{base or usual[provider]}/models", {"Authorization": f"Bearer {key}"} if key else {}
    return None


def model_finding(model: str, host: str, status: int, body: bytes) -> Finding:
    """What an answer to the question for the models says."""
    if status in {401, 403}:
        return Finding("LLM", State.FAILED, f"{host} does not accept the key", "correct LLM_API_KEY")
    if status == 429 or status >= 500:
        return Finding("LLM", State.FAILED, f"{host} cannot answer now (HTTP {status})", "try again later")
    listed = _object(body).get("data")
    if status != 200 or not isinstance(listed, list):
        # Some compatible servers have no list of models; that they answer must do.
        return Finding("LLM", State.OK, f"{host} answers; it does not list its models")
    name = model.partition(":")[2]
    known = {str(entry.get("id", "")) for entry in listed if isinstance(entry, dict)}
    if name in known or f"{name}:latest" in known:
        return Finding("LLM", State.OK, f"{host} answers and has {name}")
    return Finding("LLM", State.OK, f"{host} answers, but does not list {name}", "check the name in LLM_MODEL")


def clock_finding(visits: Iterable[Visit]) -> Finding:
    """Whether our clock agrees with the servers': with the one it agrees with best, for one of them may be wrong."""
    off = [
        ((visit.ours - visit.theirs).total_seconds(), visit.service)
        for visit in visits
        if visit.ours is not None and visit.theirs is not None
    ]
    if not off:
        return Finding("clock", State.SKIPPED, "no server said what time it is")
    seconds, service = min(off, key=lambda each: abs(each[0]))
    if abs(seconds) <= CLOCK_OFF:
        return Finding("clock", State.OK, f"it agrees with {service}'s")
    how = "ahead of" if seconds > 0 else "behind"
    advice = "let the system set its clock from the network, on Linux: timedatectl set-ntp true"
    return Finding("clock", State.FAILED, f"it is {abs(seconds):.0f} s {how} {service}'s", advice)


# --------------------------------------------------------------------------- the small parts of it

_OUT_OF_REACH = (aiohttp.ClientError, OSError, ValueError)


async def _get(
    session: aiohttp.ClientSession, url: str, headers: Mapping[str, str] | None = None
) -> tuple[int, Mapping[str, str], bytes]:
    async with session.get(url, headers=headers, proxy=proxy_for(url), allow_redirects=False) as answer:
        return answer.status, answer.headers, await answer.read()


def _visit(finding: Finding, url: str, headers: Mapping[str, str], now: datetime) -> Visit:
    said = next((value for name, value in headers.items() if name.lower() == "date"), "")
    try:
        theirs = parsedate_to_datetime(said)
    except ValueError:
        return Visit(finding)
    return Visit(finding, host_of(url), theirs if theirs.tzinfo else theirs.replace(tzinfo=UTC), now)


def _object(body: bytes) -> dict[str, object]:
    try:
        said = json.loads(body)
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}


def _cause(error: Exception) -> str:
    # Never the error's own text: it may hold the address, and with it the token.
    if isinstance(error, TimeoutError):
        return f"nothing came within {PATIENCE:.0f} s"
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return "there is no such host"
    if isinstance(error, aiohttp.ClientSSLError):
        return "its certificate is not trusted"
    if isinstance(error, aiohttp.ClientConnectorError):
        return "it refuses the connection"
    return type(error).__name__
