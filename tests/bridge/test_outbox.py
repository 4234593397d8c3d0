"""What is said arrives, in order, and outlives a Redis that is away."""

import asyncio

from redis.asyncio import Redis

from hikari_ml.bridge import outbox
from hikari_ml.bridge.outbox import Outbox, execute, pause
from hikari_ml.runtime.service import ended
from tests.redis_server import RedisServer


async def test_what_is_said_arrives_in_order(redis_url):
    async with Redis.from_url(redis_url) as redis, redis.pubsub() as listener:
        await listener.subscribe("c")
        box = Outbox(redis)
        task = asyncio.create_task(box.deliver())
        for i in range(1000):
            box.publish("c", str(i).encode())
        box.run("SET", "k", b"v")
        assert await box.caught_up(10)
        assert await redis.get("k") == b"v"
        heard = []
        while len(heard) < 1000:
            found = await listener.get_message(ignore_subscribe_messages=True, timeout=5)
            heard += [int(found["data"])] if found else []
        assert heard == list(range(1000))
        assert (box.sent, box.dropped) == (1001, 0)
        await ended(task)


async def test_nobody_waits_for_what_is_delivered_no_more(redis_url):
    async with Redis.from_url(redis_url) as redis:
        box = Outbox(redis)
        for _ in range(2):  # a start that is tried again
            task = asyncio.create_task(box.deliver())
            await asyncio.sleep(0)
            box.run("SET", "k", b"v")
            assert await box.caught_up(10)
            await ended(task)
            box.run("SET", "k", b"v")
            async with asyncio.timeout(5):
                assert not await box.caught_up(60)


async def test_it_waits_for_a_redis_that_is_away_and_drops_the_oldest(tmp_path, monkeypatch):
    monkeypatch.setattr(outbox, "CAPACITY", 10)
    server = RedisServer(tmp_path)
    async with Redis.from_url(server.url) as redis:
        box = Outbox(redis)
        task = asyncio.create_task(box.deliver())
        server.kill()
        for i in range(25):
            box.run("RPUSH", "list", str(i))
        assert not await box.caught_up(0.3)
        server.start()
        assert await box.caught_up(30)
        kept = [int(value) for value in await redis.lrange("list", 0, -1)]
        assert kept == list(range(15, 25))
        assert box.dropped == 15
        await ended(task)
    server.stop()


async def test_what_waits_is_bounded_in_bytes_too(redis_url, monkeypatch):
    monkeypatch.setattr(outbox, "CAPACITY_BYTES", 10_000)
    async with Redis.from_url(redis_url) as redis:
        box = Outbox(redis)
        for i in range(30):
            box.run("SET", f"k{i}", b"x" * 1000)
        assert box.dropped >= 20
        task = asyncio.create_task(box.deliver())
        assert await box.caught_up(10)
        assert await redis.get("k29") == b"x" * 1000
        assert await redis.get("k0") is None
        box.run("SET", "large", b"x" * 20_000)
        assert await box.caught_up(10)
        assert await redis.strlen("large") == 20_000, "one alone always goes"
        assert box._bytes == 0
        await ended(task)


async def test_what_was_asked_for_before_has_been_sent_though_more_comes(redis_url):
    async with Redis.from_url(redis_url) as redis:
        box = Outbox(redis)
        box.run("SET", "k", "v")
        assert not await box.caught_up(0.05)
        task = asyncio.create_task(box.deliver())

        async def go_on():
            while True:
                box.run("INCR", "more")
                await asyncio.sleep(0)

        more = asyncio.create_task(go_on())
        assert await box.caught_up(10)
        assert await redis.get("k") == b"v"
        for one in (more, task):
            await ended(one)


async def test_what_redis_refuses_is_counted_and_told_once(redis_url, caplog):
    async with Redis.from_url(redis_url) as redis:
        box = Outbox(redis)
        task = asyncio.create_task(box.deliver())
        await redis.set("text", "x")
        for _ in range(3):
            box.run("INCR", "text")
            assert await box.caught_up(10)
        assert (box.refused, box.sent) == (3, 3)
        assert caplog.text.count("Redis refuses") == 1
        await ended(task)


async def test_a_command_that_is_refused_does_not_stop_the_others(redis_url):
    async with Redis.from_url(redis_url) as redis:
        done = await execute(redis, [("SET", "a", "1"), ("INCR", "a", "b"), ("GET", "a")])
        assert isinstance(done[1], Exception)
        assert done[2] == b"1"


def test_pauses_grow_and_are_bounded():
    assert all(0 < pause(failures) <= outbox.LONGEST_PAUSE for failures in range(50))
    assert max(pause(1) for _ in range(20)) < min(pause(7) for _ in range(20))
