"""What is said over Redis, in order, as much at a time as there is; nobody waits for it."""

from __future__ import annotations

import asyncio
import logging
import random
from collections import deque
from collections.abc import Awaitable
from typing import Any, Final, cast

from redis.asyncio import Redis
from redis.exceptions import RedisError

BATCH: Final = 256
CAPACITY: Final = 20_000
"""Messages that may wait; while Redis is away the oldest make room, and are counted."""

LONGEST_PAUSE: Final = 5.0

_log = logging.getLogger(__name__)

Command = tuple[str | bytes | int, ...]


class Outbox:
    """Publishes, and runs small commands, behind the back of whoever asked for it."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._waiting: deque[Command] = deque()
        self._arrived = asyncio.Event()
        self._empty = asyncio.Event()
        self._empty.set()
        self.sent = 0
        self.dropped = 0

    def publish(self, channel: str, data: bytes) -> None:
        """Say ``data`` on ``channel``, soon."""
        self.run("PUBLISH", channel, data)

    def run(self, *command: str | bytes | int) -> None:
        """Have Redis run ``command``, soon, after what was asked for before; nobody is told its result."""
        if len(self._waiting) >= CAPACITY:
            self._waiting.popleft()
            self.dropped += 1
        self._waiting.append(command)
        self._empty.clear()
        self._arrived.set()

    async def deliver(self) -> None:
        """Send what arrives, until cancelled; what could not be sent is tried again."""
        failures = 0
        while True:
            await self._arrived.wait()
            await asyncio.sleep(0)  # what becomes ready in the same turn goes with it
            batch = [self._waiting.popleft() for _ in range(min(BATCH, len(self._waiting)))]
            try:
                await execute(self._redis, batch)
            except (RedisError, OSError) as error:
                self._waiting.extendleft(reversed(batch))
                if failures == 0:
                    _log.warning("Redis takes no messages (%s); %d wait", error, len(self._waiting))
                failures += 1
                await asyncio.sleep(pause(failures))
                continue
            failures = 0
            self.sent += len(batch)
            if not self._waiting:
                self._arrived.clear()
                self._empty.set()

    async def emptied(self, seconds: float) -> bool:
        """Wait until everything has been sent; False if it has not after ``seconds``."""
        try:
            await asyncio.wait_for(self._empty.wait(), seconds)
        except TimeoutError:
            return False
        return True


async def execute(redis: Redis, commands: list[Command]) -> list[Any]:
    """Run ``commands`` in one round trip; a command that Redis refuses gives its error in the list."""
    async with redis.pipeline(transaction=False) as pipe:
        for command in commands:
            pipe.execute_command(*command)
        return await cast("Awaitable[list[Any]]", pipe.execute(raise_on_error=False))


def pause(failures: int) -> float:
    """Seconds to wait after so many failures in a row: doubling, with jitter, at most five."""
    return float(min(LONGEST_PAUSE, 0.05 * 2 ** min(failures, 8)) * random.uniform(0.5, 1.0))
