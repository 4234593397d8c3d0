"""The log of a Redis of our own, written anew so that it does not hold what was deleted."""

from __future__ import annotations

import asyncio
import logging
from typing import Final

from redis.asyncio import Redis
from redis.exceptions import BusyLoadingError, RedisError, ResponseError

from hikari_ml.bridge.outbox import pause

LOOK_SECONDS: Final = 0.02
AGAIN_SECONDS: Final = 10.0
"""Time until a rewriting that Redis began and could not end is begun again: it writes the whole log."""

_log = logging.getLogger(__name__)


class RewritingFailedError(RedisError):
    """The log was begun to be written anew, and is as it was."""


class LogRewriter:
    """Has the log written anew when it is asked to, once for all who ask at about the same time."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._asked = asyncio.Event()

    def ask(self) -> None:
        """Something was deleted: have it gone from the log, soon."""
        self._asked.set()

    async def serve(self) -> None:
        """Do what is asked, until cancelled; what failed is tried again."""
        failures = 0
        while True:
            await self._asked.wait()
            self._asked.clear()
            try:
                await rewrite(self._redis)
                failures = 0
            except BusyLoadingError:  # to read a long log is no failure
                self._asked.set()
                await asyncio.sleep(pause(failures))
            except (RedisError, OSError) as error:
                failures += 1
                if failures == 1:
                    _log.warning("the log of Redis cannot be written anew yet: %s", error)
                self._asked.set()
                begun = isinstance(error, RewritingFailedError)
                await asyncio.sleep(AGAIN_SECONDS if begun else pause(failures))


async def rewrite(redis: Redis) -> None:
    """Have the log written anew, of what there is now, and wait until it is.

    Raises:
        RewritingFailedError: Redis began, and could not end it.
        RedisError: Redis cannot be asked, or refuses.
    """
    await begin_rewriting(redis)
    if (how := await rewritten(redis)) != "ok":
        raise RewritingFailedError(f"a rewriting that was begun ended with {how!r}")


async def begin_rewriting(redis: Redis) -> None:
    """Have the log written anew, of what there is now.

    Raises:
        RedisError: Redis cannot be asked, or refuses.
    """
    while True:
        await rewritten(redis)  # one that goes on may have begun before the last deletion
        try:
            await redis.bgrewriteaof()
        except ResponseError as error:
            if "in progress" not in str(error):
                raise
        else:
            return


async def rewritten(redis: Redis) -> str:
    """How the last rewriting ended, once none goes on.

    Raises:
        RedisError: Redis cannot be asked.
    """
    while True:  # no event tells it
        told = await redis.info("persistence")
        if not (told["aof_rewrite_in_progress"] or told["aof_rewrite_scheduled"]):
            return str(told["aof_last_bgrewrite_status"])
        await asyncio.sleep(LOOK_SECONDS)
