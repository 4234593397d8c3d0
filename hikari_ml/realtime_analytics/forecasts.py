"""Forecasts of a metric: several models, a backtest on the metric's own past, and the best of them serves.

The candidates are the last value, the same time a day or a week before, the mean of the last four weeks
by hour of the week, and Prophet (S. J. Taylor and B. Letham, "Forecasting at Scale", 2018) on a log
scale. Intervals are the spread of the serving model's own backtest errors (split conformal prediction),
not the model's opinion of itself.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from hikari_ml.errors import InputError
from hikari_ml.results import Direction, ForecastPoint
from hikari_ml.times import iso

FEWEST_POINTS: Final = 12
"""Points, after resampling, below which nothing is forecast."""

PROPHET_POINTS: Final = 48
FOLDS: Final = 4
MAX_PERIODS: Final = 10_000
MAX_POINTS: Final = 20_000
COVERAGE: Final = 0.8
STEADY: Final = 0.05
"""Relative change of the forecast's mean against the current value within which it is steady."""

Values = npt.NDArray[np.float64]
Model = Callable[[Values, int], Values]
"""From the past (gaps filled) and a horizon to that many forecasts."""


@dataclass(frozen=True, slots=True)
class Series:
    """A metric at a fixed step; ``values`` hold NaN where nothing was recorded."""

    index: pd.DatetimeIndex
    values: Values
    step: pd.offsets.BaseOffset

    @property
    def known(self) -> int:
        """How many steps have a value."""
        return int(np.isfinite(self.values).sum())

    def filled(self) -> Values:
        """Gaps filled with the value before them."""
        filled = pd.Series(self.values).ffill().bfill()
        return np.asarray(filled, np.float64)

    @property
    def seconds(self) -> float:
        """Length of a step."""
        return float(pd.Timedelta(self.step).total_seconds())  # type: ignore[arg-type]

    def head(self, length: int) -> Series:
        """The first ``length`` steps."""
        return Series(self.index[:length], self.values[:length], self.step)

    def future(self, periods: int) -> pd.DatetimeIndex:
        """The steps after the last."""
        return pd.date_range(self.index[-1], periods=periods + 1, freq=self.step)[1:]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of forecasting; ``model`` is None with a ``reason`` where there was too little."""

    model: str | None
    points: list[ForecastPoint]
    trend: Direction
    skill: float | None
    backtest: dict[str, float]
    reason: str | None = None


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


def resample(points: Sequence[tuple[float, float]], step: pd.offsets.BaseOffset) -> Series:
    """Means of ``points`` (epoch seconds, value) a step; at most the last 20,000 steps."""
    times = pd.to_datetime([at for at, _ in points], unit="s", utc=True)
    series = pd.Series([value for _, value in points], index=times).sort_index()
    longest = pd.Timedelta(step) * MAX_POINTS  # type: ignore[arg-type]
    series = series[series.index > series.index[-1] - longest]
    means = series.resample(step).mean()
    return Series(means.index, means.to_numpy(np.float64), step)


def folds(series: Series, periods: int) -> list[tuple[Series, int]]:
    """What a model is asked: the past before each rolling origin of the backtest, and at last the whole."""
    horizon = max(1, min(periods, len(series.values) // (FOLDS + 1)))
    origins = (len(series.values) - horizon * fold for fold in range(FOLDS, 0, -1))
    return [*((series.head(at), horizon) for at in origins), (series, periods)]


def forecast(series: Series, periods: int, prophet: list[list[float]] | None) -> Outcome:
    """Forecast ``periods`` steps after ``series``; ``prophet`` holds Prophet's answers to :func:`folds`."""
    if series.known < FEWEST_POINTS:
        reason = f"needs at least {FEWEST_POINTS} points at this step, has {series.known}"
        return Outcome(None, [], "steady", None, {}, reason)
    asked = folds(series, periods)
    answers = {
        name: [model(past.filled(), horizon) for past, horizon in asked]
        for name, model in _baselines(series).items()
    }
    if prophet is not None:
        answers["prophet"] = [np.array(run) for run in prophet]
    origins = [len(past.values) for past, _ in asked[:-1]]
    errors = {name: _errors(series, origins, runs[:-1]) for name, runs in answers.items()}
    scored = {name: float(np.abs(e).mean()) for name, e in errors.items() if len(e)}
    serving = min(scored, key=lambda name: (scored[name], name)) if scored else "last value"
    values = answers[serving][-1]
    counts = bool(np.nanmin(series.values) >= 0)
    return Outcome(
        model=serving,
        points=_points(series.future(periods), values, _spread(errors[serving], series), counts),
        trend=_trend(float(series.filled()[-1]), values),
        skill=_skill(scored, serving),
        backtest=scored,
    )


