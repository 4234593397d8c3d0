"""Where room runs out: address space for a larger map, and space on the disk.

LMDB lets go of its map before it takes a larger one. If it does not get that, it has none, and the next
access ends the process.
"""

from __future__ import annotations

import mmap
import os
from errno import EFBIG, EIO
from pathlib import Path
from typing import Final

from hikari_ml.errors import StoreError

DAMAGE: Final = "the file is damaged: 'hikari-ml memory verify' says how far; restore a backup or an export"
CAUSES: Final = {
    os.strerror(EIO): "a page could be written only in part: is the disk full?",
    os.strerror(EFBIG): "is the size of files limited, or the disk full?",
    "MDB_CORRUPTED": DAMAGE,
    "MDB_PAGE_NOTFOUND": DAMAGE,
    "MDB_INVALID": DAMAGE,
}
"""What lies behind a complaint. LMDB calls it an error of the disk when the system took less of a page than
it was given."""


def with_room(folder: Path, size: int) -> int:
    """Return ``size`` if a map of so many bytes can be had.

    Raises:
        StoreError: it cannot.
    """
    try:
        mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS, prot=mmap.PROT_READ).close()
    except (OSError, OverflowError, ValueError) as error:
        hint = f"its map is full and cannot grow to {size:,} bytes; allow the process more address space"
        raise StoreError(folder, hint) from error
    return size


def in_words(error: Exception) -> str:
    """What LMDB or the system complains of, with the usual cause where it does not say it."""
    text = f"{type(error).__name__}: {error}"
    for complaint, cause in CAUSES.items():
        if complaint in text:
            return f"{text}; {cause}"
    return text
