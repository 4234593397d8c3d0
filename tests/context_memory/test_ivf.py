"""Vectors in cells: what a search may miss is bounded, what a scope may miss is nothing."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hikari_ml.context_memory import ivf
from hikari_ml.context_memory.ivf import Cells, cells_for, centroids_of, enough_probes
from tests.context_memory.test_index import DIM, exact, vectors

COUNT = 3000


def on():
    return True


def themed(count, seed):
    """Vectors that lie in heaps, as what people say does."""
    chance = np.random.default_rng(seed)
    heaps = np.random.default_rng(99).normal(size=(40, DIM))
    rows = heaps[chance.integers(0, 40, count)] + 0.3 * chance.normal(size=(count, DIM))
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    return rows.astype(np.float16).astype(np.float32)


@pytest.fixture(scope="module")
def centroids():
    return centroids_of(themed(COUNT, 1), cells_for(COUNT), 1, on)


@pytest.fixture
def cells(centroids):
    found = Cells(centroids, 8, COUNT)
    found.add(range(1, COUNT + 1), themed(COUNT, 1))
    return found


def keys_of(found):
    keys, scores = found
    return keys[np.lexsort((keys, -scores))].tolist()


@pytest.mark.parametrize(("count", "cells"), [(1, 1), (100, 2), (50_000, 892), (1_000_000, 4000)])
def test_there_are_so_many_cells(count, cells):
    assert cells_for(count) == cells
    assert count < ivf.FEWEST_A_CELL or count >= cells * ivf.FEWEST_A_CELL


def test_training_is_the_same_every_time_and_can_be_stopped(centroids):
    again = centroids_of(themed(COUNT, 1), cells_for(COUNT), 1, on)
    assert np.array_equal(again, centroids)
    assert np.linalg.norm(centroids, axis=1) == pytest.approx(1, abs=1e-5)
    asked = iter([True, True, False])
    assert centroids_of(themed(COUNT, 1), 10, 1, lambda: next(asked)) is None


def test_the_cells_that_are_read_are_enough(cells):
    cells.probes = enough_probes(cells, themed(COUNT, 1)[:100], on)
    assert cells.probes < len(cells.centroids)
    rows, keys = themed(COUNT, 1), range(1, COUNT + 1)
    shares = [
        len({*cells.search(query, 10, None)[0].tolist()} & set(exact(rows, keys, query, 10))) / 10
        for query in themed(100, 2)
    ]
    assert np.mean(shares) >= 0.95
    assert enough_probes(cells, themed(COUNT, 1)[:5], lambda: False) == len(cells.centroids)


@pytest.mark.parametrize(("gather", "all_cells"), [(0, 0), (0, 20_000), (1_000, 20_000)])
def test_a_scope_is_never_starved(cells, gather, all_cells, monkeypatch):
    monkeypatch.setattr(ivf, "GATHER_LIMIT", gather)
    monkeypatch.setattr(ivf, "EXACT_LIMIT", all_cells)
    scope = list(range(5, COUNT, 111))
    query = themed(1, 3)[0]
    found = keys_of(cells.search(query, 1000, [*scope, COUNT + 5, 10**6]))
    assert found == exact(themed(COUNT, 1)[[key - 1 for key in scope]], scope, query, 1000)
    assert len(cells.search(query, 4, scope)[0]) >= 4


def test_a_scope_that_is_searched_in_every_cell_is_exact(cells, monkeypatch):
    monkeypatch.setattr(ivf, "GATHER_LIMIT", 0)
    cells.probes = 1
    scope = list(range(1, COUNT, 3))
    query = themed(1, 4)[0]
    found = keys_of(cells.search(query, 10, scope))[:10]
    assert found == exact(themed(COUNT, 1)[::3][: len(scope)], scope, query, 10)


def test_vectors_lie_bit_for_bit_where_they_are_said_to(cells, centroids):
    assert np.array_equal(cells.vectors([500, 3]), themed(COUNT, 1)[[499, 2]])
    keys, places = cells.layout()
    assert keys.tolist() == list(range(1, COUNT + 1))
    assert (np.argmax(themed(COUNT, 1) @ centroids.T, axis=1) == places).mean() > 0.999
    again = Cells(centroids, cells.probes, COUNT)
    again.fill(keys, themed(COUNT, 1).astype(np.float16), places)
    assert np.array_equal(again.vectors([500, 3]), cells.vectors([500, 3]))
    assert [part.tolist() for part in again.layout()] == [keys.tolist(), places.tolist()]
    query = themed(1, 5)[0]
    assert keys_of(again.search(query, 30, None)) == keys_of(cells.search(query, 30, None))


@settings(max_examples=30)
@given(st.data())
def test_after_any_history_the_cells_hold_what_is_left(data):
    cells, held, fresh = Cells(vectors(4, 1), 1, 4), {}, vectors(60, 3)
    for key in data.draw(st.lists(st.integers(0, 20), max_size=60)):
        if key in held and data.draw(st.booleans()):
            cells.remove([key, 777])
            del held[key]
        else:
            row = data.draw(st.integers(0, 59))
            cells.add([key], fresh[row][None, :])
            held[key] = fresh[row]
    assert cells.keys().tolist() == sorted(held)
    assert len(cells) == len(held)
    found, scores = cells.search(fresh[0], 100, None)
    assert set(found.tolist()) == set(held)
    for key, score in zip(found.tolist(), scores, strict=True):
        assert score == pytest.approx(float(held[key] @ fresh[0]), abs=1e-5)
        assert np.array_equal(cells.vectors([key])[0], held[key])
