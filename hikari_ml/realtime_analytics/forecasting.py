"""A forecast from end to end: its points, Prophet in a process of its own, and the result."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import Any, Final

from pandas.tseries.offsets import BaseOffset

from hikari_ml.errors import InputError
from hikari_ml.realtime_analytics import forecasts, prophet_worker
from hikari_ml.realtime_analytics.timeline import Minute, with_silence
from hikari_ml.results import Forecast
from hikari_ml.runtime.lane import Lane

PROPHET_SECONDS: Final = 120.0
"""How long Prophet may take before the simpler models serve without it."""

Points = list[tuple[float, float]]
Job = Callable[[], Any]

_log = logging.getLogger(__name__)


def check_periods(periods: object) -> int:
    """Return ``periods`` if so many steps can be forecast.

    Raises:
        InputError: they cannot.
    """
    if isinstance(periods, int) and not isinstance(periods, bool) and 1 <= periods <= forecasts.MAX_PERIODS:
        return periods
    raise InputError("periods", periods, f"give a whole number from 1 to {forecasts.MAX_PERIODS}")


def own_points(name: str, minutes: Sequence[Minute]) -> Points:
    """A series the stream itself gives: ``chat_rate``, ``chatters`` or ``mood`` of each full minute."""
    full = with_silence(minutes)[:-1]
    if name == "chat_rate":
        return [(float(m.start), float(m.messages)) for m in full]
    if name == "chatters":
        return [(float(m.start), float(m.chatters)) for m in full]
    if name == "mood":
        return [(float(m.start), m.mood) for m in full if m.mood is not None]
    return []


async def forecast_metric(
    name: str,
    read: Callable[[], Points],
    periods: int,
    step: BaseOffset,
    lane: Lane[Job, Any],
) -> Forecast:
    """Forecast the points that ``read`` gives; it is called in ``lane``, as all that takes long."""
    points: Points = await lane.submit(read)
    degraded: list[str] = []
    if len(points) < forecasts.FEWEST_POINTS:
        reason = f"needs at least {forecasts.FEWEST_POINTS} points, has {len(points)}"
        outcome = forecasts.Outcome(None, [], "steady", None, {}, reason)
    else:
        series = await lane.submit(lambda: forecasts.resample(points, step))
        runs = await _prophet(series, periods, lane, degraded)
        outcome = await lane.submit(lambda: forecasts.forecast(series, periods, runs))
    return _shaped(name, outcome, points[-1][1] if points else None, degraded)


async def _prophet(
    series: forecasts.Series, periods: int, lane: Lane[Job, Any], degraded: list[str]
) -> list[list[float]] | None:
    """Prophet's forecasts for every fold and the end; None where it has too little or fails."""
    if series.known < forecasts.PROPHET_POINTS:
        return None
    jobs = await lane.submit(
        lambda: [forecasts.prophet_job(part, n) for part, n in forecasts.folds(series, periods)]
    )
    try:
        return await prophet_worker.run(jobs, PROPHET_SECONDS)
    except prophet_worker.ProphetFailedError as error:
        _log.warning("%s; the simpler models serve without it", error)
        degraded.append(f"prophet: {error}")
        return None


def _shaped(name: str, outcome: forecasts.Outcome, current: float | None, degraded: list[str]) -> Forecast:
    return {
        "metric": name,
        "status": "ok" if outcome.model else "no_data",
        "model": outcome.model,
        "forecasts": outcome.points,
        "current_value": current,
        "trend": outcome.trend,
        "skill": outcome.skill,
        "backtest": outcome.backtest,
        "reason": outcome.reason,
        "degraded": degraded,
    }
