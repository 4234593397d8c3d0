"""A damaged data file is found out without ending this process."""

import os
import subprocess
import sys

import lmdb
import pytest

from hikari_ml import NeuralMemorySystem
from hikari_ml.context_memory.readable import is_readable
from hikari_ml.context_memory.store import FIRST_TABLES, Store
from hikari_ml.errors import StoreError
from tests.context_memory.test_store import add


def test_it_tells_what_can_be_read(tmp_path):
    store = Store(tmp_path / "m", map_size_mb=1)
    for i in range(50):
        add(store, f"{i}" * 400)
    store.close()
    assert is_readable(tmp_path / "m", FIRST_TABLES, ["log", "what no version has"])
    assert not is_readable(tmp_path / "m", [*FIRST_TABLES, "what no version has"], [])
    os.truncate(tmp_path / "m" / "data.mdb", 5 * 4096)
    assert not is_readable(tmp_path / "m", FIRST_TABLES, [])


@pytest.mark.parametrize("pages", range(1, 9))
def test_one_that_lacks_its_last_pages_is_written_to_or_refused(tmp_path, pages):
    store = Store(tmp_path / "m", map_size_mb=4)
    for i in range(200):
        add(store, f"line {i}")
    store.close()
    data = tmp_path / "m" / "data.mdb"
    os.truncate(data, data.stat().st_size - pages * 4096)
    program = "import sys\nfrom pathlib import Path\n" + WRITES
    done = subprocess.run(
        [sys.executable, "-c", program, tmp_path / "m"], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) in ((0, "written\n"), (0, "refused\n")), done.stderr


WRITES = """
from hikari_ml.context_memory.store import Store
from hikari_ml.errors import StoreError
from tests.context_memory.test_store import add
try:
    store = Store(Path(sys.argv[1]), map_size_mb=4)
except StoreError as error:
    assert "cut short" in str(error), error
    print("refused")
else:
    add(store, "one more")
    print("written")
"""


def test_an_empty_environment_is_no_store(tmp_path):
    lmdb.open(str(tmp_path / "m")).close()
    assert not is_readable(tmp_path / "m", FIRST_TABLES, [])


async def test_a_file_that_was_emptied_is_told_of(tmp_path):
    (tmp_path / "data.mdb").touch()
    with pytest.raises(StoreError, match="is empty; restore a backup"):
        await NeuralMemorySystem(tmp_path, read_only=True).get_memory_stats()
    with pytest.warns(RuntimeWarning, match="is empty; a new memory begins"):
        async with NeuralMemorySystem(tmp_path) as memory:
            await memory.store_memory("hi")
    async with NeuralMemorySystem(tmp_path, read_only=True) as memory:
        assert (await memory.get_memory_stats())["total"] == 1
