"""What the rows of a store are: edges, episodes, and how they and the others are read."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, get_args

import msgpack
import numpy as np

from hikari_ml.context_memory.record import Record
from hikari_ml.models.reading import Vector
from hikari_ml.results import Tier

DAMAGED: Final = (ValueError, TypeError, OverflowError, struct.error, AttributeError)
"""What reading a damaged row may raise."""


TIERS: Final = frozenset(get_args(Tier))
FIRST, LAST = (
    int(end.replace(microsecond=0, tzinfo=UTC).timestamp() * 1000) for end in (datetime.min, datetime.max)
)
"""The epoch milliseconds of which there is a date, to a second."""


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
    """A row of records, every field of which is what it should be."""
    record = Record.unpack(int.from_bytes(key, "big"), data)
    texts = (record.id, record.content, record.type, record.user or "", record.conversation or "")
    times = (record.created_at, record.last_access, *record.said)
    counts = (record.access_count, record.count, record.episode)
    if not (
        all(type(text) is str for text in texts) and all(type(number) is int for number in times + counts)
    ):
        raise ValueError("it is no record")
    if record.tier not in TIERS or not (FIRST <= min(times) <= max(times) <= LAST and min(counts) >= 0):
        raise ValueError("it is in no tier, or of no time")
    if not (0 <= float(record.importance) <= 1 and 0 <= float(record.arousal) <= 1):
        raise ValueError("importance and arousal lie in [0, 1]")
    if record.said and (record.said[0] != record.created_at or list(record.said) != sorted(record.said)):
        raise ValueError("when it was said begins when it was made, and is in order")
    record.id.encode()
    return record


def unpack_vector(_: bytes, data: bytes) -> tuple[int, Vector]:
    """A row of vectors: the number of its model, and the vector."""
    (number,) = struct.unpack_from(">H", data)
    return number, np.frombuffer(data, np.float16, offset=2).astype(np.float32)


def unpack_edge(_: bytes, data: bytes) -> Edge:
    """A row of edges."""
    source, kind, target, evidence = msgpack.unpackb(data)
    if not (type(source) is type(kind) is type(target) is str):
        raise ValueError("names are texts")
    return Edge(source, kind, target, _keys(evidence))


def unpack_episode(number: bytes, data: bytes) -> Episode:
    """A row of episodes."""
    start, end, members, summary, method = msgpack.unpackb(data)
    if not (FIRST <= start <= end <= LAST and type(summary) is type(method) is str):
        raise ValueError("it has no time, or no summary")
    return Episode(int.from_bytes(number, "big"), start, end, _keys(members), summary, method)


def _keys(found: list[object]) -> tuple[int, ...]:
    keys = tuple(key for key in found if isinstance(key, int))
    if len(keys) != len(found):
        raise ValueError("keys of records are whole numbers")
    return keys
