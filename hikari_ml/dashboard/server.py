"""The live page and its feed on one port.

Its own JavaScript is plain modules; plotly's is handed out from plotly's package.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack
from functools import cache, partial
from importlib import resources
from typing import Any, Final

from hikari_ml.config import Settings
from hikari_ml.dashboard.live import LiveState
from hikari_ml.errors import ClosedError, HikariError, InputError
from hikari_ml.feed.operations import Operations
from hikari_ml.feed.server import FeedServer, Page
from hikari_ml.pipeline.events import Event
from hikari_ml.pipeline.hikari import Hikari
from hikari_ml.runtime.service import Service, ended

TYPES: Final = {
    "html": "text/html; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "css": "text/css; charset=utf-8",
    "svg": "image/svg+xml",
}
WITHDRAWING: Final = ("retracted", "erased")
FORWARDED: Final = (
    "memory",
    "moment",
    "alert",
    "expression",
    "retracted",
    "erased",
    "raid",
    "stream",
    "source",
)
"""Events that go out as frames of their own; messages are in the deltas."""

STATIC: Final = (
    "index.html",
    "app.js",
    "chart.js",
    "face.js",
    "feed.js",
    "lists.js",
    "switches.js",
    "style.css",
    "icon.svg",
)
FORECAST_SECONDS: Final = 600.0
"""Seconds between two forecasts of the viewers: with a season in them, one takes ten seconds of a core."""

FORECAST_STEPS: Final = 6
FORECAST_FREQ: Final = "5min"

_log = logging.getLogger(__name__)


class ShownChannel(Service):
    """One channel on the page: follows what happens in it, and looks ahead for it.

    ``publish`` is given the events for its feed, ``withdraw`` its name when something told there is deleted.
    """

    def __init__(
        self,
        hikari: Hikari,
        publish: Callable[[str, Mapping[str, Any], str], None],
        withdraw: Callable[[str], None] = lambda _: None,
    ) -> None:
        super().__init__()
        self.state = LiveState(hikari)
        self._publish = publish
        self._withdraw = withdraw

    async def _open(self, stack: AsyncExitStack) -> None:
        events = self.state.hikari.events()  # first: others may wait for the same start, to be perceived
        await self.state.hikari.start()  # its parts alone are not closed with it
        for work, name in ((self._follow(events), "follower"), (self._look_ahead(), "forecaster")):
            task = asyncio.create_task(work, name=f"hikari-dashboard-{name}")
            stack.push_async_callback(ended, task)

    async def _follow(self, events: AsyncIterator[Event]) -> None:
        async for event in events:
            self.state.take(event)
            if event["type"] in WITHDRAWING:
                self._withdraw(self.state.hikari.channel)
            if event["type"] in FORWARDED:
                self._publish(event["type"], event["data"], self.state.hikari.channel)

    async def _look_ahead(self) -> None:
        while True:
            await self.forecast_viewers()
            await asyncio.sleep(FORECAST_SECONDS)

    async def forecast_viewers(self) -> None:
        """Forecast the viewers of the next half hour for the page; where it fails, the last one stays."""
        try:
            found = await self.state.hikari.analytics.forecast_metrics(
                "viewer_count", FORECAST_STEPS, freq=FORECAST_FREQ
            )
        except HikariError:
            _log.exception("the viewers could not be forecast; the page keeps the last forecast")
        else:
            named = ("status", "model", "skill", "reason", "degraded", "forecasts")
            self.state.viewer_forecast = {name: found[name] for name in named}  # type: ignore[literal-required]


class LiveDashboard(Service):
    """Serves the live page at ``http://host:port/``, its feed at ``/feed``, ``/health`` and ``/metrics``.

    ``hikari`` is the first channel; more are added, and shown at ``/?channel=NAME``. Capitals make no other
    name, and a page that names none gets the one that is there first. ``host``, ``port`` and
    ``interval`` (seconds) go before those of ``settings``, which are the first channel's if none are given.

    Raises (on start):
        InputError: the address cannot be listened on, or others than this machine may come in and there is
            no token.
    """

    def __init__(
        self,
        hikari: Hikari | None = None,
        *,
        settings: Settings | None = None,
        host: str | None = None,
        port: int | None = None,
        interval: float | None = None,
    ) -> None:
        super().__init__()
        chosen = settings or (hikari.settings if hikari is not None else Settings())
        self._first = hikari
        self._new_server = partial(
            FeedServer, settings=chosen.feed, host=host, port=port, interval=interval, pages=pages()
        )
        self._server = self._new_server()
        self.operations = Operations(self._server)
        self.channels: dict[str, ShownChannel] = {}
        """The channels by name, those included that are being added."""

    @property
    def url(self) -> str:
        """Where the page is, once it is started."""
        return self._server.url.replace("ws://", "http://").removesuffix("feed")

    async def start(self) -> str:
        """Listen, and return the url of the page."""
        await self._ready()
        return self.url

    async def add(self, hikari: Hikari) -> None:
        """Show another channel.

        Raises:
            InputError: one of its name is shown already.
            ClosedError: it was taken off meanwhile, or the page closed.
        """
        await self._ready()
        await self._add(hikari)

    async def remove(self, hikari: Hikari) -> None:
        """Show a channel no longer, or add it no further; whoever watches it is told. Else nothing."""
        shown = self.channels.get(hikari.channel)
        if shown is None or shown.state.hikari is not hikari:
            return
        del self.channels[hikari.channel]
        self.operations.texts.pop(hikari.channel, None)
        try:
            if hikari.channel in self._server.channels:  # not once the page is being closed
                await self._server.remove_feed(hikari.channel)
        finally:
            await shown.aclose()

    async def _open(self, stack: AsyncExitStack) -> None:
        stack.push_async_callback(self._close_channels)
        try:
            await stack.enter_async_context(self._server)
            await stack.enter_async_context(self.operations)
            if self._first is not None:
                await self._add(self._first)
        except BaseException:
            self._server = self._new_server()  # that one is closed now; the next try needs another
            self.operations = self.operations.of(self._server)
            raise

    async def _add(self, hikari: Hikari) -> None:
        name = hikari.channel
        if any(known.casefold() == name.casefold() for known in self.channels):
            raise InputError("channel", name, "a channel of this name is shown already")
        shown = ShownChannel(hikari, self._server.publish, self._server.withdraw)
        self.channels[name] = shown  # before the first await, so that a second of this name is told
        try:
            await shown.__aenter__()  # before its state is first told, so that nothing between is missed
            self._check_kept(shown)
            self.operations.texts[name] = partial(hikari.analytics.prometheus, name)
            await self._server.add_feed(name, shown.state.snapshot)
            self._check_kept(shown)
        except BaseException:
            if self.channels.get(name) is shown:
                del self.channels[name]
                self.operations.texts.pop(name, None)
            await shown.aclose()
            raise

    def _check_kept(self, shown: ShownChannel) -> None:
        self._check_not_closed()
        name = shown.state.hikari.channel
        if self.channels.get(name) is not shown:
            raise ClosedError(f"the page of channel {name!r}")

    async def _close_channels(self) -> None:
        while self.channels:  # none is left to a start that is tried again
            name, shown = self.channels.popitem()
            self.operations.texts.pop(name, None)
            await shown.aclose()


@cache
def pages() -> dict[str, Page]:
    """Every file of the page, by path."""
    from plotly.offline import get_plotlyjs

    folder = resources.files("hikari_ml.dashboard") / "static"
    found = {f"/{name}": Page(TYPES[name.rsplit(".")[-1]], (folder / name).read_bytes()) for name in STATIC}
    found["/"] = found.pop("/index.html")
    found["/plotly.js"] = Page(TYPES["js"], get_plotlyjs().encode())
    return found
