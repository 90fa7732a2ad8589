"""What can be configured as a language model, and what is known of it before it is asked."""

from __future__ import annotations

import importlib.util
import re

from bot.config import Settings
from bot.errors import BadSetting

BASE_URLS = {
    "openai": "https://api.openai.com/v1",
    "anthropic": "https://api.anthropic.com",
    "ollama": "http://127.0.0.1:11434/v1",
}
"""Where each provider's models answer, unless LLM_BASE_URL says otherwise."""

_CONTEXTS = (
    (r"gpt-4\.1|gemini", 1_000_000),
    (r"gpt-[5-9]|grok-4", 400_000),
    (r"claude|\bo[134]\b|o4-mini", 200_000),
    (
        r"gpt-4o|gpt-4-turbo|llama-?3\.[123]|qwen-?(?:2\.5|3)|deepseek|mistral|kimi|glm|phi-[34]|gemma-?3|gpt-oss",
        128_000,
    ),
    (r"gpt-3\.5", 16_000),
)
_SMALL = 8_000
_USUAL = 32_000


def installed() -> bool:
    """Whether the extra `llm` is installed."""
    return importlib.util.find_spec("pydantic_ai") is not None


def checked(settings: Settings) -> tuple[str, str]:
    """The provider and the model's name that LLM_MODEL names: "openai:NAME" (with LLM_BASE_URL any compatible server),
    "anthropic:NAME" or "ollama:NAME".

    Raises:
        BadSetting: it names no provider that Paperboy knows, or the extra `llm` is not installed.
    """
    provider, _, name = settings.llm_model.partition(":")
    if not name:
        raise BadSetting("LLM_MODEL", f"“{settings.llm_model}” has no provider; write it like openai:gpt-5-mini")
    if provider not in BASE_URLS:
        raise BadSetting("LLM_MODEL", f"“{provider}” is none of {', '.join(BASE_URLS)}")
    if not installed():
        raise BadSetting("LLM_MODEL", "a language model needs the extra: pip install '.[llm]'")
    return provider, name


def context(settings: Settings) -> int:
    """How many tokens the model takes at once: LLM_CONTEXT, else what models of that name usually take. Ollama cuts
    silently what exceeds its own setting, so little is assumed there."""
    if settings.llm_context:
        return settings.llm_context
    provider, _, name = settings.llm_model.partition(":")
    if provider == "ollama":
        return _SMALL
    return next((size for pattern, size in _CONTEXTS if re.search(pattern, name.lower())), _USUAL)
