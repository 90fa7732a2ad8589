"""Templates in every language: values in, a document out."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime, time
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from babel import Locale
from babel.core import get_global
from babel.dates import format_date, format_skeleton
from babel.numbers import format_decimal
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from jinja2.meta import find_referenced_templates
from jinja2.runtime import Macro
from markupsafe import Markup, escape

from bot.chat import callbacks
from bot.chat.causes import causes, clauses, corrigible, explained, hundredths, told
from bot.chat.document import Cells, parse, parse_cells
from bot.chat.prose import clip, prose
from bot.chat.spaces import flat
from bot.chat.translated import Translated
from bot.chat.tree import Document, inline_text, lines_of, walk
from bot.chat.words import ORIGINAL, Words, read_words

FOLDER = Path(__file__).resolve().parents[2] / "templates"

MOST_NUMBERS = 512
"""Numbers whose form in a language is kept, as a day's tables have the same upvotes in many chats."""

MOST_LABELS = 512
"""Interests and other labels that are kept in quotation marks: a table names the same few in many rows."""

MOST_DAYS = 32
"""Dates of which the same is kept: all of a day's tables are of one, and name few others."""

MOST_PASSAGES = 1024
"""Cells that macros wrote of the same values, which templates ask for by `kept`: about as many as papers appear in a day.
A macro that is imported without context knows nothing but its values, so that what it wrote stays true. Some 900 bytes
each."""

_KEPT: ContextVar[list[Cells]] = ContextVar("kept")
"""The cells that were not written anew by the render that goes on."""

_OFFSET = re.compile(r"Etc/GMT([+-])(\d{1,2})")


@dataclass(frozen=True)
class Templates:
    """All views in all languages. `topic` names a direction in a language, `category` a category as arXiv does.

    Raises:
        LookupError: the folder holds no words.
    """

    topic: Callable[[str, str], str]
    category: Callable[[str], str]
    folder: Path = FOLDER

    @cached_property
    def _environments(self) -> dict[str, Environment]:
        return {language: self._environment(words) for language, words in read_words(self.folder / "locale").items()}

    @property
    def languages(self) -> tuple[str, ...]:
        """The languages that have words."""
        return tuple(self._environments)

    def render(self, view: str, language: str, **values: object) -> Document:
        """The view as a document; a language that is not spoken here falls back to a wider one, then to English.

        Raises:
            jinja2.UndefinedError: the template names a value that was not given.
            MarkupError: the template is not of our dialect.
        """
        kept: list[Cells] = []
        _KEPT.set(kept)
        markup = self._environments[self._spoken(language)].get_template(f"{view}.html").render(**values)
        return parse(markup, kept)

    def compile(self, view: str, language: str) -> None:
        """Compile the view and all that it takes in, which the first who sees it would wait for else. May be called from
        another thread."""
        environment = self._environments[self._spoken(language)]
        waiting, seen = [f"{view}.html"], set[str]()
        while waiting:
            name = waiting.pop()
            if name in seen:
                continue
            seen.add(name)
            environment.get_template(name)
            source = (self.folder / name).read_text(encoding="utf-8")
            waiting += [part for part in find_referenced_templates(environment.parse(source)) if part is not None]

    def line(self, view: str, language: str, **values: object) -> str:
        """The view as plain text in one line."""
        document = self.render(view, language, **values)
        texts = (inline_text(line) for block in walk(document.blocks) for line in lines_of(block))
        return flat(" ".join(texts))

    def has(self, view: str) -> bool:
        """Whether there is such a view."""
        return (self.folder / f"{view}.html").is_file()

    def css(self) -> str:
        """The style of web pages."""
        return (self.folder / "page.css").read_text(encoding="utf-8")

    def _spoken(self, language: str) -> str:
        wanted = language.replace("_", "-").lower()
        spoken = {name.lower(): name for name in self._environments}
        return spoken.get(wanted) or spoken.get(wanted.split("-")[0]) or ORIGINAL

    def _environment(self, words: Words) -> Environment:
        environment = Translated(
            words,
            {"data": _data, "mark": callbacks.mark},
            loader=FileSystemLoader(self.folder),
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
        )
        environment.filters |= self._filters(words)
        environment.tests["address"] = lambda text: text.startswith(("https://", "http://"))
        return environment

    def _filters(self, words: Words) -> dict[str, Callable[..., Any]]:
        locale, language = words.locale, words.language
        listed = _lister(locale)
        return {
            "prose": prose,
            "clip": clip,
            "topic": lambda key: self.topic(key, language),
            "category": self.category,
            "listed": lambda items: listed([str(escape(item)) for item in items]),
            "quoted": lambda items: listed([_quoted(item) for item in items]),
            "incomplete": lambda listings: [listing for listing in listings if not listing.state.complete],
            "causes": causes,
            "explained": explained,
            "clauses": clauses,
            "named": _named,
            "told": told,
            "hundredths": hundredths,
            "corrigible": corrigible,
            "shorter": lambda claims, most: [claim for claim in claims if len(claim.text) <= most and claim.text],
            "longer": lambda claims, most: [claim for claim in claims if len(claim.text) > most],
            "day": lru_cache(MOST_DAYS)(lambda day: format_date(day, "full", locale=locale)),
            "short_day": lru_cache(MOST_DAYS)(lambda day: format_skeleton("MMMd", day, locale=locale)),
            "moment": lambda at, zone: _moment(at, zone, locale),
            "clock": _clock,
            "city": lambda zone: _city(zone, locale),
            "kept": _keeper(),
            "number": lru_cache(MOST_NUMBERS)(lambda number: format_decimal(number, locale=locale)),
            "autonym": _autonym,
        }


