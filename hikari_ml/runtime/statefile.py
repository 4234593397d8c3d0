"""What one run leaves to the next: a small file, written aside and put in place whole."""

from __future__ import annotations

import logging
import os
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import msgpack

from hikari_ml.errors import StoreError, StoreVersionError

UNICODE_ERRORS: Final = "surrogatepass"
"""Chat may hold half a character, and a topic of it; that must not keep the rest from being saved."""

CHECKSUM: Final = msgpack.packb("checksum")
"""The last key: its value, four bytes, is the CRC-32 of all that stands before it."""

CHECKSUM_BYTES: Final = 4

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
            for piece in _checked({"format": version, **state}):
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
        _check(data, state.pop("checksum", None))
        found = int(state["format"])
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError, msgpack.UnpackException):
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


def _checked(state: dict[str, Any]) -> Iterator[bytes]:
    """``state`` packed, with its checksum."""
    known = 0
    for piece in _pieces(state, more=1):
        known = zlib.crc32(piece, known)
        yield piece
    yield CHECKSUM
    yield msgpack.packb(known.to_bytes(CHECKSUM_BYTES, "big"))


def _check(data: bytes, told: object) -> None:
    """Refuse ``data`` that is not what was written; what earlier versions wrote has no checksum.

    Raises:
        ValueError: it is damaged.
    """
    end = len(data) - len(CHECKSUM) - len(msgpack.packb(bytes(CHECKSUM_BYTES)))
    if told is not None and told != zlib.crc32(memoryview(data)[:end]).to_bytes(CHECKSUM_BYTES, "big"):
        raise ValueError("the checksum differs")


def _pieces(value: Any, more: int = 0) -> Iterator[bytes]:
    """``value`` packed bit by bit: packed at once it would hold the interpreter, and every thread with it.

    ``more`` entries of it come afterwards.
    """
    packer = msgpack.Packer(unicode_errors=UNICODE_ERRORS)
    if isinstance(value, dict):
        yield packer.pack_map_header(len(value) + more)
        for name, part in value.items():
            yield packer.pack(name)
            yield from _pieces(part)
    elif isinstance(value, list):
        yield packer.pack_array_header(len(value))
        yield from map(packer.pack, value)
    else:
        yield packer.pack(value)
