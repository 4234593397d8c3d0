"""What one run leaves to the next: a small file, written aside and put in place whole."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import msgpack

from hikari_ml.errors import StoreError, StoreVersionError

UNICODE_ERRORS: Final = "surrogatepass"
"""Chat may hold half a character, and a topic of it; that must not keep the rest from being saved."""

_log = logging.getLogger(__name__)


def save(path: Path, state: dict[str, Any], version: int) -> None:
    """Write ``state``, whose layout has this ``version``, durably.

    Raises:
        StoreError: it could not be written; what stood there before still stands.
    """
    beside = path.with_name(f"{path.name}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with beside.open("wb") as file:
            for piece in _pieces({"format": version, **state}):
                file.write(piece)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    except OSError as error:
        raise StoreError(path, f"cannot be written: {error.strerror}") from error


def load(path: Path, version: int) -> dict[str, Any] | None:
    """Read what :func:`save` wrote, of this ``version`` or an older one.

    None if there is nothing, or nothing readable.
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
        state = msgpack.unpackb(data, unicode_errors=UNICODE_ERRORS)
        found = int(state["format"])
    except (ValueError, KeyError, TypeError, OverflowError, msgpack.UnpackException):
        put_aside(path)
        return None
    if found > version:
        raise StoreVersionError(path, found, version)
    return dict(state)


def put_aside(path: Path) -> None:
    """Keep a damaged file under another name, and tell of it."""
    path.replace(aside(path))
    _log.warning("%s is damaged; kept as %s, starting afresh", path, aside(path))


def drop_aside(path: Path) -> None:
    """Delete what :func:`put_aside` kept, if there is anything.

    Raises:
        StoreError: it cannot be deleted.
    """
    try:
        aside(path).unlink(missing_ok=True)
    except OSError as error:
        raise StoreError(aside(path), f"cannot be deleted: {error.strerror}") from error


def aside(path: Path) -> Path:
    """Where :func:`put_aside` keeps the damaged file of ``path``."""
    return path.with_name(f"{path.name}.damaged")


def _pieces(value: Any) -> Iterator[bytes]:
    """``value`` packed bit by bit: packed at once it would hold the interpreter, and every thread with it."""
    packer = msgpack.Packer(unicode_errors=UNICODE_ERRORS)
    if isinstance(value, dict):
        yield packer.pack_map_header(len(value))
        for name, part in value.items():
            yield packer.pack(name)
            yield from _pieces(part)
    elif isinstance(value, list):
        yield packer.pack_array_header(len(value))
        yield from map(packer.pack, value)
    else:
        yield packer.pack(value)
