"""A forecast from end to end, and what is kept of it; the models themselves are tested elsewhere."""

import asyncio
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from hikari_ml import Settings, StreamAnalyticsEngine
from hikari_ml.errors import InputError
from hikari_ml.realtime_analytics.forecast import prophet_worker
from hikari_ml.realtime_analytics.forecast.forecasting import (
    Forecaster,
    check_periods,
    fingerprint,
    own_points,
)
from hikari_ml.realtime_analytics.forecast.forecasts import MAX_PERIODS
from hikari_ml.realtime_analytics.forecast.series import check_freq, resample
from hikari_ml.realtime_analytics.timeline import Minute
from hikari_ml.results import Forecast
from hikari_ml.runtime.lane import Lane

HOUR, MINUTE = check_freq("h"), check_freq("min")


@pytest.fixture
async def forecaster():
    lane = Lane(lambda jobs: [job() for job in jobs], name="test", max_batch=1)
    yield Forecaster(lane)
    await lane.aclose()


@pytest.fixture
def prophet(monkeypatch):
    """Prophet as a list of the questions it was asked; it answers all with 5."""
    asked = []

    async def run(jobs, seconds):
        asked.append(jobs)
        await asyncio.sleep(0)
        return [[5.0] * len(job["future"]) for job in jobs]

    monkeypatch.setattr(prophet_worker, "run", run)
    return asked


def hours(number, last=()):
    return [(3600.0 * i, i % 24 + i * i % 101 / 100) for i in range(number)] + list(last)


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


async def test_too_few_points_say_so(forecaster):
    found = await forecaster.forecast("x", lambda: [(0.0, 4.0)], 3, MINUTE)
    assert set(found) == set(Forecast.__annotations__)
    assert (found["status"], found["current_value"], found["forecasts"]) == ("no_data", 4.0, [])
    assert found["reason"] == "needs at least 12 points, has 1"


async def test_no_points_at_all_say_so(forecaster):
    found = await forecaster.forecast("x", list, 3, MINUTE)
    assert (found["status"], found["current_value"]) == ("no_data", None)


async def test_enough_points_are_forecast(forecaster):
    points = [(60.0 * i, float(i % 3)) for i in range(30)]
    found = await forecaster.forecast("x", lambda: points, 3, MINUTE)
    assert (found["status"], found["metric"], len(found["forecasts"])) == ("ok", "x", 3)
    assert found["current_value"] == 2.0


async def test_asked_again_it_is_there(forecaster, prophet):
    one = await forecaster.forecast("x", lambda: hours(200), 5, HOUR)
    other = await forecaster.forecast("x", lambda: hours(200), 5, HOUR)
    assert one == other
    assert len(prophet) == 1
    one["forecasts"][0]["yhat"] = -1.0
    one["forecasts"].clear()
    one["backtest"].clear()
    assert await forecaster.forecast("x", lambda: hours(200), 5, HOUR) == other, (
        "what is kept is not lent out"
    )


async def test_within_a_step_only_the_current_value_is_new(forecaster, prophet):
    one = await forecaster.forecast("x", lambda: hours(200), 5, HOUR)
    other = await forecaster.forecast("x", lambda: hours(200, [(3600.0 * 199 + 60, 99.0)]), 5, HOUR)
    assert other["current_value"] == 99.0
    assert other["forecasts"] == one["forecasts"]
    assert len(prophet) == 1


@pytest.mark.parametrize(
    "points",
    [hours(201), [(at, value + (at == 3600.0)) for at, value in hours(200)], hours(200)[1:]],
    ids=["a new step", "an older value", "another beginning"],
)
async def test_what_is_new_makes_a_new_forecast(forecaster, prophet, points):
    await forecaster.forecast("x", lambda: hours(200), 5, HOUR)
    await forecaster.forecast("x", lambda: points, 5, HOUR)
    assert len(prophet) == 2


@pytest.mark.parametrize("other", [("y", 5, HOUR), ("x", 6, HOUR), ("x", 5, check_freq("2h"))])
async def test_another_question_makes_a_new_forecast(forecaster, prophet, other):
    name, periods, step = other
    await forecaster.forecast("x", lambda: hours(200), 5, HOUR)
    await forecaster.forecast(name, lambda: hours(200), periods, step)
    assert len(prophet) == 2


