"""``hikari-ml serve``: the Redis bridge, the live page and chat sources in one process."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated

import typer

from hikari_ml.cli.logs import LogFormat, log_to_stderr
from hikari_ml.cli.output import out, page_at
from hikari_ml.cli.stopping import stop_on_signals, unless

if TYPE_CHECKING:
    from hikari_ml.bridge.local_redis import LocalRedis
    from hikari_ml.bridge.redis_bridge import RedisBridge
    from hikari_ml.config import Settings
    from hikari_ml.dashboard.server import LiveDashboard
    from hikari_ml.pipeline.attending import Attended
    from hikari_ml.pipeline.hikari import Hikari
    from hikari_ml.platforms.source import ChatSource

REDIS_FOLDER = ".redis"
"""Beside the folders of the channels; none of them can have this name."""

DEFAULT_CHANNEL = "default"
LATER_SECONDS = 5.0
"""Time until it is asked again whether a channel that another worker owns has become free."""

_log = logging.getLogger(__name__)


def serve(
    redis: Annotated[
        str | None,
        typer.Option(
            help="Address of your Redis, else the setting bridge.redis; without, it starts its own."
        ),
    ] = None,
    channel: Annotated[
        list[str] | None,
        typer.Option(help="A channel to open at once; again for more. Others open when somebody calls."),
    ] = None,
    watch: Annotated[
        list[str] | None,
        typer.Option(help="A chat to listen to, named as for hikari-ml watch; again for more."),
    ] = None,
    host: Annotated[str | None, typer.Option(help="Address of the page, else the setting feed.host.")] = None,
    port: Annotated[
        int | None,
        typer.Option(help="Port of the page, else the setting feed.port; 0 takes any.", min=0, max=65535),
    ] = None,
    log_format: Annotated[
        LogFormat, typer.Option(help="How the log on standard error looks.")
    ] = LogFormat.TEXT,
    log_level: Annotated[str, typer.Option(help="debug, info, warning or error.")] = "info",
) -> None:
    """Answer calls over Redis, show the live page, and listen to chats, until Ctrl+C.

    Several of these on one Redis share the channels. What was accepted is finished before it ends.

    Example: hikari-ml serve --watch twitch:CHANNEL
    """
    from hikari_ml.config import Settings
    from hikari_ml.errors import InputError

    if log_level.upper() not in ("DEBUG", "INFO", "WARNING", "ERROR"):
        raise InputError("log_level", log_level, "give debug, info, warning or error")
    log_to_stderr(log_format, log_level)
    asyncio.run(_serve(Settings(), redis, channel or [], watch or [], (host, port)))


async def _serve(
    settings: Settings,
    url: str | None,
    channels: list[str],
    chats: list[str],
    address: tuple[str | None, int | None],
) -> None:
    from hikari_ml.bridge.metrics import BridgeMetrics
    from hikari_ml.bridge.redis_bridge import RedisBridge, shown
    from hikari_ml.dashboard.server import LiveDashboard

    stop = stop_on_signals()
    channels = list(dict.fromkeys(name.casefold() for name in channels))
    into = channels[0] if len(channels) == 1 else None
    listened = _each_once(chats, settings, into)  # what is wrong with one is told at once
    async with AsyncExitStack() as stack:
        out.print("Loading the model …", highlight=False)
        found = await unless(stop, _redis(stack, settings, url))
        if found is None:
            return
        redis, own = found
        page = LiveDashboard(settings=settings, host=address[0], port=address[1])
        await stack.enter_async_context(page)
        listening = Listening(page, into)
        named = dict.fromkeys(name.casefold() for name in [*channels, *listened.values()])
        pinned = list(named) or [DEFAULT_CHANNEL]
        bridge = RedisBridge(
            redis,
            settings,
            channels=pinned,
            opened=page.add,
            closing=listening.let_go,
            own_redis=own is not None,
        )
        if own is not None:
            page.operations.checks["own redis"] = own.troubles
        page.operations.checks["redis"] = lambda: bridge.health()["degraded"]
        page.operations.checks["chat"] = listening.troubles
        page.operations.collectors["bridge"] = BridgeMetrics(bridge)
        await stack.enter_async_context(bridge)
        tasks = [asyncio.create_task(listening.listen(chat, settings, bridge)) for chat in listened]
        out.print(f"Redis is at {shown(redis)}", markup=False, highlight=False)
        at = page_at(page.url, address[0] or settings.feed.host)
        out.print(at, markup=False, highlight=False, soft_wrap=True)
        for line in _told(pinned, {hikari.channel for hikari in bridge.hikaris}):
            out.print(line, markup=False, highlight=False)
        await stop.wait()
        out.print("Finishing what was accepted …", highlight=False)
        await listening.end()
        await asyncio.gather(*tasks)


def _told(pinned: list[str], ours: set[str]) -> Iterator[str]:
    """Which channels are served."""
    if others := [name for name in pinned if name not in ours]:
        yield f"Standing by for what another worker has: {', '.join(others)}"
    yield f"Serving {', '.join(sorted(ours)) or 'whoever calls'}  (Ctrl+C ends it)"


async def _redis(stack: AsyncExitStack, settings: Settings, url: str | None) -> tuple[str, LocalRedis | None]:
    """The address of the Redis that is to be used, once it has read its data; and our own if it is that."""
    from hikari_ml.bridge.connection import closed_after, connect, reached
    from hikari_ml.bridge.local_redis import LocalRedis
    from hikari_ml.bridge.redis_bridge import shown

    if url is None and settings.bridge.redis is not None:
        url = settings.bridge.redis.get_secret_value()
    if url is not None:
        async with closed_after(connect(url)) as redis:
            await reached(redis, shown(url))
        return url, None
    folder = settings.channel_dir(DEFAULT_CHANNEL).parent / REDIS_FOLDER
    own = LocalRedis(folder, settings.bridge.redis_port, settings.bridge.redis_memory_mb)
    await stack.enter_async_context(own)
    return own.url, own


@dataclass(slots=True, eq=False)
class _Hearing:
    """A chat while it is carried into its channel."""

    channel: str
    source: ChatSource
    stop: asyncio.Event = field(default_factory=asyncio.Event)
    leave: asyncio.Event = field(default_factory=asyncio.Event)
    done: asyncio.Event = field(default_factory=asyncio.Event)


def _each_once(chats: list[str], settings: Settings, into: str | None) -> dict[str, str]:
    """The channel of each chat; one that is named twice, however it is written, is listened to once."""
    from hikari_ml.platforms.opening import open_source

    found: dict[str, tuple[str, str]] = {}
    for chat in chats:
        source = open_source(chat, settings, channel=into)
        found.setdefault(source.name, (chat, source.channel))
    return dict(found.values())


class Listening:
    """The chats that are listened to, each into the channel of its name; files and pipes ``into`` one."""

    def __init__(self, page: LiveDashboard, into: str | None = None) -> None:
        self._page = page
        self._into = into
        self._over = asyncio.Event()
        self._hearings: list[_Hearing] = []
        self._given_up: list[str] = []

    def troubles(self) -> list[str]:
        """What is wrong with the chats, in words that quote none."""
        from hikari_ml.platforms.source import LiveSource

        sources = [hearing.source for hearing in self._hearings]
        lost = [
            f"{source.name} is not connected"
            for source in sources
            if isinstance(source, LiveSource) and not source.connected
        ]
        lost += [
            f"{source.counts.malformed:,} lines of {source.name} could not be read"
            for source in sources
            if source.counts.malformed > source.counts.received
        ]
        return lost + [f"{name} is not listened to any more; the log says why" for name in self._given_up]

    async def listen(self, chat: str, settings: Settings, bridge: RedisBridge) -> None:
        """Carry a chat into its channel for as long as that is ours; again when it comes back to us."""
        from hikari_ml.errors import HikariError
        from hikari_ml.pipeline.attending import Attended
        from hikari_ml.platforms.opening import open_source

        source: ChatSource | None = None
        counts = Attended()
        try:
            while not self._over.is_set():
                try:
                    source = source or open_source(chat, settings, channel=self._into)
                except HikariError as error:  # a file that was there when we began
                    _log.warning("%s cannot be listened to now: %s", chat, error)
                hikari = await self._channel(bridge, source) if source else None
                if source is None or hikari is None:
                    with suppress(TimeoutError):
                        await asyncio.wait_for(self._over.wait(), LATER_SECONDS)
                elif not self._over.is_set():
                    if await self._hear(hikari, source, counts):
                        return
                    source = source if source.once else None
        finally:
            if source is not None:
                await source.aclose()

    async def let_go(self, hikari: Hikari) -> None:
        """Carry in what was heard for a channel before it is closed, and show it no longer.

        A pipe or a file is left where it is, and gone on with when the channel comes back.
        """
        ours = [one for one in self._hearings if one.channel == hikari.channel]
        for hearing in ours:
            (hearing.leave if hearing.source.once else hearing.stop).set()
        await _done(ours)
        await self._page.remove(hikari)

    async def end(self) -> None:
        """Listen to nothing more, and carry in what was heard."""
        self._over.set()
        ours = list(self._hearings)
        for hearing in ours:
            hearing.stop.set()
        await _done(ours)

    async def _channel(self, bridge: RedisBridge, source: ChatSource) -> Hikari | None:
        """The channel of a chat, if it is ours or can be; what hinders may pass."""
        from redis.exceptions import RedisError

        from hikari_ml.errors import HikariError

        try:
            return await bridge.hikari(source.channel)
        except (HikariError, RedisError, OSError) as error:
            _log.warning("%s waits for its channel: %s", source.name, error)
            return None

    async def _hear(self, hikari: Hikari, source: ChatSource, counts: Attended) -> bool:
        """Carry a chat in until it or our listening ends; whether there is nothing to go on with."""
        from hikari_ml.pipeline.attending import attend

        hearing = _Hearing(hikari.channel, source)
        self._hearings.append(hearing)
        try:
            leave = hearing.leave if source.once else None
            await attend(hikari, source, stop=hearing.stop, leave=leave, so_far=counts)
        except Exception as error:  # the other chats go on
            self._given_up.append(source.name)
            _log.error("%s is not listened to any more: %s", source.name, error)
            return True
        finally:
            self._hearings.remove(hearing)
            hearing.done.set()
        if hearing.stop.is_set() or hearing.leave.is_set():
            return False
        said = f"{source.name} has ended after {counts.messages:,} messages"
        if source.counts.malformed:
            said += f"; {source.counts.malformed:,} lines could not be read"
        out.print(said, markup=False, highlight=False)
        return True


async def _done(hearings: list[_Hearing]) -> None:
    for hearing in hearings:
        await hearing.done.wait()
