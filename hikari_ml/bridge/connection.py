"""How Redis is connected to: a connection that is only half there is given up, and nothing is sent twice."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Final, TypeVar
from urllib.parse import parse_qs, urlsplit

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import BusyLoadingError, RedisError, ResponseError

from hikari_ml.errors import ConfigError, StoreError
from hikari_ml.runtime.service import ended

T = TypeVar("T")

CONNECT_SECONDS: Final = 5.0

NO_ADDRESS: Final = (
    "the address of Redis cannot be read; give redis://:PASSWORD@HOST:6379/0, with the / # ? @ : of a "
    "password percent-encoded (%2F %23 %3F %40 %3A)"
)

ANSWER_SECONDS: Final = 5.0
"""How long Redis may take to answer, waiting for entries of a stream included."""

LOADING_LOOK_SECONDS: Final = 0.1
TELL_SECONDS: Final = 3.0
"""How long Redis may read from its disk before that is told."""

_log = logging.getLogger(__name__)


def connect(url: str) -> Redis:
    """Connections to the Redis at ``url``, that try nothing again by themselves.

    An answer that is lost on the way may have held entries of a stream, or a lease that is ours now: whoever
    asked has to know of it.

    Raises:
        ConfigError: ``url`` is no address; it is not quoted, since a password may stand in it.
    """
    try:
        _check_database(url)
        return Redis.from_url(
            url,
            socket_connect_timeout=CONNECT_SECONDS,
            socket_timeout=ANSWER_SECONDS,
            socket_keepalive=True,
            retry=Retry(NoBackoff(), 0),
        )
    except ValueError:
        raise ConfigError("bridge.redis", NO_ADDRESS) from None


def _check_database(url: str) -> None:
    """Let no slip in the number of a database mean the first one.

    Raises:
        ValueError: it is no number.
    """
    if (parts := urlsplit(url)).scheme != "unix":
        for number in (parts.path.strip("/"), *parse_qs(parts.query).get("db", ())):
            if number and not (number.isascii() and number.isdecimal()):
                raise ValueError(number)


@asynccontextmanager
async def closed_after(redis: Redis) -> AsyncIterator[Redis]:
    """Close ``redis`` at the end even if cancelled, when its own context manager may leave it open."""
    try:
        yield redis
    finally:
        await asyncio.shield(redis.aclose())


async def ping(redis: Redis) -> None:
    """See that Redis answers, and soon.

    Raises:
        RedisError, OSError: it does not, or refuses to.
    """
    await soon(redis.ping())


async def soon(asking: Awaitable[T]) -> T:
    """The answer of Redis; a cancellation is never taken for a failure of the connection.

    In the task that asks it can be: redis-py, cancelled as it hangs up, raises what the server had said.

    Raises:
        RedisError, OSError: it does not come, or is a refusal.
    """
    task = asyncio.create_task(_awaited(asking))
    task.add_done_callback(_heard)
    try:
        if not (await asyncio.wait({task}, timeout=CONNECT_SECONDS))[0]:
            raise TimeoutError("it does not answer")
        return task.result()
    finally:
        if not task.done():
            with suppress(Exception):  # what nobody waits for any more
                await ended(task)


async def _awaited(asking: Awaitable[T]) -> T:
    return await asking


def _heard(task: asyncio.Task[T]) -> None:
    """Read how it ended: who asked may have gone."""
    if not task.cancelled():
        task.exception()


async def loaded(
    redis: Redis, name: str, silence: float = 0.0, gone: Callable[[], bool] = lambda: False
) -> None:
    """Wait for as long as the Redis called ``name`` reads from its disk what it had accepted.

    ``silence``: seconds for which it may not answer meanwhile, unless ``gone`` says that it has ended.

    Raises:
        RedisError, OSError: it does not answer, or refuses to.
    """
    clock = asyncio.get_running_loop().time
    begun = heard = clock()
    told = False
    while True:
        try:
            await ping(redis)
        except BusyLoadingError:
            heard = clock()
        except (RedisError, OSError):
            if gone() or clock() - heard >= silence:
                raise
        else:
            return
        if not told and clock() - begun >= TELL_SECONDS:
            told = True
            _log.info("%s is reading what it had accepted%s", name, await _progress(redis))
        await asyncio.sleep(LOADING_LOOK_SECONDS)


async def _progress(redis: Redis) -> str:
    """How far it has read, if it says so."""
    try:
        told = await soon(redis.info("persistence"))
        return f": {told['loading_loaded_perc']:.0f} %, some {told['loading_eta_seconds']} s more"
    except (RedisError, OSError, KeyError):
        return ""


async def reached(redis: Redis, name: str) -> None:
    """Wait until the Redis called ``name`` is there with what it had accepted.

    Raises:
        StoreError: it does not answer, or refuses to.
    """
    try:
        await loaded(redis, name)
    except (RedisError, OSError) as error:
        raise not_to_be_used(name, error) from error


def _words(error: BaseException) -> str:
    return str(error) or type(error).__name__


def not_to_be_used(name: str, error: BaseException) -> StoreError:
    """What to say of the Redis called ``name`` that does not answer a ping as it should."""
    if isinstance(error, ResponseError):  # such as one whose disk is full
        return StoreError(name, f"Redis refuses to work: {_words(error)}")
    return StoreError(name, f"Redis cannot be reached: {_words(error)}")
