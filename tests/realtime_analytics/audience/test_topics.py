"""Words about the same are one topic, named by themselves."""

import msgpack
import numpy as np
import pytest

from hikari_ml.realtime_analytics.audience.topics import MOST, WORDS, Topics


def near(axis, seed, size=64):
    vector = np.random.default_rng(seed).normal(0, 0.05, size)
    vector[axis] += 1
    return vector.astype(np.float32)


@pytest.fixture
def topics():
    found = Topics()
    for i in range(12):
        found.learn((["cats", "kittens", "paws"][i % 3], "cat"), near(0, i))
        found.learn((["chess", "rook", "pawn"][i % 3],), near(1, 100 + i))
    return found


def test_words_of_one_cluster_are_one_topic(topics):
    assert len(topics) == 2
    assert topics.cluster("kittens") == topics.cluster("cats") != topics.cluster("rook")
    merged = topics.merged({"cats": 3.0, "kittens": 2.0, "chess": 4.0, "tea": 1.0})
    assert [name for name, _ in merged] == ["cats kittens", "chess", "tea"]
    assert merged[0][1] == 1
    assert merged[1][1] == pytest.approx(4 / 5)


def test_without_clusters_words_stand_for_themselves():
    assert Topics().merged({"cats": 2.0, "tea": 1.0, "gone": 0.0}) == [("cats", 1.0), ("tea", 0.5)]
    assert Topics().merged({}) == []


def test_a_word_said_about_everything_belongs_nowhere(topics):
    for i in range(10):
        topics.learn(("stream",), near(i % 2, 200 + i))
    assert topics.cluster("stream") is None


def test_lines_without_words_or_without_meaning_teach_nothing(topics):
    topics.learn((), near(5, 1))
    topics.learn(("word",), np.zeros(64, np.float32))
    assert len(topics) == 2


def test_whatever_comes_it_stays_small():
    found, rng = Topics(), np.random.default_rng(0)
    for i in range(3000):
        found.learn((f"word{i}", f"other{i % 100}"), rng.normal(size=64).astype(np.float32))
    assert len(found) == MOST
    assert max(map(len, found._words)) <= WORDS
    assert len(msgpack.packb(found.pack())) < 90_000


def test_another_model_starts_afresh(topics):
    topics.learn(("new",), near(0, 1, size=32))
    assert len(topics) == 1


def test_what_is_packed_comes_back(topics):
    other = Topics()
    other.unpack(msgpack.unpackb(msgpack.packb(topics.pack())))
    weights = {"cats": 3.0, "kittens": 2.0, "chess": 4.0}
    assert other.merged(weights) == topics.merged(weights)
    other.learn(("cats",), near(0, 7))
    assert len(other) == 2


def test_words_that_one_alone_has_said_go_with_them():
    found = Topics()
    found.learn(("secret", "tea"), near(0, 1), "anna")
    found.learn(("tea",), near(0, 2), "ben")
    other = Topics()
    other.unpack(msgpack.unpackb(msgpack.packb(found.pack())))
    for some in (found, other):
        some.forget("anna")
        assert list(some._words[0]) == ["tea"]
        assert b"secret" not in msgpack.packb(some.pack())


def test_a_name_can_be_forgotten(topics):
    topics.forget("cats")
    assert topics.cluster("cats") is None
    assert b"cats" not in msgpack.packb(topics.pack())
