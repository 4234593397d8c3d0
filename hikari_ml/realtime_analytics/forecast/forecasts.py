"""Forecasts of a metric: several models, a backtest on the metric's own past, and the best of them serves."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from hikari_ml.realtime_analytics.forecast.backtest import Chosen, Folds, choose, folds
from hikari_ml.realtime_analytics.forecast.forecast_models import last_value, models
from hikari_ml.realtime_analytics.forecast.intervals import interval
from hikari_ml.realtime_analytics.forecast.prophet_jobs import by_origin
from hikari_ml.realtime_analytics.forecast.series import Series, Values
from hikari_ml.results import Direction, ForecastStep
from hikari_ml.times import iso

FEWEST_POINTS: Final = 12
"""Points, after resampling, below which nothing is forecast."""

PROPHET: Final = "prophet"
LARGEST: Final = 1e100
"""Values beyond this are not forecast: their squares have no place in a float."""

MAX_PERIODS: Final = 10_000
STEADY: Final = 0.05
"""Relative change of the forecast's mean against the current value within which it is steady."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of forecasting; ``model`` is None with a ``reason`` where there was too little."""

    model: str | None
    points: list[ForecastStep]
    trend: Direction
    skill: float | None
    backtest: dict[str, float]
    reason: str | None = None


def nothing(reason: str) -> Outcome:
    """No forecast, and why."""
    return Outcome(None, [], "steady", None, {}, reason)


def forecast(series: Series, periods: int, prophet: list[list[float]] | None) -> Outcome:
    """Forecast ``periods`` steps after ``series``; ``prophet`` holds the answers to ``prophet_jobs``."""
    if series.known < FEWEST_POINTS:
        return nothing(f"needs at least {FEWEST_POINTS} points at this step, has {series.known}")
    if float(np.nanmax(np.abs(series.values))) > LARGEST:
        return nothing(f"has values beyond {LARGEST:.0e}, which cannot be computed with")
    cut = folds(series, periods)
    chosen = _chosen(series, cut, periods, prophet)
    truth = cut.truth(series)
    ends = interval(
        chosen.forecast,
        chosen.backtest,
        truth,
        series.seasons.shortest,
        independent=cut.independent(truth),
        log=series.counts,
    )
    return Outcome(
        model=chosen.name,
        points=_points(series, chosen.forecast, ends),
        trend=_trend(float(last_value(series.past(len(series.values)), 1)[0]), chosen.forecast),
        skill=_skill(chosen.errors, chosen.name),
        backtest=chosen.errors,
    )


def _chosen(series: Series, cut: Folds, periods: int, prophet: list[list[float]] | None) -> Chosen:
    found, members = models(series.seasons)
    whole = series.past(len(series.values))
    pasts = [series.past(at) for at in cut.origins]
    ahead = {name: model(whole, periods) for name, model in found.items()}
    back = {name: np.stack([model(past, cut.horizon) for past in pasts]) for name, model in found.items()}
    mixed = [name for name in found if name in members]
    if prophet is not None:
        ahead[PROPHET] = np.array(prophet[-1])
        back[PROPHET] = by_origin(prophet[:-1], cut)
        mixed.append(PROPHET)
    return choose(ahead, back, cut.truth(series), mixed)


def _points(series: Series, values: Values, ends: tuple[Values, Values]) -> list[ForecastStep]:
    floor = 0.0 if series.counts else -math.inf
    shares: Sequence[float | None] = series.recorded(len(values)) or [None] * len(values)
    return [
        {
            "ds": iso(at.to_pydatetime()),
            "yhat": max(floor, float(value)),
            "yhat_lower": max(floor, min(float(low), float(value))),
            "yhat_upper": max(floor, float(high), float(value)),
            "on_air": share,
        }
        for at, value, low, high, share in zip(series.future(len(values)), values, *ends, shares, strict=True)
    ]


def _trend(current: float, values: Values) -> Direction:
    change = float(values.mean()) - current
    if abs(change) <= STEADY * max(abs(current), 1e-9):
        return "steady"
    return "increasing" if change > 0 else "decreasing"


def _skill(errors: Mapping[str, float], serving: str) -> float | None:
    naive = errors.get("last value")
    if naive is None:
        return None
    return 0.0 if naive == 0 else 1 - errors[serving] / naive
