"""What was deleted leaves the log of Redis, also when a rewriting goes on already."""

import asyncio
import os
import signal
from pathlib import Path

from redis.asyncio import Redis
from redis.exceptions import ResponseError

from hikari_ml.bridge import rewriting
from hikari_ml.bridge.local_redis import LocalRedis
from hikari_ml.bridge.rewriting import LogRewriter, begin_rewriting, rewritten
from hikari_ml.runtime.service import ended


async def slowly_rewriting(redis):
    """Have a rewriting go on that was begun before what is deleted next; it takes a moment to be written."""
    await redis.config_set("rdb-key-save-delay", 2000)  # microseconds a key
    for number in range(200):
        await redis.set(f"k{number}", "x")
    await rewritten(redis)
    await redis.bgrewriteaof()


async def test_what_is_deleted_while_a_rewriting_goes_on_leaves_the_log_as_well(tmp_path, caplog):
    async with LocalRedis(tmp_path, 0) as server, Redis.from_url(server.url) as redis:
        await redis.set("secret", "qzxsecret")
        await slowly_rewriting(redis)
        await redis.delete("secret")
        rewriter = LogRewriter(redis)
        serving = asyncio.create_task(rewriter.serve())
        for _ in range(4):
            rewriter.ask()
            await asyncio.sleep(0.01)
        async with asyncio.timeout(30):
            while any(b"qzxsecret" in path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()):
                await asyncio.sleep(0.05)
        await ended(serving)
    assert "cannot be written anew" not in caplog.text


async def test_one_that_is_refused_is_begun_when_it_can_be(tmp_path):
    async with LocalRedis(tmp_path, 0) as server, Redis.from_url(server.url) as redis:
        await slowly_rewriting(redis)
        try:
            await redis.bgrewriteaof()
        except ResponseError as error:
            assert "in progress" in str(error)
        else:
            raise AssertionError("Redis takes a second one at a time now: nothing has to be waited for")
        await begin_rewriting(redis)
        assert await rewritten(redis) == "ok"


def children_of(process_id):
    return Path(f"/proc/{process_id}/task/{process_id}/children").read_text(encoding="ascii")


async def test_one_that_redis_begins_and_cannot_end_is_begun_again(tmp_path, caplog, monkeypatch):
    monkeypatch.setattr(rewriting, "AGAIN_SECONDS", 0.1)
    async with LocalRedis(tmp_path, 0) as server, Redis.from_url(server.url) as redis:
        await redis.set("secret", "qzxsecret")
        await slowly_rewriting(redis)
        await rewritten(redis)
        await redis.delete("secret")
        serving = asyncio.create_task((rewriter := LogRewriter(redis)).serve())
        forks = (await redis.info("stats"))["total_forks"]
        rewriter.ask()
        async with asyncio.timeout(30):
            while (await redis.info("stats"))["total_forks"] == forks:
                await asyncio.sleep(0.01)
            server_id = (await redis.info("server"))["process_id"]
            children = children_of(server_id)
            os.kill(int(children.split()[-1]), signal.SIGKILL)  # as when memory runs out
            while any(b"qzxsecret" in path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()):
                await asyncio.sleep(0.05)
        await ended(serving)
    assert "cannot be written anew yet" in caplog.text
