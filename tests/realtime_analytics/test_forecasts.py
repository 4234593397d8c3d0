"""Forecasts are measured on the metric's own past, and say so when there is too little of it."""

import numpy as np
import pandas as pd
import pytest

from hikari_ml.errors import InputError
from hikari_ml.realtime_analytics.forecasts import (
    FEWEST_POINTS,
    check_freq,
    folds,
    forecast,
    prophet_job,
    resample,
)

HOUR = 3600.0
ZERO = 1_767_225_600.0


def series(values, step=HOUR, freq="h"):
    return resample([(ZERO + i * step, float(value)) for i, value in enumerate(values)], check_freq(freq))


def daily(days, noise=0.0, seed=0):
    rng = np.random.default_rng(seed)
    return [100 + 50 * np.sin(2 * np.pi * (h % 24) / 24) + noise * rng.normal() for h in range(24 * days)]


def test_too_little_says_so():
    outcome = forecast(series([1, 2, 3]), 24, None)
    assert outcome.model is None
    assert outcome.points == []
    assert outcome.reason == f"needs at least {FEWEST_POINTS} points at this step, has 3"


def test_a_constant_stays_what_it_is():
    outcome = forecast(series([7] * 48), 5, None)
    assert [point["yhat"] for point in outcome.points] == [7] * 5
    assert outcome.trend == "steady"
    assert outcome.skill == 0


def test_a_daily_rhythm_beats_the_last_value():
    outcome = forecast(series(daily(14)), 24, None)
    assert outcome.model in ("same time yesterday", "same time last week", "four-week mean")
    assert outcome.skill > 0.9
    assert [p["yhat"] for p in outcome.points] == pytest.approx(daily(1), abs=1e-6)


def test_the_serving_model_is_the_one_with_the_least_error():
    outcome = forecast(series(daily(14, 10)), 24, None)
    assert outcome.backtest[outcome.model] == min(outcome.backtest.values())


def test_intervals_hold_about_what_they_promise():
    inside, total = 0, 0
    for seed in range(12):
        values = daily(15, 20, seed)
        outcome = forecast(series(values[:-24]), 24, None)
        for point, truth in zip(outcome.points, values[-24:], strict=True):
            inside += point["yhat_lower"] <= truth <= point["yhat_upper"]
            total += 1
    assert 0.7 <= inside / total <= 0.9


def test_counts_are_never_negative():
    outcome = forecast(series([0, 0, 5, 0, 0, 9] * 8), 12, None)
    assert all(point["yhat_lower"] >= 0 for point in outcome.points)


def test_gaps_and_disorder_are_no_problem():
    points = [(ZERO + i * HOUR, float(i % 5)) for i in range(60) if i % 7]
    shuffled = points[::-1]
    one, other = (forecast(resample(p, check_freq("h")), 6, None) for p in (points, shuffled))
    assert one == other
    assert len(one.points) == 6


def test_points_of_one_step_are_averaged():
    found = resample([(ZERO, 1.0), (ZERO + 60, 3.0), (ZERO + HOUR, 5.0)], check_freq("h"))
    assert found.values.tolist() == [2.0, 5.0]


def test_ten_years_are_cut_to_what_is_of_use():
    found = series([1.0] * 30_000)
    assert len(found.values) == 20_000


def test_what_prophet_says_is_weighed_like_the_rest():
    found = series(daily(14))
    right = [[daily(20)[len(past.values) + i] for i in range(n)] for past, n in folds(found, 24)]
    wrong = [[0.0] * n for _, n in folds(found, 24)]
    assert forecast(series(daily(14, 30)), 24, wrong).model != "prophet"
    noisy = series(daily(14, 5))
    assert forecast(noisy, 24, right).model == "prophet"


def test_a_job_for_prophet_is_plain():
    job = prophet_job(series(daily(16)), 24)
    assert job["weekly"]
    assert job["log"]
    assert len(job["future"]) == 24
    assert pd.Timestamp(job["future"][0], unit="s") == pd.Timestamp(ZERO + 16 * 24 * HOUR, unit="s")


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
