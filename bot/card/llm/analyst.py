"""The analyst that asks a language model, in passes: read, choose, criticise, rate. What it says is checked by code."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol, TypeVar

from bot.card.claims import claims_of
from bot.card.llm import prompts
from bot.card.llm.claims import MOST, Checker, equations_of, rated
from bot.card.llm.parts import parts_of, table_text, tokens_of
from bot.card.llm.shapes import Choice, Criticism, Notes, Ratings
from bot.errors import ModelFailed
from bot.model import Card, Claim, FullText, Paper, Source

log = logging.getLogger(__name__)

T = TypeVar("T")
Progress = Callable[[Card], Awaitable[None]]

INSTRUCTIONS = 2_600
"""Tokens that the instructions and the shape of the longest question take."""
MOST_OUTPUT = 8_000
HALVINGS = 3
PARTS_AT_ONCE = 3
MOST_STATEMENTS = 40
LONGEST_QUOTE = 300


class Ask(Protocol):
    """Asks the model one question; its answer comes in the shape of a dataclass, or ModelFailed is raised."""

    async def __call__(self, purpose: str, system: str, prompt: str, shape: type[T]) -> T:
        """The answer."""
        ...


class ModelAnalyst:
    """Reads papers with a model. `name` is the model's ("openai:gpt-5-mini"), `context` the tokens it takes at once."""

    def __init__(self, ask: Ask, name: str, context: int) -> None:
        self._ask = ask
        self._context = context
        self.name = f"llm:{name}"
        self.maker = f"{self.name}#{prompts.VERSION}"

    async def card(self, paper: Paper, text: FullText, local: Card, progress: Progress) -> Card:
        """The card of a paper in the language of `local`, the local analyst's card of the same text; `progress` is
        awaited with what is ready and checked so far.

        Raises:
            ModelFailed: the model gave none; the cause says why.
        """
        checker = await asyncio.to_thread(Checker, paper, text, local)
        reading = _Reading(self._ask, self._context, paper, text, local)
        notes = await reading.notes()
        shown = await asyncio.to_thread(lambda: checker.checked(checker.read(notes, self.name)))
        await progress(shown)
        if text.source is not Source.ABSTRACT:  # of an abstract there is nothing to criticise
            criticism = await reading.criticism(_statements(shown))
            read = shown
            shown = await asyncio.to_thread(lambda: checker.checked(checker.criticised(read, criticism)))
            await progress(shown)
        statements = _statements(shown)
        ratings = await reading.ratings(statements, shown) if statements else Ratings()
        return await asyncio.to_thread(lambda: checker.checked(rated(shown, ratings, statements)))


