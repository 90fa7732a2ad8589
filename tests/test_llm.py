"""The language model, with a scripted OpenAI-compatible server at the far end."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import pytest
from aiohttp import web

from bot import llm
from bot.config import Settings
from bot.errors import BadSetting, BudgetSpent

NOW = datetime(2026, 2, 18, 8, tzinfo=UTC)


@asynccontextmanager
async def model_server(terms: list[Any], seen: list[dict[str, Any]]) -> AsyncIterator[str]:
    """An OpenAI-compatible server whose model calls its output tool with `terms`, at 700 tokens an answer."""

    async def complete(request: web.Request) -> web.Response:
        asked = await request.json()
        seen.append(asked)
        call = {"name": asked["tools"][0]["function"]["name"], "arguments": json.dumps({"response": terms})}
        message = {
            "role": "assistant",
            "content": None,
            "tool_calls": [{"id": "c1", "type": "function", "function": call}],
        }
        return web.json_response(
            {
                "id": "1",
                "object": "chat.completion",
                "created": 1,
                "model": asked["model"],
                "choices": [{"index": 0, "finish_reason": "tool_calls", "message": message}],
                "usage": {"prompt_tokens": 500, "completion_tokens": 200, "total_tokens": 700},
            }
        )

    app = web.Application()
    app.router.add_post("/v1/chat/completions", complete)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    try:
        yield f"http://{host}:{port}/v1"
    finally:
        await runner.cleanup()


async def test_interests_are_widened_to_distinct_short_terms() -> None:
    """Terms come back cleaned, each once, and the interests stand in the prompt as data."""
    seen: list[dict[str, Any]] = []
    async with model_server(["RLHF", "  preference   optimization ", "RLHF", "x" * 200, ""], seen) as url:
        settings = Settings(llm_model="openai:small", llm_base_url=url, llm_api_key="k")
        widen = llm.widener(settings, lambda: NOW)
        assert widen is not None
        assert await widen("强化学习 <对齐>") == ("RLHF", "preference optimization")
    assert "强化学习 &lt;对齐&gt;" in json.dumps(seen[0]["messages"], ensure_ascii=False)


async def test_the_days_budget_ends_the_asking() -> None:
    """Once the day's tokens are spent no further call is made, and the next day has its own."""
    seen: list[dict[str, Any]] = []
    now = [NOW]
    async with model_server(["a"], seen) as url:
        settings = Settings(llm_model="openai:small", llm_base_url=url, llm_api_key="k", llm_daily_tokens=700)
        widen = llm.widener(settings, lambda: now[0])
        assert widen is not None
        await widen("one")
        with pytest.raises(BudgetSpent):
            await widen("two")
        now[0] = now[0].replace(day=19)
        await widen("three")
    assert len(seen) == 2


def test_without_a_model_nothing_is_widened() -> None:
    """No LLM_MODEL, no widening."""
    assert llm.widener(Settings(), lambda: NOW) is None


@pytest.mark.parametrize("name", ["gpt-5", "cohere:command", "openai:"])
def test_a_model_of_no_known_provider_is_a_bad_setting(name: str) -> None:
    """The sentence names the setting."""
    with pytest.raises(BadSetting, match="LLM_MODEL"):
        llm.model(Settings(llm_model=name))
