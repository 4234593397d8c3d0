"""Durable calls: none is lost and none done twice, whoever dies in the middle."""

import asyncio
import random
import sys
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest
from redis.asyncio import Redis
from redis.exceptions import RedisError

from hikari_ml import Hikari
from hikari_ml.bridge import intake
from hikari_ml.bridge.answering import Answering
from hikari_ml.bridge.leases import Leases
from hikari_ml.bridge.local_redis import LocalRedis
from hikari_ml.bridge.outbox import Outbox
from hikari_ml.bridge.owning import Owned
from hikari_ml.bridge.protocol import DURABLE, Request, encode_request
from hikari_ml.bridge.reading import epoch_key
from hikari_ml.bridge.router import DEAD, stream_of
from hikari_ml.errors import StoreError
from tests.bridge.workers import client_of, settings_in, until, worker
from tests.redis_server import RedisServer
from tests.wire import wire_to

ROOT = Path(__file__).parent.parent.parent
SAYS = ["I have {} cats", "my favourite number is {}", "I moved to house {}", "I drank {} cups of tea"]


async def started(url, folder):
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.bridge.crash_worker", url, str(folder),
        cwd=ROOT, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert await process.stdout.readline() == b"ready\n"
    return process


async def send_surely(client, method, params, request_id):
    """Until Redis has taken it: what it did not acknowledge may be there, and goes with the same id again."""
    while True:
        with suppress(RedisError, OSError):
            return await client.send(method, params, id=request_id, durable=True)
        await asyncio.sleep(0.1)


async def storm(client, calls, kill):
    """Send ``calls`` messages and facts while ``kill`` does its worst."""
    rng = random.Random(5)
    for number in range(calls):
        said = {"username": f"user{number % 7}", "message": f"line {number}"}
        await send_surely(client, "process_chat_message", said, f"m{number}")
        if rng.random() < 0.3:  # a client that had no answer tries again
            await send_surely(client, "process_chat_message", said, f"m{number}")
        fact = SAYS[number % 4].format(number)
        params = {"content": fact, "memory_type": "fact", "metadata": {"user": f"user{number % 7}"}}
        await send_surely(client, "store_memory", params, f"s{number}")
        await kill(number)


async def check(client, calls):
    """Everything is there once."""
    counted = {}
    for user in range(7):
        found = await client.ask("get_viewer_insights", {"username": f"user{user}"}, durable=True)
        counted[user] = found["message_count"]
    assert counted == {user: len(range(user, calls, 7)) for user in range(7)}
    stats = await client.ask("get_memory_stats", durable=True)
    assert stats["total"] == calls
    for number in range(calls):
        answers = client.answers.get(f"m{number}", [])
        assert all(answer["ok"] for answer in answers)


@pytest.mark.parametrize("kills", [3, pytest.param(100, marks=[pytest.mark.long, pytest.mark.timeout(3600)])])
async def test_no_durable_call_is_lost_or_done_twice_when_workers_are_killed(redis_url, tmp_path, kills):
    calls = 40 * kills
    async with client_of(redis_url) as client:
        process = await started(redis_url, tmp_path)

        async def kill(number):
            nonlocal process
            if number % 40 == 39:
                await asyncio.sleep(random.uniform(0.0, 0.6))
                process.kill()
                await process.wait()
                process = await started(redis_url, tmp_path)

        try:
            await storm(client, calls, kill)
            # Workers that die so soon leave much to the last.
            await until(lambda: _all_done(client), 30 + 6 * kills)
            await check(client, calls)
            await until(lambda: _all_done(client), 30)
        finally:
            process.kill()
            await process.wait()


async def _all_done(client):
    return await client.redis.xlen(stream_of("default")) + await client.redis.xlen(DURABLE) == 0


