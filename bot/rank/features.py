"""A day's papers as numbers, made once for all chats, and the past papers they are measured against."""

from __future__ import annotations

from collections import OrderedDict, defaultdict
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise
from threading import Lock
from typing import Any, NamedTuple, TypeVar, cast

import numpy as np
from numpy.typing import NDArray
from scipy import linalg, sparse

from bot.model import Paper
from bot.rank.columns import Columns, DayColumns, Vocabulary
from bot.rank.units import Units, compared_by, units_of
from bot.rank.vectors import Vectors

Vector = NDArray[np.float32]
Made = TypeVar("Made")
Key = TypeVar("Key", bound=Hashable)
Matrix = Any
"""A scipy CSR or CSC matrix of float32 (scipy ships no types)."""

LEAST_PAPERS = 200
"""Past papers needed for statistics of their own; with fewer, the day's papers join them."""

RAREST = 2
"""Papers a unit must occur in to say something about likeness."""

MOST_COMMON = 0.2
"""Share of all papers above which a unit says nothing."""

RARITY_POWER = 1.5
"""How much more a rare word says than a usual one: its rarity (idf) to this power."""

SINGLE_SHARE = 0.7
"""Share of the likeness in words that single words make up; the rest is pairs of neighbours. Each sort is measured on its
own, so that a paper's many rare pairs do not drown the words."""

PIECE = 4096
"""Words that are worked on at once where all together would take much memory."""

TOPICS = 200
TOPIC_UNITS = 30_000
MOST_USUAL = 400
LEAST_USUAL = 60
"""Past papers that stand for what is usual."""

USUAL_KEPT = 3
MOST_PAIRED = 4096
"""Past papers whose pairs are kept, two bytes each."""

MOST_ROWS = 6144
"""Judged papers whose words and topics are kept, those that were asked for last: under two kilobytes each."""

MOST_KEPT = 512
"""Interests, and turned vectors of judged papers, that are kept worked out against a background: a few kilobytes each."""

COMPARED = 64
"""Papers that are compared at once, so that what that takes stays in a processor's cache."""

LEAST_UPRIGHT = 1e-3
"""How far every column must stick out of those before it, as a share of what the longest does, for their Gram matrix to be
exact enough."""

HALF_OF_16_BITS = 32767
"""The largest whole number of 16 bits with a sign."""

LEAST_STRETCH = 1e-4
"""How much the papers must differ in a direction, as a share of the strongest one: below, it is what rounding left, which is
another on every processor."""

ONE = np.float32(65535.0)
"""The likeness of a paper to itself where all pairs are kept: two bytes tell likenesses apart to 0.00001."""

LEAST_SPREAD = 0.3
"""What every direction of an embedding model's vectors is taken to spread by at least, as a share of the mean one, when the
spreads are evened: directions in which papers hardly differ are noise, which is not to be blown up."""

SATURATION, LENGTH_WEIGHT = 1.5, 0.75
"""BM25's k1 and b."""


@dataclass(frozen=True, slots=True)
class Likeness:
    """Papers in the spaces they are compared in: `words` are unit rows of weighted words, `topics` unit rows of what
    words stand for (words that occur in the same papers fall together), `dense` unit rows of an embedding model's
    vectors, or zeros where a paper has none; None where there is no such model. `fine` are the same vectors with what most
    papers differ in turned down, so that papers of one field can be told apart."""

    words: Matrix
    topics: Vector
    dense: Vector | None = None
    fine: Vector | None = None

    @property
    def spaces(self) -> tuple[Vector, Vector | None, Vector | None]:
        """Topics, dense and fine."""
        return self.topics, self.dense, self.fine

    def take(self, places: Sequence[int] | NDArray[np.intp] | slice) -> Likeness:
        """Some of these papers."""
        return replace(self.without_words(places), words=self.words[places])

    def without_words(self, places: Sequence[int] | NDArray[np.intp] | slice) -> Likeness:
        """Some of these papers where their words do not matter: they are None."""
        dense, fine = (None if rows is None else rows[places] for rows in (self.dense, self.fine))
        return Likeness(None, self.topics[places], dense, fine)


