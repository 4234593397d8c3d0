"""``/health`` and ``/metrics`` beside the feed: whether all is well, and numbers for Prometheus.

Neither quotes chat. Where a token is set both want it, as ``Authorization: Bearer TOKEN``; Prometheus calls
that ``authorization: {credentials: TOKEN}``. The text format is
https://prometheus.io/docs/instrumenting/exposition_formats/.
"""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextlib import AsyncExitStack
from dataclasses import fields
from functools import partial
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, Final, Protocol

from hikari_ml.feed.channel import Channel
from hikari_ml.feed.counting import ChannelCounts
from hikari_ml.feed.server import FeedServer, Page
from hikari_ml.runtime.lane import waiting
from hikari_ml.runtime.service import Service, ended

if TYPE_CHECKING:
    from prometheus_client.core import Metric

LAG_SECONDS: Final = 0.25
"""Time between two looks at how late the event loop is."""

LAG_KEPT: Final = 240
"""Looks kept: those of a minute."""

LATE_SECONDS: Final = 1.0
"""An event loop later than this in the last minute is told of."""

GAUGES: Final = "text/plain; version=0.0.4; charset=utf-8"

Text = Callable[[], Awaitable[str]]
Check = Callable[[], Iterable[str]]


class Collector(Protocol):
    """What prometheus_client calls a collector."""

    def collect(self) -> Iterable[Metric]:
        """The families of metrics, as they are now."""
        ...


