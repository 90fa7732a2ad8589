"""Plain text: the answer to an open question, or a paper's number, or neither."""

from __future__ import annotations

from collections.abc import Mapping

from bot.chat import follows, library, paper, settings, start, why
from bot.chat.reception import Handler
from bot.chat.visit import Visit
from bot.errors import BadPaperId

ANSWERS: Mapping[str, Handler] = {
    "interests": settings.interests,
    "categories": settings.categories,
    "time": settings.hour,
    "timezone": settings.timezone,
    "size": settings.size,
    "follow": follows.follow,
    "mute": follows.mute,
    "paper": paper.paper,
    "why": why.why,
    "search": library.search,
    "similar": library.similar,
    "setup-categories": start.categories_given,
    "setup-interests": start.interests_given,
    "setup-hour": start.hour_given,
}
"""Open question → who takes the answer; as a command's handler takes what follows the command."""

FOR_ANYBODY = (paper.paper, why.why, library.search, library.similar)
"""Answers that change no setting."""


async def in_private(visit: Visit) -> None:
    """A message that is nothing but papers' numbers answers no question but which paper."""
    answer = ANSWERS.get(visit.chat.pending)
    if answer is not None and (answer in FOR_ANYBODY or not _only_papers(visit)):
        await answer(visit)
    elif not await paper.mention(visit):
        await visit.show("not_understood")


async def in_group(visit: Visit) -> None:
    """A reply to the bot counts if a question is open and an administrator gives it; which paper to read anybody may
    say. Other talk is not for us."""
    answer = ANSWERS.get(visit.chat.pending)
    if answer is not None and (answer in FOR_ANYBODY or await visit.administers()):
        await answer(visit)


def _only_papers(visit: Visit) -> bool:
    try:
        return bool(visit.desk.reading.refs(visit.text))
    except BadPaperId:
        return False
