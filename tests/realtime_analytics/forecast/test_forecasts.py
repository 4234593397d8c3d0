"""Forecasts are measured on the metric's own past, and say so when there is too little of it."""

import math

import numpy as np
import pytest

from hikari_ml.realtime_analytics.forecast.backtest import folds
from hikari_ml.realtime_analytics.forecast.forecasts import FEWEST_POINTS, forecast
from hikari_ml.realtime_analytics.forecast.prophet_jobs import prophet_jobs
from hikari_ml.realtime_analytics.forecast.series import check_freq, resample

HOUR = 3600.0
ZERO = 1_767_225_600.0


def series(values, step=HOUR, freq="h"):
    points = [(ZERO + i * step, float(value)) for i, value in enumerate(values) if value is not None]
    return resample(points, check_freq(freq))


def daily(days, noise=0.0, seed=0):
    rng = np.random.default_rng(seed)
    return [100 + 50 * np.sin(2 * np.pi * (h % 24) / 24) + noise * rng.normal() for h in range(24 * days)]


def chat(weeks, seed=0):
    """Counts by hour of the week, with a level that drifts and evenings that get out of hand."""
    rng = np.random.default_rng(seed)
    hours = np.arange(168 * weeks)
    usual = 5 + np.sin(2 * np.pi * hours / 24) + 0.5 * np.cos(2 * np.pi * hours / 168)
    drift = np.repeat(np.cumsum(rng.normal(size=weeks * 7)) * 0.08, 24)
    wild = np.repeat(rng.random(weeks * 7) < 0.04, 24) * 1.5
    return np.floor(np.exp(usual + drift + wild + 0.3 * rng.normal(size=len(hours))))


def values_of(outcome):
    return np.array([point["yhat"] for point in outcome.points])


def test_too_little_says_so():
    outcome = forecast(series([1, 2, 3]), 24, None)
    assert outcome.model is None
    assert outcome.points == []
    assert outcome.reason == f"needs at least {FEWEST_POINTS} points at this step, has 3"


def test_a_constant_stays_what_it_is():
    outcome = forecast(series([7] * 48), 5, None)
    assert [point["yhat"] for point in outcome.points] == pytest.approx([7] * 5)
    assert outcome.trend == "steady"
    assert outcome.skill == 0


def test_a_daily_rhythm_beats_the_last_value():
    outcome = forecast(series(daily(14)), 24, None)
    assert outcome.skill > 0.9
    assert values_of(outcome) == pytest.approx(daily(1), rel=0.02)


def test_what_serves_is_never_measured_worse_than_the_four_week_mean():
    for seed in range(8):
        outcome = forecast(series(chat(6, seed)), 24, None)
        assert outcome.backtest[outcome.model] <= outcome.backtest["four-week mean"]


def test_chat_is_forecast_better_than_by_the_four_week_mean():
    ours, theirs, inside = [], [], []
    for seed in range(12):
        values = chat(8, seed)
        past, truth = values[:-24], values[-24:]
        outcome = forecast(series(past), 24, None)
        mean = np.mean([past[len(past) - 168 * n :][:24] for n in range(1, 5)], axis=0)
        ours.append(np.abs(values_of(outcome) - truth).mean())
        theirs.append(np.abs(mean - truth).mean())
        inside += [
            point["yhat_lower"] <= value <= point["yhat_upper"]
            for point, value in zip(outcome.points, truth, strict=True)
        ]
    assert np.sum(ours) < 0.95 * np.sum(theirs)
    assert 0.7 <= np.mean(inside) <= 0.9


def test_intervals_hold_about_what_they_promise():
    inside = []
    for seed in range(12):
        values = daily(15, 20, seed)
        outcome = forecast(series(values[:-24]), 24, None)
        for point, truth in zip(outcome.points, values[-24:], strict=True):
            assert point["yhat_lower"] <= point["yhat"] <= point["yhat_upper"]
            inside.append(point["yhat_lower"] <= truth <= point["yhat_upper"])
    assert 0.7 <= np.mean(inside) <= 0.92


def test_counts_are_never_negative():
    outcome = forecast(series([0, 0, 5, 0, 0, 9] * 8), 12, None)
    assert all(point["yhat_lower"] >= 0 for point in outcome.points)


def test_what_may_be_negative_may_stay_so():
    outcome = forecast(series([-50.0 + i % 3 for i in range(60)]), 5, None)
    assert values_of(outcome).max() < -45


def test_silence_between_streams_is_not_zero_chat():
    rng = np.random.default_rng(0)
    values = [200 + rng.normal() * 10 if h % 24 >= 20 else None for h in range(168 * 6)]
    outcome = forecast(series(values[: 168 * 6 - 2]), 24, None)
    assert [point["on_air"] for point in outcome.points] == [1.0, 1.0] + [0.0] * 20 + [1.0, 1.0]
    assert values_of(outcome) == pytest.approx([200] * 24, abs=10)


@pytest.mark.parametrize(
    ("freq", "step", "length"), [("min", 60.0, 60), ("5min", 300.0, 900), ("D", 86_400.0, 60)]
)
def test_any_step_can_be_forecast(freq, step, length):
    rng = np.random.default_rng(0)
    outcome = forecast(series(50 + rng.normal(size=length), step, freq), 12, None)
    assert values_of(outcome) == pytest.approx([50] * 12, abs=2)


@pytest.mark.parametrize("values", [[1e100] * 12 + [1e101] * 12, [-1e308] * 30, [1e300, 1e308] * 12])
def test_values_beyond_all_measure_are_refused_in_words(values):
    outcome = forecast(series(values), 3, None)
    assert outcome.model is None
    assert "beyond" in outcome.reason


@pytest.mark.parametrize("values", [[0.0] * 40, [1e99, 0.0] * 20, [1e-300] * 40, [0.0] * 39 + [1e90]])
def test_odd_values_give_finite_forecasts(values):
    for point in forecast(series(values), 200, None).points:
        assert all(math.isfinite(point[name]) for name in ("yhat", "yhat_lower", "yhat_upper"))


def test_twelve_points_in_twenty_thousand_steps_are_enough():
    points = [(ZERO + i * 1500 * HOUR, float(i)) for i in range(13)]
    outcome = forecast(resample(points, check_freq("h")), 24, None)
    assert len(outcome.points) == 24


def test_what_prophet_says_is_weighed_like_the_rest():
    noisy, right = series(daily(14, 5)), daily(40)
    jobs = prophet_jobs(noisy, 24)
    knowing = [[right[round((at - ZERO) / HOUR)] for at in job["future"]] for job in jobs]
    found = forecast(noisy, 24, knowing)
    assert found.backtest["prophet"] == min(found.backtest.values())
    unknowing = values_of(forecast(noisy, 24, None))
    assert np.abs(values_of(found) - right[:24]).mean() < 0.7 * np.abs(unknowing - right[:24]).mean()
    wrong = [[0.0] * len(job["future"]) for job in jobs]
    assert values_of(forecast(noisy, 24, wrong)) == pytest.approx(right[:24], abs=12)


def test_the_backtest_names_every_model():
    found = series(daily(28, 5))
    outcome = forecast(found, 24, None)
    assert {"last value", "same time last week", "four-week mean", "combination"} <= set(outcome.backtest)
    assert len(folds(found, 24).origins) >= 14
