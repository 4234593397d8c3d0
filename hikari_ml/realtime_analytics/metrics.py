"""Named series a stream is measured by, recorded from outside; bounded and in order of time."""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from dataclasses import dataclass, field
from typing import Any, Final

from hikari_ml.errors import InputError
from hikari_ml.realtime_analytics.timeline import OWN_METRICS

MAX_POINTS: Final = 50_000
MAX_SERIES: Final = 200


@dataclass(slots=True)
class Metrics:
    """Points (epoch seconds, value) by name; the oldest of a full series make room.

    They are in order of time, those of one time in the order they were recorded in.
    """

    _series: dict[str, list[tuple[float, float]]] = field(default_factory=dict)

    def check_name(self, name: str) -> None:
        """Refuse a series that the stream itself gives, and a new one where there is no room for it.

        Raises:
            InputError: it is one of the stream's own, or there are already two hundred series.
        """
        if name in OWN_METRICS:
            raise InputError(
                "name", name, "the stream gives this series itself; record yours by another name"
            )
        if name not in self._series and len(self._series) >= MAX_SERIES:
            raise InputError("name", name, f"at most {MAX_SERIES} metrics are kept; reuse names")

    def record(self, name: str, at: float, value: float) -> None:
        """Add a point, also one that comes late; the same one twice, time and value, is one: the later.

        Raises:
            InputError: as :meth:`check_name` says.
        """
        self.check_name(name)
        points = self._series.setdefault(name, [])
        end = bisect_right(points, at, key=_time)
        begin = bisect_left(points, at, hi=end, key=_time)
        points[begin:end] = [*(point for point in points[begin:end] if point[1] != value), (at, value)]
        if len(points) > MAX_POINTS + MAX_POINTS // 10:
            del points[: len(points) - MAX_POINTS]

    def points(self, name: str) -> list[tuple[float, float]]:
        """Every point of a series, oldest first; empty if there is no such series."""
        return list(self._series.get(name, ()))

    def latest(self, name: str, since: float = -math.inf) -> float | None:
        """The newest value, of one time the last recorded; None if it is older than ``since``."""
        points = self._series.get(name)
        return points[-1][1] if points and points[-1][0] >= since else None

    def latest_at(self, name: str) -> float | None:
        """When the newest value was recorded, in epoch seconds; None if there is none."""
        points = self._series.get(name)
        return points[-1][0] if points else None

    def newest(self) -> dict[str, float]:
        """The newest value of each series."""
        return {name: points[-1][1] for name, points in self._series.items() if points}

    def pack(self) -> dict[str, Any]:
        """As plain values, for the state file; what is recorded later does not change them."""
        return {name: list(points) for name, points in self._series.items()}

    def unpack(self, series: dict[str, Any]) -> None:
        """From what :meth:`pack` gave."""
        self._series = {
            name: [(float(at), float(value)) for at, value in points] for name, points in series.items()
        }


def _time(point: tuple[float, float]) -> float:
    return point[0]


def import_pandas() -> None:
    """Import it in a lane: it takes the better part of a second, and is only needed by some."""
    import pandas as pd

    assert pd
