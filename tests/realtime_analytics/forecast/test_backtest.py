"""Rolling origins, weights from errors, and the guard."""

import numpy as np
import pytest

from hikari_ml.realtime_analytics.forecast.backtest import COMBINATION, MOST_FOLDS, SAFE, choose, folds
from hikari_ml.realtime_analytics.forecast.series import check_freq, resample

ZERO = 1_767_225_600.0


def series(length, freq="h", step=3600.0):
    return resample([(ZERO + i * step, float(i)) for i in range(length)], check_freq(freq))


@pytest.mark.parametrize(
    ("length", "periods"), [(12, 1), (12, 100), (60, 24), (400, 24), (1344, 24), (700, 48)]
)
def test_every_origin_has_a_past_and_a_whole_horizon(length, periods):
    cut = folds(series(length), periods)
    assert 1 <= len(cut.origins) <= MOST_FOLDS
    assert cut.horizon <= periods
    assert min(cut.origins) >= length // 3
    assert max(cut.origins) + cut.horizon == length
    assert list(cut.origins) == sorted(cut.origins)


def test_origins_stand_at_the_hour_of_now():
    cut = folds(series(1344), 24)
    assert len(cut.origins) == 28
    assert {(1344 - at) % 24 for at in cut.origins} == {0}
    truth = cut.truth(series(1344))
    assert cut.independent(truth) == 28
    truth[:20] = np.nan
    assert cut.independent(truth) == 8


def test_overlapping_origins_count_as_few():
    cut = folds(series(60), 24)
    assert len(cut.origins) > 10
    assert cut.independent(cut.truth(series(60))) < 5


def test_the_truth_is_what_came():
    cut = folds(series(60), 12)
    assert cut.truth(series(60))[-1].tolist() == [float(i) for i in range(48, 60)]


def chosen(errors, members, seed=0):
    """Models that err by normal noise of the sizes ``errors``, around a truth of 100."""
    rng = np.random.default_rng(seed)
    truth = np.full((14, 24), 100.0)
    runs = {name: truth + size * rng.normal(size=truth.shape) for name, size in errors.items()}
    ahead = {name: np.full(24, 100.0 + at) for at, name in enumerate(errors)}
    return choose(ahead, runs, truth, members)


def test_models_that_err_apart_are_better_together():
    found = chosen({"a": 10, "b": 10, "c": 10}, ["a", "b", "c"])
    assert found.name == COMBINATION
    assert found.errors[COMBINATION] < 0.8 * min(found.errors[name] for name in "abc")
    assert found.forecast == pytest.approx([101.0] * 24, abs=0.5)


def test_a_bad_member_counts_for_nothing():
    found = chosen({"a": 1, "b": 1, "c": 50}, ["a", "b", "c"])
    assert found.name == COMBINATION
    assert found.forecast == pytest.approx([100.5] * 24, abs=0.3)


def test_a_single_model_serves_where_it_is_clearly_better():
    found = chosen({"a": 10, "mark": 1}, ["a"])
    assert found.name == "mark"
    assert found.forecast.tolist() == [101.0] * 24


def test_the_four_week_mean_serves_where_nothing_is_better():
    rng = np.random.default_rng(1)
    truth = 100 + rng.normal(size=(14, 24))
    runs = {SAFE: np.full(truth.shape, 100.0), "a": truth + 30, "b": truth - 20}
    ahead = {name: np.zeros(24) for name in runs}
    assert choose(ahead, runs, truth, [SAFE, "a"]).name == SAFE
    assert choose(ahead, {**runs, "b": truth}, truth, [SAFE, "a"]).name == "b"


def test_nothing_serves_that_was_worse_than_the_four_week_mean():
    truth = np.full((14, 24), 100.0)
    runs = {"a": truth + 5.0, SAFE: truth + 4.9, "mark": truth + 4.8}
    ahead = {name: np.zeros(24) for name in runs}
    found = choose(ahead, runs, truth, ["a"])
    assert found.errors[COMBINATION] > found.errors[SAFE] > found.errors["mark"], "but not clearly"
    assert found.name == SAFE
    assert choose(ahead, {**runs, "mark": truth + 1.0}, truth, ["a"]).name == "mark"
    assert choose(ahead, {**runs, SAFE: truth + 5.1}, truth, ["a"]).name == COMBINATION


def test_a_perfect_model_takes_all_the_weight():
    found = chosen({"a": 0, "b": 5}, ["a", "b"])
    assert found.errors[COMBINATION] == 0
    assert found.forecast.tolist() == [100.0] * 24


def test_the_combination_is_not_judged_by_the_origins_its_weights_come_from():
    truth = np.zeros((2, 1))
    runs = {"a": np.array([[0.0], [9.0]]), "b": np.array([[9.0], [0.0]])}
    found = choose({"a": np.zeros(1), "b": np.zeros(1)}, runs, truth, ["a", "b"])
    assert found.errors[COMBINATION] == 9, "each origin is served by what was right at the other"


def test_what_was_not_recorded_is_not_judged():
    truth = np.array([[1.0, np.nan], [np.nan, np.nan]])
    runs = {"a": np.array([[2.0, 99.0], [99.0, 99.0]])}
    assert choose({"a": np.zeros(2)}, runs, truth, ["a"]).errors["a"] == 1
    silent = choose({"a": np.zeros(2)}, runs, np.full((2, 2), np.nan), ["a"])
    assert (silent.name, silent.errors) == ("a", {})
