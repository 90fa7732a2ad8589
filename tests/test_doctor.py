from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer, unused_port

from bot import doctor
from bot.__main__ import main
from bot.config import Settings
from bot.doctor import Finding, State, Visit
from bot.pull.client import Client
from storage.database import Database

NOW = datetime(2026, 2, 18, 20, 0, tzinfo=UTC)
LISTING = "<html><h3>Showing new listings for Wednesday, 18 February 2026</h3></html>"
BOT = {"ok": True, "result": {"id": 1, "is_bot": True, "username": "paperboy_bot"}}
REFUSED = {"ok": False, "error_code": 401, "description": "Unauthorized"}


@dataclass
class World:
    """The far end: one server for Telegram, arXiv, Hugging Face and a model; `answers` by the beginning of the path."""

    url: str = ""
    answers: dict[str, web.Response] = field(default_factory=dict)
    requests: list[web.Request] = field(default_factory=list)

    async def answer(self, request: web.Request) -> web.Response:
        """What was laid down for this path, 404 otherwise."""
        self.requests.append(request)
        for path, response in self.answers.items():
            if request.path.startswith(path):
                return web.Response(
                    status=response.status, body=response.body, headers=response.headers, content_type=None
                )
        return web.Response(status=404, text="nothing here")

    def settings(self, tmp_path: Path, **changes: Any) -> Settings:
        """Settings under which every service is this server."""
        usual = Settings(
            telegram_bot_token="1:sesame",
            telegram_api_url=self.url,
            arxiv_url=self.url,
            hf_url=self.url,
            llm_model="openai:small",
            llm_base_url=f"{self.url}/v1",
            llm_api_key="sesame",
            database_url=f"sqlite+aiosqlite:///{tmp_path}/paperboy.db",
            contact="me@example.org",
        )
        return replace(usual, **changes)


@pytest.fixture
async def world() -> AsyncIterator[World]:
    """A world where everything is well."""
    world = World()
    world.answers = {
        "/bot1:sesame/getMe": web.json_response(BOT),
        "/bot": web.json_response(REFUSED, status=401),
        "/list/cs.LG/new": web.Response(text=LISTING, content_type="text/html"),
        "/api/daily_papers": web.json_response([{"paper": {"id": "2602.14080"}}]),
        "/v1/models": web.json_response({"data": [{"id": "small"}]}),
    }
    app = web.Application()
    app.router.add_get("/{path:.*}", world.answer)
    async with TestServer(app) as server:
        world.url = str(server.make_url("")).rstrip("/")
        yield world


def by_subject(findings: list[Finding]) -> dict[str, Finding]:
    """The findings by what was looked at."""
    return {finding.subject: finding for finding in findings}


async def test_where_everything_is_well_nothing_is_wrong(world: World, tmp_path: Path, database_url: str) -> None:
    """Every check is made once, with one request to each service, and all of them are fine."""
    settings = world.settings(tmp_path, database_url=database_url)
    findings = await doctor.examine(settings)
    assert {finding.subject: finding.state for finding in findings} == dict.fromkeys(
        ("categories", "contact", "time zones", "database", "token", "arXiv", "Hugging Face", "LLM", "clock"), State.OK
    )
    assert not doctor.is_ill(findings)
    paths = sorted(request.path for request in world.requests)
    assert paths == ["/api/daily_papers", "/bot1:sesame/getMe", "/list/cs.LG/new", "/v1/models"]
    assert by_subject(findings)["token"].sentence.endswith("knows the bot as @paperboy_bot")
    assert by_subject(findings)["arXiv"].sentence.endswith("cs.LG's newest listing, of 2026-02-18")


async def test_what_is_not_configured_is_skipped(world: World, tmp_path: Path) -> None:
    """No token, no contact and no model are no failures; what can be done about them is said."""
    settings = world.settings(tmp_path, telegram_bot_token="", contact="", llm_model="")
    findings = await doctor.examine(settings)
    skipped = [finding for finding in findings if finding.state is State.SKIPPED]
    assert [finding.subject for finding in skipped] == ["contact", "token", "LLM"]
    assert not doctor.is_ill(findings)
    assert "@BotFather" in by_subject(findings)["token"].advice


async def test_every_failure_is_told_and_none_hides_another(tmp_path: Path) -> None:
    """When nothing answers, each service is named with what to do, and no secret is in any word."""
    url = f"http://127.0.0.1:{unused_port()}"
    findings = await doctor.examine(World(url).settings(tmp_path))
    failed = {finding.subject for finding in findings if finding.state is State.FAILED}
    assert failed == {"token", "arXiv", "Hugging Face", "LLM"}
    text = doctor.report(findings)
    assert "4 of 9 checks failed." in text
    assert "sesame" not in text
    assert by_subject(findings)["token"].sentence == f"{url} does not answer (it refuses the connection)"
    assert by_subject(findings)["clock"].state is State.SKIPPED