async def test_no_durable_call_is_lost_when_redis_is_restarted(tmp_path):
    server = RedisServer(tmp_path)
    calls = 60
    async with client_of(server.url) as client, worker(server.url, settings_in(tmp_path), "default"):

        async def kill(number):
            if number % 20 == 19:
                server.kill()
                server.start()

        await storm(client, calls, kill)
    async with client_of(server.url) as client, worker(server.url, settings_in(tmp_path), "default"):
        await check(client, calls)
    server.stop()


async def test_a_call_that_came_too_late_is_done_when_it_is_asked_for_again(redis_url, tmp_path):
    async with client_of(redis_url) as client, worker(redis_url, settings_in(tmp_path), "default"):
        said = {"username": "anna", "message": "hello"}
        late = await client.refused("process_chat_message", said, id="x", durable=True, deadline_ms=1)
        assert late["code"] == "deadline_exceeded"
        await client.send("process_chat_message", said, id="x", durable=True)
        assert (await client.answer("x", number=2))["ok"]
        found = await client.ask("get_viewer_insights", {"username": "anna"}, durable=True)
        assert found["message_count"] == 1


async def test_a_call_that_was_answered_is_done_again_though_its_deadline_has_passed_since(
    redis_url, tmp_path
):
    async with client_of(redis_url) as client:
        stream = stream_of("default")
        said = {"username": "anna", "message": "hello"}
        request = Request("x", "process_chat_message", said, reply_to=client.name, deadline_ms=1)
        await client.redis.xadd(stream, {"data": encode_request(request)})
        await client.redis.xgroup_create(stream, "hikari", id="0")
        await client.redis.xreadgroup("hikari", "dead", {stream: ">"})  # and it counted, and died with that
        async with worker(redis_url, settings_in(tmp_path), "default"):
            assert (await client.answer("x"))["ok"]
            found = await client.ask("get_viewer_insights", {"username": "anna"}, durable=True)
            assert found["message_count"] == 1


async def test_what_was_kept_and_not_acknowledged_is_answered_when_it_comes_again(redis_url, tmp_path):
    async with client_of(redis_url) as client:
        stream = stream_of("default")
        said = {"username": "anna", "message": "hello"}
        async with worker(redis_url, settings_in(tmp_path, checkpoint_seconds=600), "default") as bridge:
            first = await client.ask("process_chat_message", said, id="x", durable=True)
            (hikari,) = bridge.hikaris
            await hikari.analytics.save()
            rows = await client.redis.xrange(stream)
            epoch = await client.redis.get(epoch_key(stream_of("default")))
        ((entry, fields),) = rows
        await client.redis.xadd(stream, fields, id=entry)  # as if the worker had died before it said so
        await client.redis.set(epoch_key(stream_of("default")), epoch)
        await client.redis.xgroup_create(stream, "hikari", id="0")
        await client.redis.xreadgroup("hikari", "dead", {stream: ">"})
        async with worker(redis_url, settings_in(tmp_path), "default"):
            assert (await client.answer("x", number=2))["result"] == first
            await client.send("process_chat_message", said, id="x", durable=True)
            assert (await client.answer("x", number=3))["result"] == first
            found = await client.ask("get_viewer_insights", {"username": "anna"}, durable=True)
            assert found["message_count"] == 1


async def test_one_whose_answer_is_kept_no_longer_is_told_so(redis_url, tmp_path):
    async with client_of(redis_url) as client, worker(redis_url, settings_in(tmp_path), "default"):
        said = {"username": "anna", "message": "hello"}
        await client.ask("process_chat_message", said, id="x", durable=True)
        await client.ask("erase_user", {"user": "ben"})
        await client.send("process_chat_message", said, id="x", durable=True)
        error = (await client.answer("x", number=2))["error"]
        assert error["code"] == "bad_request"
        assert "answer is kept no longer" in error["message"]
        found = await client.ask("get_viewer_insights", {"username": "anna"}, durable=True)
        assert found["message_count"] == 1


