"""A running bot as those see it who watch over it: /health, /metrics and what it writes about itself."""

from __future__ import annotations

import asyncio
import io
import json
import logging
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime

import aiohttp
import pytest
from aiohttp.test_utils import unused_port
from prometheus_client.parser import text_string_to_metric_families

from bot import journal
from bot.outbox import Outbox
from tests.support.telegram_life import living

EIGHT = datetime(2026, 2, 19, 8, 0, tzinfo=UTC)
KEY = "sk-never-to-be-seen-anywhere"
NOBODY = "http://127.0.0.1:9"
"""Where no language model answers."""


@pytest.fixture
def written() -> Iterator[io.StringIO]:
    """What is written, one JSON object a line; the loggers are as before afterwards."""
    root = logging.getLogger()
    before = (root.handlers[:], root.level, sys.excepthook, threading.excepthook)
    levels = {name: logging.getLogger(name).level for name in journal.LOUD}
    stream = io.StringIO()
    journal.configure(logging.INFO, (KEY,), stream, as_json=True)
    yield stream
    logging.captureWarnings(capture=False)
    root.handlers[:], root.level, sys.excepthook, threading.excepthook = before
    for name, level in levels.items():
        logging.getLogger(name).setLevel(level)


async def asked(port: int, path: str) -> tuple[int, str]:
    """Status and body."""
    async with aiohttp.ClientSession() as session, session.get(f"http://127.0.0.1:{port}{path}") as answer:
        return answer.status, await answer.text()


async def test_a_running_bot_can_be_watched(
    database_url: str, written: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a morning's work the metrics tell all that there is to watch, by Prometheus' own parser; /health says what
    is wrong once something is; and neither they nor the journal tell a secret."""
    port = unused_port()
    async with living(
        database_url, metrics_port=port, llm_model="openai:small", llm_base_url=NOBODY, llm_api_key=KEY
    ) as life:
        token = life.settings.telegram_bot_token
        ada = life.playground.add_user("Ada", language="en")
        chat = life.playground.private(ada)
        await life.say(chat, ada, "/start")
        life.now = EIGHT
        # The model is asked in vain first, by a process of its own.
        await life.playground.wait_for_message(chat, "19 February 2026", timeout=60)
        await life.playground.settle()
        status, text = await asked(port, "/metrics")
        assert status == 200
        found = {
            (sample.name.removeprefix("paperboy_"), *sample.labels.values()): sample.value
            for family in text_string_to_metric_families(text)
            for sample in family.samples
        }
        assert found["sends_total",] >= 1
        assert {key[1] for key in found if key[0] == "refusals_total"} >= {"Retry", "ChatGone", "Refused", "InDoubt"}
        assert found["messages", "planned"] == found["messages", "sending"] == found["messages", "failed"] == 0
        assert {("jobs_waiting",), ("calls_waiting", "interactive"), ("calls_waiting", "broadcast")} <= set(found)
        assert found["digest_lag_seconds",] == 0
        assert found["listings", "fresh"] >= 1
        assert found["cards", "local"] >= 1
        assert found["chats",] == 1
        assert {("llm_tokens_today", kind, "openai:small") for kind in ("input", "output")} <= set(found)
        assert found["llm_budget_tokens",] == life.settings.llm_daily_tokens
        assert found["database_up",] == 1
        assert await asked(port, "/health") == (200, '{"status": "ok", "problems": []}')

        async def broken(*_: object) -> None:
            raise RuntimeError(f"no way to {life.settings.telegram_api_url}/bot{token}/sendMessage")

        monkeypatch.setattr(Outbox, "take", broken)
        async with asyncio.timeout(20):
            while "job mail failed" not in written.getvalue():  # noqa: ASYNC110 - a journal tells nobody what comes
                await asyncio.sleep(0.05)
        status, text = await asked(port, "/health")
        assert status == 503
        assert "The job mail fails: RuntimeError: no way to" in json.loads(text)["problems"][0]
        monkeypatch.undo()
    told = [json.loads(line) for line in written.getvalue().splitlines()]
    assert any("no way to" in line.get("error", "") for line in told)
    for secret in (token, token.partition(":")[2], KEY):
        assert secret not in text
        assert secret not in written.getvalue()