async def test_a_wrong_token_and_a_wrong_server_are_told_apart(world: World, tmp_path: Path) -> None:
    """A token that Telegram refuses sends one to @BotFather; an answer that is not Telegram's, to TELEGRAM_API_URL."""
    async with aiohttp.ClientSession() as session:
        wrong = await doctor.telegram(session, world.settings(tmp_path, telegram_bot_token="2:open"), lambda: NOW)
        world.answers = {}
        other = await doctor.telegram(session, world.settings(tmp_path), lambda: NOW)
    assert wrong.finding.sentence == f"{world.url} does not accept the token"
    assert "@BotFather" in wrong.finding.advice
    assert other.finding.sentence == f"{world.url} does not answer as a Bot API server does (HTTP 404)"
    assert "TELEGRAM_API_URL" in other.finding.advice
    assert wrong.finding.state is other.finding.state is State.FAILED


@pytest.mark.parametrize(
    ("response", "words"),
    [
        (lambda: web.Response(status=429, headers={"Retry-After": "300"}), "asks us to slow down (http-429)"),
        (lambda: web.Response(text="Rate exceeded."), "asks us to slow down (rate-exceeded)"),
        (lambda: web.Response(status=500), "does not answer (http-500)"),
        (lambda: web.Response(text="<html>please wait</html>"), "something that cannot be read (no-listing)"),
    ],
)
async def test_what_ails_arxiv_is_named(world: World, tmp_path: Path, response: object, words: str) -> None:
    """Throttled, broken and foreign pages are three different sentences."""
    assert callable(response)
    world.answers["/list/cs.LG/new"] = response()
    async with Client() as client:
        visit = await doctor.arxiv(client, world.settings(tmp_path))
    assert visit.finding.state is State.FAILED
    assert words in visit.finding.sentence


@pytest.mark.parametrize("body", ["{}", "<html>", '{"error": "no"}'])
async def test_a_foreign_answer_for_the_daily_papers_is_a_failure(world: World, tmp_path: Path, body: str) -> None:
    """Only a list is the daily papers."""
    world.answers["/api/daily_papers"] = web.Response(text=body)
    async with Client() as client:
        visit = await doctor.hugging_face(client, world.settings(tmp_path))
    assert visit.finding.state is State.FAILED
    assert "something else than daily papers" in visit.finding.sentence
    assert "HF_URL" in visit.finding.advice


async def test_the_model_is_asked_without_generating(world: World, tmp_path: Path) -> None:
    """The list of models is asked for with the key, and nothing else."""
    async with aiohttp.ClientSession() as session:
        await doctor.language_model(session, world.settings(tmp_path), lambda: NOW)
        anthropic = world.settings(tmp_path, llm_model="anthropic:small")
        await doctor.language_model(session, anthropic, lambda: NOW)
    [openai, other] = world.requests
    assert (openai.method, openai.path, openai.headers["Authorization"]) == ("GET", "/v1/models", "Bearer sesame")
    assert (other.method, other.path, other.headers["x-api-key"]) == ("GET", "/v1/models", "sesame")


@pytest.mark.parametrize(
    ("status", "body", "state", "words"),
    [
        (200, '{"data": [{"id": "small"}]}', State.OK, "has small"),
        (200, '{"data": [{"id": "small:latest"}]}', State.OK, "has small"),
        (200, '{"data": [{"id": "large"}, 7]}', State.OK, "does not list small"),
        (200, "{}", State.OK, "does not list its models"),
        (404, "not found", State.OK, "does not list its models"),
        (401, "{}", State.FAILED, "does not accept the key"),
        (403, "{}", State.FAILED, "does not accept the key"),
        (429, "{}", State.FAILED, "cannot answer now (HTTP 429)"),
        (502, "bad gateway", State.FAILED, "cannot answer now (HTTP 502)"),
    ],
)
def test_what_a_model_server_answers(status: int, body: str, state: State, words: str) -> None:
    """A refused key and an overloaded server fail; a server that does not list the model is pointed out."""
    finding = doctor.model_finding("openai:small", "llm.example", status, body.encode())
    assert finding.state is state
    assert words in finding.sentence


