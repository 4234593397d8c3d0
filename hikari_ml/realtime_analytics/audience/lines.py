"""A viewer's latest lines, as far as they are needed: when, a digest, and what they are like; pure."""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator
from typing import Final, NamedTuple

from hikari_ml.realtime_analytics.features import MessageFeatures

KEPT: Final = 40
"""Lines of a viewer that are kept, in 21 bytes each."""

_LINE = struct.Struct("<d8sBf")
_WHEN = struct.Struct("<d13x")
_OLDER = struct.Struct("<d8s?")
ENGAGES: Final = 1
SHORT: Final = 2


class Line(NamedTuple):
    """A line; of its text there is only a digest. ``mood`` in [0, 1] is NaN where nothing spoke."""

    at: float
    digest: bytes
    flags: int
    mood: float

    @property
    def engages(self) -> bool:
        """Whether it talks to somebody."""
        return bool(self.flags & ENGAGES)

    @property
    def short(self) -> bool:
        """Whether it has two words at most."""
        return bool(self.flags & SHORT)

    @classmethod
    def of(cls, message: MessageFeatures) -> Line:
        """What is kept of ``message``."""
        mood = math.nan if message.mood is None else message.mood
        flags = ENGAGES * message.engages + SHORT * message.short
        return cls(message.at.timestamp(), message.gist, flags, mood)

    def pack(self) -> bytes:
        """In 21 bytes."""
        return _LINE.pack(*self)


class Lines:
    """The latest 40 lines in the order they came, packed: viewers are many."""

    __slots__ = ("packed",)

    def __init__(self, packed: bytes = b"") -> None:
        self.packed = packed

    def __len__(self) -> int:
        return len(self.packed) // _LINE.size

    def __iter__(self) -> Iterator[Line]:
        return map(Line._make, _LINE.iter_unpack(self.packed))

    def rows(self) -> Iterator[tuple[float, bytes, int, float]]:
        """The lines as plain tuples, which is quicker where every message asks."""
        return _LINE.iter_unpack(self.packed)

    @classmethod
    def of_older(cls, packed: bytes) -> Lines:
        """From state format 2, which knew neither moods nor which lines are short."""
        older = _OLDER.iter_unpack(packed)
        lines = (Line(at, key, ENGAGES * engages + SHORT, math.nan) for at, key, engages in older)
        return cls(b"".join(line.pack() for line in lines))

    def add(self, line: Line) -> None:
        """Append a line; the oldest makes room."""
        self.packed = (self.packed + line.pack())[-KEPT * _LINE.size :]

    def remove(self, line: Line) -> None:
        """Take one such line out, if it is still there."""
        gone = line.pack()
        for start in range(0, len(self.packed), _LINE.size):
            if self.packed[start : start + _LINE.size] == gone:
                self.packed = self.packed[:start] + self.packed[start + _LINE.size :]
                return

    def rate(self, at: float, seconds: float = 60.0) -> int:
        """Lines in the ``seconds`` before ``at``, as far as they are kept."""
        since = at - seconds
        return sum([since < said <= at for (said,) in _WHEN.iter_unpack(self.packed)])

    def repeats(self, key: bytes, at: float, seconds: float = 120.0) -> int:
        """How often the line with this digest was said within the ``seconds`` before ``at``."""
        if key not in self.packed:  # mostly so, and quickly known
            return 0
        return sum(1 for line in self if line.digest == key and at - seconds < line.at <= at)

    def times(self, key: bytes) -> int:
        """About how many of the lines have this digest; never fewer than there are."""
        return self.packed.count(key)
