"""One owner at a time."""

import asyncio

import pytest
from redis.asyncio import Redis
from redis.exceptions import RedisError

from hikari_ml.bridge.leases import Leases, key
from tests.redis_server import RedisServer


async def test_a_lease_is_one_workers_until_it_lets_go(redis_url):
    async with Redis.from_url(redis_url) as redis:
        first, second = Leases(redis, "first", 5), Leases(redis, "second", 5)
        assert await first.take("c")
        assert first.holds("c")
        assert not await second.take("c")
        assert not second.holds("c")
        assert await second.owner("c") == "first"
        await second.release("c")
        assert await second.owner("c") == "first"
        await first.release("c")
        assert not first.holds("c")
        assert await second.owner("c") is None
        assert await second.take("c")


async def test_it_runs_out_unless_it_is_renewed(redis_url):
    async with Redis.from_url(redis_url) as redis:
        first, second = Leases(redis, "first", 1.5), Leases(redis, "second", 5)
        await first.take("c")
        for _ in range(6):
            await asyncio.sleep(0.3)
            assert await first.renew() == []
        assert first.holds("c")
        await asyncio.sleep(1.6)
        assert not first.holds("c")
        assert await second.take("c")
        assert await first.renew() == ["c"]
        assert await second.owner("c") == "second"


async def test_one_that_cannot_ask_trusts_its_lease_no_longer_than_it_lasts(tmp_path):
    server = RedisServer(tmp_path)
    async with Redis.from_url(server.url) as redis:
        leases = Leases(redis, "w", 2.0)
        await leases.take("c")
        server.kill()
        with pytest.raises((RedisError, OSError)):
            await leases.renew()
        assert leases.expired() == []
        await asyncio.sleep(2.1)
        assert not leases.holds("c")
        assert leases.expired() == ["c"]
    server.start()
    server.stop()


def test_keys_of_channels_differ_from_that_of_the_office():
    assert key("") != key("a")
