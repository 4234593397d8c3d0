"""Hearing what is published, and noticing when nothing could be heard.

A connection can be dead without either side being told. So a silent one is pinged, and given up if the
answer does not come: sending a ping alone proves nothing.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from typing import Any, Final

from redis.asyncio import Redis
from redis.exceptions import RedisError

from hikari_ml.bridge.outbox import pause

QUIET_SECONDS: Final = 3.0
"""Silence after which a ping is sent."""

PONG_SECONDS: Final = 3.0
"""How long its answer may take."""

_log = logging.getLogger(__name__)


class Subscriber:
    """Hands what is published on ``channels`` to ``hear``, which must not block.

    What is published while the connection is lost is lost: that is the nature of it. ``gaps`` counts how
    often that may have happened.
    """

    def __init__(
        self,
        redis: Redis,
        channels: Sequence[str],
        hear: Callable[[str, bytes], None],
        *,
        quiet: float = QUIET_SECONDS,
        pong: float = PONG_SECONDS,
    ) -> None:
        self._redis = redis
        self._channels = channels
        self._hear = hear
        self._quiet, self._pong = quiet, pong
        self.listening = asyncio.Event()
        self.gaps = 0

    async def listen(self) -> None:
        """Listen until cancelled, on a new connection whenever one is lost."""
        failures = 0
        self.listening.clear()
        while True:
            try:
                await self._once()
            except (RedisError, OSError, TimeoutError) as error:
                if self.listening.is_set():
                    failures = 0
                    self.gaps += 1
                    _log.warning("the connection to Redis is lost (%s); calls may have been missed", error)
                self.listening.clear()
                failures += 1
                await asyncio.sleep(pause(failures))

    async def _once(self) -> None:
        clock = asyncio.get_running_loop().time
        async with self._redis.pubsub() as pubsub:
            await pubsub.subscribe(*self._channels)
            heard, pinged = clock(), False
            while True:
                async with asyncio.timeout(self._quiet + self._pong):
                    found = await pubsub.get_message(timeout=min(self._quiet, self._pong))
                if found is not None:
                    heard, pinged = clock(), False
                    self._take(found)
                elif pinged and clock() - heard > self._quiet + self._pong:
                    raise ConnectionError("it does not answer a ping")
                elif not pinged and clock() - heard > self._quiet:
                    await pubsub.ping()
                    pinged = True

    def _take(self, found: dict[str, Any]) -> None:
        if found["type"] == "subscribe":
            self.listening.set()
        elif found["type"] == "message":
            try:
                self._hear(found["channel"].decode(), found["data"])
            except Exception:  # one message must not end the hearing of others
                _log.exception("what was published could not be taken")