def _baselines(series: Series) -> dict[str, Model]:
    """Models that need no fitting, as far back as the series reaches."""
    models: dict[str, Model] = {"last value": lambda past, n: np.full(n, past[-1])}
    day = round(pd.Timedelta("1D").total_seconds() / series.seconds)
    if day >= 2 and len(series.values) >= 3 * day:
        models["same time yesterday"] = lambda past, n: _seasonal(past, n, day)
    if day >= 1 and len(series.values) >= 9 * day:
        models["same time last week"] = lambda past, n: _seasonal(past, n, 7 * day)
        models["four-week mean"] = lambda past, n: _four_weeks(past, n, 7 * day)
    return models


def _seasonal(past: Values, periods: int, season: int) -> Values:
    if len(past) < season:
        return np.full(periods, past[-1])
    return np.resize(past[-season:], periods)


def _four_weeks(past: Values, periods: int, week: int) -> Values:
    weeks = [past[-week * n : len(past) - week * (n - 1)] for n in range(1, 5) if len(past) >= week * n]
    return np.resize(np.mean(weeks, axis=0), periods) if weeks else np.full(periods, past.mean())


def _errors(series: Series, origins: Sequence[int], runs: Sequence[Values]) -> Values:
    """Signed errors over all folds, where something was recorded."""
    errors = [series.values[at : at + len(run)] - run for at, run in zip(origins, runs, strict=True)]
    joined = np.concatenate(errors)
    return joined[np.isfinite(joined)]


def _spread(errors: Values, series: Series) -> float:
    """Half the width of the 80 % interval: the conformal quantile of the backtest's absolute errors."""
    sizes = np.abs(errors)
    if len(sizes) == 0:
        return float(np.nanstd(np.diff(series.filled())) * 1.2816)
    level = min(1.0, math.ceil((len(sizes) + 1) * COVERAGE) / len(sizes))
    return float(np.quantile(sizes, level, method="higher"))


def _points(future: pd.DatetimeIndex, values: Values, spread: float, counts: bool) -> list[ForecastPoint]:
    floor = 0.0 if counts else -math.inf
    return [
        {
            "ds": iso(at.to_pydatetime()),
            "yhat": max(floor, float(value)),
            "yhat_lower": max(floor, float(value) - spread),
            "yhat_upper": max(floor, float(value) + spread),
        }
        for at, value in zip(future, values, strict=True)
    ]


def _trend(current: float, values: Values) -> Direction:
    change = float(values.mean()) - current
    if abs(change) <= STEADY * max(abs(current), 1e-9):
        return "steady"
    return "increasing" if change > 0 else "decreasing"


def _skill(scored: Mapping[str, float], serving: str) -> float | None:
    naive = scored.get("last value")
    if naive is None:
        return None
    return 0.0 if naive == 0 else 1 - scored[serving] / naive


def prophet_job(series: Series, periods: int) -> dict[str, Any]:
    """What the Prophet worker needs, as plain values."""
    known = np.isfinite(series.values)
    day = pd.Timedelta("1D")
    span = series.index[-1] - series.index[0]
    return {
        "ds": [at.timestamp() for at in series.index[known]],
        "y": series.values[known].tolist(),
        "future": [at.timestamp() for at in series.future(periods)],
        "daily": bool(span >= 2 * day and pd.Timedelta(series.step) < day),  # type: ignore[arg-type]
        "weekly": bool(span >= 14 * day),
        "log": bool(np.nanmin(series.values) >= 0),
    }
