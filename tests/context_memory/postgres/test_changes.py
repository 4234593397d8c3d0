"""Changes: processes that write at once lose nothing and make no twins."""

import subprocess
import sys

WRITER = """
import asyncio, sys
from hikari_ml import PostgresMemory

async def main(dsn, schema, who):
    async with PostgresMemory(dsn, schema=schema) as memory:
        print("ready", flush=True)
        sys.stdin.readline()
        async def store(i):
            await memory.store_memory(f"everybody says {i}", metadata={"user": "crowd", "conversation": "c"})
            await memory.store_memory(f"I love thing{i}", metadata={"user": who})
            await memory.retrieve_memories("everybody", k=3)
        await asyncio.gather(*map(store, range(12)))

asyncio.run(main(*sys.argv[1:]))
"""


async def test_two_processes_lose_nothing_and_make_no_twins(memory, server, schema):
    command = [sys.executable, "-c", WRITER, server.dsn, schema]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    writers = [subprocess.Popen([*command, who], **pipes) for who in ("anna", "ben")]
    for writer in writers:
        assert writer.stdout.readline() == "ready\n"
    for writer in writers:
        writer.stdin.write("go\n")
        writer.stdin.flush()
    for writer in writers:
        writer.communicate(timeout=200)
        assert writer.returncode == 0
    crowd = await memory.list_memories(100, user="crowd")
    assert sorted(m["content"] for m in crowd) == sorted(f"everybody says {i}" for i in range(12))
    assert {m["count"] for m in crowd} == {2}
    for who in ("anna", "ben"):
        assert len(await memory.list_memories(100, user=who)) == 12
    assert {edge["evidence"] for edge in await memory.list_relations(100)} == {1}
    assert (await memory.verify())["faults"] == []
    recalls = sum(m["access_count"] for m in await memory.list_memories(100))
    assert recalls == 2 * 12 * 3
