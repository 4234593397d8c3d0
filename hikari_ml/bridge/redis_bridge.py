"""The worker of a bridge: it hears calls, answers those of its channels, and tells what happens in them.

Every worker hears every call that is published, and the owner of its channel answers; a channel that is
nobody's is taken by the idlest. Durable calls come by the :mod:`router` and each channel's :mod:`intake`.
"""

from __future__ import annotations

import asyncio
import logging
import os
import secrets
import socket
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from contextlib import AsyncExitStack, suppress
from functools import partial
from hashlib import blake2b
from typing import Any, Final, cast

import msgpack
from redis.exceptions import RedisError

from hikari_ml import __version__
from hikari_ml.bridge import protocol
from hikari_ml.bridge.answering import Answering, fault_of
from hikari_ml.bridge.cache import RedisShelf, ViewerCache
from hikari_ml.bridge.connection import CONNECT_SECONDS, connect, reached
from hikari_ml.bridge.intake import Intake
from hikari_ml.bridge.leases import Leases, key
from hikari_ml.bridge.outbox import Outbox
from hikari_ml.bridge.owning import Owned, Owning
from hikari_ml.bridge.protocol import BadEnvelopeError, CallError, Request, decode
from hikari_ml.bridge.reading import epoch_key, reader_key
from hikari_ml.bridge.rewriting import LogRewriter
from hikari_ml.bridge.router import CHANNELS, Router, stream_of
from hikari_ml.bridge.subscriber import Subscriber
from hikari_ml.config import Settings
from hikari_ml.errors import HikariError, StoreError
from hikari_ml.pipeline.hikari import Hikari
from hikari_ml.runtime.service import Service, ended

SPOKEN_MS: Final = 1_000
"""How long it is known that a worker has answered what belongs to no channel."""

ORPHANS_SECONDS: Final = 1.0
DRAIN_SECONDS: Final = 10.0

DROP_EMPTY: Final = """
if redis.call('exists', KEYS[1]) == 0 or redis.call('xlen', KEYS[1]) == 0 then
    redis.call('del', KEYS[1], KEYS[3], KEYS[4])
    redis.call('srem', KEYS[2], ARGV[1])
end
"""

_log = logging.getLogger(__name__)

OnChannel = Callable[[Hikari], Awaitable[None]]


async def _nothing(_: Hikari) -> None:
    """What happens with a channel where nobody asked to be told."""


