"""The store is the truth: whole transactions, one writer, grows, survives."""

import os
import random
import shutil
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import lmdb
import numpy as np
import pytest

from hikari_ml.context_memory.record import Record
from hikari_ml.context_memory.rows import Edge, Episode
from hikari_ml.context_memory.snapshot import Snapshot
from hikari_ml.context_memory.store import FORMAT, Store
from hikari_ml.errors import StoreError, StoreLockedError, StoreVersionError


def record(key, content="hello", user="anna"):
    return Record(key, f"mem-{key}", content, "fact", {"user": user}, 0.5, "short_term", 10, 20)


def unit(seed, dim=8):
    row = np.random.default_rng(seed).normal(size=dim).astype(np.float32)
    return row / np.linalg.norm(row)


@pytest.fixture
def store(tmp_path):
    found = Store(tmp_path / "memory", map_size_mb=1)
    yield found
    found.close()


def add(store, content="hello", model="m1"):
    def act(txn):
        made = record(txn.next_key(), content)
        txn.put(made)
        txn.put_vector(made.key, unit(made.key), model)
        return made

    return store.write(act)


def test_what_was_written_is_read(store):
    made = add(store)
    assert store.read(lambda txn: txn.get(made.key)) == made
    assert store.read(lambda txn: txn.key_of(made.id)) == made.key
    assert store.read(lambda txn: txn.same_as(made.same_key())) == made.key
    ((key, model, vector),) = store.read(lambda txn: list(txn.vectors()))
    assert (key, model) == (made.key, "m1")
    assert vector == pytest.approx(unit(made.key), abs=1e-3)


def test_a_failed_write_leaves_nothing(store):
    def act(txn):
        txn.put(record(txn.next_key()))
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        store.write(act)
    assert store.read(lambda txn: list(txn.records())) == []


def test_one_step_that_fails_takes_no_other_with_it(store):
    def fail(txn):
        txn.put(record(txn.next_key(), "lost"))
        raise ValueError("mine alone")

    def good(content):
        return lambda txn: txn.put(record(txn.next_key(), content))

    outcomes = store.write(lambda txn: [txn.step(good("one")), txn.step(fail), txn.step(good("two"))])
    assert [str(o) for o in outcomes if isinstance(o, Exception)] == ["mine alone"]
    assert [r.content for r in store.read(lambda txn: list(txn.records()))] == ["one", "two"]


def test_keys_are_never_used_twice(store):
    first = add(store)
    store.write(lambda txn: txn.delete(first))
    assert add(store).key > first.key


def test_a_deleted_record_is_nowhere(store):
    made = add(store)
    store.write(lambda txn: txn.delete(made))
    assert (
        store.read(lambda txn: (txn.get(made.key), txn.key_of(made.id), txn.same_as(made.same_key())))
        == (None,) * 3
    )
    assert store.read(lambda txn: list(txn.vectors())) == []


@pytest.mark.parametrize("strange", ["", "x" * 600, "mem-\ud800"])
def test_strange_ids_are_simply_not_there(store, strange):
    assert store.read(lambda txn: txn.key_of(strange)) is None


def test_the_map_grows_before_anything_is_lost(store):
    contents = [f"{i}" + "x" * 20_000 for i in range(200)]  # four times the map it began with
    for content in contents:
        add(store, content)
    assert [r.content for r in store.read(lambda txn: list(txn.records()))] == contents


def test_one_big_transaction_grows_the_map_too(store):
    def act(txn):
        for i in range(150):
            txn.put(record(txn.next_key(), f"{i}" + "x" * 20_000))

    store.write(act)
    assert store.read(lambda txn: sum(1 for _ in txn.records())) == 150


def test_vectors_remember_their_model(store):
    add(store, "a", "m1")
    add(store, "b", "m2")
    assert [model for _, model, _ in store.read(lambda txn: list(txn.vectors()))] == ["m1", "m2"]


def test_edges_and_episodes(store):
    edge, episode = (
        Edge("anna", "likes", "tea", (1, 2)),
        Episode(1, 5, 9, (1, 2, 3), "they talked", "extractive"),
    )
    store.write(lambda txn: (txn.put_edge(b"d" * 16, edge), txn.put_episode(episode)))
    assert store.read(lambda txn: list(txn.edges())) == [(b"d" * 16, edge)]
    assert store.read(lambda txn: list(txn.episodes())) == [episode]
    assert store.read(lambda txn: (txn.get_episode(1), txn.get_episode(2))) == (episode, None)
    store.write(
        lambda txn: (txn.put_edge(b"d" * 16, Edge("anna", "likes", "tea", ())), txn.delete_episode(1))
    )
    assert store.read(lambda txn: (list(txn.edges()), list(txn.episodes()))) == ([], [])


