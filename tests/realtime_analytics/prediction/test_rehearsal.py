"""Simulated streams look like streams, and are the same every time."""

from itertools import pairwise

import numpy as np

from hikari_ml.realtime_analytics.prediction.predictor import ViewerEngagementPredictor
from hikari_ml.realtime_analytics.prediction.rehearsal import (
    APART,
    HOURS,
    RATES,
    WINDOW,
    streams,
    train_default,
)


def by_stream(minutes):
    found = {}
    for minute in minutes:
        found.setdefault(minute.start // APART, []).append(minute)
    return list(found.values())


def test_streams_are_without_holes_and_far_apart():
    found = by_stream(streams(20, seed=1))
    assert len(found) == 20
    for stream in found:
        assert all(later.start - minute.start == 60 for minute, later in pairwise(stream))
        assert 60 * HOURS[0] <= len(stream) <= 60 * HOURS[1]


def test_counts_fit_each_other():
    for minute in streams(20, seed=1):
        assert 0 <= minute.newcomers <= minute.chatters <= minute.messages
        assert max(minute.toxic, minute.repeated, minute.with_cue) <= minute.messages
        assert (minute.mood is None) == (minute.messages == 0)
        assert minute.mood is None or 0 <= minute.mood <= 1


def test_they_are_quiet_and_busy():
    means = [np.mean([minute.messages for minute in stream]) for stream in by_stream(streams(60, seed=1))]
    assert min(means) < 3 * RATES[0]
    assert max(means) > RATES[1] / 2


def test_a_seed_makes_them_the_same_again():
    assert streams(3, seed=5) == streams(3, seed=5)
    assert streams(3, seed=5) != streams(3, seed=6)


def test_the_command_that_makes_the_bundled_one_makes_one(tmp_path):
    told = []
    path = tmp_path / "deep" / "p.safetensors"
    report = train_default(path, count=6, epochs=1, on_epoch=lambda epoch, loss: told.append(epoch))
    assert told == [1, 2]
    assert report.validation_windows > 0
    predictor = ViewerEngagementPredictor.load(path)
    assert predictor.shape.window == WINDOW
    assert set(predictor.predict(streams(1, seed=9))) == {5, 15, 30, 60}
