"""What a version before read in another way is read again where the memory is opened for writing."""

import asyncio

import pytest

from hikari_ml import PostgresMemory
from hikari_ml.context_memory.postgres.rereading import READING
from tests.support import at

AS_BEFORE = """
SET search_path TO "{schema}";
DELETE FROM words WHERE term = '猫';
UPDATE words SET length = 2 WHERE key = (SELECT key FROM memories WHERE content LIKE '猫%');
UPDATE memories SET length = 2 WHERE content LIKE '猫%';
UPDATE memories SET slots = '{{}}', slots_only = false, superseded = false WHERE content LIKE 'I moved%';
UPDATE memories SET slots = '{{x}}', slots_only = true, superseded = true WHERE content LIKE 'tea%';
INSERT INTO spans SELECT key, 'x', 0, 1, key FROM memories WHERE content LIKE 'tea%';
DELETE FROM spans WHERE slot <> 'x';
UPDATE links SET holds = true;
"""
"""Makes of the tables what a version wrote that read no kanji by itself, no move, and a slot of tea."""


async def filled(memory):
    for moment, content in enumerate(["I moved to Munich", "猫が2匹", "tea is great", "I moved to Berlin"]):
        await memory.store_memory(content, "fact", {"user": "anna"}, created_at=at(moment))


def tables(server, schema):
    told = "SELECT content, length, slots, slots_only, superseded FROM {}.memories ORDER BY key"
    words = "SELECT key, term, times, length FROM {}.words ORDER BY 1, 2"
    spans = "SELECT * FROM {}.spans ORDER BY 1, 2, 3"
    links = "SELECT key, digest, holds FROM {}.links ORDER BY 1, 2"
    return [server.ask(each.format(f'"{schema}"')) for each in (told, words, spans, links)]


@pytest.fixture
async def outdated(server, schema):
    """What the tables were before a version read them in another way."""
    async with PostgresMemory(server.dsn, schema=schema) as memory:
        await filled(memory)
    before = tables(server, schema)
    server.ask(AS_BEFORE.format(schema=schema))
    server.ask(f"""DELETE FROM "{schema}".meta WHERE name = 'reading'""")
    return before


async def test_what_was_read_in_another_way_is_read_again(server, schema, outdated):
    async with PostgresMemory(server.dsn, schema=schema) as memory:
        assert (await memory.verify())["faults"] == []
        (hit,) = await memory.retrieve_memories("猫", 1)
        assert (hit["content"], hit["why"]["words_rank"]) == ("猫が2匹", 1)
        assert (await memory.get_memory_stats())["superseded"] == 1
    assert tables(server, schema) == outdated
    assert server.ask(f"""SELECT value FROM "{schema}".meta WHERE name = 'reading'""") == [(READING,)]


async def test_who_only_reads_changes_nothing(server, schema, outdated):
    async with PostgresMemory(server.dsn, schema=schema, read_only=True) as memory:
        assert (await memory.get_memory_stats())["superseded"] == 1
    assert tables(server, schema) != outdated


async def test_what_was_read_as_now_is_left_alone(server, schema, outdated):
    server.ask(f"""INSERT INTO "{schema}".meta VALUES ('reading', %s)""", READING)
    async with PostgresMemory(server.dsn, schema=schema) as memory:
        assert (await memory.get_memory_stats())["total"] == 4
    assert tables(server, schema) != outdated


async def test_of_many_that_begin_at_once_one_reads(server, schema, outdated):
    async def store(number):
        async with PostgresMemory(server.dsn, schema=schema) as memory:
            await memory.store_memory(f"tea number {number}", metadata={"user": "ben"})

    await asyncio.gather(*map(store, range(3)))
    async with PostgresMemory(server.dsn, schema=schema) as memory:
        assert (await memory.verify())["faults"] == []
        assert (await memory.get_memory_stats())["total"] == 7


async def test_a_row_that_cannot_be_read_stops_no_opening(server, schema, outdated):
    server.ask(f"""UPDATE "{schema}".memories SET metadata = '5' WHERE content LIKE 'tea%'""")
    async with PostgresMemory(server.dsn, schema=schema) as memory:
        assert "tea" not in str((await memory.retrieve_memories("猫", 1))[0]["content"])
        assert {fault["fault"] for fault in (await memory.verify())["faults"]} >= {"cannot be read"}
