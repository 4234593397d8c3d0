"""The bridge as its callers see it: real workers on a real Redis."""

import asyncio
import random
import time

import msgpack
import pytest
from redis.asyncio import Redis
from redis.exceptions import OutOfMemoryError

from hikari_ml import Hikari
from hikari_ml.bridge import protocol
from hikari_ml.bridge.outbox import execute
from hikari_ml.bridge.protocol import Request, encode_request
from hikari_ml.bridge.redis_bridge import RedisBridge, shown
from hikari_ml.errors import StoreError, StoreLockedError
from tests.bridge.workers import client_of, settings_in, until, worker


async def test_a_call_is_answered_and_what_happens_is_told(redis_url, tmp_path):
    async with client_of(redis_url) as client, client.redis.pubsub() as events:
        await events.subscribe("hikari.events.default")
        async with worker(redis_url, settings_in(tmp_path), "default"):
            insight = await client.ask(
                "perceive", {"message": {"username": "anna", "text": "I have two cats"}}
            )
            assert insight["analysis"]["username"] == "anna"
            found = await client.ask("retrieve_memories", {"query": "cats", "user": "anna"})
            assert [memory["content"] for memory in found] == ["I have two cats"]
            assert (await client.ask("get_viewer_insights", {"username": "anna"}))["message_count"] == 1
            assert (await client.ask("get_viewer_insights", {"username": "anna"}))["message_count"] == 1
            told = []
            while len(told) < 3:
                event = await events.get_message(ignore_subscribe_messages=True, timeout=5)
                told += [msgpack.unpackb(event["data"])] if event else []
            assert [event["seq"] for event in told] == [1, 2, 3]
            assert {event["type"] for event in told} >= {"message", "mood", "memory"}
            assert all(isinstance(event["at"], int) for event in told)


async def test_every_refusal_is_the_one_error_object(redis_url, tmp_path):
    async with client_of(redis_url) as client, worker(redis_url, settings_in(tmp_path), "default"):
        assert (await client.refused("nothing"))["code"] == "unknown_method"
        assert (await client.refused("perceive"))["code"] == "bad_params"
        assert (await client.refused("retrieve_memories", {"query": " "}))["code"] == "bad_params"
        assert (await client.refused("forget_memory", {"memory_id": "x"}))["code"] == "bad_params"
        late = await client.refused("get_memory_stats", deadline_ms=1)
        assert late["code"] == "deadline_exceeded"
        await client.send_raw(
            msgpack.packb({"v": 9, "id": "old", "method": "health", "reply_to": client.name})
        )
        assert (await client.answer("old"))["error"]["code"] == "unsupported_version"
        await client.send_raw(msgpack.packb({"v": 1, "id": "x", "reply_to": client.name}))
        assert (await client.answer("x"))["error"]["code"] == "bad_request"


async def test_malformed_messages_are_counted_and_harm_nobody(redis_url, tmp_path):
    async with client_of(redis_url) as client, worker(redis_url, settings_in(tmp_path), "default") as bridge:
        for data in (b"", b"\xc1", b"\x91" * 3000, msgpack.packb([1, 2]), b"PING\r\n"):
            await client.send_raw(data)
        await client.redis.xadd(protocol.DURABLE, {"data": b"\xc1"})
        await client.redis.xadd(protocol.DURABLE, {"other": b"field"})
        assert (await client.ask("health"))["status"] == "ok"
        await until(lambda: bridge.counts().get("durable.routed.malformed") == 2)
        assert bridge.counts()["calls.malformed"] == 5
        await until(lambda: _all_moved(client))


async def _all_moved(client):
    return await client.redis.xlen(protocol.DURABLE) == 0


async def test_what_is_too_much_is_refused_at_once_with_when_to_come_again(redis_url, tmp_path):
    settings = settings_in(tmp_path, max_in_flight=4)
    async with client_of(redis_url) as client, worker(redis_url, settings, "default"):
        calls = [
            Request(f"o{i}", "analyze_message", {"text": f"line {i}", "username": "a"}, reply_to=client.name)
            for i in range(60)
        ]
        await execute(client.redis, [("PUBLISH", protocol.REQUESTS, encode_request(c)) for c in calls])
        answers = [await client.answer(call.id) for call in calls]
        refused = [answer["error"] for answer in answers if not answer["ok"]]
        assert 0 < len(refused) < 60
        assert {error["code"] for error in refused} == {"overloaded"}
        assert all(error["details"]["retry_after_ms"] > 0 for error in refused)


async def test_a_deadline_that_passes_meanwhile_leaves_nothing_undone(redis_url, tmp_path):
    async with client_of(redis_url) as client, worker(redis_url, settings_in(tmp_path), "default"):
        await client.ask("health")
        soon = int(time.time() * 1000) + 1
        params = {"content": "I love tea", "metadata": {"user": "anna"}}
        first = await client.answer(await client.send("store_memory", params, id="s", deadline_ms=soon))
        again = await client.ask("store_memory", params, id="t")
        assert first["ok"] or first["error"]["code"] == "deadline_exceeded"
        found = await client.ask("retrieve_memories", {"query": "tea"})
        assert [memory["id"] for memory in found] == [again]


