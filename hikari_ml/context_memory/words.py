"""The word index: Okapi BM25 over stemmed words, kept in memory and filled on opening.

S. Robertson and H. Zaragoza, "The Probabilistic Relevance Framework: BM25 and Beyond", 2009, with
Lucene's non-negative idf.
"""

from __future__ import annotations

import math
import re
import struct
from array import array
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b
from itertools import pairwise
from typing import Final, Self

import numpy as np
import numpy.typing as npt
import snowballstemmer

from hikari_ml.context_memory.flat import DEAD_SHARE, FEWEST_ROWS
from hikari_ml.text.normalize import collapse_elongation

K1: Final = 1.2
B: Final = 0.75

SPARSE: Final = 0.1
"""Share of all rows up to which sorting those that are reached is quicker than counting in all."""

NOWHERE: Final = -1
"""In place of a neighbour's row where there is none."""

WORD: Final = np.dtype([("digest", "<i8"), ("count", "<u2")])
"""A word of a text and how often it stands there; bytes of this make up the words of a text."""

MOST: Final = 2**16 - 1

Posting = tuple[array, array]  # type: ignore[type-arg]  # rows and how often the word stands in them
Numbers = npt.NDArray[np.int64]

_WORD = re.compile(r"\w+")
_UNSPACED = re.compile(r"[\u3040-\u30ff\u4e00-\u9fff]+")
_FUNCTION_WORDS: Final = frozenset(
    """
    a an and are as at be but by for if in into is it no not of on or such that the their then there these
    they this to was will with i you he she we my your his her its our do did does what who when where how
    """.split()
)


@dataclass(frozen=True, slots=True)
class Packed:
    """Postings that no longer grow, side by side: far quicker to make than one by one."""

    digests: Numbers
    rows: Numbers
    frequency: Numbers
    place: dict[int, tuple[int, int]]
    """Where the posting of a word begins and ends."""

    @classmethod
    def of(cls, digests: Numbers, rows: Numbers, frequency: Numbers) -> Self:
        """From what stands where, in any order."""
        order = np.argsort(digests, kind="stable")
        digests = digests[order]
        found, starts = np.unique(digests, return_index=True)
        ends = np.append(starts[1:], len(digests))[: len(starts)]
        spans = zip(starts.tolist(), ends.tolist(), strict=True)
        return cls(digests, rows[order], frequency[order], dict(zip(found.tolist(), spans, strict=True)))

    def posting(self, digest: int) -> tuple[Numbers, Numbers]:
        """In which rows a word stands, and how often."""
        start, end = self.place.get(digest, (0, 0))
        return self.rows[start:end], self.frequency[start:end]

    def with_these(self, postings: Mapping[int, Posting]) -> tuple[Numbers, Numbers, Numbers]:
        """What stands where, here and in ``postings``."""
        sizes = [len(rows) for rows, _ in postings.values()]
        digests = np.repeat(np.fromiter(postings, np.int64, len(postings)), sizes)
        more = [[np.frombuffer(part, np.int64) for part in parts] for parts in postings.values()]
        return (
            np.concatenate([self.digests, digests]),
            np.concatenate([self.rows, *(rows for rows, _ in more)]),
            np.concatenate([self.frequency, *(often for _, often in more)]),
        )