async def test_who_asks_at_once_gets_one_forecast(forecaster, prophet):
    asked = [forecaster.forecast("x", lambda: hours(200), 5, HOUR) for _ in range(6)]
    found = await asyncio.gather(*asked)
    assert all(one == found[0] for one in found)
    assert len(prophet) == 1


async def test_who_asks_for_something_else_does_not_wait_for_prophet(forecaster, monkeypatch):
    begun, answer = asyncio.Event(), asyncio.Event()

    async def run(jobs, seconds):
        begun.set()
        await answer.wait()
        return [[5.0] * len(job["future"]) for job in jobs]

    monkeypatch.setattr(prophet_worker, "run", run)
    slow = asyncio.create_task(forecaster.forecast("x", lambda: hours(200), 5, HOUR))
    await begun.wait()
    quick = await asyncio.wait_for(forecaster.forecast("y", lambda: hours(30), 3, HOUR), 60)
    assert quick["status"] == "ok"
    assert not slow.done()
    answer.set()
    assert (await slow)["status"] == "ok"
    assert not forecaster._making, "nobody asks any more"


async def test_a_forecast_without_prophet_is_not_kept(forecaster, monkeypatch):
    tries = []

    async def fail(jobs, seconds):
        tries.append(jobs)
        raise prophet_worker.ProphetFailedError("it did not start")

    monkeypatch.setattr(prophet_worker, "run", fail)
    for _ in range(2):
        found = await forecaster.forecast("x", lambda: hours(200), 5, HOUR)
        assert found["status"] == "ok"
        assert found["degraded"] == ["prophet: it did not start"]
    assert len(tries) == 2


async def test_the_country_reaches_prophet(forecaster, prophet):
    forecaster._country = "DE"
    await forecaster.forecast("x", lambda: hours(200), 5, HOUR)
    assert {job["country"] for job in prophet[0]} == {"DE"}


def test_the_newest_value_alone_does_not_tell_two_series_apart():
    one, other, third = (
        fingerprint(resample(points, HOUR))
        for points in (hours(30), [*hours(29), (3600.0 * 29, 77.0)], hours(31))
    )
    assert one == other != third


async def test_the_streamers_clock_says_when_an_evening_begins(forecaster, prophet):
    berlin = ZoneInfo("Europe/Berlin")
    start = datetime(2026, 10, 5, tzinfo=berlin)  # the clocks change on the 25th
    evenings = [start + timedelta(days=day, hours=hour) for day in range(28) for hour in range(20, 24)]
    points = [(at.timestamp(), 100.0) for at in evenings]
    by_utc = await forecaster.forecast("x", lambda: points, 24, HOUR)
    forecaster._zone = berlin
    by_clock = await forecaster.forecast("x", lambda: points, 24, HOUR)
    assert [step["on_air"] for step in by_clock["forecasts"]] == [0.0] * 20 + [1.0] * 4
    assert {step["on_air"] for step in by_utc["forecasts"]} > {0.0, 1.0}


async def test_the_engine_gives_its_clock_and_country(clock):
    settings = Settings(timezone="Asia/Tokyo", analytics={"holidays": "JP"})
    async with StreamAnalyticsEngine(settings, clock=clock) as there:
        await there.forecast_metrics("x")
        assert (there._forecaster._zone.key, there._forecaster._country) == ("Asia/Tokyo", "JP")


async def test_a_forecast_reaches_to_the_end_of_the_year_2261(clock):
    points = [(clock.now().timestamp() - 86_400.0 * 30 * ago, float(ago % 5)) for ago in range(60)]
    async with StreamAnalyticsEngine(clock=clock) as there:
        for at, value in points:
            await there.record_metric("x", value, datetime.fromtimestamp(at, UTC))
        found = await there.forecast_metrics("x", 2_860, freq="30D")
        assert found["forecasts"][-1]["ds"].startswith("2260")
        with pytest.raises(InputError, match="beyond the year 2261") as caught:
            await there.forecast_metrics("x", 2_890, freq="30D")
    assert caught.value.field == "periods"
