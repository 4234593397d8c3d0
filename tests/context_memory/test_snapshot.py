"""A view beside a writer: consistent, complete to the last acknowledged write, and it changes nothing."""

import os
import shutil
import signal
import subprocess
import sys
import textwrap
import time

import lmdb
import pytest

from hikari_ml.context_memory.snapshot import Snapshot
from hikari_ml.context_memory.store import Store
from hikari_ml.errors import ReadOnlyError, StoreError, StoreLockedError, StoreVersionError
from tests.context_memory.test_store import add, record

WRITER = textwrap.dedent("""
    import sys
    from pathlib import Path
    from hikari_ml.context_memory.store import Store
    from tests.context_memory.test_store import record, unit

    store = Store(Path(sys.argv[1]), map_size_mb=1)
    made = []

    def one(txn):
        found = record(txn.next_key(), f"line {len(made)} " + "x" * 3000)
        txn.put(found)
        txn.put_vector(found.key, unit(found.key), "m1")
        if len(made) >= 50:
            txn.delete(made[-50])
        return found

    while True:
        made.append(store.write(one))
        if sys.argv[2] == "compacting" and len(made) % 10 == 0:
            store.compact()
        keys = [found.key for found in store.read(lambda txn: list(txn.records()))]
        assert keys == [found.key for found in made[-50:]], "the writer lost something"
        print(len(made), flush=True)
""")


class Writer:
    """Another process that writes, keeps the last 50 records, and says after each commit how many it made."""

    def __init__(self, folder, way="plain"):
        self.log = folder.with_suffix(".log")
        with self.log.open("w") as out:
            self.process = subprocess.Popen(
                [sys.executable, "-c", WRITER, str(folder), way],
                stdout=out, stderr=subprocess.PIPE, text=True, cwd=os.getcwd(),
            )  # fmt: skip

    def acknowledged(self):
        assert self.process.poll() is None, self.process.stderr.read()
        said = self.log.read_text()
        return int((said[: said.rfind("\n") + 1].split() or ["0"])[-1])

    def wait_for(self, count):
        deadline = time.monotonic() + 100
        while self.acknowledged() < count:
            assert time.monotonic() < deadline, "the writer stands still"
            time.sleep(0.01)

    def __enter__(self):
        self.wait_for(60)
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.communicate()


def writing(folder, what):
    """Let another process do ``what`` to the store; returns what it printed."""
    script = (
        "import sys\nfrom pathlib import Path\nfrom hikari_ml.context_memory.store import Store\n"
        f"from tests.context_memory.test_store import add\n"
        f"store = Store(Path(sys.argv[1]), map_size_mb=1)\n{what}\nstore.close()\n"
    )
    command = [sys.executable, "-c", script, str(folder)]
    return subprocess.run(command, check=True, timeout=60, stdout=subprocess.PIPE, text=True).stdout


def keys_of(view):
    return view.read(lambda txn: [found.key for found in txn.records()])


@pytest.fixture
def folder(tmp_path):
    store = Store(tmp_path / "memory", map_size_mb=1)
    for i in range(5):
        add(store, f"thing {i}")
    store.close()
    return tmp_path / "memory"


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_it_shows_what_the_store_holds(folder):
    view = Snapshot(folder)
    assert keys_of(view) == [1, 2, 3, 4, 5]
    assert view.size == (folder / "data.mdb").stat().st_size
    view.close()


@pytest.mark.parametrize("way", ["plain", "compacting"])
def test_beside_a_busy_writer_every_view_is_whole_and_stands_still(tmp_path, way):
    with Writer(tmp_path / "memory", way) as writer:
        for _ in range(25):
            known = writer.acknowledged()
            view = Snapshot(tmp_path / "memory")
            first = keys_of(view)
            assert first[-1] >= known, "an acknowledged write is missing"
            assert first == list(range(first[-1] - 49, first[-1] + 1)), "not one moment of the store"
            writer.wait_for(known + 12)
            assert keys_of(view) == first
            assert all(r.content.endswith("x" * 3000) for r in view.read(lambda txn: list(txn.records())))
            view.close()


