"""What holds of the last so many numbers of a series, kept up as it goes on."""

from __future__ import annotations

import math
from array import array
from bisect import bisect_left
from collections import deque
from collections.abc import Iterable


class Highest:
    """The highest of the last ``size`` numbers; minus infinity while there are none."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._at = 0
        self._falling: deque[tuple[int, float]] = deque()

    @property
    def highest(self) -> float:
        """The highest now."""
        return self._falling[0][1] if self._falling else -math.inf

    def pack(self) -> list[list[float]]:
        """Those that can still become the highest: how many numbers ago each came, and the number."""
        return [[self._at - at, value] for at, value in self._falling]

    def unpack(self, packed: Iterable[Iterable[float]]) -> None:
        """From what :meth:`pack` gave, in place of what there is."""
        kept = [(float(ago), float(value)) for ago, value in packed]
        self._falling = deque((self._at - int(ago), value) for ago, value in kept)

    def add(self, value: float) -> None:
        """Take the next number; the oldest goes."""
        while self._falling and self._falling[-1][1] <= value:
            self._falling.pop()
        self._falling.append((self._at, value))
        self._at += 1
        if self._falling[0][0] < self._at - self._size:
            self._falling.popleft()


class Ranks:
    """Where a number stands among the last ``size``."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._order: deque[float] = deque()
        self._sorted: list[float] = []

    def __len__(self) -> int:
        return len(self._sorted)

    def judge(self, value: float) -> float:
        """One minus the tail probability of ``value``, in (0, 1), which then is among the numbers.

        The tail is the share of the numbers before that are at least as high, with half a number added: of a
        series without trend one in twenty scores above 0.95, whatever its distribution.
        """
        place = bisect_left(self._sorted, value)
        score = (place + 0.5) / (len(self._sorted) + 1)
        self._order.append(value)
        self._sorted.insert(place, value)
        if len(self._order) > self._size:
            del self._sorted[bisect_left(self._sorted, self._order.popleft())]
        return score

    def pack(self) -> bytes:
        """The numbers in their order, eight bytes each."""
        return array("d", self._order).tobytes()

    def unpack(self, packed: bytes) -> None:
        """From what :meth:`pack` gave, in place of what there is."""
        self._order = deque(array("d", packed)[-self._size :])
        self._sorted = sorted(self._order)
