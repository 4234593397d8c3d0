"""Which channels this worker owns: it takes a channel that nobody has, and lets go of one it lost.

State lives in the worker's data folder, so a channel has one owner at a time; the others stay silent.
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

from redis.exceptions import RedisError

from hikari_ml.bridge.leases import Leases
from hikari_ml.bridge.protocol import CallError
from hikari_ml.errors import HikariError
from hikari_ml.pipeline.hikari import Hikari

SPREAD_SECONDS: Final = 0.004
"""How much longer a worker waits before it takes a channel, for each it has: the idlest takes it."""

FOREIGN_SHARE: Final = 0.25
"""Part of a lease for which another's ownership is believed without asking."""

OPENING_TRIES: Final = 4
OPENING_SECONDS: Final = 12.0
"""How long a channel may take to open: loading models can hold up everything else, renewing too.

A worker that is killed meanwhile keeps it from the others for so long.
"""

FOREIGN_KEPT: Final = 10_000

_log = logging.getLogger(__name__)


@dataclass(slots=True, eq=False)
class Owned:
    """A channel of this worker while it is open."""

    name: str
    hikari: Hikari
    used_at: float


Hook = Callable[[Owned], Awaitable[None]]


class Owning:
    """Opens and closes channels with their leases.

    ``opened`` is called when a channel has become ours, ``closing`` before its Hikari is closed.
    """

    def __init__(
        self,
        leases: Leases,
        make: Callable[[str], Hikari],
        most: int,
        opened: Hook,
        closing: Hook,
    ) -> None:
        self._leases = leases
        self._make = make
        self._most = most
        self._opened, self._closing = opened, closing
        self._open: dict[str, Owned] = {}
        self._opening: dict[str, asyncio.Task[Owned | None]] = {}
        self._changing: dict[str, asyncio.Task[None]] = {}
        self._being_closed: dict[str, asyncio.Event] = {}
        self._ending = False
        self._foreign: dict[str, float] = {}
        self.pinned: set[str] = set()
        """Channels that are ours whether or not anybody calls."""
        self.trouble: str | None = None
        """Why channels cannot be kept or taken now, such as a Redis that refuses to write; else None."""

    @property
    def open(self) -> list[Owned]:
        """The channels that are ours now."""
        return list(self._open.values())

    def mine(self, name: str) -> bool | None:
        """Whether ``name`` is ours, or about to be; None if that is not known yet."""
        if self._leases.holds(name):
            return True
        return False if self._foreign.get(name, 0.0) > asyncio.get_running_loop().time() else None

    def holds(self, owned: Owned) -> bool:
        """Whether we may still act for the channel."""
        return self._leases.holds(owned.name)

    async def get(self, name: str) -> Owned | None:
        """The channel if it is ours, or was nobody's and is ours now; None if it is another's.

        Raises:
            CallError: it is nobody's, and this worker has as many as it may have.
            HikariError: it is ours, and cannot be opened.
            RedisError: Redis cannot be asked whose it is.
        """
        now = asyncio.get_running_loop().time()
        owned = self._open.get(name)
        if owned is not None:
            if not self._leases.holds(name):
                return None
            owned.used_at = now
            return owned
        if self._ending or self._foreign.get(name, 0.0) > now:
            return None
        task = self._opening.get(name)
        if task is None:
            task = asyncio.create_task(self._take(name), name=f"hikari-open-{name}")
            self._opening[name] = task
            task.add_done_callback(lambda _: self._opening.pop(name, None))
        return await asyncio.shield(task)

    async def close(self, owned: Owned) -> None:
        """End what runs for the channel, keep its state, and let others have it."""
        if self._open.pop(owned.name, None) is None:
            return
        closed = self._being_closed[owned.name] = asyncio.Event()
        try:
            await self._closing(owned)
        finally:
            try:
                await owned.hikari.aclose()
            finally:
                await self.let_go(owned.name)
                self._being_closed.pop(owned.name, None)
                closed.set()

    def begin(self) -> None:
        """Open channels, also after a start that failed had closed them."""
        self._ending = False

    async def close_all(self) -> None:
        """Close every channel, and open none any more; one that fails does not keep the others open."""
        self._ending = True
        while under_way := {*self._opening.values(), *self._changing.values()}:
            await asyncio.wait(under_way)
        await asyncio.gather(*(self._close_quietly(owned) for owned in self.open))

    async def keep(self, idle_seconds: float) -> None:
        """Renew the leases until cancelled; close what was lost, and what nobody asks for any more."""
        failed = 0
        while True:
            await asyncio.sleep(self._leases.seconds / 4)
            try:
                await self._leases.renew()
                if not any(self.holds(owned) for owned in self.open):
                    await self._leases.try_writing()  # there is no lease to find it out by
                failed, self.trouble = 0, None
            except (RedisError, OSError) as error:
                failed += 1
                if failed > 1:  # a connection that is lost for a moment is no trouble
                    self.trouble = f"channels cannot be kept or taken: {_words(error)}"
                self._leases.expired()
            if self._ending:
                continue
            now = asyncio.get_running_loop().time()
            for owned in [owned for owned in self.open if owned.name not in self._changing]:
                lost = not self._leases.holds(owned.name)
                idle = owned.name not in self.pinned and now - owned.used_at > idle_seconds
                if lost or idle:
                    _log.info("channel %r is %s", owned.name, "lost" if lost else "idle")
                    self._change(owned.name, self._close_quietly(owned))
            for name in self.pinned - self._open.keys() - self._changing.keys():
                self._change(name, self._get_quietly(name))

    def _change(self, name: str, work: Coroutine[Any, Any, None]) -> None:
        """Close or open a channel while the leases of the others are renewed."""
        task = self._changing[name] = asyncio.create_task(work, name=f"hikari-change-{name}")
        task.add_done_callback(lambda _: self._changing.pop(name, None))

    async def _take(self, name: str) -> Owned | None:
        if (closed := self._being_closed.get(name)) is not None:
            await closed.wait()  # its lease is given back only then
        await asyncio.sleep(SPREAD_SECONDS * len(self._open))
        if len(self._open) >= self._most and name not in self.pinned:
            await asyncio.sleep(4 * SPREAD_SECONDS * self._most)  # somebody else may have room
            if await self._leases.owner(name) is not None:
                self._believe_foreign(name)
                return None
            hint = f"channel: {name!r:.80} is nobody's, and all {self._most} of this worker are taken"
            raise CallError("unavailable", hint)
        if not await self._leases.take(name, max(OPENING_SECONDS, self._leases.seconds)):
            self._believe_foreign(name)
            return None
        try:
            hikari = await self._opened_hikari(name)
        except BaseException:
            await self.let_go(name)
            raise
        owned = Owned(name, hikari, asyncio.get_running_loop().time())
        self._open[name] = owned
        try:
            with suppress(RedisError, OSError):  # the lease that it was opened with lasts a while yet
                await self._leases.settle(name)
            await self._opened(owned)
        except BaseException:
            await self.close(owned)
            raise
        _log.info("channel %r is ours now", name)
        return owned

    async def _opened_hikari(self, name: str) -> Hikari:
        """Open it; the owner before us may take a moment to let go of its files."""
        for left in reversed(range(OPENING_TRIES)):
            hikari = self._make(name)
            try:
                return await hikari.__aenter__()
            except HikariError as error:
                if error.code != "unavailable" or not left:
                    raise
                await asyncio.sleep(self._leases.seconds / 8)
        raise AssertionError("the last try raises")

    def _believe_foreign(self, name: str) -> None:
        if len(self._foreign) >= FOREIGN_KEPT:
            self._foreign.clear()
        until = asyncio.get_running_loop().time() + FOREIGN_SHARE * self._leases.seconds
        self._foreign[name] = until

    async def let_go(self, name: str) -> None:
        """Give a lease back, if Redis is there; else it runs out."""
        try:
            await self._leases.release(name)
        except (RedisError, OSError):
            _log.warning("the lease of %r could not be given back; it runs out by itself", name)

    async def _close_quietly(self, owned: Owned) -> None:
        try:
            await self.close(owned)
        except Exception:
            _log.exception("channel %r could not be closed well", owned.name)

    async def _get_quietly(self, name: str) -> None:
        try:
            await self.get(name)
        except (HikariError, RedisError, OSError) as error:
            _log.warning("channel %r cannot be opened: %s", name, error)


def _words(error: Exception) -> str:
    """What Redis says, without where in a script it was said."""
    return re.sub(r"^.*@user_script: ?\d+: -?", "", str(error))
