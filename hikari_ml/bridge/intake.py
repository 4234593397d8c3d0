"""The durable calls of one channel: done in order, answered, and acknowledged when nothing can be lost.

What changes memory is durable when it is done, together with the id of its request. What changes the counts
is kept with how far the stream has been counted (a checkpoint), and acknowledged then: after a crash the
calls since the checkpoint come again to who owns the channel next, and find the counts as they were before.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter, OrderedDict
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial
from hashlib import blake2b
from typing import Final, cast

from redis.asyncio import Redis
from redis.exceptions import RedisError

from hikari_ml.bridge.answering import Answering
from hikari_ml.bridge.methods import METHODS
from hikari_ml.bridge.outbox import Command, Outbox, execute, pause
from hikari_ml.bridge.owning import Owned
from hikari_ml.bridge.positions import epoch_of, is_kept, position
from hikari_ml.bridge.protocol import FIELD, GROUP, BadEnvelopeError, CallError, Request, decode, is_done
from hikari_ml.bridge.reading import Entry, StreamReader
from hikari_ml.bridge.router import DEAD, bury, stream_of

ANSWERED: Final = "hikari.answered."
ANSWERED_SECONDS: Final = 600
"""How long an answer can be given again to a repeated id."""

LAPSE_SECONDS: Final = 0.1
MOST_READING: Final = 64
"""Calls that change nothing and are answered at the same time."""

DELIVERIES: Final = 5
"""Times a call may end its worker before it is laid aside."""

APPLIED_KEPT: Final = 4096
"""Ids known of calls that were done; more than can be waiting to be kept."""

MOST_UNKEPT: Final = 2000
"""Calls after which the counts are kept, however recently they were."""

ANSWER_GONE: Final = CallError("bad_request", "id: it was done before, and its answer is kept no longer")

FINISHED: Final = """
redis.call('xack', KEYS[1], unpack(ARGV))
redis.call('xdel', KEYS[1], unpack(ARGV, 2))
"""
"""In one: a connection that is lost between the two would leave an entry that nobody looks at again."""

_log = logging.getLogger(__name__)


class Intake:
    """Reads the stream of ``owned`` for as long as ``holds`` says that it is ours.

    ``look`` answers what changes nothing; ``erased`` is called when somebody was erased, to forget them where
    the channel does not reach.
    """

    def __init__(
        self,
        redis: Redis,
        owned: Owned,
        worker: str,
        answering: Answering,
        outbox: Outbox,
        holds: Callable[[], bool],
        look: Callable[[Request], Awaitable[bytes]],
        erased: Callable[[Request], Awaitable[None]],
        *,
        checkpoint_seconds: float,
    ) -> None:
        self._redis = redis
        self._owned = owned
        self._answering = answering
        self._outbox = outbox
        self._holds = holds
        self._look = look
        self._erased = erased
        self._every = checkpoint_seconds
        self._stream = stream_of(owned.name)
        self._reader = StreamReader(redis, self._stream, owned.name, worker)
        self._epoch = ""
        self._unkept: list[bytes] = []
        self._kept_at = 0.0
        self._applied: OrderedDict[str, bytes] = OrderedDict()
        """Ids of the calls that are in the channel as it is open now, with their answers."""
        self._reading: dict[asyncio.Task[None], bytes] = {}
        self._stopping = False
        self._serving: asyncio.Task[None] | None = None
        self.counters: Counter[str] = Counter()

    def start(self) -> None:
        """Serve until :meth:`finish`, whenever the channel is ours."""
        self._serving = asyncio.create_task(self._serve(), name=f"hikari-durable-{self._owned.name}")

    async def _serve(self) -> None:
        failures, begun = 0, False
        self._kept_at = asyncio.get_running_loop().time()
        while not self._stopping:
            if not self._holds():  # it may be renewed yet; if it is lost, the channel is closed
                begun = False
                await asyncio.sleep(LAPSE_SECONDS)
                continue
            try:
                if not begun:
                    await self._begin()
                    begun = True
                await self._take(await self._reader.read(), again=False)
                if self._is_due():
                    await self.checkpoint()
                failures = 0
            except (RedisError, OSError) as error:
                failures, begun = failures + 1, False
                if failures == 1:
                    _log.warning("durable calls of %r cannot be read: %s", self._owned.name, error)
                await asyncio.sleep(pause(failures))
            except Exception:  # what was not acknowledged comes again
                failures, begun = failures + 1, False
                _log.exception("durable calls of %r cannot be done", self._owned.name)
                await asyncio.sleep(pause(failures))

    async def checkpoint(self) -> None:
        """Keep the counts with how far they go, then acknowledge what is in them.

        Raises:
            StoreError: they could not be kept.
            RedisError: nothing could be acknowledged; it is found to be done when it comes again.
        """
        done, self._unkept = self._unkept, []
        if not done:
            return
        try:
            await self._owned.hikari.analytics.save()
        except BaseException:
            self._unkept = done + self._unkept
            raise
        self._kept_at = asyncio.get_running_loop().time()
        await execute(self._redis, [self._acknowledge(done)])

    def forget_answers(self) -> None:
        """Keep no answer, only that the calls were done: somebody is to be forgotten."""
        for request_id in self._applied:
            self._applied[request_id] = b""

    async def finish(self) -> None:
        """Finish what was begun, and keep and acknowledge what was done while that is ours to say."""
        self._stopping = True
        begun = {*self._reading, *([self._serving] if self._serving is not None else [])}
        if begun:
            await asyncio.wait(begun)  # cutting off a call would leave half of it
        if self._holds():
            await self.checkpoint()

    def _may_go_on(self) -> bool:
        return self._holds() and not self._stopping

    async def _begin(self) -> None:
        """Be the one who reads, and do what was given to somebody before and not finished."""
        if not await self._reader.begin():
            return  # the lease is gone from Redis, and reading will fail until it is renewed
        self._epoch = await epoch_of(self._redis, self._owned.name)
        async for entries in self._reader.left():
            times = await self._reader.deliveries(entries)
            ours = {*self._unkept, *self._reading.values()}  # begun by us, before the connection was lost
            for entry, data in entries:
                if entry not in ours and self._may_go_on():
                    await self._begin_again(entry, data, times.get(entry, 1))

    async def _begin_again(self, entry: bytes, data: bytes, times: int) -> None:
        """Do a call that was given to somebody ``times`` before.

        Any of them may have died of it: what was done before is kept first, not to be begun too often too.
        """
        if times > DELIVERIES:
            await self._lay_aside(entry, data, "it was begun too often")
            return
        if times > 1:
            await self.checkpoint()
        await self._reader.begin_again(entry)
        await self._take([(entry, data)], again=True)

    async def _lay_aside(self, entry: bytes, data: bytes, why: str) -> None:
        self.counters["dead"] += 1
        with suppress(BadEnvelopeError):
            self._tell(decode(data), self._answering.refuse(decode(data), CallError("internal", why)))
        await bury(self._redis, self._stream, entry, data, why)

    async def _take(self, entries: list[Entry], *, again: bool) -> None:
        for entry, data in entries:
            if not self._may_go_on():
                return
            self.counters["again" if again else "taken"] += 1
            self._owned.used_at = asyncio.get_running_loop().time()
            try:
                request = decode(data)
            except BadEnvelopeError as error:
                await bury(self._redis, self._stream, entry, data, str(error))
                continue
            method = METHODS.get(request.method)
            if method is None or method.effect == "none":
                task = asyncio.create_task(self._read(entry, request))
                self._reading[task] = entry
                task.add_done_callback(self._reading.pop)
                if len(self._reading) >= MOST_READING:
                    await asyncio.wait(self._reading, return_when=asyncio.FIRST_COMPLETED)
            else:
                await self._change(entry, request, again=again)
            if len(self._unkept) >= MOST_UNKEPT:
                await self.checkpoint()

    async def _read(self, entry: bytes, request: Request) -> None:
        """Answer a call that changes nothing; nobody waits for it but who asked."""
        self._tell(request, await self._look(request))
        self._outbox.run(*self._acknowledge([entry]))

    async def _change(self, entry: bytes, request: Request, *, again: bool) -> None:
        if request.id not in self._applied:
            known = await self._answered(request)
            if not self._is_done(self._place(entry), known, again=again):
                await self._done(entry, request, again=again)
                self._unkept.append(entry)
                return
            self._remember(request, known[1] if known is not None else b"")
        self.counters["repeated"] += 1
        self._tell(request, self._applied[request.id] or self._answering.refuse(request, ANSWER_GONE))
        await execute(self._redis, [self._acknowledge([entry])])

    def _is_done(self, place: str, known: tuple[str, bytes] | None, *, again: bool) -> bool:
        """Whether the call at ``place`` was done, here or as the one at the place that ``known`` is of.

        If it was begun before, what it changed may have died with a worker, though it was answered.
        """
        if again and self._is_kept(place):
            return True
        if known is None or known[0] == place:
            return False
        return not again or self._is_kept(known[0])

    async def _answered(self, request: Request) -> tuple[str, bytes] | None:
        """The place of the last call with this id that was done, and its answer; None if there is none."""
        row = cast("bytes | None", await self._redis.get(answered_key(request)))
        if row is None:
            return None
        place, _, data = row.partition(b"\0")
        return place.decode(), data

    def _place(self, entry: bytes) -> str:
        return position(self._epoch, entry)

    def _is_kept(self, place: str) -> bool:
        return is_kept(place, self._owned.hikari.analytics.position, self._epoch)

    def _remember(self, request: Request, answer: bytes) -> None:
        self._applied[request.id] = answer
        if len(self._applied) > APPLIED_KEPT:
            self._applied.popitem(last=False)

    async def _done(self, entry: bytes, request: Request, *, again: bool) -> None:
        answer = partial(self._answering.answer, self._owned.hikari, request, again=again, whole=True)
        if request.method == "erase_user":  # it writes the counts itself, and may be done again
            data = await answer()
            await self._erased(request)
        else:
            async with self._owned.hikari.analytics.applying(self._place(entry)):
                data = await answer()
        # One that came too late, or failed, may be asked for again; an erasure leaves no name behind.
        if is_done(data) and request.method != "erase_user":
            self._remember(request, data)
            row = self._place(entry).encode() + b"\0" + data
            self._outbox.run("SET", answered_key(request), row, "EX", ANSWERED_SECONDS)
        self._tell(request, data)

    def _tell(self, request: Request, data: bytes) -> None:
        if request.reply_to is not None:
            self._outbox.publish(request.reply_to, data)

    def _acknowledge(self, entries: list[bytes]) -> Command:
        return ("EVAL", FINISHED, 1, self._stream, GROUP, *entries)

    def _is_due(self) -> bool:
        return bool(self._unkept) and asyncio.get_running_loop().time() - self._kept_at >= self._every


def answered_key(request: Request) -> str:
    """Where the answer to a durable call is kept for a while."""
    digest = blake2b(request.id.encode(), digest_size=16).hexdigest()
    return f"{ANSWERED}{request.channel}.{digest}"


async def forget_calls(redis: Redis, channel: str) -> int:
    """Forget every kept answer of a channel and what was laid aside of it; returns how many.

    Somebody who is to be forgotten may stand in one.
    """
    gone = 0
    for entry, fields in cast("list[tuple[bytes, dict[bytes, bytes]]]", await redis.xrange(DEAD)):
        with suppress(BadEnvelopeError):
            if decode(fields.get(FIELD, b"")).channel != channel:
                continue
        gone += await redis.xdel(DEAD, entry)  # what cannot be read may be of anybody
    pattern = "".join(f"\\{c}" if c in "*?[]\\^-" else c for c in f"{ANSWERED}{channel}.") + "*"
    async for name in redis.scan_iter(match=pattern, count=500):
        gone += await redis.delete(name)
    return gone
