"""A memory as a whole: the latest episodes first, and themes of long-term memories where there are enough."""

import numpy as np

from hikari_ml.context_memory.themes import ENOUGH
from tests.support import at


async def test_the_latest_episodes_come_first(memory, clock):
    for start in (0, 90_000):
        for number in range(3):
            await memory.store_memory(
                f"line {number} after {start}", metadata={"user": "anna"}, created_at=at(start + number)
            )
    clock.advance(200_000)
    assert (await memory.consolidate())["episodes"] == 2
    late, early = await memory.list_episodes()
    assert late["start"] > early["end"]
    assert (late["size"], late["users"], len(late["memories"])) == (3, ["anna"], 3)
    assert await memory.list_episodes(1) == [late]


async def test_themes_are_of_long_term_memories_where_there_are_enough(memory, server, schema):
    assert await memory.themes() == []
    rng = np.random.default_rng(5)
    for number in range(ENOUGH):
        await memory.store_memory(f"number {number}", embedding=rng.normal(size=384))
    for number in range(4):
        await memory.store_memory(f"my cat sleeps {number}", embedding=np.ones(384))
    (theme,) = await memory.themes()
    assert (theme["size"], theme["scope"], theme["among"]) == (4, "all", ENOUGH + 4)
    server.ask(f"""UPDATE "{schema}".memories SET tier = 'long_term' WHERE content LIKE 'number%'""")
    assert await memory.themes() == []
