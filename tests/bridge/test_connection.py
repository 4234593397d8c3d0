"""Connections that say what became of them."""

import asyncio
import gc
import random
import subprocess
from contextlib import suppress

import pytest
from redis.exceptions import RedisError

from hikari_ml.bridge import connection
from hikari_ml.bridge.connection import NO_ADDRESS, closed_after, connect, loaded, reached
from hikari_ml.bridge.local_redis import LocalRedis, answers, free_port
from hikari_ml.errors import ConfigError, StoreError
from tests.redis_server import much
from tests.wire import wire_to


async def test_one_that_is_only_half_there_is_given_up_and_the_next_works(redis_process, monkeypatch):
    monkeypatch.setattr(connection, "ANSWER_SECONDS", 0.3)
    async with wire_to(redis_process.port) as wire, connect(f"redis://127.0.0.1:{wire.port}/0") as redis:
        assert await redis.ping()
        wire.swallows = True
        with pytest.raises(RedisError):
            await redis.ping()
        wire.swallows = False
        assert await redis.ping()


@pytest.mark.parametrize(
    "url",
    [
        "redis://:pa/ss@127.0.0.1:6379/0",
        "redis://:pa#ss@127.0.0.1:6379/0",
        "redis://h:17x9/0",
        "redis://h/zz",
        "redis://h/0?db=first",
        "http://h",
        "h",
    ],
)
def test_an_address_that_is_none_is_said_without_its_password(url):
    with pytest.raises(ConfigError, match=r"bridge\.redis.*percent-encoded") as caught:
        connect(url)
    assert caught.value.__suppress_context__
    assert str(caught.value) == f"setting 'bridge.redis': {NO_ADDRESS}", "nothing of it is quoted"


@pytest.mark.parametrize(
    "url", ["redis://h", "redis://h/", "redis://h/7", "rediss://h?db=3", "unix:///run/r.sock"]
)
def test_an_address_may_leave_its_database_out(url):
    connect(url)


async def test_what_lost_its_answer_is_not_sent_again(redis_process, redis_url):
    async with (
        wire_to(redis_process.port) as wire,
        connect(f"redis://127.0.0.1:{wire.port}/0") as redis,
        connect(redis_url) as other,
    ):
        wire.cuts = 50_000
        with pytest.raises((RedisError, OSError)):
            await redis.eval("redis.call('incr', 'n') return string.rep('x', 1000000)", 0)
        assert int(await other.get("n")) == 1


async def test_waiting_for_one_that_reads_its_data_ends_when_it_is_cancelled(monkeypatch):
    monkeypatch.setattr(connection, "LOADING_LOOK_SECONDS", 0.001)
    monkeypatch.setattr(connection, "TELL_SECONDS", 0.0)
    unread = []
    asyncio.get_running_loop().set_exception_handler(lambda _, found: unread.append(found))

    async def reads_its_data(reader, writer):
        with suppress(ConnectionError):
            while line := await reader.readline():
                if line.strip().isalpha():
                    writer.write(b"-LOADING Redis is loading the dataset in memory\r\n")
        writer.close()

    async def wait_for(url):
        async with closed_after(connect(url)) as redis:
            await loaded(redis, "yours")

    chance = random.Random(3)
    async with await asyncio.start_server(reads_its_data, "127.0.0.1", 0) as server:
        url = f"redis://127.0.0.1:{server.sockets[0].getsockname()[1]}/0"
        for times in 150 * (1, 2):
            waiting = asyncio.create_task(wait_for(url))
            await asyncio.sleep(chance.uniform(0, 0.02))
            for _ in range(times):
                waiting.cancel()
                await asyncio.sleep(0)
            await asyncio.wait({waiting}, timeout=5)
            assert waiting.cancelled()
    gc.collect()
    assert not unread


async def test_one_that_still_reads_its_data_is_waited_for(tmp_path, slow_redis, monkeypatch, caplog):
    caplog.set_level("INFO")
    monkeypatch.setattr(connection, "TELL_SECONDS", 0.5)
    async with LocalRedis(tmp_path / "r", 0) as ours:
        await much(ours.url, 20_000)
        ours._process.kill()
        ours._process.wait()
    port = free_port(0)
    url = f"redis://127.0.0.1:{port}/0"
    process = subprocess.Popen(
        [slow_redis, "--port", str(port), "--dir", str(tmp_path / "r"), "--appendonly", "yes"],
        stdout=subprocess.DEVNULL,
    )
    try:
        async with connect(url) as redis:
            async with asyncio.timeout(20):
                while not await answers(url, tmp_path / "r"):
                    await asyncio.sleep(0.02)
            await reached(redis, "yours")
            assert await redis.get("last") == b"x"
    finally:
        process.kill()
        process.wait()
    with pytest.raises(StoreError, match="Redis cannot be reached"):
        await reached(redis, "yours")
    assert caplog.text.count("yours is reading what it had accepted: ") == 1
