"""What is predicted is by whoever has proved better, and says who it was."""

import pytest

from hikari_ml.errors import ModelDamagedError, StoreError
from hikari_ml.realtime_analytics.outlook import FEWEST_MINUTES, Gate, Network, compare, predict
from hikari_ml.realtime_analytics.predictor import FitReport, ViewerEngagementPredictor
from hikari_ml.realtime_analytics.timeline import Minute


def minutes(count, rate=10):
    return [Minute(60 * i, rate, 5, 0, 0, 0, 0, 0.5) for i in range(count)]


PAST = [Minute(60 * i, 10 + i % 7, 5, 0, 0, 0, 0, 0.5) for i in range(400)]


def test_too_little_says_so():
    found = predict(minutes(FEWEST_MINUTES - 1), None)
    assert found["status"] == "no_data"
    assert f"needs {FEWEST_MINUTES} minutes" in found["reason"]
    assert f"has {FEWEST_MINUTES - 1}" in found["reason"]
    assert found["horizons"] == {}


def test_a_steady_rate_goes_on():
    found = predict(minutes(120), None)
    assert found["model"] == "mean of 15 minutes"
    assert {h: p["yhat"] for h, p in found["horizons"].items()} == {"5": 50, "15": 150, "30": 300, "60": 600}
    assert found["skill"] is None
    assert found["horizons"]["5"]["ds"] == "1970-01-01T02:05:00.000Z"


def test_intervals_are_around_the_prediction():
    for point in predict(minutes(25), None)["horizons"].values():
        assert 0 <= point["yhat_lower"] <= point["yhat"] <= point["yhat_upper"]


@pytest.mark.parametrize(
    ("gate", "serves"), [((1, 2, 3), True), ((2, 1, 3), False), ((2, 3, 1), False), ((1, 1, 1), False)]
)
def test_the_network_serves_only_where_it_beat_both(gate, serves):
    assert Gate(*map(float, gate)).network_serves is serves


def test_what_serves_is_named_with_its_skill():
    trained, report = Network.train(PAST, 1, lambda epoch, loss: None)
    assert trained.gate.mean > 0
    assert trained.gate.network == pytest.approx(sum(report.mae.values()) / len(report.mae))
    better = predict(PAST, Network(trained.predictor, Gate(1.0, 2.0, 4.0)))
    assert (better["model"], better["skill"]) == ("lstm-attention", 0.75)
    worse = predict(PAST, Network(trained.predictor, Gate(9.0, 2.0, 4.0)))
    assert (worse["model"], worse["skill"]) == ("mean of 15 minutes", 0.5)
    short = predict(PAST[:25], Network(trained.predictor, Gate(1.0, 2.0, 4.0)))
    assert short["model"] == "mean of 15 minutes", "the network looks back half an hour"


def test_the_simple_predictions_are_measured_on_the_windows_that_judged():
    predictor = ViewerEngagementPredictor()
    past = [*PAST[:-60], *(Minute(60 * i, 500, 5, 0, 0, 0, 0, 0.5) for i in range(340, 400))]
    few, many = FitReport(1, 1, 8, 1, {5: 1.0}), FitReport(1, 1, 200, 1, {5: 1.0})
    assert compare(predictor, past, few).mean > compare(predictor, past, many).mean


def test_a_network_is_kept_with_its_verdict(tmp_path):
    trained, _ = Network.train(PAST, 1, lambda epoch, loss: None)
    trained.save(tmp_path / "deep" / "p.safetensors")
    loaded = Network.load(tmp_path / "deep" / "p.safetensors")
    assert loaded.gate == trained.gate
    assert loaded.predictor.predict(PAST) == trained.predictor.predict(PAST)
    assert Network.load(tmp_path / "none") is None


def test_a_network_that_cannot_be_used_or_written_is_a_named_error(tmp_path):
    path = tmp_path / "p.safetensors"
    trained, _ = Network.train(PAST, 1, lambda epoch, loss: None)
    trained.predictor.save(path)
    with pytest.raises(ModelDamagedError, match="worth"):
        Network.load(path)
    path.write_bytes(b"nothing")
    with pytest.raises(ModelDamagedError):
        Network.load(path)
    with pytest.raises(StoreError, match="cannot be written"):
        trained.save(path / "below a file")
