"""Intervals hold what they promise, whatever the errors look like."""

import numpy as np
import pytest

from hikari_ml.realtime_analytics.forecast.intervals import interval


def coverage(draw, *, log, season=24, folds=28, horizon=24):
    """Share of new truths inside, over many worlds."""
    inside = []
    for seed in range(600):
        rng = np.random.default_rng(seed)
        backtest = np.full((folds, horizon), 100.0)
        low, high = interval(
            np.full(horizon, 100.0), backtest, draw(rng, (folds, horizon)), season, independent=folds, log=log
        )
        truth = draw(rng, (1, horizon))[0]
        inside.append(((low <= truth) & (truth <= high)).mean())
    return np.mean(inside)


def normal(rng, shape):
    return 100 + 20 * rng.normal(size=shape)


def skewed(rng, shape):
    return 100 * np.exp(0.8 * rng.normal(size=shape))


def whole_days(rng, shape):
    """Errors that a whole origin shares."""
    return 100 + 20 * rng.normal(size=(shape[0], 1)) * np.ones(shape)


@pytest.mark.parametrize("draw", [normal, skewed, whole_days])
@pytest.mark.parametrize("log", [True, False])
def test_four_fifths_lie_inside(draw, log):
    assert 0.76 <= coverage(draw, log=log) <= 0.86


def test_a_few_origins_are_taken_for_few():
    assert 0.74 <= coverage(whole_days, log=False, folds=7) <= 0.9


def test_each_end_has_its_own_width():
    truth = skewed(np.random.default_rng(0), (28, 24))
    low, high = interval(np.full(24, 100.0), np.full((28, 24), 100.0), truth, 24, independent=28, log=False)
    assert high[0] - 100 > 1.5 * (100 - low[0])


def test_on_a_log_scale_the_width_follows_the_level():
    rng = np.random.default_rng(0)
    backtest = np.tile(np.where(np.arange(24) < 12, 10.0, 1000.0), (28, 1))
    truth = backtest * np.exp(0.3 * rng.normal(size=backtest.shape))
    low, high = interval(backtest[0], backtest, truth, 0, independent=28, log=True)
    width = high - low
    assert width[20] > 50 * width[0]


def test_the_next_hour_is_surer_than_tomorrow():
    rng = np.random.default_rng(0)
    truth = 100 + rng.normal(size=(28, 24)) * np.where(np.arange(24) < 6, 1, 20)
    low, high = interval(np.full(24, 100.0), np.full((28, 24), 100.0), truth, 24, independent=28, log=False)
    assert (high - low)[23] > 5 * (high - low)[0]


def test_beyond_the_backtest_it_grows_and_stays_finite():
    truth = 100 + np.random.default_rng(0).normal(size=(28, 4))
    low, high = interval(np.full(40, 100.0), np.full((28, 4), 100.0), truth, 0, independent=28, log=False)
    width = high - low
    assert width[15] == pytest.approx(2 * width[3])
    huge = interval(np.full(40, 1e99), np.full((28, 4), 1.0), truth * 1e98, 0, independent=2, log=True)
    assert np.isfinite(huge).all()


def test_what_was_not_recorded_has_no_error():
    truth = np.full((28, 24), np.nan)
    low, high = interval(np.full(24, 5.0), np.zeros((28, 24)), truth, 24, independent=28, log=False)
    assert low.tolist() == high.tolist() == [5.0] * 24
    truth[:, 3] = 1.0
    low, high = interval(np.full(24, 5.0), np.zeros((28, 24)), truth, 24, independent=28, log=False)
    assert low.tolist() == high.tolist() == [6.0] * 24
