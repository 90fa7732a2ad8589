"""What several ask for at about the same time is done in one go: a group commit."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

Wish = TypeVar("Wish")
Result = TypeVar("Result")


class GroupCommit(Generic[Wish, Result]):
    """Collects wishes while the ones before are being fulfilled, and then has them fulfilled all at once; nobody waits
    for a crowd to gather.

    Args:
        fulfil: does what the wishes ask for, in their order; → a result for each. What it raises, every one of them gets.
        most: how many wishes are fulfilled at once.
    """

    def __init__(self, fulfil: Callable[[Sequence[Wish]], Awaitable[Sequence[Result]]], most: int = 200) -> None:
        self._fulfil = fulfil
        self._most = most
        self._waiting: list[tuple[Wish, asyncio.Future[Result]]] = []
        self._work: asyncio.Task[None] | None = None

    async def ask(self, wish: Wish) -> Result:
        """Have the wish fulfilled. Who is cancelled meanwhile may have had it fulfilled or not.

        Raises:
            Exception: what fulfilling it together with others raised.
        """
        future: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        self._waiting.append((wish, future))
        if self._work is None:
            self._work = asyncio.create_task(self._fulfil_all(), name="group commit")
        return await future

    async def _fulfil_all(self) -> None:
        try:
            while self._waiting:
                now, self._waiting = self._waiting[: self._most], self._waiting[self._most :]
                await self._fulfil_some(now)
        finally:
            self._work = None

    async def _fulfil_some(self, some: Sequence[tuple[Wish, asyncio.Future[Result]]]) -> None:
        try:
            results = await self._fulfil([wish for wish, _ in some])
        except Exception as error:  # noqa: BLE001 - whatever it is, those who asked are told
            for _, future in some:
                if not future.done():
                    future.set_exception(error)
        except BaseException:
            for _, future in some:
                future.cancel()
            raise
        else:
            for (_, future), result in zip(some, results, strict=True):
                if not future.done():
                    future.set_result(result)
