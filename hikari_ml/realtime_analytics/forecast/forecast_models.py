"""Models that forecast a series from its past, in milliseconds and without a library.

Each takes the past before an origin and a number of periods, and returns so many forecasts. Counts (series
without a negative value) grow and shrink by factors, so most models work on log(1 + value).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np

from hikari_ml.realtime_analytics.forecast.series import Past, Seasons, Values, last_seasons

PROFILE_WEEKS: Final = 8
PROFILE_DECAY: Final = 0.85
"""Weight of a week against that of the week after it."""

RECENT: Final = 4
"""Steps after which a value counts half in the recent mean."""

NEIGHBOUR: Final = 0.3
"""Weight of an hour beside the one that is looked up."""

SHORT_LAGS: Final = 26
"""An autoregression looks at so many steps just before: two more than the hours of a day."""

SHORT_SHARE: Final = 8
SEASONAL_SHARE: Final = 3
"""A lag is used if the series holds it this many times."""

RIDGE: Final = 0.01
"""Penalty of the autoregression, as a share of the mean variance of its lags."""

LEAST_PENALTY: Final = 1e-9

Model = Callable[[Past, int], Values]


def last_value(past: Past, periods: int) -> Values:
    """The last value that was recorded."""
    known = np.flatnonzero(past.known)
    return np.full(periods, past.values[known[-1] if len(known) else -1])


def recent_mean(past: Past, periods: int) -> Values:
    """The mean of what was recorded, of which four steps ago counts half as much as now."""
    values = past.values[past.known]
    weights = 0.5 ** (np.arange(len(values))[::-1] / RECENT)
    return np.full(periods, float(weights @ values / weights.sum()) if len(values) else past.values[-1])


def usual_value(past: Past, periods: int) -> Values:
    """The median of all that was recorded: the surest where only a few evenings are known."""
    return np.full(periods, float(np.median(past.values[past.known] if past.known.any() else past.values)))


def yesterday(past: Past, periods: int) -> Values:
    """The values of the day before."""
    return _repeated(past.values, past.seasons.day, periods)


def last_week(past: Past, periods: int) -> Values:
    """The values of the week before."""
    return _repeated(past.values, past.seasons.week, periods)


def four_weeks(past: Past, periods: int) -> Values:
    """The mean of the last four weeks by hour of the week."""
    weeks = last_seasons(past.values, past.seasons.week, 4)
    return np.resize(np.mean(weeks, axis=0), periods) if weeks else np.full(periods, past.values.mean())


def profile(past: Past, periods: int) -> Values:
    """The week as it mostly is: the last eight weeks on a log scale, newer ones and the hour itself most.

    On a log scale one wild evening does not lift its hour for a month, and the neighbouring hours steady an
    hour that has been seen only a few times.
    """
    values = _logs(past)
    return _back(np.resize(_profile(values, past.seasons), periods), values, past)


def profile_and_level(past: Past, periods: int) -> Values:
    """:func:`profile`, moved by how the last day or so lay beside it; the move halves within a day."""
    values, week = _logs(past), past.seasons.week
    usual = _profile(values, past.seasons)
    beside = values[-week:] - usual[len(usual) - len(values[-week:]) :]
    memory = past.seasons.day or week
    weights = 0.5 ** (np.arange(len(beside))[::-1] / memory) * past.known[-week:]
    level = float(weights @ beside / weights.sum()) if weights.sum() > 0 else 0.0
    moved = np.resize(usual, periods) + level * 0.5 ** (np.arange(1, periods + 1) / memory)
    return _back(moved, values, past)


def autoregression(past: Past, periods: int) -> Values:
    """A regression of the change since yesterday on such changes before, see :func:`_autoregression`."""
    return _autoregression(past.values, past, periods, past.seasons.shortest or 1)


def log_autoregression(past: Past, periods: int) -> Values:
    """:func:`autoregression` on a log scale."""
    values = _logs(past)
    return _back(_autoregression(values, past, periods, past.seasons.shortest or 1), values, past)


def weekly_autoregression(past: Past, periods: int) -> Values:
    """:func:`log_autoregression` of the change since last week."""
    values = _logs(past)
    return _back(_autoregression(values, past, periods, past.seasons.week), values, past)


def steady_autoregression(past: Past, periods: int) -> Values:
    """A regression of the distance from the mean; the surest for the next few steps, and without a season."""
    values = _logs(past)
    return _back(_autoregression(values, past, periods, 0), values, past)


def models(seasons: Seasons) -> tuple[dict[str, Model], frozenset[str]]:
    """The models that suit a series by name, and the names of those that go into the combination.

    The others are the marks it has to beat.
    """
    marks: dict[str, Model] = {"last value": last_value}
    members: dict[str, Model] = {
        "usual value": usual_value,
        "recent mean": recent_mean,
        "steady autoregression": steady_autoregression,
        "autoregression": autoregression,
    }
    if not seasons.shortest:
        return marks | members, frozenset(marks | members)
    members["log autoregression"] = log_autoregression
    if seasons.day:
        marks["same time yesterday"] = yesterday
    if seasons.week:
        marks["same time last week"] = last_week
        members |= {
            "four-week mean": four_weeks,
            "weekly profile": profile,
            "profile and level": profile_and_level,
            "weekly autoregression": weekly_autoregression,
        }
    return marks | members, frozenset(members)


def _logs(past: Past) -> Values:
    return np.log1p(past.values) if past.counts else past.values


def _back(forecast: Values, values: Values, past: Past) -> Values:
    """From the scale of :func:`_logs`; nothing is forecast beyond e times the largest value seen."""
    return np.expm1(np.minimum(forecast, values.max() + 1)) if past.counts else forecast


def _repeated(values: Values, season: int, periods: int) -> Values:
    return np.resize(values[-season:], periods) if len(values) >= season else np.full(periods, values[-1])


def _profile(values: Values, seasons: Seasons) -> Values:
    """One week; its first step is the first after the past."""
    weeks = last_seasons(values, seasons.week, PROFILE_WEEKS)
    if not weeks:
        return np.full(seasons.week, values.mean())
    week: Values = np.average(weeks, axis=0, weights=PROFILE_DECAY ** np.arange(len(weeks)))
    if seasons.day <= 1:
        return week  # the neighbours of a day are other weekdays
    reach = seasons.hour
    kernel = 1 - (1 - NEIGHBOUR) * np.abs(np.arange(-reach, reach + 1)) / reach
    around = np.concatenate([week[-reach:], week, week[:reach]])
    return np.asarray(np.convolve(around, kernel / kernel.sum(), "valid"), np.float64)


def _lags(seasons: Seasons, length: int) -> list[int]:
    """Lags that a series of ``length`` can tell the weights of."""
    day, week = seasons.day, seasons.week
    short = range(1, min(SHORT_LAGS, length // SHORT_SHARE) + 1)
    lags = set[int]()
    if day:
        lags |= {days * day + side for days in (1, 2) for side in (-1, 0, 1)} | {n * day for n in range(3, 7)}
    if week:
        lags |= {week - 1, week, week + 1}
    return sorted({lag for lag in lags if 1 <= lag <= length // SEASONAL_SHARE}.union(short))


def _autoregression(values: Values, past: Past, periods: int, apart: int) -> Values:
    """Ridge regression of the change over ``apart`` steps on its own lags, forecast step by step.

    ``apart`` is the season that the change spans, and 0 stands for the distance from the mean. It is what a
    seasonal ARIMA without moving-average terms does (G. Box and G. Jenkins, "Time Series Analysis", 1970),
    solved at once instead of searched for. Forecast changes stay within the largest one seen, and values
    within one range of the series beyond its ends, so an unstable fit cannot run away.
    """
    length = max(0, len(values) - apart)
    lags = np.array(_lags(past.seasons, length))
    if len(lags) == 0:
        return _repeated(values, max(apart, 1), periods)
    changes = values[apart:] - values[:length] if apart else values - values.mean()
    weights = _fitted(changes, past.known[apart:], lags)
    limit = float(np.abs(changes).max())
    ahead = np.concatenate([changes, np.zeros(periods)])
    for at in range(len(changes), len(ahead)):
        ahead[at] = min(limit, max(-limit, float(weights @ ahead[at - lags])))
    found = np.concatenate([values, np.zeros(periods)])
    for step in range(periods):
        base = found[len(values) + step - apart] if apart else values.mean()
        found[len(values) + step] = base + ahead[len(changes) + step]
    low, high = float(values.min()), float(values.max())
    return np.asarray(np.clip(found[len(values) :], 2 * low - high, 2 * high - low), np.float64)


def _fitted(changes: Values, known: np.ndarray, lags: np.ndarray) -> Values:
    """Weights of the lags, learned where the outcome was recorded."""
    longest = int(lags.max())
    rows = np.flatnonzero(known[longest:])
    if len(rows) == 0:
        return np.zeros(len(lags))
    before = np.stack([changes[longest - lag : len(changes) - lag] for lag in lags], axis=1)[rows]
    normal = before.T @ before
    penalty = RIDGE * float(np.trace(normal)) / len(lags) + LEAST_PENALTY
    regular = normal + penalty * np.eye(len(lags))
    return np.asarray(np.linalg.solve(regular, before.T @ changes[longest:][rows]), np.float64)
