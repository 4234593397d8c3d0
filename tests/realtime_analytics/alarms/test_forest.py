"""The flattened forest scores as scikit-learn does."""

import numpy as np
import pytest
from sklearn.ensemble import IsolationForest

from hikari_ml.realtime_analytics.alarms.forest import SAMPLES, TREES, Forest

RNG = np.random.default_rng(5)
ROWS = RNG.normal(size=(600, 5))


@pytest.fixture(scope="module")
def forest():
    return Forest(ROWS.tolist())


def test_it_scores_as_scikit_learn_does(forest):
    fitted = IsolationForest(n_estimators=TREES, max_samples=SAMPLES, random_state=0).fit(ROWS)
    asked = np.concatenate([ROWS[:50], RNG.normal(size=(50, 5)) * 5])
    assert [forest.score(row) for row in asked] == pytest.approx(-fitted.score_samples(asked), abs=1e-9)


def test_the_unusual_scores_higher(forest):
    assert forest.score([8] * 5) > forest.highest > forest.score([0] * 5)


def test_tails_are_shares_of_the_past(forest):
    assert forest.tail(0.0) == pytest.approx(1, abs=0.01)
    assert forest.tail(forest.score([9] * 5)) < 0.001
    tails = [forest.tail(score) for score in np.linspace(0.3, 0.9, 20)]
    assert tails == sorted(tails, reverse=True)


def test_far_outside_is_severe_and_inside_is_not(forest):
    assert forest.severity([0] * 5) == 0
    assert forest.severity([60, 0, 0, 0, 0]) > forest.severity([30, 0, 0, 0, 0]) > 1
    assert all(forest.severity(row) == 0 for row in ROWS)


def test_it_names_what_moved(forest):
    ((feature, z), *rest) = forest.moved([0, 0, -20, 0, 0])
    assert feature == 2
    assert z < -10
    assert not rest
    assert forest.moved([0] * 5) == []


@pytest.mark.parametrize(
    "rows", [[[1.0, 2.0]] * 50, [[float(i % 2), 3.0] for i in range(50)], [[0.0]], [[0.0], [1.0]]]
)
def test_constant_and_tiny_data_are_no_problem(rows):
    forest = Forest(rows)
    assert 0 <= forest.score(rows[0]) <= 1
    assert 0 < forest.tail(forest.score(rows[0])) <= 1
