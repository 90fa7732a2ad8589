"""What the templates say, gathered for the catalogues: `python -m tests.support.words` brings every .po file up to date.

New messages come in untranslated, changed ones keep their old translation marked as fuzzy, dropped ones go.
"""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po, write_po
from jinja2.ext import babel_extract

TEMPLATES = Path(__file__).resolve().parents[2] / "templates"
LOCALE = TEMPLATES / "locale"
_KEYWORDS = {"_": None, "gettext": None, "ngettext": (1, 2), "pgettext": ((1, "c"), 2), "npgettext": ((1, "c"), 2, 3)}
_ORDER = {"pgettext": 1, "npgettext": 1}


def template_words() -> Catalog:
    """Every message of every template, in a stable order, with the templates that say it."""
    catalog = Catalog(project="Paperboy", charset="utf-8")
    for file in sorted(TEMPLATES.rglob("*.html")):
        for function, message, context in _messages(file):
            name = message if function in ("ngettext", "npgettext") else message[0]
            catalog.add(name, locations=[(file.relative_to(TEMPLATES).as_posix(), 0)], context=context)
    return catalog


def _messages(file: Path) -> Iterator[tuple[str, tuple[str, ...], str | None]]:
    options = {"trimmed": "true", "trim_blocks": "true", "lstrip_blocks": "true", "silent": "false"}
    with file.open("rb") as stream:
        for _, function, found, _ in babel_extract(stream, list(_KEYWORDS), (), options):
            given = (found,) if isinstance(found, str) else found or ()
            texts = tuple(text for text in given if isinstance(text, str))
            context = texts[0] if function in _ORDER else None
            yield function, texts[1:] if context is not None else texts, context


def catalogue(language: str) -> Catalog:
    """A language's catalogue as it stands."""
    with (LOCALE / language / "paperboy.po").open("rb") as stream:
        return read_po(stream, locale=language, abort_invalid=True)


def main() -> None:
    """Bring every catalogue up to date."""
    said = template_words()
    for folder in sorted(path for path in LOCALE.iterdir() if path.is_dir()):
        file = folder / "paperboy.po"
        known = catalogue(folder.name) if file.exists() else Catalog(locale=folder.name, charset="utf-8")
        known.update(said, no_fuzzy_matching=False)
        buffer = BytesIO()
        write_po(
            buffer, known, width=120, omit_header=True, ignore_obsolete=True, include_lineno=False, sort_by_file=True
        )
        file.write_text(_header(known) + buffer.getvalue().decode(), encoding="utf-8")


def _header(catalog: Catalog) -> str:
    """Only what a reader of the file needs, so that two runs write the same."""
    return (
        "# What Paperboy says. Each template marks its words; this file holds them in one language.\n"
        'msgid ""\nmsgstr ""\n'
        f'"Language: {catalog.locale_identifier}\\n"\n'
        f'"Plural-Forms: {catalog.plural_forms}\\n"\n'
        '"Content-Type: text/plain; charset=utf-8\\n"\n\n'
    )


if __name__ == "__main__":
    main()
