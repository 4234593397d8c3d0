"""Hearing, losing the connection, and noticing one that is only half there."""

import asyncio

from redis.asyncio import Redis

from hikari_ml.bridge.subscriber import Subscriber
from hikari_ml.runtime.service import ended
from tests.bridge.workers import until
from tests.redis_server import RedisServer


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


class Wire:
    """Carries bytes between a client and Redis until it is told to swallow them."""

    def __init__(self, port):
        self._port = port
        self.swallows = False
        self._writers = []

    async def serve(self):
        self._server = await asyncio.start_server(self._carry, "127.0.0.1", 0)
        return self._server.sockets[0].getsockname()[1]

    async def _carry(self, reader, writer):
        there_reader, there_writer = await asyncio.open_connection("127.0.0.1", self._port)
        self._writers += [writer, there_writer]
        await asyncio.gather(self._pump(reader, there_writer), self._pump(there_reader, writer))

    async def _pump(self, reader, writer):
        while data := await reader.read(65536):
            if not self.swallows:
                writer.write(data)

    async def aclose(self):
        for writer in self._writers:
            writer.close()
        self._server.close()


async def test_a_connection_that_is_only_half_there_is_given_up(redis_process):
    wire = Wire(redis_process.port)
    port = await wire.serve()
    heard = []
    async with Redis.from_url(f"redis://127.0.0.1:{port}/0") as redis:
        subscriber = Subscriber(redis, ["a"], lambda _, data: heard.append(data), quiet=0.2, pong=0.2)
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
    await wire.aclose()
