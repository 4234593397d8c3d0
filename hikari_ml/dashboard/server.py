"""The live page and its feed on one port.

Its own JavaScript is plain modules; plotly's is handed out from plotly's package.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from functools import cache
from importlib import resources
from typing import Final

from hikari_ml.dashboard.live import LiveState
from hikari_ml.errors import HikariError
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
FORWARDED: Final = ("memory", "moment", "alert", "expression", "retracted", "erased")
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


class LiveDashboard(Service):
    """Serves the live page of ``hikari`` at ``http://host:port/`` and its feed at ``/feed``.

    Raises (on start):
        InputError: the address cannot be listened on.
    """

    def __init__(self, hikari: Hikari, *, host: str, port: int, interval: float = 0.5) -> None:
        super().__init__()
        self.state = LiveState(hikari)
        self._server = FeedServer(
            self.state.snapshot,
            settings=hikari.settings.feed,
            host=host,
            port=port,
            interval=interval,
            pages=pages(),
            channel=hikari.channel,
        )

    @property
    def url(self) -> str:
        """Where the page is, once it is started."""
        return self._server.url.replace("ws://", "http://").removesuffix("feed")

    async def start(self) -> str:
        """Listen, and return the url of the page."""
        await self._ready()
        return self.url

    async def _open(self, stack: AsyncExitStack) -> None:
        events = self.state.hikari.events()
        await stack.enter_async_context(self._server)
        for work, name in ((self._follow(events), "follower"), (self._look_ahead(), "forecaster")):
            task = asyncio.create_task(work, name=f"hikari-dashboard-{name}")
            stack.push_async_callback(ended, task)

    async def _follow(self, events: AsyncIterator[Event]) -> None:
        async for event in events:
            self.state.take(event)
            if event["type"] in FORWARDED:
                self._server.publish(event["type"], event["data"])

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


@cache
def pages() -> dict[str, Page]:
    """Every file of the page, by path."""
    from plotly.offline import get_plotlyjs

    folder = resources.files("hikari_ml.dashboard") / "static"
    found = {f"/{name}": Page(TYPES[name.rsplit(".")[-1]], (folder / name).read_bytes()) for name in STATIC}
    found["/"] = found.pop("/index.html")
    found["/plotly.js"] = Page(TYPES["js"], get_plotlyjs().encode())
    return found
