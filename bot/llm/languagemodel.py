"""One question to the language model: within the day's budget, on record before and after, never paid for twice."""

from __future__ import annotations

import asyncio
import hashlib
import json
import logging
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, time, timedelta
from typing import Any, Protocol, TypeVar

from bot.card.llm.parts import tokens_of
from bot.config import Settings
from bot.errors import BudgetSpent, ModelFailed
from bot.llm import providers
from bot.llm.answering import LIMITS
from bot.llm.process import Process
from storage import codec, model_calls
from storage.database import Database

log = logging.getLogger(__name__)

T = TypeVar("T")

ANSWERS_KEPT = timedelta(days=7)
CLOSES_WITHIN = 5.0
"""Seconds that an answer under way is waited for when the program ends, so that it need not be paid for again."""


LOOKS_EVERY = 1.0
"""Seconds between two looks whether another program has its answer."""


class Answers(Protocol):
    """Whoever answers questions: the process beside this one, or a recorded model."""

    async def ask(self, question: Mapping[str, object]) -> dict[str, Any]:
        """The reply, as bot/llm/answering.py describes it."""
        ...

    async def close(self) -> None:
        """Stop answering."""
        ...


class LanguageModel:
    """The configured model. What it was asked, what that took and what it answered is in the database; an answer is kept
    for a week, so that an analysis which is interrupted goes on where it was."""

    def __init__(
        self,
        settings: Settings,
        db: Database,
        clock: Callable[[], datetime],
        answers: Answers | None = None,
        *,
        shared: bool = False,
    ) -> None:
        """The model of `settings`; `answers` stands in for it. `shared` tells that other programs work on this database,
        whose calls under way are waited for.

        Raises:
            BadSetting: LLM_MODEL names no provider that Paperboy knows, or the extra `llm` is not installed.
        """
        provider, name = providers.checked(settings)
        configuration = {
            "provider": provider,
            "name": name,
            "base_url": settings.llm_base_url or providers.BASE_URLS[provider],
            "api_key": settings.llm_api_key,
            "timeout": settings.llm_timeout,
        }
        self.name = f"{provider}:{name}"
        self.context = providers.context(settings)
        self.budget = settings.llm_daily_tokens
        self._db = db
        self._clock = clock
        self._longest = LIMITS * settings.llm_timeout
        self._answers = answers or Process(configuration, self._longest)
        self._shared = shared
        self._calls: dict[str, asyncio.Task[dict[str, Any]]] = {}
        self._closing = False

    async def ask(self, purpose: str, system: str, prompt: str, shape: type[T]) -> T:
        """The model's answer in the shape of a dataclass; a question that was answered within a week is not asked again,
        and two who ask the same at once share one call. A cancelled asker does not end the call.

        Raises:
            BudgetSpent: the day's tokens do not suffice.
            ModelFailed: no usable answer came; the cause says why ("context": the prompt is too long for the model).
        """
        place = f"{shape.__module__}:{shape.__qualname__}"
        key = hashlib.sha256(json.dumps([self.name, place, system, prompt]).encode()).hexdigest()
        call = self._calls.get(key)
        if call is None:
            call = self._calls[key] = asyncio.create_task(self._call(key, purpose, system, prompt, place))
            call.add_done_callback(lambda done: self._forget(key, done))
        answer = await asyncio.shield(call)
        try:
            return codec.decode(shape, answer)
        except ValueError as error:
            raise ModelFailed("failed", f"The language model's answer has another shape: {error}") from error

    async def spent_today(self) -> model_calls.Spent:
        """What today's calls (UTC) took so far."""
        async with self._db.read() as conn:
            return await model_calls.spent(conn, self._clock().astimezone(UTC).date())

    async def close(self) -> None:
        """Wait a little for answers under way, then stop."""
        self._closing = True
        if self._calls:
            await asyncio.wait(self._calls.values(), timeout=CLOSES_WITHIN)
        for call in tuple(self._calls.values()):
            call.cancel()
        await asyncio.gather(*self._calls.values(), return_exceptions=True)
        await self._answers.close()

    def _forget(self, key: str, done: asyncio.Task[dict[str, Any]]) -> None:
        del self._calls[key]
        if not done.cancelled():
            done.exception()  # whoever asked may have gone: nobody else looks at it

    async def _call(self, key: str, purpose: str, system: str, prompt: str, place: str) -> dict[str, Any]:
        estimate = tokens_of(system) + tokens_of(prompt)
        while (begun := await self._begin(key, purpose, estimate)) is None:  # noqa: ASYNC110 - another program tells nobody
            await asyncio.sleep(LOOKS_EVERY)
        if isinstance(begun, dict):
            return begun
        number, left = begun
        question = {"system": system, "prompt": prompt, "shape": place, "tokens": left}
        try:
            reply = await self._answers.ask(question)
        except ModelFailed as error:
            await self._end(number, error.cause, None)
            raise
        wrong = reply.get("error")
        await self._end(number, wrong["cause"] if wrong else model_calls.ANSWERED, reply)
        if wrong:
            raise _failure(wrong)
        answer: dict[str, Any] = reply["answer"]
        return answer

    async def _begin(self, key: str, purpose: str, estimate: int) -> tuple[int, int] | dict[str, Any] | None:
        """Note the call, and → its number and the tokens that are left for it; the answer where it is known already; None
        while another program asks the same. One that ended without a word is not waited for longer than an answer may
        take."""
        now = self._clock().astimezone(UTC)
        async with self._db.begin() as conn:
            await model_calls.alone(conn)
            known = await model_calls.answer(conn, key)
            if known is not None:
                return known
            since = now - timedelta(seconds=self._longest)
            if self._shared and await model_calls.under_way(conn, key, since):
                return None
            left = self.budget - (await model_calls.spent(conn, now.date())).tokens
            if left < estimate or left <= 0:
                midnight = datetime.combine(now.date() + timedelta(days=1), time(), UTC)
                raise BudgetSpent((midnight - now).total_seconds())
            if self._closing:
                raise ModelFailed("failed", "The program is ending.")
            await model_calls.drop_answers(conn, now.date() - ANSWERS_KEPT)
            number = await model_calls.begin(
                conn, question=key, model=self.name, purpose=purpose, day=now.date(), at=now, estimate=estimate
            )
        return number, left

    async def _end(self, number: int, state: str, reply: Mapping[str, Any] | None) -> None:
        tokens = (reply["input_tokens"], reply["output_tokens"]) if reply is not None else None
        if tokens == (0, 0) and state == "timeout":
            tokens = None  # it may well have been charged
        async with self._db.begin() as conn:
            await model_calls.end(
                conn,
                number,
                state=state,
                at=self._clock(),
                tokens=tokens,
                cost=reply["cost"] if reply is not None else None,
                answer=reply.get("answer") if reply is not None else None,
            )


def _failure(error: Mapping[str, Any]) -> ModelFailed:
    if error["cause"] == "budget":
        return BudgetSpent()
    return ModelFailed(
        error["cause"],
        f"The language model gave no answer: {error['sentence']}.",
        error["retry_after"],
        everywhere=error["everywhere"],
    )
