"""All vectors compared, in float16."""

import numpy as np
import pytest

from hikari_ml.context_memory.flat import Flat
from tests.context_memory.test_index import DIM, vectors


def test_vectors_come_back_as_the_store_holds_them():
    flat = Flat(DIM)
    rows = np.random.default_rng(1).normal(size=(50, DIM)).astype(np.float32)
    flat.add(range(50), rows)
    assert np.array_equal(flat.vectors([7, 3]), rows.astype(np.float16).astype(np.float32)[[7, 3]])
    assert flat.vectors([]).shape == (0, DIM)


def test_what_is_stored_is_taken_in_as_it_is():
    added, filled = Flat(DIM), Flat(DIM)
    halves = vectors(70).astype(np.float16)
    added.add(range(1, 71), halves.astype(np.float32))
    for part in (slice(0, 0), slice(0, 40), slice(40, 70)):
        filled.fill(np.arange(1, 71)[part], halves[part])
    filled.remove([3])
    added.remove([3])
    assert np.array_equal(filled.vectors(added.keys()), added.vectors(added.keys()))
    assert (
        filled.search(vectors(1, 8)[0], 5, None)[0].tolist()
        == added.search(vectors(1, 8)[0], 5, None)[0].tolist()
    )


def test_it_holds_what_is_left_and_closes_the_gaps():
    flat = Flat(DIM)
    flat.add(np.arange(200), vectors(200))
    flat.remove([*range(120), 999])
    assert flat.keys().tolist() == list(range(120, 200))
    assert flat._rows.ntotal < 200
    assert (len(flat), 5 in flat, 150 in flat) == (80, False, True)
    assert np.array_equal(flat.vectors([150]), vectors(200)[150:151])


def test_the_same_history_gives_the_same_answer_to_the_last_bit():
    def found():
        flat = Flat(DIM)
        flat.add(range(300), vectors(300))
        flat.remove(range(50, 200))
        keys, scores = flat.search(vectors(1, 8)[0], 20, None)
        return keys.tolist(), scores.tolist()

    assert found() == found()


@pytest.mark.parametrize("scope", [None, [], [3]])
def test_nothing_is_found_in_nothing(scope):
    keys, scores = Flat(DIM).search(vectors(1)[0], 3, scope)
    assert len(keys) == len(scores) == 0
