"""The only truth: an LMDB environment, written by one thread of one process.

Tables (format 1):

=========  ===============================  ===================================================
meta       name                             format, next key, vector model ids
records    key (8 bytes, big-endian)        the memory, msgpack
vectors    key                              model number (2 bytes), then float16
ids        public id                        key
same       digest of what makes two one     key
edges      digest of (source, kind, target) the edge with its evidence, msgpack
episodes   number (8 bytes, big-endian)     the episode, msgpack
=========  ===============================  ===================================================

Everything else (vector index, word index, graph, tables in memory) is a cache of it.
"""

from __future__ import annotations

import os
import shutil
import struct
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeVar

import lmdb
import msgpack
import numpy as np
from filelock import FileLock, Timeout

from hikari_ml.chat import is_encodable
from hikari_ml.context_memory.record import Record
from hikari_ml.errors import StoreError, StoreLockedError, StoreVersionError
from hikari_ml.models.reading import Vector

FORMAT: Final = 1
TABLES: Final = ("meta", "records", "vectors", "ids", "same", "edges", "episodes")
MAX_READERS: Final = 1024
MAX_KEY: Final = 511
"""Longest key LMDB takes, in bytes."""
MIB: Final = 1 << 20
ASIDE: Final = "compacting"
"""Folder in which a compacted file is written before it takes the place of the old one."""

R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Edge:
    """A relation of the knowledge graph and the memories that say so."""

    source: str
    kind: str
    target: str
    evidence: tuple[int, ...]

    def pack(self) -> bytes:
        """As msgpack, for the store."""
        return bytes(msgpack.packb([self.source, self.kind, self.target, list(self.evidence)]))


@dataclass(frozen=True, slots=True)
class Episode:
    """A stretch of the stream: its memories, its time in epoch milliseconds, and what it was about."""

    number: int
    start: int
    end: int
    members: tuple[int, ...]
    summary: str
    method: str

    def pack(self) -> bytes:
        """As msgpack, for the store."""
        row = [self.start, self.end, list(self.members), self.summary, self.method]
        return bytes(msgpack.packb(row))


class Transaction:
    """Reads and writes of one transaction; see :class:`Store` for the tables."""

    def __init__(self, store: Store, txn: lmdb.Transaction) -> None:
        self._store = store
        self._txn = txn

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
        raw = self._get("meta", b"next_key")
        key = int.from_bytes(raw, "big") if raw else 1
        self._put("meta", b"next_key", (key + 1).to_bytes(8, "big"))
        return key

    def next_episode(self) -> int:
        """A number never used before by an episode of this store."""
        raw = self._get("meta", b"next_episode")
        number = int.from_bytes(raw, "big") if raw else 1
        self._put("meta", b"next_episode", (number + 1).to_bytes(8, "big"))
        return number

    def put(self, record: Record) -> None:
        """Write ``record`` and what finds it."""
        key = _key(record.key)
        self._put("records", key, record.pack())
        self._put("ids", record.id.encode(), key)
        self._put("same", record.same_key(), key)

    def put_vector(self, key: int, vector: Vector, model_id: str) -> None:
        """Write the embedding of a record together with the model that made it."""
        number = struct.pack(">H", self._model_number(model_id))
        self._put("vectors", _key(key), number + vector.astype(np.float16).tobytes())

    def get(self, key: int) -> Record | None:
        """The record at ``key``."""
        data = self._get("records", _key(key))
        return Record.unpack(key, data) if data is not None else None

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
        for table, name in (("records", key), ("vectors", key), ("ids", record.id.encode())):
            self._txn.delete(name, db=self._store.tables[table])
        if self._get("same", record.same_key()) == key:
            self._txn.delete(record.same_key(), db=self._store.tables["same"])

    def put_edge(self, digest: bytes, edge: Edge) -> None:
        """Write an edge; one without evidence is removed."""
        if edge.evidence:
            self._put("edges", digest, edge.pack())
        else:
            self._txn.delete(digest, db=self._store.tables["edges"])

    def get_edge(self, digest: bytes) -> Edge | None:
        """The edge under ``digest``."""
        data = self._get("edges", digest)
        if data is None:
            return None
        source, kind, target, evidence = msgpack.unpackb(data)
        return Edge(source, kind, target, tuple(evidence))

    def put_episode(self, episode: Episode) -> None:
        """Write an episode."""
        self._put("episodes", episode.number.to_bytes(8, "big"), episode.pack())

    def get_episode(self, number: int) -> Episode | None:
        """The episode with a number."""
        key = number.to_bytes(8, "big")
        data = self._get("episodes", key)
        return None if data is None else _episode(key, data)

    def delete_episode(self, number: int) -> None:
        """Remove an episode."""
        self._txn.delete(number.to_bytes(8, "big"), db=self._store.tables["episodes"])

    def records(self) -> Iterator[Record]:
        """Every record, oldest key first."""
        for key, data in self._rows("records"):
            yield Record.unpack(int.from_bytes(key, "big"), data)

    def vectors(self) -> Iterator[tuple[int, str, Vector]]:
        """Every vector with its key and the id of its model."""
        names = self._model_names()
        for key, data in self._rows("vectors"):
            (number,) = struct.unpack_from(">H", data)
            vector = np.frombuffer(data, np.float16, offset=2).astype(np.float32)
            yield int.from_bytes(key, "big"), names[number], vector

    def edges(self) -> Iterator[tuple[bytes, Edge]]:
        """Every edge with its digest."""
        for digest, data in self._rows("edges"):
            source, kind, target, evidence = msgpack.unpackb(data)
            yield digest, Edge(source, kind, target, tuple(evidence))

    def episodes(self) -> Iterator[Episode]:
        """Every episode, oldest first."""
        for number, data in self._rows("episodes"):
            yield _episode(number, data)

    def _model_number(self, model_id: str) -> int:
        names = self._model_names()
        for number, name in names.items():
            if name == model_id:
                return number
        number = max(names, default=0) + 1
        self._put("meta", b"model:" + struct.pack(">H", number), model_id.encode())
        return number

    def _model_names(self) -> dict[int, str]:
        found = {}
        for name, value in self._rows("meta"):
            if name.startswith(b"model:"):
                (number,) = struct.unpack(">H", name.removeprefix(b"model:"))
                found[number] = value.decode()
        return found

    def _get(self, table: str, key: bytes) -> bytes | None:
        found = self._txn.get(key, db=self._store.tables[table])
        return None if found is None else bytes(found)

    def _put(self, table: str, key: bytes, value: bytes) -> None:
        self._txn.put(key, value, db=self._store.tables[table])

    def _rows(self, table: str) -> Iterator[tuple[bytes, bytes]]:
        with self._txn.cursor(db=self._store.tables[table]) as cursor:
            for key, value in cursor:
                yield bytes(key), bytes(value)


