"""Vectors in one row each, all of them compared: exact, and quick enough for tens of thousands.

Rows are float16, as in the store, so nothing is lost by it: half the room, and read in little more than half
the time. FAISS searches with one thread: its OpenMP pool beside torch's or onnxruntime's makes two cores
slower than one.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sequence
from typing import Any, Final

import faiss
import numpy as np
import numpy.typing as npt

from hikari_ml.models.reading import Vector

GATHER_LIMIT: Final = 4_000
"""Scopes up to this size are scored on their own rows; larger ones go through FAISS with a mask."""

DEAD_SHARE: Final = 0.25
"""Share of deleted rows at which the index is rebuilt."""

FEWEST_ROWS: Final = 64
"""Rows up to which rebuilding is not worth it."""

Keys = npt.NDArray[np.int64]
Halves = npt.NDArray[np.float16]
"""Vectors as the store holds them; their bytes are FAISS's codes of them."""

Found = tuple[Keys, Vector]
"""Keys and their scores, in no order that anybody may rely on."""

FAISS: Final[Any] = faiss  # its own type hints know the C++ signatures, not the Python ones that replace them


class Flat:
    """Exact inner-product search over vectors of ``dim`` numbers, by key."""

    def __init__(self, dim: int) -> None:
        faiss.omp_set_num_threads(1)
        self.dim = dim
        self._rows: Any
        self._row_keys: array[int]
        self._row_alive: array[int]
        self._row_of: dict[int, int]
        self._reset()

    def __len__(self) -> int:
        return len(self._row_of)

    def __contains__(self, key: int) -> bool:
        return key in self._row_of

    def keys(self) -> Keys:
        """Every key, in the order they came."""
        return self._keys[self._alive]

    def add(self, keys: Sequence[int] | Keys, vectors: Vector) -> None:
        """Add ``vectors`` [N, dim] under ``keys``; a key already there is replaced."""
        added = np.asarray(keys, np.int64)
        self.remove([key for key in added.tolist() if key in self._row_of])
        self._rows.add(np.ascontiguousarray(vectors, np.float32))
        self._note(added)

    def fill(self, keys: Keys, halves: Halves) -> None:
        """Add vectors [N, dim] as they are stored, under keys that are not there."""
        self._rows.add_sa_codes(np.ascontiguousarray(halves).view(np.uint8))
        self._note(keys)

    def _note(self, added: Keys) -> None:
        """Note whose the rows at the end are."""
        start = len(self._row_keys)
        self._row_of.update(zip(added.tolist(), range(start, start + len(added)), strict=True))
        self._row_keys.frombytes(added.tobytes())
        self._row_alive.frombytes(bytes([1]) * len(added))

    def remove(self, keys: Iterable[int]) -> None:
        """Forget ``keys``; unknown ones are ignored."""
        for key in keys:
            row = self._row_of.pop(key, None)
            if row is not None:
                self._row_alive[row] = 0
        rows = len(self._row_keys)
        if rows > FEWEST_ROWS and len(self._row_of) < (1 - DEAD_SHARE) * rows:
            self._rebuild()

    def vectors(self, keys: Sequence[int] | Keys) -> Vector:
        """The vectors of ``keys``, all of which must be there: [N, dim]."""
        return self._decoded(np.array([self._row_of[int(key)] for key in keys], np.int64))

    def search(self, query: Vector, k: int, scope: Sequence[int] | None) -> Found:
        """The ``k`` nearest of all, or of those in ``scope``."""
        if scope is None:
            whole = len(self._row_of) == len(self._row_keys)
            return self._masked(query, min(k, len(self)), None if whole else self._alive)
        rows = np.array([self._row_of[key] for key in scope if key in self._row_of], np.int64)
        if len(rows) <= GATHER_LIMIT:
            return self._keys[rows], self._decoded(rows) @ query
        mask = np.zeros(len(self._keys), bool)
        mask[rows] = True
        return self._masked(query, min(k, len(rows)), mask)

    @property
    def _keys(self) -> Keys:
        """The key of every row, as long as none is added."""
        return np.frombuffer(self._row_keys, np.int64)

    @property
    def _alive(self) -> npt.NDArray[np.bool_]:
        """Which rows are not deleted, as long as none is added."""
        return np.frombuffer(self._row_alive, np.bool_)

    def _masked(self, query: Vector, k: int, mask: npt.NDArray[np.bool_] | None) -> Found:
        if k == 0:
            return np.zeros(0, np.int64), np.zeros(0, np.float32)
        parameters: Any = None
        if mask is not None:
            bits: Any = np.packbits(mask, bitorder="little")
            parameters = FAISS.SearchParameters(sel=FAISS.IDSelectorBitmap(bits))
        scores, rows = self._rows.search(query[None, :], k, params=parameters)
        found = rows[0] >= 0
        return self._keys[rows[0][found]], scores[0][found]

    def _decoded(self, rows: Keys) -> Vector:
        """The vectors in some rows; the codes inside FAISS are float16 as they are."""
        if not len(rows):
            return np.zeros((0, self.dim), np.float32)
        size = self._rows.ntotal * self.dim * 2
        codes = faiss.rev_swig_ptr(self._rows.codes.data(), size).reshape(self._rows.ntotal, -1)
        return np.asarray(codes[rows].view(np.float16), np.float32)

    def _rebuild(self) -> None:
        keys = self.keys()
        vectors = self.vectors(keys)
        self._reset()
        self.add(keys, vectors)

    def _reset(self) -> None:
        half = FAISS.ScalarQuantizer.QT_fp16
        self._rows = FAISS.IndexScalarQuantizer(self.dim, half, faiss.METRIC_INNER_PRODUCT)
        self._rows.train(np.zeros((1, self.dim), np.float32))  # float16 has nothing to learn
        self._row_keys, self._row_alive = array("q"), array("b")
        self._row_of = {}
