"""A memory as it is given to whoever asked."""

from hikari_ml import NeuralMemorySystem
from hikari_ml.context_memory.answer import tell
from hikari_ml.context_memory.recall import Hit
from hikari_ml.runtime.clock import ManualClock
from tests.support import START, at


async def test_it_is_told_as_it_is_now(tmp_path):
    async with NeuralMemorySystem(tmp_path, clock=ManualClock(START)) as memory:
        await memory.store_memory("I live in Munich", "fact", {"user": "anna"}, created_at=at(-86_400))
        later = await memory.store_memory("I moved to Berlin", "fact", {"user": "anna"})
        core, hit = memory._core, Hit(1, 0.5, {"meaning": 2}, {"meaning": 0.75})
        found = await memory._do(lambda: core.store.read(lambda txn: tell(core, txn, hit, core.now())))
    assert found["why"]["meaning"] == 0.75
    assert found["why"]["meaning_rank"] == 2
    assert found["why"]["words"] is found["why"]["named"] is None
    assert found["why"]["age_days"] == 1
    assert found["importance"] == 0.5 * 0.995
    assert (found["valid_to"], found["superseded_by"]) == ("2026-01-10T20:00:00.000Z", later)
