"""The word index: Okapi BM25 over stemmed words, kept in memory and filled on opening.

S. Robertson and H. Zaragoza, "The Probabilistic Relevance Framework: BM25 and Beyond", 2009, with
Lucene's non-negative idf.
"""

from __future__ import annotations

import math
import re
import struct
import unicodedata
from array import array
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b
from itertools import chain, pairwise
from typing import Any, Final, Self

import numpy as np
import numpy.typing as npt
import snowballstemmer

from hikari_ml.context_memory.flat import DEAD_SHARE, FEWEST_ROWS
from hikari_ml.text.normalize import collapse_elongation

K1: Final = 1.2
B: Final = 0.75

NOWHERE: Final = 0
"""The row of no line, where a neighbour is missing: no word stands in it, and its key is no memory's."""

WORD: Final = np.dtype([("digest", "<i8"), ("count", "<u2")])
"""A word of a text and how often it stands there; bytes of this make up the words of a text."""

MOST: Final = 2**16 - 1

Posting = tuple[array, array]  # type: ignore[type-arg]  # rows and how often the word stands in them
Numbers = npt.NDArray[np.int64]
Rows = npt.NDArray[np.int32]
Counts = npt.NDArray[np.uint16]
Mask = npt.NDArray[np.bool_]
"""Which rows of a word index a search may find; good until the index is changed."""

_WORD = re.compile(r"\w+")
_KANA: Final = r"\u3041-\u3096\u309d-\u309f\u30a1-\u30fa\u30fc-\u30ff\u31f0-\u31ff"
_KANJI: Final = r"\u3006\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U000323af"
"""With 〆 and 〇, which are written like one; 々 only says one again, and is no word by itself."""
_UNSPACED: Final = rf"{_KANA}\u3005{_KANJI}"
PART: Final = re.compile(rf"[{_UNSPACED}]+|[^\W{_UNSPACED}]+")
"""A word, which ends where a script without spaces begins, or a run in such a script."""
_RUN = re.compile(rf"[{_UNSPACED}]")
_ONE = re.compile(rf"[{_KANJI}]")
_WIDTHS = re.compile(r"[\uff10-\uff19\uff21-\uff3a\uff41-\uff5a\uff66-\uff9f]+")
"""Full-width letters and digits, and half-width katakana: no marks, so that no word gets another end."""
_FUNCTION_WORDS: Final = frozenset(
    """
    a an and are as at be but by for if in into is it no not of on or such that the their then there these
    they this to was will with i you he she we my your his her its our do did does what who when where how
    """.split()
)


@dataclass(frozen=True, slots=True)
class Packed:
    """Postings that no longer grow, side by side: far quicker to make than one by one."""

    words: array[int]
    """The digest of each word, ascending."""
    ends: array[int]
    """Where the posting of each word ends, and the next one begins."""
    rows: Rows
    frequency: Counts

    @classmethod
    def of(cls, digests: Numbers, rows: Rows, frequency: Counts) -> Self:
        """From what stands where; the rows of a word keep their order."""
        order = _order(digests)
        digests = digests[order]
        last = np.append(digests[1:] != digests[:-1], True)[: len(digests)]
        ends = np.flatnonzero(last)
        return cls(_array(digests[ends]), _array(ends + 1), rows[order], frequency[order])

    def __contains__(self, digest: int) -> bool:
        at = bisect_left(self.words, digest)
        return at < len(self.words) and self.words[at] == digest

    def posting(self, digest: int) -> tuple[Rows, Counts]:
        """In which rows a word stands, and how often."""
        at = bisect_left(self.words, digest)
        if at == len(self.words) or self.words[at] != digest:
            return self.rows[:0], self.frequency[:0]
        start, end = self.ends[at - 1] if at else 0, self.ends[at]
        return self.rows[start:end], self.frequency[start:end]

    def with_these(self, postings: Mapping[int, Posting]) -> tuple[Numbers, Rows, Counts]:
        """What stands where, here and in ``postings``."""
        ends = np.frombuffer(self.ends, np.int64)
        here = np.repeat(np.frombuffer(self.words, np.int64), ends - np.append(0, ends[:-1]))
        sizes = [len(rows) for rows, _ in postings.values()]
        there = np.repeat(np.fromiter(postings, np.int64, len(postings)), sizes)
        more = [_viewed(posting) for posting in postings.values()]
        return (
            np.concatenate([here, there]),
            np.concatenate([self.rows, *(rows for rows, _ in more)]),
            np.concatenate([self.frequency, *(often for _, often in more)]),
        )


