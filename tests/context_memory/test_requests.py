"""A repeated request stores nothing again."""

import pytest

from hikari_ml import NeuralMemorySystem
from hikari_ml.context_memory import requests
from hikari_ml.errors import InputError
from hikari_ml.runtime.clock import ManualClock
from tests.support import START, at

VECTOR = [1.0] * 384


async def counts(memory):
    return {found["content"]: found["count"] for found in await memory.list_memories()}


async def test_the_same_request_stores_once_even_after_a_restart(tmp_path):
    async with NeuralMemorySystem(tmp_path / "m") as memory:
        first = await memory.store_memory("I love tea", embedding=VECTOR, request_id="r1")
        assert await memory.store_memory("I love tea", embedding=VECTOR, request_id="r1") == first
        assert await memory.store_memory("said otherwise", embedding=VECTOR, request_id="r1") == first
        assert await counts(memory) == {"I love tea": 1}
        assert await memory.store_memory("I love tea", embedding=VECTOR, request_id="r2") == first
    async with NeuralMemorySystem(tmp_path / "m") as memory:
        assert await memory.store_memory("I love tea", embedding=VECTOR, request_id="r2") == first
        assert await counts(memory) == {"I love tea": 2}
        assert (await memory.verify())["faults"] == []


async def test_a_request_is_known_for_a_day(tmp_path):
    clock = ManualClock(START)
    async with NeuralMemorySystem(tmp_path / "m", clock=clock) as memory:
        await memory.store_memory("I love tea", embedding=VECTOR, request_id="r")
        clock.advance_to(at(23 * 3600))
        await memory.consolidate()
        await memory.store_memory("I love tea", embedding=VECTOR, request_id="r")
        assert await counts(memory) == {"I love tea": 1}
        clock.advance_to(at(25 * 3600))
        await memory.consolidate()
        await memory.store_memory("I love tea", embedding=VECTOR, request_id="r")
        assert await counts(memory) == {"I love tea": 2}


@pytest.mark.parametrize("bad", ["", "  ", 5, b"x", "\ud800"])
async def test_a_request_id_is_text(tmp_path, bad):
    async with NeuralMemorySystem(tmp_path / "m") as memory:
        with pytest.raises(InputError, match="request_id"):
            await memory.store_memory("I love tea", embedding=VECTOR, request_id=bad)
        assert await counts(memory) == {}


async def test_a_damaged_row_is_found_and_goes_with_the_old_ones(tmp_path):
    async with NeuralMemorySystem(tmp_path / "m") as memory:
        await memory.store_memory("I love tea", embedding=VECTOR, request_id="r")
        store = memory._core.store
        await memory._do(lambda: store.write(lambda txn: txn._put(requests.TABLE, b"x", b"y")))
        assert [fault["table"] for fault in (await memory.verify())["faults"]] == ["requests"]
        await memory.consolidate()
        assert (await memory.verify())["faults"] == []
