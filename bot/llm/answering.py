"""What runs in the model's own process: questions come in as lines of JSON, answers go out as lines of JSON.

In: first the configuration {"provider", "name", "base_url", "api_key", "timeout"}, then questions {"id", "system",
"prompt", "shape": "module:Class", "tokens"} and {"cancel": id}. Out: {"id", "answer"} or {"id", "error": {"cause",
"sentence", "retry_after", "everywhere"}}, both with {"input_tokens", "output_tokens", "cost"}; `cost` is in US dollars
and null where nobody knows the price. `tokens` is the most that all tries for one answer may use.

Shapes are dataclasses whose fields all have defaults; one with a method `lacks() -> str` is asked once more for what it
lacks. No error's sentence quotes the service, which may repeat the key.
"""

from __future__ import annotations

import asyncio
import dataclasses
import importlib
import json
import os
import re
import sys
import warnings
from contextlib import suppress
from functools import partial
from typing import IO, TYPE_CHECKING, Any

if TYPE_CHECKING:
    from anthropic import AsyncAnthropic
    from openai import AsyncOpenAI
    from pydantic_ai.models import Model
    from pydantic_ai.settings import ModelSettings
    from pydantic_ai.usage import RunUsage

TRIES = 3
"""Answers that are asked for until one has the right shape."""
LONGEST_PAUSE = 15.0
"""Seconds that a short "wait" of the service is waited for; a longer one is an answer too."""
TOOL = "answer"
LONGEST_LINE = 64 * 2**20
LIMITS = 4
"""How many time limits of one request a whole question may take: several tries, or a service that trickles."""
ANTHROPIC_OUTPUT = 8_000

_SWALLOWED = re.compile(
    r"[\b\f\r](?=[A-Za-z])"  # these stand in no text but as what JSON made of \beta, \frac, \rho
    r"|\t(?=heta|au\b|ext|imes|ilde|riangle|op\b|o\b|frac|anh|an\b|r\b)"
    r"|\n(?=abla|eq\b|e\b|eg\b|u\b|ot\b|otin|mid\b)"
)
_LETTERS = {"\b": "b", "\f": "f", "\n": "n", "\r": "r", "\t": "t"}
_ESCAPE = re.compile(r'\\(u[0-9a-fA-F]{4}|["\\/bfnrt])?')


def main() -> None:
    """Answer until stdin ends."""
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever libraries print must not stand between the answers
    warnings.simplefilter("ignore")
    asyncio.run(_serve(out))


async def _serve(out: IO[bytes]) -> None:
    reader = asyncio.StreamReader(limit=LONGEST_LINE)
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    answerer = Answerer(json.loads(await reader.readline()))
    tasks: dict[int, asyncio.Task[None]] = {}

    async def answer(question: dict[str, Any]) -> None:
        reply = await answerer.reply(question)
        out.write(json.dumps({"id": question["id"], **reply}).encode() + b"\n")
        out.flush()

    while line := await reader.readline():
        asked = json.loads(line)
        if "cancel" in asked:
            if (task := tasks.get(asked["cancel"])) is not None:
                task.cancel()
            continue
        task = tasks[asked["id"]] = asyncio.create_task(answer(asked))
        task.add_done_callback(partial(_drop, tasks, asked["id"]))
    for task in tuple(tasks.values()):
        task.cancel()
    await asyncio.gather(*tasks.values(), return_exceptions=True)
    await answerer.close()


def _drop(tasks: dict[int, asyncio.Task[None]], number: int, _: asyncio.Task[None]) -> None:
    tasks.pop(number, None)


