"""What Prometheus reads of a worker."""

from prometheus_client import CollectorRegistry, generate_latest

from hikari_ml.bridge.leases import key
from hikari_ml.bridge.metrics import BridgeMetrics
from hikari_ml.bridge.router import CHANNELS, stream_of
from tests.bridge.workers import client_of, settings_in, until, worker


async def test_calls_and_answers_are_told(redis_url, tmp_path):
    async with client_of(redis_url) as client, worker(redis_url, settings_in(tmp_path), "default") as bridge:
        await client.ask("get_memory_stats")
        await client.refused("nothing")
        await client.ask("get_memory_stats", durable=True)
        await client.redis.xadd(stream_of("somebodys"), {"data": b"x"})  # as if another had moved it
        await client.redis.sadd(CHANNELS, "somebodys")
        await client.redis.set(key("somebodys"), "another worker")
        await until(lambda: bridge.waiting)
        registry = CollectorRegistry()
        registry.register(BridgeMetrics(bridge))
        text = generate_latest(registry).decode()
    assert "hikari_bridge_channels 1.0" in text
    assert "hikari_bridge_waiting 1.0" in text
    assert 'hikari_bridge_calls_total{what="heard"} 2.0' in text
    assert 'hikari_bridge_answers_total{code="ok",method="get_memory_stats"} 2.0' in text
    assert 'hikari_bridge_answers_total{code="unknown_method",method="unknown"} 1.0' in text
    assert 'hikari_bridge_durable_total{what="taken"} 1.0' in text
