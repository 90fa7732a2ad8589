"""A server that speaks OpenAI's and Anthropic's dialect, whose model answers what a test wants: well, wrongly, or not."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from bot.config import Settings
from bot.llm import providers
from bot.llm.answering import Answerer


@dataclass(frozen=True)
class Asked:
    """One request as the model sees it: `fields` are those of the shape it is to answer in, {} where it is asked for plain
    words; `forced` is whether it must use its tool."""

    dialect: str
    system: str
    prompt: str
    fields: Mapping[str, Any]
    turns: int
    headers: Mapping[str, str]
    body: Mapping[str, Any]


@dataclass(frozen=True)
class Answer:
    """The model calls its tool: with an object, or with the very text it sends as arguments. `cut` ends the connection in
    the middle of it."""

    arguments: Mapping[str, Any] | str
    cut: bool = False


@dataclass(frozen=True)
class Words:
    """The model says something instead; `refusal` by the dialect's own sign."""

    text: str
    refusal: bool = False


@dataclass(frozen=True)
class Status:
    """The server answers with an error."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Mapping[str, Any] = field(default_factory=lambda: {"error": {"message": "no", "type": "error"}})


@dataclass(frozen=True)
class Silence:
    """Nothing is said for so many seconds, then the connection ends."""

    seconds: float


Reply = Answer | Words | Status | Silence
Script = Callable[[Asked], Reply]

INPUT_TOKENS, OUTPUT_TOKENS = 500, 200
"""What every answer takes, by the server's word."""


@dataclass
class ModelServer:
    """The server's address and what it was asked so far; `script` decides each reply."""

    script: Script
    url: str = ""
    asked: list[Asked] = field(default_factory=list)
    besides: list[Beside] = field(default_factory=list)

    def beside(self, settings: Settings) -> Beside:
        """Who answers in the test's own process; its connections close with the server."""
        made = Beside(settings)
        self.besides.append(made)
        return made

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """The answer to any POST."""
        asked = _asked(request, await request.json())
        self.asked.append(asked)
        reply = self.script(asked)
        match reply:
            case Status():
                return web.json_response(dict(reply.body), status=reply.status, headers=dict(reply.headers))
            case Silence():
                await asyncio.sleep(reply.seconds)
                _hang_up(request)
                return web.Response()
        body = (_openai if asked.dialect == "openai" else _anthropic)(asked, reply)
        if isinstance(reply, Answer) and reply.cut:
            whole = json.dumps(body).encode()
            response = web.StreamResponse(
                headers={"Content-Type": "application/json", "Content-Length": str(len(whole))}
            )
            await response.prepare(request)
            await response.write(whole[: len(whole) // 2])
            _hang_up(request)
            return response
        return web.json_response(body)


def _hang_up(request: web.Request) -> None:
    if request.transport is not None:
        request.transport.close()


def _asked(request: web.Request, body: dict[str, Any]) -> Asked:
    openai = request.path.endswith("/chat/completions")
    tools = body.get("tools") or []
    schema = (tools[0]["function"]["parameters"] if openai else tools[0]["input_schema"]) if tools else {}
    messages = body["messages"]
    system = _text(body.get("system", "")) + " ".join(
        _text(each["content"]) for each in messages if each["role"] in ("system", "developer")
    )
    prompt = next(_text(each["content"]) for each in messages if each["role"] == "user")
    turns = sum(each["role"] == "assistant" for each in messages)
    return Asked(
        "openai" if openai else "anthropic",
        system,
        prompt,
        schema.get("properties", {}),
        turns,
        dict(request.headers),
        body,
    )


def _text(content: Any) -> str:
    if isinstance(content, str):
        return content
    return " ".join(part.get("text", "") for part in content)


def _openai(asked: Asked, reply: Answer | Words) -> dict[str, Any]:
    message: dict[str, Any] = {"role": "assistant", "content": None}
    if isinstance(reply, Words):
        message["refusal" if reply.refusal else "content"] = reply.text
    elif not asked.fields:
        message["content"] = _arguments(reply)
    else:
        name = asked.body["tools"][0]["function"]["name"]
        message["tool_calls"] = [
            {"id": "c1", "type": "function", "function": {"name": name, "arguments": _arguments(reply)}}
        ]
    return {
        "id": "1",
        "object": "chat.completion",
        "created": 1,
        "model": asked.body["model"],
        "choices": [{"index": 0, "finish_reason": "stop", "message": message}],
        "usage": {
            "prompt_tokens": INPUT_TOKENS,
            "completion_tokens": OUTPUT_TOKENS,
            "total_tokens": INPUT_TOKENS + OUTPUT_TOKENS,
        },
    }


def _anthropic(asked: Asked, reply: Answer | Words) -> dict[str, Any]:
    content: dict[str, Any]
    if isinstance(reply, Words):
        content = {"type": "text", "text": reply.text}
    else:
        arguments = reply.arguments
        if isinstance(arguments, str):  # this dialect has no text to break: what is no object arrives as a string
            try:
                arguments = json.loads(arguments)
            except ValueError:
                arguments = {"text": arguments}
        content = {"type": "tool_use", "id": "t1", "name": asked.body["tools"][0]["name"], "input": arguments}
    stop = "refusal" if isinstance(reply, Words) and reply.refusal else "end_turn"
    return {
        "id": "1",
        "type": "message",
        "role": "assistant",
        "model": asked.body["model"],
        "content": [content],
        "stop_reason": "tool_use" if isinstance(reply, Answer) else stop,
        "stop_sequence": None,
        "usage": {"input_tokens": INPUT_TOKENS, "output_tokens": OUTPUT_TOKENS},
    }


def _arguments(reply: Answer) -> str:
    return reply.arguments if isinstance(reply.arguments, str) else json.dumps(reply.arguments)


@asynccontextmanager
async def model_server(script: Script) -> AsyncIterator[ModelServer]:
    """The server, up until the block ends."""
    server = ModelServer(script)
    app = web.Application()
    app.router.add_post("/{path:.*}", server.answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    server.url = f"http://{host}:{port}/v1"
    try:
        yield server
    finally:
        for beside in server.besides:
            await beside.close()
        await runner.cleanup()


class Beside:
    """Whoever answers in the model's process, but in this one: the same code without the seconds of its start."""

    def __init__(self, settings: Settings) -> None:
        provider, name = providers.checked(settings)
        self._answerer = Answerer(
            {
                "provider": provider,
                "name": name,
                "base_url": settings.llm_base_url,
                "api_key": settings.llm_api_key,
                "timeout": settings.llm_timeout,
            }
        )

    async def ask(self, question: Mapping[str, object]) -> dict[str, Any]:
        """The reply, after a way through JSON like the other's."""
        reply: dict[str, Any] = json.loads(json.dumps(await self._answerer.reply(dict(question))))
        return reply

    async def close(self) -> None:
        """Close the connections."""
        await self._answerer.close()
