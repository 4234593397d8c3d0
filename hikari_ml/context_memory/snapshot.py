"""A store that is only looked at: one view of it, taken at opening, beside a process that may be writing.

The view is a read transaction. As long as it is open the writer keeps the pages it shows and takes new
ones instead, so a writer waits for nobody, and its file grows a little: look, and close.
"""

from __future__ import annotations

import os
import threading
import time
from collections import defaultdict
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Final, NoReturn, TypeVar

import lmdb

from hikari_ml.context_memory.readable import check_kind
from hikari_ml.context_memory.store import (
    ASIDE,
    DATA,
    FIRST_TABLES,
    LOCK,
    MAX_READERS,
    MIB,
    TABLES,
    Store,
    Transaction,
)
from hikari_ml.errors import ReadOnlyError, StoreError, StoreLockedError

MARGIN: Final = 64 * MIB
"""By how much a file may grow between being looked at and being opened."""

PATIENCE: Final = 5.0
"""Seconds in which a view is taken anew because the file was replaced in the meantime."""

PAUSE: Final = 0.01
"""Seconds between two tries."""

R = TypeVar("R")


class Snapshot(Store):
    """The store in ``folder`` as it is now; every call must come from one thread. Nothing is created.

    Raises:
        StoreLockedError: this process has it open already.
        StoreVersionError: a newer version wrote it.
        StoreError: there is none, or it cannot be read.
    """

    read_only = True

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.unreadable = defaultdict(set)
        check_memory(folder)
        with self._failures():
            self._stack = ExitStack()
            with ExitStack() as stack:
                self._env, self._txn = self._view(stack)
                self._prepare()
                self._stack = stack.pop_all()

    def read(self, act: Callable[[Transaction], R]) -> R:
        """Run ``act`` on the view."""
        try:
            with self._failures():
                return act(Transaction(self, self._txn))
        finally:
            self._check_undisturbed()  # before any damage is believed that was seen in pages used anew

    def write(self, act: Callable[[Transaction], R]) -> NoReturn:
        """Refuse.

        Raises:
            ReadOnlyError: always.
        """
        raise ReadOnlyError(self.folder)

    def compact(self) -> NoReturn:
        """Refuse.

        Raises:
            ReadOnlyError: always.
        """
        raise ReadOnlyError(self.folder)

    @property
    def size(self) -> int:
        """Bytes of the data file that is looked at."""
        return os.fstat(self._file).st_size

    def close(self) -> None:
        """Let go of the view."""
        self._stack.close()

    def _view(self, stack: ExitStack) -> tuple[lmdb.Environment, lmdb.Transaction]:
        """An environment and a view of it that belong together; a compaction may come in between."""
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            with ExitStack() as attempt:
                locks = _identity(self.folder / LOCK)
                if locks is None and (self.folder / ASIDE).exists():
                    threading.Event().wait(PAUSE)
                    continue
                self._known = locks is not None and _may_write(self.folder / LOCK)
                self._file = os.open(self.folder / DATA, os.O_RDONLY)
                attempt.callback(os.close, self._file)
                environment = self._environment(MARGIN)
                attempt.callback(environment.close)
                txn = _begun(environment)
                if txn is None:
                    continue
                attempt.callback(txn.abort)
                counted = txn.id() <= environment.info()["last_txnid"]
                same = _identity(self.folder / DATA) == _identity(self._file)
                if counted and same and _identity(self.folder / LOCK) == locks:
                    stack.push(attempt.pop_all())
                    return environment, txn
        hint = "is being compacted, or was left in the middle of it: try again later, or open it for writing"
        raise StoreError(self.folder, hint)

    def _environment(self, map_size: int) -> lmdb.Environment:
        """Open without creating: LMDB would make a lock file where there is none, as beside a copy.

        A lock file that must not be written, as on a disk that is read-only, is left alone as well.
        """
        try:
            return lmdb.open(
                str(self.folder),
                map_size=map_size + (self.folder / DATA).stat().st_size,
                max_dbs=len(TABLES),
                max_readers=MAX_READERS,
                readonly=True,
                create=False,
                lock=self._known,
            )
        except lmdb.Error as error:
            if "already open in this process" in str(error):
                hint = "this process has this memory open already; ask the object that has"
                raise StoreLockedError(self.folder, hint) from error
            raise

    def _prepare(self) -> None:
        self._check_length()
        self.tables = {}
        for name in TABLES:
            try:
                self.tables[name] = self._env.open_db(name.encode(), txn=self._txn, create=False)
            except lmdb.NotFoundError as error:
                if name in FIRST_TABLES:
                    raise StoreError(self.folder, "holds no memory") from error
        self._check_format(self._txn.get(b"format", db=self.tables["meta"]))

    def _check_undisturbed(self) -> None:
        """A writer that finds no word of the view in the lock file reuses its pages after two commits."""
        if not self._known and self._env.info()["last_txnid"] > self._txn.id() + 1:
            raise StoreError(self.folder, "was written while it was read; open it again")


def check_memory(folder: Path) -> None:
    """Say what is wrong with a folder that should hold a memory.

    Raises:
        StoreError: it does not exist, holds no memory, or must not be read.
    """
    try:
        if not (folder / DATA).stat().st_size:
            raise StoreError(folder, f"{DATA} is empty; restore a backup, or delete it to begin anew")
        check_kind(folder / DATA)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise StoreError(folder, "holds no memory") from error
    except OSError as error:
        raise StoreError(folder, f"cannot be read: {error.strerror or error}") from error


def _may_write(path: Path) -> bool:
    return os.access(path, os.W_OK, effective_ids=os.access in os.supports_effective_ids)


def _begun(environment: lmdb.Environment) -> lmdb.Transaction | None:
    """A view; None if the file has outgrown our map since it was opened."""
    try:
        return environment.begin()
    except lmdb.MapResizedError:
        return None


def _identity(file: Path | int) -> tuple[int, int] | None:
    """What tells a file from the one that takes its place."""
    try:
        found = file.stat() if isinstance(file, Path) else os.fstat(file)
    except FileNotFoundError:
        return None
    return found.st_dev, found.st_ino