class RedisBridge(Service):
    """Serves calls over the Redis at ``url``, as one of any number of workers there.

    The channels named in ``channels`` are opened at once and kept open; others when somebody calls.
    ``opened`` and ``closing`` are told of every channel. ``own_redis``: it is ours alone, and its log on disk
    may be rewritten when somebody is erased.

    It starts once Redis has read what it had accepted.

    Raises (on start):
        StoreError: Redis cannot be reached.
    """

    def __init__(
        self,
        url: str,
        settings: Settings | None = None,
        *,
        channels: Sequence[str] = (),
        opened: OnChannel = _nothing,
        closing: OnChannel = _nothing,
        own_redis: bool = False,
    ) -> None:
        super().__init__()
        self._own_redis = own_redis
        self.settings = settings or Settings()
        self.worker = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"
        self.counters: Counter[str] = Counter()
        self._url = url
        self._chosen = self.settings.bridge
        self._redis = connect(url)
        self._leases = Leases(self._redis, self.worker, self._chosen.lease_seconds)
        self._answering = Answering(self._chosen.max_in_flight)
        self._outbox = Outbox(self._redis)
        self._side = connect(url)  # calls in plenty must not take the connections that leases need
        self._viewers = ViewerCache(self._side)
        self._rewriter = LogRewriter(self._side)
        self._shelf = RedisShelf(url, self._chosen.reading_seconds) if self._chosen.share_readings else None
        self._owning = Owning(self._leases, self._made, self._chosen.max_channels, self._begin, self._finish)
        self._owning.pinned = {name.casefold() for name in channels}
        self._told = opened, closing
        self._intakes: dict[str, Intake] = {}
        self._past: Counter[str] = Counter()
        """What the intakes counted of channels that are open no more."""
        self._telling: dict[str, asyncio.Task[None]] = {}
        self._router = Router(self._redis, self._leases, self._refuse, self._chosen.max_backlog)
        self._subscriber = Subscriber(self._redis, [protocol.REQUESTS], self._hear)
        self._answers: set[asyncio.Task[None]] = set()
        self._broken: list[str] = []
        self._began = time.monotonic()

    @property
    def hikaris(self) -> list[Hikari]:
        """The channels of this worker."""
        return [owned.hikari for owned in self._owning.open]

    @property
    def waiting(self) -> int:
        """Durable calls that wait for any channel, where this worker has the router's office; else 0."""
        return self._router.waiting

    async def hikari(self, channel: str) -> Hikari | None:
        """The channel, if it is this worker's or nobody's until now; None if it is another's.

        Raises:
            CallError: this worker has as many channels as it may have.
            HikariError: it cannot be opened.
        """
        await self._ready()
        owned = await self._owning.get(channel.casefold())
        return None if owned is None else owned.hikari

    def health(self) -> dict[str, Any]:
        """How this worker is: ``status`` is ok or degraded, with the reasons."""
        degraded = list(self._broken)
        if not self._subscriber.listening.is_set():
            degraded.append("not connected")
        if self._owning.trouble is not None:
            degraded.append(self._owning.trouble)
        if self._outbox.dropped:
            degraded.append(f"{self._outbox.dropped} messages could not be sent")
        for channel, waiting in self._router.behind.items():
            degraded.append(f"{waiting} durable calls wait for channel {channel!r:.80}")
        return {
            "status": "degraded" if degraded else "ok",
            "version": __version__,
            "worker": self.worker,
            "channels": sorted(owned.name for owned in self._owning.open),
            "in_flight": self._answering.busy,
            "uptime_seconds": time.monotonic() - self._began,
            "degraded": degraded,
        }

    def counts(self) -> dict[str, int]:
        """Everything counted since the start, by a dotted name."""
        found = Counter({f"calls.{name}": value for name, value in self.counters.items()})
        found.update(
            {f"answers.{method}.{code}": n for (method, code), n in self._answering.counters.items()}
        )
        found.update({f"durable.routed.{name}": n for name, n in self._router.counters.items()})
        durable = sum((intake.counters for intake in self._intakes.values()), self._past)
        found.update({f"durable.{name}": n for name, n in durable.items()})
        found.update({"redis.sent": self._outbox.sent, "redis.unsent": self._outbox.dropped})
        found["redis.refused"] = self._outbox.refused
        found["redis.gaps"] = self._subscriber.gaps
        if self._shelf is not None:
            found.update({"readings.shared": self._shelf.hits, "readings.read": self._shelf.misses})
        return dict(found)

    # -- life ---------------------------------------------------------------------------------------

    async def _open(self, stack: AsyncExitStack) -> None:
        stack.push_async_callback(self._side.aclose)
        stack.push_async_callback(self._redis.aclose)
        if self._shelf is not None:
            stack.callback(self._shelf.close)
        await reached(self._redis, shown(self._url))
        self._run(stack, "deliver", self._outbox.deliver())
        stack.push_async_callback(self._outbox.caught_up, DRAIN_SECONDS)
        stack.push_async_callback(self._owning.let_go, "")
        self._run(stack, "leases", self._owning.keep(60 * self._chosen.idle_minutes))
        self._owning.begin()
        stack.push_async_callback(self._owning.close_all)
        for name in self._owning.pinned:
            await self._owning.get(name)
        stack.push_async_callback(self._drain)
        if self._own_redis:
            self._run(stack, "log", self._rewriter.serve())
        self._run(stack, "router", self._router.route())
        self._run(stack, "orphans", self._find_orphans())
        self._run(stack, "calls", self._subscriber.listen())
        await asyncio.wait_for(self._subscriber.listening.wait(), CONNECT_SECONDS)

    def _run(self, stack: AsyncExitStack, name: str, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work, name=f"hikari-bridge-{name}")
        task.add_done_callback(self._note_end)
        stack.push_async_callback(_ended_quietly, task)

    def _note_end(self, task: asyncio.Task[None]) -> None:
        """A part that ends by itself is broken, and must be seen."""
        if not task.cancelled() and (error := task.exception()) is not None:
            self._broken.append(f"{task.get_name()} has failed: {type(error).__name__}")
            _log.error("%s has failed", task.get_name(), exc_info=error)

    async def _drain(self) -> None:
        """Answer what was accepted."""
        if self._answers:
            await asyncio.wait(self._answers, timeout=DRAIN_SECONDS)

    # -- channels -----------------------------------------------------------------------------------

    def _made(self, name: str) -> Hikari:
        return Hikari(self.settings, channel=name, shelf=self._shelf)

    async def _begin(self, owned: Owned) -> None:
        intake = Intake(
            self._redis,
            owned,
            self.worker,
            self._answering,
            self._outbox,
            lambda: self._owning.holds(owned),
            partial(self._answer, owned),
            partial(self._erased, owned.name),
            self._rewriter.ask,  # the log of Redis still holds what was deleted
            checkpoint_seconds=self._chosen.checkpoint_seconds,
        )
        self._intakes[owned.name] = intake
        teller = asyncio.create_task(self._tell(owned.hikari), name=f"hikari-events-{owned.name}")
        self._telling[owned.name] = teller
        intake.start()
        await self._told[0](owned.hikari)

    async def _finish(self, owned: Owned) -> None:
        if owned.name not in self._intakes:  # it was never begun
            return
        try:
            await self._told[1](owned.hikari)
        finally:
            await self._end(owned)

    async def _end(self, owned: Owned) -> None:
        """Finish what was accepted for a channel, and say no more of it."""
        intake = self._intakes.pop(owned.name)
        try:
            await intake.finish()
            await self._outbox.caught_up(DRAIN_SECONDS)  # its answers are kept only while its stream is there
        finally:
            self._past += intake.counters
            await self._answering.finish(owned.name)
            await ended(self._telling.pop(owned.name))
        if self._leases.holds(owned.name):
            stream = stream_of(owned.name)
            keys = (stream, CHANNELS, epoch_key(stream), reader_key(stream))
            self._outbox.run("EVAL", DROP_EMPTY, len(keys), *keys, owned.name)

    async def _tell(self, hikari: Hikari) -> None:
        """Publish what happens in a channel, numbered so that a gap is seen."""
        epoch, seq = secrets.token_hex(8), 0
        where = protocol.EVENTS + hikari.channel
        async for found in hikari.events():
            seq += 1 + found["dropped"]
            try:
                data = protocol.event(found["type"], found["at"], found["data"], seq=seq, epoch=epoch)
            except (HikariError, ValueError, TypeError):  # its number is missed, and that is seen
                _log.exception("an event of kind %s cannot be told", found["type"])
                continue
            self._outbox.publish(where, data)

    async def _find_orphans(self) -> None:
        """Take channels that have durable calls waiting and no owner."""
        while True:
            await asyncio.sleep(ORPHANS_SECONDS)
            try:
                found = cast("set[bytes]", await self._redis.smembers(CHANNELS))
            except (RedisError, OSError):
                continue
            for name in {name.decode() for name in found} - {owned.name for owned in self._owning.open}:
                await self._adopt(name)

    async def _adopt(self, name: str) -> None:
        try:
            if not await self._redis.exists(key(name)):
                await self._owning.get(name)
        except (RedisError, OSError, CallError) as error:
            _log.debug("channel %r was not taken: %s", name, error)
        except Exception as error:
            _log.warning("channel %r, which has durable calls, cannot be opened: %s", name, error)

    # -- calls --------------------------------------------------------------------------------------

    def _hear(self, _: str, data: bytes) -> None:
        self.counters["heard"] += 1
        too_many = self._answering.overload(len(self._answers))
        try:
            request = decode(data)
        except BadEnvelopeError as error:
            self.counters["malformed"] += 1
            if too_many is None and error.reply_to is not None:
                self._later(self._say_once(error, data))
            return
        mine = self._owning.mine(request.channel)
        if mine is False:
            self.counters["of another"] += 1
        elif too_many is not None:
            if mine:
                self._reply(request.reply_to, self._answering.refuse(request, too_many))
            else:
                self.counters["dropped"] += 1
        elif (fault := fault_of(request)) is not None:  # it opens no channel
            self._later(self._reply_once(request.reply_to, self._answering.refuse(request, fault), data))
        else:
            self._later(self._serve(request, data))

    def _later(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._answers.add(task)
        task.add_done_callback(self._answers.discard)

    async def _serve(self, request: Request, data: bytes) -> None:
        try:
            if request.method == "health" and self._owning.mine(request.channel) is None:
                await self._say_how_one_is(request, data)
                return
            owned = await self._owning.get(request.channel)
            if owned is None:
                self.counters["of another"] += 1
                return
            if request.method == "erase_user":  # none of their durable calls that wait may come after it
                await self._side.xadd(protocol.DURABLE, {protocol.FIELD: data})
                return
            answer = await self._answer(owned, request)
            if not self._owning.holds(owned):
                self.counters["lost"] += 1  # the channel is another's now, and so is the answer
                return
        except CallError as error:
            if not await self._first_to_speak(data):
                return
            answer = self._answering.refuse(request, error)
        except HikariError as error:
            answer = self._answering.refuse(request, error)
        except (RedisError, OSError):
            self.counters["unserved"] += 1
            _log.warning("a call could not be served: Redis is away")
            return
        except Exception as error:
            _log.exception("a call could not be served")
            answer = self._answering.refuse(request, error)
        self._reply(request.reply_to, answer)

    async def _say_how_one_is(self, request: Request, data: bytes) -> None:
        """Answer ``health`` for a channel that is nobody's: to be asked opens none."""
        if await self._leases.owner(request.channel) is None:
            await self._reply_once(request.reply_to, protocol.reply(request.id, self.health()), data)

    async def _answer(self, owned: Owned, request: Request) -> bytes:
        if request.method == "health":
            fault = fault_of(request)
            told = protocol.reply(request.id, self.health())
            return told if fault is None else self._answering.refuse(request, fault)
        if request.method == "get_viewer_insights":
            return await self._viewer(owned, request)
        return await self._answering.answer(owned.hikari, request)

    async def _viewer(self, owned: Owned, request: Request) -> bytes:
        username = request.params.get("username")
        late = request.deadline_ms is not None and request.deadline_ms < time.time() * 1000
        if isinstance(username, str) and len(request.params) == 1 and not late:
            known = await self._viewers.get(owned.name, username)
            if known is not None:
                return protocol.reply(request.id, known)
        data = await self._answering.answer(owned.hikari, request)
        told = msgpack.unpackb(data)
        if told["ok"]:
            await self._viewers.put(owned.name, str(username), told["result"])
        return data

    async def _erased(self, channel: str, request: Request) -> None:
        """Let no cache of all workers remember who is erased."""
        if not await self._outbox.caught_up(DRAIN_SECONDS):  # an answer may still be on its way
            raise StoreError("Redis", "what was answered cannot be forgotten now; it is tried again")
        await self._viewers.forget(channel, str(request.params.get("user")))

    async def _say_once(self, error: BadEnvelopeError, data: bytes) -> None:
        """Refuse what is no call: one of the workers does."""
        await self._reply_once(error.reply_to, protocol.refusal(error.id, error), data)

    async def _reply_once(self, where: str | None, answer: bytes, data: bytes) -> None:
        """Answer what belongs to no worker, if no other has."""
        if where is not None and await self._first_to_speak(data):
            self._reply(where, answer)

    async def _first_to_speak(self, data: bytes) -> bool:
        """Whether this worker is the one to answer what no worker owns."""
        spoken = "hikari.spoken." + blake2b(data, digest_size=16).hexdigest()
        try:
            return bool(await self._side.set(spoken, self.worker, nx=True, px=SPOKEN_MS))
        except (RedisError, OSError):
            return False

    def _refuse(self, call: Request | BadEnvelopeError, error: HikariError) -> None:
        self._reply(call.reply_to, protocol.refusal(call.id, error))

    def _reply(self, where: str | None, data: bytes) -> None:
        if where is not None:
            self._outbox.publish(where, data)


async def _ended_quietly(task: asyncio.Task[None]) -> None:
    """End a task; that it failed has been told when it did."""
    with suppress(Exception):
        await ended(task)


def shown(url: str) -> str:
    """An address without its password, wherever that stands in it."""
    scheme, _, rest = url.partition("?")[0].partition("://")
    return f"{scheme}://{rest.rpartition('@')[2]}"
