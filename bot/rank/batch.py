"""The papers of a day scored for many chats in a few large products instead of many small ones per chat.

The scores are those of `bot.rank.score`, without what a `Ranking` needs to give reasons: a chat whose table is made is
ranked there. What chats have in common is worked out once: the likeness of the day's papers to what is usual, and to every
paper that somebody judged.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
from scipy import sparse

from bot.model import Heat, Profile, ReasonKind
from bot.rank import score
from bot.rank.asked import Asked, added_by, spread
from bot.rank.corrections import ruled_out
from bot.rank.features import Features, Matrix, Vector
from bot.rank.ranking import MUTED_SHARE
from bot.rank.taste import DENSE_SHARE, TASTE_SCALE, Side, Taste, whole

AT_ONCE = 64
"""Chats in one product: enough for speed, few enough for a processor's cache."""

MOST_NEAR = 8192
"""Judged papers whose likeness to the day's is kept: a few kilobytes each."""


@dataclass(frozen=True, slots=True)
class Ask:
    """A chat to score for: its profile, and what `learn` made of it where somebody kept it."""

    profile: Profile
    taste: Taste | None = None


class Batch:
    """Scores the papers of `features` for many chats. It may be kept for a day; it serves one thread at a time."""

    def __init__(self, features: Features) -> None:
        self._features = features
        past = features.background.everything
        self._past: Vector = (past.words @ features.by_word).toarray()
        self._near_at: dict[bytes, int] = {}
        self._near: Vector = np.zeros((256, len(features.papers)), dtype=np.float32)

    def scores(
        self,
        asks: Sequence[Ask],
        heat: Mapping[str, Heat],
        organizations: Mapping[str, Sequence[str]],
        now: datetime,
    ) -> Vector:
        """Chats × papers: the scores that `score` gives, in float32; heat and organizations as there.

        Raises:
            ValueError: a taste belongs to another background.
        """
        found = np.zeros((len(asks), len(self._features.papers)), dtype=np.float32)
        for start in range(0, len(asks), AT_ONCE):
            some = slice(start, start + AT_ONCE)
            self._score(asks[some], found[some], heat, organizations, now)
        return found

    def _score(
        self,
        asks: Sequence[Ask],
        found: Vector,
        heat: Mapping[str, Heat],
        organizations: Mapping[str, Sequence[str]],
        now: datetime,
    ) -> None:
        features = self._features
        if not len(features.papers):
            return
        tastes = [score.taste_of(features, ask.profile, now, ask.taste) for ask in asks]
        wishes = [score.wishes_of(ask.profile) for ask in asks]
        self._state(found, asks, wishes, tastes)
        self._learned(found, tastes)
        for at, ask in enumerate(asks):
            for place, names in score.followed(features, ask.profile, organizations).items():
                found[at, place] += sum(name.share for name in names)
        grown = score.grown_heat(features.place, heat, len(features.papers)).astype(np.float32)
        hot = np.flatnonzero(grown)
        for at, ask in enumerate(asks):
            knows = bool(wishes[at]) or tastes[at] is not None or bool(ask.profile.follows)
            if len(hot) and not ruled_out(ask.profile, ReasonKind.HEAT):
                found[at, hot] += grown[hot] * (np.clip(found[at, hot] / score.FITTING, 0.0, 1.0) if knows else 1.0)
            self._place(found[at], ask.profile)

    def _place(self, row: Vector, profile: Profile) -> None:
        """Add what does not depend on the topic: the chat's categories, and what it muted."""
        wanted = score.wanted_categories(profile)
        if wanted:
            row += self._in_categories(wanted)
        for place, labels in score.muted(self._features, profile).items():
            row[place] += MUTED_SHARE * len(labels)

    def _in_categories(self, wanted: tuple[str, ...]) -> Vector:
        return self._features.keep(
            ("categories", wanted), lambda: score.in_categories(self._features, wanted).astype(np.float32)
        )

    # ------------------------------------------------------------------ stated interests

    def _state(
        self,
        found: Vector,
        asks: Sequence[Ask],
        wishes: Sequence[tuple[Any, ...]],
        tastes: Sequence[Taste | None],
    ) -> None:
        """Add what stated interests add."""
        rows = [at for at, some in enumerate(wishes) if some]
        if not rows:
            return
        asked = Asked.of_many(self._features.background, [wishes[at] for at in rows])
        likes = [taste.likes if (taste := tastes[at]) else 0 for at in rows]
        echo = np.asarray(spread(asked, len(self._past)) @ self._past)
        shares, _ = added_by(self._features, asked, likes, echo)
        start = 0
        for at, one in zip(rows, asked, strict=True):
            end = start + len(one.weights)
            dropped = ruled_out(asks[at].profile, ReasonKind.INTEREST)
            if dropped:
                kept = [start + n for n, wish in enumerate(wishes[at]) if wish.label not in dropped]
                found[at] += shares[kept].sum(axis=0)
            else:
                found[at] += shares[start:end].sum(axis=0)
            start = end

    # ------------------------------------------------------------------ verdicts

    def _learned(self, found: Vector, tastes: Sequence[Taste | None]) -> None:
        """Add what verdicts add."""
        day = self._features.likeness
        sides: list[tuple[int, Side]] = []
        for at, taste in enumerate(tastes):
            for side in (taste.drawn, taste.put_off) if taste is not None else ():
                if side is None:
                    continue
                if len(side.unheard) or side.usual.places is None:  # some of its words do not count, which is rare
                    found[at] += TASTE_SCALE * side.of(day)
                else:
                    sides.append((at, side))
        if not sides:
            return
        topics = np.zeros((len(tastes), day.topics.shape[1]), dtype=np.float32)
        dense = None if day.dense is None else np.zeros((len(tastes), day.dense.shape[1]), dtype=np.float32)
        self._usually(found, topics, dense, sides)
        for at, side in sides:
            scale = TASTE_SCALE / whole(side.topic_share, side.judged)
            topics[at] += np.float32(scale * side.topic_share) * (side.judged_shares @ side.judged.topics)
            if dense is not None and side.judged.dense is not None:
                dense[at] += np.float32(scale * DENSE_SHARE) * (side.judged_shares @ side.judged.dense)
            found[at] += np.float32(TASTE_SCALE * side.base)
        found += topics @ day.topics.T
        if dense is not None and day.dense is not None:
            found += dense @ day.dense.T
        found += self._near_judged(len(tastes), sides)

    def _usually(self, found: Vector, topics: Vector, dense: Vector | None, sides: Sequence[tuple[int, Side]]) -> None:
        """Add what likeness to usual papers adds: by words, and to the chats' directions in the other spaces."""
        past = self._features.background.everything
        in_topics = np.zeros((len(found), 1), dtype=np.float32)
        places, shares, counts = [], [], np.zeros(len(found), dtype=np.intp)
        for at, side in sides:
            in_topics[at] = side.topic_share
            if side.usual.places is not None and side.usual_shares.any():
                places.append(side.usual.places)
                shares.append(side.usual_shares * np.float32(TASTE_SCALE / whole(side.topic_share, side.judged)))
                counts[at] += len(side.usual_shares)
        if not shares:
            return
        starts = np.concatenate([[0], np.cumsum(counts)])
        shared = sparse.csr_matrix(
            (np.concatenate(shares), np.concatenate(places), starts), shape=(len(found), len(past.topics))
        )
        found += shared @ self._past
        topics += in_topics * (shared @ past.topics)
        if dense is not None and past.dense is not None:
            dense += np.float32(DENSE_SHARE) * (shared @ past.dense)

    def _near_judged(self, count: int, sides: Sequence[tuple[int, Side]]) -> Vector:
        """Chats × papers: what likeness in words to judged papers adds; each paper is compared once, whoever judged it."""
        if len(self._near_at) > MOST_NEAR:
            self._near_at.clear()
        chats: list[int] = []
        places: list[int] = []
        shares: list[Vector] = []
        new: list[Matrix] = []
        for at, side in sides:
            words = side.judged.words
            rows = np.flatnonzero(side.judged_shares)
            starts, indices, data = words.indptr.tolist(), words.indices, words.data
            fresh = []
            for row in rows.tolist():
                start, end = starts[row], starts[row + 1]
                key = indices[start:end].tobytes() + data[start:end].tobytes()
                place = self._near_at.get(key)
                if place is None:
                    place = self._near_at[key] = len(self._near_at)
                    fresh.append(row)
                places.append(place)
            chats += [at] * len(rows)
            shares.append(side.judged_shares[rows] * np.float32(TASTE_SCALE / whole(side.topic_share, side.judged)))
            if fresh:
                new.append(words[fresh])
        if new:
            self._compare(sparse.vstack(new).tocsr())
        shared = sparse.csr_matrix((np.concatenate(shares), (chats, places)), shape=(count, len(self._near_at)))
        return np.asarray(shared @ self._near[: len(self._near_at)])

    def _compare(self, words: Matrix) -> None:
        """Keep the likeness in words of further judged papers to the day's."""
        known = len(self._near_at)
        if known > len(self._near):
            grown = np.zeros((max(known, 2 * len(self._near)), self._near.shape[1]), dtype=np.float32)
            grown[: len(self._near)] = self._near
            self._near = grown
        self._near[known - words.shape[0] : known] = (words @ self._features.by_word).toarray()
