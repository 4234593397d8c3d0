"""Putting the vectors of an index into newly trained cells, in a thread of its own beside the memory thread.

Only the memory thread changes the index. This thread copies from it a few vectors at a time, under a lock
that the memory thread takes for changes alone, and is told which keys have changed meanwhile.
"""

from __future__ import annotations

import logging
import os
import threading
import weakref
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Final, Protocol

import faiss
import numpy as np

from hikari_ml.context_memory.flat import Keys
from hikari_ml.context_memory.ivf import MOST_A_CELL, Cells, cells_for, centroids_of, enough_probes
from hikari_ml.models.reading import Vector

CHUNK: Final = 1_000
"""Vectors copied at a time; the memory thread waits a millisecond for them at the most."""

FEW: Final = 64
"""Changed keys that are left to the memory thread, which puts them right in a few milliseconds."""

QUESTIONS: Final = 128
"""Vectors by which it is measured how many cells a search must read."""

SEED: Final = 20_260_101
GENTLE: Final = 10
"""How much lower the priority of the thread is: answers come first."""

_log = logging.getLogger(__name__)


class Source(Protocol):
    """What vectors are copied from."""

    def __len__(self) -> int: ...
    def __contains__(self, key: int) -> bool: ...
    def keys(self) -> Keys:
        """Every key."""
        ...

    def vectors(self, keys: Sequence[int] | Keys) -> Vector:
        """The vectors of ``keys``, all of which must be there."""
        ...


class Training:
    """Trains cells on what ``source`` holds and fills them.

    Whoever changes ``source`` holds ``guard`` meanwhile.
    """

    def __init__(self, source: Source, guard: threading.Lock) -> None:
        self._source = source
        self._guard = guard
        self._changed: set[int] = set()
        self._cells: Cells | None = None
        self._stop = threading.Event()
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._run, name="hikari-memory: training", daemon=True)
        weakref.finalize(self, _end, self._stop, self._thread)  # at exit, C++ must not be at work any more
        self._thread.start()

    @property
    def done(self) -> bool:
        """Whether :meth:`result` has come, or none will."""
        return self._done.is_set()

    def note(self, keys: Sequence[int] | Keys) -> None:
        """``keys`` were added, replaced or removed; called by who holds the guard."""
        self._changed.update(map(int, keys))

    def result(self) -> Cells | None:
        """The cells with all that ``source`` holds now, once done; None if it failed or was stopped."""
        self._thread.join()
        if self._cells is not None:
            self._catch_up(self._cells)
        return self._cells

    def stop(self) -> None:
        """End it without a result, and without waiting: its thread gives way to everybody else."""
        self._stop.set()

    def _run(self) -> None:
        try:
            self._cells = self._train()
        except Exception:
            _log.exception("the vector index could not be trained; it stays as it is")
        finally:
            self._done.set()

    def _train(self) -> Cells | None:
        faiss.omp_set_num_threads(1)  # counts for the thread that says so
        with suppress(AttributeError, OSError):  # a thread has a priority of its own on Linux only
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), GENTLE)
        with self._guard:
            keys = self._source.keys()
        count, chance = cells_for(len(keys)), np.random.default_rng(SEED)
        chosen = chance.choice(keys, min(len(keys), count * MOST_A_CELL), replace=False)
        rows = [vectors for _, vectors in self._copies(np.sort(chosen))]
        if not rows:  # it was stopped at once
            return None
        sample = np.concatenate(rows)
        centroids = centroids_of(sample, count, SEED, self._go_on)
        if centroids is None:
            return None
        cells = Cells(centroids, count, len(keys))
        for copied, vectors in self._copies(keys):
            cells.add(copied, vectors)
        self._catch_up(cells, FEW)
        cells.probes = enough_probes(cells, chance.permutation(sample)[:QUESTIONS], self._go_on)
        self._catch_up(cells, FEW)
        return cells if self._go_on() else None

    def _go_on(self) -> bool:
        return not self._stop.is_set()

    def _copies(self, keys: Keys) -> Iterator[tuple[list[int], Vector]]:
        """The vectors of ``keys``, chunk by chunk, without those that have gone."""
        for at in range(0, len(keys), CHUNK):
            if not self._go_on():
                return
            with self._guard:
                there = [key for key in keys[at : at + CHUNK].tolist() if key in self._source]
                vectors = self._source.vectors(there)
            yield there, vectors

    def _catch_up(self, cells: Cells, few: int = 0) -> None:
        """Do in ``cells`` what has been done in the source, until at most ``few`` keys differ."""
        while len(self._changed) > few and self._go_on():
            with self._guard:
                changed, self._changed = self._changed, set()
            keys = np.array(sorted(changed), np.int64)
            cells.remove(keys.tolist())
            for there, vectors in self._copies(keys):
                cells.add(there, vectors)


def _end(stop: threading.Event, thread: threading.Thread) -> None:
    stop.set()
    if thread is not threading.current_thread() and thread.is_alive():
        thread.join()
