"""Jinja2 for one language. What a message says there is looked up once, when its template is compiled: in what comes of
it the words stand as they are, and only the values are still to be put in. Messages are therefore literals."""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping, MutableMapping
from typing import Any, cast

from jinja2 import Environment, nodes
from jinja2.compiler import CodeGenerator
from jinja2.visitor import NodeTransformer
from markupsafe import Markup, escape

from bot.chat.words import Words


class _Code(CodeGenerator):
    """Templates' code that asks of a value first whether it is markup: most are, and to escape one takes several calls
    even where it is to stay as it is."""

    def _output_child_pre(self, *_: object) -> None:
        self.write("(said if type(said := ")

    def _output_child_post(self, *_: object) -> None:
        self.write(") is Markup else escape(said))")


class Translated(Environment):
    """An environment whose templates say what they say in the language of `words`. Its globals stay as they are from the
    first template on, and values are escaped unless they are markup. `functions` are what templates call by name; no
    macro may have the name of one."""

    code_generator_class = _Code

    def __init__(self, words: Words, functions: Mapping[str, Callable[..., Any]], **options: Any) -> None:
        super().__init__(autoescape=True, **options)

        def ngettext(singular: str, plural: str, number: int, **values: object) -> Markup:
            return filled(words.ngettext(singular, plural, number), num=number, **values)

        functions = {**functions, "ngettext": ngettext}
        self.filters |= {"filled": filled, **functions}
        self._translator = _Translator(words, functions)

    def make_globals(self, d: MutableMapping[str, Any] | None) -> MutableMapping[str, Any]:
        """A template's globals in one map: every render copies them, which takes long from the usual chain of maps."""
        return {**self.globals, **(d or {})}

    def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
        return cast("nodes.Template", self._translator.visit(super()._parse(source, name, filename)))


def filled(message: str, /, **values: object) -> Markup:
    """A message as markup, with the values, escaped, in the places that it names."""
    escaped = {name: value if type(value) is Markup else escape(value) for name, value in values.items()}
    return Markup(message % escaped)  # noqa: S704 - each is escaped


class _Translator(NodeTransformer):
    """Puts a language's words in the place of each `_("…")` and `pgettext("…", "…")`. Functions become filters, which
    Jinja2 calls without first asking, each time, what it has there."""

    def __init__(self, words: Words, functions: Container[str]) -> None:
        self._messages: dict[str, Callable[..., str]] = {"_": words.gettext, "pgettext": words.pgettext}
        self._functions = functions

    def visit_Call(self, call: nodes.Call) -> nodes.Node:  # noqa: N802 - Jinja2 names it so
        self.generic_visit(call)
        name = call.node.name if isinstance(call.node, nodes.Name) else ""
        if message := self._messages.get(name):
            # Also where there are no values: "%%" is "%" in every message.
            return _filter(call, "filled", nodes.Const(message(*(argument.as_const() for argument in call.args))))
        return _filter(call, name, *call.args) if name in self._functions else call


def _filter(call: nodes.Call, name: str, value: nodes.Expr, *others: nodes.Expr) -> nodes.Filter:
    """The filter of this name in the place of a call."""
    return nodes.Filter(
        value, name, list(others), call.kwargs, None, None, lineno=call.lineno, environment=call.environment
    )