class Answerer:
    """One configured model. It is asked by its tools; one that has none is asked for plain JSON from then on."""

    def __init__(self, configuration: dict[str, Any], model: Model | None = None) -> None:
        self._name = f"{configuration['provider']}:{configuration['name']}"
        self._timeout = float(configuration["timeout"])
        self._model: Model
        self._client: AsyncOpenAI | AsyncAnthropic | None
        self._model, self._client = (model, None) if model is not None else made(configuration)
        self._has_tools = True

    async def close(self) -> None:
        """Close the connections."""
        if self._client is not None:
            await self._client.close()

    async def reply(self, question: dict[str, Any]) -> dict[str, Any]:
        """The answer to a question, or why there is none; what it took stands beside both."""
        from pydantic_ai.usage import RunUsage

        usage = RunUsage()
        try:
            async with asyncio.timeout(LIMITS * self._timeout):
                reply = {"answer": await self._answer(question, usage)}
        except Exception as error:  # noqa: BLE001 - whatever it is, whoever asked must be told
            reply = {"error": told(error)}
        cost = self._cost(usage)
        return {**reply, "input_tokens": usage.input_tokens, "output_tokens": usage.output_tokens, "cost": cost}

    async def _answer(self, question: dict[str, Any], usage: RunUsage) -> dict[str, Any]:
        from pydantic_ai.exceptions import ModelAPIError

        again = True
        while True:
            try:
                return await self._ask(question, usage)
            except ModelAPIError as error:
                if self._has_tools and _about_tools(error):
                    self._has_tools = False
                    continue
                pause = _pause(error)
                if not again or pause is None:
                    raise
                again = False
                await asyncio.sleep(pause)

    async def _ask(self, question: dict[str, Any], usage: RunUsage) -> dict[str, Any]:
        from pydantic_ai import Agent, ModelRetry, PromptedOutput, ToolOutput, UsageLimits, capture_run_messages
        from pydantic_ai.capabilities import Hooks

        module, _, name = question["shape"].partition(":")
        shape = getattr(importlib.import_module(module), name)
        agent: Agent[object, Any] = Agent(
            self._model,
            output_type=ToolOutput(shape, name=TOOL) if self._has_tools else PromptedOutput(shape),
            instructions=question["system"],
            retries=TRIES - 1,
            capabilities=[
                Hooks(before_output_validate=_repair, after_model_request=_understood if self._has_tools else _willing)
            ],
        )

        @agent.output_validator
        def complete(answer: Any) -> Any:
            lacks = answer.lacks() if hasattr(answer, "lacks") else ""
            if lacks:
                raise ModelRetry(lacks)
            return answer

        with capture_run_messages() as messages:
            try:
                result = await agent.run(
                    question["prompt"],
                    usage=usage,
                    usage_limits=UsageLimits(total_tokens_limit=question["tokens"], request_limit=TRIES + 1),
                    model_settings=self._settings(),
                )
            except Exception as error:
                if refused(messages):
                    raise Refused from error
                raise
        return dataclasses.asdict(result.output)

    def _settings(self) -> ModelSettings:
        settings: ModelSettings = {"timeout": self._timeout}
        if self._name.startswith("anthropic:"):
            settings["max_tokens"] = ANTHROPIC_OUTPUT
        return settings

    def _cost(self, usage: RunUsage) -> float | None:
        """What the tokens cost by the price list that comes with the library; a model on one's own machine costs
        nothing that anybody could tell."""
        provider, _, name = self._name.partition(":")
        if provider == "ollama":
            return None
        try:
            from genai_prices import calc_price

            return float(calc_price(usage, name, provider_id=provider).total_price)
        except Exception:  # noqa: BLE001 - an unknown model, or usage that the list has no price for
            return None


def made(configuration: dict[str, Any]) -> tuple[Model, AsyncOpenAI | AsyncAnthropic]:
    """The model of a configuration, and the client that it speaks through. Redirects are not followed and nothing is read from the environment but a proxy, so
    that requests go to the configured host alone."""
    name, base, key = configuration["name"], configuration["base_url"], configuration["api_key"] or "none"
    if configuration["provider"] == "anthropic":
        from anthropic import AsyncAnthropic, DefaultAsyncHttpxClient
        from pydantic_ai.models.anthropic import AnthropicModel
        from pydantic_ai.providers.anthropic import AnthropicProvider

        http = DefaultAsyncHttpxClient(follow_redirects=False)
        client = AsyncAnthropic(base_url=base.removesuffix("/v1"), api_key=key, max_retries=0, http_client=http)
        return AnthropicModel(name, provider=AnthropicProvider(anthropic_client=client)), client
    from openai import AsyncOpenAI
    from openai import DefaultAsyncHttpxClient as Http
    from pydantic_ai.models.openai import OpenAIChatModel
    from pydantic_ai.providers.ollama import OllamaProvider
    from pydantic_ai.providers.openai import OpenAIProvider

    own = AsyncOpenAI(base_url=base, api_key=key, max_retries=0, http_client=Http(follow_redirects=False))
    provider = OllamaProvider if configuration["provider"] == "ollama" else OpenAIProvider
    return OpenAIChatModel(name, provider=provider(openai_client=own)), own


# --------------------------------------------------------------------------- what came back


async def _repair(_: object, *, output_context: object, output: str | dict[str, Any]) -> str | dict[str, Any]:  # noqa: ARG001 - pydantic-ai's signature
    """An answer as it was meant: see `repaired`; one beyond repair stays, so that the model is told what is wrong."""
    try:
        return repaired(output)
    except ValueError:
        return output


async def _willing(_: object, *, request_context: object, response: Any) -> Any:  # noqa: ARG001 - pydantic-ai's signature
    """The response, unless the service says that it is none."""
    if response.finish_reason == "content_filter":
        raise Refused
    return response


async def _understood(_: object, *, request_context: object, response: Any) -> Any:
    """The response, unless the service says that it is none; an object that the model wrote as words where it should have
    called its tool is taken for the call."""
    from pydantic_ai.messages import TextPart, ToolCallPart

    response = await _willing(_, request_context=request_context, response=response)
    if any(isinstance(part, ToolCallPart) for part in response.parts):
        return response
    words = "".join(part.content for part in response.parts if isinstance(part, TextPart))
    with suppress(ValueError):
        response.parts = [ToolCallPart(TOOL, repaired(words))]
    return response


