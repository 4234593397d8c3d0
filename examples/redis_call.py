"""What goes over the wire when an engine calls Hikari: MessagePack in Redis, and nothing else.

HIKARI_BRIDGE__REDIS names the Redis that `hikari-ml serve` uses; without it, a worker is started here.
"""

import asyncio
import secrets
import tempfile
import time
from contextlib import AsyncExitStack
from pathlib import Path

import msgpack
from redis.asyncio import Redis
from redis.asyncio.client import PubSub

from hikari_ml import Settings
from hikari_ml.bridge.local_redis import LocalRedis
from hikari_ml.bridge.redis_bridge import RedisBridge


async def worker(stack: AsyncExitStack) -> str:
    """The Redis of a worker, which is started if no other runs."""
    settings = Settings()
    if settings.bridge.redis is not None:
        return settings.bridge.redis.get_secret_value()
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
    url = (await stack.enter_async_context(LocalRedis(folder / "redis", 0))).url
    await stack.enter_async_context(RedisBridge(url, Settings(data_dir=folder)))
    return url


def envelope(reply_to: str, method: str, **params: object) -> bytes:
    """A call, to be answered within 20 seconds."""
    call = {"v": 1, "id": secrets.token_hex(12), "method": method, "params": params}
    deadline = round((time.time() + 20) * 1000)
    return msgpack.packb({**call, "reply_to": reply_to, "channel": "demo", "deadline_ms": deadline})


async def answer(replies: PubSub) -> object:
    """The result of the call that was made last."""
    async with asyncio.timeout(30):
        async for heard in replies.listen():
            if heard["type"] == "message":
                break
    reply = msgpack.unpackb(heard["data"])
    if not reply["ok"]:
        raise SystemExit(f"{reply['error']['code']}: {reply['error']['message']}")
    return reply["result"]


async def main() -> None:
    reply_to = f"redis-call.{secrets.token_hex(8)}"
    async with AsyncExitStack() as stack:
        redis = await stack.enter_async_context(Redis.from_url(await worker(stack)))
        replies = await stack.enter_async_context(redis.pubsub())
        await replies.subscribe(reply_to)

        said = {"username": "anna", "text": "I have two cats and they hate each other"}
        # A durable call waits in a stream until it is done, even if no worker runs now.
        await redis.xadd("hikari.requests.durable", {"data": envelope(reply_to, "perceive", message=said)})
        print((await answer(replies))["recommendation"])

        # A published call is quicker, and lost if nobody listens.
        await redis.publish("hikari.requests", envelope(reply_to, "retrieve_memories", query="pets"))
        for memory in await answer(replies):
            print(memory["metadata"]["user"], "said:", memory["content"])


asyncio.run(main())
