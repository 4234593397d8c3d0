"""Reading a stream as the only one who does: what is read comes in order, and none of it gets lost.

A read that was sent long ago can still arrive at Redis, from a connection that was given up or from a worker
that lost its lease. What it is given nobody hears of, and what comes later would overtake it. So every reader
begins with a token of its own, and Redis gives entries only for the last token that began: what was given for
an earlier one is then known, and comes first.
"""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator
from typing import Any, Final

from redis.asyncio import Redis

from hikari_ml.bridge.leases import key
from hikari_ml.bridge.outbox import execute
from hikari_ml.bridge.protocol import FIELD, GROUP

BATCH: Final = 64
BLOCK_MS: Final = 1000

READERS: Final = "hikari.reader."

EPOCHS: Final = "hikari.epoch."

BEGIN: Final = """
if redis.call('get', KEYS[1]) ~= ARGV[1] then return false end
redis.call('del', KEYS[2]) -- a Redis that is full lets one write who has freed something
redis.call('set', KEYS[2], ARGV[2])
local made = redis.pcall('xgroup', 'create', KEYS[3], ARGV[3], '0', 'mkstream')
if made.ok then
    redis.call('del', KEYS[4])
elseif not string.find(made.err, 'BUSYGROUP') then
    return made
end
redis.call('set', KEYS[4], ARGV[2], 'NX')
for _, group in ipairs(redis.call('xinfo', 'groups', KEYS[3])) do
    local found = {}
    for i = 1, #group, 2 do found[group[i]] = group[i + 1] end
    if found['name'] == ARGV[3] then return {found['last-delivered-id'], redis.call('get', KEYS[4])} end
end
"""

READ: Final = """
if redis.call('get', KEYS[1]) ~= ARGV[1] then return redis.error_reply('STALE another reader has begun') end
local group, worker, most = ARGV[2], ARGV[3], ARGV[4]
local found = redis.call('xreadgroup', 'group', group, worker, 'count', most, 'streams', KEYS[2], '>')
return found and found[1][2] or {}
"""

CLAIM: Final = """
local rows = {}
local claimed = redis.call('xautoclaim', KEYS[1], ARGV[1], ARGV[2], 0, ARGV[3], 'count', ARGV[4], 'justid')
for _, entry in ipairs(claimed[2]) do
    local row = redis.call('xrange', KEYS[1], entry, entry)[1]
    if row then rows[#rows + 1] = row end
end
return {claimed[1], rows}
"""

Entry = tuple[bytes, bytes]
"""The id of an entry of a stream, and its envelope."""


class StreamReader:
    """Reads ``stream`` for ``worker``, which must hold the lease of ``owned`` to begin."""

    def __init__(self, redis: Redis, stream: str, owned: str, worker: str) -> None:
        self._redis = redis
        self._stream = stream
        self._lease = key(owned)
        self._worker = worker
        self._token = ""
        self._last: bytes = b"0-0"
        self.epoch = ""
        """The name of the stream as it is: one that is made anew has another."""

    async def begin(self) -> bool:
        """Be the one who reads from now on, and make the stream and its group; False without the lease.

        Look at :meth:`left` then, before reading.

        Raises:
            RedisError: Redis cannot be asked.
        """
        self._token = secrets.token_hex(8)
        keys = (self._lease, reader_key(self._stream), self._stream, epoch_key(self._stream))
        found = await self._run(BEGIN, keys, self._worker, self._token, GROUP)
        if found is None:
            return False
        self._last, epoch = found
        self.epoch = epoch.decode()
        return True

    async def left(self) -> AsyncIterator[list[Entry]]:
        """What was given to somebody and not finished, the oldest first, a batch at a time.

        It does not count as delivered by that: most of it was never begun. See :meth:`begin_again`.
        """
        start: bytes | str = "0-0"
        while True:
            start, rows = await self._run(CLAIM, (self._stream,), GROUP, self._worker, start, str(BATCH))
            if rows:
                yield [_entry(row) for row in rows]
            if start == b"0-0":
                return

    async def begin_again(self, entry: bytes) -> None:
        """Count that ``entry`` is begun once more."""
        await self._redis.xclaim(self._stream, GROUP, self._worker, 0, [entry])

    async def deliveries(self, entries: list[Entry]) -> dict[bytes, int]:
        """How often each of ``entries`` was begun."""
        rows: Any = await self._redis.xpending_range(
            self._stream, GROUP, entries[0][0], entries[-1][0], len(entries)
        )
        return {bytes(row["message_id"]): int(row["times_delivered"]) for row in rows}

    async def read(self) -> list[Entry]:
        """Entries that nobody has been given yet, in order; waits a second for one.

        Raises:
            RedisError: Redis cannot be asked, somebody else has begun, or the stream is gone: begin anew.
        """
        found = await self._read()
        if not found:
            await self._redis.xread({self._stream: self._last}, count=1, block=BLOCK_MS)
            found = await self._read()
        return found

    async def _read(self) -> list[Entry]:
        keys = (reader_key(self._stream), self._stream)
        rows = await self._run(READ, keys, self._token, GROUP, self._worker, str(BATCH))
        found = [_entry(row) for row in rows]
        if found:
            self._last = found[-1][0]
        return found

    async def _run(self, script: str, keys: tuple[str, ...], *more: str | bytes) -> Any:
        (found,) = await execute(self._redis, [("EVAL", script, len(keys), *keys, *more)])
        if isinstance(found, Exception):
            raise found
        return found


def reader_key(stream: str) -> str:
    """Where the token of who reads ``stream`` is."""
    return READERS + stream


def epoch_key(stream: str) -> str:
    """Where the name of a stream is, as long as its group is."""
    return EPOCHS + stream


def _entry(row: Any) -> Entry:
    entry, words = row
    fields = dict(zip(words[::2], words[1::2], strict=True))
    return bytes(entry), bytes(fields.get(FIELD, b""))
