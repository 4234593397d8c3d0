"""Hearing, losing the connection, and noticing one that is only half there."""

import asyncio

from redis.asyncio import Redis

from hikari_ml.bridge.subscriber import Subscriber
from hikari_ml.runtime.service import ended
from tests.bridge.workers import until
from tests.redis_server import RedisServer
from tests.wire import wire_to


async def test_it_hears_and_listens_again_after_redis_was_away(tmp_path):
    server = RedisServer(tmp_path)
    heard = []
    async with Redis.from_url(server.url) as redis:
        subscriber = Subscriber(redis, ["a", "b"], lambda channel, data: heard.append((channel, data)))
        task = asyncio.create_task(subscriber.listen())
        await subscriber.listening.wait()
        await redis.publish("a", b"1")
        await redis.publish("c", b"not for us")
        await redis.publish("b", b"2")
        await until(lambda: len(heard) == 2)
        assert heard == [("a", b"1"), ("b", b"2")]
        server.kill()
        await until(lambda: not subscriber.listening.is_set())
        assert subscriber.gaps == 1
        server.start()
        await until(subscriber.listening.is_set)
        async with Redis.from_url(server.url) as other:
            await other.publish("a", b"3")
        await until(lambda: len(heard) == 3)
        await ended(task)
    server.stop()


async def test_a_connection_that_is_only_half_there_is_given_up(redis_process):
    heard = []
    async with (
        wire_to(redis_process.port) as wire,
        Redis.from_url(f"redis://127.0.0.1:{wire.port}/0") as redis,
    ):
        subscriber = Subscriber(redis, ["a"], lambda _, data: heard.append(data), quiet=0.2, pong=2.0)
        task = asyncio.create_task(subscriber.listen())
        await subscriber.listening.wait()
        await asyncio.sleep(1.2)  # silent, and alive: pings are answered
        assert subscriber.gaps == 0
        wire.swallows = True
        await until(lambda: subscriber.gaps == 1)
        wire.swallows = False
        await until(subscriber.listening.is_set)
        async with Redis.from_url(redis_process.url) as other:
            await other.publish("a", b"again")
        await until(lambda: heard == [b"again"])
        await ended(task)
