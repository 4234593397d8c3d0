"""What the rows of a store are: edges, episodes, and how they and the others are read."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Final

import msgpack
import numpy as np

from hikari_ml.context_memory.record import Record
from hikari_ml.models.reading import Vector

DAMAGED: Final = (ValueError, TypeError, OverflowError, struct.error, AttributeError)
"""What reading a damaged row may raise."""


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


def unpack_record(key: bytes, data: bytes) -> Record:
    """A row of records."""
    return Record.unpack(int.from_bytes(key, "big"), data)


def unpack_vector(_: bytes, data: bytes) -> tuple[int, Vector]:
    """A row of vectors: the number of its model, and the vector."""
    (number,) = struct.unpack_from(">H", data)
    return number, np.frombuffer(data, np.float16, offset=2).astype(np.float32)


def unpack_edge(_: bytes, data: bytes) -> Edge:
    """A row of edges."""
    source, kind, target, evidence = msgpack.unpackb(data)
    return Edge(source, kind, target, _keys(evidence))


def unpack_episode(number: bytes, data: bytes) -> Episode:
    """A row of episodes."""
    start, end, members, summary, method = msgpack.unpackb(data)
    return Episode(int.from_bytes(number, "big"), start, end, _keys(members), summary, method)


def _keys(found: list[object]) -> tuple[int, ...]:
    keys = tuple(key for key in found if isinstance(key, int))
    if len(keys) != len(found):
        raise ValueError("keys of records are whole numbers")
    return keys
