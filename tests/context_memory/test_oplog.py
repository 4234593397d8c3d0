"""The log of changes to vectors: complete from the checkpoint on, and undone with what it logs."""

import pytest

from hikari_ml.context_memory import oplog
from hikari_ml.context_memory.store import Store
from tests.context_memory.test_store import add, record, unit


@pytest.fixture
def store(tmp_path):
    found = Store(tmp_path / "memory", map_size_mb=1)
    yield found
    found.close()


def since(store, seq):
    return store.read(lambda txn: oplog.changed_since(txn, seq))


def seq(store):
    return store.read(oplog.seq_of)


def logging(store):
    """Begin the log now; returns from when it counts."""
    now = seq(store)
    store.write(lambda txn: oplog.trim(txn, now))
    return now


def test_every_write_raises_the_seq(store):
    before = seq(store)
    add(store)
    store.write(lambda txn: None)
    assert seq(store) == before + 2


def test_without_a_checkpoint_nothing_is_logged(store):
    add(store)
    assert store.read(lambda txn: txn.count(oplog.TABLE)) == 0
    assert since(store, 0) is None


def test_it_says_whose_vectors_have_changed(store):
    first = add(store, "a")
    start = logging(store)
    second = add(store, "b")
    middle = seq(store)
    store.write(lambda txn: txn.delete(first))
    store.write(lambda txn: txn.put_vector(second.key, unit(9), "m2"))
    store.write(lambda txn: txn.put(record(second.key)))  # no vector has changed
    assert since(store, start) == [first.key, second.key]
    assert since(store, middle) == [first.key, second.key]
    assert since(store, seq(store)) == []
    assert since(store, start - 1) is None, "it does not reach back so far"
    assert since(store, seq(store) + 1) is None, "there was no such write"


def test_what_is_undone_is_not_logged(store):
    start = logging(store)

    def fail(txn):
        txn.put_vector(7, unit(7), "m1")
        raise ValueError("no")

    store.write(lambda txn: (txn.step(fail), txn.put_vector(8, unit(8), "m1")))
    with pytest.raises(ValueError, match="no"):
        store.write(fail)
    assert since(store, start) == [8]


def test_it_is_trimmed_up_to_the_checkpoint_and_ends_with_it(store):
    logging(store)
    add(store, "a")
    middle = seq(store)
    last = add(store, "b")
    store.write(lambda txn: oplog.trim(txn, middle))
    assert since(store, middle) == [last.key]
    assert since(store, middle - 1) is None
    store.write(oplog.end)
    assert store.read(lambda txn: txn.count(oplog.TABLE)) == 0
    add(store, "c")
    assert since(store, middle) is None


def test_a_store_has_one_id_and_another_has_another(store, tmp_path):
    name = store.read(oplog.environment_of)
    store.compact()
    assert store.read(oplog.environment_of) == name
    assert len(name) == 16
    other = Store(tmp_path / "other", map_size_mb=1)
    assert other.read(oplog.environment_of) != name
    other.close()
