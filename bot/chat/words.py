"""The words of each language, read from the .po files as they are: nothing is compiled, a further language is one file."""

from __future__ import annotations

from collections.abc import Callable
from gettext import c2py
from pathlib import Path

from babel import Locale
from babel.messages.pofile import read_po

ORIGINAL = "en"
"""The language that templates are written in; what is not translated is said in it."""

_REGIONS = {"en": "en_GB"}
"""Where a language writes its dates: day before month for English, which more readers understand."""


class Words:
    """The translations of one language."""

    def __init__(self, language: str, said: dict[tuple[str, str], tuple[str, ...]], form: Callable[[int], int]) -> None:
        self.language = language
        self.locale = Locale.parse(_REGIONS.get(language, language))
        self._said = said
        self._form = form

    def gettext(self, message: str) -> str:
        """`message` in this language."""
        return self.pgettext("", message)

    def ngettext(self, singular: str, plural: str, number: int) -> str:
        """The form of a message for this number."""
        return self.npgettext("", singular, plural, number)

    def pgettext(self, context: str, message: str) -> str:
        """`message` in this language, where it means different things in different contexts."""
        return self._said.get((context, message), (message,))[0]

    def npgettext(self, context: str, singular: str, plural: str, number: int) -> str:
        """The form of a message for this number, in a context."""
        forms = self._said.get((context, singular))
        if forms is None:
            return singular if number == 1 else plural
        return forms[self._form(number)]


def read_words(folder: Path) -> dict[str, Words]:
    """Every language that has a folder in `folder`, by its code.

    Raises:
        LookupError: the language that everything falls back to is missing.
    """
    languages = {file.parent.name: _read(file) for file in sorted(folder.glob("*/paperboy.po"))}
    if ORIGINAL not in languages:
        raise LookupError(f"no {ORIGINAL}/paperboy.po in {folder}")
    return languages


def _read(file: Path) -> Words:
    with file.open("rb") as stream:
        catalog = read_po(stream, locale=file.parent.name, abort_invalid=True)
    said: dict[tuple[str, str], tuple[str, ...]] = {}
    for message in catalog:
        forms = (message.string,) if isinstance(message.string, str) else tuple(message.string)
        name = message.id if isinstance(message.id, str) else message.id[0]
        if name and all(forms) and not message.fuzzy:
            said[message.context or "", name] = forms
    return Words(file.parent.name, said, c2py(catalog.plural_expr))
