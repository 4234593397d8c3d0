"""The only truth: an LMDB environment, written by one thread of one process; others may read beside it.

Tables (format 3; format 1 had no log and no words, and before format 3 no row was deflated):

=========  ===============================  ===================================================
meta       name                             format, id, next keys, model ids, seq (writes so far), ...
records    key (8 bytes, big-endian)        the memory, msgpack; deflated if kept for long
vectors    key                              model number (2 bytes), then float16
ids        public id                        key
same       digest of what makes two one     key
edges      digest of (source, kind, target) the edge with its evidence, msgpack
episodes   number (8 bytes, big-endian)     the episode, msgpack
log        seq and key (8 bytes each)       whether a vector was put or is gone, since the checkpoint
words      key                              digests of its stemmed words, and how often each is there
requests   digest of a request's id         when it stored a memory, and the id of that
=========  ===============================  ===================================================

Everything else (vector index, words, graph, tables in memory) is a cache of it.

Readers (:mod:`hikari_ml.context_memory.snapshot`) say in ``lock.mdb`` which pages they still look at.
Compaction puts another data file in place, whose transactions are counted anew, so the old lock file must
not outlive the old data file: a writer that shared it would begin at the wrong one of the two meta pages.
While there is no lock file for this reason there is the folder ``compacting``, and readers wait.
"""

from __future__ import annotations

import logging
import os
import shutil
import struct
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Final, TypeVar, cast

import lmdb
import numpy as np
from filelock import FileLock, Timeout

from hikari_ml.chat import is_encodable
from hikari_ml.context_memory import checkpoint, oplog, postings, requests
from hikari_ml.context_memory.readable import check_kind, is_readable, is_writable
from hikari_ml.context_memory.record import Record
from hikari_ml.context_memory.room import in_words, with_room
from hikari_ml.context_memory.rows import (
    DAMAGED,
    Edge,
    Episode,
    unpack_edge,
    unpack_episode,
    unpack_record,
    unpack_vector,
)
from hikari_ml.errors import StoreError, StoreLockedError, StoreVersionError
from hikari_ml.models.reading import Vector

FORMAT: Final = 3
FIRST_TABLES: Final = ("meta", "records", "vectors", "ids", "same", "edges", "episodes")
"""Those of format 1."""
TABLES: Final = (*FIRST_TABLES, oplog.TABLE, postings.TABLE, requests.TABLE)
UNKNOWN: Final = "unknown"
"""Given for the id of a model that meta does not know; no model has it, so such vectors are made anew."""
MAX_READERS: Final = 1024
MAX_KEY: Final = 511
"""Longest key LMDB takes, in bytes."""
MIB: Final = 1 << 20
MODEL: Final = b"model:"
"""How the names of model ids in meta begin; the number of the model follows, in 2 bytes."""
DATA: Final = "data.mdb"
LOCK: Final = "lock.mdb"
WRITER: Final = "writer.lock"
OWN_FILES: Final = frozenset({DATA, LOCK, WRITER, checkpoint.NAME, checkpoint.BESIDE})
ASIDE: Final = "compacting"
"""Folder of the compacted file before it takes its place; there until both files are changed."""

_log = logging.getLogger(__name__)

DAMAGED_ROW: Final = (
    "row {key} of {table} is damaged: 'hikari-ml memory verify' lists such rows, and "
    "'hikari-ml memory export' saves the memories that can be read"
)

R = TypeVar("R")


