"""What a worker counts, as Prometheus reads it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from hikari_ml.bridge.redis_bridge import RedisBridge

if TYPE_CHECKING:
    from prometheus_client.core import CounterMetricFamily, Metric

FAMILIES: Final = {
    "calls": "Calls that were heard, by what became of them.",
    "answers": "Answers by method and code; ok is one of them.",
    "durable": "Durable calls, by what became of them.",
    "redis": "Messages sent to Redis, messages given up, and times the connection was lost.",
    "readings": "Texts whose reading another worker had, and those the model read.",
}


class BridgeMetrics:
    """A collector for prometheus_client."""

    def __init__(self, bridge: RedisBridge) -> None:
        self._bridge = bridge

    def collect(self) -> Iterator[Metric]:
        """The families of metrics, as they are now."""
        from prometheus_client.core import GaugeMetricFamily

        health = self._bridge.health()
        yield GaugeMetricFamily("hikari_bridge_in_flight", "Calls being answered.", value=health["in_flight"])
        yield GaugeMetricFamily(
            "hikari_bridge_channels", "Channels of this worker.", value=len(health["channels"])
        )
        about = "Durable calls that wait for a channel; the worker that moves them tells, the others say 0."
        yield GaugeMetricFamily("hikari_bridge_waiting", about, value=self._bridge.waiting)
        yield from self._counters()

    def _counters(self) -> Iterator[CounterMetricFamily]:
        from prometheus_client.core import CounterMetricFamily

        labels = {name: ["method", "code"] if name == "answers" else ["what"] for name in FAMILIES}
        found = {
            name: CounterMetricFamily(f"hikari_bridge_{name}", about, labels=labels[name])
            for name, about in FAMILIES.items()
        }
        for dotted, value in self._bridge.counts().items():
            family, _, rest = dotted.partition(".")
            values = rest.split(".", 1) if family == "answers" else [rest]
            found[family].add_metric(values, value)
        yield from found.values()