async def test_a_durable_call_is_answered_again_and_not_done_again(redis_url, tmp_path):
    async with client_of(redis_url) as client:
        message = {"message": {"username": "anna", "text": "I have two cats"}}
        async with worker(redis_url, settings_in(tmp_path), "default"):
            for _ in range(3):
                await client.send("perceive", message, id="p", durable=True)
            answers = [await client.answer("p", number=n) for n in (1, 2, 3)]
            assert answers[0] == answers[1] == answers[2]
        async with worker(redis_url, settings_in(tmp_path), "default"):
            await client.send("perceive", message, id="p", durable=True)
            assert await client.answer("p", number=4) == answers[0]
            found = await client.ask("retrieve_memories", {"query": "cats"})
            assert [memory["count"] for memory in found] == [1]
            assert (await client.ask("get_viewer_insights", {"username": "anna"}))["message_count"] == 1


async def test_durable_calls_wait_for_a_worker_and_are_done_in_order(redis_url, tmp_path):
    async with client_of(redis_url) as client:
        for i in range(40):
            await client.send(
                "process_chat_message", {"username": "anna", "message": f"m{i}"}, durable=True, channel="c"
            )
        last = await client.send("get_viewer_insights", {"username": "anna"}, durable=True, channel="c")
        async with worker(redis_url, settings_in(tmp_path), "c"):
            assert (await client.answer(last))["result"]["message_count"] == 40
            await until(lambda: _waiting(client, "c"))
        assert await client.redis.exists(protocol.DURABLE + ".c") == 0


async def _waiting(client, channel):
    return await client.redis.xlen(f"{protocol.DURABLE}.{channel}") == 0


async def test_several_workers_share_the_channels_and_one_answers(redis_url, tmp_path):
    settings = settings_in(tmp_path, max_channels=3)
    async with (
        client_of(redis_url) as client,
        worker(redis_url, settings) as first,
        worker(redis_url, settings) as second,
    ):
        names = [f"c{i}" for i in range(6)]
        for name in names:
            assert (await client.ask("get_memory_stats", channel=name))["total"] == 0
        owned = [sorted(hikari.channel for hikari in bridge.hikaris) for bridge in (first, second)]
        assert sorted(owned[0] + owned[1]) == names
        assert [len(found) for found in owned] == [3, 3]
        for name in names:
            stored = await client.send("store_memory", {"content": f"I like {name}"}, channel=name)
            await client.answer(stored)
        error = await client.refused("get_memory_stats", channel="one too many")
        assert error["code"] == "unavailable"
        await client.send_raw(msgpack.packb({"v": 5, "id": "odd", "reply_to": client.name}))
        await client.answer("odd")
        await asyncio.sleep(0.5)
        assert {len(found) for found in client.answers.values()} == {1}


async def test_a_channel_moves_when_its_worker_goes(redis_url, tmp_path):
    settings = settings_in(tmp_path)
    async with client_of(redis_url) as client, worker(redis_url, settings) as second:
        async with worker(redis_url, settings, "c"):
            await client.ask("store_memory", {"content": "I love tea"}, channel="c")
        await until(lambda: _moved(client))
        assert [hikari.channel for hikari in second.hikaris] == ["c"]
        assert len(await client.ask("retrieve_memories", {"query": "tea"}, channel="c")) == 1


async def test_a_start_that_failed_can_be_tried_again(redis_url, tmp_path):
    settings = settings_in(tmp_path)
    bridge = RedisBridge(redis_url, settings, channels=["c"])
    async with client_of(redis_url) as client:
        async with Hikari(settings, channel="c"):
            with pytest.raises(StoreLockedError):
                await bridge.hikari("c")
        async with bridge:
            assert bridge.health()["channels"] == ["c"]
            await client.ask("get_memory_stats", channel="c")
            await client.ask("get_memory_stats", channel="d")


async def _moved(client):
    try:
        async with asyncio.timeout(0.5):
            return await client.ask("get_memory_stats", channel="c")
    except TimeoutError:
        return False


async def test_while_redis_is_full_published_calls_are_answered_and_durable_ones_refused(redis_url, tmp_path):
    settings = settings_in(tmp_path, lease_seconds=0.8)
    async with client_of(redis_url) as client, worker(redis_url, settings, "default") as bridge:
        await client.ask("get_memory_stats")
        async with Redis.from_url(redis_url) as redis:
            await redis.config_set("maxmemory", 1)
            try:
                await asyncio.sleep(2.0)  # longer than its lease lasts
                message = {"username": "anna", "text": "hello all of you"}
                assert (await client.ask("perceive", {"message": message}))["message_id"]
                with pytest.raises(OutOfMemoryError):
                    await client.send("get_memory_stats", durable=True)
            finally:
                await redis.config_set("maxmemory", 0)
        assert bridge.hikaris


