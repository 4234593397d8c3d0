"""The checkpoint of the vector index: which cells there are and which vector lies in which, in one file.

A cache: it saves training. The vectors themselves are not in it, they come from the store; so it is small,
holds no word of anybody, and can never make the index say anything else than the store.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Final, Self

import msgpack
import numpy as np
import numpy.typing as npt

from hikari_ml.errors import StoreError
from hikari_ml.models.reading import Vector

NAME: Final = "cells.bin"
BESIDE: Final = "cells.bin.tmp"
FORMAT: Final = 1
MAGIC: Final = b"hikari cells\n"
DIGEST: Final = 16

Keys = npt.NDArray[np.int64]

UNUSABLE: Final = (ValueError, TypeError, KeyError, IndexError, OverflowError, msgpack.UnpackException)
"""What reading a file of another layout may raise."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """Cells as they were when ``seq`` writes had been made to the store ``environment``.

    ``keys`` rise, and each lies in the cell of the same place in ``cells``.
    """

    environment: bytes
    model_id: str
    seq: int
    probes: int
    trained_on: int
    centroids: Vector
    keys: Keys
    cells: Keys

    def pack(self) -> bytes:
        """As it stands in the file, without its checksum."""
        count, dim = self.centroids.shape
        header = {
            "format": FORMAT,
            "environment": self.environment,
            "model": self.model_id,
            "dim": dim,
            "seq": self.seq,
            "count": len(self.keys),
            "cells": count,
            "probes": self.probes,
            "trained_on": self.trained_on,
        }
        parts = (self.centroids.astype("<f4"), self.keys.astype("<i8"), self.cells.astype("<i4"))
        return bytes(msgpack.packb(header)) + b"".join(part.tobytes() for part in parts)

    @classmethod
    def unpack(cls, data: bytes) -> Self:
        """From what :meth:`pack` gave."""
        unpacker = msgpack.Unpacker()
        unpacker.feed(data)
        header, at = unpacker.unpack(), unpacker.tell()
        if header["format"] != FORMAT:
            raise ValueError(f"it has format {header['format']}")
        count, dim, cells = header["count"], header["dim"], header["cells"]
        centroids = np.frombuffer(data, "<f4", cells * dim, at).reshape(cells, dim)
        keys = np.frombuffer(data, "<i8", count, at + centroids.nbytes)
        inside = np.frombuffer(data, "<i4", count, at + centroids.nbytes + keys.nbytes)
        if count and not (0 <= inside.min() <= inside.max() < cells and (np.diff(keys) > 0).all()):
            raise ValueError("its cells do not fit its keys")
        return cls(
            header["environment"],
            header["model"],
            header["seq"],
            header["probes"],
            header["trained_on"],
            centroids,
            keys.astype(np.int64),
            inside.astype(np.int64),
        )


def write(folder: Path, checkpoint: Checkpoint) -> None:
    """Put ``checkpoint`` in the place of the one before, whole and durably.

    Raises:
        StoreError: it could not be written; the one before still stands.
    """
    data = checkpoint.pack()
    beside = folder / BESIDE
    try:
        with beside.open("wb") as file:
            file.writelines((MAGIC, _digest(data), data))
            file.flush()
            os.fsync(file.fileno())
        beside.replace(folder / NAME)
        _sync(folder)
    except OSError as error:
        with suppress(OSError):
            beside.unlink(missing_ok=True)
        raise StoreError(folder / NAME, f"cannot be written: {error.strerror or error}") from error


def read(folder: Path) -> Checkpoint | None:
    """The checkpoint in ``folder``; None if there is none, or none that can be used."""
    try:
        data = (folder / NAME).read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        _log.warning("%s cannot be read (%s); the index is built anew", folder / NAME, error.strerror)
        return None
    start = len(MAGIC) + DIGEST
    body = data[start:]
    if data[:start] == MAGIC + _digest(body):
        with suppress(*UNUSABLE):
            return Checkpoint.unpack(body)
    _log.warning("%s is damaged or of another version; the index is built anew", folder / NAME)
    return None


def remove(folder: Path) -> None:
    """Leave no byte of a checkpoint in ``folder``, durably.

    Raises:
        StoreError: it cannot be removed.
    """
    try:
        gone = [_unlinked(folder / name) for name in (NAME, BESIDE)]
        if any(gone):
            _sync(folder)
    except OSError as error:
        raise StoreError(folder / NAME, f"cannot be removed: {error.strerror or error}") from error


def without(checkpoint: Checkpoint, keys: Iterable[int]) -> tuple[Keys, Keys]:
    """Its keys and their cells, but for ``keys``."""
    kept = ~np.isin(checkpoint.keys, np.fromiter(keys, np.int64))
    return checkpoint.keys[kept], checkpoint.cells[kept]


def _unlinked(path: Path) -> bool:
    with suppress(FileNotFoundError):
        path.unlink()
        return True
    return False


def _digest(data: bytes) -> bytes:
    return blake2b(data, digest_size=DIGEST).digest()


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
