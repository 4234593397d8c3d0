"""The word index: Okapi BM25 over stemmed words, kept in memory and rebuilt on opening.

S. Robertson and H. Zaragoza, "The Probabilistic Relevance Framework: BM25 and Beyond", 2009, with
Lucene's non-negative idf.
"""

from __future__ import annotations

import math
import re
from array import array
from collections import Counter, defaultdict
from collections.abc import Collection
from functools import lru_cache
from typing import Final

import numpy as np
import numpy.typing as npt
import snowballstemmer

from hikari_ml.context_memory.index import DEAD_SHARE, FEWEST_ROWS
from hikari_ml.text.normalize import collapse_elongation

K1: Final = 1.2
B: Final = 0.75

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


class WordIndex:
    """BM25 scores of records for a query, by record key."""

    def __init__(self) -> None:
        self._postings: dict[str, Posting] = defaultdict(_empty_posting)
        self._keys = array("q")
        self._lengths = array("q")
        self._alive = array("b")
        self._row_of: dict[int, int] = {}
        self._total = 0

    def add(self, key: int, text: str) -> None:
        """Index ``text`` under ``key``; a key already there is replaced."""
        self.remove([key])
        row = len(self._keys)
        counts = Counter(terms(text))
        for term, count in counts.items():
            rows, frequencies = self._postings[term]
            rows.append(row)
            frequencies.append(count)
        self._keys.append(key)
        self._lengths.append(counts.total())
        self._alive.append(1)
        self._row_of[key] = row
        self._total += counts.total()

    def remove(self, keys: Collection[int]) -> None:
        """Forget ``keys``; unknown ones are ignored."""
        for key in keys:
            row = self._row_of.pop(key, None)
            if row is not None:
                self._alive[row] = 0
                self._total -= self._lengths[row]
        rows = len(self._keys)
        if rows > FEWEST_ROWS and len(self._row_of) < (1 - DEAD_SHARE) * rows:
            self._drop_dead()

    def search(self, query: str, k: int, scope: Collection[int] | None = None) -> list[tuple[int, float]]:
        """Up to ``k`` keys that share a word with ``query``, with BM25 scores, best first; ties by key."""
        known = sorted({term for term in terms(query) if term in self._postings})
        if not known or not self._row_of:
            return []
        scores = self._scores(known)
        if scope is not None:
            inside = np.zeros(len(scores), bool)
            inside[[self._row_of[key] for key in scope if key in self._row_of]] = True
            scores[~inside] = 0.0
        rows = np.flatnonzero(scores > 0)
        keys = np.frombuffer(self._keys, np.int64)[rows]
        order = np.lexsort((keys, -scores[rows]))[:k]
        return [(int(keys[i]), float(scores[rows[i]])) for i in order]

    def _scores(self, known: list[str]) -> npt.NDArray[np.float64]:
        """BM25 of every row, 0 for deleted ones; what was deleted does not make a word common either."""
        count = len(self._row_of)
        lengths, alive = np.frombuffer(self._lengths, np.int64), self._alive_rows()
        mean_length = max(1.0, self._total / count)
        scores = np.zeros(len(lengths))
        for term in known:
            rows, frequency = _living(self._postings[term], alive)
            idf = math.log(1 + (count - len(rows) + 0.5) / (len(rows) + 0.5))
            norm = K1 * (1 - B + B * lengths[rows] / mean_length)
            scores[rows] += idf * frequency * (K1 + 1) / (frequency + norm)
        return scores

    def _drop_dead(self) -> None:
        """Close the gaps that deleted rows left, in the postings too."""
        alive = self._alive_rows()
        new_row = np.cumsum(alive) - 1
        for term, posting in list(self._postings.items()):
            rows, frequency = _living(posting, alive)
            if len(rows):
                self._postings[term] = _array(new_row[rows]), _array(frequency)
            else:
                del self._postings[term]
        self._keys = _array(np.frombuffer(self._keys, np.int64)[alive])
        self._lengths = _array(np.frombuffer(self._lengths, np.int64)[alive])
        self._alive = array("b", [1] * len(self._keys))
        self._row_of = {key: row for row, key in enumerate(self._keys)}

    def _alive_rows(self) -> npt.NDArray[np.bool_]:
        return np.frombuffer(self._alive, np.bool_)


def _living(posting: Posting, alive: npt.NDArray[np.bool_]) -> tuple[Numbers, Numbers]:
    """Rows and frequencies of a posting without the deleted rows."""
    rows, frequency = (np.frombuffer(part, np.int64) for part in posting)
    kept = alive[rows]
    return rows[kept], frequency[kept]


def _array(numbers: Numbers) -> array[int]:
    return array("q", numbers.astype(np.int64).tobytes())


def _empty_posting() -> Posting:
    return array("q"), array("q")


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
