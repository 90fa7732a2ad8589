"""An embedding model behind OpenAI's protocol: texts → vectors."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

import aiohttp

from bot.errors import Malformed, SourceError, Throttled, Unreachable
from bot.pull.proxy import proxy_for

OPENAI = "https://api.openai.com/v1"
OLLAMA = "http://127.0.0.1:11434/v1"
MOST_TEXTS = 64
"""Texts of one request: what even small servers take at once."""

SECONDS = 60.0
MOST_BYTES = 50_000_000


class EmbeddingModel:
    """The model named like `text-embedding-3-small`, or `ollama:nomic-embed-text` for one that Ollama serves here."""

    def __init__(self, name: str, base_url: str, api_key: str, seconds: float = SECONDS) -> None:
        provider, colon, rest = name.partition(":")
        known = provider in {"openai", "ollama"} and bool(colon)
        self.name = rest if known else name
        self._url = (base_url or (OLLAMA if known and provider == "ollama" else OPENAI)).rstrip("/") + "/embeddings"
        self._host = urlsplit(self._url).netloc.rpartition("@")[2]
        self._api_key = api_key
        self._seconds = seconds

    async def vectors(self, texts: Sequence[str]) -> list[list[float]]:
        """One vector per text, in their order; at most `MOST_TEXTS` texts.

        Raises:
            SourceError: the service did not give them, in time or at all.
        """
        headers = {"Authorization": f"Bearer {self._api_key}"} if self._api_key else {}
        timeout = aiohttp.ClientTimeout(total=self._seconds)
        try:
            async with (
                aiohttp.ClientSession(timeout=timeout, headers=headers) as session,
                session.post(
                    self._url,
                    json={"model": self.name, "input": list(texts)},
                    proxy=proxy_for(self._url),
                    allow_redirects=False,
                ) as answer,
            ):
                if answer.status != 200:
                    raise self._refused(answer.status)
                body = await answer.content.read(MOST_BYTES)
                while more := await answer.content.read(MOST_BYTES):
                    body += more
                    if len(body) > MOST_BYTES:
                        raise Malformed(self._host, "too-long")
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise Unreachable(self._host, type(error).__name__.lower()) from None
        return self._read(body, len(texts))

    def _refused(self, status: int) -> SourceError:
        if status == 429:
            return Throttled(self._host, "http-429")
        if status >= 500:
            return Unreachable(self._host, f"http-{status}")
        return SourceError(
            self._host,
            f"http-{status}",
            f"{self._host} refuses to embed texts (HTTP {status}); check EMBEDDING_MODEL, EMBEDDING_BASE_URL and "
            "EMBEDDING_API_KEY.",
        )

    def _read(self, body: bytes, wanted: int) -> list[list[float]]:
        try:
            found: Any = json.loads(body)
            rows = sorted(found["data"], key=lambda row: int(row["index"]))
            made = [[float(number) for number in row["embedding"]] for row in rows]
        except (ValueError, KeyError, TypeError) as error:
            raise Malformed(self._host, type(error).__name__.lower()) from None
        if len(made) != wanted or len({len(row) for row in made}) > 1 or not all(made):
            raise Malformed(self._host, "wrong-count")
        return made
