"""The vector index of a store: filled on opening, with its checkpoint where that fits, and kept for later."""

from __future__ import annotations

import logging
import struct
from collections.abc import Iterator
from typing import Final

import numpy as np
import numpy.typing as npt

from hikari_ml.context_memory import checkpoint, oplog
from hikari_ml.context_memory.checkpoint import Checkpoint
from hikari_ml.context_memory.flat import Halves, Keys
from hikari_ml.context_memory.index import VectorIndex
from hikari_ml.context_memory.ivf import Cells
from hikari_ml.context_memory.rows import unpack_vector
from hikari_ml.context_memory.store import UNKNOWN, Store, Transaction
from hikari_ml.errors import HikariError
from hikari_ml.models.embedder import Embedder

BLOCK: Final = 8_192
"""Vectors read at a time."""

NUMBER: Final = 2
"""Bytes before a vector, that say which model made it."""

KEEP_AFTER: Final = 10_000
"""Changes to vectors after which the checkpoint is written anew; so many find a cell in 0.1 seconds."""

_log = logging.getLogger(__name__)


class IndexKeeper:
    """Owns :attr:`index`; built, used and closed in the thread of the store."""

    def __init__(self, store: Store, embedder: Embedder) -> None:
        self.index = VectorIndex(embedder.dim, trains=not store.read_only)
        self._store = store
        self._model_id = embedder.model_id
        self._closed = store.read_only
        """Whether it writes nothing, or nothing more."""
        self._logged = False
        """Whether there is a checkpoint, and changes are logged since."""
        self._kept = 0
        """How many trainings the checkpoint knows of."""
        self._tainted_by: int | None = None
        """The training whose cells were shaped by vectors that must leave no trace."""

    def load(self, txn: Transaction) -> set[str]:
        """Index the vectors of our model; returns the ids of the other models that made vectors."""
        found = self._usable(txn)
        keys, cells = np.zeros(0, np.int64), np.zeros(0, np.int64)
        if found is not None:
            keys, cells = checkpoint.without(found, oplog.changed_since(txn, found.seq) or ())
            self.index.use(Cells(found.centroids, found.probes, found.trained_on))
        others: set[str] = set()
        for block, halves in self._blocks(txn, others):
            there, place = _places(block, keys, cells)
            self.index.fill(block[there], halves[there], place)
            self.index.fill(block[~there], halves[~there])
        self._logged = found is not None or oplog.log_from(txn) is not None
        return others

    def tend(self) -> None:
        """Take over what has been trained, and write the checkpoint when it is due; a failure can wait."""
        self.index.settle()
        self._attend(KEEP_AFTER)

    def close(self) -> None:
        """Stop training, and write the checkpoint if it has fallen behind."""
        self.index.settle(last=True)
        self.index.close()
        self._attend(1)
        self._closed = True

    def forget(self) -> None:
        """Leave no trace of vectors that were removed: no checkpoint, and cells of what is left.

        The centre of a cell is the mean of its vectors, so it may show what one of them was.
        """
        self._drop()
        self._tainted_by = self._kept = self.index.trained
        self.index.retrain()

    def _attend(self, most_behind: int) -> None:
        if self._closed:
            return
        try:
            if self.index.cells is None:
                if self._logged:
                    self._drop()
            elif self._tainted_by != self.index.trained and self._behind(most_behind):
                self._keep(self.index.cells)
        except HikariError:  # it is a cache: nobody must fail for it
            _log.exception("the checkpoint of the index could not be written; it will be tried again")

    def _behind(self, most: int) -> bool:
        if self._kept < self.index.trained or not self._logged:
            return True
        return self._store.read(lambda txn: txn.count(oplog.TABLE)) >= most

    def _keep(self, cells: Cells) -> None:
        seq, environment = self._store.read(lambda txn: (oplog.seq_of(txn), oplog.environment_of(txn)))
        keys, inside = cells.layout()
        made = (environment, self._model_id, seq, cells.probes, cells.trained_on)
        checkpoint.write(self._store.folder, Checkpoint(*made, cells.centroids, keys, inside))
        self._store.write(lambda txn: oplog.trim(txn, seq))
        self._kept, self._logged = self.index.trained, True

    def _drop(self) -> None:
        self._store.write(oplog.end)
        checkpoint.remove(self._store.folder)
        self._logged = False

    def _usable(self, txn: Transaction) -> Checkpoint | None:
        found = checkpoint.read(self._store.folder)
        if found is None or found.environment != oplog.environment_of(txn):
            return None
        if found.model_id != self._model_id or found.centroids.shape[1] != self.index.dim:
            return None
        return found if oplog.changed_since(txn, found.seq) is not None else None

    def _blocks(self, txn: Transaction, others: set[str]) -> Iterator[tuple[Keys, Halves]]:
        """The vectors of our model, a block at a time; ``others`` gets the ids of other models."""
        names, size = txn.models(), NUMBER + 2 * self.index.dim
        marks = [struct.pack(">H", number) for number, name in names.items() if name == self._model_id]
        keys: list[bytes] = []
        rows: list[bytes] = []
        for key, row in txn.rows("vectors"):
            if len(row) != size or row[:NUMBER] not in marks:
                found = txn.sound("vectors", key, row, unpack_vector)
                others.add(UNKNOWN if found is None else names.get(found[0], UNKNOWN))
                continue
            keys.append(key)
            rows.append(row)
            if len(rows) == BLOCK:
                yield _joined(keys, rows)
                keys, rows = [], []
        if rows:
            yield _joined(keys, rows)


def _joined(keys: list[bytes], rows: list[bytes]) -> tuple[Keys, Halves]:
    halves = np.frombuffer(b"".join(rows), "<f2").reshape(len(rows), -1)[:, NUMBER // 2 :]
    return np.frombuffer(b"".join(keys), ">i8").astype(np.int64), halves


def _places(keys: Keys, known: Keys, cells: Keys) -> tuple[npt.NDArray[np.bool_], Keys]:
    """Which of ``keys`` are ``known``, and the cells of those."""
    if not len(known):
        return np.zeros(len(keys), bool), known
    at = np.minimum(np.searchsorted(known, keys), len(known) - 1)
    there = known[at] == keys
    return there, cells[at[there]]
