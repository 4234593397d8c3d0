"""Who owns a channel: a key in Redis with a worker's name, that expires unless it is renewed.

An owner trusts its lease only for as long as it would last by its own clock, counted from before it asked:
one that was held up too long stops by itself, before another begins.
"""

from __future__ import annotations

import asyncio
from typing import Final, cast

from redis.asyncio import Redis

from hikari_ml.bridge.outbox import execute

PREFIX: Final = "hikari.owner."

_IF_OURS: Final = "if redis.call('get', KEYS[1]) ~= ARGV[1] then return 0 end "
RENEW: Final = _IF_OURS + "return redis.call('pexpire', KEYS[1], ARGV[2])"
TAKE: Final = """
local owner = redis.call('get', KEYS[1])
if owner and owner ~= ARGV[1] then return 0 end
redis.call('del', KEYS[1]) -- a Redis that is full lets one write who has freed something
redis.call('set', KEYS[1], ARGV[1], 'px', ARGV[2])
return 1
"""
RELEASE: Final = _IF_OURS + "return redis.call('del', KEYS[1])"


class Leases:
    """The leases of one worker, each for ``seconds``."""

    def __init__(self, redis: Redis, worker: str, seconds: float) -> None:
        self._redis = redis
        self.worker = worker
        self.seconds = seconds
        self._until: dict[str, float] = {}

    def holds(self, name: str) -> bool:
        """Whether ``name`` is ours, for certain."""
        return self._until.get(name, 0.0) > _now()

    async def take(self, name: str, seconds: float | None = None) -> bool:
        """Take ``name`` if it is nobody's, for ``seconds`` or the usual time; True if it is ours now.

        It may have been ours without our knowing: the answer to an earlier try may have been lost.

        Raises:
            RedisError: Redis cannot be asked.
        """
        asked, lasts = _now(), seconds or self.seconds
        command = ("EVAL", TAKE, 1, key(name), self.worker, str(round(lasts * 1000)))
        (taken,) = await execute(self._redis, [command])
        if isinstance(taken, Exception):
            raise taken
        if taken:
            self._until[name] = asked + lasts
        return bool(taken)

    async def settle(self, name: str) -> bool:
        """Hold ``name`` for the usual time from now on; False if it was lost."""
        return name not in await self._renew([name])

    async def owner(self, name: str) -> str | None:
        """Whose ``name`` is; None if it is nobody's."""
        found = cast("bytes | None", await self._redis.get(key(name)))
        return None if found is None else found.decode()

    async def renew(self) -> list[str]:
        """Keep every lease for longer; returns those that were lost.

        Raises:
            RedisError: Redis cannot be asked; the leases go on until they expire.
        """
        soon = _now() + self.seconds
        return await self._renew([name for name, until in self._until.items() if until <= soon])

    async def _renew(self, names: list[str]) -> list[str]:
        asked, ms = _now(), str(round(self.seconds * 1000))
        answers = await execute(
            self._redis, [("EVAL", RENEW, 1, key(name), self.worker, ms) for name in names]
        )
        lost = []
        for name, renewed in zip(names, answers, strict=True):
            if isinstance(renewed, Exception):
                raise renewed
            if renewed:
                self._until[name] = asked + self.seconds
            else:
                self._until.pop(name, None)
                lost.append(name)
        return lost

    async def try_writing(self) -> None:
        """Write something that nobody reads.

        Raises:
            RedisError: Redis cannot be written to.
        """
        await self._redis.set(f"{PREFIX}.{self.worker}", b"", px=1)

    def expired(self) -> list[str]:
        """The leases that ran out because they could not be renewed; they are given up."""
        gone = [name for name, until in self._until.items() if until <= _now()]
        for name in gone:
            del self._until[name]
        return gone

    async def release(self, name: str) -> None:
        """Let others have ``name``."""
        self._until.pop(name, None)
        await execute(self._redis, [("EVAL", RELEASE, 1, key(name), self.worker)])


def key(name: str) -> str:
    """The key of a lease."""
    return PREFIX + name


def _now() -> float:
    return asyncio.get_running_loop().time()
