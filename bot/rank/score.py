"""Every paper of the day with its score for one profile and the reasons for it, whose shares add up to the score.

A score is a plain sum: stated interests, likeness to what was liked and disliked, follows, categories, and heat where
the topic fits. About 1 is a strong match. With every like the verdicts say more and the stated interests less.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from math import log1p

import numpy as np
from numpy.typing import NDArray

from bot.model import FollowKind, Heat, MuteKind, Profile, ReasonKind
from bot.rank import glossary, interests
from bot.rank.asked import Asked, Shares
from bot.rank.corrections import ruled_out
from bot.rank.features import Features
from bot.rank.interests import Interest
from bot.rank.people import same_person, same_place
from bot.rank.ranking import Named, Parts, Ranking
from bot.rank.taste import TASTE_SCALE, Taste, learn
from bot.rank.words import tokens

AUTHOR_SHARE = 1.0
INSTITUTION_SHARE = 0.6
FURTHER_SHARE = 0.2
"""What each further followed author or institution of the same paper adds."""

PRIMARY_SHARE = 0.05
CROSS_SHARE = 0.02
HEAT_SHARE = 0.4
HEAT_FULL = 200
"""Upvotes from which heat does not grow further."""

FITTING = 0.6
"""What interests, verdicts and follows must add up to for heat to count in full."""


def score(
    features: Features,
    profile: Profile,
    heat: Mapping[str, Heat],
    organizations: Mapping[str, Sequence[str]],
    now: datetime,
    taste: Taste | None = None,
) -> Ranking:
    """The papers of `features` scored for `profile`, in their order.

    `heat` has the newest reading of those papers that have one, `organizations` the institutions of those whose are
    known. `taste` is what `learn` made of the same profile and background, where somebody kept it; without, it is made
    here.

    Raises:
        ValueError: the taste belongs to another background.
    """
    wishes = wishes_of(profile)
    taste = taste_of(features, profile, now, taste)
    stated, named = _stated(features, wishes, taste.likes if taste else 0)
    dropped = ruled_out(profile, ReasonKind.INTEREST)
    stated[:, [at for at, wish in enumerate(wishes) if wish.label in dropped]] = 0.0
    wanted = wanted_categories(profile)
    heat = {} if ruled_out(profile, ReasonKind.HEAT) else heat
    liked = TASTE_SCALE * taste.drawn.of(features.likeness) if taste and taste.drawn else None
    disliked = TASTE_SCALE * taste.put_off.of(features.likeness) if taste and taste.put_off else None
    follows = followed(features, profile, organizations)
    nothing = np.zeros(len(features.papers))
    fit = stated.sum(axis=1) + (liked if liked is not None else 0.0) + (disliked if disliked is not None else 0.0)
    for at, names in follows.items():
        fit[at] += sum(name.share for name in names)
    knows = bool(wishes) or taste is not None or bool(profile.follows)
    parts = Parts(
        interests=tuple(wish.label for wish in wishes),
        stated=stated,
        named=named,
        liked=nothing if liked is None else liked,
        disliked=nothing if disliked is None else disliked,
        followed=follows,
        categories=wanted,
        at_home=in_categories(features, wanted),
        heat=grown_heat(features.place, heat, len(fit)) * (np.clip(fit / FITTING, 0.0, 1.0) if knows else 1.0),
        upvotes=upvotes(features, heat),
        muted=muted(features, profile),
    )
    return Ranking(features, taste, parts)


def wishes_of(profile: Profile) -> tuple[Interest, ...]:
    """What the profile asks for in words: its stated interests, and search terms that widen them."""
    return (*interests.parse(profile.interests), *interests.widened(profile.widened))


def taste_of(features: Features, profile: Profile, now: datetime, kept: Taste | None) -> Taste | None:
    """The kept taste, or what the profile's verdicts teach where none was kept.

    Raises:
        ValueError: the taste belongs to another background.
    """
    if kept is not None and kept.background is not features.background:
        raise ValueError("the taste was learned against another background than the features'")
    return kept or (learn(features.background, profile, now) if profile.judged else None)


def wanted_categories(profile: Profile) -> tuple[str, ...]:
    """The chat's categories that were not ruled out as a reason."""
    out = ruled_out(profile, ReasonKind.CATEGORY)
    return tuple(name for name in profile.categories if name not in out)


def _stated(features: Features, wishes: tuple[Interest, ...], likes: int) -> tuple[Shares, NDArray[np.bool_]]:
    """Papers × interests: what each stated interest adds, and whether the paper's own words name it."""
    if not wishes or not len(features.papers):
        nothing = np.zeros((len(features.papers), len(wishes)))
        return nothing, nothing > 0
    return Asked.of(features.background, wishes).shares(features, likes)


