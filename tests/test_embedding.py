"""Vectors of an embedding model: asked for once, kept in the database, joined with the words, and done without."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from typing import Any

import numpy as np
import pytest
from aiohttp import web

from bot.embedding import Embedding
from bot.errors import Malformed, SourceError, Throttled, Unreachable
from bot.model import ChatKind, JudgedPaper, Profile, VerdictKind
from bot.pull.embeddings import EmbeddingModel
from bot.rank.features import Background, Features
from bot.rank.score import score
from bot.rankings import Rankings
from storage import chats, listings
from storage.database import Database
from tests.support import builders as a
from tests.support.builders import DAY, NOW, paper

THEMES = ("cats purr at night", "dogs bark at dawn", "birds sing in spring")


class Service:
    """A server that speaks OpenAI's protocol; texts on the same theme get nearly the same vector."""

    def __init__(self) -> None:
        self.asked: list[list[str]] = []
        self.keys: list[str] = []
        self.status = 200
        self.answer: Any = None
        self.url = ""

    async def embed(self, request: web.Request) -> web.Response:
        """The vectors, last text first, as a server may give them."""
        body = await request.json()
        self.asked.append(body["input"])
        self.keys.append(request.headers.get("Authorization", ""))
        if self.answer is not None:
            return web.json_response(self.answer)
        data = [{"index": at, "embedding": self.vector(text)} for at, text in enumerate(body["input"])]
        return web.json_response({"data": data[::-1]}, status=self.status)

    def vector(self, text: str) -> list[float]:
        """A direction for each animal in the text, and a little of the text itself."""
        animals = [3.0 * (word in text) for word in ("cat", "dog", "bird")]
        return [*animals, 1.0, (len(text) % 7) / 50]


@pytest.fixture
async def service() -> AsyncIterator[Service]:
    """A running service."""
    made = Service()
    application = web.Application()
    application.router.add_post("/v1/embeddings", made.embed)
    runner = web.AppRunner(application)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    made.url = f"http://127.0.0.1:{runner.addresses[0][1]}/v1"
    yield made
    await runner.cleanup()


def model(service: Service, name: str = "openai:small", seconds: float = 20.0) -> EmbeddingModel:
    """The client of that service."""
    return EmbeddingModel(name, service.url, "sesame", seconds)


async def test_texts_become_vectors_in_their_order(service: Service) -> None:
    """Whatever order a server answers in, each text has its own vector; the key goes along, the provider's name not."""
    found = await model(service).vectors(["a cat", "a dog"])
    assert [row.index(max(row)) for row in found] == [0, 1]
    assert service.keys == ["Bearer sesame"]
    assert model(service).name == "small"
    assert EmbeddingModel("vendor/model:8b", service.url, "").name == "vendor/model:8b"


@pytest.mark.parametrize(
    ("status", "answer", "error"),
    [
        (429, None, Throttled),
        (503, None, Unreachable),
        (401, None, SourceError),
        (200, {"data": []}, Malformed),
        (200, {"data": [{"index": 0, "embedding": ["x"]}]}, Malformed),
        (200, ["nothing"], Malformed),
    ],
)
async def test_every_refusal_has_its_error(
    service: Service, status: int, answer: object, error: type[SourceError]
) -> None:
    """What is wrong is said in one sentence, without the key."""
    service.status, service.answer = status, answer
    with pytest.raises(error) as caught:
        await model(service).vectors(["a cat"])
    assert "sesame" not in str(caught.value)


async def test_nobody_answering_is_unreachable() -> None:
    """A refused connection is an error of its kind, not a crash."""
    with pytest.raises(Unreachable):
        await EmbeddingModel("m", "http://127.0.0.1:9/v1", "").vectors(["a cat"])


async def test_a_text_is_asked_for_once(db: Database, service: Service) -> None:
    """What the database has is not asked for again, in this program or the next; a new version of a paper is."""
    papers = [paper(n) for n in range(1, 101)]
    first = Embedding(db, model(service), lambda: NOW)
    await first.know(papers, ["cats"])
    assert sorted(map(len, service.asked)) == [37, 64]
    await first.know(papers, ["cats"])
    again = Embedding(db, model(service), lambda: NOW)
    await again.know(papers, ["cats"])
    assert len(service.asked) == 2
    assert np.allclose(again.vectors.texts["cats"], first.vectors.texts["cats"], atol=1e-3)
    assert len(again.vectors.papers) == 100
    await again.know([paper(1, version=2)])
    assert len(service.asked) == 3
    await Embedding(db, model(service, "other"), lambda: NOW).know([paper(1)])
    assert len(service.asked) == 4


