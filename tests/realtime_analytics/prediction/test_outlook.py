"""What is predicted is by whoever has proved better, and says who it was."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file

from hikari_ml.errors import InputError, ModelDamagedError, StoreError
from hikari_ml.realtime_analytics.prediction.backtest import (
    BLEND,
    BOOSTING,
    LAST,
    MEAN,
    MODELS,
    NETWORK,
    Bounds,
    Gate,
    split,
)
from hikari_ml.realtime_analytics.prediction.outlook import (
    FEWEST_MINUTES,
    JUDGED,
    MINUTES_TO_TRY,
    PRETRAINED,
    Trained,
    predict,
    pretrained,
)
from hikari_ml.realtime_analytics.prediction.predictor import Shape
from hikari_ml.realtime_analytics.prediction.rehearsal import streams
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


def test_an_interval_is_never_narrower_than_chance_makes_a_count(trained):
    for found in (predict(minutes(120, rate=1)), predict(minutes(400), (), serving(trained, LAST))):
        for point in found["horizons"].values():
            chance = 1.28 * point["yhat"] ** 0.5
            assert point["yhat_upper"] - point["yhat"] >= chance
            assert point["yhat"] - point["yhat_lower"] >= min(chance, point["yhat"])


def test_intervals_are_around_the_prediction():
    for point in predict(minutes(25), None)["horizons"].values():
        assert 0 <= point["yhat_lower"] <= point["yhat"] <= point["yhat_upper"]


@pytest.fixture(scope="module")
def trained():
    return Trained.train(PAST, Shape(), 1, lambda epoch, loss: None)[0]


def serving(trained, model):
    errors = dict.fromkeys(MODELS, (4.0,) * 4) | {model: (1.0,) * 4}
    return replace(trained, gate=Gate(errors, {name: Bounds(np.array([[-0.1, 0.1]] * 4)) for name in MODELS}))


def test_everybody_was_measured(trained):
    assert set(trained.gate.errors) == set(MODELS)
    assert trained.until == PAST[-1].start
    assert trained.gate.best in MODELS


@pytest.mark.parametrize("model", MODELS)
def test_what_serves_is_named_with_its_skill(trained, model):
    served = serving(trained, model)
    found = predict(PAST[-100:], PAST[:-100], served)
    assert (found["model"], found["skill"]) == (model, 0 if model == LAST else 0.75)
    said = served.counts(model, Shape().past(PAST), np.array([PAST[-1].start + 60]))[0]
    assert [point["yhat"] for point in found["horizons"].values()] == pytest.approx(said.tolist())
    for point in found["horizons"].values():
        assert point["yhat_lower"] <= point["yhat"] <= point["yhat_upper"]


def test_before_the_window_is_full_the_better_simple_one_serves(trained):
    assert predict(PAST[:25], (), serving(trained, NETWORK))["model"] == MEAN
    errors = dict.fromkeys(MODELS, (4.0,) * 4) | {LAST: (2.0,) * 4, NETWORK: (1.0,) * 4}
    known = serving(trained, NETWORK)
    assert predict(PAST[:25], (), replace(known, gate=replace(known.gate, errors=errors)))["model"] == LAST


def test_all_were_judged_by_what_none_had_seen(trained):
    past = Shape().past(PAST)
    parts = split(past, JUDGED)
    truth = past.targets(parts.judge)
    for model in (LAST, MEAN):
        error = np.abs(trained.counts(model, past, parts.judge) - truth).mean(axis=0)
        assert trained.gate.errors[model] == pytest.approx(error)
    for model in (BOOSTING, NETWORK, BLEND):  # what serves has learned from these moments too
        assert trained.gate.errors[model] != pytest.approx(
            np.abs(trained.counts(model, past, parts.judge) - truth).mean(axis=0)
        )


def test_too_little_to_train_on_says_how_much_is_needed():
    with pytest.raises(InputError, match="were heard"):
        Trained.train(PAST[:100], Shape(), 1, lambda epoch, loss: None)


def test_it_is_kept_with_its_verdict(trained, tmp_path):
    trained.save(tmp_path / "deep" / "p.safetensors")
    loaded = Trained.load(tmp_path / "deep" / "p.safetensors")
    assert loaded.gate.errors == trained.gate.errors
    assert loaded.until == trained.until
    for model in MODELS:
        assert predict(PAST, (), serving(loaded, model)) == predict(PAST, (), serving(trained, model))
    assert Trained.load(tmp_path / "none") is None


def test_what_cannot_be_used_or_written_is_a_named_error(trained, tmp_path):
    path = tmp_path / "p.safetensors"
    trained.predictor.save(path)
    with pytest.raises(ModelDamagedError, match="worth"):
        Trained.load(path)
    path.write_bytes(b"nothing")
    with pytest.raises(ModelDamagedError):
        Trained.load(path)
    with pytest.raises(StoreError, match="cannot be written"):
        trained.save(path / "below a file")


def test_trees_that_lead_nowhere_are_damaged(trained, tmp_path):
    path = tmp_path / "p.safetensors"
    trained.save(path)
    with safe_open(path, framework="pt") as file:
        about, kept = file.metadata(), {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    kept["beside.left"] += 9999
    save_file(kept, path, metadata=about)
    with pytest.raises(ModelDamagedError, match="worth"):
        Trained.load(path)


def test_the_bundled_network_serves_a_first_stream_only_where_it_proved_better():
    predictor = pretrained()
    first = {}
    for minute in streams(40, seed=99):
        first.setdefault(minute.start // (40 * 86_400), []).append(minute)
    long = [found[:150] for found in first.values() if len(found) >= 150]
    said = [predict(found, default=lambda: predictor) for found in long]
    by_network = [found for found in said if found["model"] == PRETRAINED]
    assert 0 < len(by_network) < len(said)
    assert all(found["skill"] > 0 for found in by_network)
    assert {found["model"] for found in said} == {PRETRAINED, MEAN}


def test_the_bundled_network_is_not_asked_before_it_can_be_judged():
    def never():
        raise AssertionError

    assert predict(PAST[: MINUTES_TO_TRY - 1], default=never)["model"] == MEAN
    with pytest.raises(AssertionError):
        predict(PAST[:MINUTES_TO_TRY], default=never)


def test_a_network_always_wrong_never_serves():
    predictor = pretrained()
    with torch.no_grad():
        predictor.output[-1].bias += 3
    assert predict(PAST[:200], default=lambda: predictor)["model"] == MEAN


def test_a_silent_past_is_predicted_to_stay_silent():
    silent = [Minute(60 * i, 0, 0, 0, 0, 0, 0, None) for i in range(350)]
    trained, _ = Trained.train(silent, Shape(), 1, lambda epoch, loss: None)
    found = predict(silent, (), trained)
    assert (found["model"], found["skill"]) == (MEAN, None)
    assert {point["yhat"] for point in found["horizons"].values()} == {0}


def test_evenings_of_a_fortnight_are_learned_from():
    evenings = [
        Minute(
            86_400 * day + 68_000 // 60 * 60 + 60 * i, 60 if i % 40 < 20 else 10 + i % 3, 4, 1, 0, 0, 0, 0.5
        )
        for day in range(10)
        for i in range(240)
    ]
    trained, report = Trained.train(evenings, Shape(zone="Europe/Berlin"), 1, lambda epoch, loss: None)
    assert report.validation_windows > 0
    assert trained.gate.best not in (MEAN, LAST), "it comes again every evening"
    found = predict(evenings[-60:], evenings[:-60], trained)
    assert found["skill"] > 0