class Transaction:
    """Reads and writes of one transaction; see :class:`Store` for the tables."""

    def __init__(self, store: Store, txn: lmdb.Transaction) -> None:
        self._store = store
        self._txn = txn

    @property
    def read_only(self) -> bool:
        """Whether the store is only read."""
        return self._store.read_only

    def step(self, act: Callable[[Transaction], R]) -> R | Exception:
        """Run ``act`` by itself inside this transaction: if it fails, only its own changes are undone."""
        try:
            with self._store.nested(self._txn) as inner:
                return act(Transaction(self._store, inner))
        except (_MapFullError, StoreError, lmdb.Error):
            raise
        except Exception as error:
            return error

    def next_key(self) -> int:
        """A key never used before in this store."""
        return self._next(b"next_key")

    def next_episode(self) -> int:
        """A number never used before by an episode of this store."""
        return self._next(b"next_episode")

    def put(self, record: Record) -> None:
        """Write ``record`` and what finds it."""
        key = _key(record.key)
        self.put_again(record)
        self._put("ids", record.id.encode(), key)
        self._put("same", record.same_key(), key)

    def put_again(self, record: Record) -> None:
        """Write a ``record`` that is there, of which nothing has changed that finds it."""
        self._put("records", _key(record.key), record.pack())

    def put_vector(self, key: int, vector: Vector, model_id: str) -> None:
        """Write the embedding of a record together with the model that made it."""
        number = struct.pack(">H", self._model_number(model_id))
        self._put("vectors", _key(key), number + vector.astype(np.float16).tobytes())
        oplog.note(self, _key(key), oplog.PUT)

    def get(self, key: int) -> Record | None:
        """The record at ``key``."""
        data = self._get("records", _key(key))
        return self.sound("records", _key(key), data, unpack_record) if data is not None else None

    def get_vector(self, key: int) -> tuple[str, Vector] | None:
        """The embedding of the record at ``key``, with the id of its model."""
        data = self._get("vectors", _key(key))
        if data is None:
            return None
        if (found := self.sound("vectors", _key(key), data, unpack_vector)) is None:
            return None
        number, vector = found
        return self.models().get(number, UNKNOWN), vector

    def key_of(self, public_id: str) -> int | None:
        """The key of a public id."""
        name = public_id.encode() if is_encodable(public_id) else b""
        if not 0 < len(name) <= MAX_KEY:
            return None
        raw = self._get("ids", name)
        return int.from_bytes(raw, "big") if raw else None

    def same_as(self, digest: bytes) -> int | None:
        """The key of the memory that says the same."""
        raw = self._get("same", digest)
        return int.from_bytes(raw, "big") if raw else None

    def delete(self, record: Record) -> None:
        """Remove ``record`` from every table but edges and episodes."""
        key = _key(record.key)
        for table in ("records", "vectors", "words"):
            self._txn.delete(key, db=self._store.tables[table])
        self._txn.delete(record.id.encode(), db=self._store.tables["ids"])
        if self._get("same", record.same_key()) == key:
            self._txn.delete(record.same_key(), db=self._store.tables["same"])
        oplog.note(self, key, oplog.GONE)

    def put_edge(self, digest: bytes, edge: Edge) -> None:
        """Write an edge; one without evidence is removed."""
        if edge.evidence:
            self._put("edges", digest, edge.pack())
        else:
            self._txn.delete(digest, db=self._store.tables["edges"])

    def get_edge(self, digest: bytes) -> Edge | None:
        """The edge under ``digest``."""
        data = self._get("edges", digest)
        return None if data is None else self.sound("edges", digest, data, unpack_edge)

    def put_episode(self, episode: Episode) -> None:
        """Write an episode."""
        self._put("episodes", episode.number.to_bytes(8, "big"), episode.pack())

    def get_episode(self, number: int) -> Episode | None:
        """The episode with a number."""
        key = number.to_bytes(8, "big")
        data = self._get("episodes", key)
        return None if data is None else self.sound("episodes", key, data, unpack_episode)

    def delete_episode(self, number: int) -> None:
        """Remove an episode."""
        self._txn.delete(number.to_bytes(8, "big"), db=self._store.tables["episodes"])

    def records(self) -> Iterator[Record]:
        """Every record, oldest key first."""
        for key, data in self.rows("records"):
            if (record := self.sound("records", key, data, unpack_record)) is not None:
                yield record

    def vectors(self) -> Iterator[tuple[int, str, Vector]]:
        """Every vector with its key and the id of its model."""
        names = self.models()
        for key, data in self.rows("vectors"):
            number, vector = self.decoded("vectors", key, data, unpack_vector)
            yield int.from_bytes(key, "big"), names.get(number, UNKNOWN), vector

    def edges(self) -> Iterator[tuple[bytes, Edge]]:
        """Every edge with its digest."""
        for digest, data in self.rows("edges"):
            if (edge := self.sound("edges", digest, data, unpack_edge)) is not None:
                yield digest, edge

    def episodes(self) -> Iterator[Episode]:
        """Every episode, oldest first."""
        for number, data in self.rows("episodes"):
            if (episode := self.sound("episodes", number, data, unpack_episode)) is not None:
                yield episode

    def models(self) -> dict[int, str]:
        """The ids of the models that made vectors, by their number."""
        return {
            int.from_bytes(name.removeprefix(MODEL), "big"): value.decode(errors="backslashreplace")
            for name, value in self.rows("meta")
            if name.startswith(MODEL)
        }

    def rows(self, table: str) -> Iterator[tuple[bytes, bytes]]:
        """Every row of a table as it is stored."""
        if table not in self._store.tables:  # a view of format 1
            return
        with self._txn.cursor(db=self._store.tables[table]) as cursor:
            yield from cast("Iterator[tuple[bytes, bytes]]", cursor)

    def count(self, table: str) -> int:
        """How many rows a table has."""
        return int(self._txn.stat(self._store.tables[table])["entries"])

    def _model_number(self, model_id: str) -> int:
        names = self.models()
        for number, name in names.items():
            if name == model_id:
                return number
        number = max(names, default=0) + 1
        self._put("meta", MODEL + struct.pack(">H", number), model_id.encode())
        return number

    def _next(self, name: bytes) -> int:
        raw = self._get("meta", name)
        number = int.from_bytes(raw, "big") if raw else 1
        self._put("meta", name, _key(number + 1))
        return number

    def _get(self, table: str, key: bytes) -> bytes | None:
        found = self._txn.get(key, db=self._store.tables[table])
        return None if found is None else bytes(found)

    def _put(self, table: str, key: bytes, value: bytes) -> None:
        self._txn.put(key, value, db=self._store.tables[table])

    def _remove(self, table: str, key: bytes) -> None:
        self._txn.delete(key, db=self._store.tables[table])

    def decoded(self, table: str, key: bytes, data: bytes, decode: Callable[[bytes, bytes], R]) -> R:
        """A row read with ``decode``.

        Raises:
            StoreError: it is damaged.
        """
        try:
            return decode(key, data)
        except DAMAGED as error:
            raise StoreError(self._store.folder, DAMAGED_ROW.format(key=key.hex(), table=table)) from error

    def sound(self, table: str, key: bytes, data: bytes, decode: Callable[[bytes, bytes], R]) -> R | None:
        """:meth:`decoded`; None of a damaged row of a store that is only read, so that the others can be."""
        try:
            return self.decoded(table, key, data, decode)
        except StoreError as error:
            if not self._store.read_only:
                raise
            if table not in self._store.unreadable:
                _log.warning("%s; such rows are left out", error)
            self._store.unreadable[table].add(key)
            return None


