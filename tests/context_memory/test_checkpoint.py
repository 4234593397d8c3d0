"""The checkpoint file: whole or not there."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hikari_ml.context_memory import checkpoint
from hikari_ml.context_memory.checkpoint import NAME, Checkpoint
from hikari_ml.errors import StoreError


@pytest.fixture
def made():
    centroids = np.random.default_rng(1).normal(size=(3, 4)).astype(np.float32)
    return Checkpoint(b"e" * 16, "m1", 7, 2, 9, centroids, np.array([2, 5, 2**40]), np.array([0, 2, 0]))


def same(one, two):
    return one.pack() == two.pack()


def test_what_was_written_is_read(tmp_path, made):
    assert checkpoint.read(tmp_path) is None
    checkpoint.write(tmp_path, replace(made, seq=1))
    checkpoint.write(tmp_path, made)
    found = checkpoint.read(tmp_path)
    assert same(found, made)
    assert (found.environment, found.model_id, found.seq, found.probes) == (b"e" * 16, "m1", 7, 2)
    assert [path.name for path in tmp_path.iterdir()] == [NAME]


def test_one_without_vectors_is_one(tmp_path, made):
    none = replace(made, keys=made.keys[:0], cells=made.cells[:0])
    checkpoint.write(tmp_path, none)
    assert same(checkpoint.read(tmp_path), none)


@given(data=st.data())
def test_any_damage_is_noticed(tmp_path_factory, data):
    folder = tmp_path_factory.mktemp("cells")
    centroids = np.ones((3, 4), np.float32)
    checkpoint.write(folder, Checkpoint(b"e", "m", 7, 2, 9, centroids, np.arange(9), np.arange(9) % 3))
    whole = (folder / NAME).read_bytes()
    at = data.draw(st.integers(0, len(whole) - 1))
    cut = data.draw(st.booleans())
    flipped = bytes([whole[at] ^ (1 << data.draw(st.integers(0, 7)))])
    (folder / NAME).write_bytes(whole[:at] if cut else whole[:at] + flipped + whole[at + 1 :])
    assert checkpoint.read(folder) is None


@pytest.mark.parametrize(
    "wrong",
    [{"cells": np.array([0, 3, 0])}, {"cells": np.array([0, -1, 0])}, {"keys": np.array([5, 2, 9])}],
    ids=["no such cell", "a cell below none", "keys that do not rise"],
)
def test_what_does_not_fit_is_not_used(tmp_path, made, wrong, caplog):
    checkpoint.write(tmp_path, replace(made, **wrong))
    assert checkpoint.read(tmp_path) is None
    assert "built anew" in caplog.text


def test_another_version_is_not_used(tmp_path, made, monkeypatch):
    monkeypatch.setattr(checkpoint, "FORMAT", 2)
    checkpoint.write(tmp_path, made)
    monkeypatch.undo()
    assert checkpoint.read(tmp_path) is None


def test_one_that_cannot_be_written_leaves_the_one_before(tmp_path, made, monkeypatch):
    checkpoint.write(tmp_path, made)
    monkeypatch.setattr("os.fsync", lambda _: (_ for _ in ()).throw(OSError(28, "No space left on device")))
    with pytest.raises(StoreError, match="No space left"):
        checkpoint.write(tmp_path, replace(made, seq=8))
    assert checkpoint.read(tmp_path).seq == 7
    assert [path.name for path in tmp_path.iterdir()] == [NAME]


def test_removed_it_is_nowhere(tmp_path, made):
    checkpoint.remove(tmp_path)
    checkpoint.write(tmp_path, made)
    (tmp_path / checkpoint.BESIDE).write_bytes(b"half of one")
    checkpoint.remove(tmp_path)
    assert list(tmp_path.iterdir()) == []
    (tmp_path / NAME).mkdir()
    with pytest.raises(StoreError, match="cannot be removed"):
        checkpoint.remove(tmp_path)
    assert checkpoint.read(tmp_path) is None


def test_keys_that_have_changed_are_left_out(made):
    keys, cells = checkpoint.without(made, [5, 99])
    assert (keys.tolist(), cells.tolist()) == ([2, 2**40], [0, 0])