class Operations(Service):
    """Mounts ``/health`` and ``/metrics`` on ``server``.

    What else is to be told is put into the three tables by a name, and taken out again, at any time:
    ``checks`` say what is wrong (nothing when all is well), ``collectors`` give families of metrics as
    prometheus_client knows them, ``texts`` give them as text, as ``StreamAnalyticsEngine.prometheus`` does.
    One that raises is itself told of as trouble, and the others are heard. None of them may quote chat.
    """

    def __init__(self, server: FeedServer) -> None:
        super().__init__()
        self.checks: dict[str, Check] = {}
        self.collectors: dict[str, Collector] = {}
        self.texts: dict[str, Text] = {}
        self._server = server
        self._lags: deque[float] = deque(maxlen=LAG_KEPT)
        self._failed: dict[str, str] = {}
        self._began = 0.0

    def of(self, server: FeedServer) -> Operations:
        """Those of another ``server``, with the same three tables."""
        others = Operations(server)
        others.checks, others.collectors, others.texts = self.checks, self.collectors, self.texts
        return others

    async def _open(self, stack: AsyncExitStack) -> None:
        self._began = asyncio.get_running_loop().time()
        self._server.add_page("/health", self._health_page, private=True)
        self._server.add_page("/metrics", self._metrics_page, private=True)
        watch = asyncio.create_task(self._watch(), name="hikari-loop-lag")
        stack.push_async_callback(ended, watch)

    async def health(self) -> dict[str, Any]:
        """How the service is: ``status`` is ``ok``, or ``degraded`` for the reasons of that name."""
        await self._ready()
        channels = {name: _health_of(channel) for name, channel in list(self._server.channels.items())}
        reasons = [f"{name}: {why}" for name, found in channels.items() for why in found["degraded"]]
        reasons += [f"{name}: {why}" for name in list(self.checks) for why in self._checked(name)]
        reasons += [f"metrics of {name}: {why}" for name, why in self._failed.items()]
        if self._lag() > LATE_SECONDS:
            reasons.append(f"the event loop was {self._lag():.1f} s late within the last minute")
        return {
            "status": "degraded" if reasons else "ok",
            "version": version("hikari-ml"),
            "uptime_seconds": round(asyncio.get_running_loop().time() - self._began, 1),
            "channels": channels,
            "degraded": reasons,
        }

    async def metrics(self) -> str:
        """All that is counted, as Prometheus reads it."""
        await self._ready()
        from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest

        registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        families: dict[str, Metric] = {}
        failed: dict[str, str] = {}
        for family in self._own():
            _join(families, family)
        for name, source in self._sources():
            try:
                for family in await source():
                    _join(families, family)
            except Exception as error:
                failed[name] = type(error).__name__
        self._failed = failed
        registry.register(_Ready(families))
        return generate_latest(registry).decode()

    def _sources(self) -> list[tuple[str, Callable[[], Awaitable[list[Metric]]]]]:
        """What others tell, by name."""
        from prometheus_client.parser import text_string_to_metric_families

        async def parsed(text: Text) -> list[Metric]:
            return list(text_string_to_metric_families(await text()))

        async def collected(collector: Collector) -> list[Metric]:
            return list(collector.collect())

        found = [(name, partial(parsed, text)) for name, text in self.texts.items()]
        return [*found, *((name, partial(collected, one)) for name, one in self.collectors.items())]

    def _own(self) -> Iterator[Metric]:
        yield from _of_channels(self._server)
        yield from _of_port(self._server)
        from prometheus_client.core import GaugeMetricFamily

        about = "How late the event loop was at worst within the last minute."
        yield GaugeMetricFamily("hikari_event_loop_lag_seconds", about, value=self._lag())
        about = "Work that waits for its thread, by what the thread does."
        lanes = GaugeMetricFamily("hikari_lane_waiting", about, labels=["lane"])
        for name, count in waiting().items():
            lanes.add_metric([name], count)
        yield lanes

    def _checked(self, name: str) -> list[str]:
        try:
            return list(self.checks[name]())
        except Exception as error:
            return [f"cannot be asked ({type(error).__name__})"]

    def _lag(self) -> float:
        return max(self._lags, default=0.0)

    async def _watch(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            due = loop.time() + LAG_SECONDS
            await asyncio.sleep(LAG_SECONDS)
            self._lags.append(max(0.0, loop.time() - due))

    async def _health_page(self) -> Page:
        return Page("application/json", json.dumps(await self.health(), ensure_ascii=False).encode())

    async def _metrics_page(self) -> Page:
        return Page(GAUGES, (await self.metrics()).encode())


def _health_of(channel: Channel) -> dict[str, Any]:
    return {
        "degraded": channel.troubles() if channel.is_open else ["it is not open yet"],
        "clients": len(channel.clients),
        "seq": channel.feed.seq,
        "age_seconds": round(channel.age(), 1) if channel.is_open else None,
    }


class _Ready:
    """Families that are collected already."""

    def __init__(self, families: dict[str, Metric]) -> None:
        self._families = families

    def collect(self) -> Iterable[Metric]:
        return self._families.values()


def _join(families: dict[str, Metric], family: Metric) -> None:
    """Put samples of one name under one head: a name may stand in the text once."""
    known = families.setdefault(family.name, family)
    if known is not family:
        known.samples.extend(family.samples)


def _of_channels(server: FeedServer) -> Iterator[Metric]:
    from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

    clients = GaugeMetricFamily("hikari_feed_clients", "Clients that follow a channel.", labels=["channel"])
    age = GaugeMetricFamily("hikari_feed_age_seconds", "Age of the state told last.", labels=["channel"])
    counted = {
        part.name: CounterMetricFamily(
            f"hikari_feed_{part.name}", f"Feed: {part.name.replace('_', ' ')}.", labels=["channel"]
        )
        for part in fields(ChannelCounts)
    }
    for name, channel in list(server.channels.items()):
        clients.add_metric([name], len(channel.clients))
        age.add_metric([name], channel.age())
        for part, family in counted.items():
            family.add_metric([name], getattr(channel.counts, part))
    yield from (clients, age, *counted.values())


def _of_port(server: FeedServer) -> Iterator[Metric]:
    from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

    counts = server.counts
    yield GaugeMetricFamily("hikari_port_open_connections", "Open connections.", value=server.connections)
    for name, value in (
        ("connections", counts.connections),
        ("messages", counts.messages),
        ("ignored_messages", counts.ignored),
        ("left", counts.left),
        ("failed_pages", counts.failed_pages),
    ):
        yield CounterMetricFamily(f"hikari_port_{name}", f"Port: {name.replace('_', ' ')}.", value=value)
    refused = CounterMetricFamily("hikari_port_refused", "Turned away or sent away.", labels=["reason"])
    for reason, count in counts.refused.items():
        refused.add_metric([reason], count)
    http = CounterMetricFamily("hikari_port_http_responses", "Answers to HTTP requests.", labels=["status"])
    for status, count in counts.http.items():
        http.add_metric([str(status)], count)
    yield from (refused, http)