class Store:
    """An open environment in ``folder``; every call must come from one thread.

    Raises:
        StoreLockedError: another process, or another object of this one, has it open.
        StoreVersionError: a newer version wrote it.
        StoreError: it cannot be opened or read.
    """

    read_only: bool = False
    unreadable: dict[str, set[bytes]]
    """Rows that were left out because they are damaged, by table; of a store that is only read."""

    def __init__(self, folder: Path, *, map_size_mb: int) -> None:
        self.folder = folder
        self.tables: dict[str, Any] = {}
        self.unreadable = defaultdict(set)
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._lock = FileLock(folder / WRITER)
            self._lock.acquire(blocking=False)
        except Timeout as error:
            raise StoreLockedError(
                folder, "this memory is open already, in another process or by another object"
            ) from error
        except OSError as error:
            raise StoreError(folder, f"cannot be opened: {error.strerror or error}") from error
        try:
            self._open(map_size_mb * MIB)
        except BaseException:
            self._lock.release()
            raise

    def read(self, act: Callable[[Transaction], R]) -> R:
        """Run ``act`` on one consistent view."""
        with self._failures(), self._env.begin() as txn:
            return act(Transaction(self, txn))

    def write(self, act: Callable[[Transaction], R]) -> R:
        """Run ``act`` in one transaction and return once it is durable.

        If ``act`` raises, nothing of it is kept. It runs again from the start when the map had to grow.
        """
        while True:
            try:
                with self._failures(), self._env.begin(write=True) as txn:
                    self._env.reader_check()  # a reader that was killed must not keep old pages for good
                    transaction = Transaction(self, txn)
                    oplog.begin(transaction)
                    return act(transaction)
            except _MapFullError:
                self._env.set_mapsize(with_room(self.folder, 2 * self._env.info()["map_size"]))

    def nested(self, parent: lmdb.Transaction) -> lmdb.Transaction:
        """A write transaction inside ``parent``."""
        return self._env.begin(parent=parent, write=True)

    @property
    def size(self) -> int:
        """Bytes of the data file."""
        return (self.folder / DATA).stat().st_size

    def compact(self) -> None:
        """Write the file anew, row by row, so that no byte of what was deleted is left in it.

        LMDB's own compaction copies whole pages, and pages keep old bytes where they are not full.
        """
        aside = self.folder / ASIDE
        map_size = self._env.info()["map_size"]
        with self._failures():
            shutil.rmtree(aside, ignore_errors=True)
            aside.mkdir()
            with ExitStack() as unless_copied:
                unless_copied.callback(shutil.rmtree, aside, ignore_errors=True)  # a full disk needs the room
                self._copy(aside, 2 * map_size)
                _sync(aside / DATA)
                unless_copied.pop_all()
            self._env.close()
        try:
            with self._failures():
                (self.folder / LOCK).unlink(missing_ok=True)
                (aside / DATA).replace(self.folder / DATA)
        finally:
            self._open(map_size)
        with self._failures():
            _sync(self.folder)

    def close(self) -> None:
        """Close the environment and let others open it."""
        try:
            self._env.close()
        finally:
            self._lock.release()

    def _copy(self, folder: Path, map_size: int) -> None:
        """Every row into a fresh environment, a transaction a table."""
        fresh = lmdb.open(str(folder), map_size=map_size, max_dbs=len(TABLES))
        try:
            for name in TABLES:
                table = fresh.open_db(name.encode())
                with (
                    self._env.begin() as source,
                    source.cursor(db=self.tables[name]) as rows,
                    fresh.begin(write=True) as target,
                ):
                    for key, value in rows:
                        target.put(key, value, db=table, append=True)
        finally:
            fresh.close()

    def check_readable(self) -> None:
        """Read every row of every table in another process: a damaged page can end the process that reads it.

        Raises:
            StoreError: not every row can be read, or no room be found for a new one.
        """
        readable = is_readable(self.folder, FIRST_TABLES, TABLES[len(FIRST_TABLES) :])
        if not readable or not (self.read_only or is_writable(self.folder, FIRST_TABLES[0])):
            raise StoreError(self.folder, f"{DATA} is cut short, or too damaged to list; restore a backup")

    def _check_length(self) -> None:
        """Refuse a file that was cut short; where its last pages were never used it can still be whole."""
        if self.size < (self._env.info()["last_pgno"] + 1) * self._env.stat()["psize"]:
            self.check_readable()

    def _open(self, map_size: int) -> None:
        with self._failures(), ExitStack() as stack:
            if _file_size(self.folder / DATA):
                check_kind(self.folder / DATA)
            self._env = self._environment(map_size)
            stack.callback(lambda: self._env.close())  # else it stays open until it is collected
            if not self._locks_belong():
                self._env.close()
                (self.folder / ASIDE).mkdir(exist_ok=True)
                (self.folder / LOCK).unlink(missing_ok=True)
                self._env = self._environment(map_size)
            shutil.rmtree(self.folder / ASIDE, ignore_errors=True)
            self._env.reader_check()
            self._check_length()
            with self._env.begin(write=True) as txn:
                self.tables = {name: self._env.open_db(name.encode(), txn=txn) for name in TABLES}
                self._check_format(txn.get(b"format", db=self.tables["meta"]))
                oplog.upgrade(Transaction(self, txn), FORMAT)
            stack.pop_all()

    def _environment(self, map_size: int) -> lmdb.Environment:
        return lmdb.open(
            str(self.folder),
            map_size=max(map_size, _file_size(self.folder / DATA)),
            max_dbs=len(TABLES),
            max_readers=MAX_READERS,
        )

    def _locks_belong(self) -> bool:
        """Whether the lock file counts the transactions of this data file, and not of the one before it."""
        with self._env.begin(write=True) as txn:
            return bool(txn.id() == self._env.info()["last_txnid"] + 1)

    def _check_format(self, found: Any) -> None:
        if found is not None and not bytes(found).isdigit():
            raise StoreError(self.folder, f"{DATA} names no format; restore a backup or an export")
        if found is not None and int(found) > FORMAT:
            raise StoreVersionError(self.folder, int(found), FORMAT)

    @contextmanager
    def _failures(self) -> Iterator[None]:
        try:
            yield
        except lmdb.MapFullError as error:
            raise _MapFullError from error
        except (lmdb.Error, OSError) as error:
            raise StoreError(self.folder, in_words(error)) from error


class _MapFullError(Exception):
    """The map must grow; caught by :meth:`Store.write`."""


def _key(key: int) -> bytes:
    return key.to_bytes(8, "big")


def _file_size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
