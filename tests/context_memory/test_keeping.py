"""How a statement becomes a memory, or counts for one that is there, and is taken back."""

import asyncio

import pytest

from hikari_ml import NeuralMemorySystem
from hikari_ml.runtime.clock import ManualClock
from tests.support import START, at


@pytest.fixture
async def memory(tmp_path):
    async with NeuralMemorySystem(tmp_path / "memory", clock=ManualClock(START)) as found:
        yield found


async def test_a_repetition_counts_and_what_is_new_about_it_is_kept(memory):
    first = await memory.store_memory("I love tea", "fact", {"user": "anna"}, 0.4)
    again = await memory.store_memory("i love TEA!", "fact", {"user": "anna", "mood": "joy"}, 0.7)
    assert again == first
    (found,) = await memory.list_memories()
    assert (found["count"], found["importance"], found["metadata"]["mood"]) == (2, 0.7, "joy")


async def test_a_statement_made_earlier_than_the_one_that_stands_moves_it_back(memory):
    talk = {"user": "anna", "conversation": "c"}
    await memory.store_memory("I live in Rome", "fact", talk, created_at=at(100))
    await memory.store_memory("what a day", "fact", talk, created_at=at(50))
    await memory.store_memory("I live in Rome", "fact", talk, created_at=at(10))
    assert memory._core.tiers.around(1, 1, 1) == [1, 2]
    (found,) = await memory.retrieve_memories("Rome", as_of=at(20))
    assert (found["created_at"], found["count"]) == ("2026-01-10T20:00:10.000Z", 2)
    assert (await memory.verify())["faults"] == []


async def test_what_is_withdrawn_holds_no_longer_than_it_was_said(memory):
    first = await memory.store_memory("I live in Rome", "fact", {"user": "anna"}, created_at=at(0))
    await memory.store_memory("I live in Oslo", "fact", {"user": "anna"}, created_at=at(10))
    await memory.store_memory("I live in Rome", "fact", {"user": "anna"}, created_at=at(20))
    assert not await memory.withdraw_memory(first)
    assert [m["content"] for m in await memory.list_memories()] == ["I live in Oslo"]
    assert await memory.withdraw_memory(first)
    assert await memory.withdraw_memory(first), "what is gone is gone"
    assert (await memory.get_memory_stats())["superseded"] == 0


async def test_what_waits_together_is_kept_as_one_after_the_other(memory):
    lines = ["I live in Rome", "I live in Oslo", "I live in Rome", "I live in Rome"]
    ids = await asyncio.gather(
        *(
            memory.store_memory(line, "fact", {"user": "anna"}, created_at=at(i))
            for i, line in enumerate(lines)
        )
    )
    assert ids[0] == ids[2] == ids[3] != ids[1]
    (found,) = await memory.list_memories()
    assert (found["id"], found["count"]) == (ids[0], 3)
