"""Workers of a bridge, and a client that calls them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import count
from typing import Any

import msgpack
from redis.asyncio import Redis

from hikari_ml import Settings
from hikari_ml.bridge.protocol import DURABLE, REQUESTS, Request, encode_request
from hikari_ml.bridge.redis_bridge import RedisBridge

_ids = count()


def settings_in(folder, **bridge: Any) -> Settings:
    """Settings with state in ``folder`` and leases that run out soon."""
    quick = {"lease_seconds": 3.0, "checkpoint_seconds": 0.3, "share_readings": False}
    return Settings(data_dir=folder, bridge={**quick, **bridge})


class Client:
    """Calls over Redis and keeps every answer by the id of its call."""

    def __init__(self, redis: Redis) -> None:
        self.redis = redis
        self.name = f"client-{next(_ids)}"
        self.answers: dict[str, list[dict[str, Any]]] = {}
        self._arrived = asyncio.Event()

    async def listen(self, pubsub) -> None:
        while True:
            found = await pubsub.get_message(ignore_subscribe_messages=True, timeout=5)
            if found is not None:
                answer = msgpack.unpackb(found["data"])
                self.answers.setdefault(answer["id"], []).append(answer)
                self._arrived.set()

    async def send(self, method: str, params=None, *, durable=False, **envelope: Any) -> str:
        request_id = envelope.pop("id", None) or f"r{next(_ids)}"
        request = Request(request_id, method, params or {}, **{"reply_to": self.name, **envelope})
        return await self.send_raw(encode_request(request), request_id, durable=durable)

    async def send_raw(self, data: bytes, request_id: str = "", *, durable=False) -> str:
        if durable:
            await self.redis.xadd(DURABLE, {"data": data})
        else:
            await self.redis.publish(REQUESTS, data)
        return request_id

    async def answer(self, request_id: str, seconds: float = 60, number: int = 1) -> dict[str, Any]:
        async with asyncio.timeout(seconds):
            while len(self.answers.get(request_id, ())) < number:
                self._arrived.clear()
                await self._arrived.wait()
        return self.answers[request_id][number - 1]

    async def ask(self, method: str, params=None, **more: Any) -> Any:
        answer = await self.answer(await self.send(method, params, **more))
        assert answer["ok"], answer["error"]
        return answer["result"]

    async def refused(self, method: str, params=None, **more: Any) -> dict[str, Any]:
        answer = await self.answer(await self.send(method, params, **more))
        assert not answer["ok"]
        return answer["error"]


@asynccontextmanager
async def client_of(url: str) -> AsyncIterator[Client]:
    async with Redis.from_url(url) as redis, redis.pubsub() as pubsub:
        client = Client(redis)
        await pubsub.subscribe(client.name)
        listening = asyncio.create_task(client.listen(pubsub))
        try:
            yield client
        finally:
            listening.cancel()
            await asyncio.wait({listening})


@asynccontextmanager
async def worker(url: str, settings: Settings, *channels: str, **more: Any) -> AsyncIterator[RedisBridge]:
    async with RedisBridge(url, settings, channels=channels, **more) as bridge:
        yield bridge


async def until(true, seconds: float = 20) -> None:
    """Wait until ``true()``, which may be awaitable."""
    async with asyncio.timeout(seconds):
        while True:
            found = true()
            if await found if asyncio.iscoroutine(found) else found:
                return
            await asyncio.sleep(0.02)
