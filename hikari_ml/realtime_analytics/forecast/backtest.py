"""Which forecast serves: rolling origins on the metric's own past, a combination of models, and a guard.

Combining forecasts by the inverse of their past errors goes back to J. Bates and C. Granger, "The Combination
of Forecasts" (1969).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from hikari_ml.realtime_analytics.forecast.series import Series, Values

MOST_FOLDS: Final = 28
"""Origins of the backtest at most: one a day for four weeks."""

ENOUGH_FOLDS: Final = 14
"""Origins are closer together than a season where there would be fewer than these."""

COMBINATION: Final = "combination"
SAFE: Final = "four-week mean"
"""Serves unless something does better than it in the backtest."""

POWER: Final = 6
"""A model's weight falls with this power of its error: a bad one counts for nothing, equals are averaged."""

CLEARLY: Final = 0.95
"""A single model serves if its error is this share of the combination's at most."""


@dataclass(frozen=True, slots=True)
class Folds:
    """Where the past is cut: at each of ``origins`` the next ``horizon`` steps are forecast."""

    origins: tuple[int, ...]
    horizon: int

    def independent(self, truth: Values) -> float:
        """How many origins there are to learn from, where something came; overlapping ones err together."""
        apart = self.origins[-1] - self.origins[-2] if len(self.origins) > 1 else self.horizon
        return float(np.isfinite(truth).any(axis=1).sum()) * min(1.0, apart / self.horizon)

    def truth(self, series: Series) -> Values:
        """What came, one row an origin; NaN where nothing was recorded."""
        return np.stack([series.values[at : at + self.horizon] for at in self.origins])


@dataclass(frozen=True, slots=True)
class Chosen:
    """The model that serves: its forecast, its backtest forecasts (origins x horizon), all errors by name."""

    name: str
    forecast: Values
    backtest: Values
    errors: dict[str, float]


def folds(series: Series, periods: int) -> Folds:
    """Rolling origins, the newest last, a season apart so that each stands at the hour of day of now.

    In a short series, or one without a season, they are closer. None lies in the first third, from which too
    little can be learned, and the horizon is at most a fifth of the series.
    """
    length, season = len(series.values), series.seasons.shortest
    horizon = max(1, min(periods, length // 5))
    earliest = max(length // 3, 2)
    close = max(1, (length - horizon - earliest) // ENOUGH_FOLDS)
    newest_first = range(length - horizon, earliest - 1, -min(close, season or close))
    return Folds(tuple(newest_first[:MOST_FOLDS][::-1]), horizon)


def choose(
    forecasts: Mapping[str, Values], backtests: Mapping[str, Values], truth: Values, members: Sequence[str]
) -> Chosen:
    """The forecast that serves.

    ``forecasts`` and ``backtests`` are by model: periods, and origins x horizon as ``truth``. The combination
    of ``members`` is measured at each origin with weights learned at the others.
    """
    costs = {name: _costs(run, truth) for name, run in backtests.items()}
    known = np.isfinite(truth).sum(axis=1)
    if known.sum() == 0:
        name = members[0]
        return Chosen(name, forecasts[name], backtests[name], {})
    sums = np.stack([costs[name] for name in members])
    mixed = np.stack(
        [
            _weights(np.delete(sums, at, axis=1).sum(axis=1)) @ np.stack([backtests[m][at] for m in members])
            for at in range(len(truth))
        ]
    )
    runs = {**backtests, COMBINATION: mixed}
    weights = _weights(sums.sum(axis=1))
    ahead = {**forecasts, COMBINATION: weights @ np.stack([forecasts[name] for name in members])}
    errors = {name: float(_costs(run, truth).sum() / known.sum()) for name, run in runs.items()}
    name = _serving(errors)
    return Chosen(name, ahead[name], runs[name], errors)


def _serving(errors: Mapping[str, float]) -> str:
    singles = [name for name in errors if name != COMBINATION]
    best = min(singles, key=lambda name: (errors[name], name))
    found = best if errors[best] < CLEARLY * errors[COMBINATION] else COMBINATION
    return SAFE if SAFE in errors and errors[SAFE] <= errors[found] else found


def _costs(run: Values, truth: Values) -> Values:
    """Sum of absolute errors at each origin, over what was recorded."""
    return np.asarray(np.nansum(np.abs(truth - run), axis=1))


def _weights(errors: Values) -> Values:
    """Shares that sum to 1, from errors of each member over all folds."""
    least = float(errors.min())
    found = (errors / least) ** -float(POWER) if least > 0 else np.asarray(errors <= 0, np.float64)
    return np.asarray(found / found.sum())
