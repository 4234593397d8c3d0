"""Every model, on what it is made for and on what it is not."""

import numpy as np
import pytest

from hikari_ml.realtime_analytics.forecast.forecast_models import (
    autoregression,
    four_weeks,
    last_value,
    last_week,
    log_autoregression,
    models,
    profile,
    profile_and_level,
    recent_mean,
    steady_autoregression,
    usual_value,
    weekly_autoregression,
    yesterday,
)
from hikari_ml.realtime_analytics.forecast.series import Past, Seasons

HOURLY = Seasons(1, 24, 168)
NONE = Seasons(1, 0, 0)
SEASONAL = [yesterday, last_week, four_weeks, profile, profile_and_level, weekly_autoregression]
ALL = [
    *SEASONAL,
    last_value,
    recent_mean,
    usual_value,
    autoregression,
    log_autoregression,
    steady_autoregression,
]


def past(values, seasons=HOURLY, known=None):
    values = np.asarray(values, np.float64)
    known = np.ones(len(values), bool) if known is None else known
    return Past(values, known, seasons, bool(values.min() >= 0))


def week(weeks):
    """A profile that differs in every hour of the week."""
    hours = np.arange(168 * weeks) % 168
    return 200 + 100 * np.sin(2 * np.pi * hours / 24) + 40 * np.cos(2 * np.pi * hours / 168)


@pytest.mark.parametrize("model", ALL)
def test_a_constant_stays_what_it_is(model):
    assert model(past([7.0] * 700), 30) == pytest.approx([7.0] * 30)


@pytest.mark.parametrize("model", [last_week, four_weeks, weekly_autoregression, log_autoregression])
def test_a_week_that_repeats_is_known_to_the_hour(model):
    assert model(past(week(6)), 48) == pytest.approx(week(1)[:48], rel=0.03)


@pytest.mark.parametrize("model", [profile, profile_and_level])
def test_a_profile_is_a_week_smoothed_a_little(model):
    found = model(past(week(6)), 168)
    assert found == pytest.approx(week(1), rel=0.05)
    assert np.corrcoef(found, week(1))[0, 1] > 0.999


def test_one_wild_evening_moves_the_profile_less_than_the_mean():
    values = week(8)
    values[-168:-164] *= 20
    wild = slice(0, 4)
    profiled, meant = (model(past(values), 168)[wild].mean() for model in (profile, four_weeks))
    assert profiled < meant / 2


def test_a_level_that_rose_is_followed_at_first_and_forgotten_later():
    values = week(8)
    values[-48:] *= 2
    found = profile_and_level(past(values), 168) / profile(past(values), 168)
    assert found[0] > 1.4
    assert found[167] == pytest.approx(1, abs=0.05)


def test_an_unrecorded_day_does_not_move_the_level():
    values = week(8)
    known = np.ones(len(values), bool)
    known[-48:] = False
    moved = values.copy()
    moved[-48:] *= 2  # filled in, not recorded
    silent, usual = (profile_and_level(past(v, known=known), 24) for v in (moved, values))
    assert np.abs(silent / usual - 1).max() < 0.5


@pytest.mark.parametrize("model", [autoregression, log_autoregression])
def test_a_trend_with_a_rhythm_goes_on(model):
    whole = week(6) + np.arange(168 * 6) * 0.5
    found = model(past(whole[:-48]), 48)
    assert np.abs(found - whole[-48:]).mean() < 10


def test_it_returns_to_the_mean_where_there_is_no_season():
    rng = np.random.default_rng(3)
    values = [100.0]
    for _ in range(400):
        values.append(100 + 0.7 * (values[-1] - 100) + rng.normal())
    values[-1] = 120.0
    found = steady_autoregression(past(values, NONE), 40)
    assert 105 < found[0] < 120
    assert found[-1] == pytest.approx(100, abs=2)


def test_what_was_not_recorded_is_neither_last_nor_recent():
    known = np.array([True, True, False])
    assert last_value(past([3.0, 4.0, 900.0], NONE, known), 2).tolist() == [4.0, 4.0]
    assert recent_mean(past([4.0, 4.0, 900.0], NONE, known), 1).tolist() == [4.0]
    assert usual_value(past([4.0, 6.0, 900.0], NONE, known), 1).tolist() == [5.0]


@pytest.mark.parametrize("model", ALL)
@pytest.mark.parametrize("length", [2, 3, 30, 170, 400])
def test_whatever_the_past_the_answer_is_finite(model, length):
    rng = np.random.default_rng(length)
    for values in (rng.normal(size=length), np.exp(rng.normal(size=length) * 8), 2.0 ** np.arange(length)):
        known = rng.random(length) < 0.3
        for given in (past(values), past(values, known=known), past(values, known=np.zeros(length, bool))):
            found = model(given, 200)
            assert found.shape == (200,)
            assert np.isfinite(found).all()


@pytest.mark.parametrize("model", [autoregression, log_autoregression, steady_autoregression])
def test_growth_does_not_run_away(model):
    values = 2.0 ** np.arange(60)
    assert model(past(values, NONE), 300).max() <= np.e * values.max() * 1.01


def test_a_series_gets_the_models_that_suit_it():
    bare, members = models(NONE)
    assert set(bare) == members
    assert "same time yesterday" not in bare
    daily, _ = models(Seasons(12, 288, 0))
    assert "same time yesterday" in daily
    assert "four-week mean" not in daily
    full, members = models(HOURLY)
    assert "four-week mean" in members
    assert set(full) - members == {"last value", "same time yesterday", "same time last week"}
