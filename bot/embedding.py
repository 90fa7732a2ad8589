"""Vectors of papers and interests for ranking: kept in the database, asked of the model once, and done without where it
does not answer."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from datetime import datetime
from hashlib import sha256
from typing import Protocol

import numpy as np

from bot.config import Settings
from bot.errors import SourceError
from bot.model import Paper, Profile
from bot.pull.embeddings import EmbeddingModel
from bot.rank import interests
from bot.rank.features import Background, Features
from bot.rank.vectors import Vector, Vectors
from storage import vectors as kept_vectors
from storage.database import Database

log = logging.getLogger(__name__)

BATCH = 64
MOST_CHARACTERS = 6000
"""Of a paper's title and abstract: about 1,500 tokens, which all usual models take."""

SECONDS = 90.0
"""What ranking waits for vectors that are not there yet; the rest is asked for the next time."""

REST = 300.0
"""Seconds without asking after the model failed, so that a broken one costs nothing."""

MOST_HELD = 60_000
"""Vectors held in memory; beyond, everything is read anew from the database."""


class Model(Protocol):
    """What makes vectors."""

    name: str

    def vectors(self, texts: Sequence[str]) -> Awaitable[list[list[float]]]:
        """One vector per text; raises SourceError."""


class Embedding:
    """The vectors that ranking uses."""

    def __init__(self, db: Database, model: Model, clock: Callable[[], datetime], seconds: float = SECONDS) -> None:
        self._db = db
        self._model = model
        self._clock = clock
        self._seconds = seconds
        self._rest_until: datetime | None = None
        self._asking = asyncio.Lock()
        self.vectors = Vectors()

    async def know(self, papers: Iterable[Paper], texts: Iterable[str] = ()) -> None:
        """See to it that `vectors` has these papers and texts, as far as the model gives them in time. Never raises for
        what the model does."""
        async with self._asking:
            if len(self.vectors.papers) > MOST_HELD:
                self.vectors.papers.clear()
                self.vectors.texts.clear()
            of_papers = {
                f"paper:{paper.id}:{paper.version}": paper
                for paper in papers
                if (paper.id, paper.version) not in self.vectors.papers
            }
            of_texts = {_key(text): text for text in texts if text not in self.vectors.texts}
            if not of_papers and not of_texts:
                return
            wanted = {key: f"{paper.title}. {paper.abstract}"[:MOST_CHARACTERS] for key, paper in of_papers.items()}
            wanted.update({key: text[:MOST_CHARACTERS] for key, text in of_texts.items()})
            async with self._db.read() as conn:
                known = await kept_vectors.of(conn, self._model.name, wanted)
            self._hold({key: np.frombuffer(blob, dtype="<f2") for key, blob in known.items()}, of_papers, of_texts)
            missing = {key: text for key, text in wanted.items() if key not in known}
            if missing and not self._resting():
                await self._ask(missing, of_papers, of_texts)

    async def know_profile(self, profile: Profile) -> None:
        """The same for what a profile says: its stated interests and its papers, judged and left alone."""
        wishes = interests.parse(profile.interests)
        said = [*(one.paper for one in profile.judged), *(one.paper for one in profile.left)]
        await self.know(said, (wish.label for wish in wishes))

    async def _ask(self, missing: Mapping[str, str], papers: Mapping[str, Paper], texts: Mapping[str, str]) -> None:
        keys = list(missing)
        try:
            async with asyncio.timeout(self._seconds):
                for start in range(0, len(keys), BATCH):
                    some = keys[start : start + BATCH]
                    made = await self._model.vectors([missing[key] for key in some])
                    rows = {key: _unit(row) for key, row in zip(some, made, strict=True)}
                    async with self._db.begin() as conn:
                        blobs = {key: row.astype("<f2").tobytes() for key, row in rows.items()}
                        await kept_vectors.keep(conn, self._model.name, blobs, self._clock())
                    self._hold(rows, papers, texts)
        except SourceError as error:
            log.warning("no vectors for now, ranking by words: %s", error)
            self._rest_until = self._clock()
        except TimeoutError:
            log.info("%d texts wait for their vectors until the next ranking", len(keys))

    def _hold(self, rows: Mapping[str, Vector], papers: Mapping[str, Paper], texts: Mapping[str, str]) -> None:
        for key, row in rows.items():
            if self.vectors.length not in {0, len(row)}:
                log.warning(
                    "a vector of %d numbers is left out, the model's others have %d", len(row), self.vectors.length
                )
            elif key in papers:
                self.vectors.papers[papers[key].id, papers[key].version] = row.astype(np.float32)
            else:
                self.vectors.texts[texts[key]] = row.astype(np.float32)

    def _resting(self) -> bool:
        failed = self._rest_until
        return failed is not None and (self._clock() - failed).total_seconds() < REST


def embedding_of(settings: Settings, db: Database, clock: Callable[[], datetime]) -> Embedding | None:
    """What compares papers by an embedding model's vectors; None where no model is configured."""
    if not settings.embedding_model:
        return None
    model = EmbeddingModel(settings.embedding_model, settings.embedding_base_url, settings.embedding_api_key)
    return Embedding(db, model, clock)


async def background_of(past: Sequence[Paper], embedding: Embedding | None) -> Background:
    """Past papers as a background, with their vectors where there is a model for them."""
    if embedding is not None:
        await embedding.know(past)
    return await asyncio.to_thread(Background.of, past, embedding.vectors if embedding is not None else None)


async def features_of(papers: Sequence[Paper], background: Background, embedding: Embedding | None) -> Features:
    """Papers held against a background, with their vectors where there is a model for them."""
    if embedding is not None:
        await embedding.know(papers)
    return await asyncio.to_thread(Features.of, papers, background)


def _key(text: str) -> str:
    return f"text:{sha256(text.encode()).hexdigest()}"


def _unit(row: Sequence[float]) -> Vector:
    found = np.array(row, dtype=np.float32)
    length = float(np.linalg.norm(found))
    return found / np.float32(length) if np.isfinite(length) and length > 0 else np.zeros_like(found)