class _Reading:
    """The questions about one paper."""

    def __init__(self, ask: Ask, context: int, paper: Paper, text: FullText, local: Card) -> None:
        self._ask = ask
        self._paper = paper
        self._text = text
        self._mark = prompts.mark_of(text)
        self._system = prompts.system(local.language, self._mark)
        self._facts = prompts.facts(local.checklist)
        self._equations = _within(
            [(f"E{n}", equation.latex) for n, equation in enumerate(equations_of(text), 1)],
            context // 10,
            lambda each: tokens_of(each[1]) + 5,
        )
        given = sum(tokens_of(fact) + 2 for fact in self._facts) + sum(
            tokens_of(latex) + 5 for _, latex in self._equations
        )
        self._room = context - min(MOST_OUTPUT, context // 4) - INSTRUCTIONS - given
        self._parts: tuple[str, ...] = ()

    async def notes(self) -> Notes:
        """What the paper says; a text that turns out too long for the model is read in smaller parts."""
        for _ in range(HALVINGS):
            self._parts = await asyncio.to_thread(parts_of, self._text, self._room)
            try:
                return await self._merged(await self._read_parts())
            except ModelFailed as error:
                if error.cause != "context":
                    raise
                log.info("%s is too long for the model in %d parts", self._paper.versioned_id, len(self._parts))
                self._room = min(self._room, max(map(tokens_of, self._parts))) // 2
        raise ModelFailed("failed", "The text is too long for the language model; set LLM_CONTEXT.")

    async def _read_parts(self) -> list[Notes]:
        at_once = asyncio.Semaphore(PARTS_AT_ONCE)

        async def read(part: int) -> Notes:
            async with at_once:
                return await self._ask("card", self._system, prompts.read(**self._given(part)), Notes)

        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(_quietly(read(part))) for part in range(len(self._parts))]
        answers = [task.result() for task in tasks]
        for answer in answers:
            if isinstance(answer, ModelFailed):
                raise answer
        return [answer for answer in answers if isinstance(answer, Notes)]

    def _given(self, part: int) -> dict[str, object]:
        return {
            "title": self._paper.title,
            "part": part + 1,
            "parts": len(self._parts),
            "mark": self._mark,
            "text": self._parts[part],
            "facts": self._facts,
            "equations": self._equations,
        }

    async def _merged(self, read: Sequence[Notes]) -> Notes:
        """One part's notes, or of several parts' the ones that the model chooses; its words stay as they are."""
        if len(read) == 1:
            return read[0]
        notes = [(name, said) for name in MOST for each in read for said in getattr(each, name)]
        listed = [(n, name, said.text) for n, (name, said) in enumerate(notes, 1)]
        listed = _within(listed, self._room, lambda each: tokens_of(each[2]) + 8)
        kept: tuple[int, ...] = ()
        if any(sum(name == field for _, field, _ in listed) > most for name, most in MOST.items()):
            asked = prompts.choose(title=self._paper.title, notes=listed, most=max(MOST.values()))
            try:
                kept = (await self._ask("card", self._system, asked, Choice)).keep
            except ModelFailed as error:
                if error.everywhere:
                    raise
                log.info("nothing was chosen of the notes on %s: %s", self._paper.versioned_id, error)
        order = [n for n in dict.fromkeys(kept) if 1 <= n <= len(notes)]
        order += [n for n in range(1, len(notes) + 1) if n not in set(order)]
        chosen = {name: tuple(notes[n - 1][1] for n in order if notes[n - 1][0] == name)[: MOST[name]] for name in MOST}
        return Notes(
            **chosen,
            equations=tuple(dict.fromkeys(each for one in read for each in one.equations)),
            impact_kind=next((one.impact_kind for one in read if one.impact_kind), ""),
        )

    async def criticism(self, statements: Sequence[Claim]) -> Criticism:
        """What speaks for and against the paper: by its text where that is in one piece, else by the checked statements
        and its tables."""
        if len(self._parts) == 1 and tokens_of(self._parts[0]) + _size(statements) <= self._room:
            try:
                return await self._criticism(statements, self._parts[0], "")
            except ModelFailed as error:
                if error.cause != "context":
                    raise
        return await self._criticism(statements, "", self._tables(self._room - _size(statements)))

    async def _criticism(self, statements: Sequence[Claim], text: str, tables: str) -> Criticism:
        given = self._given(0) | {"text": text, "equations": (), "tables": tables, "statements": _lines(statements)}
        return await self._ask("card", self._system, prompts.criticise(**given), Criticism)

    def _tables(self, tokens: int) -> str:
        tables = [table_text(table) for section in self._text.sections for table in section.tables]
        return "\n\n".join(_within(tables, tokens, tokens_of))

    async def ratings(self, statements: Sequence[Claim], card: Card) -> Ratings:
        """Stars for what was checked; the paper's text is not shown again."""
        problems = [problem for problem in card.critique.problems if problem.point.verified]
        asked = prompts.rate(self._paper.title, _lines(statements), problems, self._facts)
        return await self._ask("card", self._system, asked, Ratings)


async def _quietly(asking: Awaitable[Notes]) -> Notes | ModelFailed:
    """The answer, or the failure as a value: the other parts' answers are paid for, so nobody cancels them."""
    try:
        return await asking
    except ModelFailed as error:
        return error


def _within(items: Sequence[T], tokens: int, size: Callable[[T], int]) -> list[T]:
    """The first items that take no more than so many tokens."""
    kept, used = [], 0
    for item in items:
        used += size(item)
        if used > tokens:
            break
        kept.append(item)
    return kept


def _statements(card: Card) -> list[Claim]:
    """What was verified, in the order of the card; problems are told apart, and names alone state nothing."""
    tried = card.experiments
    others = {problem.point for problem in card.critique.problems}
    others |= {*tried.baselines, *tried.datasets, *tried.metrics}
    return [claim for claim in claims_of(card) if claim.verified and claim not in others][:MOST_STATEMENTS]


def _lines(statements: Sequence[Claim]) -> list[str]:
    return [
        f"{n}. {claim.text}"
        + ("" if claim.quote == claim.text else f" “{claim.quote[:LONGEST_QUOTE]}”")
        + f" [{claim.section}]"
        for n, claim in enumerate(statements, 1)
    ]


def _size(statements: Sequence[Claim]) -> int:
    return sum(tokens_of(line) + 1 for line in _lines(statements))
