"""What the Prophet process is asked, and its answers by origin of the backtest; pure, and without Prophet.

S. J. Taylor and B. Letham, "Forecasting at Scale" (2018). On a log scale with many weekly Fourier terms it
follows the hours of a week; why, and why a fit serves several origins: docs/explanation/forecasts.md.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from hikari_ml.realtime_analytics.forecast.backtest import Folds, folds
from hikari_ml.realtime_analytics.forecast.series import DAY, Series, Values

PROPHET_POINTS: Final = 48
"""Values below which Prophet is not asked."""

PROPHET_STEPS: Final = 1_344
"""Steps Prophet is given at most: eight weeks of hours, more than three years of days."""

PROPHET_FITS: Final = 4
"""Fits in the backtest. Each answers for the origins until the next: a week of one a day."""

YEAR: Final = 365.25 * DAY


def worth_asking(series: Series) -> bool:
    """Whether there is a season for Prophet to find, enough to find it in, and anything left to find.

    Of a series that repeats itself exactly the season is the forecast: there is no noise to fit, on which
    Prophet may spend minutes.
    """
    seasons = series.seasons
    if not seasons.shortest or series.known < PROPHET_POINTS:
        return False
    return not any(_repeats(series.values, lag) for lag in (seasons.day, seasons.week) if lag)


def _repeats(values: Values, lag: int) -> bool:
    now, before = values[lag:], values[:-lag]
    known = np.isfinite(now) & np.isfinite(before)
    return bool(known.any()) and np.array_equal(now[known], before[known])


def prophet_jobs(series: Series, periods: int, country: str | None = None) -> list[dict[str, Any]]:
    """A few fits for the backtest, each for the origins until the next, and the whole.

    Holidays are those of ``country`` (ISO 3166 code).
    """
    cut = folds(series, periods)
    asked = [(part[0], part[-1] - part[0] + cut.horizon) for part in _parts(cut)]
    return [_job(series, at, steps, country) for at, steps in [*asked, (len(series.values), periods)]]


def by_origin(runs: list[list[float]], cut: Folds) -> Values:
    """Prophet's answers for the backtest, origins x horizon."""
    return np.stack(
        [
            np.array(run[at - part[0] : at - part[0] + cut.horizon])
            for run, part in zip(runs, _parts(cut), strict=True)
            for at in part
        ]
    )


def _job(series: Series, origin: int, periods: int, country: str | None) -> dict[str, Any]:
    """One question, as plain values; moments are epoch seconds."""
    past = series.head(origin)
    recent = slice(max(0, origin - PROPHET_STEPS), None)
    values, index = past.values[recent], past.index[recent]
    known = np.isfinite(values)
    span = (index[-1] - index[0]).total_seconds()
    return {
        "ds": [at.timestamp() for at in index[known]],
        "y": values[known].tolist(),
        "future": [at.timestamp() for at in past.future(periods)],
        "daily": bool(span >= 2 * DAY and series.seconds < DAY),
        "weekly": int(7 * DAY / series.seconds - 1) // 2 if span >= 14 * DAY else 0,
        "yearly": bool(span >= 2 * YEAR),
        "log": series.counts,
        "country": country,
    }


def _parts(cut: Folds) -> list[tuple[int, ...]]:
    """The origins in runs, one for each fit."""
    runs = np.array_split(np.array(cut.origins), min(PROPHET_FITS, len(cut.origins)))
    return [tuple(int(at) for at in run) for run in runs]
