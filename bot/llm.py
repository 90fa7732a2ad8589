"""The language model behind one function, where one is configured: pydantic-ai is imported on the first call only."""

from __future__ import annotations

import importlib.util
from collections.abc import Awaitable, Callable
from datetime import date, datetime
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, StrictUndefined

from bot.config import Settings
from bot.errors import BadSetting, BudgetSpent

if TYPE_CHECKING:
    from pydantic_ai.models import Model

MOST_TERMS = 30
LONGEST_TERM = 80
SECONDS = 60.0


def installed() -> bool:
    """Whether the extra `llm` is installed."""
    return importlib.util.find_spec("pydantic_ai") is not None


def widener(settings: Settings, clock: Callable[[], datetime]) -> Callable[[str], Awaitable[tuple[str, ...]]] | None:
    """A function that finds English search terms for stated interests; None where no model is configured.

    Raises:
        BadSetting: a model is configured, but the extra `llm` is not installed.
    """
    if not settings.llm_model:
        return None
    if not installed():
        raise BadSetting("LLM_MODEL", "a language model needs the extra: pip install '.[llm]'")
    return _Widener(settings, clock).terms


class _Widener:
    """Asks the model, and counts its tokens by the day (UTC) against LLM_DAILY_TOKENS."""

    def __init__(self, settings: Settings, clock: Callable[[], datetime]) -> None:
        self._settings = settings
        self._clock = clock
        self._day: date | None = None
        self._spent = 0

    async def terms(self, interests: str) -> tuple[str, ...]:
        """Up to 30 terms, most important first.

        Raises:
            BudgetSpent: no tokens are left today.
            Exception: whatever pydantic-ai raises for the model's service.
        """
        from pydantic_ai import Agent, UsageLimits

        today = self._clock().date()
        if today != self._day:
            self._day, self._spent = today, 0
        left = self._settings.llm_daily_tokens - self._spent
        if left <= 0:
            raise BudgetSpent
        template = files("templates").joinpath("prompts/widen.txt").read_text("utf-8")
        prompt = (
            Environment(undefined=StrictUndefined, autoescape=True).from_string(template).render(interests=interests)
        )
        agent = Agent(model(self._settings), output_type=list[str], retries=2)
        async with agent:
            result = await agent.run(
                prompt, usage_limits=UsageLimits(total_tokens_limit=left), model_settings={"timeout": SECONDS}
            )
        self._spent += result.usage.total_tokens
        terms = (" ".join(term.split()) for term in result.output)
        return tuple(dict.fromkeys(term for term in terms if 0 < len(term) <= LONGEST_TERM))[:MOST_TERMS]


def model(settings: Settings) -> Model | str:
    """The configured model: "openai:NAME" (with LLM_BASE_URL any compatible server), "anthropic:NAME", "ollama:NAME".

    Raises:
        BadSetting: LLM_MODEL names no provider that Paperboy knows.
    """
    provider, _, name = settings.llm_model.partition(":")
    if not name:
        raise BadSetting("LLM_MODEL", f"“{settings.llm_model}” has no provider; write it like openai:gpt-5-mini")
    match provider:
        case "openai":
            from pydantic_ai.models.openai import OpenAIChatModel
            from pydantic_ai.providers.openai import OpenAIProvider

            return OpenAIChatModel(
                name,
                provider=OpenAIProvider(base_url=settings.llm_base_url or None, api_key=settings.llm_api_key or "none"),
            )
        case "anthropic":
            from pydantic_ai.models.anthropic import AnthropicModel
            from pydantic_ai.providers.anthropic import AnthropicProvider

            base: dict[str, Any] = {"base_url": settings.llm_base_url} if settings.llm_base_url else {}
            return AnthropicModel(name, provider=AnthropicProvider(api_key=settings.llm_api_key or "none", **base))
        case "ollama":
            from pydantic_ai.models.openai import OpenAIChatModel
            from pydantic_ai.providers.ollama import OllamaProvider

            base_url = settings.llm_base_url or "http://127.0.0.1:11434/v1"
            return OpenAIChatModel(
                name, provider=OllamaProvider(base_url=base_url, api_key=settings.llm_api_key or None)
            )
    raise BadSetting("LLM_MODEL", f"“{provider}” is none of openai, anthropic, ollama")
