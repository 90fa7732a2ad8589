"""The program as a whole on loopback: the printed day and card in every format, and the demo as a person sees it."""

from __future__ import annotations

import contextlib
import json
import os
import pty
import re
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from datetime import date
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import selectolax.lexbor as html
from aiohttp import CookieJar

from bot import app
from bot.commandline import CardRequest, DigestRequest, Format
from bot.config import Settings
from bot.errors import BadPaperId, BadSetting, UnknownCategory, UnknownPaper
from bot.playground.sample_sources import SampleSources
from bot.playground.terminal import Terminal
from tests.support.chat_page import demonstrated

ROOT = Path(__file__).parent.parent
NEWEST = date(2026, 2, 19)
SHELVES = "2602.14080"
TOUCH = "2602.99038"


@pytest.fixture
async def settings(database_url: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Settings]:
    """Settings of a program that reads the sample day, in a terminal of 100 columns."""
    monkeypatch.setenv("COLUMNS", "100")
    async with SampleSources() as sample:
        yield Settings(
            database_url=database_url,
            arxiv_url=sample.url,
            arxiv_api_url=sample.api_url,
            hf_url=sample.url,
            arxiv_delay=0.0,
            arxiv_api_delay=0.0,
        )


def day_in(form: Format, *, language: str = "en", cards: bool = False, day: date | None = NEWEST) -> DigestRequest:
    """The sample day's five rows for somebody who cares about touching robots and facts."""
    categories = ("cs.CL", "cs.lg", "cs.RO")
    return DigestRequest(day, categories, "tactile world models; factuality", 5, language, cards, form)


async def test_a_day_as_json(settings: Settings) -> None:
    """The outside contract, with the day's true numbers, words in the language asked for, and the cards of the rows."""
    made: dict[str, Any] = json.loads(await app.digest(settings, day_in(Format.JSON, cards=True)))
    assert list(made) == ["date", "listings", "announced", "selected", "rows", "cards"]
    assert (made["date"], made["selected"]) == ("2026-02-19", 5)
    assert list(made["listings"]) == ["cs.CL", "cs.LG", "cs.RO"]
    for listing in made["listings"].values():
        assert listing["state"] == "fresh"
        assert listing["declared"] == listing["parsed"]
    assert made["announced"] <= sum(one["parsed"]["new"] + one["parsed"]["cross"] for one in made["listings"].values())
    assert [row["rank"] for row in made["rows"]] == [1, 2, 3, 4, 5]
    scores = [row["score"] for row in made["rows"]]
    assert scores == sorted(scores, reverse=True)
    touch = next(row for row in made["rows"] if row["id"] == TOUCH)
    assert (touch["institution"], touch["heat"]) == ("Lindholm University", 17)
    assert "tactile world models" in touch["reason"]
    assert [(card["id"], card["version"]) for card in made["cards"]] == [
        (row["id"], row["version"]) for row in made["rows"]
    ]


async def test_a_day_without_a_date_is_the_newest_there_is(settings: Settings) -> None:
    """The newest announced day is printed, even where arXiv stands still; words are in the language asked for."""
    made = json.loads(await app.digest(settings, day_in(Format.JSON, language="zh", day=None)))
    assert made["date"] == "2026-02-19"
    assert any(re.search(r"[\u4e00-\u9fff]", row["reason"]) for row in made["rows"])
    assert made["cards"] == []


async def test_a_day_as_text_markdown_and_a_page(settings: Settings) -> None:
    """All three name every row of the day, its address and why it is there; the page is a whole, balanced document."""
    rows = json.loads(await app.digest(settings, day_in(Format.JSON)))["rows"]
    text, markdown, page = [
        await app.digest(settings, day_in(form)) for form in (Format.TEXT, Format.MARKDOWN, Format.HTML)
    ]
    for row in rows:
        address = f"https://arxiv.org/abs/{row['id']}v{row['version']}"
        assert all(address in written for written in (text, markdown, page))
    assert "Thursday, 19 February 2026\n====" in text
    assert "<" not in re.sub(r"<https?://[^>]*>", "", text)
    assert markdown.startswith("# ")
    assert markdown.count("\n|") >= len(rows) + 2
    tree = html.LexborHTMLParser(page)
    assert page.lstrip().lower().startswith("<!doctype html>")
    assert len(tree.css("table tr")) >= len(rows)
    assert rows[0]["title"] in (tree.body.text() if tree.body else "")


