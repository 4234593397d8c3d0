"""The vector index: FAISS over the vectors of the store, kept in memory.

Exact as long as it is small. Beyond that vectors lie in cells, trained on themselves in the background; until
the cells are there, and whenever they cannot be, the exact index answers.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from typing import Final

import numpy as np

from hikari_ml.context_memory.flat import Flat, Found, Halves, Keys
from hikari_ml.context_memory.ivf import Cells
from hikari_ml.context_memory.training import CHUNK, Training
from hikari_ml.models.reading import Vector

FLAT_LIMIT: Final = 50_000
"""Vectors up to which all are compared: a search of so many takes about four milliseconds."""

GROWTH: Final = 2
"""Cells are trained anew when there are so many times the vectors they were trained on."""

NO_KEY: Final = 0
"""In a window where it has no line; keys of memories begin at 1."""

TINY: Final = 1e-9
"""Shortest sum of vectors that still points anywhere."""


class VectorIndex:
    """Inner-product search over unit vectors, by record key; vectors are held as float16.

    With ``trains``, it trains cells by itself when it has grown; it must then be closed. Every call must
    come from one thread.
    """

    def __init__(self, dim: int, *, trains: bool = False) -> None:
        self.dim = dim
        self.trained = 0
        """How often cells have been trained since it was opened."""
        self._trains = trains
        self._part: Flat | Cells = Flat(dim)
        self._guard = threading.Lock()
        self._training: Training | None = None
        self._failed_at = 0

    def __len__(self) -> int:
        return len(self._part)

    def __contains__(self, key: int) -> bool:
        return key in self._part

    @property
    def cells(self) -> Cells | None:
        """The cells its vectors lie in; None while all are compared."""
        return self._part if isinstance(self._part, Cells) else None

    def add(self, keys: Sequence[int], vectors: Vector) -> None:
        """Add ``vectors`` [N, dim] under ``keys``; a key already there is replaced."""
        with self._guard:
            self._part.add(keys, vectors)
            self._note(keys)
        self.settle()

    def remove(self, keys: Iterable[int]) -> None:
        """Forget ``keys``; unknown ones are ignored."""
        gone = list(keys)
        with self._guard:
            self._part.remove(gone)
            self._note(gone)
        self.settle()

    def vector(self, key: int) -> Vector | None:
        """The vector of ``key``."""
        return np.array(self._part.vectors([key])[0]) if key in self._part else None

    def vectors(self, keys: Sequence[int]) -> Vector:
        """The vectors of ``keys``, all of which must be there: [N, dim]."""
        return self._part.vectors(keys)

    def search(self, query: Vector, k: int, scope: Sequence[int] | None = None) -> list[tuple[int, float]]:
        """The ``k`` nearest keys with their cosine similarity, best first; ties by key.

        ``scope`` limits the search to some keys; the answer then holds exactly ``min(k, len(scope))``
        of those that are in the index.
        """
        self.settle()
        return _best(self._part.search(query, k, scope), k)

    def search_windows(self, query: Vector, k: int, middles: Keys, windows: Keys) -> list[tuple[int, float]]:
        """The ``k`` windows nearest to ``query``: each the mean of the vectors of its keys.

        ``middles`` [N] names them, ``windows`` [N, width] are their keys, 0 where there is none. Scores are
        cosine similarities; best first, ties by key.
        """
        if not len(middles):
            return []
        keys, place = np.unique(windows, return_inverse=True)
        vectors = np.zeros((len(keys), self.dim), np.float32)
        there = keys != NO_KEY
        vectors[there] = self.vectors(keys[there].tolist())
        sums = vectors[place.reshape(windows.shape)].sum(axis=1)
        lengths = np.linalg.norm(sums, axis=1)
        return _best((middles, sums @ query / np.maximum(lengths, TINY)), k)

    def settle(self, *, last: bool = False) -> None:
        """Take over cells that have been trained, and train where it is time, but not at last."""
        training = self._training
        if training is not None and training.done:
            self._take_over(training)
        if self.cells is not None and len(self) < FLAT_LIMIT // GROWTH and self._training is None:
            self._flatten()
        if self._trains and not last and self._training is None and self._outgrown():
            self._train()

    def retrain(self) -> None:
        """Train cells anew, where there are any, on what is left: what was removed shaped the old ones."""
        self._stop_training()
        if self._trains and (self.cells is not None or len(self) > FLAT_LIMIT):
            self._train()

    def wait(self) -> None:
        """Wait until cells that are being trained have been taken over."""
        if self._training is not None:
            self._take_over(self._training)

    def use(self, cells: Cells) -> None:
        """Begin with cells that were trained before, instead of with nothing."""
        self._part = cells

    def fill(self, keys: Keys, halves: Halves, cells: Keys | None = None) -> None:
        """Add vectors [N, dim] as they are stored, with the ``cells`` they lie in if those are known.

        None of ``keys`` may be there; training comes later.
        """
        if isinstance(self._part, Flat):
            self._part.fill(keys, halves)
        elif cells is not None:
            self._part.fill(keys, halves, cells)
        else:
            self._part.add(keys, halves.astype(np.float32))

    def close(self) -> None:
        """Stop training; the index can still be searched."""
        self._stop_training()
        self._trains = False

    def _outgrown(self) -> bool:
        cells = self.cells
        known = cells.trained_on if cells else FLAT_LIMIT // GROWTH
        return len(self) > max(FLAT_LIMIT, GROWTH * known, GROWTH * self._failed_at)

    def _train(self) -> None:
        self._training = Training(self._part, self._guard)

    def _take_over(self, training: Training) -> None:
        cells = training.result()
        self._training = None
        if cells is None:
            self._failed_at = len(self)
            return
        self._part = cells
        self.trained += 1

    def _stop_training(self) -> None:
        if self._training is not None:
            self._training.stop()
            self._training = None

    def _flatten(self) -> None:
        flat, keys = Flat(self.dim), self._part.keys()
        for at in range(0, len(keys), CHUNK):
            flat.add(keys[at : at + CHUNK], self._part.vectors(keys[at : at + CHUNK]))
        self._part = flat

    def _note(self, keys: Sequence[int]) -> None:
        if self._training is not None:
            self._training.note(keys)


def _best(found: Found, k: int) -> list[tuple[int, float]]:
    keys, scores = found
    order = np.lexsort((keys, -scores))[:k]
    return list(zip(keys[order].tolist(), scores[order].tolist(), strict=True))
