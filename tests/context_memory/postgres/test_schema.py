"""The tables: all in the schema that was named, and no statistics of what people said."""

import pytest

from hikari_ml import PostgresMemory
from hikari_ml.context_memory.postgres.schema import FORMAT, TABLES
from hikari_ml.errors import StoreError
from tests.support import at

FIRST_FORMAT = """
SET search_path TO "{schema}";
DROP TABLE spans;
DROP TABLE requests;
ALTER TABLE links DROP holds;
DROP INDEX memories_of_user;
ALTER TABLE memories DROP arousal, DROP said, DROP slots, DROP slots_only, DROP superseded;
CREATE INDEX memories_of_user ON memories (user_key);
UPDATE meta SET value = '1' WHERE name = 'format';
"""
"""Makes of the tables what the first format was."""


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


async def test_tables_of_the_first_format_are_brought_to_ours(server, schema):
    def described(table):
        where = f"table_schema = '{schema}' AND table_name = '{table}'"
        asked = f"SELECT column_name, data_type, column_default FROM information_schema.columns WHERE {where}"
        return {
            *server.ask(asked),
            *server.ask(f"SELECT indexname FROM pg_indexes WHERE schemaname = '{schema}'"),
        }

    async with PostgresMemory(server.dsn, schema=schema) as memory:
        for content, moment in (("I moved to Munich", 0), ("I love tea", 5), ("I moved to Berlin", 9)):
            await memory.store_memory(content, "fact", {"user": "anna"}, created_at=at(moment))
        before = await memory.list_memories()
        relations = await memory.list_relations()
    tables = [described(table) for table in TABLES]
    server.ask(FIRST_FORMAT.format(schema=schema))
    with pytest.raises(StoreError, match="has format 1; open it once without read_only"):
        await PostgresMemory(server.dsn, schema=schema, read_only=True).get_memory_stats()
    async with PostgresMemory(server.dsn, schema=schema, create=False) as memory:
        assert [m["content"] for m in await memory.list_memories()] == [m["content"] for m in before]
        assert await memory.list_relations() == relations
        assert (await memory.get_memory_stats())["superseded"] == 1
        assert (await memory.verify())["faults"] == []
    assert server.ask(f"""SELECT value FROM "{schema}".meta WHERE name = 'format'""") == [(str(FORMAT),)]
    assert [described(table) for table in TABLES] == tables
