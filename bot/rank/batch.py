"""The papers of a day ranked for many chats in a few large products instead of many small ones per chat.

The scores and their parts are those of `bot.rank.score`, in single precision. What chats have in common is worked out once:
the likeness of the day's papers to past ones and to each other.
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
        learned = self._learned(tastes)
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
            liked, disliked = learned.get((at, 0), nothing), learned.get((at, 1), nothing)
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
        echo = self._near.past(spread(asked, len(self.features.background.papers)))
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

    def _learned(self, tastes: Sequence[Taste | None]) -> dict[tuple[int, int], Vector]:
        """What verdicts add: by the place of a taste, what likes (0) and dislikes (1) add to each paper."""
        day, past = self.features.likeness, self.features.background.everything
        found: dict[tuple[int, int], Vector] = {}
        places: list[tuple[int, int]] = []
        mine: list[list[Side]] = []
        for at, taste in enumerate(tastes):
            some = []
            for sort, side in enumerate((taste.drawn, taste.put_off) if taste is not None else ()):
                if side is not None and len(side.unheard):
                    # Some of its words do not count, which is rare: it is asked alone.
                    found[at, sort] = (TASTE_SCALE * side.of(day)).astype(np.float32)
                elif side is not None:
                    places.append((at, sort))
                    some.append(side)
            if some:
                mine.append(some)
        if not mine:
            return found
        sides = [side for some in mine for side in some]
        used, shares = _dense(sides, len(past.topics))
        rows = self._near.past(shares, used)
        of_others: tuple[Vector | None, ...] = tuple(None for _ in past.spaces)
        if any(side.others for side in sides):
            words, of_others = self._near.summed(
                [some[0].others for some in mine], [[side.other_shares for side in some] for some in mine]
            )
            rows += words
        topic_shares = np.array([side.topic_share for side in sides], dtype=np.float32)[:, None]
        says: tuple[Vector | np.float32, ...] = (
            topic_shares,
            np.float32(DENSE_SHARE) * topic_shares,
            np.float32(FINE_SHARE),
        )
        for others, known, new, say in zip(of_others, past.spaces, day.spaces, says, strict=True):
            if known is not None and new is not None:
                theirs: Vector = shares @ known[used]
                if others is not None:
                    theirs += others
                theirs *= say
                rows += theirs @ new.T
        rows *= np.array([TASTE_SCALE / side.scale for side in sides], dtype=np.float32)[:, None]
        rows += np.array([TASTE_SCALE * side.base for side in sides], dtype=np.float32)[:, None]
        return found | dict(zip(places, rows, strict=True))


def _dense(sides: Sequence[Side], count: int) -> tuple[NDArray[np.intp] | slice, Vector]:
    """Those of so many past papers that have shares in any of these, or all where most have, and sides × those papers: their
    shares."""
    owners = np.repeat(np.arange(len(sides)), [len(side.past) for side in sides])
    places, theirs = np.concatenate([side.past for side in sides]), np.concatenate([side.past_shares for side in sides])
    shares = np.zeros((len(sides), count), dtype=np.float32)
    # A judged paper is there beside the same as a usual one, and twice where it was liked and disliked.
    np.add.at(shares, (owners, places), theirs)
    used = np.flatnonzero(shares.any(axis=0))
    return (slice(None), shares) if 2 * len(used) > count else (used, shares[:, used])
