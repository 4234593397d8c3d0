"""The vector index: FAISS over the vectors of the store, kept in memory and rebuilt on opening.

Flat and exact. FAISS searches with one thread: its OpenMP pool beside torch's or onnxruntime's makes
two cores slower than one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import faiss
import numpy as np
import numpy.typing as npt

from hikari_ml.models.reading import Vector

GATHER_LIMIT: Final = 20_000
"""Scopes up to this size are scored on their own rows; larger ones go through FAISS with a mask."""

DEAD_SHARE: Final = 0.25
"""Share of deleted rows at which the index is rebuilt."""

FEWEST_ROWS: Final = 64
"""Rows up to which rebuilding is not worth it."""

TINY: Final = 1e-9
"""Shortest sum of vectors that still points anywhere."""

Keys = npt.NDArray[np.int64]
_FAISS: Any = faiss  # its own type hints know the C++ signatures, not the Python ones that replace them


class VectorIndex:
    """Exact inner-product search over unit vectors, by record key."""

    def __init__(self, dim: int) -> None:
        faiss.omp_set_num_threads(1)
        self.dim = dim
        self._flat: Any
        self._keys: Keys
        self._alive: npt.NDArray[np.bool_]
        self._row_of: dict[int, int]
        self._reset()

    def __len__(self) -> int:
        return len(self._row_of)

    def __contains__(self, key: int) -> bool:
        return key in self._row_of

    def add(self, keys: Sequence[int], vectors: Vector) -> None:
        """Add ``vectors`` [N, dim] under ``keys``; a key already there is replaced."""
        self.remove([key for key in keys if key in self._row_of])
        start = self._flat.ntotal
        self._flat.add(np.ascontiguousarray(vectors, np.float32))
        for offset, key in enumerate(keys):
            self._row_of[key] = start + offset
        self._keys = np.concatenate([self._keys, np.asarray(keys, np.int64)])
        self._alive = np.concatenate([self._alive, np.ones(len(keys), bool)])

    def remove(self, keys: Iterable[int]) -> None:
        """Forget ``keys``; unknown ones are ignored."""
        for key in keys:
            row = self._row_of.pop(key, None)
            if row is not None:
                self._alive[row] = False
        if len(self._keys) > FEWEST_ROWS and self._alive.mean() < 1 - DEAD_SHARE:
            self._rebuild()

    def vector(self, key: int) -> Vector | None:
        """The vector of ``key``."""
        row = self._row_of.get(key)
        return None if row is None else np.array(self._matrix()[row])

    def vectors(self, keys: Sequence[int]) -> Vector:
        """The vectors of ``keys``, all of which must be there: [N, dim]."""
        return np.array(self._matrix()[[self._row_of[key] for key in keys]])

    def search(self, query: Vector, k: int, scope: Sequence[int] | None = None) -> list[tuple[int, float]]:
        """The ``k`` nearest keys with their cosine similarity, best first; ties by key.

        ``scope`` limits the search to some keys; the answer then holds exactly ``min(k, len(scope))``
        of those that are in the index.
        """
        if scope is None:
            return self._search_all(query, min(k, len(self)))
        rows = np.array([self._row_of[key] for key in scope if key in self._row_of], np.int64)
        if len(rows) == 0:
            return []
        if len(rows) <= GATHER_LIMIT:
            return self._best(rows, self._matrix()[rows] @ query, k)
        mask = np.zeros(len(self._keys), bool)
        mask[rows] = True
        return self._masked(query, min(k, len(rows)), mask)

    def search_windows(
        self, query: Vector, k: int, windows: Mapping[int, Sequence[int]]
    ) -> list[tuple[int, float]]:
        """The ``k`` of ``windows`` nearest to ``query``: each the mean of the vectors of its keys.

        Scores are cosine similarities; best first, ties by key.
        """
        if not windows:
            return []
        place = {key: at for at, key in enumerate({key for window in windows.values() for key in window})}
        members = np.vstack([self.vectors(list(place)), np.zeros((1, self.dim), np.float32)])
        widest = max(map(len, windows.values()))
        rows = [[*(place[key] for key in w), *[len(place)] * (widest - len(w))] for w in windows.values()]
        sums = members[np.array(rows)].sum(axis=1)
        lengths = np.linalg.norm(sums, axis=1)
        scores = sums @ query / np.maximum(lengths, TINY)
        keys = np.fromiter(windows, np.int64, len(windows))
        order = np.lexsort((keys, -scores))[:k]
        return [(int(keys[i]), float(scores[i])) for i in order]

    def _search_all(self, query: Vector, k: int) -> list[tuple[int, float]]:
        if k == 0:
            return []
        return self._masked(query, k, None if self._alive.all() else self._alive)

    def _masked(self, query: Vector, k: int, mask: npt.NDArray[np.bool_] | None) -> list[tuple[int, float]]:
        parameters: Any = None
        if mask is not None:
            bits: Any = np.packbits(mask, bitorder="little")
            parameters = _FAISS.SearchParameters(sel=_FAISS.IDSelectorBitmap(bits))
        scores, rows = self._flat.search(query[None, :], k, params=parameters)
        found = rows[0] >= 0
        return self._best(rows[0][found], scores[0][found], k)

    def _best(self, rows: npt.NDArray[np.int64], scores: Vector, k: int) -> list[tuple[int, float]]:
        keys = self._keys[rows]
        order = np.lexsort((keys, -scores))[:k]
        return [(int(keys[i]), float(scores[i])) for i in order]

    def _matrix(self) -> Any:
        """The vectors inside FAISS, without a copy: [rows, dim]."""
        rows = self._flat.ntotal
        return faiss.rev_swig_ptr(self._flat.get_xb(), rows * self.dim).reshape(rows, self.dim)

    def _rebuild(self) -> None:
        keys, vectors = self._keys[self._alive], np.array(self._matrix()[self._alive])
        self._reset()
        self.add(keys.tolist(), vectors)

    def _reset(self) -> None:
        self._flat = faiss.IndexFlatIP(self.dim)
        self._keys = np.zeros(0, np.int64)
        self._alive = np.zeros(0, bool)
        self._row_of = {}
