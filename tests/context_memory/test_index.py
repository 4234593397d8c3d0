"""The vector index gives exactly what a plain comparison gives."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hikari_ml.context_memory import flat as flat_module
from hikari_ml.context_memory import index as index_module
from hikari_ml.context_memory.index import VectorIndex

DIM = 16


def vectors(count, seed=0):
    rows = np.random.default_rng(seed).normal(size=(count, DIM)).astype(np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    return rows.astype(np.float16).astype(np.float32)


def exact(rows, keys, query, k):
    return [key for _, key in sorted(zip(-(rows @ query), keys, strict=True))][:k]


@pytest.fixture
def index():
    found = VectorIndex(DIM)
    found.add(list(range(100, 400)), vectors(300))
    return found


def test_it_finds_what_comparing_all_finds(index):
    for query in vectors(20, 1):
        found = [key for key, _ in index.search(query, 10)]
        assert found == exact(vectors(300), range(100, 400), query, 10)


@pytest.mark.parametrize("limit", [0, 20_000])
def test_a_scope_limits_before_it_ranks(index, limit, monkeypatch):
    monkeypatch.setattr(flat_module, "GATHER_LIMIT", limit)  # both ways of limiting: own rows, and a mask
    scope = [110, 120, 130, 399, 5555]
    found = [key for key, _ in index.search(vectors(1, 2)[0], 10, scope)]
    assert sorted(found) == [110, 120, 130, 399]
    assert found == exact(vectors(300)[[10, 20, 30, 299]], [110, 120, 130, 399], vectors(1, 2)[0], 10)


def test_an_empty_scope_finds_nothing(index):
    assert index.search(vectors(1)[0], 5, []) == []
    assert VectorIndex(DIM).search(vectors(1)[0], 5) == []


def test_what_was_removed_is_never_found(index):
    index.remove(range(100, 350))
    found = {key for key, _ in index.search(vectors(1)[0], 300)}
    assert found == set(range(350, 400))
    assert len(index) == 50
    assert index.vector(100) is None
    assert np.allclose(index.vector(350), vectors(300)[250])


def test_adding_a_key_again_replaces_it(index):
    index.add([100], vectors(1, 9))
    assert len(index) == 300
    assert index.search(vectors(1, 9)[0], 1)[0][0] == 100


def test_vectors_come_in_the_order_asked(index):
    assert np.allclose(index.vectors([300, 100]), vectors(300)[[200, 0]])


@settings(max_examples=40)
@given(st.data())
def test_after_any_history_it_holds_what_is_left(data):
    index, held, fresh = VectorIndex(DIM), {}, vectors(60, 3)
    for key in data.draw(st.lists(st.integers(0, 20), max_size=60)):
        if key in held and data.draw(st.booleans()):
            index.remove([key])
            del held[key]
        else:
            row = data.draw(st.integers(0, 59))
            index.add([key], fresh[row][None, :])
            held[key] = fresh[row]
    found = index.search(fresh[0], 100)
    assert {key for key, _ in found} == set(held)
    assert all(score == pytest.approx(float(held[key] @ fresh[0]), abs=1e-5) for key, score in found)


def test_a_window_is_the_mean_of_its_lines():
    index = VectorIndex(3)
    index.add([1, 2, 3], np.array([[1, 0, 0], [0, 1, 0], [0, -1, 0]], np.float32))
    query = np.array([0.6, 0.8, 0], np.float32)
    middles, windows = np.array([1, 2, 3]), np.array([[0, 1], [1, 2], [2, 3]])
    found = index.search_windows(query, 9, middles, windows)
    assert [key for key, _ in found] == [2, 1, 3]
    assert [score for _, score in found] == pytest.approx([1.4 / 2**0.5, 0.6, 0.0]), "opposites cancel out"
    assert index.search_windows(query, 1, middles[:2], windows[:2]) == found[:1]
    assert index.search_windows(query, 9, middles[:0], windows[:0]) == []


@given(st.integers(0, 10_000))
def test_windows_are_ranked_as_by_comparing_all(seed):
    rng = np.random.default_rng(seed)
    vectors = rng.normal(size=(20, 8)).astype(np.float16).astype(np.float32)
    index = VectorIndex(8)
    index.add(list(range(1, 21)), vectors)
    middles = np.arange(1, 21)
    windows = middles[:, None] - np.arange(4)
    windows[(windows < 1) | (rng.random(windows.shape) < 0.3) & (windows != middles[:, None])] = 0
    means = {key: vectors[window[window > 0] - 1].mean(0) for key, window in enumerate(windows, start=1)}
    exact = {key: float(mean @ vectors[0] / np.linalg.norm(mean)) for key, mean in means.items()}
    found = index.search_windows(vectors[0], 7, middles, windows)
    assert dict(found) == pytest.approx({key: exact[key] for key, _ in found}, abs=1e-4)
    assert min(score for _, score in found) >= sorted(exact.values())[-7] - 1e-4


@pytest.fixture
def limit(monkeypatch):
    monkeypatch.setattr(index_module, "FLAT_LIMIT", 1000)


@pytest.fixture
def grown(limit):
    index = VectorIndex(DIM, trains=True)
    index.add(list(range(1, 1202)), vectors(1201))
    index.wait()
    yield index
    index.close()


def test_it_is_exact_until_it_has_grown(limit):
    index = VectorIndex(DIM, trains=True)
    index.add(list(range(1000)), vectors(1000))
    assert (index.cells, index._training) == (None, None)
    index.add([1000], vectors(1, 1))
    assert index._training is not None
    index.close()


def test_the_grown_index_finds_nearly_all_and_everything_when_asked_for_it(grown):
    assert grown.cells is not None
    assert grown.trained == 1
    wanted = found = 0
    for query in vectors(50, 7):
        near = {key for key, _ in grown.search(query, 10)}
        wanted += 10
        found += len(near & set(exact(vectors(1201), range(1, 1202), query, 10)))
    assert found >= 0.9 * wanted
    everything = [key for key, _ in grown.search(vectors(1, 2)[0], 2000)]
    assert everything == exact(vectors(1201), range(1, 1202), vectors(1, 2)[0], 2000)


def test_what_is_done_while_it_trains_is_in_the_cells(limit):
    index, held = VectorIndex(DIM, trains=True), dict(enumerate(vectors(1300), 1))
    index.add(list(held), np.array(list(held.values())))
    assert index._training is not None
    fresh = vectors(600, 5)
    for at in range(0, 300, 2):
        index.remove([at + 1])
        del held[at + 1]
        new = {2000 + at: fresh[at], at + 2: fresh[at + 1]}  # one more, and one in the place of another
        index.add(list(new), np.array(list(new.values())))
        held |= new
        assert index.search(fresh[at], 1)[0][0] == 2000 + at, "findable at once"
    index.wait()
    assert index.cells is not None
    assert len(index) == len(held)
    assert np.array_equal(index.vectors(list(held)), np.array(list(held.values())))
    assert {key for key, _ in index.search(fresh[0], 5000)} == set(held)
    index.close()


def test_it_trains_anew_when_it_has_doubled(grown):
    grown.add(list(range(5000, 6300)), vectors(1300, 4))
    grown.wait()
    assert grown.trained == 2
    assert grown.cells.trained_on == 2501


def test_it_is_flat_again_when_little_is_left(grown):
    grown.remove(range(1, 760))
    assert grown.cells is None
    assert {key for key, _ in grown.search(vectors(1)[0], 900)} == set(range(760, 1202))


def test_without_training_it_stays_exact(limit):
    index = VectorIndex(DIM)
    index.add(list(range(2000)), vectors(2000))
    assert (index.cells, index._training) == (None, None)


def test_a_training_that_fails_leaves_it_exact(limit, monkeypatch, caplog):
    monkeypatch.setattr("hikari_ml.context_memory.training.centroids_of", lambda *_: 1 / 0)
    index = VectorIndex(DIM, trains=True)
    index.add(list(range(1201)), vectors(1201))
    index.wait()
    assert "could not be trained" in caplog.text
    assert index.cells is None
    assert len(index.search(vectors(1)[0], 5)) == 5
    assert index._training is None, "it is not tried again at once"