READ_EVERYTHING: Final = """
import sys, lmdb
environment = lmdb.open(sys.argv[1], readonly=True, lock=False, max_dbs=len(sys.argv))
with environment.begin() as view:
    for name in sys.argv[2:]:
        for row in view.cursor(db=environment.open_db(name.encode(), txn=view, create=False)):
            pass
"""
"""Ends with 0 if every row of every table can be read."""


class Store:
    """An open environment in ``folder``; every call must come from one thread.

    Raises:
        StoreLockedError: another process, or another object of this one, has it open.
        StoreVersionError: a newer version wrote it.
        StoreError: it cannot be opened or read.
    """

    def __init__(self, folder: Path, *, map_size_mb: int) -> None:
        self.folder = folder
        self.tables: dict[str, Any] = {}
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._lock = FileLock(folder / "writer.lock")
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
                    return act(Transaction(self, txn))
            except _MapFullError:
                self._env.set_mapsize(2 * self._env.info()["map_size"])

    def nested(self, parent: lmdb.Transaction) -> lmdb.Transaction:
        """A write transaction inside ``parent``."""
        return self._env.begin(parent=parent, write=True)

    @property
    def size(self) -> int:
        """Bytes of the data file."""
        return (self.folder / "data.mdb").stat().st_size

    def compact(self) -> None:
        """Write the file anew, row by row, so that no byte of what was deleted is left in it.

        LMDB's own compaction copies whole pages, and pages keep old bytes where they are not full.
        """
        aside = self.folder / ASIDE
        map_size = self._env.info()["map_size"]
        with self._failures():
            shutil.rmtree(aside, ignore_errors=True)
            aside.mkdir()
            self._copy(aside, 2 * map_size)
            _sync(aside / "data.mdb")
            self._env.close()
        try:
            with self._failures():
                (aside / "data.mdb").replace(self.folder / "data.mdb")
                _sync(self.folder)
        finally:
            self._open(map_size)

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

    def _check_length(self) -> None:
        """Refuse a file that was cut short.

        Reading a mapped page beyond the end kills the process. A short file can still be whole, where its
        last pages were never used, so another process finds out.
        """
        whole = (self._env.info()["last_pgno"] + 1) * self._env.stat()["psize"]
        if self.size >= whole:
            return
        command = [sys.executable, "-c", READ_EVERYTHING, str(self.folder), *TABLES]
        if subprocess.run(command, capture_output=True, check=False).returncode != 0:  # noqa: S603
            raise StoreError(self.folder, "data.mdb is cut short; restore it from a backup or an export")

    def _open(self, map_size: int) -> None:
        shutil.rmtree(self.folder / ASIDE, ignore_errors=True)  # of a compaction that did not come to its end
        with self._failures():
            self._env = lmdb.open(
                str(self.folder),
                map_size=max(map_size, _file_size(self.folder / "data.mdb")),
                max_dbs=len(TABLES),
                max_readers=MAX_READERS,
            )
            self._env.reader_check()
            self._check_length()
            with self._env.begin(write=True) as txn:
                self.tables = {name: self._env.open_db(name.encode(), txn=txn) for name in TABLES}
                found = txn.get(b"format", db=self.tables["meta"])
                if found is None:
                    txn.put(b"format", str(FORMAT).encode(), db=self.tables["meta"])
                elif int(found) > FORMAT:
                    raise StoreVersionError(self.folder, int(found), FORMAT)

    @contextmanager
    def _failures(self) -> Iterator[None]:
        try:
            yield
        except lmdb.MapFullError as error:
            raise _MapFullError from error
        except (lmdb.Error, OSError) as error:
            raise StoreError(self.folder, f"{type(error).__name__}: {error}") from error


class _MapFullError(Exception):
    """The map must grow; caught by :meth:`Store.write`."""


def _episode(number: bytes, data: bytes) -> Episode:
    start, end, members, summary, method = msgpack.unpackb(data)
    return Episode(int.from_bytes(number, "big"), start, end, tuple(members), summary, method)


def _key(key: int) -> bytes:
    return key.to_bytes(8, "big")


def _file_size(path: Path) -> int:
    with suppress(FileNotFoundError):
        return path.stat().st_size
    return 0


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
