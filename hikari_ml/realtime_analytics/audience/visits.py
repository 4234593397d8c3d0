"""On which days a viewer came, small enough to keep for everybody, and what they are by it; pure.

Days are counted from 1970-01-01 in the streamer's zone.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Sequence
from datetime import date
from itertools import pairwise
from typing import Any, Final, Self

from hikari_ml.results import ViewerTier

MAX_DAYS: Final = 128
"""Latest days kept one by one; of older ones only how many, and how much was said."""

MAX_COUNT: Final = 65_535
EPOCH: Final = date(1970, 1, 1).toordinal()

NEW_DAYS: Final = 2
"""Days up to which a viewer is a newcomer, if the first of them is no longer ago than:"""
NEW_WITHIN: Final = 14
REGULAR_WEEKS: Final = 3
"""Of the last four weeks those with a visit, from which a viewer is a regular."""
LAPSED_AFTER: Final = 21
"""Days of silence after which a viewer has lapsed, or after this many of their usual gaps:"""
LAPSED_GAPS: Final = 3.0


def day_number(day: date) -> int:
    """Days since 1970-01-01; what lies outside the 65,536 that can be kept counts as the nearest of them."""
    return min(max(0, day.toordinal() - EPOCH), 2**16 - 1)


class Visits:
    """Days with messages, ascending, and how many messages each; about 30 bytes and 4 a day."""

    __slots__ = ("counts", "days", "earlier_days", "earlier_messages", "first")

    def __init__(self) -> None:
        self.days: array[int] = array("H")
        self.counts: array[int] = array("H")
        self.earlier_days = 0
        self.earlier_messages = 0
        self.first: int | None = None

    def __len__(self) -> int:
        return self.earlier_days + len(self.days)

    def add(self, day: int) -> None:
        """Count a message on ``day``; one of a day before those kept is counted among the earlier ones."""
        place = bisect_left(self.days, day)
        if place < len(self.days) and self.days[place] == day:
            self.counts[place] = min(MAX_COUNT, self.counts[place] + 1)
        elif place == 0 and self.earlier_days:
            self.earlier_messages += 1
        else:
            self.days.insert(place, day)
            self.counts.insert(place, 1)
        self.first = day if self.first is None else min(self.first, day)
        while len(self.days) > MAX_DAYS:
            self.days.pop(0)
            self.earlier_messages += self.counts.pop(0)
            self.earlier_days += 1

    def retract(self, day: int) -> None:
        """Take a message of ``day`` back; a day without any left was no visit."""
        place = bisect_left(self.days, day)
        if place >= len(self.days) or self.days[place] != day:
            return
        self.counts[place] -= 1
        if not self.counts[place]:
            self.days.pop(place)
            self.counts.pop(place)
            if not self.earlier_days:
                self.first = self.days[0] if self.days else None

    def within(self, days: int, today: int) -> int:
        """How many of the last ``days`` days, ``today`` among them, had a visit."""
        return bisect_left(self.days, today + 1) - bisect_left(self.days, today - days + 1)

    def silence(self, today: int) -> int | None:
        """Whole days since the last visit; None without any."""
        return max(0, today - self.days[-1]) if self.days else None

    def usual_gap(self) -> float | None:
        """Median of the days between the latest visits; None before there were three."""
        latest = self.days[-9:]
        gaps = sorted(b - a for a, b in pairwise(latest))
        return float(gaps[len(gaps) // 2]) if len(gaps) >= 2 else None

    def pack(self) -> list[Any]:
        """As plain values."""
        return [self.first, self.earlier_days, self.earlier_messages, list(self.days), list(self.counts)]

    @classmethod
    def unpack(cls, row: Sequence[Any]) -> Self:
        """From what :meth:`pack` gave."""
        found = cls()
        found.first, found.earlier_days, found.earlier_messages = row[:3]
        found.days, found.counts = array("H", row[3]), array("H", row[4])
        return found

    @classmethod
    def of_days(cls, ordinals: Sequence[int], messages: int) -> Self:
        """From the days alone, as older formats kept them; which day had how many is not known."""
        found = cls()
        for ordinal in sorted(ordinals):
            found.add(ordinal - EPOCH)
        found.earlier_messages = max(0, messages - len(found.days))
        return found


def tier(visits: Visits, today: int) -> ViewerTier:
    """What a viewer is to the channel, by days alone.

    ``lapsed``: silent for 21 days, or for a week at least and three of their usual gaps if they had come on
    four days; ``newcomer``: came on two days at most, the first within 14; ``regular``: came in three of the
    last four weeks; ``occasional``: the others.
    """
    silence = visits.silence(today)
    if silence is None or visits.first is None:
        return "newcomer"
    gap = visits.usual_gap()
    missed = gap is not None and len(visits) >= 4 and silence >= max(7, LAPSED_GAPS * gap)
    if silence >= LAPSED_AFTER or missed:
        return "lapsed"
    if len(visits) <= NEW_DAYS and today - visits.first < NEW_WITHIN:
        return "newcomer"
    weeks = {(today - day) // 7 for day in visits.days if today - 28 < day <= today}
    return "regular" if len(weeks) >= REGULAR_WEEKS else "occasional"