async def test_a_call_that_failed_is_answered_again_and_done_when_it_is_said_again(redis_url, tmp_path):
    async with client_of(redis_url) as client:
        stream = stream_of("default")
        fact = {"content": "I have two cats"}
        async with worker(redis_url, settings_in(tmp_path, checkpoint_seconds=600), "default") as bridge:
            late = await client.refused("store_memory", fact, id="x", durable=True, deadline_ms=1)
            (hikari,) = bridge.hikaris
            await hikari.analytics.save()
            ((entry, fields),) = await client.redis.xrange(stream)
            epoch = await client.redis.get(epoch_key(stream))
        await client.redis.xadd(stream, fields, id=entry)  # as if the worker had died before it said so
        await client.redis.set(epoch_key(stream), epoch)
        await client.redis.xgroup_create(stream, "hikari", id="0")
        await client.redis.xreadgroup("hikari", "dead", {stream: ">"})
        async with worker(redis_url, settings_in(tmp_path), "default"):
            assert (await client.answer("x", number=2))["error"] == late
            await client.send("store_memory", fact, id="x", durable=True)
            assert (await client.answer("x", number=3))["ok"]
            assert (await client.ask("get_memory_stats", durable=True))["total"] == 1


async def test_an_id_that_another_call_has_had_is_refused(redis_url, tmp_path):
    async with client_of(redis_url) as client:
        for number in (1, 2):
            async with worker(redis_url, settings_in(tmp_path), "default"):
                said = {"username": "anna", "message": f"hello {number}"}
                await client.send("process_chat_message", said, id="x", durable=True)
                answer = await client.answer("x", number=number)
                assert answer["ok"] == (number == 1)
        assert answer["error"]["details"] == {"reason": "id taken"}


@asynccontextmanager
async def lone_intake(redis, hikari, holds):
    """An intake whose lease is what ``holds`` says, and the ids of what it was asked, in order."""
    await Leases(redis, "me", 60).take("default")
    outbox, told = Outbox(redis), []
    delivering = asyncio.create_task(outbox.deliver())

    async def unused(request):
        raise AssertionError(request)

    class Noted(Answering):
        async def answer(self, hikari, request, **more):
            told.append(request.id)
            return await super().answer(hikari, request, **more)

    owned = Owned("default", hikari, 0.0)
    found = intake.Intake(
        redis, owned, "me", Noted(64), outbox, holds, unused, unused, list, checkpoint_seconds=0.2
    )
    found.start()
    try:
        yield told
    finally:
        await found.finish()
        await outbox.caught_up(5)
        delivering.cancel()


@pytest.mark.parametrize("given", [0, 4])
async def test_a_lease_that_lapses_and_comes_back_loses_nothing_and_keeps_the_order(
    redis_url, tmp_path, given
):
    stream, ids = stream_of("default"), [f"m{number}" for number in range(12)]
    async with Redis.from_url(redis_url) as redis, Hikari(folder=tmp_path / "h") as hikari:
        for name in ids:
            said = {"username": "anna", "message": f"line {name}"}
            await redis.xadd(stream, {"data": encode_request(Request(name, "process_chat_message", said))})
        if given:  # to one who died
            await redis.xgroup_create(stream, "hikari", id="0")
            await redis.xreadgroup("hikari", "dead", {stream: ">"}, count=given)
        rng = random.Random(given)
        async with lone_intake(redis, hikari, lambda: rng.random() > 0.12) as told:
            await until(lambda: len(told) >= len(ids))
            await until(lambda: _is_empty(redis, stream))
        assert told == ids
        assert (await hikari.analytics.get_viewer_insights("anna"))["message_count"] == len(ids)


async def _is_empty(redis, stream):
    return await redis.xlen(stream) == 0


