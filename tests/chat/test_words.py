"""Every view in every language, and the catalogues that hold the words."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jinja2 import UndefinedError

from bot import errors
from bot.chat.classic import messages
from bot.chat.templating import Templates
from bot.chat.tree import Document
from tests.support.telegram_html import read
from tests.support.views import ERRORS, VIEWS
from tests.support.words import LOCALE, TEMPLATES, catalogue, template_words

LANGUAGES = tuple(sorted(folder.name for folder in LOCALE.iterdir() if folder.is_dir()))
PLACEHOLDER = re.compile(r"%\((\w+)\)s")
HAN = re.compile("[\u4e00-\u9fff]")
CHAT = Path(__file__).resolve().parents[2] / "bot" / "chat"

# Views that are a name, a number or a mark, and nothing to translate.
WORDLESS = {"verdict", "tag"}

templates = Templates(lambda key, language: f"{key} ({language})", lambda code: f"Name of {code}")


def latex_line(latex: str) -> str:
    """Formulas as they are."""
    return latex


def shown(document: Document) -> str:
    """What a person sees of a document; it must be something that Telegram takes."""
    parts = messages(document, latex_line)
    assert parts
    return "\n".join(read(part.html).text for part in parts)


def test_there_are_english_and_chinese() -> None:
    """Both languages are there from the first day."""
    assert templates.languages == LANGUAGES == ("en", "zh")


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(("view", "values"), VIEWS, ids=[f"{at}-{view}" for at, (view, _) in enumerate(VIEWS)])
def test_every_view_can_be_shown_in_every_language(view: str, values: dict[str, Any], language: str) -> None:
    """No view names an unknown value, breaks our dialect or is empty, whatever state it shows; Chinese is Chinese."""
    text = shown(templates.render(view, language, **values))
    if language == "zh" and view not in WORDLESS:
        assert HAN.search(text), text


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("error", ERRORS, ids=[f"{at}-{type(error).__name__}" for at, error in enumerate(ERRORS)])
def test_every_error_is_a_sentence(error: errors.PaperboyError, language: str) -> None:
    """Each error that a chat may meet is told in its language, in one line."""
    text = shown(templates.render(_view_of(type(error)), language, error=error))
    assert "\n" not in text
    assert text.endswith((".", "。", "taxonomy", "reasoning", "推理"))
    assert bool(HAN.search(text)) is (language == "zh")


def _kinds(kind: type[errors.PaperboyError]) -> Iterator[type[errors.PaperboyError]]:
    yield kind
    for narrower in kind.__subclasses__():
        yield from _kinds(narrower)


# Told by the command line, where there is no chat to tell it in.
OUTSIDE_OF_CHATS = {"ModelFailed", "BudgetSpent", "BadSetting", "BadToken", "AlreadyRunning", "CannotWrite"}


def test_every_error_of_the_tree_has_its_sentence() -> None:
    """What a chat can run into is never told in the general words of the root."""
    general = {
        kind.__name__
        for kind in _kinds(errors.PaperboyError)
        if kind is not errors.PaperboyError and _view_of(kind) == "errors/error"
    }
    assert general <= OUTSIDE_OF_CHATS


def _view_of(kind: type[errors.PaperboyError]) -> str:
    codes = [wider.code for wider in kind.__mro__ if issubclass(wider, errors.PaperboyError)]
    return next(view for code in codes if templates.has(view := f"errors/{code}"))


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_catalogues_hold_what_the_templates_say(language: str) -> None:
    """No word is missing in a catalogue, none is left over (`python -m tests.support.words` brings them up to date)."""
    said = {(message.context, message.id) for message in template_words() if message.id}
    held = {(message.context, message.id) for message in catalogue(language) if message.id}
    assert held == said


def test_every_message_is_translated_with_its_placeholders() -> None:
    """Every message has its Chinese, and each value that the English names is named there as well."""
    for message in catalogue("zh"):
        if not message.id:
            continue
        singular, *plural = (message.id,) if isinstance(message.id, str) else message.id
        forms = (message.string,) if isinstance(message.string, str) else message.string
        assert not message.fuzzy, message.id
        for form in forms:
            assert form, message.id
            assert sorted(PLACEHOLDER.findall(form)) == sorted(PLACEHOLDER.findall((plural or [singular])[0])), form


def test_a_language_that_is_not_spoken_falls_back() -> None:
    """Regions fall back to their language, unknown languages to English."""
    for asked, spoken in (("zh-hans", "zh"), ("zh_CN", "zh"), ("EN-us", "en"), ("de", "en"), ("", "en")):
        assert templates.line("toasts/folded", asked) == templates.line("toasts/folded", spoken)


def test_a_misspelt_value_is_an_error() -> None:
    """A template that names what it was not given fails in a test, not in a chat."""
    with pytest.raises(UndefinedError):
        templates.render("folded", "en")


def test_no_word_for_people_stands_in_python() -> None:
    """What a chat reads comes from templates: no sentence in bot/chat reaches Telegram as a literal."""
    telling = {"reply", "edit", "say", "send_message", "edit_message_text", "answer", "BotCommand", "Button"}
    found = []
    for file in sorted(CHAT.glob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "attr", getattr(node.func, "id", "")) in telling:
                words = [*node.args, *(keyword.value for keyword in node.keywords if keyword.arg in ("text", "label"))]
                found += [
                    f"{file.name}:{one.lineno}: {one.value}"
                    for one in words
                    if isinstance(one, ast.Constant)
                    and isinstance(one.value, str)
                    and re.search(r"[^\W\d_]{2}", one.value)
                ]
    assert found == []


def test_every_template_is_shown_by_a_test() -> None:
    """A new view without an example here is noticed."""
    names = {file.relative_to(TEMPLATES).with_suffix("").as_posix() for file in TEMPLATES.rglob("*.html")}
    views = {name for name in names if not name.startswith(("parts/", "errors/"))}
    assert views == {view for view, _ in VIEWS}
    assert {name for name in names if name.startswith("errors/")} == {_view_of(type(error)) for error in ERRORS}
