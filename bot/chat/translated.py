"""Jinja2 for one language. What a message says there is looked up once, when its template is compiled: in what comes of
it the words stand as they are, and only the values are still to be put in. Messages are therefore literals."""

from __future__ import annotations

from collections.abc import Callable, MutableMapping
from typing import Any, cast

from jinja2 import Environment, nodes
from jinja2.visitor import NodeTransformer
from markupsafe import Markup, escape

from bot.chat.words import Words


class Translated(Environment):
    """An environment whose templates say what they say in the language of `words`. Its globals stay as they are from the
    first template on."""

    def __init__(self, words: Words, **options: Any) -> None:
        super().__init__(**options)
        self._translator = _Translator(words)
        self.filters["filled"] = filled
        self.globals["ngettext"] = lambda singular, plural, number, **values: filled(
            words.ngettext(singular, plural, number), num=number, **values
        )

    def make_globals(self, d: MutableMapping[str, Any] | None) -> MutableMapping[str, Any]:
        """A template's globals in one map: every render copies them, which takes long from the usual chain of maps."""
        return {**self.globals, **(d or {})}

    def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
        return cast("nodes.Template", self._translator.visit(super()._parse(source, name, filename)))


def filled(message: str, /, **values: object) -> Markup:
    """A message as markup, with the values, escaped, in the places that it names."""
    return Markup(message % {name: escape(value) for name, value in values.items()})  # noqa: S704 - each is escaped


class _Translator(NodeTransformer):
    """Puts a language's words in the place of each `_("…")` and `pgettext("…", "…")`."""

    def __init__(self, words: Words) -> None:
        self._messages: dict[str, Callable[..., str]] = {"_": words.gettext, "pgettext": words.pgettext}

    def visit_Call(self, call: nodes.Call) -> nodes.Node:  # noqa: N802 - Jinja2 names it so
        self.generic_visit(call)
        message = self._messages.get(call.node.name) if isinstance(call.node, nodes.Name) else None
        if message is None:
            return call
        said = nodes.Const(message(*(argument.as_const() for argument in call.args)))
        # Also where there are no values: "%%" is "%" in every message.
        return nodes.Filter(
            said, "filled", [], call.kwargs, None, None, lineno=call.lineno, environment=call.environment
        )
