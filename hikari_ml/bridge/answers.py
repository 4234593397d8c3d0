"""What durable calls were answered, for as long as they may be said again."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Awaitable
from contextlib import suppress
from dataclasses import dataclass, replace
from hashlib import blake2b
from typing import Final, cast

import msgpack
from redis.asyncio import Redis

from hikari_ml.bridge.answering import asked
from hikari_ml.bridge.outbox import Outbox
from hikari_ml.bridge.protocol import FIELD, BadEnvelopeError, Request, decode, is_done
from hikari_ml.bridge.reading import epoch_key
from hikari_ml.bridge.router import DEAD, stream_of

ANSWERED: Final = "hikari.answered."
DIGEST: Final = 32
"""Characters by which a call is told apart from others of its channel."""
ANSWERED_SECONDS: Final = 600
"""How long an answer can be given again to a repeated id."""

APPLIED_KEPT: Final = 4096
"""Ids known of calls that were done; more than can be waiting to be kept."""

FORGOTTEN: Final = "hikari.forgotten."

KEEP: Final = """
local epoch, forgotten = redis.call('get', KEYS[2]), redis.call('get', KEYS[3]) or ''
if epoch == ARGV[1] and forgotten == ARGV[2] then redis.call('set', KEYS[1], ARGV[3], 'ex', ARGV[4]) end
"""
"""One that is sent late must not bring back what was forgotten since, nor outlive the stream of its call."""


@dataclass(frozen=True, slots=True)
class Known:
    """The answer to a call, the place at which the call stood, and a digest of what it asked."""

    place: str
    asked: bytes
    data: bytes
    """Empty if it is kept no longer."""


class Answers:
    """The answers of one channel, for its owner."""

    def __init__(self, redis: Redis, outbox: Outbox, channel: str) -> None:
        self._redis = redis
        self._outbox = outbox
        self._channel = channel
        self._forgotten: bytes | int = b""
        self._applied: OrderedDict[str, Known] = OrderedDict()

    async def begin(self) -> None:
        """Keep answers from now on, until somebody is forgotten."""
        self._forgotten = (
            await cast("Awaitable[bytes | None]", self._redis.get(forgotten_key(self._channel))) or b""
        )

    def applied(self, request: Request) -> Known | None:
        """The answer to a call of this id that is in the channel as it is open now; None if there is none."""
        return self._applied.get(request.id)

    async def known(self, request: Request) -> Known | None:
        """What was answered last to a call of this id, here or by another worker; None if nothing was."""
        row = await cast("Awaitable[bytes | None]", self._redis.get(answered_key(request)))
        try:
            return None if row is None else Known(*msgpack.unpackb(row))
        except (ValueError, TypeError, msgpack.UnpackException):
            return None  # another version wrote it

    def keep(self, request: Request, place: str, data: bytes) -> None:
        """Keep an answer; a call that failed is known by it, but may be done if it is said again."""
        known = self.note(request, place, data)
        row = bytes(msgpack.packb([known.place, known.asked, known.data]))
        keys = (answered_key(request), epoch_key(stream_of(self._channel)), forgotten_key(self._channel))
        epoch = place.rpartition("/")[0]
        self._outbox.run("EVAL", KEEP, len(keys), *keys, epoch, self._forgotten, row, ANSWERED_SECONDS)

    def note(self, request: Request, place: str, data: bytes) -> Known:
        """Know an answer while the channel is ours, and have Redis hold nothing of it."""
        known = Known(place, asked(request), data)
        if is_done(data):
            self._applied[request.id] = known
            if len(self._applied) > APPLIED_KEPT:
                self._applied.popitem(last=False)
        return known

    async def forget(self) -> None:
        """Know only that the calls were done: somebody is to be forgotten."""
        self._forgotten = await forget_calls(self._redis, self._channel)
        for request_id, known in self._applied.items():
            self._applied[request_id] = replace(known, data=b"")


def answered_key(request: Request) -> str:
    """Where the answer to a durable call is kept for a while."""
    digest = blake2b(request.id.encode(), digest_size=DIGEST // 2).hexdigest()
    return f"{ANSWERED}{request.channel}.{digest}"


def forgotten_key(channel: str) -> str:
    """Where it is counted how often somebody was forgotten in a channel."""
    return FORGOTTEN + channel


async def forget_calls(redis: Redis, channel: str) -> int:
    """Forget every kept answer of a channel and what was laid aside of it: somebody may stand in one.

    Returns how often that was done in this channel.
    """
    times = int(await redis.incr(forgotten_key(channel)))
    for entry, fields in cast("list[tuple[bytes, dict[bytes, bytes]]]", await redis.xrange(DEAD)):
        with suppress(BadEnvelopeError):
            if decode(fields.get(FIELD, b"")).channel != channel:
                continue
        await redis.xdel(DEAD, entry)  # what cannot be read may be of anybody
    own = "".join(f"\\{c}" if c in "*?[]\\^-" else c for c in f"{ANSWERED}{channel}.")
    pattern = own + "?" * DIGEST  # no more, or it would be another channel's: of "mika.clips", not of "mika"
    async for name in redis.scan_iter(match=pattern, count=500):
        await redis.delete(name)
    return times
