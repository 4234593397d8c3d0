"""Training beside the memory thread: whole when it is done, gone when it is stopped."""

import threading

import numpy as np

from hikari_ml.context_memory import training as training_module
from hikari_ml.context_memory.flat import Flat
from hikari_ml.context_memory.training import Training
from tests.context_memory.test_index import DIM, vectors


def source(count=900):
    flat = Flat(DIM)
    flat.add(range(count), vectors(count))
    return flat


def test_its_cells_hold_what_the_source_holds():
    flat = source()
    training = Training(flat, threading.Lock())
    cells = training.result()
    assert cells.keys().tolist() == list(range(900))
    assert np.array_equal(cells.vectors(range(900)), vectors(900))
    assert 1 <= cells.probes <= len(cells.centroids)


def test_what_changes_last_is_put_right_by_who_takes_the_result():
    flat, guard = source(), threading.Lock()
    training = Training(flat, guard)
    assert training._done.wait(60)
    with guard:
        flat.remove([5])
        flat.add([7, 2000], vectors(2, 4))
        training.note([5, 7, 2000])
    cells = training.result()
    assert cells.keys().tolist() == [key for key in range(900) if key != 5] + [2000]
    assert np.array_equal(cells.vectors([7, 2000]), vectors(2, 4))


def test_stopped_it_ends_by_itself_without_a_result(monkeypatch):
    going = threading.Event()
    really = training_module.centroids_of

    def slowly(*given):
        going.set()
        while given[3]():
            pass
        return really(*given)

    monkeypatch.setattr(training_module, "centroids_of", slowly)
    training = Training(source(), threading.Lock())
    assert going.wait(60)
    training.stop()
    assert training.result() is None
    assert not training._thread.is_alive()


def test_stopped_at_once_it_complains_of_nothing(caplog):
    guard = threading.Lock()
    with guard:
        training = Training(source(), guard)
        training._stop.set()
    assert training.result() is None
    assert caplog.text == ""
