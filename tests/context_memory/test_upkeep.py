"""Rounds over many memories: episodes are cut and summarised, and give up whom they must."""

import pytest

from hikari_ml import NeuralMemorySystem
from hikari_ml.runtime.clock import ManualClock
from tests.support import START


@pytest.fixture
def clock():
    return ManualClock(START)


@pytest.fixture
async def memory(tmp_path, clock):
    async with NeuralMemorySystem(tmp_path / "memory", clock=clock) as found:
        yield found


async def episodes(memory):
    return await memory._do(lambda: memory._core.store.read(lambda txn: list(txn.episodes())))


async def talk(memory, clock, lines, user="anna"):
    for line in lines:
        clock.advance(60)
        await memory.store_memory(line, metadata={"user": user}, importance=0.2)


async def test_stretches_become_episodes_with_a_summary(memory, clock):
    await talk(memory, clock, ["the dragon is strong", "use fire on the dragon", "the dragon fell"])
    clock.advance(3600)
    await talk(memory, clock, ["soup for dinner", "tomato soup", "soup is warm"])
    clock.advance(2 * 3600)
    assert (await memory.consolidate())["episodes"] == 2
    first, second = await episodes(memory)
    assert "dragon" in first.summary
    assert "soup" in second.summary
    assert first.method == "extractive"
    assert first.end < second.start


async def test_a_memory_belongs_to_one_episode(memory, clock):
    await talk(memory, clock, ["one", "two", "three"])
    clock.advance(2 * 3600)
    await memory.consolidate()
    assert (await memory.consolidate())["episodes"] == 0
    assert len(await episodes(memory)) == 1


async def test_an_erased_user_leaves_the_episodes(memory, clock):
    await talk(memory, clock, ["my secret-xyzzy one", "my secret-xyzzy two"], "anna")
    await talk(memory, clock, ["tea is good", "coffee is good", "water is good"], "ben")
    clock.advance(2 * 3600)
    await memory.consolidate()
    proof = await memory.erase_user("anna")
    (episode,) = await episodes(memory)
    assert proof["episodes"] == 1
    assert "xyzzy" not in episode.summary
    assert len(episode.members) == 3
    assert b"xyzzy" not in (memory.path / "data.mdb").read_bytes()


async def test_an_episode_left_with_too_few_goes(memory, clock):
    await talk(memory, clock, ["one", "two"], "anna")
    await talk(memory, clock, ["three"], "ben")
    clock.advance(2 * 3600)
    await memory.consolidate()
    await memory.erase_user("anna")
    assert await episodes(memory) == []


async def test_edges_others_drew_to_an_erased_user_go(memory):
    await memory.store_memory("@anna I love your art, anna", metadata={"user": "ben"})
    assert "ben" in dict(await memory.find_associations("anna"))
    await memory.erase_user("anna")
    assert await memory.find_associations("anna") == []
    assert len(await memory.retrieve_memories("art", k=5)) == 1
