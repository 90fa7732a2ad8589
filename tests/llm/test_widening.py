"""Stated interests become search terms, with a scripted model at the far end."""

from __future__ import annotations

from datetime import UTC, datetime

from bot import llm
from bot.config import Settings
from storage.database import Database
from tests.support.model_server import Answer, model_server

NOW = datetime(2026, 2, 18, 8, tzinfo=UTC)


async def test_interests_are_widened_to_distinct_short_terms(db: Database) -> None:
    """Terms come back cleaned, each once, and the interests stand in the prompt as data."""
    terms = ["RLHF", "  preference   optimization ", "RLHF", "x" * 200, ""]
    async with model_server(lambda _: Answer({"terms": terms})) as server:
        settings = Settings(llm_model="openai:small", llm_base_url=server.url, llm_api_key="k")
        widen = llm.widener(llm.LanguageModel(settings, db, lambda: NOW, server.beside(settings)))
        assert widen is not None
        assert await widen("强化学习 <对齐>") == ("RLHF", "preference optimization")
    assert "强化学习 &lt;对齐&gt;" in server.asked[0].prompt


def test_without_a_model_nothing_is_widened() -> None:
    """No LLM_MODEL, no widening."""
    assert llm.widener(None) is None