class WordIndex:
    """BM25 scores of records and of their windows for a query, by record key.

    A window is a record with its neighbours, read as one text. It is made from the postings of its lines
    when it is searched, so that a line is indexed once, and a scope cuts windows as it cuts lines.
    """

    def __init__(self) -> None:
        self._packed = Packed.of(*(np.zeros(0, np.int64) for _ in range(3)))
        self._postings: dict[int, Posting] = defaultdict(_empty_posting)
        self._keys = array("q")
        self._lengths = array("q")
        self._alive = array("b")
        self._before = array("q")
        self._after = array("q")
        self._row_of: dict[int, int] = {}
        self._total = 0

    def fill(self, lines: Sequence[tuple[int, bytes]], conversations: Iterable[Sequence[int]]) -> None:
        """Index the words of many keys in an empty index, in which ``conversations`` make them neighbours."""
        words = np.frombuffer(b"".join(words for _, words in lines), WORD)
        counts = np.array([len(words) // WORD.itemsize for _, words in lines], np.int64)
        rows = np.repeat(np.arange(len(lines)), counts)
        self._packed = Packed.of(words["digest"], rows, words["count"].astype(np.int64))
        lengths = np.bincount(rows, words["count"], len(lines)).astype(np.int64)
        self._keys, self._lengths = array("q", (key for key, _ in lines)), _array(lengths)
        self._alive = array("b", bytes([1]) * len(lines))
        self._before, self._after = (_array(np.full(len(lines), NOWHERE)) for _ in range(2))
        self._row_of = {key: row for row, key in enumerate(self._keys)}
        self._total = int(lengths.sum())
        for line in conversations:
            for before, after in pairwise(line):
                self._join(self._row_of[before], self._row_of[after])

    def add(self, key: int, words: bytes, before: int | None = None, after: int | None = None) -> None:
        """Index the words of ``key``, between two neighbours; a key already there is replaced."""
        self.remove([key])
        row, length = len(self._keys), 0
        for digest, count in struct.iter_unpack("<qH", words):
            rows, frequencies = self._postings[digest]
            rows.append(row)
            frequencies.append(count)
            length += count
        self._keys.append(key)
        self._lengths.append(length)
        self._alive.append(1)
        self._before.append(NOWHERE)
        self._after.append(NOWHERE)
        self._row_of[key] = row
        self._total += length
        self._join(self._place(before), row)
        self._join(row, self._place(after))

    def remove(self, keys: Collection[int]) -> None:
        """Forget ``keys``; unknown ones are ignored."""
        for key in keys:
            row = self._row_of.pop(key, None)
            if row is not None:
                self._alive[row] = 0
                self._total -= self._lengths[row]
                self._join(self._before[row], self._after[row])
        rows = len(self._keys)
        if rows > FEWEST_ROWS and len(self._row_of) < (1 - DEAD_SHARE) * rows:
            self._drop_dead()

    def search(
        self,
        query: str,
        k: int,
        scope: Collection[int] | None = None,
        *,
        names: str = "",
        reach: int = 0,
        hidden: Collection[int] = (),
    ) -> list[tuple[int, float]]:
        """Up to ``k`` keys that share a word with ``query``, with BM25 scores, best first; ties by key.

        Words of ``names`` count where a word of the query is found too, and find nothing by themselves. With
        ``reach``, a key stands for its window of so many lines to either side; of these only lines in
        ``scope`` are read. Keys in ``hidden`` are out of scope.
        """
        wanted, others = set(map(_digest, terms(query))), set(map(_digest, terms(names)))
        wanted = (wanted - others) or wanted
        if not self._row_of or not any(map(self._is_known, wanted)):
            return []
        inside = self._inside(scope)
        if hidden:
            inside = inside.copy()
            inside[[self._row_of[key] for key in hidden if key in self._row_of]] = False
        found, scores = self._scores(wanted, others, inside, reach)
        rows = np.flatnonzero(found & inside)
        if len(rows) > k:  # sorting all of them would take longer than scoring them
            rows = rows[scores[rows] >= np.partition(scores[rows], -k)[-k]]
        keys = np.frombuffer(self._keys, np.int64)[rows]
        order = np.lexsort((keys, -scores[rows]))[:k]
        return [(int(keys[i]), float(scores[rows[i]])) for i in order]

    def _inside(self, scope: Collection[int] | None) -> npt.NDArray[np.bool_]:
        if scope is None:
            return self._alive_rows()
        inside = np.zeros(len(self._keys), bool)
        inside[[self._row_of[key] for key in scope if key in self._row_of]] = True
        return inside

    def _scores(
        self, wanted: set[int], others: set[int], inside: npt.NDArray[np.bool_], reach: int
    ) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.float64]]:
        """Which rows have a wanted word, and BM25 of every row.

        How rare a word is, is counted in all lines that are not deleted, for windows as well: lines and
        windows then weigh a word alike.
        """
        count, alive = len(self._row_of), self._alive_rows()
        found, scores = np.zeros(len(alive), bool), np.zeros(len(alive))
        steps = self._steps() if reach else ()
        lengths = np.frombuffer(self._lengths, np.int64)
        mean_length = max(1.0, self._total / count)
        if reach:
            lengths = _windowed(np.where(inside, lengths, 0), steps, reach)
            mean_length = max(1.0, float(lengths[inside].mean())) if inside.any() else 1.0
        for term in sorted(filter(self._is_known, wanted | others)):
            rows, frequency = self._posting(term)
            rows, frequency = rows[alive[rows]], frequency[alive[rows]]
            idf = math.log(1 + (count - len(rows) + 0.5) / (len(rows) + 0.5))
            if reach:
                kept = inside[rows]
                rows, frequency = _spread(rows[kept], frequency[kept], steps, reach)
            norm = K1 * (1 - B + B * lengths[rows] / mean_length)
            scores[rows] += idf * frequency * (K1 + 1) / (frequency + norm)
            if term in wanted:
                found[rows] = True
        return found, scores

    def with_any(self, words: Iterable[str]) -> set[int]:
        """The keys of which any of ``words`` stands in the text."""
        keys = np.frombuffer(self._keys, np.int64)
        digests = {_digest(term) for word in words for term in terms(word)}
        found = [self._posting(digest)[0] for digest in digests if self._is_known(digest)]
        rows = np.unique(np.concatenate([*found, np.zeros(0, np.int64)]))
        return set(keys[rows[self._alive_rows()[rows]]].tolist())

    def _is_known(self, digest: int) -> bool:
        return digest in self._postings or digest in self._packed.place

    def _posting(self, digest: int) -> tuple[Numbers, Numbers]:
        """In which rows a word stands, deleted ones too, and how often."""
        rows, frequency = self._packed.posting(digest)
        if digest in self._postings:
            more, often = (np.frombuffer(part, np.int64) for part in self._postings[digest])
            rows, frequency = np.concatenate([rows, more]), np.concatenate([frequency, often])
        return rows, frequency

    def _place(self, key: int | None) -> int:
        return NOWHERE if key is None else self._row_of.get(key, NOWHERE)

    def _join(self, before: int, after: int) -> None:
        """Make two rows neighbours."""
        if before != NOWHERE:
            self._after[before] = after
        if after != NOWHERE:
            self._before[after] = before

    def _steps(self) -> tuple[Numbers, ...]:
        """Where one step back and one ahead lead from each row; nowhere is a row after the last."""
        end = len(self._keys)
        links = (np.frombuffer(link, np.int64) for link in (self._before, self._after))
        return tuple(np.append(np.where(link == NOWHERE, end, link), end) for link in links)

    def _drop_dead(self) -> None:
        """Close the gaps that deleted rows left, in the postings too."""
        alive = self._alive_rows()
        new_row = np.cumsum(alive) - 1
        digests, rows, frequency = self._packed.with_these(self._postings)
        kept = alive[rows]
        self._packed = Packed.of(digests[kept], new_row[rows[kept]], frequency[kept])
        self._postings.clear()
        self._keys = _array(np.frombuffer(self._keys, np.int64)[alive])
        self._lengths = _array(np.frombuffer(self._lengths, np.int64)[alive])
        self._alive = array("b", [1] * len(self._keys))
        self._before, self._after = (
            _array(np.where(link == NOWHERE, NOWHERE, new_row[link])[alive])
            for link in (np.frombuffer(self._before, np.int64), np.frombuffer(self._after, np.int64))
        )
        self._row_of = {key: row for row, key in enumerate(self._keys)}

    def _alive_rows(self) -> npt.NDArray[np.bool_]:
        return np.frombuffer(self._alive, np.bool_)


