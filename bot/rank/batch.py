"""The papers of a day ranked for many chats in a few large products instead of many small ones per chat.

The scores and their parts are those of `bot.rank.score`, in single precision. What chats have in common is worked out once:
the likeness of the day's papers to past ones, to each other, and to every paper that somebody judged.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from bot.model import Heat, Profile, ReasonKind
from bot.rank import score
from bot.rank.asked import NAMED, Asked, Wishes, added_by, spread
from bot.rank.corrections import ruled_out
from bot.rank.features import Features, Vector
from bot.rank.nearness import KeptNearness
from bot.rank.ranking import Amounts, Flags, Parts, Ranking
from bot.rank.taste import DENSE_SHARE, FINE_SHARE, TASTE_SCALE, Side, Taste

AT_ONCE = 64
"""Chats in one product: enough for speed, few enough for a processor's cache."""


@dataclass(frozen=True, slots=True)
class Ask:
    """A chat to rank for: its profile, and what `learn` made of it where somebody kept it."""

    profile: Profile
    taste: Taste | None = None


class Batch:
    """Ranks the papers of `features` for many chats. It may be kept for a day, and asked from several threads."""

    def __init__(self, features: Features) -> None:
        self.features = features
        past = features.background.everything
        self._past: Vector = (past.words @ features.by_word).toarray()
        self._near = KeptNearness(features)

    def rank(
        self,
        asks: Sequence[Ask],
        heat: Mapping[str, Heat],
        organizations: Mapping[str, Sequence[str]],
        now: datetime,
    ) -> list[Ranking]:
        """The ranking that `score` makes, for each chat; heat and organizations as there. Each takes some ten bytes for
        a paper and interest: whoever ranks for thousands does so in parts.

        Raises:
            ValueError: a taste belongs to another background.
        """
        return [
            ranking
            for start in range(0, len(asks), AT_ONCE)
            for ranking in self._rank(asks[start : start + AT_ONCE], heat, organizations, now)
        ]

    def _rank(
        self,
        asks: Sequence[Ask],
        heat: Mapping[str, Heat],
        organizations: Mapping[str, Sequence[str]],
        now: datetime,
    ) -> list[Ranking]:
        features = self.features
        tastes = [score.taste_of(features, ask.profile, now, ask.taste) for ask in asks]
        wishes = [score.wishes_of(ask.profile) for ask in asks]
        stated = self._state(asks, wishes, tastes)
        drawn = self._learned([taste.drawn if taste else None for taste in tastes])
        put_off = self._learned([taste.put_off if taste else None for taste in tastes])
        grown = score.grown_heat(features.place, heat, len(features.papers)).astype(np.float32)
        nothing = np.zeros(len(features.papers), dtype=np.float32)
        upvotes = score.upvotes(features, heat)
        found = []
        for at, ask in enumerate(asks):
            profile = ask.profile
            shares, named = stated[at]
            followed = score.followed(features, profile, organizations) if profile.follows else {}
            cold = ruled_out(profile, ReasonKind.HEAT)
            wanted = score.wanted_categories(profile)
            liked, disliked = drawn.get(at, nothing), put_off.get(at, nothing)
            if cold or not upvotes:
                warm = nothing
            elif wishes[at] or tastes[at] is not None or profile.follows:
                fit = shares.sum(axis=1) + liked + disliked
                for place, names in followed.items():
                    fit[place] += sum(name.share for name in names)
                warm = grown * np.clip(fit / np.float32(score.FITTING), np.float32(0.0), np.float32(1.0))
            else:
                warm = grown
            parts = Parts(
                interests=tuple(wish.label for wish in wishes[at]),
                stated=shares,
                named=named,
                liked=liked,
                disliked=disliked,
                followed=followed,
                categories=wanted,
                at_home=self._in_categories(wanted),
                heat=warm,
                upvotes={} if cold else upvotes,
                muted=score.muted(features, profile) if profile.mutes else {},
            )
            found.append(Ranking(features, tastes[at], parts, self._near))
        return found

    def _in_categories(self, wanted: tuple[str, ...]) -> Amounts:
        return self.features.keep(("categories", wanted), lambda: score.in_categories(self.features, wanted))

    # ------------------------------------------------------------------ stated interests

    def _state(
        self, asks: Sequence[Ask], wishes: Sequence[Wishes], tastes: Sequence[Taste | None]
    ) -> list[tuple[Amounts, Flags]]:
        """For each chat, papers × interests: what each adds, and whether the paper's own words name it."""
        count = len(self.features.papers)
        nothing = np.zeros((count, 0), dtype=np.float32), np.zeros((count, 0), dtype=np.bool_)
        found: list[tuple[Amounts, Flags]] = [nothing for _ in asks]
        rows = [at for at, some in enumerate(wishes) if some]
        if not rows:
            return found
        asked = Asked.of_many(self.features.background, [wishes[at] for at in rows])
        likes = [taste.likes if (taste := tastes[at]) else 0 for at in rows]
        echo = np.asarray(spread(asked, len(self._past)) @ self._past)
        shares, covered = added_by(self.features, asked, likes, echo)
        named = covered >= NAMED
        start = 0
        for at, one in zip(rows, asked, strict=True):
            end = start + len(one.weights)
            dropped = ruled_out(asks[at].profile, ReasonKind.INTEREST)
            if dropped:
                shares[[start + n for n, wish in enumerate(wishes[at]) if wish.label in dropped]] = 0.0
            found[at] = shares[start:end].T, named[start:end].T
            start = end
        return found

    # ------------------------------------------------------------------ verdicts

    def _learned(self, sides: Sequence[Side | None]) -> dict[int, Vector]:
        """What verdicts add, one row of shares for each chat that has this side of a taste."""
        features = self.features
        day, past = features.likeness, features.background.everything
        # Where some of its words do not count, which is rare, a side is asked alone.
        found = {
            at: (TASTE_SCALE * side.of(day)).astype(np.float32)
            for at, side in enumerate(sides)
            if side is not None and len(side.unheard)
        }
        places = [at for at, side in enumerate(sides) if side is not None and at not in found]
        mine = [side for side in sides if side is not None and not len(side.unheard)]
        if not mine:
            return found
        topic_shares = np.array([side.topic_share for side in mine], dtype=np.float32)[:, None]
        scales = np.array([TASTE_SCALE / side.scale for side in mine], dtype=np.float32)[:, None]
        used, shares = _dense(mine)
        nearby = [np.flatnonzero(side.judged_shares) for side in mine]
        papers = [[side.judged[at] for at in some] for side, some in zip(mine, nearby, strict=True)]
        weights = [side.judged_shares[some] for side, some in zip(mine, nearby, strict=True)]
        rows = self._near.summed(papers, weights)
        topics = np.zeros((len(mine), day.topics.shape[1]), dtype=np.float32)
        dense = None if day.dense is None else np.zeros((len(mine), day.dense.shape[1]), dtype=np.float32)
        fine = None if day.fine is None else np.zeros((len(mine), day.fine.shape[1]), dtype=np.float32)
        if len(used):
            rows += shares @ self._past[used]
            topics += shares @ past.topics[used]
            if dense is not None and past.dense is not None:
                dense += shares @ past.dense[used]
            if fine is not None and past.fine is not None:
                fine += shares @ past.fine[used]
        for at, (some, weight) in enumerate(zip(papers, weights, strict=True)):
            if some:
                theirs = features.background.without_words(some)
                topics[at] += weight @ theirs.topics
                if dense is not None and theirs.dense is not None:
                    dense[at] += weight @ theirs.dense
                if fine is not None and theirs.fine is not None:
                    fine[at] += weight @ theirs.fine
        topics *= topic_shares
        rows += topics @ day.topics.T
        if dense is not None and day.dense is not None:
            rows += (np.float32(DENSE_SHARE) * topic_shares * dense) @ day.dense.T
        if fine is not None and day.fine is not None:
            rows += (np.float32(FINE_SHARE) * fine) @ day.fine.T
        rows *= scales
        rows += np.array([TASTE_SCALE * side.base for side in mine], dtype=np.float32)[:, None]
        return found | dict(zip(places, rows, strict=True))


def _dense(sides: Sequence[Side]) -> tuple[NDArray[np.intp], Vector]:
    """The places of the usual papers that count for any of these, and sides × those papers: their shares."""
    at = [row for row, side in enumerate(sides) if side.usual_shares.any()]
    if not at:
        return np.zeros(0, dtype=np.intp), np.zeros((len(sides), 0), dtype=np.float32)
    used, columns = np.unique(np.concatenate([sides[row].usual for row in at]), return_inverse=True)
    shares = np.zeros((len(sides), len(used)), dtype=np.float32)
    shares[np.repeat(at, [len(sides[row].usual) for row in at]), columns] = np.concatenate(
        [sides[row].usual_shares for row in at]
    )
    return used, shares
