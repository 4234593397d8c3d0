"""A forecast from end to end; the models themselves are tested elsewhere."""

import pytest

from hikari_ml.errors import InputError
from hikari_ml.realtime_analytics.forecasting import check_periods, forecast_metric, own_points
from hikari_ml.realtime_analytics.forecasts import MAX_PERIODS, check_freq
from hikari_ml.realtime_analytics.timeline import Minute
from hikari_ml.results import Forecast
from hikari_ml.runtime.lane import Lane


@pytest.fixture
async def lane():
    found = Lane(lambda jobs: [job() for job in jobs], name="test", max_batch=1)
    yield found
    await found.aclose()


@pytest.mark.parametrize("periods", [0, -1, MAX_PERIODS + 1, 1.5, True, None, "24"])
def test_what_is_no_number_of_steps_is_refused(periods):
    with pytest.raises(InputError) as caught:
        check_periods(periods)
    assert caught.value.field == "periods"


def test_a_number_of_steps_is_taken():
    assert [check_periods(n) for n in (1, MAX_PERIODS)] == [1, MAX_PERIODS]


def test_the_streams_own_series_leave_out_the_minute_that_still_fills():
    minutes = [Minute(0, 5, 3, 0, 0, 0, 0, 0.7), Minute(120, 9, 4, 0, 0, 0, 0, None), Minute(180, *[1] * 7)]
    assert own_points("chat_rate", minutes) == [(0.0, 5.0), (60.0, 0.0), (120.0, 9.0)]
    assert own_points("chatters", minutes) == [(0.0, 3.0), (60.0, 0.0), (120.0, 4.0)]
    assert own_points("mood", minutes) == [(0.0, 0.7)]
    assert own_points("viewer_count", minutes) == []


async def test_too_few_points_say_so(lane):
    found = await forecast_metric("x", lambda: [(0.0, 4.0)], 3, check_freq("min"), lane)
    assert set(found) == set(Forecast.__annotations__)
    assert (found["status"], found["current_value"], found["forecasts"]) == ("no_data", 4.0, [])
    assert found["reason"] == "needs at least 12 points, has 1"


async def test_enough_points_are_forecast(lane):
    points = [(60.0 * i, float(i % 3)) for i in range(30)]
    found = await forecast_metric("x", lambda: points, 3, check_freq("min"), lane)
    assert (found["status"], found["metric"], len(found["forecasts"])) == ("ok", "x", 3)
    assert found["current_value"] == 2.0
