"""Parts of time share nothing, errors are measured on the same moments, and the least wrong serves."""

import numpy as np
import pytest

from hikari_ml.realtime_analytics.prediction.backtest import (
    BLEND,
    BOOSTING,
    LAST,
    MEAN,
    NETWORK,
    Bounds,
    Gate,
    blend,
    last_value,
    needed,
    recent_mean,
    split,
)
from hikari_ml.realtime_analytics.prediction.context import Frame, Past
from hikari_ml.realtime_analytics.timeline import Minute

FRAME = Frame((5, 60))


def past(count, rate=lambda i: 10, frame=FRAME):
    return Past([Minute(60 * i, rate(i), 5, 0, 0, 0, 0, 0.5) for i in range(count)], frame)


def gate(**errors):
    names = {"last": LAST, "mean": MEAN, "trees": BOOSTING, "network": NETWORK, "blend": BLEND}
    found = {names[name]: (error, 2 * error) for name, error in errors.items()}
    return Gate(found, {model: Bounds(np.array([[-0.1, 0.2]] * 2)) for model in found})


def test_training_selecting_and_judging_share_no_minute_to_be_predicted():
    parts = split(past(500), 0.2)
    hour = 3600
    assert parts.train[-1] + hour <= parts.select[0]
    assert parts.select[-1] + hour <= parts.judge[0]
    assert len(parts.judge) == len(parts.every) - int(len(parts.every) * 0.8)
    assert parts.judge[-1] == 60 * (500 - 60), "an hour later the past is over"
    assert parts.train[0] == 60 * FRAME.window


def test_as_many_minutes_as_are_said_to_be_needed_are_enough():
    least = needed(FRAME, 0.2)
    assert split(past(least), 0.2) is not None
    assert split(past(least - 1), 0.2) is None
    assert split(past(0), 0.2) is None


def test_simple_predictions_carry_a_rate_on():
    known = past(100, rate=lambda i: i)
    end = np.array([6000])
    assert last_value(known, end).tolist() == [[99 * 5, 99 * 60]]
    assert recent_mean(known, end).tolist() == [[92 * 5, 92 * 60]]


def test_a_blend_lies_between():
    found = blend(np.array([[5.0, 600.0]]), np.array([[25.0, 600.0]]), FRAME)
    assert 5 < found[0][0] < 15
    assert found[0][1] == pytest.approx(600)


def test_intervals_hold_what_they_were_measured_on():
    rng = np.random.default_rng(4)
    said = np.full((2000, 2), [50.0, 600.0])
    truth = rng.poisson(said).astype(float)
    bounds = Bounds.measured(said, truth, FRAME)
    low, high = bounds.limits(said, FRAME)
    assert ((truth >= low) & (truth <= high)).mean(axis=0) == pytest.approx([0.8, 0.8], abs=0.05)
    middle, lower, upper = bounds.around(said[0], FRAME)[5]
    assert 0 <= lower < middle == 50 < upper


def test_an_interval_holds_the_prediction_though_it_was_always_too_low():
    bounds = Bounds(np.array([[0.3, 0.9], [-0.9, -0.3]]))
    low, high = bounds.limits(np.array([10.0, 10.0]), FRAME)
    assert (low <= 10).all()
    assert (high >= 10).all()
    wide = bounds.wider(Bounds(np.array([[-0.1, 0.1]] * 2))).values.tolist()
    assert wide == [[-0.1, 0.9], [-0.9, 0.1]]


@pytest.mark.parametrize(
    ("errors", "best"),
    [
        ({"last": 3, "mean": 2, "trees": 2.5, "network": 1}, NETWORK),
        ({"last": 3, "mean": 2, "trees": 1, "network": 1.5}, BOOSTING),
        ({"last": 3, "mean": 2, "trees": 1, "network": 1}, BOOSTING),
        ({"last": 1, "mean": 2, "trees": 2.5, "network": 1.5}, LAST),
        ({"last": 2, "mean": 2, "trees": 2, "network": 2, "blend": 2}, MEAN),
        ({"last": 3, "mean": 2, "trees": 1.5, "network": 1.5, "blend": 1}, BLEND),
    ],
)
def test_the_least_wrong_serves_and_of_equals_the_simpler(errors, best):
    assert gate(**errors).best == best


def test_skill_is_the_gain_over_the_last_value():
    assert gate(last=4, mean=2, network=1).skill(NETWORK) == 0.75
    assert gate(last=4, mean=2).skill(LAST) == 0
    assert gate(last=0, mean=0, network=1).skill(NETWORK) is None
    assert gate(last=0, mean=0, network=1).best == MEAN


def test_a_gate_is_kept_and_read_again():
    known = gate(last=3, network=1)
    again = Gate.unpack(known.pack(), len(known.errors[LAST]))
    assert again.errors == known.errors
    assert np.array_equal(again.bounds[NETWORK].values, known.bounds[NETWORK].values)


@pytest.mark.parametrize(
    "kept",
    [
        {"errors": {}, "bounds": {}},
        {"errors": {LAST: [1.0]}, "bounds": {}},
        {"errors": {LAST: [float("nan")]}, "bounds": {LAST: [[0, 1]]}},
        {"errors": {LAST: [-1.0]}, "bounds": {LAST: [[0, 1]]}},
        {"errors": {LAST: [1.0, 2.0]}, "bounds": {LAST: [[0, 1]]}},
        {"errors": {LAST: [1.0], "oracle": [0.0]}, "bounds": {LAST: [[0, 1]], "oracle": [[0, 1]]}},
        {"errors": {LAST: [1.0]}, "bounds": {LAST: [[0, 1], [0, 1]]}},
        {"errors": {LAST: [1.0]}, "bounds": {LAST: [[0, float("nan")]]}},
        {"errors": {LAST: [1.0]}, "bounds": {LAST: [[1, 0]]}},
    ],
)
def test_what_is_no_gate_is_refused(kept):
    with pytest.raises(ValueError, match="these are no"):
        Gate.unpack(kept, 1)
