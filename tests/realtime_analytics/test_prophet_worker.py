"""Prophet runs in a process of its own, and its failure is a named one."""

import numpy as np
import pytest

from hikari_ml.realtime_analytics import prophet_worker
from hikari_ml.realtime_analytics.forecasts import check_freq, prophet_job, resample

ZERO = 1_767_225_600.0


def job(values, periods=24):
    points = [(ZERO + i * 3600, float(value)) for i, value in enumerate(values)]
    return prophet_job(resample(points, check_freq("h")), periods)


async def test_it_learns_a_daily_rhythm():
    values = [100 + 50 * np.sin(2 * np.pi * (h % 24) / 24) for h in range(24 * 8)]
    ((*found,),) = await prophet_worker.run([job(values)], 120)
    assert np.abs(np.array(found) - values[:24]).mean() < 8


async def test_a_worker_that_takes_too_long_is_ended():
    with pytest.raises(prophet_worker.ProphetFailedError, match="did not answer"):
        await prophet_worker.run([job([1.0] * 60)], 0.01)


async def test_a_worker_that_breaks_is_a_named_error():
    with pytest.raises(prophet_worker.ProphetFailedError, match="status 1"):
        await prophet_worker.run([{"nonsense": True}], 60)


async def test_a_forecast_never_runs_away():
    (found,) = await prophet_worker.run([job([2.0**i for i in range(48)], periods=200)], 120)
    assert max(found) <= 10 * 2.0**47 * 1.01