def test_a_copy_that_is_written_while_it_is_read_is_not_called_damaged(folder):
    (folder / "lock.mdb").unlink()
    view = Snapshot(folder)
    writing(folder, "for i in range(40): add(store, f'{i} ' + 'x' * 3000)")
    with pytest.raises(StoreError, match="written while it was read"):
        keys_of(view)
    view.close()


def test_between_two_lock_files_a_reader_waits(folder, monkeypatch):
    """A compaction takes the lock file away: without one, the writer would not know of a reader."""
    monkeypatch.setattr("hikari_ml.context_memory.snapshot.PATIENCE", 0.2)
    (folder / "lock.mdb").unlink()
    (folder / "compacting").mkdir()
    with pytest.raises(StoreError, match="open it for writing"):
        Snapshot(folder)
    Store(folder, map_size_mb=1).close()
    view = Snapshot(folder)
    assert keys_of(view) == [1, 2, 3, 4, 5]
    view.close()


def test_a_reader_that_was_killed_holds_nothing_back(tmp_path):
    script = (
        "import sys, time\nfrom pathlib import Path\n"
        "from hikari_ml.context_memory.snapshot import Snapshot\n"
        "view = Snapshot(Path(sys.argv[1]))\nprint('open', flush=True)\ntime.sleep(100)\n"
    )
    with Writer(tmp_path / "memory") as writer:
        reader = subprocess.Popen(
            [sys.executable, "-c", script, str(tmp_path / "memory")], stdout=subprocess.PIPE, text=True
        )
        assert reader.stdout.readline() == "open\n"
        reader.send_signal(signal.SIGKILL)
        reader.communicate()
        begun = writer.acknowledged()
        writer.wait_for(begun + 100)
        size = (tmp_path / "memory" / "data.mdb").stat().st_size
        writer.wait_for(begun + 500)
        assert (tmp_path / "memory" / "data.mdb").stat().st_size < size + 400 * 3000 / 2


def test_a_view_keeps_no_writer_out(folder):
    view = Snapshot(folder)
    writing(folder, "add(store, 'more'); store.compact(); add(store, 'and more')")
    assert keys_of(view) == [1, 2, 3, 4, 5]
    view.close()
    view = Snapshot(folder)
    assert keys_of(view) == [1, 2, 3, 4, 5, 6, 7]
    view.close()


def test_a_writer_does_not_take_the_lock_file_of_another_data_file(folder, tmp_path):
    """What is left if a compaction dies between its two steps while somebody is reading."""
    view = Snapshot(folder)
    store = Store(tmp_path / "other", map_size_mb=1)
    for i in range(20):
        add(store, f"other {i}")
    store.close()
    (tmp_path / "other" / "data.mdb").replace(folder / "data.mdb")
    said = writing(folder, "add(store, 'more'); print(store._env.info()['last_txnid'])")
    assert int(said) == 22, "transactions are counted on from the new file"
    view.close()
    view = Snapshot(folder)
    assert keys_of(view) == list(range(1, 22))
    view.close()


def test_nothing_is_changed_by_looking(folder):
    before = contents(folder)
    view = Snapshot(folder)
    keys_of(view)
    view.close()
    assert contents(folder).keys() == before.keys()
    assert contents(folder)["data.mdb"] == before["data.mdb"]


def test_a_copy_without_a_lock_file_gets_none(folder, tmp_path):
    (tmp_path / "copy").mkdir()
    shutil.copy(folder / "data.mdb", tmp_path / "copy")
    view = Snapshot(tmp_path / "copy")
    assert keys_of(view) == [1, 2, 3, 4, 5]
    view.close()
    assert [path.name for path in (tmp_path / "copy").iterdir()] == ["data.mdb"]


