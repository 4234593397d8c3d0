"""Judging any one series as it comes: the viewer count, or whatever else is recorded.

Five views of a value are compared with their own past: the value, what it is beyond the usual for its
time of day (as a difference and as a ratio), and its means over the last 6 and 24 points. Each deviation is
weighed by whether the like was seen lately: a spike that comes every hour is no news. The views are summed,
and only what exceeds everything of the last few hundred points is told, so that one event raises one alert.

Every number follows from the points before it alone, and is the same at any speed. The constants were chosen
on the Numenta Anomaly Benchmark; ``docs/explanation/anomalies.md`` says how, and what else was tried.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass
from typing import Final

import numpy as np

from hikari_ml.errors import InputError
from hikari_ml.realtime_analytics.alarms.running import Highest, Ranks
from hikari_ml.realtime_analytics.alarms.season import TimeOfDay

VIEWS: Final = (
    "value",
    "value for the time of day",
    "ratio to the usual for the time of day",
    "mean of the last 6",
    "mean of the last 24",
)
"""What a point is looked at by, in order."""

WEIGHTS: Final = (1.0, 1.0, 1.65, 1.0, 1.0)
"""How much the surprise of each view counts."""

SHORT: Final = 6
LONG: Final = 24

FIRST_FIT: Final = 60
"""Points before which nothing is judged."""

LONGEST_WAIT: Final = 300
"""Points between two fits at most."""

WARM_UP: Final = 300
"""Points before which no alert is raised: until then everything exceeds what was."""

KEPT: Final = 8000
"""Points that the spread of a view is taken from."""

FEWEST: Final = 20
"""Points that a spread needs."""

TAIL: Final = 0.02
"""Share at either end that is left out of the spread, or one spike would hide the next."""

MEMORY: Final = 4000
"""Points for which a deviation makes the next like it less of a surprise."""

LEAST_DEVIATION: Final = 0.05
"""Spreads that a value is taken to deviate at least, so that a logarithm can be had of it."""

REST: Final = 400
"""Points whose levels an alert must exceed."""

ALERT: Final = 2.99
"""Level from which a point is told."""

WORSE: Final = 0.2
"""By how much the level of an alert must exceed one told within the rest before it: by a fifth."""

MOVED: Final = 3.0
"""Spreads from which a view counts as having moved."""

NOTHING_KNOWN: Final = -9.0
"""The level while there is no past."""


@dataclass(frozen=True, slots=True)
class PointJudgement:
    """What a point is.

    ``level`` is the natural logarithm of the summed surprises, see :class:`View`. ``score`` in (0, 1) is one
    minus the tail probability of the level among the last 4,000, 0 while nothing is known. ``alert`` says
    whether the point is to be told. Only then are there ``moved``, the views that deviate by more than three
    spreads with their signed deviation, the furthest first, and ``usual``, what was expected instead.
    """

    level: float
    score: float
    alert: bool = False
    moved: tuple[tuple[str, float], ...] = ()
    usual: float | None = None


UNKNOWN: Final = PointJudgement(NOTHING_KNOWN, 0.0)


class SeriesDetector:
    """Judges the points of one series in the order of their times, each by those before it.

    Memory is bounded, about half a megabyte. A point takes some 30 us, every 300th about 2 ms.
    """

    def __init__(self) -> None:
        self._last = -math.inf
        self._seen = 0
        self._next_fit = FIRST_FIT
        self._recent: deque[float] = deque(maxlen=LONG)
        self._season = TimeOfDay()
        self._views = [View() for _ in VIEWS]
        self._peak = Highest(REST)
        self._told = Highest(REST)
        self._ranks = Ranks(MEMORY)

    def judge(self, at: float, value: float) -> PointJudgement:
        """Judge ``value`` at ``at`` (epoch seconds), then learn it.

        Raises:
            InputError: a number is not finite, or ``at`` lies before the last point.
        """
        if not (math.isfinite(at) and math.isfinite(value)):
            raise InputError("value", value, "give finite numbers")
        if at < self._last:
            raise InputError("at", at, f"points must come in the order of time; the last was at {self._last}")
        self._last = at
        if self._seen == self._next_fit:
            self._fit()
        self._seen += 1
        usual = self._season.usual(at)
        looked = self._look(value, usual)
        self._season.learn(at, value)
        found = [view.judge(x) for view, x in zip(self._views, looked, strict=True)]
        if self._seen <= FIRST_FIT:
            return UNKNOWN
        return self._judged(found, usual)

    def _look(self, value: float, usual: float | None) -> tuple[float | None, ...]:
        self._recent.append(value)
        recent = list(self._recent)
        short = recent[-SHORT:]
        return (
            value,
            None if usual is None else value - usual,
            None if usual is None else _signed_log(value) - _signed_log(usual),
            sum(short) / len(short),
            sum(recent) / len(recent),
        )

    def _judged(self, found: list[tuple[float, float]], usual: float | None) -> PointJudgement:
        level = math.log(sum(weight * surprise for weight, (_, surprise) in zip(WEIGHTS, found, strict=True)))
        fresh = level > self._peak.highest
        self._peak.add(level)
        score = self._ranks.judge(level)
        alert = fresh and self._seen > WARM_UP and level >= max(ALERT, self._told.highest + WORSE)
        self._told.add(level if alert else -math.inf)
        if not alert:
            return PointJudgement(level, score)
        moved = [(name, z) for name, (z, _) in zip(VIEWS, found, strict=True) if abs(z) >= MOVED]
        moved.sort(key=lambda view: -abs(view[1]))
        expected = self._views[0].center if usual is None else usual
        return PointJudgement(level, score, alert=True, moved=tuple(moved), usual=expected)

    def _fit(self) -> None:
        self._next_fit += max(FEWEST, min(self._seen // 4, LONGEST_WAIT))
        for view in self._views:
            view.fit()


class View:
    """One number of every point, and how far a new one lies from its own past.

    The spread is a quarter of the range that holds the middle 96 %: like a standard deviation, but blind to
    spikes.
    """

    def __init__(self) -> None:
        self.center = 0.0
        self._spread = math.inf
        self._values = np.empty(FIRST_FIT)
        self._count = 0
        self._remembered = Highest(MEMORY)

    def judge(self, value: float | None) -> tuple[float, float]:
        """How many spreads ``value`` lies from the center, and how surprising that is; then learn it.

        The surprise is the size of the deviation times the root of its ratio to the largest of the last 4,000
        points. The ratio is kept within 20, so that neither the first nor the last of a kind rules alone.
        """
        deviation = 0.0
        if value is not None:
            deviation = (value - self.center) / self._spread
            self._keep(value)
        size = max(abs(deviation), LEAST_DEVIATION)
        ratio = size / max(self._remembered.highest, 0.1)
        self._remembered.add(size)
        return deviation, size * math.sqrt(min(max(ratio, 0.05), 20.0))

    def fit(self) -> None:
        """Take center and spread from the last 8,000 values."""
        known = self._values[: min(self._count, KEPT)]
        if len(known) < FEWEST:
            return
        low, middle, high = np.quantile(known, (TAIL, 0.5, 1 - TAIL)).tolist()
        self.center = middle
        self._spread = max((high - low) / 4, 0.001 * abs(middle), 1e-9)

    def _keep(self, value: float) -> None:
        if self._count == len(self._values) < KEPT:
            self._values = np.resize(self._values, min(2 * self._count, KEPT))
        self._values[self._count % len(self._values)] = value
        self._count += 1


def _signed_log(value: float) -> float:
    return math.copysign(math.log1p(abs(value)), value)
