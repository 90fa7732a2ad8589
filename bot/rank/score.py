"""Every paper of the day with its score for one profile and the reasons for it, whose shares add up to the score.

A score is a plain sum: stated interests, likeness to what was liked and disliked, follows, categories, and heat where
the topic fits. About 1 is a strong match. With every like the verdicts say more and the stated interests less.
"""

from __future__ import annotations

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
    wishes = (*interests.parse(profile.interests), *interests.widened(profile.widened))
    if taste is not None and taste.background is not features.background:
        raise ValueError("the taste was learned against another background than the features'")
    taste = taste or learn(features.background, profile, now)
    stated, named = _stated(features, wishes, taste.likes if taste else 0)
    dropped = ruled_out(profile, ReasonKind.INTEREST)
    stated[:, [at for at, wish in enumerate(wishes) if wish.label in dropped]] = 0.0
    wanted = tuple(name for name in profile.categories if name not in ruled_out(profile, ReasonKind.CATEGORY))
    heat = {} if ruled_out(profile, ReasonKind.HEAT) else heat
    liked = TASTE_SCALE * taste.drawn.of(features.likeness) if taste and taste.drawn else None
    disliked = TASTE_SCALE * taste.put_off.of(features.likeness) if taste and taste.put_off else None
    followed = _followed(features, profile, organizations)
    nothing = np.zeros(len(features.papers))
    fit = stated.sum(axis=1) + (liked if liked is not None else 0.0) + (disliked if disliked is not None else 0.0)
    for at, names in followed.items():
        fit[at] += sum(name.share for name in names)
    knows = bool(wishes) or taste is not None or bool(profile.follows)
    parts = Parts(
        interests=tuple(wish.label for wish in wishes),
        stated=stated,
        named=named,
        liked=nothing if liked is None else liked,
        disliked=nothing if disliked is None else disliked,
        followed=followed,
        categories=wanted,
        at_home=_in_categories(features, wanted),
        heat=_heated(features.place, heat, np.clip(fit / FITTING, 0.0, 1.0) if knows else nothing + 1.0),
        upvotes={paper_id: reading.upvotes for paper_id, reading in heat.items() if paper_id in features.place},
        muted=_muted(features, profile),
    )
    return Ranking(features, taste, parts)


def _stated(features: Features, wishes: tuple[Interest, ...], likes: int) -> tuple[Shares, NDArray[np.bool_]]:
    """Papers × interests: what each stated interest adds, and whether the paper's own words name it."""
    if not wishes or not len(features.papers):
        nothing = np.zeros((len(features.papers), len(wishes)))
        return nothing, nothing > 0
    return Asked.of(features.background, wishes).shares(features, likes)


def _followed(
    features: Features, profile: Profile, organizations: Mapping[str, Sequence[str]]
) -> dict[int, tuple[Named, ...]]:
    """What followed authors and institutions add, by the paper's place."""
    found: dict[int, tuple[Named, ...]] = {}
    people = [follow.value for follow in profile.follows if follow.kind is FollowKind.AUTHOR]
    places = [follow.value for follow in profile.follows if follow.kind is FollowKind.INSTITUTION]
    if not people and not places:
        return found
    for at, paper in enumerate(features.papers):
        authors = [name for name in people if any(same_person(name, author) for author in paper.authors)]
        known = organizations.get(paper.id, ())
        institutions = [name for name in places if any(same_place(name, place) for place in known)]
        if authors or institutions:
            found[at] = (
                *(
                    Named(FollowKind.AUTHOR, name, FURTHER_SHARE if rank else AUTHOR_SHARE)
                    for rank, name in enumerate(authors)
                ),
                *(
                    Named(FollowKind.INSTITUTION, name, FURTHER_SHARE if rank else INSTITUTION_SHARE)
                    for rank, name in enumerate(institutions)
                ),
            )
    return found


def _in_categories(features: Features, wanted: Sequence[str]) -> Shares:
    """What the chat's categories add to each paper."""
    shares = np.zeros(len(features.papers))
    for places, share in ((features.listed, CROSS_SHARE), (features.home, PRIMARY_SHARE)):
        for category in wanted:
            if category in places:
                shares[places[category]] = share
    return shares


def _heated(place: Mapping[str, int], heat: Mapping[str, Heat], gate: Shares) -> Shares:
    """What heat adds: it grows with the logarithm of the upvotes, and only as far as the topic fits."""
    grown = np.zeros(len(gate))
    full = log1p(HEAT_FULL)
    for paper_id, reading in heat.items():
        at = place.get(paper_id)
        if at is not None:
            grown[at] = min(log1p(max(reading.upvotes, 0)) / full, 1.0)
    return HEAT_SHARE * grown * gate


def _muted(features: Features, profile: Profile) -> dict[int, tuple[str, ...]]:
    """The muted words and authors that a paper hits, by the paper's place."""
    people = [mute.value for mute in profile.mutes if mute.kind is MuteKind.AUTHOR]
    words = [(mute.value, _Muted(mute.value)) for mute in profile.mutes if mute.kind is MuteKind.WORD]
    found: dict[int, tuple[str, ...]] = {}
    if not people and not words:
        return found
    for at, (paper, units) in enumerate(zip(features.papers, features.units, strict=True)):
        hits = [value for value, muted in words if muted.hits(units.text, units.names)]
        hits += [value for value in people if any(same_person(value, author) for author in paper.authors)]
        if hits:
            found[at] = tuple(hits)
    return found


class _Muted:
    """A muted word or phrase: its stems in a row, or the glossary's terms that it names as a whole."""

    def __init__(self, value: str) -> None:
        words = list(tokens(value))
        terms = [found.term for found in glossary.asked_in(words) if found.end - found.start == len(words)]
        chinese = glossary.chinese_in(value)
        if glossary.is_chinese(value) and chinese:
            terms = [found.term for found in chinese]
        self._phrase = "" if glossary.is_chinese(value) or not words else f" {' '.join(word.stem for word in words)} "
        self._units = {term.name if term.is_kind else f"={term.name}" for term in terms}

    def hits(self, text: str, names: Sequence[str]) -> bool:
        """Whether a paper's text, as stems, or its units contain what is muted."""
        return (self._phrase != "" and self._phrase in text) or (bool(self._units) and self._units.issubset(names))
