"""A metric at a fixed step: means, gaps, seasons, and the step that still fills."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from hikari_ml.errors import InputError
from hikari_ml.realtime_analytics.forecast.series import (
    MAX_POINTS,
    Seasons,
    check_freq,
    last_seasons,
    resample,
)

HOUR = 3600.0
DAY = 24 * HOUR
ZERO = 1_767_225_600.0
"""Midnight UTC."""


def hourly(values, freq="h", step=HOUR):
    points = [(ZERO + i * step, float(value)) for i, value in enumerate(values) if value is not None]
    return resample(points, check_freq(freq))


def evenings(weeks):
    """Four hours each evening, the rest silent."""
    return [float(h % 24) if h % 24 >= 20 else None for h in range(168 * weeks)]


def test_points_of_one_step_are_averaged():
    found = resample([(ZERO, 1.0), (ZERO + 60, 3.0), (ZERO + HOUR, 5.0)], check_freq("h"))
    assert found.values.tolist() == [2.0, 5.0]


def test_the_order_of_points_means_nothing():
    points = [(ZERO + i * HOUR, float(i % 5)) for i in range(60) if i % 7]
    one, other = (resample(p, check_freq("h")) for p in (points, points[::-1]))
    assert one.index.equals(other.index)
    assert np.array_equal(one.values, other.values, equal_nan=True)


@pytest.mark.parametrize(("minutes", "steps"), [(20, 2), (31, 3), (60, 3)])
def test_a_step_that_still_fills_is_left_out(minutes, steps):
    points = [(ZERO + 60.0 * i, 1.0) for i in range(120 + minutes)]
    assert len(resample(points, check_freq("h")).values) == steps


def test_ten_years_are_cut_to_what_is_of_use():
    assert len(hourly([1.0] * 30_000).values) == MAX_POINTS


def test_an_evening_keeps_its_hour_when_the_clocks_change():
    berlin = ZoneInfo("Europe/Berlin")
    start = datetime(2026, 10, 20, tzinfo=berlin)  # summer time, until the 25th
    hours = [start + timedelta(days=n, hours=20) for n in range(10)]
    points = [(at.timestamp(), float(at.day)) for at in hours]
    found = resample(points, check_freq("h"), berlin)
    assert found.values[::24].tolist() == [float(day) for day in range(20, 30)]
    assert found.index[-1] == hours[-1]
    assert len(resample(points, check_freq("h")).values[::24]) == 10
    assert np.isnan(resample(points, check_freq("h")).values[24 * 9])


@pytest.mark.parametrize("days", [5, 6, 7, 366])
def test_steps_may_be_weeks_and_years(days):
    points = [(ZERO - days * DAY * ago, 1.0) for ago in range(30)]
    assert len(resample(points, check_freq(f"{days}D")).values) == 30


def test_two_points_ten_years_apart_are_a_short_series():
    assert len(resample([(ZERO - 3650 * DAY, 1.0), (ZERO, 2.0)], check_freq("s")).values) == 1


@pytest.mark.parametrize(
    ("freq", "step", "length", "seasons"),
    [
        ("h", HOUR, 336, Seasons(1, 24, 168)),
        ("h", HOUR, 335, Seasons(1, 24, 0)),
        ("h", HOUR, 47, Seasons(1, 0, 0)),
        ("5min", 300, 600, Seasons(12, 288, 0)),
        ("D", DAY, 30, Seasons(1, 0, 7)),
        ("7h", 7 * HOUR, 400, Seasons(1, 0, 24)),
        ("7D", 7 * DAY, 60, Seasons(1, 0, 0)),
    ],
)
def test_seasons_are_those_that_the_steps_make_up(freq, step, length, seasons):
    assert hourly([1.0] * length, freq, step).seasons == seasons


def test_a_gap_is_filled_with_what_is_usual_at_its_time():
    values = [float(h % 168) for h in range(168 * 4)]
    values[300:330] = [None] * 30
    past = hourly(values).past(168 * 4)
    assert past.values.tolist() == [float(h % 168) for h in range(168 * 4)]
    assert (~past.known).sum() == 30


def test_silence_between_streams_is_not_zero():
    past = hourly(evenings(4)).past(168 * 3)
    assert past.values.min() >= 20
    assert np.isfinite(past.values).all()


def test_a_gap_without_a_season_keeps_the_value_before():
    assert hourly([1.0, None, 3.0]).past(3).values.tolist() == [1.0, 1.0, 3.0]


def test_how_often_a_time_was_on_air():
    values = evenings(4)
    values[20:24] = [None] * 4  # one evening of four was left out
    share = hourly([0.0, *values[1:]]).recorded(168)
    assert len(share) == 168
    assert share[:2] == [0.25, 0.0]
    assert share[19:25] == [0.0, 0.75, 0.75, 0.75, 0.75, 0.0]
    assert share[44:48] == [1.0] * 4
    assert hourly([1.0] * 100).recorded(5) is None


def test_seasons_come_newest_first():
    assert [part.tolist() for part in last_seasons(np.arange(7.0), 3, 4)] == [[4, 5, 6], [1, 2, 3]]


@pytest.mark.parametrize("freq", ["h", "D", "5min", "min", "30s"])
def test_steps_of_a_fixed_length(freq):
    assert check_freq(freq)


@pytest.mark.parametrize("freq", ["", "fortnight", "ME", None, 5, "H?"])
def test_steps_that_are_none(freq):
    with pytest.raises(InputError, match="freq"):
        check_freq(freq)


@pytest.mark.parametrize("freq", ["1ns", "0h", "-1h", "5000D"])
def test_a_step_that_leads_nowhere_is_refused(freq):
    with pytest.raises(InputError, match="freq"):
        check_freq(freq)
