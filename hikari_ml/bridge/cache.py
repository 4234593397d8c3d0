"""What workers share through Redis: readings of the model, and the viewers asked for most.

A reading lies under a digest of the model and the text, and holds nothing but the model's numbers. A viewer
lies under a digest of channel and name, for a second, and goes when they are erased.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping, Sequence
from hashlib import blake2b
from typing import Any, Final, cast

import msgpack
import numpy as np
import redis
from redis.asyncio import Redis
from redis.exceptions import RedisError

from hikari_ml.chat import user_key
from hikari_ml.models.reading import Reading

READINGS: Final = "hikari.reading."
VIEWERS: Final = "hikari.viewer."
VIEWER_SECONDS: Final = 1
TIMEOUT_SECONDS: Final = 0.05
"""How long Redis may take; the model itself takes a tenth of that."""

REST_SECONDS: Final = 5.0
"""How long Redis is not asked after it failed."""

_log = logging.getLogger(__name__)


class RedisShelf:
    """Readings in Redis, each for ``seconds``; while Redis is away every text is simply read."""

    def __init__(self, url: str, seconds: int) -> None:
        self._redis = redis.Redis.from_url(
            url, socket_timeout=TIMEOUT_SECONDS, socket_connect_timeout=TIMEOUT_SECONDS
        )
        self._seconds = seconds
        self._resting = 0.0
        self.hits = self.misses = self.failures = 0

    def take(self, keys: Sequence[str]) -> list[Reading | None]:
        """What lies under each of ``keys``; nothing of what is damaged."""
        if time.monotonic() < self._resting:
            return [None] * len(keys)
        try:
            rows = cast("list[bytes | None]", self._redis.mget([READINGS + key for key in keys]))
        except (RedisError, OSError) as error:
            self._failed(error)
            return [None] * len(keys)
        found = [None if row is None else unpacked(row) for row in rows]
        hits = sum(reading is not None for reading in found)
        self.hits += hits
        self.misses += len(keys) - hits
        return found

    def put(self, readings: Mapping[str, Reading]) -> None:
        """Lay ``readings`` down for a while."""
        if time.monotonic() < self._resting:
            return
        try:
            with self._redis.pipeline(transaction=False) as pipe:
                for key, reading in readings.items():
                    pipe.set(READINGS + key, packed(reading), ex=self._seconds)
                pipe.execute()
        except (RedisError, OSError) as error:
            self._failed(error)

    def close(self) -> None:
        """Close the connection."""
        self._redis.close()

    def _failed(self, error: Exception) -> None:
        self.failures += 1
        self._resting = time.monotonic() + REST_SECONDS
        _log.info("readings are not shared for %g s: %s", REST_SECONDS, error)


class ViewerCache:
    """What was found of a viewer just now."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    async def get(self, channel: str, username: str) -> dict[str, Any] | None:
        """What was found within the last seconds; None if nothing was, or Redis is away."""
        try:
            row = await self._redis.get(_viewer(channel, username))
            return None if row is None else cast("dict[str, Any]", msgpack.unpackb(row))
        except (RedisError, OSError, ValueError):
            return None

    async def put(self, channel: str, username: str, found: Mapping[str, Any]) -> None:
        """Keep what was found for some seconds, if Redis is there."""
        try:
            await self._redis.set(_viewer(channel, username), msgpack.packb(found), ex=VIEWER_SECONDS)
        except (RedisError, OSError):
            _log.debug("a viewer could not be kept in Redis")

    async def forget(self, channel: str, username: str) -> int:
        """Forget a viewer."""
        return int(await self._redis.delete(_viewer(channel, username)))


def packed(reading: Reading) -> bytes:
    """A reading as bytes."""
    return bytes(
        msgpack.packb(
            [
                reading.sentiment,
                reading.certainty,
                reading.emotion,
                reading.toxicity,
                np.asarray(reading.embedding, "<f4").tobytes(),
                reading.truncated,
            ]
        )
    )


def unpacked(row: bytes) -> Reading | None:
    """The reading that :func:`packed` made ``row`` of; None if it is none."""
    try:
        sentiment, certainty, emotion, toxicity, embedding, truncated = msgpack.unpackb(row)
        vector = np.frombuffer(embedding, "<f4").astype(np.float32)
        return Reading(
            float(sentiment), float(certainty), tuple(emotion), tuple(toxicity), vector, bool(truncated)
        )
    except (ValueError, TypeError, msgpack.UnpackException):
        return None


def _viewer(channel: str, username: str) -> str:
    digest = blake2b(f"{channel}\0{user_key(username)}".encode("utf-8", "replace"), digest_size=16)
    return VIEWERS + digest.hexdigest()
