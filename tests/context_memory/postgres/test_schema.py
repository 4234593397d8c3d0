"""The tables: all in the schema that was named, and no statistics of what people said."""

from hikari_ml.context_memory.postgres.schema import TABLES


async def test_every_table_is_in_the_schema(memory, server, schema):
    rows = server.ask("SELECT tablename FROM pg_tables WHERE schemaname = %s", schema)
    assert sorted(name for (name,) in rows) == sorted(TABLES)


async def test_analyze_copies_nothing_that_was_said(memory, server, schema):
    for i in range(40):
        await memory.store_memory(
            f"uvwxyz{i % 7} word", metadata={"user": "uvwxyzuser"}, embedding=[1.0] * 384
        )
    server.ask("ANALYZE")
    said = "count(*) FILTER (WHERE s::text LIKE '%%uvwxyz%%')"
    rows = server.ask(f"SELECT count(*), {said} FROM pg_stats s WHERE schemaname = %s", schema)
    assert rows[0][0] > 0
    assert rows[0][1] == 0