async def test_after_redis_lost_everything_a_repeated_call_is_not_counted_again(redis_url, tmp_path):
    async with client_of(redis_url) as client:
        said = {"username": "anna", "message": "hello"}
        for number in (1, 2):
            async with worker(redis_url, settings_in(tmp_path), "default"):
                await client.send("process_chat_message", said, id="x", durable=True)
                await client.answer("x", number=number)
            await client.redis.flushall()
        async with worker(redis_url, settings_in(tmp_path), "default"):
            await client.send("process_chat_message", said, id="x")  # published, it is the same
            await client.answer("x", number=3)
            found = await client.ask("get_viewer_insights", {"username": "anna"}, durable=True)
            assert found["message_count"] == 1


async def test_a_redis_whose_clock_is_behind_has_its_calls_done(redis_url, tmp_path):
    async with client_of(redis_url) as client:
        async with worker(redis_url, settings_in(tmp_path), "default"):
            await client.ask("process_chat_message", {"username": "anna", "message": "one"}, durable=True)
        await client.redis.flushall()
        stream = stream_of("default")
        for number in (1, 2):
            said = {"username": "anna", "message": f"more {number}"}
            data = encode_request(Request(f"r{number}", "process_chat_message", said, reply_to=client.name))
            await client.redis.xadd(stream, {"data": data}, id=f"{number}-0")
        await client.redis.xgroup_create(stream, "hikari", id="0")
        await client.redis.xreadgroup("hikari", "dead", {stream: ">"})
        async with worker(redis_url, settings_in(tmp_path), "default"):
            await client.answer("r2")
            found = await client.ask("get_viewer_insights", {"username": "anna"}, durable=True)
            assert found["message_count"] == 3


async def test_a_stream_that_is_deleted_meanwhile_begins_anew(redis_url, tmp_path):
    async with client_of(redis_url) as client, worker(redis_url, settings_in(tmp_path), "default"):
        for number in range(3):
            said = {"username": "anna", "message": f"hello {number}"}
            await client.ask("process_chat_message", said, durable=True)
            await until(lambda: _all_done(client))
            await client.redis.delete(stream_of("default"), DURABLE, epoch_key(stream_of("default")))
        found = await client.ask("get_viewer_insights", {"username": "anna"}, durable=True)
        assert found["message_count"] == 3


async def test_an_erasure_that_is_published_comes_after_the_durable_calls_that_wait(redis_url, tmp_path):
    async with client_of(redis_url) as client, worker(redis_url, settings_in(tmp_path), "default"):
        for number in range(30):
            said = {"message": {"username": "anna", "text": f"I have {number} cats"}}
            await client.send("perceive", said, durable=True)
        proof = await client.ask("erase_user", {"user": "anna"})
        assert proof["memory"]["memories"] > 0
        assert (await client.ask("get_viewer_insights", {"username": "anna"}))["status"] == "no_data"
        assert await client.ask("retrieve_memories", {"query": "cats"}) == []


@pytest.mark.parametrize("durable", [False, True])
async def test_an_erasure_that_is_said_again_takes_nothing_that_was_said_since(redis_url, tmp_path, durable):
    async with client_of(redis_url) as client, worker(redis_url, settings_in(tmp_path), "default") as bridge:
        (hikari,) = bridge.hikaris
        events = hikari.events()

        async def says(text):
            await client.ask("perceive", {"message": {"username": "anna", "text": text}})

        await says("I have two cats")
        await client.send("erase_user", {"user": "anna"}, id="e", durable=durable)
        proof = await client.answer("e")
        assert proof["result"]["memory"]["memories"] == 1
        await says("I have three dogs")
        await client.send("erase_user", {"user": "anna"}, id="e", durable=durable)
        assert await client.answer("e", number=2) == proof
        found = await client.ask("retrieve_memories", {"query": "dogs"})
        assert [memory["content"] for memory in found] == ["I have three dogs"]
        await client.send("erase_user", {"user": "ben"}, id="e", durable=durable)
        assert (await client.answer("e", number=3))["error"]["details"] == {"reason": "id taken"}
        await client.ask("erase_user", {"user": "ben"})
        await client.send("erase_user", {"user": "anna"}, id="e", durable=durable)
        assert (await client.answer("e", number=4))["error"]["details"] == {"reason": "answer gone"}
    told = [event["data"]["user"] async for event in events if event["type"] == "erased"]
    assert told == ["anna", "ben"]


