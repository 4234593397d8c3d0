"""Durable calls move to the stream of their channel once, and in order."""

import asyncio

from redis.asyncio import Redis

from hikari_ml.bridge import router as router_module
from hikari_ml.bridge.leases import Leases
from hikari_ml.bridge.protocol import DURABLE, GROUP, Request, encode_request
from hikari_ml.bridge.reading import StreamReader
from hikari_ml.bridge.router import CHANNELS, DEAD, OFFICE, Router, stream_of
from hikari_ml.runtime.service import ended
from tests.bridge.workers import until


async def put(redis, *channels):
    for number, channel in enumerate(channels):
        request = Request(f"{channel}{number}", "health", {}, channel)
        await redis.xadd(DURABLE, {"data": encode_request(request)})


async def ids(redis, channel):
    rows = await redis.xrange(stream_of(channel))
    return [Request(**_plain(row)).id for _, row in rows]


def _plain(row):
    from hikari_ml.bridge.protocol import decode

    found = decode(row[b"data"])
    return {"id": found.id, "method": found.method, "params": found.params}


def router_of(redis, worker, refused=None, backlog=100, seconds=0.8):
    leases = Leases(redis, worker, seconds)
    told = refused if refused is not None else []
    return Router(redis, leases, lambda call, error: told.append((call.id, error.code)), backlog), leases


async def test_calls_are_moved_in_order_by_one_of_two(redis_url):
    async with Redis.from_url(redis_url) as redis:
        routers = [router_of(redis, name)[0] for name in ("one", "two")]
        tasks = [asyncio.create_task(router.route()) for router in routers]
        await put(redis, *["a", "b"] * 50)
        await until(lambda: _moved(redis, 100))
        assert await ids(redis, "a") == [f"a{n}" for n in range(0, 100, 2)]
        assert await ids(redis, "b") == [f"b{n}" for n in range(1, 100, 2)]
        assert await redis.xlen(DURABLE) == 0
        assert await redis.smembers(CHANNELS) == {b"a", b"b"}
        for task in tasks:
            await ended(task)


async def _moved(redis, wanted):
    return await redis.xlen(stream_of("a")) + await redis.xlen(stream_of("b")) == wanted


async def test_what_a_dead_router_had_read_is_moved_by_the_next(redis_url):
    async with Redis.from_url(redis_url) as redis:
        dead = Leases(redis, "dead", 0.5)
        await dead.take(OFFICE)
        reader = StreamReader(redis, DURABLE, OFFICE, "dead")
        assert await reader.begin()
        await put(redis, "a", "a")
        assert len(await reader.read()) == 2
        await put(redis, "b", "b", "a")
        router, _ = router_of(redis, "next")
        task = asyncio.create_task(router.route())
        await until(lambda: _moved(redis, 5))
        assert await ids(redis, "a") == ["a0", "a1", "a2"]
        await ended(task)


async def test_one_that_lost_its_office_moves_nothing(redis_url):
    async with Redis.from_url(redis_url) as redis:
        router, leases = router_of(redis, "old")
        await leases.take(OFFICE)
        reader = StreamReader(redis, DURABLE, OFFICE, "old")
        assert await reader.begin()
        await put(redis, "a")
        entries = await reader.read()
        await asyncio.sleep(1.0)
        await Leases(redis, "new", 5).take(OFFICE)
        await router._move(entries)
        assert router.counters == {"lost": 1}
        assert await redis.xlen(stream_of("a")) == 0
        assert (await redis.xpending(DURABLE, GROUP))["pending"] == 1


async def test_what_cannot_be_read_is_refused_and_laid_aside(redis_url):
    refused = []
    async with Redis.from_url(redis_url) as redis:
        router, _ = router_of(redis, "one", refused)
        await put(redis, "a")
        await redis.xadd(DURABLE, {"data": b"\xc1"})
        task = asyncio.create_task(router.route())
        await until(lambda: router.counters["malformed"] and router.counters["moved"])
        assert refused == [("", "bad_request")]
        assert await redis.xlen(DEAD) == 1
        assert await redis.xlen(DURABLE) == 0
        await ended(task)


