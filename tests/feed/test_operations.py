"""What operations are told: true, complete, readable by Prometheus, and without a word of chat."""

import asyncio
import json

import pytest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.parser import text_string_to_metric_families

from hikari_ml import StreamAnalyticsEngine
from hikari_ml.feed.operations import Operations
from hikari_ml.feed.server import FeedServer
from hikari_ml.runtime.lane import Lane
from tests.feed.support import until
from tests.feed.test_server import fetch, hello, receive


@pytest.fixture
async def server():
    state = {"chat": ["what a viewer wrote"]}

    async def source():
        return state

    async with FeedServer(source, port=0, interval=0.02) as found:
        found.state = state
        yield found


@pytest.fixture
async def operations(server):
    async with Operations(server) as found:
        yield found


async def page(server, name):
    status, headers, body = await asyncio.to_thread(
        fetch, server.url.replace("ws://", "http://").replace("feed", name)
    )
    return status, headers["Content-Type"], body.decode()


async def test_all_is_well(server, operations):
    client = await hello(server.url)
    await receive(client)
    status, kind, body = await page(server, "health")
    health = json.loads(body)
    assert (status, kind, health["status"], health["degraded"]) == (200, "application/json", "ok", [])
    assert health["channels"]["default"]["clients"] == 1
    assert health["uptime_seconds"] >= 0
    assert "viewer" not in body
    await client.close()


async def test_what_is_wrong_is_told(server, operations):
    server.state["bad"] = float("nan")
    await until(lambda: server.channels["default"].trouble)
    operations.checks["redis"] = lambda: ["not connected"]

    def broken():
        raise OSError("secret")

    operations.checks["disk"] = broken
    health = await operations.health()
    assert health["status"] == "degraded"
    assert health["degraded"] == [
        "default: the state cannot be told (InputError)",
        "redis: not connected",
        "disk: cannot be asked (OSError)",
    ]


async def test_a_loop_that_was_late_is_told(operations):
    operations._lags.append(2.5)
    assert (await operations.health())["degraded"] == ["the event loop was 2.5 s late within the last minute"]


async def test_the_lag_of_the_loop_is_watched(operations):
    await until(lambda: operations._lags)
    assert min(operations._lags) >= 0


async def samples(server):
    status, kind, body = await page(server, "metrics")
    assert (status, kind.split(";")[0]) == (200, "text/plain")
    assert "viewer wrote" not in body
    families = list(text_string_to_metric_families(body))
    assert len({family.name for family in families}) == len(families), "a name stands there once"
    return {
        (sample.name, *sorted(sample.labels.items())): sample.value
        for family in families
        for sample in family.samples
    }


async def test_numbers_for_prometheus(server, operations):
    client = await hello(server.url)
    await receive(client)
    server.publish("raid", {})
    await receive(client)
    found = await samples(server)
    assert found["hikari_feed_clients", ("channel", "default")] == 1
    assert found["hikari_feed_sent_total", ("channel", "default")] == 2
    assert found["hikari_feed_cut_off_total", ("channel", "default")] == 0
    assert found["hikari_port_open_connections",] == 2
    assert found["process_resident_memory_bytes",] > 1e6
    assert ("hikari_event_loop_lag_seconds",) in found
    lane = Lane(list, name="of this test")
    assert (await samples(server))["hikari_lane_waiting", ("lane", "of this test")] == 0
    await lane.aclose()
    assert ("hikari_lane_waiting", ("lane", "of this test")) not in await samples(server)
    await client.close()
    await page(server, "none")
    found = await samples(server)
    assert found["hikari_port_http_responses_total", ("status", "404")] == 1


async def test_engines_and_bridges_add_theirs(server, operations):
    class Bridge:
        def collect(self):
            yield GaugeMetricFamily("hikari_bridge_waiting", "Calls that wait.", value=3)

    class Broken:
        def collect(self):
            raise OSError("secret")

    async with StreamAnalyticsEngine() as one, StreamAnalyticsEngine() as two:
        await one.process_chat_message("anna", "hello")
        operations.texts["one"] = lambda: one.prometheus("one")
        operations.texts["two"] = lambda: two.prometheus("two")
        operations.collectors["bridge"] = Bridge()
        operations.collectors["broken"] = Broken()
        found = await samples(server)
        assert (await operations.health())["degraded"] == ["metrics of broken: OSError"]
        del operations.collectors["broken"]
        await samples(server)
        assert (await operations.health())["status"] == "ok"
    assert found["hikari_messages_total", ("channel", "one")] == 1
    assert found["hikari_messages_total", ("channel", "two")] == 0
    assert found["hikari_bridge_waiting",] == 3
    await samples(server)
    assert (await operations.health())["degraded"] == [
        "metrics of one: ClosedError",
        "metrics of two: ClosedError",
    ]
