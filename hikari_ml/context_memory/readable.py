"""Whether a data file is one, and whether every row of it can be read.

That is found out in another process: a damaged page can end the process that reads it.
"""

from __future__ import annotations

import subprocess
import sys
import warnings
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Final

from hikari_ml.errors import StoreError

MAGIC: Final = (0xBEEFC0DE).to_bytes(4, sys.byteorder)
MAGIC_AT: Final = 16
"""Where LMDB's first page has its magic number: after the header of the page."""

READ_EVERYTHING: Final = """
import os, sys, lmdb
lock = os.path.exists(os.path.join(sys.argv[1], "lock.mdb"))
environment = lmdb.open(sys.argv[1], readonly=True, lock=lock, max_dbs=len(sys.argv))
with environment.begin() as view:
    for name in sys.argv[2:]:
        try:
            table = environment.open_db(name.lstrip("?").encode(), txn=view, create=False)
        except lmdb.NotFoundError:
            if name.startswith("?"):
                continue
            raise
        for row in view.cursor(db=table):
            pass
"""
"""Ends with 0 if every row of every table can be read; a table named with ``?`` may be missing."""

WRITE_SOMETHING: Final = """
import sys, lmdb
environment = lmdb.open(sys.argv[1], max_dbs=len(sys.argv))
with environment.begin(write=True) as writing:
    try:
        writing.put(b"?", bytes(1_000_000), db=environment.open_db(sys.argv[2].encode(), txn=writing))
    except lmdb.MapFullError:
        pass
    writing.abort()
"""
"""Ends with 0 if room is found for a long row, which is thrown away: the free pages are looked up for it."""


def warn_of_empty(data: Path) -> None:
    """Say that a memory begins anew, where its file is there and holds nothing: something has emptied it."""
    with suppress(OSError):  # opening it will say what is wrong
        if data.stat().st_size:
            return
        warnings.warn(f"{data} is empty; a new memory begins", RuntimeWarning, stacklevel=2)


def check_kind(data: Path) -> None:
    """Say so if ``data`` holds something, and no LMDB environment: LMDB would put a lock file beside it.

    Raises:
        StoreError: it is another kind of file.
        OSError: it cannot be read.
    """
    with data.open("rb") as file:
        start = file.read(MAGIC_AT + len(MAGIC))
    if start and start[MAGIC_AT:] != MAGIC:
        hint = "is another kind of file, or its beginning is damaged; restore a backup or an export"
        raise StoreError(data, hint)


def is_readable(folder: Path, tables: Iterable[str], newer: Iterable[str]) -> bool:
    """Whether all rows of ``tables``, and of those of ``newer`` that are there, can be read."""
    names = [*tables, *(f"?{name}" for name in newer)]
    return _ends_well(READ_EVERYTHING, folder, names)


def is_writable(folder: Path, table: str) -> bool:
    """Whether the pages can be read that tell where there is room; nothing is changed."""
    return _ends_well(WRITE_SOMETHING, folder, [table])


def _ends_well(program: str, folder: Path, names: Iterable[str]) -> bool:
    command = [sys.executable, "-c", program, str(folder), *names]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0  # noqa: S603
