"""From the public stream of durable calls to the stream of each channel, in order.

One worker at a time has this office. It moves an entry in one script, which asks whether the office is still
its own and whether the entry is still there: an entry is moved once, and in the order in which it came.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncIterator, Callable
from typing import Any, Final

from redis.asyncio import Redis
from redis.exceptions import RedisError, ResponseError

from hikari_ml.bridge.leases import Leases, key
from hikari_ml.bridge.outbox import Command, execute, pause
from hikari_ml.bridge.protocol import DURABLE, FIELD, GROUP, BadEnvelopeError, Request, decode
from hikari_ml.errors import HikariError, OverloadedError

OFFICE: Final = ""
"""The lease of the office, named as no channel can be."""

CHANNELS: Final = "hikari.channels"
"""Channels with a stream of their own."""

DEAD: Final = "hikari.requests.dead"
"""What could not be read, or ended a worker again and again; the last thousand."""

DEAD_KEPT: Final = 1000
BATCH: Final = 64
BLOCK_MS: Final = 1000
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

CLAIM: Final = """
local claimed = redis.call(
    'xautoclaim', KEYS[1], ARGV[1], ARGV[2], 0, ARGV[3], 'count', ARGV[4], 'justid')
local rows = {}
for _, entry in ipairs(claimed[2]) do
    local row = redis.call('xrange', KEYS[1], entry, entry)[1]
    if row then rows[#rows + 1] = row end
end
return {claimed[1], rows}
"""

_log = logging.getLogger(__name__)

Entry = tuple[bytes, bytes]
"""The id of an entry of a stream, and its envelope."""


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
        self.counters: Counter[str] = Counter()

    async def route(self) -> None:
        """Serve until cancelled."""
        failures = 0
        while True:
            try:
                if await self._leases.take(OFFICE) or self._leases.holds(OFFICE):
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
        await make_group(self._redis, DURABLE)
        async for left in claimed(self._redis, DURABLE, self._leases.worker):
            await self._move(left)
        while self._leases.holds(OFFICE):
            await self._move(await read_new(self._redis, DURABLE, self._leases.worker, BATCH))

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


async def make_group(redis: Redis, stream: str) -> None:
    """Make the consumer group of ``stream``, and the stream, where there is none."""
    try:
        await redis.xgroup_create(stream, GROUP, id="0", mkstream=True)
    except ResponseError as error:
        if "BUSYGROUP" not in str(error):
            raise


async def read_new(redis: Redis, stream: str, worker: str, most: int) -> list[Entry]:
    """Entries that nobody has been given yet; waits a second for one."""
    try:
        found: Any = await redis.xreadgroup(GROUP, worker, {stream: ">"}, count=most, block=BLOCK_MS)
    except ResponseError as error:
        if "NOGROUP" not in str(error) and "UNBLOCKED" not in str(error):
            raise
        await make_group(redis, stream)  # somebody deleted the stream
        return []
    if not found:
        return []
    if isinstance(found, dict):
        batches = [batch for several in found.values() for batch in several]
        return [_entry(row) for batch in batches for row in batch]
    return [_entry(row) for _, rows in found for row in rows]


async def claimed(redis: Redis, stream: str, worker: str) -> AsyncIterator[list[Entry]]:
    """What was given to somebody and not finished, a batch at a time; only for who owns the stream.

    It does not count as delivered by that: most of it was never begun. See :func:`begin_again`.
    """
    start: bytes | str = "0-0"
    while True:
        command = ("EVAL", CLAIM, 1, stream, GROUP, worker, start, str(BATCH))
        (found,) = await execute(redis, [command])
        if isinstance(found, Exception):
            raise found
        start, rows = found
        if rows:
            yield [_entry((name, dict(zip(row[::2], row[1::2], strict=True)))) for name, row in rows]
        if start == b"0-0":
            return


async def begin_again(redis: Redis, stream: str, worker: str, entry: bytes) -> None:
    """Count that ``entry`` is begun once more."""
    await redis.xclaim(stream, GROUP, worker, 0, [entry])


async def bury(redis: Redis, stream: str, entry: bytes, data: bytes, why: str) -> None:
    """Put an entry where it can be looked at and is not tried again."""
    await execute(
        redis,
        [
            ("XADD", DEAD, "MAXLEN", "~", DEAD_KEPT, "*", FIELD, data[:65536], "why", why, "stream", stream),
            ("XACK", stream, GROUP, entry),
            ("XDEL", stream, entry),
        ],
    )


def _entry(row: Any) -> Entry:
    entry, fields = row
    return bytes(entry), bytes((fields or {}).get(FIELD, b""))
