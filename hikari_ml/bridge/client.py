"""Calling a Hikari that runs elsewhere, from Python: what the Rust engine does, for notebooks and tests."""

from __future__ import annotations

import asyncio
import secrets
import time
from contextlib import AsyncExitStack
from typing import Any, Final, cast

import msgpack
from redis.exceptions import RedisError

from hikari_ml.bridge.connection import CONNECT_SECONDS, connect, not_to_be_used, ping
from hikari_ml.bridge.outbox import Outbox
from hikari_ml.bridge.protocol import DURABLE, REQUESTS, CallError, Request, encode_request
from hikari_ml.bridge.subscriber import Subscriber
from hikari_ml.runtime.service import Service, ended

TIMEOUT_SECONDS: Final = 30.0


class BridgeClient(Service):
    """Calls methods of the workers on the Redis at ``url``; see docs/reference/wire.md for what there is.

    Raises (on start):
        StoreError: Redis cannot be reached.
    """

    def __init__(self, url: str) -> None:
        super().__init__()
        self.reply_to = f"hikari.replies.{secrets.token_hex(8)}"
        self._redis = connect(url)
        self._outbox = Outbox(self._redis)
        self._subscriber = Subscriber(self._redis, [self.reply_to], self._hear)
        self._waiting: dict[str, asyncio.Future[dict[str, Any]]] = {}

    async def call(
        self,
        method: str,
        params: dict[str, Any] | None = None,
        *,
        channel: str = "default",
        timeout: float = TIMEOUT_SECONDS,  # noqa: ASYNC109  # it is the deadline that the worker is told too
        durable: bool = False,
        request_id: str | None = None,
    ) -> Any:
        """The result of ``method``; waits and asks again while the worker is overloaded.

        A ``durable`` call is done even if no worker runs now. Calling again with the same ``request_id``
        gives its answer without doing it again.

        Raises:
            CallError: it was refused, with the code and details that the worker gave, or no answer came
                within ``timeout`` seconds (``deadline_exceeded``).
        """
        await self._ready()
        call_id = request_id or secrets.token_hex(12)
        deadline = time.time() + timeout
        told = None if durable else round(deadline * 1000)  # a durable call is done however late
        request = Request(call_id, method, params or {}, channel, self.reply_to, told)
        while True:
            answer = await self._answer(request, deadline, durable=durable)
            if answer["ok"]:
                return answer["result"]
            told = answer["error"]
            pause = told["details"].get("retry_after_ms", 0) / 1000
            if told["code"] != "overloaded" or time.time() + pause >= deadline:
                raise CallError(told["code"], told["message"], told["details"])
            await asyncio.sleep(pause)

    async def _answer(self, request: Request, deadline: float, *, durable: bool) -> dict[str, Any]:
        waiting = self._waiting.get(request.id)
        if waiting is None:
            waiting = self._waiting[request.id] = asyncio.get_running_loop().create_future()
        data = encode_request(request)
        if durable:
            self._outbox.run("XADD", DURABLE, "*", "data", data)
        else:
            self._outbox.publish(REQUESTS, data)
        try:
            async with asyncio.timeout(max(0.0, deadline - time.time())):
                return await asyncio.shield(waiting)
        except TimeoutError:
            raise CallError("deadline_exceeded", f"no answer to {request.method} came in time") from None
        finally:
            self._waiting.pop(request.id, None)

    def _hear(self, _: str, data: bytes) -> None:
        answer = cast("dict[str, Any]", msgpack.unpackb(data))
        waiting = self._waiting.pop(answer["id"], None)
        if waiting is not None and not waiting.done():
            waiting.set_result(answer)

    async def _open(self, stack: AsyncExitStack) -> None:
        stack.push_async_callback(self._redis.aclose)
        try:
            await ping(self._redis)
        except (RedisError, OSError) as error:
            raise not_to_be_used("Redis", error) from error
        for name, work in (("deliver", self._outbox.deliver()), ("listen", self._subscriber.listen())):
            task = asyncio.create_task(work, name=f"hikari-client-{name}")
            stack.push_async_callback(ended, task)
        await asyncio.wait_for(self._subscriber.listening.wait(), CONNECT_SECONDS)