async def test_none_is_lost_however_many_wait_and_a_channel_that_is_behind_is_told_of(redis_url, caplog):
    refused = []
    async with Redis.from_url(redis_url) as redis:
        router, _ = router_of(redis, "one", refused, backlog=3, seconds=600)
        await put(redis, *["a"] * 200, "b")
        with caplog.at_level("INFO", "hikari_ml.bridge.router"):
            task = asyncio.create_task(router.route())
            await until(lambda: router.counters["moved"] == 201)
            assert await ids(redis, "a") == [f"a{n}" for n in range(200)]
            assert await ids(redis, "b") == ["b200"]
            assert router.behind == {"a": 200}
            assert router.counters["behind"] == 197
            await redis.xtrim(stream_of("a"), 1, approximate=False)  # as if they had been done
            await until(lambda: not router.behind)
        await ended(task)
        assert not refused
        assert await redis.xlen(DEAD) == 0
        told = [record.getMessage() for record in caplog.records]
        assert "channel 'a' has caught up with its durable calls" in told
        assert sum("more than 3 durable calls wait for channel 'a'" in line for line in told) == 1


async def test_calls_that_wait_already_are_told_of_once_as_long_as_about_as_many_do(
    redis_url, caplog, monkeypatch
):
    monkeypatch.setattr(router_module, "LOOK_SECONDS", 0.0)
    async with Redis.from_url(redis_url) as redis:
        for _ in range(12):
            await redis.xadd(stream_of("a"), {"data": b"x"})
        await redis.sadd(CHANNELS, "a")
        router, _ = router_of(redis, "one", backlog=10, seconds=600)
        with caplog.at_level("INFO", "hikari_ml.bridge.router"):
            task = asyncio.create_task(router.route())
            await until(lambda: router.behind == {"a": 12})
            assert router.waiting == 12
            for kept in (8, 6):
                await redis.xtrim(stream_of("a"), kept, approximate=False)
                await until(lambda kept=kept: router.behind == {"a": kept})
                await put(redis, *["a"] * (12 - kept))
                await until(lambda: router.behind == {"a": 12})
            await redis.xtrim(stream_of("a"), 5, approximate=False)
            await until(lambda: not router.behind)
        await ended(task)
        assert router.waiting == 0, "who has no office does not know"
    told = [record.getMessage() for record in caplog.records]
    assert [line.split("channel")[0].strip() for line in told] == ["more than 10 durable calls wait for", ""]


async def test_it_is_not_asked_each_time_a_call_comes_how_many_wait(redis_url):
    async with Redis.from_url(redis_url) as redis:
        router, _ = router_of(redis, "one", backlog=1, seconds=600)
        await put(redis, *"abcdefghij" * 2)
        task = asyncio.create_task(router.route())
        await until(lambda: router.counters["moved"] == 20)
        await redis.config_resetstat()
        for number in range(5):
            await put(redis, "a")
            await until(lambda number=number: router.counters["moved"] == 21 + number)
        looked = (await redis.info("commandstats")).get("cmdstat_xlen", {}).get("calls", 0)
        await ended(task)
        assert looked <= 10, "one look at ten channels"


async def test_a_stream_that_somebody_deletes_is_made_again(redis_url):
    async with Redis.from_url(redis_url) as redis:
        router, _ = router_of(redis, "one")
        task = asyncio.create_task(router.route())
        await until(lambda: redis.exists(DURABLE))
        await asyncio.sleep(0.3)
        await redis.delete(DURABLE)
        await asyncio.sleep(0.3)
        await put(redis, "a")
        await until(lambda: redis.xlen(stream_of("a")))
        await ended(task)
