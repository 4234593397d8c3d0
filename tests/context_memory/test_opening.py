"""What is read when a memory is opened is what was there when it was closed."""

import asyncio
import gc
import random
import shutil
import threading

import pytest

from hikari_ml import NeuralMemorySystem
from hikari_ml.context_memory import opening, system
from hikari_ml.context_memory.core import Job
from hikari_ml.context_memory.store import Store
from hikari_ml.errors import StoreError
from hikari_ml.runtime.clock import ManualClock
from tests.support import at

LINES = ["I live in Berlin", "is it raining?", "I have two cats", "I moved to Munich", "Mochi is asleep"]


async def filled(folder, clock=None):
    memory = NeuralMemorySystem(folder, clock=clock)
    for minute, line in enumerate(LINES):
        about = {"user": "anna", "conversation": "c"}
        await memory.store_memory(line, metadata=about, created_at=at(minute), importance=0.9)
    return memory


def caches(core):
    asked = core.words.asked("cats in Munich raining")
    lines = core.words.search(asked, 9)
    return (
        list(core.tiers),
        list(core.tiers.conversations),
        lines,
        core.words.search_windows(asked, 9, [key for key, _ in lines], 2),
        sorted(core.validity.superseded()),
        core.graph.relations(99),
    )


async def test_caches_are_the_same_after_opening(tmp_path):
    memory = await filled(tmp_path)
    before = await memory._lane.submit(Job(lambda: caches(memory._core)))
    await memory.aclose()
    async with NeuralMemorySystem(tmp_path) as memory:
        await memory.get_memory_stats()
        after = await memory._lane.submit(Job(lambda: caches(memory._core)))
    assert after == before
    assert before[4], "something was superseded"


@pytest.mark.parametrize("times", [1, 2])
async def test_a_start_that_is_cancelled_and_cancelled_again_leaves_nothing_locked(
    tmp_path, times, monkeypatch
):
    await (await filled(tmp_path)).aclose()
    building, cancelled = threading.Event(), threading.Event()
    monkeypatch.setattr(system, "warn_of_empty", lambda _: (building.set(), cancelled.wait(20)))
    starting = asyncio.create_task(NeuralMemorySystem(tmp_path).__aenter__())
    await asyncio.to_thread(building.wait)
    for _ in range(times):
        starting.cancel()
        await asyncio.sleep(0.01)  # it has gone on to what it waits for next
    cancelled.set()
    with pytest.raises(asyncio.CancelledError):
        await starting
    async with NeuralMemorySystem(tmp_path) as other:
        assert (await other.get_memory_stats())["total"] == len(LINES)


async def test_the_garbage_collector_comes_back(tmp_path, monkeypatch):
    collected = []
    monkeypatch.setattr(opening, "words_of", lambda text: collected.append(gc.isenabled()) or b"")
    memory = await filled(tmp_path)
    await memory._lane.submit(
        Job(lambda: memory._core.store.write(lambda txn: txn._remove("words", (1).to_bytes(8, "big"))))
    )
    await memory.aclose()
    async with NeuralMemorySystem(tmp_path) as memory:
        await memory.get_memory_stats()
    assert collected == [False]
    assert gc.isenabled()


async def test_who_had_no_collector_gets_none(tmp_path):
    await (await filled(tmp_path)).aclose()
    gc.disable()
    try:
        async with NeuralMemorySystem(tmp_path) as memory:
            await memory.get_memory_stats()
        assert not gc.isenabled()
    finally:
        gc.enable()


async def everything_read(memory, tmp_path):
    """Every way to look at a memory."""
    await memory.find_associations("anna")
    await memory.list_relations()
    await memory.list_episodes()
    await memory.themes()
    await memory.summarize("cats in Berlin")
    await memory.export_graph(tmp_path / "graph.graphml")
    for scope in ({}, {"user": "anna"}, {"as_of": at(2)}):
        await memory.retrieve_memories("cats in Munich", 9, **scope)
    return [found["content"] for found in await memory.list_memories()]


@pytest.mark.parametrize("table", ["records", "vectors", "words", "edges", "episodes", "ids", "same"])
async def test_a_reader_is_shown_what_a_damaged_row_leaves(tmp_path, table):
    def spoil(txn):
        *_, (key, _) = txn.rows(table)
        txn._put(table, key, b"\xc1")

    clock = ManualClock(at(3 * 3600))
    memory = await filled(tmp_path / "memory", clock)
    for minute in range(10, 14):
        await memory.store_memory(f"the weather is {minute} degrees", importance=0.3, created_at=at(minute))
    assert (await memory.consolidate())["episodes"]
    await memory._lane.submit(Job(lambda: memory._core.store.write(spoil)))
    await memory.aclose()
    async with NeuralMemorySystem(tmp_path / "memory", read_only=True, clock=clock) as memory:
        assert len(await everything_read(memory, tmp_path)) == (7 if table == "records" else 8)
        assert await memory.export(tmp_path / "saved.jsonl") == (8 if table == "records" else 9)
        left_out = [f"unreadable:{table}"] if table in ("records", "vectors", "edges", "episodes") else []
        degraded = (await memory.get_memory_stats())["degraded"]
        assert [entry for entry in degraded if entry.startswith("unreadable:")] == left_out, (
            "of others it needs none"
        )
    async with NeuralMemorySystem(tmp_path / "new") as memory:
        await memory.import_(tmp_path / "saved.jsonl")
        assert (await memory.verify())["faults"] == []


async def test_whatever_bit_of_a_row_is_turned_a_reader_is_shown_the_others(tmp_path):
    """A row of which a bit is turned is left out, or is another row by which nothing is stopped."""
    chance = random.Random(3)
    await (await filled(tmp_path / "memory")).aclose()
    for turn in range(30):
        table = ("records", "records", "edges")[turn % 3]

        def spoil(txn, table=table):
            key, data = chance.choice(list(txn.rows(table)))
            at_bit, turned = chance.randrange(8 * len(data)), bytearray(data)
            turned[at_bit // 8] ^= 1 << at_bit % 8
            txn._put(table, key, bytes(turned))

        folder = tmp_path / str(turn)
        shutil.copytree(tmp_path / "memory", folder)
        store = Store(folder, map_size_mb=1)
        store.write(spoil)
        store.close()
        async with NeuralMemorySystem(folder, read_only=True) as memory:
            await everything_read(memory, tmp_path)
            assert await memory.export(tmp_path / "saved.jsonl") >= len(LINES) - 1


async def test_a_writer_refuses_a_damaged_row_and_says_what_saves_the_rest(tmp_path):
    memory = await filled(tmp_path)
    key = (2).to_bytes(8, "big")
    await memory._lane.submit(
        Job(lambda: memory._core.store.write(lambda txn: txn._put("records", key, b"?")))
    )
    await memory.aclose()
    with pytest.raises(StoreError, match="memory export"):
        await NeuralMemorySystem(tmp_path).get_memory_stats()


async def test_an_opening_that_is_cut_short_lets_go_of_the_folder(tmp_path):
    await (await filled(tmp_path)).aclose()
    first = NeuralMemorySystem(tmp_path)
    entering = asyncio.create_task(first.__aenter__())
    while not hasattr(first, "_lane") or first._lane._thread is None or first._lane.waiting:
        await asyncio.sleep(0)  # until the thread has begun
    entering.cancel()
    with pytest.raises(asyncio.CancelledError):
        await entering
    async with NeuralMemorySystem(tmp_path) as memory:
        assert (await memory.get_memory_stats())["total"] == len(LINES)
    await first.aclose()