def test_a_second_writer_is_refused(store, tmp_path):
    with pytest.raises(StoreLockedError, match="another process"):
        Store(tmp_path / "memory", map_size_mb=1)


def test_it_opens_again_after_it_was_closed(tmp_path):
    first = Store(tmp_path / "memory", map_size_mb=1)
    made = add(first)
    first.close()
    second = Store(tmp_path / "memory", map_size_mb=1)
    assert second.read(lambda txn: txn.get(made.key)) == made
    second.close()


def test_a_file_of_a_newer_version_is_left_alone(tmp_path):
    store = Store(tmp_path / "memory", map_size_mb=1)
    store.write(lambda txn: txn._put("meta", b"format", b"99"))
    store.close()
    with pytest.raises(StoreVersionError) as caught:
        Store(tmp_path / "memory", map_size_mb=1)
    assert caught.value.found == 99


def test_a_file_that_is_no_store_is_a_clear_error(tmp_path):
    (tmp_path / "memory").mkdir()
    (tmp_path / "memory" / "data.mdb").write_bytes(b"not a database" * 1000)
    with pytest.raises(StoreError, match=r"memory.data.mdb: is another kind of file"):
        Store(tmp_path / "memory", map_size_mb=1)


def test_a_failed_open_lets_go_of_the_file(tmp_path):
    store = Store(tmp_path / "memory", map_size_mb=1)
    add(store)
    store.close()
    os.truncate(tmp_path / "memory" / "data.mdb", 3 * 4096)
    kept = []  # an error that is kept keeps its frames, and all that they know of
    for _ in range(2):
        with pytest.raises(StoreError, match="cut short") as caught:
            Store(tmp_path / "memory", map_size_mb=1)
        kept.append(caught)


def test_a_path_that_cannot_be_made_is_a_clear_error(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StoreError, match="cannot be opened"):
        Store(tmp_path / "file" / "memory", map_size_mb=1)


def test_compacting_leaves_no_byte_of_what_was_deleted(store):
    made = add(store, "a secret that must go: xyzzy-4711")
    add(store, "something that stays")
    store.write(lambda txn: txn.delete(made))
    store.compact()
    assert b"xyzzy-4711" not in (store.folder / "data.mdb").read_bytes()
    assert [r.content for r in store.read(lambda txn: list(txn.records()))] == ["something that stays"]
    add(store, "and it can still be written")


def test_compacting_leaves_no_byte_in_pages_that_are_not_full(store):
    """LMDB's own compaction copies pages whole, with what stood there before."""
    chance = random.Random(1)
    kept, gone = [], []

    def say(into, words):
        into.append(add(store, words * chance.choice([1, 5, 30, 250, 300, 380, 600])))

    for _ in range(200):
        say(gone, "xyzzy-4711 ")
        say(kept, "fine ")
        if chance.random() < 0.6:
            left = kept.pop(chance.randrange(len(kept)))
            store.write(lambda txn, left=left: txn.delete(left))
    store.write(lambda txn: [txn.delete(made) for made in gone])
    for _ in range(30):
        say(kept, "new ")
    before = store.read(lambda txn: (list(txn.records()), [(k, m, v.tolist()) for k, m, v in txn.vectors()]))
    store.compact()
    assert b"xyzzy" not in b"".join(path.read_bytes() for path in store.folder.rglob("*") if path.is_file())
    after = store.read(lambda txn: (list(txn.records()), [(k, m, v.tolist()) for k, m, v in txn.vectors()]))
    assert after == before
    assert after[0] == kept
    assert add(store).key == kept[-1].key + 1


def test_a_compaction_that_was_interrupted_leaves_nothing_lying_about(tmp_path):
    (tmp_path / "memory" / "compacting").mkdir(parents=True)
    (tmp_path / "memory" / "compacting" / "data.mdb").write_bytes(b"xyzzy")
    Store(tmp_path / "memory", map_size_mb=1).close()
    assert not (tmp_path / "memory" / "compacting").exists()


def test_a_compaction_that_fails_leaves_the_store_as_it_was(store, monkeypatch):
    made = add(store)
    with monkeypatch.context() as patched:
        patched.setattr(Path, "replace", lambda *_: (_ for _ in ()).throw(OSError("disk full")))
        with pytest.raises(StoreError, match="disk full"):
            store.compact()
    assert store.read(lambda txn: txn.get(made.key)) == made
    add(store, "and it can still be written")


