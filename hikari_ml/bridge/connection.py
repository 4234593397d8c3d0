"""How Redis is connected to: a connection that is only half there is given up, and nothing is sent twice."""

from __future__ import annotations

from typing import Final

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ResponseError

from hikari_ml.errors import StoreError

CONNECT_SECONDS: Final = 5.0

ANSWER_SECONDS: Final = 5.0
"""How long Redis may take to answer, waiting for entries of a stream included."""


def connect(url: str) -> Redis:
    """Connections to the Redis at ``url``, that try nothing again by themselves.

    An answer that is lost on the way may have held entries of a stream, or a lease that is ours now: whoever
    asked has to know of it.
    """
    return Redis.from_url(
        url,
        socket_connect_timeout=CONNECT_SECONDS,
        socket_timeout=ANSWER_SECONDS,
        socket_keepalive=True,
        retry=Retry(NoBackoff(), 0),
    )


def not_to_be_used(name: str, error: BaseException) -> StoreError:
    """What to say of the Redis called ``name`` that does not answer a ping as it should."""
    if isinstance(error, ResponseError):  # such as one whose disk is full
        return StoreError(name, f"Redis refuses to work: {error}")
    return StoreError(name, f"Redis cannot be reached: {error}")
