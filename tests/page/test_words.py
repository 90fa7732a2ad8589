"""The page's own words, in both languages."""

from __future__ import annotations

import json
import re

from bot.playground.page import FOLDER


def test_the_words_of_the_page_are_there_in_both_languages() -> None:
    """Chinese has every word that English has, with the same gaps to fill."""
    words = json.loads((FOLDER / "words.json").read_text("utf-8"))
    english, chinese = words["en"], words["zh"]
    assert english.keys() == chinese.keys()
    for name, said in english.items():
        assert sorted(re.findall(r"\{\w+\}", said)) == sorted(re.findall(r"\{\w+\}", chinese[name])), name


def test_every_word_is_used_and_no_other() -> None:
    """No script asks for a word that is not there, and no word is left over."""
    scripts = "\n".join(file.read_text("utf-8") for file in FOLDER.glob("*.js"))
    used = set(re.findall(r"(?<!/)\bwords\.(\w+)", scripts)) | {"member", "members", "subscriber", "subscribers"}
    assert used == set(json.loads((FOLDER / "words.json").read_text("utf-8"))["en"])
