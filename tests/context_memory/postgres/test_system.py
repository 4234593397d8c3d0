"""PostgresMemory beyond the contract: models that differ, and re-embedding."""

import pytest

from hikari_ml import PostgresMemory
from hikari_ml.errors import ReadOnlyError, StoreError


async def test_vectors_of_two_models_are_never_mixed(server, schema, tmp_path):
    async with PostgresMemory(server.dsn, schema=schema) as memory:
        await memory.store_memory("I love tea", metadata={"user": "anna"})
        ours = memory.embedding_id
        server.ask(f"""UPDATE "{schema}".meta SET value = 'other:1' WHERE name = 'model'""")
        for act in (memory.retrieve_memories("tea"), memory.store_memory("x"), memory.summarize("tea")):
            with pytest.raises(StoreError, match="other:1"):
                await act
        assert (await memory.get_memory_stats())["model"] == "other:1"
        assert await memory.export(tmp_path / "out.jsonl") == 1
    server.ask(f"""UPDATE "{schema}".vectors SET embedding = '[1, 0]'""")
    with pytest.raises(ReadOnlyError):
        await PostgresMemory(server.dsn, schema=schema, reembed=True, read_only=True).get_memory_stats()
    async with PostgresMemory(server.dsn, schema=schema, reembed=True) as memory:
        (found,) = await memory.retrieve_memories("I love tea")
        assert found["why"]["meaning"] == pytest.approx(1, abs=1e-3)
        assert (await memory.get_memory_stats())["model"] == ours
        assert (await memory.verify())["faults"] == []


async def test_several_memories_share_a_database(server):
    async with (
        PostgresMemory(server.dsn, schema=server.fresh()) as one,
        PostgresMemory(server.dsn, schema=server.fresh()) as other,
    ):
        await one.store_memory("I love tea")
        assert await other.list_memories() == []
