"""The language model, where one is configured: questions out, answers in a given shape back, all of it on account.

languagemodel  one question to the model: within the day's budget, never paid for twice
process        the process beside this one in which the model's library runs
answering      what runs in it: pydantic-ai, the dialects, validation and repair
providers      what can be configured, and what is known of it
judging        a word on the first papers of a ranking
widening       English search terms for a chat's stated interests

The library takes seconds to import, some of them in one piece, and a hundred megabytes: in a process of its own it
holds up nobody, and goes when it is not needed.
"""

from __future__ import annotations

from bot.llm.judging import judge_with
from bot.llm.languagemodel import LanguageModel
from bot.llm.providers import checked, installed
from bot.llm.widening import widener

__all__ = ["LanguageModel", "checked", "installed", "judge_with", "widener"]