async def test_a_model_nobody_knows_or_that_is_not_installed(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An unknown provider and missing packages are told without asking any server."""
    async with aiohttp.ClientSession() as session:
        unknown = await doctor.language_model(session, world.settings(tmp_path, llm_model="gpt"), lambda: NOW)
        monkeypatch.setattr("bot.llm.installed", lambda: False)
        missing = await doctor.language_model(session, world.settings(tmp_path), lambda: NOW)
    assert "names no provider" in unknown.finding.sentence
    assert "packages are missing" in missing.finding.sentence
    assert "pip install" in missing.finding.advice
    assert world.requests == []


def test_a_database_that_is_not_there_yet_is_not_made(tmp_path: Path) -> None:
    """Looking leaves nothing behind."""
    settings = Settings(database_url=f"sqlite+aiosqlite:///{tmp_path}/new/paperboy.db")
    finding = asyncio.run(doctor.database(settings))
    assert finding.state is State.OK
    assert "not there yet" in finding.sentence
    assert list(tmp_path.iterdir()) == []


async def test_a_database_that_cannot_be_used_is_told(tmp_path: Path) -> None:
    """A file that is no database, and a folder that is a file, end in a sentence."""
    (tmp_path / "file").write_text("no database " * 100, encoding="utf-8")
    inside = await doctor.database(Settings(database_url=f"sqlite+aiosqlite:///{tmp_path}/file/paperboy.db"))
    garbage = await doctor.database(Settings(database_url=f"sqlite+aiosqlite:///{tmp_path}/file"))
    assert inside.state is garbage.state is State.FAILED
    assert "nothing can be written" in inside.sentence
    assert f"{tmp_path}/file" in garbage.sentence


async def test_damage_in_the_database_is_told(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the database says of itself is repeated, with what to do."""

    async def check(_: Database) -> list[str]:
        return ["2 papers lack the version that is called their latest."]

    settings = Settings(database_url=database_url)
    monkeypatch.setattr(Database, "check", check)
    finding = await doctor.database(settings)
    assert finding.state is State.FAILED
    assert "is damaged: 2 papers lack" in finding.sentence
    assert "backup" in finding.advice


def test_unknown_default_categories_are_told() -> None:
    """A category that arXiv does not have is named before a chat is subscribed to it."""
    finding = doctor.categories(Settings(default_categories=("cs.LG", "cs.XX")))
    assert finding.state is State.FAILED
    assert "cs.XX" in finding.sentence
    assert "DEFAULT_CATEGORIES" in finding.advice


def test_missing_time_zone_data_is_told() -> None:
    """Where the data for New York is missing, nobody could tell when arXiv announces."""

    def load(name: str) -> None:
        if name == "America/New_York":
            raise KeyError(name)

    finding = doctor.time_zones(("UTC", "America/New_York"), load)
    assert (finding.state, finding.sentence) == (State.FAILED, "there is no data for America/New_York")
    assert "tzdata" in finding.advice
    assert doctor.time_zones(("UTC", "America/New_York")).state is State.OK


def visit(seconds: float, service: str) -> Visit:
    """A server that our clock is so many seconds ahead of."""
    return Visit(Finding(service, State.OK, ""), service, NOW, NOW + timedelta(seconds=seconds))


@pytest.mark.parametrize(
    ("visits", "state", "words"),
    [
        ([visit(0.4, "arxiv.org")], State.OK, "agrees with arxiv.org"),
        ([visit(-60, "arxiv.org")], State.OK, "agrees with arxiv.org"),
        ([visit(61, "arxiv.org")], State.FAILED, "61 s ahead of arxiv.org's"),
        ([visit(-95, "arxiv.org")], State.FAILED, "95 s behind arxiv.org's"),
        ([visit(4000, "broken.example"), visit(2, "arxiv.org")], State.OK, "agrees with arxiv.org"),
        ([Visit(Finding("arXiv", State.FAILED, ""))], State.SKIPPED, "no server said"),
        ([], State.SKIPPED, "no server said"),
    ],
)
def test_the_clock_is_compared_with_the_servers(visits: list[Visit], state: State, words: str) -> None:
    """More than a minute off every server is a failure; one server with a wrong clock is not ours to mend."""
    finding = doctor.clock_finding(visits)
    assert finding.state is state
    assert words in finding.sentence


async def test_a_wrong_clock_is_found(world: World, tmp_path: Path) -> None:
    """A clock that is two minutes slow is told from the servers' Date headers."""
    settings = world.settings(tmp_path)
    findings = await doctor.examine(settings, lambda: datetime.now(UTC) - timedelta(seconds=120))
    finding = by_subject(findings)["clock"]
    assert finding.state is State.FAILED
    assert "behind 127.0.0.1's" in finding.sentence


def test_the_report_is_a_list_to_read() -> None:
    """Each finding is a line with its state, its advice a line below, and the end says how many failed."""
    findings = [
        Finding("token", State.FAILED, "the token is refused", "copy it anew"),
        Finding("Hugging Face", State.OK, "fine"),
        Finding("LLM", State.SKIPPED, "not set"),
    ]
    assert doctor.report(findings).splitlines() == [
        "FAILED   token         the token is refused",
        "                       → copy it anew",
        "ok       Hugging Face  fine",
        "skipped  LLM           not set",
        "",
        "1 of 3 checks failed.",
    ]
    assert doctor.is_ill(findings)
    assert doctor.report(findings[1:]).endswith("\nNothing is wrong.")


@pytest.mark.parametrize(("state", "status"), [(State.OK, 0), (State.FAILED, 1), (State.SKIPPED, 0)])
def test_the_command_prints_the_report_and_exits_by_it(
    state: State, status: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """`paperboy doctor` exits with 1 when something failed, and with 0 otherwise."""

    async def examine(_: Settings) -> list[Finding]:
        return [Finding("token", state, "as it is")]

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(doctor, "examine", examine)
    assert main(["doctor"]) == status
    assert "token  as it is" in capsys.readouterr().out