def test_a_compaction_for_which_there_is_no_room_gives_back_what_it_took(store, monkeypatch):
    def full(path):
        raise OSError("disk full")

    made = add(store)
    with monkeypatch.context() as patched:
        patched.setattr("hikari_ml.context_memory.store._sync", full)
        with pytest.raises(StoreError, match="disk full"):
            store.compact()
    assert not (store.folder / "compacting").exists()
    assert store.read(lambda txn: txn.get(made.key)) == made


KILLED = textwrap.dedent("""
    import sys
    from hikari_ml.context_memory.store import Store
    from tests.context_memory.test_store import add
    store = Store(__import__("pathlib").Path(sys.argv[1]), map_size_mb=1)
    i = 0
    while True:
        print(add(store, f"number {i}").key, flush=True)
        i += 1
""")


def rounds(tmp_path, count):
    """Kill a writing process again and again: whatever it said was written is there, whole."""
    acknowledged = 0
    for _ in range(count):
        process = subprocess.Popen(
            [sys.executable, "-c", KILLED, str(tmp_path / "memory")],
            stdout=subprocess.PIPE,
            text=True,
            cwd=os.getcwd(),
        )
        for _ in range(25):
            acknowledged = max(acknowledged, int(process.stdout.readline()))
        process.send_signal(signal.SIGKILL)
        rest = process.stdout.read().split()
        acknowledged = max([acknowledged, *(int(key) for key in rest)])
        process.wait()
        process.stdout.close()
        store = Store(tmp_path / "memory", map_size_mb=1)
        keys = store.read(lambda txn: [r.key for r in txn.records()])
        vectors = store.read(lambda txn: [key for key, _, _ in txn.vectors()])
        store.close()
        assert keys == vectors == list(range(1, len(keys) + 1))
        assert len(keys) >= acknowledged


def test_a_killed_process_loses_nothing_it_acknowledged(tmp_path):
    rounds(tmp_path, 4)


@pytest.mark.long
def test_a_process_killed_many_times_loses_nothing_it_acknowledged(tmp_path):
    rounds(tmp_path, 100)


def as_program(folder, what):
    """A process that writes 300 memories into ``folder``, or only opens it, and says how many there are."""
    script = (
        "import sys, asyncio\n"
        "from hikari_ml import NeuralMemorySystem\n"
        "async def main(write):\n"
        "    async with NeuralMemorySystem(sys.argv[1]) as memory:\n"
        "        for i in range(300 if write else 0):\n"
        "            await memory.store_memory(f'number {i} ' * 20, 'fact', {'user': f'u{i}'})\n"
        "        print((await memory.get_memory_stats())['total'])\n"
        "asyncio.run(main(sys.argv[2] == 'write'))\n"
    )
    command = [sys.executable, "-c", script, str(folder), what]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    folder = tmp_path_factory.mktemp("written") / "m"
    assert as_program(folder, "write").stdout.strip() == "300"
    return folder


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_a_file_cut_short_is_an_error_and_not_the_end_of_the_process(written, tmp_path, share):
    folder = shutil.copytree(written, tmp_path / "m")
    data = folder / "data.mdb"
    os.truncate(data, int(data.stat().st_size * share) // 4096 * 4096)
    for _ in range(2):
        done = as_program(folder, "read")
        assert done.returncode == 1, "no signal ended it"
        assert "StoreError" in done.stderr
        assert "cut short" in done.stderr


def as_format_1(folder):
    """Make of a store what the version before this one would have written."""
    with lmdb.open(str(folder), max_dbs=9) as environment, environment.begin(write=True) as txn:
        txn.drop(environment.open_db(b"log", txn=txn))
        meta = environment.open_db(b"meta", txn=txn)
        for name in (b"seq", b"environment"):
            assert txn.delete(name, db=meta)
        txn.put(b"format", b"1", db=meta)


def test_a_store_of_format_1_is_read_and_upgraded_in_place(tmp_path):
    folder = tmp_path / "memory"
    store = Store(folder, map_size_mb=1)
    made = add(store)
    store.close()
    as_format_1(folder)
    view = Snapshot(folder)
    assert view.read(lambda txn: (txn.get(made.key), list(txn.rows("log")))) == (made, [])
    assert view.read(lambda txn: txn._get("meta", b"format")) == b"1", "who only looks changes nothing"
    view.check_readable()
    view.close()
    store = Store(folder, map_size_mb=1)
    assert store.read(lambda txn: txn._get("meta", b"format")) == str(FORMAT).encode()
    assert store.read(lambda txn: txn.get(made.key)) == made
    assert add(store, "more").key == made.key + 1
    store.compact()
    assert store.read(lambda txn: len(list(txn.records()))) == 2
    store.close()
