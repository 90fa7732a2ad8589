"""A bare client of the Bot API, for asking exactly what a test wants to ask."""

from __future__ import annotations

import json
from typing import Any

import aiohttp


class BotApi:
    """Calls methods at `url` with `token`; answers are (status, body, headers)."""

    def __init__(self, session: aiohttp.ClientSession, url: str, token: str) -> None:
        self.session = session
        self.url = url
        self.token = token

    async def raw(self, method: str, **options: Any) -> tuple[int, dict[str, Any], dict[str, str]]:
        """One POST with aiohttp's options (data, json, …)."""
        async with self.session.post(f"{self.url}/bot{self.token}/{method}", **options) as response:
            return response.status, await response.json(), dict(response.headers)

    async def ok(self, method: str, **values: Any) -> Any:
        """The result of a call that must succeed."""
        status, body, _ = await self.raw(method, data=form(values))
        assert (status, body["ok"]) == (200, True), body
        return body["result"]

    async def refused(self, method: str, **values: Any) -> tuple[int, str]:
        """Code and description of a call that must be refused."""
        status, body, _ = await self.raw(method, data=form(values))
        assert body["ok"] is False, body
        assert status == body["error_code"]
        return status, body["description"]


def form(values: dict[str, Any]) -> dict[str, str]:
    """Values as form fields: what is no text goes as JSON."""
    return {name: value if isinstance(value, str) else json.dumps(value) for name, value in values.items()}


def keyboard(*rows: list[tuple[str, str]]) -> dict[str, Any]:
    """An inline keyboard from rows of (label, data)."""
    return {"inline_keyboard": [[{"text": label, "callback_data": data} for label, data in row] for row in rows]}
