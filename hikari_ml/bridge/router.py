"""From the public stream of durable calls to the stream of each channel, in order.

One worker at a time has this office. It moves an entry in one script, which asks whether the office is still
its own and whether the entry is still there: an entry is moved once, and in the order in which it came.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Callable
from typing import Final

from redis.asyncio import Redis
from redis.exceptions import RedisError

from hikari_ml.bridge.leases import Leases, key
from hikari_ml.bridge.outbox import Command, execute, pause
from hikari_ml.bridge.protocol import DURABLE, GROUP, BadEnvelopeError, Request, decode
from hikari_ml.bridge.reading import Entry, StreamReader
from hikari_ml.errors import HikariError, OverloadedError

OFFICE: Final = ""
"""The lease of the office, named as no channel can be."""

CHANNELS: Final = "hikari.channels"
"""Channels with a stream of their own."""

DEAD: Final = "hikari.requests.dead"
"""What could not be read, or ended a worker again and again; the last thousand."""

DEAD_KEPT: Final = 1000
FULL_RETRY_MS: Final = 1000

MOVE: Final = """
if redis.call('get', KEYS[1]) ~= ARGV[1] then return 'lost' end
if redis.call('exists', KEYS[3]) == 1 and redis.call('xlen', KEYS[3]) >= tonumber(ARGV[5]) then
    redis.call('xack', KEYS[2], ARGV[2], ARGV[3])
    redis.call('xdel', KEYS[2], ARGV[3])
    return 'full'
end
if redis.call('xack', KEYS[2], ARGV[2], ARGV[3]) == 0 then return 'gone' end
redis.call('xdel', KEYS[2], ARGV[3])
redis.call('xadd', KEYS[3], '*', 'data', ARGV[4])
redis.call('sadd', KEYS[4], ARGV[6])
return 'moved'
"""

BURY: Final = """
redis.call('xadd', KEYS[1], 'MAXLEN', '~', ARGV[5], '*', 'data', ARGV[3], 'why', ARGV[4], 'stream', KEYS[2])
redis.call('xack', KEYS[2], ARGV[1], ARGV[2])
redis.call('xdel', KEYS[2], ARGV[2])
"""

_log = logging.getLogger(__name__)


def stream_of(channel: str) -> str:
    """The stream of the durable calls of a channel."""
    return f"{DURABLE}.{channel}"


class Router:
    """Moves durable calls while the office is ours, and stands by while it is not."""

    def __init__(
        self,
        redis: Redis,
        leases: Leases,
        refuse: Callable[[Request | BadEnvelopeError, HikariError], None],
        backlog: int,
    ) -> None:
        self._redis = redis
        self._leases = leases
        self._refuse = refuse
        self._backlog = backlog
        self._reader = StreamReader(redis, DURABLE, OFFICE, leases.worker)
        self.counters: Counter[str] = Counter()

    async def route(self) -> None:
        """Serve until cancelled."""
        failures = 0
        while True:
            try:
                if await self._leases.take(OFFICE):
                    await self._serve()
                else:
                    await asyncio.sleep(self._leases.seconds / 4)
                failures = 0
            except (RedisError, OSError) as error:
                failures += 1
                if failures == 1:
                    _log.warning("durable calls cannot be read: %s", error)
                await asyncio.sleep(pause(failures))

    async def _serve(self) -> None:
        if not await self._reader.begin():
            return
        async for left in self._reader.left():
            await self._move(left)
        while self._leases.holds(OFFICE):
            await self._move(await self._reader.read())

    async def _move(self, entries: list[Entry]) -> None:
        calls: list[tuple[Request, bytes]] = []
        commands: list[Command] = []
        for entry, data in entries:
            try:
                request = decode(data)
            except BadEnvelopeError as error:
                self._refuse(error, error)
                self.counters["malformed"] += 1
                await bury(self._redis, DURABLE, entry, data, str(error))
                continue
            calls.append((request, entry))
            keys = (key(OFFICE), DURABLE, stream_of(request.channel), CHANNELS)
            more = (GROUP, entry, data, str(self._backlog), request.channel)
            commands.append(("EVAL", MOVE, len(keys), *keys, self._leases.worker, *more))
        if not commands:
            return
        outcomes = await execute(self._redis, commands)
        for (request, _), outcome in zip(calls, outcomes, strict=True):
            if isinstance(outcome, Exception):
                raise outcome
            self.counters[outcome.decode()] += 1
            if outcome == b"full":
                self._refuse(request, OverloadedError(f"channel {request.channel!r:.80}", FULL_RETRY_MS))


async def bury(redis: Redis, stream: str, entry: bytes, data: bytes, why: str) -> None:
    """Put an entry where it can be looked at and is not tried again.

    Raises:
        RedisError: it could not be put there, and stays where it was.
    """
    command = ("EVAL", BURY, 2, DEAD, stream, GROUP, entry, data, why, str(DEAD_KEPT))
    (done,) = await execute(redis, [command])
    if isinstance(done, Exception):
        raise done