async def test_who_is_erased_is_in_no_cache(redis_url, tmp_path):
    async with client_of(redis_url) as client, worker(redis_url, settings_in(tmp_path), "default"):
        said = {"message": {"username": "anna", "text": "I have two cats"}}
        await client.ask("perceive", said, durable=True)
        await client.ask("get_viewer_insights", {"username": "anna"})
        assert [k async for k in client.redis.scan_iter("hikari.answered.*")]
        await client.ask("erase_user", {"user": "anna"})
        assert not [k async for k in client.redis.scan_iter("hikari.answered.*")]
        assert not [k async for k in client.redis.scan_iter("hikari.viewer.*")]
        assert (await client.ask("get_viewer_insights", {"username": "anna"}))["status"] == "no_data"


async def test_what_one_worker_read_another_need_not(redis_url, tmp_path):
    params = {"text": "what a wonderful clutch", "username": "anna"}
    settings = settings_in(tmp_path, share_readings=True)
    async with client_of(redis_url) as client:
        async with worker(redis_url, settings, "a"):
            first = await client.ask("analyze_message", params, channel="a")
        async with worker(redis_url, settings, "b") as bridge:
            second = await client.ask("analyze_message", {**params, "username": "bo"}, channel="b")
            assert bridge.counts()["readings.shared"] == 1
        assert first["sentiment"] == second["sentiment"]
        assert second["username"] == "bo"


async def test_a_redis_that_is_not_there_is_named_without_its_password():
    with pytest.raises(StoreError, match="Redis cannot be reached") as caught:
        await RedisBridge("redis://:secret@127.0.0.1:1/0").__aenter__()
    assert "secret" not in str(caught.value)
    assert shown("redis://u:p@h:1/0") == "redis://h:1/0"
    assert shown("redis://h/0?password=p") == "redis://h/0"


@pytest.mark.parametrize("count", [400, pytest.param(20_000, marks=pytest.mark.long)])
async def test_no_bytes_harm_a_worker_and_each_is_counted(redis_url, tmp_path, count):
    rng = random.Random(7)
    sound = encode_request(Request("f", "get_memory_stats", {"a": [1, {"b": "ü"}]}, "default", None, 5))
    settings = settings_in(tmp_path, max_channels=1)
    async with client_of(redis_url) as client, worker(redis_url, settings, "default") as bridge:
        await client.ask("health")
        tasks = len(asyncio.all_tasks())
        for _ in range(count // 50):
            batch = [("PUBLISH", protocol.REQUESTS, _broken(sound, rng)) for _ in range(40)]
            batch += [("XADD", protocol.DURABLE, "*", "data", _broken(sound, rng)) for _ in range(10)]
            await execute(client.redis, batch)
        heard = count // 50 * 40
        await until(lambda: bridge.counts()["calls.heard"] == heard + 1, 120)
        await until(lambda: _routed(bridge) >= count // 50 * 10, 120)
        assert (await client.ask("health"))["status"] == "ok"
        await until(lambda: len(asyncio.all_tasks()) <= tasks + 2)
        counts = bridge.counts()
        refused = sum(number for name, number in counts.items() if name.startswith("answers."))
        foreign = counts.get("calls.of another", 0) + counts.get("calls.malformed", 0)
        assert refused + foreign + counts.get("calls.dropped", 0) >= heard * 0.9


def _routed(bridge):
    return sum(n for name, n in bridge.counts().items() if name.startswith("durable.routed."))


def _broken(sound, rng):
    """A call with some bytes changed, cut off, repeated or put in."""
    data = bytearray(sound)
    for _ in range(rng.randint(1, 6)):
        at = rng.randrange(len(data)) if data else 0
        match rng.randrange(4):
            case 0 if data:
                data[at] = rng.randrange(256)
            case 1:
                del data[at : at + rng.randint(1, 8)]
            case 2:
                data[at:at] = rng.randbytes(rng.randint(1, 8))
            case _:
                data += data[at : at + 16]
    return bytes(data)


async def test_what_is_refused_anyway_opens_no_channel_and_is_answered_once(redis_url, tmp_path):
    settings = settings_in(tmp_path)
    async with (
        client_of(redis_url) as client,
        worker(redis_url, settings) as first,
        worker(redis_url, settings, "mine") as second,
    ):
        for channel in ("nobody's", "mine"):
            assert (await client.refused("nothing", channel=channel))["code"] == "unknown_method"
            assert (await client.refused("perceive", channel=channel))["code"] == "bad_params"
            assert (await client.ask("health", channel=channel))["status"] == "ok"
        await asyncio.sleep(0.3)
        assert {len(found) for found in client.answers.values()} == {1}
        assert [len(bridge.hikaris) for bridge in (first, second)] == [0, 1]
        assert [path.name for path in tmp_path.iterdir()] == ["mine"]


async def test_a_channel_has_one_name_however_it_is_written(redis_url, tmp_path):
    async with client_of(redis_url) as client, worker(redis_url, settings_in(tmp_path), "Mine") as bridge:
        await client.ask("store_memory", {"content": "I love tea"}, channel="MINE")
        assert (await client.ask("get_memory_stats", channel="mine"))["total"] == 1
        assert [hikari.channel for hikari in bridge.hikaris] == ["mine"]
