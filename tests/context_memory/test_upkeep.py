"""Rounds over many memories: episodes are cut and summarised, and give up whom they must."""

import numpy as np
import pytest

from hikari_ml import NeuralMemorySystem
from hikari_ml.context_memory.checkpoint import NAME
from hikari_ml.context_memory.core import Job
from hikari_ml.runtime.clock import ManualClock
from tests.support import START, at


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


def files_of(memory):
    return b"".join(path.read_bytes() for path in memory.path.rglob("*") if path.is_file())


async def an_evening(memory, clock):
    """An episode in which bob said little of worth; returns the ids by content."""
    ids = {}
    for user, line, importance in (
        ("bob", "the xyzzy dragon is my worst secret", 0.06),
        ("bob", "xyzzy dragons again and again", 0.06),
        ("ben", "the dragon is strong", 0.4),
        ("eva", "use fire on the dragon", 0.4),
        ("ben", "the dragon fell at last", 0.4),
    ):
        clock.advance(60)
        ids[line] = await memory.store_memory(line, metadata={"user": user}, importance=importance)
    clock.advance(2 * 3600)
    assert (await memory.consolidate())["episodes"] == 1
    return ids


async def test_a_summary_does_not_outlive_what_has_faded_out_of_it(memory, clock):
    await an_evening(memory, clock)
    (episode,) = await episodes(memory)
    assert "xyzzy" in episode.summary
    clock.advance(60 * 86_400)
    assert (await memory.consolidate())["forgotten"] == 2
    (episode,) = await episodes(memory)
    assert "xyzzy" not in episode.summary
    assert len(episode.members) == 3
    await memory.erase_user("bob")
    assert b"xyzzy" not in files_of(memory)


@pytest.mark.parametrize("way", ["forget_memory", "withdraw_memory"])
async def test_a_summary_does_not_outlive_a_memory_that_was_removed(memory, clock, way):
    ids = await an_evening(memory, clock)
    for line in list(ids)[:2]:
        await getattr(memory, way)(ids[line])
    (episode,) = await episodes(memory)
    assert "xyzzy" not in episode.summary
    assert len(episode.members) == 3


async def test_nothing_said_by_an_erased_user_is_in_any_file(memory, clock):
    for round_ in range(3):
        await an_evening(memory, clock)
        for i in range(20):
            text = f"number {round_}.{i} " + "xyzzy plugh " * (1 + 17 * i)
            await memory.store_memory(text, metadata={"user": "Bob"})
            await memory.store_memory(text.replace("xyzzy plugh", "rain"), metadata={"user": "ben"})
    proof = await memory.erase_user("bob")
    assert proof["memories"] == 62
    assert proof["episodes"] == 3
    assert b"xyzzy" not in files_of(memory)
    assert await memory.retrieve_memories("xyzzy", user="BOB") == []


async def test_those_left_of_an_episode_that_went_can_join_another(memory, clock):
    await talk(memory, clock, ["one", "two"], "anna")
    await talk(memory, clock, ["three", "four"], "ben")
    clock.advance(2 * 3600)
    await memory.consolidate()
    await memory.erase_user("anna")
    assert await episodes(memory) == []
    await memory.store_memory("late", metadata={"user": "eva"}, importance=0.2, created_at=at(270))
    clock.advance(2 * 3600)
    assert (await memory.consolidate())["episodes"] == 1
    (episode,) = await episodes(memory)
    records = await memory._do(lambda: memory._core.contents(episode.members))
    assert [record.content for record in records] == ["three", "four", "late"]
    assert {record.episode for record in records} == {episode.number}


async def test_compacting_gives_back_the_room_of_what_was_forgotten(memory, tmp_path):
    made = [await memory.store_memory(f"line {i} " + "x" * 9000) for i in range(30)]
    for memory_id in made[1:]:
        await memory.forget_memory(memory_id)
    result = await memory.compact()
    assert result["bytes_after"] == (tmp_path / "memory" / "data.mdb").stat().st_size
    assert result["bytes_after"] < result["bytes_before"] / 2
    assert [m["id"] for m in await memory.list_memories()] == made[:1]


def centres(sample, *_):
    """Every different vector as the centre of a cell."""
    return np.unique(sample, axis=0)


async def a_grown_memory(memory, monkeypatch):
    """A memory whose index lies in cells, one of them around what anna said; returns the ids of that."""
    monkeypatch.setattr("hikari_ml.context_memory.index.FLAT_LIMIT", 100)
    monkeypatch.setattr("hikari_ml.context_memory.training.centroids_of", centres)
    await memory.get_memory_stats()
    chance = np.random.default_rng(2)
    dim = memory._core.embedder.dim
    ids = []
    for i in range(80):
        hers = f"secret-xyzzy {i}"
        ids.append(await memory.store_memory(hers, metadata={"user": "anna"}, embedding=np.eye(dim)[0]))
        await memory.store_memory(f"tea {i}", metadata={"user": "ben"}, embedding=chance.normal(size=dim))
    await trained(memory)
    whole = np.eye(dim, dtype=np.float32)[0].tobytes()
    assert whole in (memory.path / NAME).read_bytes(), "the centre of her cell is her vector"
    return ids, [b"xyzzy", whole, np.eye(dim, dtype=np.float16)[0].tobytes()]


async def trained(memory):
    await memory._lane.submit(Job(memory._core.index.wait))
    await memory.get_memory_stats()


async def test_an_erased_user_leaves_no_byte_in_the_checkpoint(memory, monkeypatch):
    _, traces = await a_grown_memory(memory, monkeypatch)
    assert (await memory.erase_user("anna"))["vectors"] == 80
    assert not any(trace in files_of(memory) for trace in traces)
    await trained(memory)
    await memory.aclose()
    assert not any(trace in files_of(memory) for trace in traces)


async def test_after_compacting_no_byte_of_the_forgotten_is_in_the_checkpoint(memory, monkeypatch):
    ids, traces = await a_grown_memory(memory, monkeypatch)
    for name in ids[:79]:
        await memory.forget_memory(name)
    await memory.store_memory("milk", metadata={"user": "ben"}, embedding=np.ones(memory._core.embedder.dim))
    await memory.forget_memory(ids[79])
    await memory.compact()
    assert not any(trace in files_of(memory) for trace in traces)
    assert len(await memory.retrieve_memories("tea", k=500)) == 81


async def told(memory):
    return [found["content"] for found in await memory.list_memories()]


async def test_fading_brings_nothing_outdated_back(memory, clock):
    hers = {"user": "anna"}
    await memory.store_memory("I live in Munich", "fact", hers, 0.9)
    clock.advance(60)
    later = await memory.store_memory("I moved to Berlin", "fact", hers, 0.06)
    clock.advance(60 * 86_400)
    assert (await memory.consolidate())["forgotten"] == 0
    assert await told(memory) == ["I moved to Berlin"]
    await memory.forget_memory(later)
    assert await told(memory) == ["I live in Munich"], "by hand it comes back"


async def test_what_has_faded_goes_with_what_took_its_place(memory, clock):
    for line, importance in (("I live in Munich", 0.06), ("I moved to Berlin", 0.06), ("tea is good", 0.9)):
        clock.advance(60)
        await memory.store_memory(line, "fact", {"user": "anna"}, importance)
    clock.advance(60 * 86_400)
    assert (await memory.consolidate())["forgotten"] == 2
    assert await told(memory) == ["tea is good"]