@pytest.mark.parametrize(
    ("paper", "paper_id", "source"),
    [(TOUCH, TOUCH, "html"), (f"https://arxiv.org/abs/{SHELVES}v1", SHELVES, "abstract")],
)
async def test_a_card_in_every_format(settings: Settings, paper: str, paper_id: str, source: str) -> None:
    """From the full text or the abstract, by id or address: the same card, written out in four ways."""
    request = {form: CardRequest(paper, "en", form) for form in Format}
    card = json.loads(await app.card(settings, request[Format.JSON]))
    assert (card["id"], card["source"], card["analyst"], card["language"]) == (paper_id, source, "local", "en")
    assert card["motivation"]["problem"]
    assert bool(card["checklist"]) is (source == "html")
    text, markdown, page = [
        await app.card(settings, request[form]) for form in (Format.TEXT, Format.MARKDOWN, Format.HTML)
    ]
    assert " ".join(text.split()).startswith(card["title"])
    assert f"](<https://arxiv.org/abs/{paper_id}v1>)" in markdown.splitlines()[0]
    tree = html.LexborHTMLParser(page)
    assert tree.body is not None
    assert card["title"] in tree.body.text()
    [claim, *_] = card["motivation"]["problem"]
    assert " ".join(claim["text"].split())[:40] in " ".join(tree.body.text().split())


async def test_progress_of_a_card_ends(settings: Settings) -> None:
    """Who watches sees it begin and end."""
    steps: list[tuple[str, int, int]] = []
    await app.card(settings, CardRequest(SHELVES, "en", Format.TEXT, lambda *step: steps.append(step)))
    assert steps == [("paper", 0, 2), ("paper", 1, 2), ("paper", 2, 2)]


async def test_what_cannot_be_printed_is_one_error(settings: Settings) -> None:
    """An unknown category, an unknown paper and what is no id each say what they are."""
    with pytest.raises(UnknownCategory):
        await app.digest(settings, DigestRequest(NEWEST, ("cs.XX",), "", 5, "en", False, Format.TEXT))
    with pytest.raises(UnknownPaper):
        await app.card(settings, CardRequest("2602.00001", "en", Format.TEXT))
    with pytest.raises(BadPaperId):
        await app.card(settings, CardRequest("touch", "en", Format.TEXT))
    with pytest.raises(BadPaperId):  # rather than the first one alone, without a word about the other
        await app.card(settings, CardRequest(f"{SHELVES} {TOUCH}", "en", Format.TEXT))


# --------------------------------------------------------------------------- the demo


