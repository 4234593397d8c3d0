"""The blocking heart: groups that commit together, caches that follow the store."""

from pathlib import Path

import numpy as np
import pytest

from hikari_ml.config import MemorySettings
from hikari_ml.context_memory.core import FLUSH_AFTER, Change, Job, MemoryCore, Question
from hikari_ml.context_memory.record import Record
from hikari_ml.context_memory.store import Store
from hikari_ml.errors import ModelMissingError, StoreError
from hikari_ml.models.entities import EntityFinder
from hikari_ml.runtime.clock import ManualClock
from tests.support import START


class Letters:
    """An embedder that counts letters: quick, and near for near words."""

    model_id = "letters"
    dim = 26

    def __init__(self):
        self.batches = []

    def embed(self, texts):
        self.batches.append(len(texts))
        rows = np.array(
            [[t.casefold().count(chr(97 + i)) + 0.01 for i in range(26)] for t in texts], np.float32
        )
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)


@pytest.fixture(scope="module")
def entities():
    return EntityFinder()


@pytest.fixture
def core(tmp_path, entities):
    store = Store(tmp_path / "memory", map_size_mb=1)
    found = MemoryCore(store, MemorySettings(), Letters(), entities, ManualClock(START))
    yield found
    found.close()


def saving(core, content):
    def act(txn, vectors):
        record = Record(txn.next_key(), f"mem-{content}", content, "fact", {}, 0.5, "short_term", 0, 0)
        return Change(record.id, core.save(txn, record, vectors[0], core.embedder.model_id))

    return Job(act, grouped=True, texts=[content])


def test_waiting_texts_are_embedded_together(core):
    core.work([saving(core, f"text {i}") for i in range(10)])
    assert core.embedder.batches == [10]


@pytest.mark.parametrize(
    "error", [ValueError("mine"), TimeoutError("mine"), ModelMissingError("m", Path("mine"))]
)
def test_a_job_that_fails_fails_alone(core, error):
    def fail(txn, vectors):
        txn.next_key()
        raise error

    outcomes = core.work([saving(core, "a"), Job(fail, grouped=True, texts=["x"]), saving(core, "b")])
    assert outcomes[0::2] == ["mem-a", "mem-b"]
    assert outcomes[1] is error
    assert len(core.tiers) == 2


def test_a_commit_that_fails_reaches_its_whole_group_and_changes_no_cache(core, monkeypatch):
    def full(act):
        raise StoreError(core.store.folder, "disk full")

    with monkeypatch.context() as patched:
        patched.setattr(core.store, "write", full)
        outcomes = core.work([saving(core, "a"), Job(lambda: 42), saving(core, "b")])
    assert [type(o) for o in outcomes] == [StoreError, int, StoreError]
    assert len(core.tiers) == len(core.index) == 0
    assert core.work([saving(core, "a")]) == ["mem-a"]


def test_a_text_that_cannot_be_embedded_fails_alone(core, monkeypatch):
    embed = core.embedder.embed

    def picky(texts):
        if "poison" in texts:
            raise ValueError("cannot be embedded")
        return embed(texts)

    monkeypatch.setattr(core.embedder, "embed", picky)
    outcomes = core.work(
        [saving(core, "a"), saving(core, "poison"), saving(core, "b"), Job(len, texts=["poison"])]
    )
    assert outcomes[0::2] == ["mem-a", "mem-b"]
    assert [str(outcome) for outcome in outcomes[1::2]] == ["cannot be embedded"] * 2


def test_reads_see_the_writes_before_them_in_the_same_turn(core):
    outcomes = core.work(
        [saving(core, "a"), Job(lambda: len(core.tiers)), saving(core, "b"), Job(lambda: len(core.index))]
    )
    assert outcomes == ["mem-a", 1, "mem-b", 2]


def test_what_recall_strengthened_is_written_on_closing(tmp_path, entities):
    def open_core():
        return MemoryCore(
            Store(tmp_path / "m", map_size_mb=1), MemorySettings(), Letters(), entities, ManualClock(START)
        )

    core = open_core()
    core.work([saving(core, "apple")])
    key = next(iter(core.tiers)).key
    recall(core, "apple")
    core.close()
    core = open_core()
    assert core.tiers[key].access_count == 1
    core.close()


def recall(core, text):
    question = Question(text, 5, None, None, None, strengthen=True)
    return core.work([Job(lambda vectors: core.retrieve(question, vectors[0]), texts=[text])])


def stored_recalls(core):
    return sum(core.store.read(lambda txn: [record.access_count for record in txn.records()]))


def test_recalls_are_written_with_the_next_write(core):
    core.work([saving(core, "apple")])
    recall(core, "apple")
    assert stored_recalls(core) == 0
    core.work([saving(core, "banana")])
    assert stored_recalls(core) == 1


def test_recalls_without_any_write_are_written_after_a_few(core):
    core.work([saving(core, "apple")])
    for _ in range(FLUSH_AFTER):
        recall(core, "apple")
    assert stored_recalls(core) == FLUSH_AFTER


def refusing(core):
    def full(act):
        raise StoreError(core.store.folder, "disk full")

    return full


def test_recalls_that_could_not_be_written_are_kept_for_later(core, monkeypatch):
    core.work([saving(core, "apple")])
    recall(core, "apple")
    with monkeypatch.context() as patched:
        patched.setattr(core.store, "write", refusing(core))
        with pytest.raises(StoreError):
            core.flush_touched()
    core.flush_touched()
    assert stored_recalls(core) == 1


def test_a_row_that_cannot_be_read_keeps_no_other_from_being_written(core):
    core.work([saving(core, "apple"), saving(core, "banana")])
    for name in ("apple", "banana"):
        recall(core, name)
    damaged, whole = sorted(slot.key for slot in core.tiers)
    core.store.write(lambda txn: txn._put("records", damaged.to_bytes(8, "big"), b"damaged"))
    assert core.work([saving(core, "cherry")]) == ["mem-cherry"]
    (record,) = core.contents([whole])
    assert record.access_count > 0


def test_recall_answers_while_nothing_can_be_written(core, monkeypatch):
    core.work([saving(core, "apple")])
    monkeypatch.setattr(core.store, "write", refusing(core))
    for _ in range(FLUSH_AFTER + 1):
        ((found,),) = recall(core, "apple")
    assert found["access_count"] == FLUSH_AFTER + 1
    monkeypatch.undo()


def test_the_store_is_released_even_if_the_last_flush_fails(tmp_path, entities, monkeypatch):
    def open_core():
        return MemoryCore(
            Store(tmp_path / "m", map_size_mb=1), MemorySettings(), Letters(), entities, ManualClock(START)
        )

    core = open_core()
    core.work([saving(core, "apple")])
    recall(core, "apple")
    monkeypatch.setattr(core.store, "write", refusing(core))
    with pytest.raises(StoreError, match="disk full"):
        core.close()
    open_core().close()
