"""How Redis is connected to: a connection that is only half there is given up, and nothing is sent twice."""

from __future__ import annotations

from typing import Final

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

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
