"""A metric at a fixed step, its seasons, and the past that a model may see of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, tzinfo
from functools import cached_property
from typing import Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from hikari_ml.errors import InputError

MAX_POINTS: Final = 20_000
"""Steps kept: two years of hours, two weeks of minutes."""

REACHABLE: Final = pd.Timedelta(days=5)
"""Of longer steps so many would reach beyond the dates that pandas knows; no recording is as old."""

DAY: Final = 86_400.0
WEEK: Final = 7 * DAY

Values = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Seasons:
    """Length of the hour, the day and the week in steps; a day or week of 0 is none."""

    hour: int
    day: int
    week: int

    @property
    def shortest(self) -> int:
        """The shortest season, 0 if there is none."""
        return self.day or self.week


@dataclass(frozen=True)
class Series:
    """A metric at a fixed step; ``values`` hold NaN where nothing was recorded."""

    index: pd.DatetimeIndex
    values: Values
    step: pd.offsets.BaseOffset

    @property
    def known(self) -> int:
        """How many steps have a value."""
        return int(np.isfinite(self.values).sum())

    @property
    def seconds(self) -> float:
        """Length of a step."""
        return float(pd.Timedelta(self.step).total_seconds())  # type: ignore[arg-type]

    @cached_property
    def seasons(self) -> Seasons:
        """Those that consist of at least two whole steps and that the series holds twice."""
        hour = max(1, round(3600 / self.seconds))
        day, week = (self._season(length) for length in (DAY, WEEK))
        return Seasons(hour, day, week)

    @property
    def counts(self) -> bool:
        """Whether no value is negative, so that none will be."""
        return bool(np.nanmin(self.values) >= 0)

    def head(self, length: int) -> Series:
        """The first ``length`` steps."""
        return Series(self.index[:length], self.values[:length], self.step)

    def future(self, periods: int) -> pd.DatetimeIndex:
        """The steps after the last."""
        return pd.date_range(self.index[-1], periods=periods + 1, freq=self.step)[1:]

    def past(self, length: int) -> Past:
        """What a model that forecasts from step ``length`` on is given."""
        values = self.values[:length]
        known = np.isfinite(values)
        return Past(_filled(values, known, self.seasons), known, self.seasons, self.counts)

    def recorded(self, periods: int, weeks: int = 4) -> list[float] | None:
        """Share of the last ``weeks`` weeks in which each of the next steps was recorded, in [0, 1].

        None where there is no weekly season to read it from.
        """
        week = self.seasons.week
        if not week:
            return None
        known = np.isfinite(self.values).astype(np.float64)
        share: Values = np.mean(last_seasons(known, week, weeks), axis=0)
        return [float(part) for part in np.resize(share, periods)]

    def _season(self, length: float) -> int:
        steps = length / self.seconds
        whole = steps >= 2 and steps == int(steps)
        return int(steps) if whole and len(self.values) >= 2 * steps else 0


@dataclass(frozen=True, slots=True)
class Past:
    """Values before an origin, gaps filled; ``known`` marks those that were recorded."""

    values: Values
    known: npt.NDArray[np.bool_]
    seasons: Seasons
    counts: bool


def last_seasons(values: Values, season: int, most: int) -> list[Values]:
    """The last ``most`` whole seasons of ``values``, the newest first; fewer where it is too short."""
    end = len(values)
    return [
        values[end - season * back : end - season * (back - 1)]
        for back in range(1, most + 1)
        if end >= season * back
    ]


def check_freq(freq: object) -> pd.offsets.BaseOffset:
    """The pandas offset a frequency names (``h``, ``D``, ``5min``).

    Raises:
        InputError: it names none, or one without a fixed length.
    """
    try:
        offset = pd.tseries.frequencies.to_offset(str(freq))
        step = pd.Timedelta(offset)  # type: ignore[arg-type]  # raises for months and the like
    except ValueError as error:
        raise InputError("freq", freq, "give a fixed step such as h, D, min or 5min") from error
    if offset is None or not pd.Timedelta(seconds=1) <= step <= pd.Timedelta(days=366):
        raise InputError("freq", freq, "give a step from a second to a year")
    return offset


def resample(
    points: Sequence[tuple[float, float]], step: pd.offsets.BaseOffset, zone: tzinfo = UTC
) -> Series:
    """Means of ``points`` (epoch seconds, value) a step; at most the last 20,000 steps.

    The last step is left out while it still fills: while it has less than half the points of a usual one.
    An evening begins at the same hour of ``zone`` in summer and in winter, so points from before its clocks
    were changed are moved to where they would stand by the clock of now.
    """
    times = _by_the_clock_of_now(pd.to_datetime([at for at, _ in points], unit="s", utc=True), zone)
    series = pd.Series([value for _, value in points], index=times).sort_index()
    longest = min(pd.Timedelta(step), REACHABLE) * MAX_POINTS  # type: ignore[arg-type]
    steps = series[series.index > series.index[-1] - longest].resample(step)
    means, counts = steps.mean(), steps.count().to_numpy()
    usual = float(np.median(counts[counts > 0]))
    length = len(means) - (len(means) > 1 and counts[-1] < usual / 2)
    return Series(means.index[:length], means.to_numpy(np.float64)[:length], step)


def _by_the_clock_of_now(times: pd.DatetimeIndex, zone: tzinfo) -> pd.DatetimeIndex:
    walls = times.tz_convert(zone).tz_localize(None)
    offsets = walls - times.tz_localize(None)
    return times + (offsets - offsets[int(times.argmax())])


def _filled(values: Values, known: npt.NDArray[np.bool_], seasons: Seasons) -> Values:
    """Gaps filled with the mean of their hour of the week, else of the day, else with the value before.

    A silence between two streams is not zero chat: it is filled with what is usual at its time, which
    changes no mean that a model takes over weeks.
    """
    filled = values.copy()
    for season in (seasons.week, seasons.day):
        missing = ~np.isfinite(filled)
        if not season or not missing.any():
            continue
        slots = np.arange(len(values)) % season
        counts = np.bincount(slots[known], minlength=season)
        sums = np.bincount(slots[known], weights=values[known], minlength=season)
        means = np.divide(sums, counts, out=np.full(season, np.nan), where=counts > 0)
        filled[missing] = means[slots[missing]]
    return np.asarray(pd.Series(filled).ffill().bfill(), np.float64)