class _Row(NamedTuple):
    """One paper in the spaces papers are compared in: the places of its words, their weights, and its topics; those of past
    papers are exact, those that are kept of others are numbers of 16 bits, exact to a four-thousandth of themselves."""

    places: NDArray[np.int32]
    weights: NDArray[np.float16] | Vector
    topics: NDArray[np.float16] | Vector


@dataclass(frozen=True, slots=True)
class Usual:
    """The places of some past papers in their background, their likeness, and that of every pair of them in words."""

    places: NDArray[np.intp]
    likeness: Likeness
    words: Vector


class Directions:
    """Words × directions, each a whole number of 16 bits: half the memory, and exact to a thirty-thousandth of the largest
    of a direction."""

    def __init__(self, exact: Vector) -> None:
        most = np.abs(exact).max(axis=0, initial=0.0)
        self._scale = (np.maximum(most, np.float32(1e-30)) / np.float32(HALF_OF_16_BITS)).astype(np.float32)
        self._numbers: NDArray[np.int16] = np.empty(exact.shape, dtype=np.int16)
        for start in range(0, len(exact), PIECE):
            self._numbers[start : start + PIECE] = np.rint(exact[start : start + PIECE] / self._scale)

    @property
    def width(self) -> int:
        """How many directions there are."""
        return int(self._numbers.shape[1])

    def __getitem__(self, words: NDArray[np.intp]) -> Vector:
        """The rows of some words."""
        return np.asarray(self._numbers[words] * self._scale)

    def of(self, rows: Matrix) -> Vector:
        """What sparse rows of words are in these directions; for each row only the words that it has are made exact
        again."""
        found = np.empty((rows.shape[0], self.width), dtype=np.float32)
        for row, (start, end) in zip(found, pairwise(rows.indptr), strict=True):
            theirs = self._numbers.take(rows.indices[start:end], axis=0)
            np.dot(rows.data[start:end], theirs.astype(np.float32), out=row)
        found *= self._scale
        return found