async def test_a_published_call_brings_nobody_back_who_was_erased_meanwhile(redis_url, tmp_path):
    async with client_of(redis_url) as client, worker(redis_url, settings_in(tmp_path), "default"):
        fact = {"content": "anna has two cats", "metadata": {"user": "anna"}}
        await client.ask("store_memory", fact, id="x")
        await client.ask("record_metric", {"name": "followers", "value": 3.0}, id="y")
        await client.ask("erase_user", {"user": "anna"})
        for request_id, method, params in [
            ("x", "store_memory", fact),
            ("y", "record_metric", {"name": "followers", "value": 3.0}),
        ]:
            await client.send(method, params, id=request_id)
            error = (await client.answer(request_id, number=2))["error"]
            assert error["details"] == {"reason": "answer gone"}
        assert (await client.ask("get_memory_stats"))["total"] == 0


async def test_what_who_is_erased_called_leaves_the_file_of_redis_while_it_runs(tmp_path):
    async with LocalRedis(tmp_path / "redis", 0) as server, client_of(server.url) as client:
        settings = settings_in(tmp_path / "data", checkpoint_seconds=600)
        async with worker(server.url, settings, "default", own_redis=True) as bridge:
            for number in range(20):
                said = {
                    "message": {"username": "anna", "text": f"qzxsecret line {number}", "id": f"m{number}"}
                }
                await client.send("perceive", said, durable=True)
            await client.send("get_viewer_insights", {"username": "anna"}, id="qzxsecret", durable=True)
            await client.ask("erase_user", {"user": "anna"}, id="e", durable=True)
            await until(lambda: not held(tmp_path / "redis", b"qzxsecret"))
            assert await client.redis.xlen(stream_of("default")) == 0
            for number, durable in ((2, True), (3, False)):
                await client.send("erase_user", {"user": "anna"}, id="e", durable=durable)
                await client.answer("e", number=number)
                await until(lambda: not held(tmp_path / "redis", b"anna"))
            assert bridge.counts()["durable.repeated"] == 2
            for more in ({"id": "late", "deadline_ms": 1}, {"id": "other"}):  # the second is done anew
                await client.send("erase_user", {"user": "anna"}, durable=True, **more)
                await client.answer(more["id"])
                await until(lambda: not held(tmp_path / "redis", b"anna"))


async def test_an_erasure_that_was_refused_has_no_answer_forgotten(redis_url, tmp_path):
    async with client_of(redis_url) as client, worker(redis_url, settings_in(tmp_path), "default"):
        await client.ask("record_metric", {"name": "followers", "value": 3.0}, id="y")
        await client.refused("erase_user", {"name": "anna"}, durable=True)
        await client.send("erase_user", {"user": "anna"}, id="y", durable=True)
        assert (await client.answer("y", number=2))["error"]["details"] == {"reason": "id taken"}
        await client.refused("erase_user", {"user": "anna"}, durable=True, deadline_ms=1)
        await client.send("record_metric", {"name": "followers", "value": 3.0}, id="y")
        assert (await client.answer("y", number=3))["ok"]


async def test_an_erasure_that_is_under_way_is_ended_when_its_worker_closes(redis_url, tmp_path, caplog):
    async with client_of(redis_url) as client:
        async with worker(redis_url, settings_in(tmp_path), "default") as bridge:
            await client.ask("perceive", {"message": {"username": "anna", "text": "I have two cats"}})
            (hikari,) = bridge.hikaris
            erase, begun = hikari.erase_user, asyncio.Event()

            async def slowly(user):
                begun.set()
                proof = await erase(user)
                await asyncio.sleep(0.5)
                return proof

            hikari.erase_user = slowly
            await client.send("erase_user", {"user": "anna"}, id="e", durable=True)
            await begun.wait()
        assert (await client.answer("e"))["result"]["memory"]["memories"] == 1
        assert await client.redis.xlen(stream_of("default")) == 0
    assert "cannot be done" not in caplog.text