def followed(
    features: Features, profile: Profile, organizations: Mapping[str, Sequence[str]]
) -> dict[int, tuple[Named, ...]]:
    """What followed authors and institutions add, by the paper's place."""
    found: defaultdict[int, list[Named]] = defaultdict(list)
    for kind, full in ((FollowKind.AUTHOR, AUTHOR_SHARE), (FollowKind.INSTITUTION, INSTITUTION_SHARE)):
        names = [follow.value for follow in profile.follows if follow.kind is kind]
        for name in names:
            places = _written_by(features, name) if kind is FollowKind.AUTHOR else _from(features, name, organizations)
            for at in places:
                further = any(one.kind is kind for one in found[at])
                found[at].append(Named(kind, name, FURTHER_SHARE if further else full))
    return {at: tuple(found[at]) for at in sorted(found)}


def _written_by(features: Features, name: str) -> tuple[int, ...]:
    """The places of the papers that somebody of this name wrote, looked up once for all chats."""
    return features.keep(
        ("author", name),
        lambda: tuple(
            at for at, paper in enumerate(features.papers) if any(same_person(name, author) for author in paper.authors)
        ),
    )


def _from(features: Features, name: str, organizations: Mapping[str, Sequence[str]]) -> list[int]:
    """The places of the papers that come from an institution of this name."""
    return [
        at
        for at, paper_id in enumerate(features.ids)
        if any(same_place(name, place) for place in organizations.get(paper_id, ()))
    ]


def in_categories(features: Features, wanted: Sequence[str]) -> Shares:
    """What the chat's categories add to each paper."""
    shares = np.zeros(len(features.papers))
    for places, share in ((features.listed, CROSS_SHARE), (features.home, PRIMARY_SHARE)):
        for category in wanted:
            if category in places:
                shares[places[category]] = share
    return shares


def grown_heat(place: Mapping[str, int], heat: Mapping[str, Heat], count: int) -> Shares:
    """What heat adds to each of so many papers where the topic fits in full: it grows with the logarithm of the upvotes."""
    grown = np.zeros(count)
    full = log1p(HEAT_FULL)
    for paper_id, reading in heat.items():
        at = place.get(paper_id)
        if at is not None:
            grown[at] = min(log1p(max(reading.upvotes, 0)) / full, 1.0)
    return HEAT_SHARE * grown


def upvotes(features: Features, heat: Mapping[str, Heat]) -> dict[str, int]:
    """The upvotes of those of these papers that have some reading, by their ids."""
    return {paper_id: reading.upvotes for paper_id, reading in heat.items() if paper_id in features.place}


def muted(features: Features, profile: Profile) -> dict[int, tuple[str, ...]]:
    """The muted words and authors that a paper hits, by the paper's place."""
    found: defaultdict[int, list[str]] = defaultdict(list)
    for kind, places_of in ((MuteKind.WORD, _using), (MuteKind.AUTHOR, _written_by)):
        for mute in profile.mutes:
            for at in places_of(features, mute.value) if mute.kind is kind else ():
                found[at].append(mute.value)
    return {at: tuple(values) for at, values in found.items()}


def _using(features: Features, value: str) -> tuple[int, ...]:
    """The places of the papers that a muted word or phrase hits, looked up once for all chats."""

    def look() -> tuple[int, ...]:
        word = _Muted(value)
        named = (features.mentions_of(word.units) > 0).sum(axis=1).tolist()
        wanted = len(word.units) or -1
        return tuple(at for at, text in enumerate(features.texts) if named[at] == wanted or word.stands_in(text))

    return features.keep(("word", value), look)


class _Muted:
    """A muted word or phrase: its stems in a row, or the glossary's terms that it names as a whole."""

    def __init__(self, value: str) -> None:
        words = list(tokens(value))
        terms = [found.term for found in glossary.asked_in(words) if found.end - found.start == len(words)]
        chinese = glossary.chinese_in(value)
        if glossary.is_chinese(value) and chinese:
            terms = [found.term for found in chinese]
        self._phrase = "" if glossary.is_chinese(value) or not words else f" {' '.join(word.stem for word in words)} "
        self.units = sorted({term.name if term.is_kind else f"={term.name}" for term in terms})
        """The glossary's terms, as units of a paper that is muted if it has all of them."""

    def stands_in(self, text: str) -> bool:
        """Whether a paper's text, as stems, has what is muted as a phrase."""
        return self._phrase != "" and self._phrase in text
