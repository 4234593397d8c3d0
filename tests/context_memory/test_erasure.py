"""An erased viewer is gone, from the file too, and an erasure that was cut off is finished."""

import subprocess
import sys
import textwrap

import pytest

from hikari_ml import NeuralMemorySystem
from hikari_ml.context_memory.store import Store
from hikari_ml.errors import StoreError

CUT_OFF = textwrap.dedent(
    """
    import asyncio, os, signal, sys
    from hikari_ml import NeuralMemorySystem
    from hikari_ml.context_memory.store import Store

    async def main():
        async with NeuralMemorySystem(sys.argv[1]) as memory:
            for i in range(20):
                await memory.store_memory(f"the xyzzy is my secret, number {i}", metadata={"user": "anna"})
                await memory.store_memory(f"rain, number {i}", metadata={"user": "ben"})
            await memory.store_memory("@anna I love your art, anna", metadata={"user": "ben"})
            Store.compact = lambda store: os.kill(os.getpid(), signal.SIGKILL)
            await memory.erase_user("anna")

    asyncio.run(main())
    """
)


@pytest.fixture
async def memory(tmp_path):
    async with NeuralMemorySystem(tmp_path / "memory") as found:
        yield found


def bytes_in(folder):
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


async def faults(path, *, read_only):
    async with NeuralMemorySystem(path, read_only=read_only) as memory:
        return [(fault["table"], fault["key"]) for fault in (await memory.verify())["faults"]]


async def test_edges_others_drew_to_an_erased_user_go(memory):
    await memory.store_memory("@anna I love your art, anna", metadata={"user": "ben"})
    assert "ben" in dict(await memory.find_associations("anna"))
    await memory.erase_user("anna")
    assert await memory.find_associations("anna") == []
    assert len(await memory.retrieve_memories("art", k=5)) == 1


async def test_edges_are_counted_once(memory):
    await memory.store_memory("I love tea", metadata={"user": "anna"})
    assert (await memory.erase_user("anna"))["edges"] == 1


async def test_an_erasure_that_was_killed_is_finished_by_the_next_opening(tmp_path):
    path = tmp_path / "memory"
    done = subprocess.run([sys.executable, "-c", CUT_OFF, path], capture_output=True, text=True, check=False)
    assert done.returncode == -9, done.stderr
    assert b"xyzzy" in bytes_in(path), "it was killed too late for this test"
    assert await faults(path, read_only=True) == [("meta", "rewrite")]
    assert await faults(path, read_only=False) == []
    assert b"xyzzy" not in bytes_in(path)
    async with NeuralMemorySystem(path) as memory:
        assert len(await memory.list_memories(50)) == 21
        assert await memory.find_associations("anna") == []


async def test_an_erasure_that_cannot_rewrite_the_file_says_so_and_is_finished_later(memory, monkeypatch):
    await memory.store_memory("the xyzzy is my secret", metadata={"user": "anna"})

    def full(store):
        raise StoreError(store.folder, "the disk is full")

    with monkeypatch.context() as patched:
        patched.setattr(Store, "compact", full)
        with pytest.raises(StoreError, match="disk is full"):
            await memory.erase_user("anna")
        assert await memory.list_memories() == []
        await memory.aclose()
        assert await faults(memory.path, read_only=False) == [("meta", "rewrite")]
    assert await faults(memory.path, read_only=False) == []
    assert b"xyzzy" not in bytes_in(memory.path)


async def test_compacting_ends_an_erasure_too(memory, monkeypatch):
    with monkeypatch.context() as patched:
        patched.setattr(
            Store, "compact", lambda store: (_ for _ in ()).throw(StoreError(store.folder, "full"))
        )
        with pytest.raises(StoreError):
            await memory.erase_user("anna")
    assert len((await memory.verify())["faults"]) == 1
    await memory.compact()
    assert (await memory.verify())["faults"] == []
