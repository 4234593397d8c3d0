"""What is predicted is by whoever has proved better, and says who it was."""

import pytest

from hikari_ml.realtime_analytics.outlook import FEWEST_MINUTES, Gate, compare, predict
from hikari_ml.realtime_analytics.predictor import ViewerEngagementPredictor
from hikari_ml.realtime_analytics.timeline import Minute


def minutes(count, rate=10):
    return [Minute(60 * i, rate, 5, 0, 0, 0, 0, 0.5) for i in range(count)]


def test_too_little_says_so():
    found = predict(minutes(FEWEST_MINUTES - 1), None, None)
    assert found["status"] == "no_data"
    assert found["reason"] == f"needs {FEWEST_MINUTES} minutes of chat, has {FEWEST_MINUTES - 1}"
    assert found["horizons"] == {}


def test_a_steady_rate_goes_on():
    found = predict(minutes(120), None, None)
    assert found["model"] == "mean of 15 minutes"
    assert {h: p["yhat"] for h, p in found["horizons"].items()} == {"5": 50, "15": 150, "30": 300, "60": 600}
    assert found["skill"] is None
    assert found["horizons"]["5"]["ds"] == "1970-01-01T02:05:00.000Z"


def test_intervals_are_around_the_prediction():
    for point in predict(minutes(25), None, None)["horizons"].values():
        assert 0 <= point["yhat_lower"] <= point["yhat"] <= point["yhat_upper"]


@pytest.mark.parametrize(
    ("gate", "serves"), [((1, 2, 3), True), ((2, 1, 3), False), ((2, 3, 1), False), ((1, 1, 1), False)]
)
def test_the_network_serves_only_where_it_beat_both(gate, serves):
    assert Gate(*map(float, gate)).network_serves is serves


def test_what_serves_is_named_with_its_skill():
    predictor = ViewerEngagementPredictor()
    past = [Minute(60 * i, 10 + i % 7, 5, 0, 0, 0, 0, 0.5) for i in range(400)]
    report = predictor.fit(past, epochs=1)
    measured = compare(predictor, past, report.mae)
    assert measured.mean > 0
    better = predict(past, predictor, Gate(1.0, 2.0, 4.0))
    assert (better["model"], better["skill"]) == ("lstm-attention", 0.75)
    worse = predict(past, predictor, Gate(9.0, 2.0, 4.0))
    assert (worse["model"], worse["skill"]) == ("mean of 15 minutes", 0.5)
