"""Rows are read as they were packed, and a damaged one says so."""

from dataclasses import replace

import msgpack
import numpy as np
import pytest

from hikari_ml.context_memory.record import Record
from hikari_ml.context_memory.rows import (
    DAMAGED,
    Edge,
    Episode,
    unpack_edge,
    unpack_episode,
    unpack_record,
    unpack_vector,
)

NUMBER = (7).to_bytes(8, "big")


def test_every_row_is_read_as_it_was_packed():
    edge = Edge("anna", "likes", "tea", (1, 2))
    episode = Episode(7, 5, 9, (1, 2, 3), "they talked", "extractive")
    record = Record(7, "mem-7", "hello", "fact", {"user": "anna"}, 0.5, "long_term", 10, 20)
    assert unpack_edge(b"", edge.pack()) == edge
    assert unpack_episode(NUMBER, episode.pack()) == episode
    assert unpack_record(NUMBER, record.pack()) == record
    model, vector = unpack_vector(b"", b"\0\3" + np.array([0.5, -1], np.float16).tobytes())
    assert model == 3
    assert vector.tolist() == [0.5, -1]


@pytest.mark.parametrize("data", [b"", b"\xc1", b"\0", msgpack.packb([1]), msgpack.packb({"a": 1})])
@pytest.mark.parametrize("unpack", [unpack_edge, unpack_episode, unpack_record])
def test_a_damaged_row_raises_what_damage_raises(unpack, data):
    with pytest.raises(DAMAGED):
        unpack(NUMBER, data)


def test_evidence_that_is_no_key_is_damage():
    with pytest.raises(DAMAGED):
        unpack_edge(b"", msgpack.packb(["anna", "likes", "tea", ["one"]]))


@pytest.mark.parametrize(
    "change",
    [
        {"tier": "shorv_term"},
        {"created_at": 10**18},
        {"last_access": -(10**15)},
        {"created_at": "10"},
        {"count": 1.5},
        {"importance": 2.0},
        {"metadata": {"user": 5}},
        {"said": (20, 10)},
        {"content": b"hello"},
    ],
)
def test_a_record_is_what_it_should_be_in_every_field(change):
    record = Record(7, "mem-7", "hello", "fact", {"user": "anna"}, 0.5, "episodic", 10, 20)
    assert unpack_record(NUMBER, record.pack()) == record
    with pytest.raises(DAMAGED):
        unpack_record(NUMBER, replace(record, **change).pack())


def test_an_edge_has_names_and_an_episode_a_time():
    with pytest.raises(DAMAGED):
        unpack_edge(b"", Edge(5, "likes", "tea", (1,)).pack())
    with pytest.raises(DAMAGED):
        unpack_episode(NUMBER, Episode(7, 5, 10**18, (1, 2, 3), "they talked", "extractive").pack())
