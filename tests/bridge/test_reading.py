"""One reads, in order; what an earlier reader was given comes first, and it is given nothing more."""

import asyncio

import pytest
from redis.asyncio import Redis
from redis.exceptions import ResponseError

from hikari_ml.bridge import reading
from hikari_ml.bridge.leases import Leases
from hikari_ml.bridge.protocol import GROUP
from hikari_ml.bridge.reading import BATCH, StreamReader, epoch_key, reader_key

STREAM = "stream"


async def put(redis, *texts):
    return [await redis.xadd(STREAM, {"data": text}) for text in texts]


async def reader_of(redis, worker="me"):
    await Leases(redis, worker, 30).take("c")
    reader = StreamReader(redis, STREAM, "c", worker)
    assert await reader.begin()
    return reader


async def test_entries_come_in_order_and_once(redis_url):
    async with Redis.from_url(redis_url) as redis:
        reader = await reader_of(redis)
        await put(redis, *map(str, range(BATCH + 6)))
        found = [*await reader.read(), *await reader.read()]
        assert [int(data) for _, data in found] == list(range(BATCH + 6))
        assert await reader.read() == []


async def test_one_that_waits_gets_what_arrives(redis_url, monkeypatch):
    monkeypatch.setattr(reading, "BLOCK_MS", 4000)
    async with Redis.from_url(redis_url) as redis:
        reader = await reader_of(redis)
        for text in ("a", "b"):
            waiting = asyncio.create_task(reader.read())
            await asyncio.sleep(0.1)
            await put(redis, text)
            async with asyncio.timeout(3):
                assert [data for _, data in await waiting] == [text.encode()]


async def test_an_earlier_reader_is_given_nothing_more(redis_url):
    async with Redis.from_url(redis_url) as redis:
        early = await reader_of(redis)
        await put(redis, "given")
        await early.read()  # and nobody hears of it
        waiting = asyncio.create_task(early.read())
        await asyncio.sleep(0.1)
        late = await reader_of(redis)
        await put(redis, "new")
        with pytest.raises(ResponseError, match="STALE"):
            await waiting
        assert [data async for batch in late.left() for _, data in batch] == [b"given"]
        assert [data for _, data in await late.read()] == [b"new"]


async def test_who_has_not_the_lease_begins_nothing(redis_url):
    async with Redis.from_url(redis_url) as redis:
        reader = await reader_of(redis)
        assert not await StreamReader(redis, STREAM, "c", "other").begin()
        await put(redis, "a")
        assert len(await reader.read()) == 1


async def test_what_is_left_is_found_in_order_and_counts_as_begun_only_when_it_is(redis_url):
    async with Redis.from_url(redis_url) as redis:
        first = await reader_of(redis)
        names = await put(redis, *["x"] * (2 * BATCH + 20))
        for _ in range(3):
            await first.read()
        next_one = await reader_of(redis)
        found = [entry async for batch in next_one.left() for entry in batch]
        assert [entry for entry, _ in found] == names
        await next_one.begin_again(names[0])
        times = await next_one.deliveries(found[:2])
        assert [times[name] for name in names[:2]] == [2, 1]


async def test_a_stream_that_is_gone_or_forgotten_is_begun_anew(redis_url):
    async with Redis.from_url(redis_url) as redis:
        reader = await reader_of(redis)
        await redis.delete(STREAM)
        with pytest.raises(ResponseError, match="NOGROUP"):
            await reader.read()
        await redis.delete(reader_key(STREAM))
        with pytest.raises(ResponseError, match="STALE"):
            await reader.read()
        assert await reader.begin()
        await redis.xadd(STREAM, {"data": "low"}, id="1-1")
        assert [data for _, data in await reader.read()] == [b"low"]
        assert (await redis.xpending(STREAM, GROUP))["pending"] == 1


async def test_a_stream_has_its_name_until_it_is_gone(redis_url):
    async with Redis.from_url(redis_url) as redis:
        first = (await reader_of(redis)).epoch
        again = await reader_of(redis)
        assert again.epoch == first == (await redis.get(epoch_key(STREAM))).decode()
        await redis.delete(STREAM)
        assert (await reader_of(redis)).epoch not in ("", first)


async def test_a_redis_that_is_full_can_be_read_from(redis_url):
    async with Redis.from_url(redis_url) as redis:
        await reader_of(redis)
        await put(redis, "a")
        await redis.config_set("maxmemory", 1)
        try:
            reader = await reader_of(redis)
            assert [data for _, data in await reader.read()] == [b"a"]
        finally:
            await redis.config_set("maxmemory", 0)