def nobody() -> str:
    """An address at which nobody listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{free.getsockname()[1]}"


def test_the_demo_shows_a_table_and_a_card_and_ends(tmp_path: Path) -> None:
    """Without token and internet, with the input from a file: subscribed, a table, a card by its button, and exit 0."""
    done = subprocess.run(
        [sys.executable, "-m", "bot", "demo"],
        input="#1\nq\n",
        capture_output=True,
        text=True,
        encoding="utf-8",
        cwd=tmp_path,
        env=os.environ | {"ARXIV_URL": nobody(), "PYTHONIOENCODING": "utf-8"},
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    shown = " ".join(done.stdout.split())
    assert "bundled sample day" in shown
    assert re.search(r"http://127\.0\.0\.1:\d+/\?key=\S+ \(paperboy demo --page keeps it open\)", shown)
    table, card = shown.split("> #1 ")
    assert len(re.findall(r"\b[1-5]\. ", table)) >= 5
    assert "matches “GRPO” from your interests" in table
    assert re.search(r"Read from the full text\..* Motivation .* Checklist: .* 👍 .* Fold", card)
    assert "Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_demo_without_any_input_shows_the_table_and_ends(tmp_path: Path) -> None:
    """With stdin closed before it began, nobody is there to talk: the digest is shown, and the demo has done well."""
    done = subprocess.run(  # noqa: S603 - our own Python with our own words
        ["/bin/sh", "-c", f'exec "{sys.executable}" -m bot demo <&-'],
        capture_output=True,
        text=True,
        encoding="utf-8",
        cwd=tmp_path,
        env=os.environ | {"ARXIV_URL": nobody(), "PYTHONIOENCODING": "utf-8", "PYTHONPATH": str(ROOT)},
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "matches “GRPO” from your interests" in " ".join(done.stdout.split())


def test_at_a_terminal_the_same_chat_is_on_the_page_and_here(tmp_path: Path) -> None:
    """The address is told, the digest is printed, and q ends the demo."""
    ours, theirs = pty.openpty()
    os.write(ours, b"q\n")
    with (
        os.fdopen(ours, "rb", buffering=0) as screen,
        subprocess.Popen(
            [sys.executable, "-m", "bot", "demo", "--no-browser"],
            stdin=theirs,
            stdout=theirs,
            stderr=subprocess.PIPE,
            cwd=tmp_path,
            env=os.environ
            | {"ARXIV_URL": nobody(), "TERM": "dumb", "PYTHONIOENCODING": "utf-8", "PYTHONPATH": str(ROOT)},
        ) as program,
    ):
        os.close(theirs)
        said = b""
        with contextlib.suppress(OSError):  # a terminal whose other end has gone
            while more := screen.read(65536):
                said += more
        assert program.wait(60) == 0
    shown = " ".join(said.decode().split())
    assert re.search(r"The chat page: http://127\.0\.0\.1:\d+/\?key=\S+ The same chat is here too", shown)
    assert "matches “GRPO” from your interests" in shown


async def test_the_page_of_a_demo_stays_until_it_is_interrupted(tmp_path: Path) -> None:
    """--page serves what happens in the chats, whoever typed the command; Ctrl-C ends it in order."""
    told = ""
    async with demonstrated(tmp_path) as address, aiohttp.ClientSession(cookie_jar=CookieJar(unsafe=True)) as session:
        async with session.get(address) as answer:
            assert answer.content_type == "text/html"
        async with session.get(f"{address.split('?')[0]}page/events") as events:
            async for line in events.content:
                told += line.decode()
                if "rich_message" in told and "world models for robots" in told and '"cells"' in told:
                    break
    everything = json.loads(told.splitlines()[0])
    assert {chat["type"] for chat in everything["chats"]} == {"private", "supergroup", "channel"}


async def test_a_demo_whose_conversation_breaks_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """What goes wrong at the terminal is not an ordinary end; the bot is stopped all the same."""

    async def broken(*_: object, **__: object) -> None:
        raise BrokenPipeError

    monkeypatch.setattr(Terminal, "talk", broken)
    with pytest.raises(BrokenPipeError):
        await app.demo(Settings(arxiv_url=nobody()))


async def test_a_default_category_that_nobody_has_is_a_bad_setting(database_url: str) -> None:
    """A new chat would begin with it; the sentence names the setting and near ones, and other spellings are taken."""
    with pytest.raises(BadSetting, match=r"DEFAULT_CATEGORIES.*cs\.LX"):
        async with app.opened(Settings(database_url=database_url, default_categories=("cs.LG", "cs.LX"))):
            pass
    async with app.opened(Settings(database_url=database_url, default_categories=("CS.lg",))) as program:
        assert program.settings.default_categories == ("cs.LG",)