def test_a_copy_that_is_written_while_it_is_read_says_so(folder, tmp_path):
    (tmp_path / "copy").mkdir()
    shutil.copy(folder / "data.mdb", tmp_path / "copy")
    view = Snapshot(tmp_path / "copy")
    writing(tmp_path / "copy", "add(store, 'a'); add(store, 'b'); add(store, 'c')")
    with pytest.raises(StoreError, match="open it again"):
        view.read(lambda txn: None)
    view.close()


def test_it_takes_nothing(folder):
    view = Snapshot(folder)
    with pytest.raises(ReadOnlyError, match="read_only"):
        view.write(lambda txn: txn.put(record(9)))
    with pytest.raises(ReadOnlyError, match="read_only"):
        view.compact()
    view.close()


@pytest.mark.parametrize("there", [False, True])
def test_a_folder_without_a_memory_is_a_clear_error_and_stays_as_it_is(tmp_path, there):
    if there:
        (tmp_path / "memory").mkdir()
    with pytest.raises(StoreError, match="holds no memory"):
        Snapshot(tmp_path / "memory")
    assert (tmp_path / "memory").exists() == there
    assert not there or list((tmp_path / "memory").iterdir()) == []


def test_another_kind_of_database_is_no_memory(tmp_path):
    lmdb.open(str(tmp_path / "other")).close()
    with pytest.raises(StoreError, match="holds no memory"):
        Snapshot(tmp_path / "other")


def test_a_file_that_is_no_database_is_a_clear_error(tmp_path):
    (tmp_path / "data.mdb").write_bytes(b"no database" * 1000)
    with pytest.raises(StoreError, match=r"data.mdb: is another kind of file"):
        Snapshot(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["data.mdb"]


def test_a_newer_version_is_left_alone(folder):
    store = Store(folder, map_size_mb=1)
    store.write(lambda txn: txn._put("meta", b"format", b"99"))
    store.close()
    with pytest.raises(StoreVersionError) as caught:
        Snapshot(folder)
    assert caught.value.found == 99


def opened_by_nobody(folder, denied):
    """What a process that is not root says of ``folder``, whose file ``denied`` is closed to it."""
    (folder / denied).chmod(0)
    script = (
        "import os, sys, tempfile\nfrom pathlib import Path\n"
        "import lmdb\nfrom hikari_ml.context_memory.snapshot import Snapshot\n"
        # What lmdb imports when it opens may lie where only root may read.
        "with tempfile.TemporaryDirectory() as other:\n    lmdb.open(other).close()\n"
        "os.chdir(sys.argv[1])\n"
        "if os.geteuid() == 0:\n    os.setegid(65534)\n    os.seteuid(65534)\n"
        "view = Snapshot(Path('.'))\n"
        "print(view.read(lambda txn: txn.count('records')))\n"
    )
    for path in (folder, *(path for path in folder.iterdir() if path.name != denied)):
        path.chmod(0o777)
    command = [sys.executable, "-c", script, str(folder)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_without_permission_it_is_a_clear_error(folder):
    last = opened_by_nobody(folder, "data.mdb").stderr.splitlines()[-1]
    assert "StoreError" in last
    assert "ermission denied" in last


def test_a_lock_file_that_must_not_be_written_is_done_without(folder):
    done = opened_by_nobody(folder, "lock.mdb")
    assert (done.stdout, done.stderr) == ("5\n", "")


def test_one_process_opens_it_once(folder):
    store = Store(folder, map_size_mb=1)
    with pytest.raises(StoreLockedError, match="this process"):
        Snapshot(folder)
    store.close()
    Snapshot(folder).close()


def test_a_failed_open_lets_go_of_the_file(folder):
    whole = (folder / "data.mdb").read_bytes()
    os.truncate(folder / "data.mdb", 3 * 4096)
    with pytest.raises(StoreError, match="cut short"):
        Snapshot(folder)
    (folder / "data.mdb").write_bytes(whole)
    view = Snapshot(folder)
    assert keys_of(view) == [1, 2, 3, 4, 5]
    view.close()
