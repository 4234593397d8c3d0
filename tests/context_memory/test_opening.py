"""What is read when a memory is opened is what was there when it was closed."""

import gc

from hikari_ml import NeuralMemorySystem
from hikari_ml.context_memory import opening
from hikari_ml.context_memory.core import Job
from tests.support import at

LINES = ["I live in Berlin", "is it raining?", "I have two cats", "I moved to Munich", "Mochi is asleep"]


async def filled(folder):
    memory = NeuralMemorySystem(folder)
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
