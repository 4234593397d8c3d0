"""The durable calls of one channel: done in order, answered, and acknowledged when nothing can be lost.

What changes memory is durable when it is done, together with the id of its request. What changes the counts
is kept with how far the stream has been counted (a checkpoint), and acknowledged then: after a crash the
calls since the checkpoint come again to who owns the channel next, and find the counts as they were before.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial
from typing import Final

from redis.asyncio import Redis
from redis.exceptions import RedisError

from hikari_ml.bridge.answering import Answering, answer_gone, asked, id_taken
from hikari_ml.bridge.answers import Answers, Known
from hikari_ml.bridge.methods import METHODS
from hikari_ml.bridge.outbox import Command, Outbox, execute, pause
from hikari_ml.bridge.owning import Owned
from hikari_ml.bridge.positions import is_kept, position
from hikari_ml.bridge.protocol import GROUP, BadEnvelopeError, CallError, Request, decode, is_begun, is_done
from hikari_ml.bridge.reading import Entry, StreamReader
from hikari_ml.bridge.router import bury, stream_of

LAPSE_SECONDS: Final = 0.1
MOST_READING: Final = 64
"""Calls that change nothing and are answered at the same time."""

DELIVERIES: Final = 5
"""Times a call may end its worker before it is laid aside."""

MOST_UNKEPT: Final = 2000
"""Calls after which the counts are kept, however recently they were."""

SLICE: Final = 1000
"""Entries acknowledged by one command."""

FINISHED: Final = """
redis.call('xack', KEYS[1], unpack(ARGV))
redis.call('xdel', KEYS[1], unpack(ARGV, 2))
"""
"""In one: a connection that is lost between the two would leave an entry that nobody looks at again."""

_log = logging.getLogger(__name__)


class _LapsedError(Exception):
    """We may not go on for now: what was read has to be looked for again."""


class Intake:
    """Reads the stream of ``owned`` for as long as ``holds`` says that it is ours.

    ``look`` answers what changes nothing; ``erased`` is called behind every erasure, also one that was done
    before, to forget whom it names where the channel does not reach, and ``gone`` when the call has left the
    stream as well.
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
        gone: Callable[[], None],
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
        self._gone = gone
        self._erasing = False
        self._every = checkpoint_seconds
        self._stream = stream_of(owned.name)
        self._reader = StreamReader(redis, self._stream, owned.name, worker)
        self._unkept: list[bytes] = []
        self._kept_at = 0.0
        self._answers = Answers(redis, outbox, owned.name)
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
                if len(self._unkept) >= MOST_UNKEPT:  # they could not be kept when they should have been
                    await self.checkpoint()
                await self._take(await self._reader.read(), again=False)
                if self._is_due():
                    await self.checkpoint()
                failures = 0
            except _LapsedError:
                begun = False
                await asyncio.sleep(LAPSE_SECONDS)
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
        if done:
            try:
                await self._owned.hikari.analytics.save()
            except BaseException:
                self._unkept = done + self._unkept
                raise
            self._kept_at = asyncio.get_running_loop().time()
            await self._acknowledge(done)
        if self._erasing:
            self._erasing = False
            self._gone()

    async def finish(self) -> None:
        """Finish what was begun, and keep and acknowledge what was done while that is ours to say."""
        self._stopping = True
        begun = {*self._reading, *([self._serving] if self._serving is not None else [])}
        if begun:
            await asyncio.wait(begun)  # cutting off a call would leave half of it
        if self._holds():
            await self.checkpoint()

    def _check_lease(self) -> None:
        """See that we may go on. What was read and not begun comes again then, before anything later.

        Raises:
            _LapsedError: we may not.
        """
        if self._stopping or not self._holds():
            raise _LapsedError

    async def _begin(self) -> None:
        """Be the one who reads, and do what was given to somebody before and not finished."""
        if not await self._reader.begin():
            raise _LapsedError
        await self._answers.begin()
        async for entries in self._reader.left():
            times = await self._reader.deliveries(entries)
            ours = {*self._unkept, *self._reading.values()}  # begun by us, before the connection was lost
            for entry, data in entries:
                self._check_lease()
                if entry not in ours:
                    await self._begin_again(entry, data, times.get(entry, 1))

    async def _begin_again(self, entry: bytes, data: bytes, times: int) -> None:
        """Do a call that was given to somebody ``times`` before.

        Any of them may have died of it: what was done before is kept first, not to be begun too often too.
        """
        if times >= DELIVERIES:
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
            self._check_lease()
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
        self._outbox.run(*self._finished([entry]))

    async def _change(self, entry: bytes, request: Request, *, again: bool) -> None:
        erases = request.method == "erase_user"
        if erases and self._reading:  # what they ask leaves the stream when it is answered
            await asyncio.wait(self._reading)
        applied = self._answers.applied(request)
        known = applied or await self._answers.known(request)
        if known is not None and known.asked != asked(request):
            answer = self._answering.refuse(request, id_taken())
        elif applied is None and not self._is_done(self._place(entry), known, again=again):
            await self._done(entry, request, again=again)
            return
        else:
            answer = (known and known.data) or self._answering.refuse(request, answer_gone())
        self.counters["repeated"] += 1
        self._tell(request, answer)
        if erases:  # who is named here may have been asked for since
            await self._erased(request)
            self._erasing = True  # now: what is acknowledged may not be heard to be
        await self._acknowledge([entry])
        if erases:
            await self.checkpoint()

    def _is_done(self, place: str, known: Known | None, *, again: bool) -> bool:
        """Whether the call at ``place`` was done, there or as the one that ``known`` is the answer to.

        If it was begun before, what it changed may have died with a worker, though it was answered.
        """
        if again and self._is_kept(place):
            return True
        if known is None or known.place == place or not is_done(known.data):
            return False
        return not again or self._is_kept(known.place)

    def _place(self, entry: bytes) -> str:
        return position(self._reader.epoch, entry)

    def _is_kept(self, place: str) -> bool:
        return is_kept(place, self._owned.hikari.analytics.position, self._reader.epoch)

    async def _done(self, entry: bytes, request: Request, *, again: bool) -> None:
        answer = partial(self._answering.answer, self._owned.hikari, request, again=again, whole=True)
        erases = request.method == "erase_user"
        if erases:  # it writes the counts itself, and leaves no name behind
            data = await answer()
            begun = is_begun(data)
            if begun:  # if it failed, half of it may be done
                self._answering.forget_answers(self._owned.name, request.id)
                await self._answers.forget()
            await self._erased(request)
            if begun:
                self._answers.note(request, self._place(entry), data)
            self._erasing = True
        else:
            async with self._owned.hikari.analytics.applying(self._place(entry)):
                data = await answer()
            self._answers.keep(request, self._place(entry), data)
        self._tell(request, data)
        self._unkept.append(entry)
        if erases or request.method == "retract_message":  # who goes on after us could not take it back
            await self.checkpoint()

    def _tell(self, request: Request, data: bytes) -> None:
        if request.reply_to is not None:
            self._outbox.publish(request.reply_to, data)

    async def _acknowledge(self, entries: list[bytes]) -> None:
        """Let Redis forget calls that are done.

        Raises:
            RedisError: it did not; they are found to be done when they come again.
        """
        parts = [entries[at : at + SLICE] for at in range(0, len(entries), SLICE)]
        for answer in await execute(self._redis, [self._finished(part) for part in parts]):
            if isinstance(answer, Exception):
                raise answer

    def _finished(self, entries: list[bytes]) -> Command:
        return ("EVAL", FINISHED, 1, self._stream, GROUP, *entries)

    def _is_due(self) -> bool:
        return (
            self._erasing or bool(self._unkept)
        ) and asyncio.get_running_loop().time() - self._kept_at >= self._every