def _named(things: Iterable[Any], paper_id: str) -> Any:
    """The card or paper among `things` that is about this paper; None where none is."""
    return next(
        (one for one in things if getattr(one, "paper_id", "") == paper_id or getattr(one, "id", "") == paper_id), None
    )


def _keeper() -> Callable[..., Markup]:
    """A filter that lets a macro write cells once for the same values, and parses them then; a render that has them says
    so with a mark."""

    @lru_cache(MOST_PASSAGES, typed=True)
    def cells(macro: Macro, *values: Any) -> Cells:
        return parse_cells(macro(*values))

    def kept(macro: Macro, *values: Any) -> Markup:
        found = _KEPT.get()
        found.append(cells(macro, *values))
        return Markup(f'<kept n="{len(found) - 1}"/>')  # noqa: S704 - of a number

    return kept


def _data(press: str, **fields: Any) -> str:
    """What a button carries: `data("Unfold", paper="2602.14080v1")`."""
    return callbacks.encode(getattr(callbacks, press)(**fields))


@lru_cache(MOST_LABELS)
def _quoted(label: str) -> str:
    return f"“{prose(clip(label, 80))}”"


def _lister(locale: Locale) -> Callable[[Sequence[str]], Markup]:
    """Puts things that are markup in a row as a language names them: "a, b and c". A language that puts no spaces around
    its "and" would run it into foreign names, so there the same mark stands between all of them."""
    patterns = locale.list_patterns["standard"]
    two, start, middle, end = (str(patterns[name]) for name in ("2", "start", "middle", "end"))

    def listed(items: Sequence[str]) -> Markup:
        if len(items) < 2 or " " not in two:
            return Markup(start.format("", "").join(items))  # noqa: S704 - they are markup
        if len(items) == 2:
            return Markup(two.format(*items))  # noqa: S704 - likewise
        said = start.format(*items[:2])
        for item in items[2:-1]:
            said = middle.format(said, item)
        return Markup(end.format(said, items[-1]))  # noqa: S704 - likewise

    return listed


def _moment(at: datetime, zone: str, locale: Locale) -> str:
    local = at.astimezone(ZoneInfo(zone))
    return f"{format_skeleton('MMMEd', local, locale=locale)} {_clock(local.time())}"


def _clock(at: time) -> str:
    return f"{at:%H:%M}"


def _autonym(code: str) -> str:
    """A language's name in that language."""
    locale: Locale = Locale.parse(code)
    return locale.get_language_name(code) or code


def _city(zone: str, locale: Locale) -> str:
    """The zone's city in a language; a zone that is no city's stays what it is: UTC, EST, UTC+8."""
    offset = _OFFSET.fullmatch(zone)
    if offset is not None:
        return f"UTC{'-' if offset[1] == '+' else '+'}{offset[2]}"  # POSIX counts west of Greenwich as positive
    if "/" not in zone:
        return zone
    # CLDR names some cities under the zones' older names alone.
    older = [alias for alias, name in get_global("zone_aliases").items() if name == zone]
    known = (locale.time_zones.get(name, {}) for name in (zone, *older))
    plain = zone.rsplit("/", 1)[-1].replace("_", " ")
    return next((str(one["city"]) for one in known if "city" in one), plain)
