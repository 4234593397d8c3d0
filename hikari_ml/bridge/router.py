"""From the public stream of durable calls to the stream of each channel, in order.

One worker at a time has this office. It moves an entry in one script, which asks whether the office is still
its own and whether the entry is still there: an entry is moved once, and in the order in which it came.

All are moved, however many wait for a channel already: those that stayed behind would keep no memory of Redis
free, and would be in the way of other channels' calls. When Redis is full it tells so whoever adds a call.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Awaitable, Callable
from math import inf
from typing import Final, cast

from redis.asyncio import Redis
from redis.exceptions import RedisError

from hikari_ml.bridge.leases import Leases, key
from hikari_ml.bridge.outbox import Command, execute, pause
from hikari_ml.bridge.protocol import DURABLE, GROUP, BadEnvelopeError, decode
from hikari_ml.bridge.reading import Entry, StreamReader
from hikari_ml.errors import HikariError

OFFICE: Final = ""
"""The lease of the office, named as no channel can be."""

CHANNELS: Final = "hikari.channels"
"""Channels with a stream of their own."""

DEAD: Final = "hikari.requests.dead"
"""What could not be read, or ended a worker again and again; the last thousand."""

DEAD_KEPT: Final = 1000

LOOK_SECONDS: Final = 2.0
"""Time between two looks at how many calls wait for each channel."""

LOOKED_AT: Final = 1000
"""Channels asked about in one round trip."""

MOVE: Final = """
if redis.call('get', KEYS[1]) ~= ARGV[1] then return 'lost' end
if redis.call('xack', KEYS[2], ARGV[2], ARGV[3]) == 0 then return 'gone' end
redis.call('xdel', KEYS[2], ARGV[3])
redis.call('xadd', KEYS[3], '*', 'data', ARGV[4])
redis.call('sadd', KEYS[4], ARGV[5])
return redis.call('xlen', KEYS[3])
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
    """Moves durable calls while the office is ours, and stands by while it is not.

    ``refuse`` answers what is no call. A channel for which more than ``backlog`` calls wait is told of, and
    again when at most half as many do.
    """

    def __init__(
        self,
        redis: Redis,
        leases: Leases,
        refuse: Callable[[BadEnvelopeError, HikariError], None],
        backlog: int,
    ) -> None:
        self._redis = redis
        self._leases = leases
        self._refuse = refuse
        self._backlog = backlog
        self._reader = StreamReader(redis, DURABLE, OFFICE, leases.worker)
        self.counters: Counter[str] = Counter()
        self.behind: dict[str, int] = {}
        """Channels for which too many calls wait, and how many do; none without the office."""
        self.waiting = 0
        """Calls that waited for a channel when it was last looked; none without the office."""
        self._looked_at = -inf

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
            finally:
                self.behind.clear()
                self.waiting = 0

    async def _serve(self) -> None:
        if not await self._reader.begin():
            return
        await self._look_who_is_behind()  # there may be calls that another has moved
        async for left in self._reader.left():
            await self._move(left)
        while self._leases.holds(OFFICE):
            await self._move(await self._reader.read())
            if asyncio.get_running_loop().time() - self._looked_at >= LOOK_SECONDS:
                await self._look_who_is_behind()

    async def _move(self, entries: list[Entry]) -> None:
        channels: list[str] = []
        commands: list[Command] = []
        for entry, data in entries:
            try:
                request = decode(data)
            except BadEnvelopeError as error:
                self._refuse(error, error)
                self.counters["malformed"] += 1
                await bury(self._redis, DURABLE, entry, data, str(error))
                continue
            channels.append(request.channel)
            keys = (key(OFFICE), DURABLE, stream_of(request.channel), CHANNELS)
            more = (GROUP, entry, data, request.channel)
            commands.append(("EVAL", MOVE, len(keys), *keys, self._leases.worker, *more))
        if not commands:
            return
        outcomes = await execute(self._redis, commands)
        for channel, outcome in zip(channels, outcomes, strict=True):
            if isinstance(outcome, Exception):
                raise outcome
            if isinstance(outcome, int):
                self.counters["moved"] += 1
                self.counters["behind"] += outcome > self._backlog
                self._note(channel, outcome)
            else:
                self.counters[outcome.decode()] += 1

    def _note(self, channel: str, waiting: int) -> None:
        """Tell of a channel that is far behind, and once that it no longer is."""
        if waiting > self._backlog:
            if channel not in self.behind:
                _log.warning("more than %d durable calls wait for channel %r", self._backlog, channel)
            self.behind[channel] = waiting
        elif channel in self.behind and 2 * waiting > self._backlog:  # it may be over it again at once
            self.behind[channel] = waiting
        elif self.behind.pop(channel, None) is not None:
            _log.info("channel %r has caught up with its durable calls", channel)

    async def _look_who_is_behind(self) -> None:
        found = await cast("Awaitable[set[bytes]]", self._redis.smembers(CHANNELS))
        channels = sorted({name.decode() for name in found} | self.behind.keys())
        total = 0
        for at in range(0, len(channels), LOOKED_AT):
            part = channels[at : at + LOOKED_AT]
            told = await execute(self._redis, [("XLEN", stream_of(channel)) for channel in part])
            for channel, waiting in zip(part, told, strict=True):
                if isinstance(waiting, Exception):
                    raise waiting
                self._note(channel, waiting)
                total += waiting
        self.waiting = total
        self._looked_at = asyncio.get_running_loop().time()


async def bury(redis: Redis, stream: str, entry: bytes, data: bytes, why: str) -> None:
    """Put an entry where it can be looked at and is not tried again.

    Raises:
        RedisError: it could not be put there, and stays where it was.
    """
    command = ("EVAL", BURY, 2, DEAD, stream, GROUP, entry, data, why, str(DEAD_KEPT))
    (done,) = await execute(redis, [command])
    if isinstance(done, Exception):
        raise done