def _windowed(numbers: Numbers, steps: tuple[Numbers, ...], reach: int) -> Numbers:
    """``numbers``, one a row, summed over the window of every row."""
    whole = np.append(numbers, 0)
    total = whole.copy()
    for step in steps:
        at = np.arange(len(whole))
        for _ in range(reach):
            at = step[at]
            total += whole[at]
    return total[:-1]


def _spread(
    rows: Numbers, numbers: Numbers, steps: tuple[Numbers, ...], reach: int
) -> tuple[Numbers, Numbers]:
    """Rows whose window holds any of ``rows``, and the sum of the numbers that stand in it."""
    end = len(steps[0]) - 1
    at, what = [rows], [numbers]
    for step in steps:
        near = rows
        for _ in range(reach):
            near = step[near]
            at.append(near)
            what.append(numbers)
    places, summed = np.concatenate(at), np.concatenate(what)
    if len(places) > SPARSE * end:
        total = np.bincount(places, summed, end + 1).astype(np.int64)
        reached = np.flatnonzero(total[:-1])
        return reached, total[reached]
    reached, which = np.unique(places, return_inverse=True)
    total = np.bincount(which, summed).astype(np.int64)
    inner = reached < end
    return reached[inner], total[inner]


def _array(numbers: Numbers) -> array[int]:
    return array("q", numbers.astype(np.int64).tobytes())


def _empty_posting() -> Posting:
    return array("q"), array("q")


def words_of(text: str) -> bytes:
    """The words of ``text`` as the index takes them and the store keeps them."""
    counts = Counter(terms(text))
    return b"".join(struct.pack("<qH", _digest(term), min(count, MOST)) for term, count in counts.items())


@lru_cache(maxsize=65_536)
def _digest(term: str) -> int:
    return int.from_bytes(blake2b(term.encode(), digest_size=8).digest(), "little", signed=True)


def terms(text: str) -> list[str]:
    """Stemmed words of ``text`` without function words; unspaced scripts give pairs of characters."""
    found = []
    for match in _WORD.finditer(collapse_elongation(text).casefold()):
        word = match.group()
        if _UNSPACED.fullmatch(word):
            found += [word[i : i + 2] for i in range(max(1, len(word) - 1))]
        elif word not in _FUNCTION_WORDS:
            found.append(_stem(word))
    return found


@lru_cache(maxsize=65_536)
def _stem(word: str) -> str:
    return str(_STEMMER.stemWord(word))


_STEMMER: Final = snowballstemmer.stemmer("english")
