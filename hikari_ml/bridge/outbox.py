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

CAPACITY_BYTES: Final = 64 * 1024 * 1024
"""What they may hold together; the oldest make room as well."""

PROGRESS_SECONDS: Final = 0.01

LONGEST_PAUSE: Final = 5.0

_log = logging.getLogger(__name__)

Command = tuple[str | bytes | int, ...]


class Outbox:
    """Publishes, and runs small commands, behind the back of whoever asked for it."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._waiting: deque[Command] = deque()
        self._arrived = asyncio.Event()
        self._bytes = self._sending = 0
        self._ended = False
        self.sent = 0
        self.dropped = 0
        self.refused = 0
        """Commands that Redis took and did not do, because it is full or a replica."""

    def publish(self, channel: str, data: bytes) -> None:
        """Say ``data`` on ``channel``, soon."""
        self.run("PUBLISH", channel, data)

    def run(self, *command: str | bytes | int) -> None:
        """Have Redis run ``command``, soon, after what was asked for before; nobody is told its result."""
        self._waiting.append(command)
        self._bytes += _size(command)
        while len(self._waiting) > CAPACITY or (self._bytes > CAPACITY_BYTES and len(self._waiting) > 1):
            self._take()
            self.dropped += 1
        self._arrived.set()

    async def deliver(self) -> None:
        """Send what arrives, until cancelled; what could not be sent is tried again."""
        self._ended = False
        try:
            await self._deliver()
        finally:
            self._ended = True

    async def _deliver(self) -> None:
        failures = 0
        while True:
            await self._arrived.wait()
            await asyncio.sleep(0)  # what becomes ready in the same turn goes with it
            batch = [self._take() for _ in range(min(BATCH, len(self._waiting)))]
            self._sending = len(batch)
            try:
                answers = await execute(self._redis, batch)
            except (RedisError, OSError) as error:
                self._sending = 0
                self._waiting.extendleft(reversed(batch))
                self._bytes += sum(map(_size, batch))
                if failures == 0:
                    _log.warning("Redis takes no messages (%s); %d wait", error, len(self._waiting))
                failures += 1
                await asyncio.sleep(pause(failures))
                continue
            failures = 0
            self.sent += len(batch)
            self._sending = 0
            self._look_at(answers)
            if not self._waiting:
                self._arrived.clear()

    async def caught_up(self, seconds: float) -> bool:
        """Wait until what was asked for before has been sent.

        False if it has not after ``seconds``, or is delivered no more.
        """
        goal = self.sent + self.dropped + self._sending + len(self._waiting)
        try:
            async with asyncio.timeout(seconds):
                while self.sent + self.dropped < goal:
                    if self._ended:
                        return False
                    await asyncio.sleep(PROGRESS_SECONDS)  # no event tells how far it is
        except TimeoutError:
            return False
        return True

    def _take(self) -> Command:
        command = self._waiting.popleft()
        self._bytes -= _size(command)
        return command

    def _look_at(self, answers: list[Any]) -> None:
        errors = [answer for answer in answers if isinstance(answer, Exception)]
        if errors and self.refused == 0:
            _log.warning("Redis refuses what it is asked: %s", errors[0])
        self.refused += len(errors)


def _size(command: Command) -> int:
    """About how many bytes it holds."""
    return sum(len(word) if isinstance(word, str | bytes) else 8 for word in command)


async def execute(redis: Redis, commands: list[Command]) -> list[Any]:
    """Run ``commands`` in one round trip; a command that Redis refuses gives its error in the list."""
    async with redis.pipeline(transaction=False) as pipe:
        for command in commands:
            pipe.execute_command(*command)
        return await cast("Awaitable[list[Any]]", pipe.execute(raise_on_error=False))


def pause(failures: int) -> float:
    """Seconds to wait after so many failures in a row: doubling, with jitter, at most five."""
    return float(min(LONGEST_PAUSE, 0.05 * 2 ** min(failures, 8)) * random.uniform(0.5, 1.0))
