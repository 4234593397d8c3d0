"""Vectors in cells, of which a search reads the nearest: an inverted file, for hundreds of thousands.

J. Sivic and A. Zisserman, "Video Google", ICCV 2003; H. Jégou et al., "Product Quantization for Nearest
Neighbor Search", PAMI 2011. Vectors inside the cells are float16, as in the store: only which cells are read
can cost recall, and how many that are is measured on the vectors themselves.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

import faiss
import numpy as np

from hikari_ml.context_memory.flat import FAISS, Found, Halves, Keys
from hikari_ml.models.reading import Vector

GATHER_LIMIT: Final = 1_000
"""Scopes up to this size are scored on their own vectors."""

EXACT_LIMIT: Final = 20_000
"""Scopes up to this size are searched in every cell; larger ones in the nearest cells first."""

FEWEST_A_CELL: Final = 39
"""Vectors a cell is trained on at least; with fewer, k-means finds noise (the bound FAISS warns at)."""

MOST_A_CELL: Final = 64
"""Vectors a cell is trained on at most; more cost time and gain nothing that was measurable."""

ROUNDS: Final = 8
"""Rounds of k-means."""

DEEP: Final = 10
"""Neighbours of which the share that is found is measured."""

FOUND: Final = 0.98
"""Share of them to be found: one point above what is promised, as a question is farther off than a line."""

RISE: Final = 4
"""By how much more cells are read when too little was found in them."""


class Cells:
    """Inner-product search over unit vectors in cells around ``centroids`` [cells, dim], by key.

    A search reads the ``probes`` nearest cells. ``trained_on`` is how many vectors there were in training.
    """

    def __init__(self, centroids: Vector, probes: int, trained_on: int) -> None:
        faiss.omp_set_num_threads(1)
        count, self.dim = centroids.shape
        self.centroids = np.ascontiguousarray(centroids, np.float32)
        self.probes = min(probes, count)
        self.trained_on = trained_on
        self._quantizer = FAISS.IndexFlatIP(self.dim)  # kept here: FAISS does not keep it alive
        self._quantizer.add(self.centroids)
        half, inner = FAISS.ScalarQuantizer.QT_fp16, faiss.METRIC_INNER_PRODUCT
        self._ivf = FAISS.IndexIVFScalarQuantizer(self._quantizer, self.dim, count, half, inner)
        self._ivf.by_residual = False  # the codes are then the halves of the store, bit for bit
        self._ivf.train(self.centroids[:1])  # the cells are there already, and float16 has nothing to learn
        self._ivf.set_direct_map_type(FAISS.DirectMap.Hashtable)
        self._keys: set[int] = set()

    def __len__(self) -> int:
        return len(self._keys)

    def __contains__(self, key: int) -> bool:
        return key in self._keys

    def keys(self) -> Keys:
        """Every key, lowest first."""
        return np.array(sorted(self._keys), np.int64)

    def add(self, keys: Sequence[int] | Keys, vectors: Vector) -> None:
        """Add ``vectors`` [N, dim] under ``keys``; a key already there is replaced."""
        added = np.ascontiguousarray(keys, np.int64)
        if not len(added):
            return
        self.remove(self._keys.intersection(added.tolist()))
        self._ivf.add_with_ids(np.ascontiguousarray(vectors, np.float32), added)
        self._keys.update(added.tolist())

    def fill(self, keys: Keys, halves: Halves, cells: Keys) -> None:
        """Add vectors [N, dim] as they are stored to ``cells``, under keys that are not there."""
        width = self._ivf.coarse_code_size()
        codes = np.empty((len(keys), width + 2 * self.dim), np.uint8)
        codes[:, :width] = cells.astype("<i8").view(np.uint8).reshape(-1, 8)[:, :width]
        codes[:, width:] = np.ascontiguousarray(halves).view(np.uint8)
        self._ivf.add_sa_codes(codes, keys)
        self._keys.update(keys.tolist())

    def remove(self, keys: Iterable[int]) -> None:
        """Forget ``keys``; unknown ones are ignored."""
        gone = self._keys.intersection(keys)
        if gone:
            self._ivf.remove_ids(np.array(sorted(gone), np.int64))
            self._keys -= gone

    def vectors(self, keys: Sequence[int] | Keys) -> Vector:
        """The vectors of ``keys``, all of which must be there: [N, dim]."""
        if not len(keys):
            return np.zeros((0, self.dim), np.float32)
        found: Vector = self._ivf.reconstruct_batch(np.asarray(keys, np.int64))
        return found

    def search(self, query: Vector, k: int, scope: Sequence[int] | None) -> Found:
        """About the ``k`` nearest of all, or of those in ``scope``; never fewer than there are."""
        if scope is None:
            return self._probe(query, min(k, len(self)), self.probes, None)
        inside = np.array(sorted(self._keys.intersection(scope)), np.int64)
        if len(inside) <= GATHER_LIMIT:
            return inside, self.vectors(inside) @ query
        bits: Any = np.zeros(int(inside[-1]) + 1, bool)
        bits[inside] = True
        bits = np.packbits(bits, bitorder="little")
        probes = len(self.centroids)
        if len(inside) > EXACT_LIMIT:  # the neighbours in a scope lie farther apart than those of all
            probes = math.ceil(self.probes * len(self) / len(inside))
        return self._probe(query, min(k, len(inside)), probes, FAISS.IDSelectorBitmap(bits))

    def layout(self) -> tuple[Keys, Keys]:
        """Every key, lowest first, and the cell it lies in."""
        lists, count = self._ivf.invlists, len(self.centroids)
        sizes = [lists.list_size(cell) for cell in range(count)]
        keys = [
            np.array(faiss.rev_swig_ptr(lists.get_ids(cell), size)) for cell, size in enumerate(sizes) if size
        ]
        every = np.concatenate(keys) if keys else np.zeros(0, np.int64)
        order = np.argsort(every)
        return every[order], np.repeat(np.arange(count), sizes)[order]

    def _probe(self, query: Vector, k: int, probes: int, selector: Any) -> Found:
        if k == 0:
            return np.zeros(0, np.int64), np.zeros(0, np.float32)
        every = len(self.centroids)
        while True:
            parameters = FAISS.SearchParametersIVF(sel=selector, nprobe=min(probes, every))
            scores, keys = self._ivf.search(query[None, :], k, params=parameters)
            found = keys[0] >= 0
            if found.sum() >= k or probes >= every:
                return keys[0][found], scores[0][found]
            probes *= RISE


def cells_for(count: int) -> int:
    """How many cells ``count`` vectors are put in."""
    return max(1, min(4 * math.isqrt(count), count // FEWEST_A_CELL))


def centroids_of(sample: Vector, cells: int, seed: int, go_on: Callable[[], bool]) -> Vector | None:
    """Spherical k-means of ``sample``; None when ``go_on`` says no, which is asked after every round."""
    found: Vector | None = None
    for _ in range(ROUNDS):
        if not go_on():
            return None
        settings = faiss.ClusteringParameters()
        settings.niter, settings.seed, settings.spherical = 1, seed, True
        settings.min_points_per_centroid = 1
        dim = sample.shape[1]
        step = FAISS.Clustering(dim, cells, settings)
        if found is not None:
            faiss.copy_array_to_vector(found.ravel(), step.centroids)
        step.train(sample, FAISS.IndexFlatIP(dim))
        found = np.array(faiss.vector_to_array(step.centroids).reshape(cells, dim))
    return found


def enough_probes(cells: Cells, questions: Vector, go_on: Callable[[], bool]) -> int:
    """The fewest cells to read in which ``FOUND`` of the ``DEEP`` nearest to ``questions`` are found.

    The questions are vectors that are in the cells; each finds itself first, which does not count.
    """
    every = len(cells.centroids)
    truth = [_near(cells, question, every) for question in questions]
    wanted = sum(map(len, truth))
    probes = 1
    while probes < every and go_on():
        near = (_near(cells, question, probes) for question in questions)
        if sum(len(a & b) for a, b in zip(truth, near, strict=True)) >= FOUND * wanted:
            return probes
        probes = max(probes + 1, probes * 5 // 4)
    return every


def _near(cells: Cells, question: Vector, probes: int) -> set[int]:
    keys, scores = cells._probe(question, min(DEEP + 1, len(cells)), probes, None)
    nearest = np.lexsort((keys, -scores))[1:]
    return set(keys[nearest].tolist())
