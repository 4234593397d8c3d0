"""The clock everything reads, so that a recording runs on its own time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Protocol

from hikari_ml.times import as_utc


class Clock(Protocol):
    """Tells the time: an aware UTC datetime."""

    def now(self) -> datetime:
        """The current moment."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """The current moment."""
        return datetime.now(UTC)


class ManualClock:
    """A clock that stands still until it is told the time; it never runs backwards."""

    def __init__(self, start: datetime) -> None:
        self._now = as_utc(start, "start")

    def now(self) -> datetime:
        """The moment it was last told."""
        return self._now

    def advance_to(self, moment: datetime) -> None:
        """Move forward to ``moment``; an earlier one leaves the clock where it is."""
        self._now = max(self._now, as_utc(moment, "moment"))

    def advance(self, seconds: float) -> None:
        """Move forward by ``seconds``."""
        self.advance_to(self._now + timedelta(seconds=seconds))
