"""Calling from Python."""

import asyncio

import pytest

from hikari_ml.bridge.client import BridgeClient
from hikari_ml.bridge.protocol import CallError
from hikari_ml.errors import StoreError
from tests.bridge.workers import settings_in, worker


async def test_calls_are_answered_refused_and_retried(redis_url, tmp_path):
    async with (
        worker(redis_url, settings_in(tmp_path, max_in_flight=3), "default"),
        BridgeClient(redis_url) as c,
    ):
        params = {"content": "I love tea", "metadata": {"user": "anna"}}
        ids = await asyncio.gather(*(c.call("store_memory", params, durable=True) for _ in range(2)))
        assert ids[0] == ids[1]
        found = await asyncio.gather(*(c.call("retrieve_memories", {"query": "tea"}) for _ in range(40)))
        assert {len(memories) for memories in found} == {1}
        with pytest.raises(CallError, match="none of analyze_message") as caught:
            await c.call("nothing")
        assert caught.value.code == "unknown_method"
        first = await c.call("store_memory", params, durable=True, request_id="again")
        assert await c.call("store_memory", params, durable=True, request_id="again") == first
        assert (await c.call("retrieve_memories", {"query": "tea"}))[0]["count"] == 3


async def test_no_answer_is_told_in_time(redis_url):
    async with BridgeClient(redis_url) as client:
        with pytest.raises(CallError, match="no answer to health") as caught:
            await client.call("health", timeout=0.3)
        assert caught.value.code == "deadline_exceeded"


async def test_a_redis_that_is_not_there_is_named():
    with pytest.raises(StoreError, match="cannot be reached"):
        await BridgeClient("redis://127.0.0.1:1/0").__aenter__()


async def test_a_redis_that_refuses_to_work_is_not_called_away():
    async def refuse(reader, writer):
        while line := await reader.readline():
            if line.startswith(b"*"):
                writer.write(b"-MISCONF Errors writing to the AOF file: No space left on device\r\n")
        writer.close()

    async with await asyncio.start_server(refuse, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        with pytest.raises(StoreError, match=r"refuses to work: .*No space left"):
            await BridgeClient(f"redis://127.0.0.1:{port}/0").__aenter__()
