"""What a paper has to do with a chat's stated interests: which of them it names, and where."""

from __future__ import annotations

from collections.abc import Iterator

from bot.card.claims import claims_of
from bot.card.sentences import split
from bot.model import Card, Paper, Relation
from bot.rank import glossary, interests
from bot.rank.interests import Interest
from bot.rank.words import tokens


def related(card: Card, paper: Paper, stated: str) -> tuple[Relation, ...] | None:
    """The wanted interests in the free text `stated` that the paper names, the most wanted first, each with the first
    place that names it: title, abstract, or a quote of the card. () where it names none, None where none is stated."""
    wanted = [interest for interest in interests.parse(stated) if interest.weight > 0]
    if not wanted:
        return None
    places = [(place, quote, _Said(quote)) for place, quote in _places(card, paper)]
    found = []
    for interest in sorted(wanted, key=lambda each: -each.weight):
        where = next(((place, quote) for place, quote, said in places if said.names(interest)), None)
        if where is not None:
            found.append(Relation(interest.label, *where))
    return tuple(found)


def _places(card: Card, paper: Paper) -> Iterator[tuple[str, str]]:
    yield "title", paper.title
    for sentence in split(paper.abstract):
        yield "abstract", sentence
    for claim in claims_of(card):
        if claim.quote and claim.verified and claim.section:
            yield claim.section, claim.quote


class _Said:
    """A text as what can be named in it: stems in a row, and topics of the glossary."""

    def __init__(self, text: str) -> None:
        words = list(tokens(text))
        self._stems = f" {' '.join(token.stem for token in words)} "
        self._topics = {f"={found.term.name}" for found in glossary.topics_in(words)}

    def names(self, interest: Interest) -> bool:
        """Whether the text names an interest: all its topics, and every word that belongs to none of them."""
        asked = [unit for unit in interest.units if unit.startswith("=")]
        if any(unit not in self._topics for unit in asked):
            return False
        explained = {stem for topic in asked for stem in _stems_of_topic(topic)}
        words = [unit for unit in interest.units if unit[0] not in "=~@" and not set(unit.split()) <= explained]
        # Of several words that are no topic, the ones that stand together must stand together.
        wanted = [unit for unit in words if (" " in unit) is not bool(asked)] or (words if not asked else [])
        return bool(asked or wanted) and all(f" {unit} " in self._stems for unit in wanted)


def _stems_of_topic(topic: str) -> set[str]:
    term = next(term for term in glossary.topics() if f"={term.name}" == topic)
    return {token.stem for variant in term.english for token in tokens(variant)}