@pytest.mark.parametrize("fails", ["what is on its way", "answers"])
@pytest.mark.parametrize("another", [False, True])
async def test_an_erasure_that_could_not_be_ended_is_begun_anew_when_it_is_said_again(
    redis_url, tmp_path, monkeypatch, fails, another
):
    monkeypatch.setattr(intake, "DELIVERIES", 2)
    async with client_of(redis_url) as client, worker(redis_url, settings_in(tmp_path), "default") as bridge:

        async def unheard(*_):
            raise StoreError("Redis", "what was answered cannot be forgotten now")

        taking = bridge._intakes["default"]
        where = (taking, "_erased") if fails == "what is on its way" else (taking._answers, "forget")
        monkeypatch.setattr(*where, unheard)
        error = await client.refused("erase_user", {"user": "anna"}, id="e", durable=True)
        assert "begun too often" in error["message"]
        monkeypatch.undo()
        await client.ask("perceive", {"message": {"username": "anna", "text": "I have two cats"}})
        if another:
            await client.ask("erase_user", {"user": "ben"})
        await client.send("erase_user", {"user": "anna"}, id="e", durable=True)
        assert (await client.answer("e", number=2))["result"]["memory"]["memories"] == 1


def held(folder, secret):
    """The files that hold ``secret``."""
    return [path for path in folder.rglob("*") if path.is_file() and secret in path.read_bytes()]


async def test_a_connection_that_is_lost_often_lays_nothing_aside_and_keeps_before_it_acknowledges(
    redis_process, redis_url, tmp_path
):
    async with client_of(redis_url) as client, wire_to(redis_process.port) as wire:
        async with worker(
            f"redis://127.0.0.1:{wire.port}/0", settings_in(tmp_path, checkpoint_seconds=600), "default"
        ) as bridge:
            for number in range(3):
                said = {"username": "anna", "message": f"hello {number}"}
                await client.ask("process_chat_message", said, durable=True)
            for _ in range(intake.DELIVERIES + 2):
                wire.cut()
                number += 1
                said = {"username": "anna", "message": f"hello {number}"}
                await client.ask("process_chat_message", said, durable=True)
            pending = await client.redis.xpending(stream_of("default"), "hikari")
            assert pending["pending"] == number + 1  # none acknowledged: the counts are not kept yet
            assert not bridge.counts().get("durable.dead")
        assert await client.redis.xlen(stream_of("default")) == 0
        assert await client.redis.xlen(DEAD) == 0


async def test_a_call_that_ends_its_worker_again_and_again_is_laid_aside(redis_url, tmp_path):
    async with client_of(redis_url) as client:
        stream = stream_of("default")
        request = Request("poison", "health", {}, reply_to=client.name)
        await client.redis.xadd(stream, {"data": encode_request(request)})
        await client.redis.xgroup_create(stream, "hikari", id="0")
        await client.redis.xreadgroup("hikari", "dead", {stream: ">"})
        (row,) = await client.redis.xpending_range(stream, "hikari", "-", "+", 1)
        for _ in range(intake.DELIVERIES - 1):
            await client.redis.xclaim(stream, "hikari", "dead", 0, [row["message_id"]])
        async with worker(redis_url, settings_in(tmp_path), "default"):
            answer = await client.answer("poison")
            assert answer["error"]["code"] == "internal"
            assert "too often" in answer["error"]["message"]
        assert await client.redis.xlen(DEAD) == 1
        assert await client.redis.xlen(stream) == 0