class Background:
    """What is usual: how often words occur in past papers, which occur together, and the papers themselves."""

    def __init__(self, papers: Sequence[Paper], vectors: Vectors | None = None) -> None:
        self.papers = tuple(papers)
        self.vectors = vectors
        units = [units_of(paper) for paper in self.papers]
        self.vocabulary = Vocabulary(units, {name for paper in self.papers for name in paper.categories})
        self.mean_length = float(np.mean([one.length for one in units])) if units else 0.0
        self._weights = self._usual_weights()
        self._usual: dict[frozenset[str], Usual] = {}
        self._asked = Lock()
        self._kept: OrderedDict[Hashable, object] = OrderedDict()
        self._turned: dict[tuple[str, int], Vector] = {}
        self._rows: dict[int, _Row] = {}
        counts = counted(units, self.vocabulary)
        self._words_of_all = self._words(counts)
        lengths = np.array([one.length for one in units], dtype=np.float32)
        self.mentions: Matrix = _saturated(counts, lengths, self.mean_length)
        """How much each past paper speaks of each unit, as in `Features`."""

    @classmethod
    def of(cls, papers: Iterable[Paper], vectors: Vectors | None = None) -> Background:
        """The background that these papers are; any number of them, also none. With `vectors`, these and all papers
        that are compared with them are compared by an embedding model's vectors as well."""
        return cls(tuple(papers), vectors)

    def keep_all(self, keys: Sequence[Key], make: Callable[[list[Key]], Sequence[Made]]) -> list[Made]:
        """What `make` works out against this background for each of these keys, kept for whoever asks again, the newest
        ones; it is called once, with those that are not kept."""
        with self._asked:
            found = {key: self._kept[key] for key in keys if key in self._kept}
        new = list(dict.fromkeys(key for key in keys if key not in found))
        if new:
            found |= zip(new, make(new), strict=True)
        with self._asked:
            for key in found:
                self._kept.pop(key, None)
                self._kept[key] = found[key]
            while len(self._kept) > MOST_KEPT:
                self._kept.popitem(last=False)
        return [cast("Made", found[key]) for key in keys]

    def rarity(self, names: Sequence[str]) -> NDArray[np.float64]:
        """How rare each unit is: BM25's idf, about 0 for what every paper has and growing with rarity."""
        at = self.vocabulary.named(names)
        frequency = np.zeros(len(names))
        frequency[at >= 0] = self.vocabulary.frequency[at[at >= 0]]
        return np.log(1.0 + (len(self.papers) - frequency + 0.5) / (frequency + 0.5))

    def frequency_of(self, name: str) -> float:
        """The share of past papers that have this unit, 0 where none is known."""
        at = self.vocabulary.get(name)
        return 0.0 if at is None else float(self.vocabulary.frequency[at]) / len(self.papers)

    def likeness(self, papers: Sequence[Paper]) -> Likeness:
        """Any papers in the spaces they are compared in; each paper's row is kept for the next time, as judged papers
        come again with every verdict and from many chats."""
        if not papers:
            return self.everything.take(slice(0, 0))
        rows = self._rows_of(papers)
        starts = np.zeros(len(rows) + 1, dtype=np.int32)
        np.cumsum([len(row.places) for row in rows], out=starts[1:])
        words = rows_of(
            np.concatenate([row.weights for row in rows], dtype=np.float32),
            np.concatenate([row.places for row in rows]),
            starts,
            len(self.vocabulary),
        )
        dense = self._dense(papers)
        fine = None if dense is None else self._turned_rows(papers, dense)
        return Likeness(words, np.array([row.topics for row in rows], dtype=np.float32), dense, fine)

    def _turned_rows(self, papers: Sequence[Paper], dense: Vector) -> Vector:
        """The fine rows of these papers, each kept for the next time: turning a long vector costs more than all else."""
        keys = [(paper.id, paper.version) for paper in papers]
        kept = [self._turned.get(key) for key in keys]
        new = [at for at, row in enumerate(kept) if row is None]
        found = np.zeros_like(dense)
        for at, row in enumerate(kept):
            if row is not None:
                found[at] = row
        if new:
            found[new] = _unit(dense[new] @ self._evening)
            if len(self._turned) + len(new) > MOST_KEPT:
                self._turned.clear()
            # A paper without a vector may get one later.
            self._turned |= {keys[at]: found[at].copy() for at in new if found[at].any()}
        return found

    def without_words(self, papers: Sequence[Paper]) -> Likeness:
        """Any papers where their words do not matter: they are None."""
        if not papers:
            return self.everything.without_words(slice(0, 0))
        topics = np.array([row.topics for row in self._rows_of(papers)], dtype=np.float32)
        return self._placed(None, topics, papers)

    def summed(self, places: NDArray[np.intp], shares: Vector, papers: Sequence[Paper], theirs: Vector) -> Vector:
        """For every word the weights of past papers at these places and of any other papers, each times its share, in
        sum."""
        # In double precision, as hundreds of small shares are added up.
        found: Vector = (self._words_of_all[places].T @ shares.astype(np.float64)).astype(np.float32)
        telling = np.flatnonzero(theirs).tolist()
        for row, share in zip(self._rows_of([papers[at] for at in telling]), theirs[telling], strict=True):
            found[row.places] += share * row.weights
        return found

    def words_of(self, papers: Sequence[Paper], places: NDArray[np.int32]) -> Vector:
        """Papers × some places of the vocabulary: the weights there of the papers' words."""
        found = np.zeros((len(papers), len(places)), dtype=np.float32)
        for one, row in zip(found, self._rows_of(papers), strict=True):
            if len(row.places):
                at = np.minimum(np.searchsorted(row.places, places), len(row.places) - 1)
                there = row.places[at] == places
                one[there] = row.weights[at[there]]
        return found

    def _rows_of(self, papers: Sequence[Paper]) -> list[_Row]:
        keys = [key_of(paper) for paper in papers]
        with self._asked:
            rows = [self._past_row(key) or self._again(key) for key in keys]
        new = {key: paper for key, paper, row in zip(keys, papers, rows, strict=True) if row is None}
        if new:
            words = self._words(self._compared(list(new.values())))
            made = {
                # Copies: a view would keep what was made for all.
                key: _Row(
                    words.indices[start:end].copy(),
                    words.data[start:end].astype(np.float16),
                    topics.astype(np.float16),
                )
                for key, (start, end), topics in zip(new, pairwise(words.indptr), self._topics(words), strict=True)
            }
            with self._asked:
                self._rows |= made
                while len(self._rows) > MOST_ROWS:
                    del self._rows[next(iter(self._rows))]
            rows = [made[key] if row is None else row for key, row in zip(keys, rows, strict=True)]
        return [row for row in rows if row is not None]

    def _compared(self, papers: Sequence[Paper]) -> Matrix:
        """Papers × units: the counts of what they are compared by and past papers have."""
        keys, owners = compared_by(papers)
        at = self.vocabulary.places_of(keys)
        known = at >= 0
        times = np.ones(int(known.sum()), dtype=np.float32)
        # What is there several times is added up.
        return sparse.csr_matrix((times, (owners[known], at[known])), shape=(len(papers), len(self.vocabulary)))

    def _again(self, key: int) -> _Row | None:
        """The row that is kept under this key, from now on the newest of all."""
        row = self._rows.pop(key, None)
        if row is not None:
            self._rows[key] = row
        return row

    def _past_row(self, key: int) -> _Row | None:
        """The row of the past paper with this key, which is known already."""
        at = self._past.get(key)
        if at is None:
            return None
        words = self._words_of_all
        mine = slice(words.indptr[at], words.indptr[at + 1])
        return _Row(words.indices[mine], words.data[mine], self.everything.topics[at])

    @cached_property
    def _past(self) -> dict[int, int]:
        """The places of past papers by what tells their words."""
        return {key_of(paper): at for at, paper in enumerate(self.papers)}

    def past_places(self, papers: Sequence[Paper]) -> NDArray[np.intp]:
        """The places of those of any papers that are past ones, word for word; -1 for others."""
        return np.array([self._past.get(key_of(paper), -1) for paper in papers], dtype=np.intp)

    def likeness_of(self, counts: Matrix, papers: Sequence[Paper]) -> Likeness:
        """Papers in the spaces they are compared in, from their counts over the vocabulary."""
        words = self._words(counts)
        return self._placed(words, self._topics(words), papers)

    def _placed(self, words: Matrix, topics: Vector, papers: Sequence[Paper]) -> Likeness:
        dense = self._dense(papers)
        return Likeness(words, topics, dense, None if dense is None else _unit(dense @ self._evening))

    def topics_of_units(self, names: Sequence[str]) -> Vector:
        """Units × topics: the direction of each in topic space; zeros where it is not known."""
        kept, basis = self._basis
        found = np.zeros((len(names), basis.width), dtype=np.float32)
        at = self.vocabulary.named(names)
        places = np.flatnonzero(at >= 0)
        columns = at[places]
        if not len(places) or not len(kept):
            return found
        rows = np.minimum(np.searchsorted(kept, columns), len(kept) - 1)
        there = kept[rows] == columns
        found[places[there]] = self._weights[columns[there], None] * basis[rows[there]]
        return found

    def usual(self, categories: frozenset[str]) -> Usual:
        """Papers that stand for what is usual in these primary categories, or anywhere where too few are known. May be
        asked from several threads."""
        with self._asked:
            if categories not in self._usual:
                if len(self._usual) >= USUAL_KEPT:
                    del self._usual[next(iter(self._usual))]
                self._usual[categories] = self._usual_in(categories)
            return self._usual[categories]

    def _usual_in(self, categories: frozenset[str]) -> Usual:
        near = [self._home[name] for name in categories if name in self._home]
        picked = np.sort(np.concatenate(near)) if near else np.zeros(0, dtype=np.intp)
        if len(picked) < LEAST_USUAL:
            picked = np.arange(len(self.papers))
        if len(picked) > MOST_USUAL:
            picked = picked[np.linspace(0, len(picked) - 1, MOST_USUAL).astype(np.intp)]
        return Usual(picked, self.everything.take(picked), self._pairs(picked))

    @cached_property
    def place(self) -> dict[str, int]:
        """Every past paper's place by its id."""
        return {paper.id: at for at, paper in enumerate(self.papers)}

    @cached_property
    def _home(self) -> dict[str, NDArray[np.intp]]:
        """The places of the papers by their primary category."""
        return _places([(paper.primary,) for paper in self.papers])

    @cached_property
    def _near(self) -> NDArray[np.uint16] | None:
        """The likeness in words of every pair of papers, from nothing to `ONE`, from which that of any sample is read sooner
        than made; None where there are too many."""
        if len(self.papers) > MOST_PAIRED:
            return None
        words = self._words_of_all
        by_word = words.T.tocsr()
        found = np.empty((len(self.papers), len(self.papers)), dtype=np.uint16)
        for start in range(0, len(found), 256):
            near = (words[start : start + 256] @ by_word).toarray()
            found[start : start + 256] = np.rint(np.minimum(near, np.float32(1.0)) * ONE)
        return found

    def _pairs(self, places: NDArray[np.intp]) -> Vector:
        """The likeness in words of every pair of the papers at these places, which ascend."""
        if self._near is None:
            return in_words(self._words_of_all[places], self._words_of_all[places])
        found = np.empty((len(places), len(places)), dtype=np.float32)
        for start in range(0, len(places), COMPARED):
            end = min(start + COMPARED, len(places))
            some = self._near[places[start:end], : places[end - 1] + 1].take(places[:end], axis=1)
            found[start:end, :end] = some
            found[:start, start:end] = some[:, :start].T
        found *= np.float32(1.0) / ONE
        return found

    def mentions_of(self, names: Sequence[str]) -> NDArray[np.float32]:
        """Past papers × units: how much each paper speaks of each unit, as in `Features`."""
        return _columns_of(self.mentions, self.vocabulary.named(names))

    @cached_property
    def everything(self) -> Likeness:
        """All the past papers in the spaces they are compared in."""
        return self._placed(self._words_of_all, self._topics(self._words_of_all), self.papers)

    def directions_of(self, texts: Sequence[str]) -> tuple[Vector, Vector] | None:
        """Stated texts among the vectors of papers, `dense` and `fine` as in `Likeness`, zeros for those that have none;
        None where no text has one."""
        known = {} if self.vectors is None else self.vectors.texts
        if not any(text in known for text in texts):
            return None
        nothing = np.zeros_like(self._dense_centre)
        dense = _unit(np.array([known[text] - self._dense_centre if text in known else nothing for text in texts]))
        return dense, _unit(dense @ self._evening)

    def _dense(self, papers: Sequence[Paper]) -> Vector | None:
        if self.vectors is None:
            return None
        rows, known = self.vectors.of_papers(papers)
        return _unit(np.where(known[:, None], rows - self._dense_centre, np.float32(0.0)))

    @cached_property
    def _dense_centre(self) -> Vector:
        """What all papers' vectors have in common, which tells none of them apart."""
        rows, known = self.vectors.of_papers(self.papers) if self.vectors is not None else (np.zeros((0, 0)), None)
        mean = rows[known].mean(axis=0) if len(rows) and known is not None and known.any() else np.zeros(rows.shape[1])
        return np.asarray(mean, dtype=np.float32)

    @cached_property
    def _evening(self) -> Vector:
        """Dimensions × dimensions: turns dense rows so that the past papers spread about evenly in all directions."""
        rows = self._dense(self.papers)
        if rows is None or not rows.size:
            return np.zeros((0, 0) if rows is None else (rows.shape[1], rows.shape[1]), dtype=np.float32)
        width = rows.shape[1]
        spread = (rows.T @ rows).astype(np.float64)
        spread += max(LEAST_SPREAD * float(np.trace(spread)) / width, 1e-9) * np.eye(width)
        root = linalg.cholesky(spread, lower=True, check_finite=False)
        inverse = linalg.solve_triangular(root, np.eye(width), lower=True, check_finite=False)
        return np.ascontiguousarray(inverse.T, dtype=np.float32)

    def _usual_weights(self) -> Vector:
        total = len(self.papers)
        frequency = self.vocabulary.frequency
        rarity: Vector = (np.log((1.0 + total) / (1.0 + frequency)) + 1.0).astype(np.float32)
        least = min(RAREST, max(1, total // 20))
        most = max(MOST_COMMON * total, 3.0)
        told = ~self.vocabulary.named_only & (frequency >= least) & (frequency <= most)
        return np.asarray(rarity**RARITY_POWER * told, dtype=np.float32)

    def _words(self, counts: Matrix) -> Matrix:
        weighted = counts.copy()
        weighted.data = (1.0 + np.log(weighted.data)) * self._weights[weighted.indices]
        weighted.eliminate_zeros()
        return _unit_rows(weighted, self.vocabulary.several)

    def _topics(self, words: Matrix) -> Vector:
        kept, basis = self._basis
        placed = basis.of(words[:, kept]) - self._centre
        length = np.linalg.norm(placed, axis=1, keepdims=True)
        unit: Vector = np.divide(placed, length, out=np.zeros_like(placed), where=length > 1e-6)
        return unit

    @cached_property
    def _basis(self) -> tuple[NDArray[np.intp], Directions]:
        """The units that make up topics, and those units × topics: the directions in which the papers differ most
        (latent semantic analysis)."""
        words = self._words_of_all
        occurring = np.bincount(words.indices, minlength=words.shape[1]) if words.nnz else np.zeros(words.shape[1])
        kept = np.sort(np.argsort(-occurring, kind="stable")[:TOPIC_UNITS])
        kept = kept[occurring[kept] > 0]
        size = min(TOPICS, len(self.papers) // 4, len(kept) // 4)
        if size == 0:
            return kept, Directions(np.zeros((len(kept), 0), dtype=np.float32))
        return kept, Directions(main_directions(words[:, kept], size))

    @cached_property
    def _centre(self) -> Vector:
        kept, basis = self._basis
        words = self._words_of_all
        if not words.shape[0]:
            return np.zeros(basis.width, dtype=np.float32)
        mean = np.asarray(words.mean(axis=0), dtype=np.float32).ravel()[kept]
        (found,) = basis.of(sparse.csr_matrix(mean[None, :]))
        return np.asarray(found)


@dataclass(frozen=True, eq=False)
class Features:
    """A day's papers as numbers. `ids` are theirs, in the given order; `home` and `listed` have the places of those whose
    primary category, or any category, is the key, `texts` the papers' stems in one string each; the rest is the ranker's own
    business."""

    papers: tuple[Paper, ...]
    ids: tuple[str, ...]
    background: Background
    texts: tuple[str, ...]
    likeness: Likeness
    columns: Columns
    mentions: Matrix
    home: dict[str, NDArray[np.intp]]
    listed: dict[str, NDArray[np.intp]]

    @classmethod
    def of(cls, papers: Sequence[Paper], background: Background) -> Features:
        """The features of `papers` against what is usual; where too few past papers are known, these join them."""
        if len(background.papers) < LEAST_PAPERS:
            known = {paper.id for paper in background.papers}
            joined = (*background.papers, *(paper for paper in papers if paper.id not in known))
            background = Background.of(joined, background.vectors)
        units = tuple(units_of(paper) for paper in papers)
        columns = DayColumns(background.vocabulary, units)
        counts = counted(units, columns)
        likeness = background.likeness_of(counts[:, : len(background.vocabulary)], papers)
        lengths = np.array([one.length for one in units], dtype=np.float32)
        return cls(
            papers=tuple(papers),
            ids=tuple(paper.id for paper in papers),
            background=background,
            texts=tuple(one.text for one in units),
            likeness=likeness,
            columns=columns,
            mentions=_saturated(counts, lengths, background.mean_length),
            home=_places([(paper.primary,) for paper in papers]),
            listed=_places([paper.categories for paper in papers]),
        )

    def take(self, ids: Sequence[str]) -> Features:
        """The features of some of these papers, in the order of `ids`, without computing anything anew.

        Raises:
            KeyError: one of them is not among these papers.
        """
        at = {paper_id: place for place, paper_id in enumerate(self.ids)}
        places = np.array([at[paper_id] for paper_id in ids], dtype=np.intp)
        papers = tuple(self.papers[place] for place in places)
        return Features(
            papers=papers,
            ids=tuple(ids),
            background=self.background,
            texts=tuple(self.texts[place] for place in places),
            likeness=self.likeness.take(places),
            columns=self.columns,
            mentions=self.mentions[places],
            home=_places([(paper.primary,) for paper in papers]),
            listed=_places([paper.categories for paper in papers]),
        )

    def keep(self, key: Hashable, make: Callable[[], Made]) -> Made:
        """What `make` works out from these papers, kept under `key` for whoever asks again."""
        known = self._found.get(key)
        if known is None:
            known = make()
            if len(self._found) >= MOST_KEPT:
                self._found.clear()
            self._found[key] = known
        return cast("Made", known)

    @cached_property
    def _found(self) -> dict[Hashable, object]:
        return {}

    @cached_property
    def uses(self) -> Matrix:
        """Papers × units: 1 where the paper speaks of the unit, in the shape of `mentions`."""
        mentions = self.mentions
        return sparse.csc_matrix((np.ones_like(mentions.data), mentions.indices, mentions.indptr), shape=mentions.shape)

    @cached_property
    def by_word(self) -> Matrix:
        """Words × papers: the papers' words the other way round, for comparing them with few papers quickly."""
        return self.likeness.words.T.tocsr()

    def mentions_of(self, names: Sequence[str]) -> NDArray[np.float32]:
        """How much each paper (row) speaks of each unit (column): 0 for not at all, growing to 1 with every mention
        and slower in long papers."""
        return _columns_of(self.mentions, self.columns.named(names))

    @cached_property
    def place(self) -> dict[str, int]:
        """Every paper's place by its id."""
        return {paper_id: at for at, paper_id in enumerate(self.ids)}

    @cached_property
    def order(self) -> NDArray[np.intp]:
        """Each paper's rank among them by id."""
        return np.argsort(np.array(sorted(range(len(self.ids)), key=self.ids.__getitem__), dtype=np.intp))


def _columns_of(mentions: Matrix, places: NDArray[np.int32]) -> NDArray[np.float32]:
    """Papers × places: these columns of `mentions`, nothing for a place below 0."""
    found = np.zeros((mentions.shape[0], len(places)), dtype=np.float32)
    known = places >= 0
    found[:, known] = mentions[:, places[known]].toarray()
    return found


def _places(of_papers: Sequence[Sequence[str]]) -> dict[str, NDArray[np.intp]]:
    found: defaultdict[str, list[int]] = defaultdict(list)
    for at, names in enumerate(of_papers):
        for name in names:
            found[name].append(at)
    return {name: np.array(places, dtype=np.intp) for name, places in found.items()}


def key_of(paper: Paper) -> int:
    """What papers of the same words have in common: a hash, since the words themselves are too much to keep."""
    return hash((paper.title, paper.abstract, paper.categories))


def rows_of(weights: Vector, places: NDArray[np.int32], starts: NDArray[np.int32], width: int) -> Matrix:
    """Sparse rows of sound parts, which scipy would look over for longer than most products take."""
    made = sparse.csr_matrix((len(starts) - 1, width), dtype=np.float32)
    made.data, made.indices, made.indptr = weights, places, starts
    return made


def in_words(left: Matrix, right: Matrix) -> Vector:
    """The likeness in words of each paper of `left` (row) to each of `right` (column), of which there should be fewer: the
    words that they have are looked up in a table."""
    found = np.empty((left.shape[0], right.shape[0]), dtype=np.float32)
    for start in range(0, right.shape[0], COMPARED):
        end = min(start + COMPARED, right.shape[0])
        theirs = slice(right.indptr[start], right.indptr[end])
        has = np.zeros(left.shape[1], dtype=np.bool_)
        has[right.indices[theirs]] = True
        used = np.flatnonzero(has)
        # What no paper of these has stands in the last row, which is nothing.
        place = np.full(left.shape[1], len(used), dtype=np.int32)
        place[used] = np.arange(len(used), dtype=np.int32)
        table = np.zeros((len(used) + 1, end - start), dtype=np.float32)
        owners = np.repeat(np.arange(end - start), np.diff(right.indptr[start : end + 1]))
        table[place[right.indices[theirs]], owners] = right.data[theirs]
        found[:, start:end] = rows_of(left.data, place[left.indices], left.indptr, len(table)) @ table
    return found


def counted(units: Sequence[Units], columns: Columns) -> Matrix:
    """Papers × units: the counts of what has a column."""
    found, counts = [np.zeros(0, dtype=np.int32)], [0]
    for start in range(0, len(units), COMPARED):
        some = units[start : start + COMPARED]
        at = columns.places_of(np.concatenate([one.keys for one in some]))
        known = at >= 0
        owners = np.repeat(np.arange(len(some)), [len(one.keys) for one in some])
        counts += np.bincount(owners[known], minlength=len(some)).tolist()
        found.append(at[known])
    starts, places = np.cumsum(counts, dtype=np.int32), np.concatenate(found)
    matrix = rows_of(np.ones(len(places), dtype=np.float32), places, starts, len(columns))
    matrix.has_canonical_format = False
    matrix.sum_duplicates()
    return matrix


def main_directions(rows: Matrix, size: int) -> Vector:
    """The `size` strongest right singular vectors of sparse rows, as columns; found by random projection, the same on
    every run.

    What is as long as the rows are wide is made and used piece by piece, but for the answer.
    """
    rng = np.random.default_rng(0)
    width = rows.shape[1]
    spread = min(size + 20, *rows.shape)
    turned = rows.T.tocsr()
    pieces = [slice(start, min(start + PIECE, width)) for start in range(0, width, PIECE)]
    basis = np.zeros((rows.shape[0], spread), dtype=np.float32)
    for piece in pieces:
        basis += turned[piece].T @ rng.standard_normal((piece.stop - piece.start, spread), dtype=np.float32)
    for _ in range(2):
        basis = _upright(basis)
        gram, back = np.zeros((spread, spread)), np.zeros_like(basis)
        for piece in pieces:
            across = turned[piece] @ basis
            gram += across.T @ across
            back += turned[piece].T @ across
        basis = back @ _to_directions(gram, spread)
    basis = _upright(basis)
    gram = np.zeros((spread, spread))
    for piece in pieces:
        across = turned[piece] @ basis
        gram += across.T @ across
    last = basis @ _to_directions(gram, size)
    found = np.empty((width, size), dtype=np.float32)
    for piece in pieces:
        found[piece] = turned[piece] @ last
    return found


def _upright(basis: Vector) -> Vector:
    """Upright unit columns that span what these span: by their Gram matrix, which is several times as fast as taking them
    apart, and as exact where no column is nearly made of the others."""
    exact = basis.astype(np.float64)
    try:
        root = linalg.cholesky(exact.T @ exact, check_finite=False)
    except linalg.LinAlgError:
        return np.asarray(np.linalg.qr(basis)[0])
    heights = np.diag(root)
    if heights.min(initial=1.0) < LEAST_UPRIGHT * heights.max(initial=0.0):
        return np.asarray(np.linalg.qr(basis)[0])
    return np.asarray(linalg.solve_triangular(root, exact.T, trans=1, check_finite=False).T, dtype=np.float32)


def _to_directions(gram: NDArray[np.float64], size: int) -> Vector:
    """What turns a long thin matrix into its `size` strongest left singular vectors, by its Gram matrix: the same as by
    taking it apart, thirty times as fast. Directions in which nothing differs are nothing."""
    squares, turned = np.linalg.eigh(gram)
    squares, turned = squares[::-1][:size], turned[:, ::-1][:, :size]
    telling = squares > max(LEAST_STRETCH**2 * float(squares.max(initial=0.0)), 1e-12)
    lengths = np.sqrt(np.where(telling, squares, 1.0))
    return np.asarray(np.where(telling, turned / lengths, 0.0), dtype=np.float32)


def _unit_rows(matrix: Matrix, paired: NDArray[np.bool_]) -> Matrix:
    """Rows of length 1, of whose square single words are `SINGLE_SHARE` and pairs the rest (a row that has only one
    sort is that much shorter)."""
    rows = np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))
    pairs = paired[matrix.indices]
    for sort, share in ((~pairs, SINGLE_SHARE), (pairs, 1.0 - SINGLE_SHARE)):
        squares = np.bincount(rows[sort], weights=matrix.data[sort].astype(np.float64) ** 2, minlength=matrix.shape[0])
        scale = np.sqrt(np.divide(share, squares, out=np.zeros(len(squares)), where=squares > 0))
        matrix.data[sort] *= scale[rows[sort]].astype(np.float32)
    return matrix


def _unit(rows: Vector) -> Vector:
    length = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.asarray(np.divide(rows, length, out=np.zeros_like(rows), where=length > 1e-6), dtype=np.float32)


def _saturated(counts: Matrix, lengths: Vector, mean_length: float) -> Matrix:
    relative = lengths / max(mean_length, 1.0)
    slowed = SATURATION * (1.0 - LENGTH_WEIGHT + LENGTH_WEIGHT * relative)
    mentions = counts.copy()
    mentions.data = mentions.data / (mentions.data + np.repeat(slowed, np.diff(mentions.indptr)))
    return mentions.astype(np.float32).tocsc()
