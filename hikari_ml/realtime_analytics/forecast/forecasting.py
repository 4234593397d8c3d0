"""A forecast from end to end: its points, Prophet in a process of its own, the result, and what is kept."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, tzinfo
from hashlib import blake2b
from typing import Any, Final
from weakref import WeakValueDictionary

from cachetools import LRUCache
from pandas.tseries.offsets import BaseOffset

from hikari_ml.errors import InputError
from hikari_ml.realtime_analytics import timeline
from hikari_ml.realtime_analytics.forecast import forecasts, prophet_jobs, prophet_worker
from hikari_ml.realtime_analytics.forecast.series import Series, resample
from hikari_ml.realtime_analytics.timeline import Minute, with_silence
from hikari_ml.results import Forecast
from hikari_ml.runtime.lane import Lane

PROPHET_SECONDS: Final = 120.0
"""How long Prophet may take before the simpler models serve without it."""

MAX_KEPT: Final = 50_000
"""Forecast points kept over all forecasts; the least recently asked for make room."""

LAST_DATE: Final = datetime(2261, 12, 31, tzinfo=UTC).timestamp()
"""Later ones are too far for what pandas counts in nanoseconds."""

Key = tuple[str, str, int]
"""Metric, step and periods."""

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


def check_reach(series: Series, periods: int) -> None:
    """Refuse a forecast of dates that cannot be told.

    Raises:
        InputError: ``periods`` steps after ``series`` reach beyond the year 2261.
    """
    if series.index[-1].timestamp() + periods * series.seconds > LAST_DATE:
        hint = (
            f"so many steps of {series.step.freqstr} reach beyond the year 2261: give fewer or shorter ones"
        )
        raise InputError("periods", periods, hint)


def own_points(name: str, minutes: Sequence[Minute]) -> Points:
    """A series the stream itself gives: ``chat_rate``, ``chatters`` or ``mood`` of each full minute."""
    return timeline.series(name, with_silence(minutes)[:-1])


class Forecaster:
    """Makes forecasts in ``lane``, where all that takes long is done, and keeps them.

    A forecast is made once a step: asked again before a new step has begun, and with no older value changed,
    the kept one is the answer, with the current value of now. One that had to do without Prophet is not kept.
    ``country`` (ISO 3166 code) gives Prophet its holidays, ``zone`` the clock that the streamer lives by.
    """

    def __init__(self, lane: Lane[Job, Any], country: str | None = None, zone: tzinfo = UTC) -> None:
        self._lane = lane
        self._country = country
        self._zone = zone
        self._kept: LRUCache[Key, tuple[bytes, forecasts.Outcome]] = LRUCache(
            MAX_KEPT, getsizeof=lambda kept: 1 + len(kept[1].points)
        )
        self._making: WeakValueDictionary[Key, asyncio.Lock] = WeakValueDictionary()

    async def forecast(
        self, name: str, read: Callable[[], Points], periods: int, step: BaseOffset
    ) -> Forecast:
        """Forecast the points that ``read`` gives; it is called in the lane.

        Raises:
            InputError: as :func:`check_reach` says.
        """
        points: Points = await self._lane.submit(read)
        degraded: list[str] = []
        if len(points) < forecasts.FEWEST_POINTS:
            outcome = forecasts.nothing(f"needs at least {forecasts.FEWEST_POINTS} points, has {len(points)}")
        else:
            found: Series = await self._lane.submit(lambda: resample(points, step, self._zone))
            check_reach(found, periods)
            outcome = await self._outcome((name, step.freqstr, periods), found, periods, degraded)
        return _shaped(name, outcome, points[-1][1] if points else None, degraded)

    async def _outcome(
        self, key: Key, series: Series, periods: int, degraded: list[str]
    ) -> forecasts.Outcome:
        state = await self._lane.submit(lambda: fingerprint(series))
        kept = self._kept.get(key)
        if kept is not None and kept[0] == state:  # nobody needs to wait for what is being made
            return kept[1]
        making = self._making.setdefault(key, asyncio.Lock())
        async with making:  # who asks for the same meanwhile finds it made
            kept = self._kept.get(key)
            if kept is not None and kept[0] == state:
                return kept[1]
            runs = await self._prophet(series, periods, degraded)
            outcome: forecasts.Outcome = await self._lane.submit(
                lambda: forecasts.forecast(series, periods, runs)
            )
            if not degraded:
                self._kept[key] = state, outcome
            return outcome

    async def _prophet(self, series: Series, periods: int, degraded: list[str]) -> list[list[float]] | None:
        """Prophet's answers to its jobs; None where it has too little or fails."""
        if not prophet_jobs.worth_asking(series):
            return None
        jobs = await self._lane.submit(lambda: prophet_jobs.prophet_jobs(series, periods, self._country))
        try:
            return await prophet_worker.run(jobs, PROPHET_SECONDS)
        except prophet_worker.ProphetFailedError as error:
            _log.warning("%s; the simpler models serve without it", error)
            degraded.append(f"prophet: {error}")
            return None


def fingerprint(series: Series) -> bytes:
    """What a forecast depends on, the value of the newest step aside: it changes while the step fills."""
    began = repr((series.index[0].timestamp(), len(series.values)))
    return blake2b(began.encode() + series.values[:-1].tobytes(), digest_size=16).digest()


def _shaped(name: str, outcome: forecasts.Outcome, current: float | None, degraded: list[str]) -> Forecast:
    return {
        "metric": name,
        "status": "ok" if outcome.model else "no_data",
        "model": outcome.model,
        "forecasts": [point.copy() for point in outcome.points],
        "current_value": current,
        "trend": outcome.trend,
        "skill": outcome.skill,
        "backtest": outcome.backtest.copy(),
        "reason": outcome.reason,
        "degraded": degraded,
    }
