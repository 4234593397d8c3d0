"""What one stream leaves to the next: a small file, written aside and put in place whole."""

from __future__ import annotations

import logging
import os
from pathlib import Path
from typing import Any, Final

import msgpack

from hikari_ml.errors import StoreError, StoreVersionError

FORMAT: Final = 1

_log = logging.getLogger(__name__)


def save(path: Path, state: dict[str, Any]) -> None:
    """Write ``state`` durably.

    Raises:
        StoreError: it could not be written; what stood there before still stands.
    """
    beside = path.with_name(f"{path.name}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with beside.open("wb") as file:
            file.write(msgpack.packb({"format": FORMAT, **state}))
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    except OSError as error:
        raise StoreError(path, f"cannot be written: {error.strerror}") from error


def load(path: Path) -> dict[str, Any] | None:
    """Read what :func:`save` wrote; None if there is nothing, or nothing readable.

    A damaged file is kept beside under another name and told of, rather than overwritten.

    Raises:
        StoreVersionError: a newer version wrote it.
        StoreError: it is there and cannot be opened.
    """
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise StoreError(path, f"cannot be read: {error.strerror}") from error
    try:
        state = msgpack.unpackb(data)
        found = int(state["format"])
    except (ValueError, KeyError, TypeError, msgpack.UnpackException):
        aside = path.with_name(f"{path.name}.damaged")
        path.replace(aside)
        _log.warning("%s is damaged; kept as %s, starting afresh", path, aside)
        return None
    if found > FORMAT:
        raise StoreVersionError(path, found, FORMAT)
    return dict(state)
