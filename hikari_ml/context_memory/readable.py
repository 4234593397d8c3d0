"""Whether every row of a data file can be read, found out in another process: a damaged page can end it."""

from __future__ import annotations

import subprocess
import sys
import warnings
from collections.abc import Iterable
from pathlib import Path
from typing import Final

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


def warn_of_empty(data: Path) -> None:
    """Say that a memory begins anew, where its file is there and holds nothing: something has emptied it."""
    if data.exists() and not data.stat().st_size:
        warnings.warn(f"{data} is empty; a new memory begins", RuntimeWarning, stacklevel=2)


def is_readable(folder: Path, tables: Iterable[str], newer: Iterable[str]) -> bool:
    """Whether all rows of ``tables``, and of those of ``newer`` that are there, can be read."""
    names = [*tables, *(f"?{name}" for name in newer)]
    command = [sys.executable, "-c", READ_EVERYTHING, str(folder), *names]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0  # noqa: S603
