"""What was read is kept, and only what was read."""

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hikari_ml.models.reading import CachedReader, Reading, cache_key, sentiment_score
from hikari_ml.sentiment_analysis.ensemble import sentiment_label


class Counting:
    model_id = embedding_id = "counting"
    dim = 3
    languages = {}

    def __init__(self):
        self.asked = []

    def read(self, texts):
        self.asked += texts
        return [
            Reading(len(text) / 100, 1.0, (1.0,) * 7, (0.0,) * 6, np.ones(3, np.float32), False)
            for text in texts
        ]


def test_a_text_is_read_once():
    reader = CachedReader(counting := Counting(), 10)
    first = reader.read(["a", "b", "a"])
    assert counting.asked == ["a", "b"]
    assert reader.read(["b", "c"])[0] is first[1]
    assert counting.asked == ["a", "b", "c"]
    assert first[0] is first[2]


def test_results_come_in_the_order_asked():
    reader = CachedReader(Counting(), 2)
    texts = ["x" * n for n in (5, 1, 9, 1, 3)]
    assert [reading.sentiment for reading in reader.read(texts)] == [len(text) / 100 for text in texts]


def test_it_keeps_no_more_than_it_may():
    reader = CachedReader(counting := Counting(), 2)
    for text in "abca":
        reader.read([text])
    assert counting.asked == ["a", "b", "c", "a"]


def test_a_size_of_zero_keeps_working():
    reader = CachedReader(Counting(), 0)
    assert len(reader.read(["a", "b"])) == 2


def test_nothing_asked_is_nothing_read():
    assert CachedReader(counting := Counting(), 4).read([]) == []
    assert counting.asked == []


def test_the_key_is_the_same_in_every_process():
    code = "from hikari_ml.models.reading import cache_key; print(cache_key('m', 'héllo'))"
    keys = {
        subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True,
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": "."},
        ).stdout.strip()
        for seed in ("1", "2")
    }  # fmt: skip
    assert keys == {cache_key("m", "héllo")}


def test_the_key_tells_models_and_texts_apart():
    assert len({cache_key(m, t) for m in ("a", "b") for t in ("x", "y", "x\0y")}) == 6


share = st.floats(0, 1)
classes = st.tuples(share, share, share).filter(lambda some: sum(some) > 0.01)


@given(classes)
def test_a_score_keeps_the_likeliest_class(some):
    negative, neutral, positive = (part / sum(some) for part in some)
    score = sentiment_score(negative, neutral, positive)
    assert 0 <= score <= 1
    label = sentiment_label(score).removeprefix("very_")
    parts = {"negative": negative, "neutral": neutral, "positive": positive}
    assert parts[label] == max(parts.values())


@given(classes)
def test_praise_and_blame_mirror_each_other(some):
    negative, neutral, positive = (part / sum(some) for part in some)
    mirrored = 1 - sentiment_score(positive, neutral, negative)
    if negative != positive:
        assert sentiment_score(negative, neutral, positive) == pytest.approx(mirrored)


def test_the_ends_and_the_middle():
    assert sentiment_score(1, 0, 0) == 0
    assert sentiment_score(0, 1, 0) == 0.5
    assert sentiment_score(0, 0, 1) == 1