async def test_a_broken_model_is_left_in_peace_for_a_while(db: Database, service: Service) -> None:
    """After a failure ranking goes on by words, and five minutes later the model is asked again."""
    now = [NOW]
    embedding = Embedding(db, model(service), lambda: now[0])
    service.status = 500
    await embedding.know([paper(1)])
    await embedding.know([paper(1), paper(2)])
    assert len(service.asked) == 1
    assert embedding.vectors.papers == {}
    service.status = 200
    now[0] += timedelta(minutes=6)
    await embedding.know([paper(1), paper(2)])
    assert len(embedding.vectors.papers) == 2


async def test_a_slow_model_is_not_waited_for(db: Database) -> None:
    """What is not there in time is done without."""

    class Slow:
        name = "slow"

        async def vectors(self, texts: Sequence[str]) -> list[list[float]]:
            await asyncio.sleep(60)
            return [[1.0] for _ in texts]

    embedding = Embedding(db, Slow(), lambda: NOW, seconds=0.05)
    await embedding.know([paper(1)])
    assert embedding.vectors.papers == {}


async def test_vectors_of_another_length_are_left_out(db: Database, service: Service) -> None:
    """A server that changes its model under the same name spoils nothing."""
    embedding = Embedding(db, model(service), lambda: NOW)
    await embedding.know([paper(1)])
    service.answer = {"data": [{"index": 0, "embedding": [1.0, 2.0]}]}
    await embedding.know([paper(2)])
    assert list(embedding.vectors.papers) == [(paper(1).id, 1)]


async def test_dense_vectors_join_the_words(db: Database, service: Service) -> None:
    """A paper that shares no word with the interests or a liked paper rises by its vector, and the shares still add up."""
    past = [paper(n, title=f"Study {n}", abstract=THEMES[n % 3]) for n in range(1, 241)]
    day = [
        paper(901, title="Whiskers", abstract="catlike creatures"),
        paper(902, title="Tails", abstract="doglike creatures"),
    ]
    embedding = Embedding(db, model(service), lambda: NOW)
    await embedding.know([*past, *day], ["purring"])
    embedding.vectors.texts["purring"] = embedding.vectors.papers[past[2].id, 1]
    words = Features.of(day, Background.of(past))
    dense = Features.of(day, Background.of(past, embedding.vectors))
    for profile in (Profile(interests="purring"), Profile(judged=(JudgedPaper(past[2], 1, VerdictKind.LIKE, NOW),))):
        plain = score(words, profile, {}, {}, NOW).scores
        joined = score(dense, profile, {}, {}, NOW)
        assert joined.scores[0] - joined.scores[1] > plain[0] - plain[1] + 0.05
        for one in joined:
            assert sum(reason.share for reason in one.reasons) == pytest.approx(one.score, abs=1e-9)


async def test_rankings_use_the_model_and_live_without_it(db: Database, service: Service) -> None:
    """The same papers are ranked with the model, with a broken model and without one."""
    async with db.begin() as conn:
        await listings.save_page(conn, a.page(new=range(1, 60), date=a.day(-1)), NOW)
        await listings.save_page(conn, a.page(new=range(100, 130)), NOW)
        await listings.save_poll(conn, a.poll())
        chat = await chats.ensure(conn, 1, 0, ChatKind.PRIVATE, "", {}, NOW)
    day = [paper(n) for n in range(100, 130)]
    profile = Profile(interests="cats, dogs", judged=(JudgedPaper(paper(3), 1, VerdictKind.LIKE, NOW),))
    for status in (200, 500):
        service.status = status
        embedding = Embedding(db, model(service, f"model-{status}"), lambda: NOW)
        rankings = Rankings(db, lambda: NOW, embedding=embedding)
        ranking = await rankings.rank(chat.id, profile, day, [("cs.LG", DAY)])
        assert len(ranking) == 30
        assert bool(embedding.vectors.papers) is (status == 200)
        assert np.isfinite(ranking.scores).all()
        await rankings.close()
