"""The index of a store over its life: what is kept is used if it fits, and never believed if it does not."""

import numpy as np
import pytest

from hikari_ml.context_memory import checkpoint, keeper, oplog
from hikari_ml.context_memory import index as index_module
from hikari_ml.context_memory.checkpoint import NAME
from hikari_ml.context_memory.keeper import IndexKeeper
from hikari_ml.context_memory.record import Record
from hikari_ml.context_memory.snapshot import Snapshot
from hikari_ml.context_memory.store import Store
from hikari_ml.errors import StoreError
from tests.context_memory.test_index import DIM, vectors


class Model:
    model_id = "m1"
    dim = DIM


class House:
    """A store and its index, as the core has them."""

    def __init__(self, folder, read_only=False, model=Model):
        self.store = Snapshot(folder) if read_only else Store(folder, map_size_mb=1)
        self.keeper = IndexKeeper(self.store, model)
        self.index = self.keeper.index
        self.others = self.store.read(self.keeper.load)

    def add(self, rows):
        def act(txn):
            made = [Record(txn.next_key(), "", "", "", {}, 0.5, "episodic", 0, 0) for _ in rows]
            for record, row in zip(made, rows, strict=True):
                record.id = record.content = f"mem-{record.key}"
                txn.put(record)
                txn.put_vector(record.key, row, "m1")
            return [record.key for record in made]

        keys = self.store.write(act)
        self.index.add(keys, rows)
        self.keeper.tend()
        return keys

    def remove(self, keys):
        self.store.write(lambda txn: [txn.delete(txn.get(key)) for key in keys])
        self.index.remove(keys)
        self.keeper.tend()

    def train(self):
        self.index.wait()
        self.keeper.tend()

    def close(self):
        try:
            self.keeper.close()
        finally:
            self.store.close()

    def check(self):
        """The index holds what the store does, and nothing else."""
        held = self.store.read(lambda txn: {key: row for key, _, row in txn.vectors()})
        assert len(self.index) == len(held)
        found = self.index.search(vectors(1, 3)[0], len(held) + 1)
        assert {key for key, _ in found} == set(held)
        assert np.array_equal(self.index.vectors(list(held)), np.array(list(held.values())))


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Of a store whose index has been trained and kept."""
    monkeypatch.setattr(index_module, "FLAT_LIMIT", 500)
    house = House(tmp_path / "memory")
    house.add(vectors(600))
    house.train()
    house.close()
    return tmp_path / "memory"


def kept(folder):
    return checkpoint.read(folder)


def test_a_small_index_keeps_nothing(tmp_path):
    house = House(tmp_path / "memory")
    house.add(vectors(50))
    house.close()
    assert not (tmp_path / "memory" / NAME).exists()
    house = House(tmp_path / "memory")
    assert house.index.cells is None
    house.check()
    house.close()


def test_what_was_trained_is_there_at_the_next_opening(folder):
    house = House(folder)
    assert house.index.cells is not None
    assert (house.index.trained, house.index._training) == (0, None)
    assert house.index.cells.layout()[1].tolist() == kept(folder).cells.tolist()
    house.check()
    house.close()


@pytest.mark.parametrize("way", ["closed", "killed"])
def test_what_has_changed_since_is_found(folder, way):
    house = House(folder)
    before = kept(folder).seq
    house.remove(range(10, 60))
    added = house.add(vectors(70, 2))
    house.store.write(lambda txn: txn.put_vector(100, vectors(1, 9)[0], "m1"))
    house.index.add([100], vectors(1, 9))
    assert house.store.read(lambda txn: txn.count(oplog.TABLE)) == 121
    if way == "closed":
        house.close()
        assert kept(folder).seq > before
    else:
        house.index.close()
        house.store.close()
        assert kept(folder).seq == before
    house = House(folder)
    assert house.index.cells is not None
    house.check()
    keys, cells = house.index.cells.layout()
    new = np.argmax(vectors(1, 9) @ house.index.cells.centroids.T)
    assert cells[keys.tolist().index(100)] == new, "a vector made anew has its own cell"
    assert added[-1] in keys
    house.close()


def test_it_is_kept_anew_after_so_many_changes(folder, monkeypatch):
    monkeypatch.setattr(keeper, "KEEP_AFTER", 50)
    house = House(folder)
    before = kept(folder).seq
    house.add(vectors(49, 2))
    assert kept(folder).seq == before
    house.add(vectors(1, 3))
    assert kept(folder).seq > before
    assert house.store.read(lambda txn: txn.count(oplog.TABLE)) == 0
    house.close()


def unfit(folder, what):
    path = folder / NAME
    whole = path.read_bytes()
    if what == "deleted":
        path.unlink()
    elif what == "truncated":
        path.write_bytes(whole[: len(whole) // 2])
    elif what == "flipped":
        path.write_bytes(whole[:2000] + bytes([whole[2000] ^ 8]) + whole[2001:])
    elif what == "empty":
        path.write_bytes(b"")
    else:
        found = kept(folder)
        changed = {
            "of another store": {"environment": b"another"},
            "of another model": {"model_id": "m2"},
            "of the future": {"seq": found.seq + 1000},
            "older than the log": {"seq": found.seq - 1},
        }[what]
        values = {name: getattr(found, name) for name in found.__slots__}
        checkpoint.write(folder, checkpoint.Checkpoint(**{**values, **changed}))


@pytest.mark.parametrize(
    "what",
    [
        "deleted",
        "truncated",
        "flipped",
        "empty",
        "of another store",
        "of another model",
        "of the future",
        "older than the log",
    ],
)
def test_what_does_not_fit_is_not_believed(folder, what):
    unfit(folder, what)
    house = House(folder)
    assert house.index.cells is None
    house.check()
    house.keeper.tend()
    assert not (folder / NAME).exists(), "nor is it kept"
    house.train()
    assert kept(folder).keys.tolist() == list(range(1, 601))
    house.check()
    house.close()


def test_a_reader_uses_it_and_changes_nothing(folder):
    before = {path.name: path.read_bytes() for path in folder.iterdir() if path.name != "lock.mdb"}
    for _ in range(2):
        house = House(folder, read_only=True)
        house.check()
        house.keeper.tend()
        house.close()
    assert house.index.cells is not None
    unfit(folder, "flipped")
    house = House(folder, read_only=True)
    assert (house.index.cells, house.index._training) == (None, None)
    house.check()
    house.close()
    unfit(folder, "deleted")
    (folder / NAME).write_bytes(before[NAME])
    assert {path.name: path.read_bytes() for path in folder.iterdir() if path.name != "lock.mdb"} == before


def test_what_must_leave_no_trace_shapes_no_cell(folder):
    house = House(folder)
    house.remove(range(1, 60))
    house.keeper.forget()
    assert not (folder / NAME).exists()
    house.close()
    assert not (folder / NAME).exists(), "the old cells are not kept, whenever it is closed"
    house = House(folder)
    house.train()
    house.keeper.forget()
    house.train()
    assert kept(folder).trained_on == 541
    house.check()
    house.close()


def test_one_that_cannot_be_written_is_nobodys_failure(folder, monkeypatch, caplog):
    def full(*_):
        raise StoreError(folder, "disk full")

    house = House(folder)
    house.add(vectors(70, 2))
    before = kept(folder).seq
    with monkeypatch.context() as patched:
        patched.setattr(checkpoint, "write", full)
        patched.setattr(keeper, "KEEP_AFTER", 1)
        house.keeper.tend()
    assert "tried again" in caplog.text
    assert kept(folder).seq == before
    house.close()
    assert kept(folder).seq > before


def test_when_little_is_left_nothing_is_kept(folder):
    house = House(folder)
    house.remove(range(1, 400))
    assert house.index.cells is None
    assert not (folder / NAME).exists()
    house.close()


def test_vectors_of_other_models_are_named(folder):
    house = House(folder)
    house.store.write(lambda txn: txn.put_vector(3, vectors(1, 1)[0], "m2"))
    house.store.write(lambda txn: txn.put_vector(4, vectors(1, 1)[0][:5], "m1"))
    house.close()
    house = House(folder)
    assert house.others == {"m2", "m1"}
    assert 3 not in house.index
    assert 4 not in house.index
    house.close()


def test_after_closing_it_rests(folder, caplog):
    house = House(folder)
    house.add(vectors(70, 2))
    house.close()
    house.keeper.tend()
    assert caplog.text == ""