@dataclass(frozen=True, slots=True)
class Asked:
    """A word of a query: in which rows it stands, how often, and how rare it is.

    What is not ``wanted`` counts and finds nothing. Good until the index is changed.
    """

    rows: Rows
    frequency: Counts
    rarity: float
    wanted: bool


class WordIndex:
    """BM25 scores of records and of their windows for a query, by record key.

    A window is a record with its neighbours, read as one text. It is made from the postings of its lines
    when it is searched, so that a line is indexed once, and a scope cuts windows as it cuts lines.
    """

    def __init__(self) -> None:
        self._postings: dict[int, Posting] = defaultdict(_empty_posting)
        self.fill([], [])

    def fill(self, lines: Sequence[tuple[int, bytes]], conversations: Iterable[Sequence[int]]) -> None:
        """Index the words of many ascending keys in an empty index; ``conversations`` make them neighbours.

        Half of it is numpy, which lets other threads run.
        """
        words = np.frombuffer(b"".join(words for _, words in lines), WORD)
        counts = np.array([len(words) // WORD.itemsize for _, words in lines], np.int64)
        rows = np.repeat(np.arange(1, len(lines) + 1, dtype=np.int32), counts)
        self._packed = Packed.of(words["digest"], rows, words["count"])
        lengths = np.bincount(rows, words["count"], len(lines) + 1).astype(np.int64)
        self._keys, self._lengths = array("q", (0, *(key for key, _ in lines))), _array(lengths)
        self._alive = array("b", bytes([0, *[1] * len(lines)]))
        self._before, self._after = map(
            _array, _neighbours(np.frombuffer(self._keys, np.int64), conversations)
        )
        self._row_of = {key: row for row, key in enumerate(self._keys) if row != NOWHERE}
        self._total = int(lengths.sum())

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

    def scope(self, keys: Collection[int] | None, hidden: Collection[int] = ()) -> Mask | None:
        """The rows of ``keys``, or of all, without those of ``hidden``; None if nothing is left out."""
        if keys is None and not hidden:
            return None
        if keys is None:
            inside = self._alive_rows().copy()
        else:
            inside = np.zeros(len(self._keys), bool)
            inside[self._rows(keys)] = True
        inside[self._rows(hidden)] = False
        return inside

    def asked(self, query: str, names: str = "") -> list[Asked]:
        """The words of a query that stand anywhere; none if these are words of ``names`` alone.

        Those of names count where a word of the query is found too, and find nothing by themselves.
        """
        wanted, others = set(map(_digest, asked_terms(query))), set(map(_digest, terms(names)))
        wanted = (wanted - others) or wanted
        count, asked = len(self._row_of), []
        for digest in sorted(filter(self._is_known, wanted | others)):
            rows, frequency = self._posting(digest)
            if not self._whole:
                kept = self._alive_rows()[rows]
                rows, frequency = rows[kept], frequency[kept]
            rarity = math.log(1 + (count - len(rows) + 0.5) / (len(rows) + 0.5))
            asked.append(Asked(rows, frequency, rarity, digest in wanted))
        return asked if any(each.wanted for each in asked) else []

    def search(self, asked: Iterable[Asked], k: int, inside: Mask | None = None) -> list[tuple[int, float]]:
        """Up to ``k`` keys in whose text a word that is asked for stands, with BM25 scores, best first.

        Ties go by key; ``inside`` is the :meth:`scope`.
        """
        found, scores = np.zeros(len(self._keys), bool), np.zeros(len(self._keys))
        lengths = np.frombuffer(self._lengths, np.int64)
        mean = self._total / max(1, len(self._row_of))
        for word in asked:
            rows, frequency = word.rows, word.frequency
            if inside is not None:
                kept = inside[rows]
                rows, frequency = rows[kept], frequency[kept]
            scores[rows] += word.rarity * _saturated(frequency, lengths[rows], mean)
            if word.wanted:
                found[rows] = True
        reached = np.flatnonzero(found)
        return self._best(reached, scores[reached], k)

    def search_windows(
        self, asked: Iterable[Asked], k: int, lines: Iterable[int], reach: int, inside: Mask | None = None
    ) -> list[tuple[int, float]]:
        """Like :meth:`search`, for windows of ``reach`` lines to either side that hold one of ``lines``.

        Of a window only the lines inside are read. How rare a word is, is counted in lines, as for lines:
        both then weigh a word alike.
        """
        middles, windows = self._windows(lines, reach, reach, inside)
        lengths = np.frombuffer(self._lengths, np.int64)[windows].sum(axis=1)
        mean = float(lengths.mean()) if len(lengths) else 0.0
        found, scores = np.zeros(len(middles), bool), np.zeros(len(middles))
        times = np.zeros(len(self._keys), np.int32)
        for word in asked:
            times[word.rows] = word.frequency
            frequency = times[windows].sum(axis=1)
            times[word.rows] = 0
            scores += word.rarity * _saturated(frequency, lengths, mean)
            if word.wanted:
                found |= frequency > 0
        return self._best(middles[found], scores[found], k)

    def windows(
        self, lines: Iterable[int], before: int, after: int, inside: Mask | None = None
    ) -> tuple[Numbers, Numbers]:
        """The windows of so many lines before and after their own that hold one of ``lines``.

        Returns the keys of their own lines [N], and of all that are in them, 0 where there is none or none
        inside: [N, before + 1 + after].
        """
        middles, windows = self._windows(lines, before, after, inside)
        keys = np.frombuffer(self._keys, np.int64)
        return keys[middles], keys[windows]

    def _windows(
        self, lines: Iterable[int], before: int, after: int, inside: Mask | None
    ) -> tuple[Numbers, Numbers]:
        """The same in rows."""
        inside = self._alive_rows() if inside is None else inside
        middles = np.unique(self._around(self._rows(lines), after, before))
        middles = middles[inside[middles]]
        windows = self._around(middles, before, after)
        windows[~inside[windows]] = NOWHERE
        return middles, windows

    def _best(self, rows: Numbers, scores: npt.NDArray[np.float64], k: int) -> list[tuple[int, float]]:
        if len(rows) > k:  # sorting all of them would take longer than scoring them
            best = scores >= np.partition(scores, -k)[-k]
            rows, scores = rows[best], scores[best]
        keys = np.frombuffer(self._keys, np.int64)[rows]
        order = np.lexsort((keys, -scores))[:k]
        return list(zip(keys[order].tolist(), scores[order].tolist(), strict=True))

    def with_any(self, words: Iterable[str]) -> set[int]:
        """The keys of which any of ``words`` stands in the text."""
        keys = np.frombuffer(self._keys, np.int64)
        digests = {_digest(term) for word in words for term in terms(word)}
        found = [self._posting(digest)[0] for digest in digests if self._is_known(digest)]
        rows = np.unique(np.concatenate([*found, np.zeros(0, np.int32)]))
        return set(keys[rows[self._alive_rows()[rows]]].tolist())

    def with_all(self, words: Iterable[str], keys: Iterable[int]) -> list[int]:
        """Those of ``keys`` in whose text each of ``words`` stands."""
        digests = set(map(_digest, terms(" ".join(words))))
        if not all(map(self._is_known, digests)):  # of a line that is not a repetition, one word often is new
            return []
        rows = self._rows(keys)
        for packed, grown in sorted(map(self._rows_with, digests), key=lambda parts: sum(map(len, parts))):
            if not len(rows):
                break
            rows = rows[_is_in(rows, packed) | _is_in(rows, grown)]
        return list(np.frombuffer(self._keys, np.int64)[rows].tolist())

    def _rows_with(self, digest: int) -> tuple[Rows, Rows]:
        """The rows in which a word stands, deleted ones too: of those filled in, and of those added since."""
        packed, _ = self._packed.posting(digest)
        return packed, _viewed(self._postings[digest])[0] if digest in self._postings else packed[:0]

    def _is_known(self, digest: int) -> bool:
        return digest in self._postings or digest in self._packed

    def _posting(self, digest: int) -> tuple[Rows, Counts]:
        """In which rows a word stands, deleted ones too, and how often."""
        rows, frequency = self._packed.posting(digest)
        if digest in self._postings:
            more, often = _viewed(self._postings[digest])
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

    def _rows(self, keys: Iterable[int]) -> Numbers:
        """The rows of those ``keys`` that are there."""
        return np.array([self._row_of[key] for key in keys if key in self._row_of], np.int64)

    def _around(self, rows: Numbers, before: int, after: int) -> Numbers:
        """The rows before, at and after each of ``rows`` in its conversation: [N, before + 1 + after]."""
        columns = [rows]
        for _ in range(before):
            columns.insert(0, np.frombuffer(self._before, np.int64)[columns[0]])
        for _ in range(after):
            columns.append(np.frombuffer(self._after, np.int64)[columns[-1]])
        return np.stack(columns, axis=1)

    def _drop_dead(self) -> None:
        """Close the gaps that deleted rows left, in the postings too."""
        stays = self._alive_rows().copy()
        new_row = np.cumsum(stays, dtype=np.int32)
        digests, rows, frequency = self._packed.with_these(self._postings)
        kept = stays[rows]
        self._packed = Packed.of(digests[kept], new_row[rows[kept]], frequency[kept])
        self._postings.clear()
        stays[NOWHERE] = True
        self._keys = _array(np.frombuffer(self._keys, np.int64)[stays])
        self._lengths = _array(np.frombuffer(self._lengths, np.int64)[stays])
        self._before, self._after = (
            _array(new_row[np.frombuffer(link, np.int64)][stays]) for link in (self._before, self._after)
        )
        self._alive = array("b", [0, *[1] * (len(self._keys) - 1)])
        self._row_of = {key: row for row, key in enumerate(self._keys) if row != NOWHERE}

    @property
    def _whole(self) -> bool:
        """Whether no row is deleted."""
        return len(self._row_of) + 1 == len(self._keys)

    def _alive_rows(self) -> Mask:
        return np.frombuffer(self._alive, np.bool_)


def _neighbours(keys: Numbers, conversations: Iterable[Sequence[int]]) -> tuple[Numbers, Numbers]:
    """The row before and the row after each row in its conversation; the keys of the rows ascend."""
    before, after = np.zeros(len(keys), np.int64), np.zeros(len(keys), np.int64)
    lines = list(conversations)
    rows = np.searchsorted(keys, np.fromiter(chain.from_iterable(lines), np.int64))
    number = np.repeat(np.arange(len(lines)), [len(line) for line in lines])
    first, second = rows[:-1], rows[1:]
    together = number[:-1] == number[1:]
    before[second[together]], after[first[together]] = first[together], second[together]
    return before, after


def _order(digests: Numbers) -> Numbers:
    """The order that sorts ``digests``, ties as they come: by radix, as numpy does of 16 bits and less."""
    order = np.argsort(digests.astype(np.uint16), kind="stable")
    for shift, part in ((16, np.uint16), (32, np.uint16), (48, np.int16)):
        order = order[np.argsort((digests >> shift).astype(part)[order], kind="stable")]
    return order


def _saturated(frequency: Counts | Numbers, lengths: Numbers, mean: float) -> npt.NDArray[np.float64]:
    """How much a word counts that stands in texts so often, by their lengths and the mean length."""
    weight = lengths.astype(np.float64)  # then in place: a common word stands in many rows
    weight *= K1 * B / max(1.0, mean)
    weight += K1 * (1 - B)
    weight += frequency
    np.divide(frequency, weight, out=weight)
    weight *= K1 + 1
    return weight


def _is_in(rows: Numbers, posting: Rows) -> Mask:
    """Which of ``rows`` are in a posting, whose rows ascend."""
    if not len(posting):
        return np.zeros(len(rows), bool)
    at = np.searchsorted(posting, rows.astype(np.int32))  # of another type it would copy the posting
    return np.asarray(posting[np.minimum(at, len(posting) - 1)] == rows)


def _array(numbers: npt.NDArray[Any]) -> array[int]:
    return array("q", numbers.astype(np.int64).tobytes())


def _empty_posting() -> Posting:
    return array("i"), array("H")


def _viewed(posting: Posting) -> tuple[Rows, Counts]:
    rows, frequency = posting
    return np.frombuffer(rows, np.int32), np.frombuffer(frequency, np.uint16)


def words_of(text: str) -> bytes:
    """The words of ``text`` as the index takes them and the store keeps them."""
    counts = Counter(terms(text))
    return b"".join(struct.pack("<qH", _digest(term), min(count, MOST)) for term, count in counts.items())


@lru_cache(maxsize=65_536)
def _digest(term: str) -> int:
    return int.from_bytes(blake2b(term.encode(), digest_size=8).digest(), "little", signed=True)


def terms(text: str) -> list[str]:
    """Stemmed words of ``text`` without function words; unspaced scripts give characters and pairs of them.

    A run of kana and kanji ends where another script begins ("Hadesが好き"). It gives its pairs, and each
    kanji by itself, so that a word of one is found: as CJKBigramFilter of Lucene with ``outputUnigrams``. A
    kana by itself says nothing, and is a term only where it is all there is. Width makes no difference.
    """
    found: list[str] = []
    plain = text.isascii()
    if not plain:
        text = _WIDTHS.sub(lambda match: unicodedata.normalize("NFKC", match[0]), text)
    for word in (_WORD if plain else PART).findall(collapse_elongation(text).casefold()):
        if not plain and _RUN.match(word):
            found += _of_run(word)
        elif word not in _FUNCTION_WORDS:
            found.append(word if word.isdecimal() else _stem(word))
    return found


def _of_run(run: str) -> list[str]:
    """The terms of a run in an unspaced script: all that is there of one character, else kanji and pairs."""
    if len(run) == 1:
        return [run]
    return [*_ONE.findall(run), *map("".join, pairwise(run))]


def asked_terms(query: str) -> set[str]:
    """The :func:`terms` of a question that say what it is about; of one that has none, all of them.

    A memory keeps "has" and "me", because what is kept should not depend on what is asked. Of a few dozen
    lines such a word can be the rarest, and would count the most.
    """
    asked = set(terms(query))
    return (asked - ASKING_TERMS) or asked


@lru_cache(maxsize=65_536)
def _stem(word: str) -> str:
    return str(_STEMMER.stemWord(word))


_STEMMER: Final = snowballstemmer.stemmer("english")
ASKING_TERMS: Final = frozenset(
    terms(
        """
        has have had having am been being me him them us could would should can may might must shall
        about from any some just also too very tell
        """
    )
)
"""What questions are made of, besides function words."""
