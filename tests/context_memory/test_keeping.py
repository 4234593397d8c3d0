"""How a statement becomes a memory, or counts for one that is there, and is taken back."""

import asyncio
import json

import pytest

from hikari_ml import NeuralMemorySystem, Settings
from hikari_ml.context_memory import core as core_module
from hikari_ml.runtime.clock import ManualClock
from tests.support import START, at


@pytest.fixture
async def memory(tmp_path):
    async with NeuralMemorySystem(tmp_path / "memory", clock=ManualClock(START)) as found:
        yield found


async def test_a_statement_made_earlier_than_the_one_that_stands_moves_it_back(memory):
    talk = {"user": "anna", "conversation": "c"}
    await memory.store_memory("I live in Rome", "fact", talk, created_at=at(100))
    await memory.store_memory("what a day", "fact", talk, created_at=at(50))
    await memory.store_memory("I live in Rome", "fact", talk, created_at=at(10))
    assert memory._core.tiers.around(1, 1, 1) == [1, 2]
    (found,) = await memory.retrieve_memories("Rome", as_of=at(20))
    assert (found["created_at"], found["count"]) == ("2026-01-10T20:00:10.000Z", 2)
    assert (await memory.verify())["faults"] == []


async def test_what_waits_together_is_kept_as_one_after_the_other(memory):
    lines = ["I moved to Rome", "I moved to Oslo", "I moved to Rome", "I moved to Rome"]
    ids = await asyncio.gather(
        *(
            memory.store_memory(line, "fact", {"user": "anna"}, created_at=at(i))
            for i, line in enumerate(lines)
        )
    )
    assert ids[0] == ids[2] == ids[3] != ids[1]
    (found,) = await memory.list_memories()
    assert (found["id"], found["count"]) == (ids[0], 3)


SAID_ALIKE = ["I love this game", "I really love this game", "i love this game lol", "omg I love this game"]


async def test_the_same_log_gives_the_same_store_however_it_is_written(tmp_path):
    lines = [f"{line} number {n}" for n in range(3) for line in SAID_ALIKE]
    lines += ["I have 2 cats", "I have 3 cats"]

    async def told(folder, together):
        async with NeuralMemorySystem(tmp_path / folder, clock=ManualClock(START)) as memory:
            stored = [
                memory.store_memory(line, metadata={"user": "anna"}, created_at=at(i))
                for i, line in enumerate(lines)
            ]
            if together:
                await asyncio.gather(*stored)
            else:
                for each in stored:
                    await each
            await memory.export(tmp_path / f"{folder}.jsonl")
        rows = map(json.loads, (tmp_path / f"{folder}.jsonl").read_text().splitlines())
        return [(row["id"], row["content"], row["count"]) for row in rows]

    one, other = await told("one", together=False), await told("other", together=True)
    games = [(f"I love this game number {n}", 4) for n in range(3)]
    assert [row[1:] for row in one] == [*games, ("I have 2 cats", 1), ("I have 3 cats", 1)]
    assert other == one


async def test_a_memory_that_could_not_be_stored_merges_nothing(memory, monkeypatch):
    links = core_module.links

    def failing(record, entities):
        if record.content == SAID_ALIKE[0]:
            raise ValueError("no links today")
        return links(record, entities)

    monkeypatch.setattr(core_module, "links", failing)
    stored = (memory.store_memory(line, metadata={"user": "anna"}) for line in SAID_ALIKE)
    first, *others = await asyncio.gather(*stored, return_exceptions=True)
    assert isinstance(first, ValueError)
    assert len(set(others)) == 1
    (found,) = await memory.list_memories()
    assert (found["content"], found["count"]) == (SAID_ALIKE[1], 3)


@pytest.mark.parametrize("similar", [True, False])
async def test_what_is_about_another_is_another_memory(tmp_path, similar):
    settings = Settings(memory={"merge_similar": similar})
    async with NeuralMemorySystem(tmp_path, settings, clock=ManualClock(START)) as memory:

        async def said(about, line="his name is Tom"):
            return await memory.store_memory(line, "fact", {"user": "anna", "about": about})

        brother, dog = await said("brother"), await said("dog")
        assert brother != dog
        assert [await said("brother"), await said("dog"), await said("brother")] == [brother, dog, brother]
        assert (await said("dog", "his name is Tom lol") == dog) == similar
        edges = {name for name, _ in await memory.find_associations("anna")}
        assert "Tom" in edges
        assert (await memory.verify())["faults"] == []
