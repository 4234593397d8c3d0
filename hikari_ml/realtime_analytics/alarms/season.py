"""What is usual for a time of the day, learned from the days before."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise
from statistics import median
from typing import Final

DAY: Final = 86_400.0
DAYS: Final = 7
"""Days that are remembered of every time of the day."""

LEAST_SLOT: Final = 300.0
"""Seconds of the day that are taken as one, at least."""

SPACING_POINTS: Final = 60
"""Points that the usual spacing is learned from."""


@dataclass(slots=True)
class _Slot:
    """A few minutes of the day: means of the days before, and of the latest day, which may go on."""

    before: list[float] = field(default_factory=list)
    latest: int = -1
    mean: float = 0.0
    count: int = 0

    def add(self, number: int, value: float) -> None:
        if number != self.latest:
            if self.count:
                self.before = [*self.before, self.mean][-DAYS:]
            self.latest, self.mean, self.count = number, 0.0, 0
        self.count += 1
        self.mean += (value - self.mean) / self.count


class TimeOfDay:
    """The median of the last seven days that had points at the same time, one slot to either side.

    The day is divided into slots as long as the first points lie apart, and at least five minutes; a slot's
    value is the mean of its points. On the first day nothing is usual. There are at most 288 slots.
    """

    def __init__(self) -> None:
        self._seconds = 0.0
        self._first: list[tuple[float, float]] = []
        self._slots: dict[int, _Slot] = {}
        self._asked: tuple[int, float | None] = (-1, None)

    def usual(self, at: float) -> float | None:
        """The usual value at ``at`` (epoch seconds); None if nothing is known of that time of day."""
        if not self._seconds:
            return None
        number = int(at // self._seconds)
        if self._asked[0] != number:  # what it rests on lies a day back: it stays the same within the slot
            self._asked = (number, self._median(number))
        return self._asked[1]

    def learn(self, at: float, value: float) -> None:
        """Add a point; points come in order."""
        if self._seconds:
            self._add(at, value)
            return
        self._first.append((at, value))
        if len(self._first) == SPACING_POINTS:
            spacing = median(later - earlier for (earlier, _), (later, _) in pairwise(self._first))
            slots = max(1, round(DAY / min(max(spacing, LEAST_SLOT), DAY)))
            self._seconds = DAY / slots  # a whole number of them in a day, or they would wander through it
            for earlier in self._first:
                self._add(*earlier)
            self._first = []

    def _median(self, number: int) -> float | None:
        known: list[float] = []
        for near in range(number - 1, number + 2):
            slot = self._slots.get(near % self._slots_a_day)
            if slot is None:
                continue
            known += slot.before
            if slot.latest < number - 1:  # not of today
                known.append(slot.mean)
        return median(known) if known else None

    def _add(self, at: float, value: float) -> None:
        number = int(at // self._seconds)
        self._slots.setdefault(number % self._slots_a_day, _Slot()).add(number, value)

    @property
    def _slots_a_day(self) -> int:
        return max(1, round(DAY / self._seconds))