def repaired(output: str | dict[str, Any]) -> dict[str, Any]:
    """A JSON object as it was meant: LaTeX whose backslashes break or vanish in JSON, fences around it, an end that is
    missing; what is null is left out, so that its default counts.

    Raises:
        ValueError: it is no JSON object, and cannot be made one.
    """
    match _parsed(output) if isinstance(output, str) else output:
        case dict() as parsed:
            return {key: _cleaned(item) for key, item in parsed.items() if item is not None}
    raise ValueError("not an object")


def _parsed(text: str) -> Any:
    from pydantic_core import from_json

    text = text[max(text.find("{"), 0) :]  # words or a fence may stand before and after it
    decoder = json.JSONDecoder(strict=False)
    for written in (text, escaped := _ESCAPE.sub(lambda found: found[0] if found[1] else "\\\\", text)):
        try:
            return decoder.raw_decode(written)[0]
        except ValueError:
            continue
    return from_json(escaped, allow_partial=True)


def _cleaned(value: Any) -> Any:
    match value:
        case str():
            return _SWALLOWED.sub(lambda found: "\\" + _LETTERS[found[0]], value).strip()
        case dict():
            return {key: _cleaned(item) for key, item in value.items() if item is not None}
        case list():
            return [_cleaned(item) for item in value if item is not None]
    return value


class Refused(Exception):
    """The model said in words that it will not, where it should have answered."""


def refused(messages: list[Any]) -> bool:
    """Whether the last answer is words without any object, or says itself that it is a refusal."""
    from pydantic_ai.messages import ModelResponse, TextPart, ToolCallPart

    last = next((message for message in reversed(messages) if isinstance(message, ModelResponse)), None)
    if last is None:
        return False
    words = " ".join(part.content for part in last.parts if isinstance(part, TextPart))
    return bool(words.strip()) and "{" not in words and not any(isinstance(part, ToolCallPart) for part in last.parts)


# --------------------------------------------------------------------------- what went wrong


def told(error: Exception) -> dict[str, Any]:
    """A failure as its cause, a sentence that quotes nobody, the seconds after which to ask again (null: nobody knows),
    and whether it is about the model itself."""
    from pydantic_ai import exceptions as of

    kinds: tuple[tuple[tuple[type[Exception], ...], str, str, float | None, bool], ...] = (
        ((TimeoutError, of.ModelTimeoutError, of.ModelRequestTimeout), "timeout", "no answer in time", None, True),
        ((of.ModelQuotaExceededError,), "throttled", "its account has no quota left", 3600.0, True),
        ((of.ModelRateLimitError, of.ModelOverloadedError), "throttled", "it asks to slow down", None, True),
        ((of.ContentFilterError, Refused), "refused", "it refused", None, False),
        ((of.UsageLimitExceeded,), "budget", "today's tokens do not suffice", None, False),
        ((of.ModelContextWindowExceededError,), "context", "the text is too long for it; set LLM_CONTEXT", None, False),
        ((of.ModelAuthenticationError,), "failed", "it does not accept LLM_API_KEY", 600.0, True),
        ((of.ModelNotFoundError,), "failed", "LLM_BASE_URL has no such model", 600.0, True),
        ((of.ModelHTTPError,), "failed", "it answered with an error", None, True),
        ((of.ModelConnectionError,), "failed", "it cannot be reached, or broke off", None, True),
        ((of.UnexpectedModelBehavior,), "failed", f"{TRIES} answers could not be used", None, False),
        ((Exception,), "failed", f"its answer could not be used, {type(error).__name__}", None, False),
    )
    cause, sentence, pause, everywhere = next(rest for types, *rest in kinds if isinstance(error, types))
    status = f" ({code})" if (code := getattr(error, "status_code", None)) else ""
    return {
        "cause": cause,
        "sentence": f"{sentence}{status}",
        "retry_after": getattr(error, "retry_after", None) or pause,
        "everywhere": everywhere,
    }


def _about_tools(error: Exception) -> bool:
    """Whether a service says that this model knows no tools, or must not be forced to use one."""
    if getattr(error, "status_code", None) not in (400, 404, 422, 500, 501):
        return False
    said = f"{getattr(error, 'body', '')} {error}".lower()
    return "tool" in said or "function call" in said


def _pause(error: Exception) -> float | None:
    """Seconds after which a request is worth a second try at once; None where it is not."""
    from pydantic_ai import exceptions as kinds

    if isinstance(error, kinds.ModelTimeoutError | kinds.ModelQuotaExceededError):
        return None
    retry_after = getattr(error, "retry_after", None)
    passing = getattr(error, "status_code", 0) in (429, 500, 502, 503, 504, 529)
    unsent = isinstance(error, kinds.ModelConnectionError) and error.phase in ("pool", "connect")
    if passing or unsent:  # what was sent may have been paid for
        return None if (retry_after or 0) > LONGEST_PAUSE else retry_after or 1.0
    return None


if __name__ == "__main__":
    main()
