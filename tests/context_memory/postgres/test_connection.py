"""The way to the database: no password is told, processes that begin at once agree, failures are clear."""

import asyncio
import subprocess
import sys
import traceback
from contextlib import AsyncExitStack

import pytest

from hikari_ml import PostgresMemory
from hikari_ml.context_memory.postgres.connection import Database, lock_key
from hikari_ml.errors import InputError, StoreError, StoreVersionError

SECRET = "hunter2secret"


@pytest.mark.parametrize(
    "dsn",
    [
        f"postgresql://anna:{SECRET}@127.0.0.1:1/db",
        f"host=127.0.0.1 port=1 user=anna password={SECRET}",
    ],
)
async def test_a_database_that_is_not_there_is_named_without_the_password(dsn, caplog):
    memory = PostgresMemory(dsn)
    with pytest.raises(StoreError) as caught:
        await memory.get_memory_stats()
    told = "".join(traceback.format_exception(caught.value)) + caplog.text + repr(memory.address)
    assert "anna@127.0.0.1:1" in memory.address
    assert SECRET not in told


@pytest.mark.parametrize(
    "dsn", [f"postgresql//{SECRET}", f"password='{SECRET}", f"{SECRET}=1", f"a\0{SECRET}", None, 3]
)
def test_a_dsn_that_cannot_be_read_is_not_shown(dsn):
    with pytest.raises(InputError) as caught:
        PostgresMemory(dsn)
    assert SECRET not in "".join(traceback.format_exception(caught.value))
    assert SECRET not in repr(vars(caught.value))


@pytest.mark.parametrize("schema", ["", "x" * 64, "a\0b", "\ud800", None])
def test_a_schema_must_have_a_name(schema):
    with pytest.raises(InputError, match="schema"):
        PostgresMemory("postgresql:///db", schema=schema)


async def nothing_to_fill(found):
    raise AssertionError("nothing was of an earlier format")


async def opened(database):
    async with AsyncExitStack() as stack:
        await database.open(stack, "a model", 3, nothing_to_fill)
        async with database.connection() as found:
            cursor = await found.execute("SELECT value FROM meta WHERE name = 'model'")
            return (await cursor.fetchone())[0]


async def test_many_that_begin_at_once_make_the_tables_once(server, schema):
    ready = [Database(server.dsn, schema, connections=2, read_only=False) for _ in range(6)]
    assert await asyncio.gather(*map(opened, ready)) == ["a model"] * 6


async def test_a_newer_format_is_refused(server, schema):
    await opened(Database(server.dsn, schema, connections=2, read_only=False))
    server.ask(f"""UPDATE "{schema}".meta SET value = '99' WHERE name = 'format'""")
    with pytest.raises(StoreVersionError, match="format 99") as caught:
        await opened(Database(server.dsn, schema, connections=2, read_only=False))
    assert caught.value.found == 99


async def test_what_was_lost_comes_back_after_a_connection_broke(memory, server):
    await memory.store_memory("I love tea")
    server.ask("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'hikari_ml'")
    assert len(await memory.retrieve_memories("tea")) == 1


async def test_one_does_a_thing_at_a_time(memory):
    async with memory._db.alone("sweeping") as first, memory._db.alone("sweeping") as second:
        assert (first, second) == (True, False)
    async with memory._db.alone("sweeping") as again:
        assert again
    assert lock_key("a", "b") != lock_key("b", "a")


def test_without_psycopg_the_extra_is_named():
    code = """
import sys
sys.modules["psycopg"] = None
from hikari_ml import PostgresMemory
try:
    PostgresMemory("postgresql:///db")
except ImportError as error:
    print(type(error).__name__, error)
"""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120
    )
    assert done.stdout.startswith("MissingExtraError")
    assert "hikari-ml[postgres]" in done.stdout
