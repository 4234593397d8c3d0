"""``hikari-ml serve`` as a process of its own: bridge, page, chat, and a clean end."""

import asyncio
import json
import os
import re
import signal
import urllib.request
from contextlib import suppress

import pytest
import redis
from websockets.asyncio.client import connect

from hikari_ml.bridge.client import BridgeClient
from hikari_ml.bridge.local_redis import LocalRedis, answers, free_port
from hikari_ml.cli.serve import _each_once
from hikari_ml.config import Settings
from hikari_ml.errors import HikariError
from tests.cli.test_watch import Watching
from tests.cli.test_watch import watching as started
from tests.platforms.servers import irc_server
from tests.redis_server import much, slow_redis  # noqa: F401

pytestmark = pytest.mark.timeout(240)


@pytest.fixture(autouse=True)
def _a_port_of_its_own(monkeypatch):
    monkeypatch.setenv("HIKARI_BRIDGE__REDIS_PORT", "0")
    monkeypatch.setattr("tests.cli.test_watch.PROGRAM", _program())


def _program():
    import sys

    return [sys.executable, "-W", "error::ResourceWarning", "-m", "hikari_ml", "serve", "--port", "0"]


def named(served: Watching, what: str) -> str:
    return re.search(rf"{what} is at (\S+)", served.said)[1]


async def stopped(served, number=signal.SIGTERM):
    served.process.send_signal(number)
    assert await served.ended() == 0, served.errors


async def page_of(url):
    def get():
        with urllib.request.urlopen(url, timeout=20) as answer:
            return answer.read().decode()

    return await asyncio.to_thread(get)


async def test_it_serves_calls_the_page_and_operations_and_ends_cleanly():
    async with started() as served:
        await served.until("Ctrl+C ends it")
        url, page = named(served, "Redis"), named(served, "The live page")
        async with BridgeClient(url) as client, connect(page.replace("http", "ws") + "feed") as feed:
            await feed.send('{"type":"hello"}')
            assert json.loads(await feed.recv())["type"] == "snapshot"
            said = {"message": {"username": "anna", "text": "I have two cats"}}
            await client.call("perceive", said, durable=True)
            async with asyncio.timeout(20):
                while "I have two cats" not in await feed.recv():
                    pass
            health = json.loads(await page_of(page + "health"))
            assert (health["status"], list(health["channels"])) == ("ok", ["default"])
            metrics = await page_of(page + "metrics")
            assert 'hikari_bridge_answers_total{code="ok",method="perceive"} 1.0' in metrics
            assert "cats" not in metrics
            waiting = [
                client.call("analyze_message", {"text": f"line {i}", "username": "a"}) for i in range(20)
            ]
            results = asyncio.gather(*waiting)
            await asyncio.sleep(0.2)
            served.process.send_signal(signal.SIGINT)
            assert len(await results) == 20
        assert await served.ended() == 0, served.errors
    with pytest.raises(redis.exceptions.ConnectionError):
        redis.Redis.from_url(url).ping()
    async with started("--log-format", "json") as served:
        await served.until("Ctrl+C ends it")
        async with BridgeClient(named(served, "Redis")) as client:
            found = await client.call("retrieve_memories", {"query": "cats"})
            assert [memory["content"] for memory in found] == ["I have two cats"]
            insights = await client.call("get_viewer_insights", {"username": "anna"})
            assert insights["message_count"] == 1
        await stopped(served)
        assert all(json.loads(line)["at"] for line in served.errors.splitlines())


async def test_it_listens_to_a_chat(monkeypatch):
    heard = asyncio.Event()

    async def script(irc, _):
        await irc.joined()
        for i in range(10):
            await irc.say(f"hello number {i}", "anna", tags=f"id=m-{i}")
        heard.set()
        await irc.line()

    async with irc_server(script) as server:
        monkeypatch.setenv("HIKARI_PLATFORMS__TWITCH_IRC_URL", server.url)
        async with started("--watch", "twitch:hikari") as served:
            await served.until("Ctrl+C ends it")
            await asyncio.wait_for(heard.wait(), 30)
            async with BridgeClient(named(served, "Redis")) as client:
                async with asyncio.timeout(30):
                    while True:
                        found = await client.call(
                            "get_viewer_insights", {"username": "anna"}, channel="hikari"
                        )
                        if found.get("message_count") == 10:
                            break
                        await asyncio.sleep(0.1)
            await stopped(served)


async def test_chats_that_are_not_heard_are_told_of(monkeypatch, tmp_path):
    monkeypatch.setenv("HIKARI_PLATFORMS__TWITCH_IRC_URL", f"irc://127.0.0.1:{free_port(0)}")
    (tmp_path / "mika.jsonl").mkdir()
    chats = ("--watch", "twitch:anna", "--watch", f"jsonl:{tmp_path / 'mika.jsonl'}")
    async with started(*chats, "--log-format", "json") as served:
        await served.until("Ctrl+C ends it")
        page = named(served, "The live page")
        async with asyncio.timeout(30):
            while len((health := json.loads(await page_of(page + "health")))["degraded"]) < 2:
                await asyncio.sleep(0.1)
        assert health["status"] == "degraded"
        assert health["degraded"][0] == "chat: twitch:anna is not connected"
        assert health["degraded"][1].endswith("is not listened to any more; the log says why")
        await stopped(served)
        lines = [json.loads(line)["message"] for line in served.errors.splitlines()]
        assert any("is not listened to any more: " in line for line in lines)


async def test_a_second_worker_says_that_it_stands_by():
    async with started() as first:
        await first.until("Serving default  (Ctrl+C ends it)")
        async with started("--redis", named(first, "Redis"), "--channel", "default") as second:
            await second.until("Ctrl+C ends it")
            assert "Standing by for what another worker has: default" in second.said
            assert "Serving whoever calls" in second.said
            await stopped(second)
        await stopped(first)


async def test_what_is_wrong_is_told_in_one_sentence():
    for arguments, said in (
        (["--redis", "redis://127.0.0.1:1/0"], "Redis cannot be reached"),
        (["--redis", "redis://:pa/ss@127.0.0.1:6379/0"], "percent-encoded"),
        (["--redis", "127.0.0.1"], "redis://:PASSWORD@HOST:6379/0"),
        (["--watch", "icq:me"], "twitch:CHANNEL"),
        (["--host", "0.0.0.0"], "token"),
    ):
        async with started(*arguments) as served:
            assert await served.ended() == 1
            assert said in served.errors
            assert "'pa'" not in served.errors


async def test_a_pipe_is_gone_on_with_after_its_channel_was_lost(monkeypatch):
    monkeypatch.setenv("HIKARI_BRIDGE__LEASE_SECONDS", "1")
    async with started("--watch", "jsonl:-", stdin=asyncio.subprocess.PIPE) as served:
        await served.until("Ctrl+C ends it")
        pipe, said = served.process.stdin, iter(range(10_000))

        async def says(count):
            for _ in range(count):
                pipe.write(json.dumps({"username": "anna", "text": f"line {next(said)}"}).encode() + b"\n")
            await pipe.drain()

        async with BridgeClient(named(served, "Redis")) as client:

            async def counted(count):
                async with asyncio.timeout(60):
                    while True:
                        with suppress(HikariError):
                            board = await client.call("get_real_time_dashboard", channel="default")
                            if (found := board["current_metrics"]["total_messages"]) >= count:
                                return found
                        await asyncio.sleep(0.1)

            await says(50)
            assert await counted(50) == 50
            server = redis.Redis.from_url(named(served, "Redis")).info()["process_id"]
            os.kill(server, signal.SIGSTOP)
            try:
                for _ in range(8):
                    await says(10)
                    await asyncio.sleep(0.5)
            finally:
                os.kill(server, signal.SIGCONT)
            await says(50)
            assert await counted(180) == 180
            pipe.close()
            await served.until("jsonl:- has ended after 180 messages")
            assert await counted(180) == 180
        await stopped(served)
        assert "channel 'default' is lost" in served.errors


async def test_a_pipe_goes_into_the_one_channel_whose_redis_is_started_again_when_it_dies():
    arguments = ("--channel", "Evening", "--channel", "evening", "--watch", "jsonl:-", "--watch", "jsonl:-")
    async with started(*arguments, stdin=asyncio.subprocess.PIPE) as served:
        await served.until("Serving evening  (Ctrl+C ends it)")
        served.process.stdin.write(b'{"username": "anna", "text": "hello", "id": "m1"}\n')
        await served.process.stdin.drain()
        url, page = named(served, "Redis"), named(served, "The live page")
        async with connect(page.replace("http", "ws") + "feed") as feed:
            await feed.send('{"type":"hello","channel":"EVENING"}')
            assert json.loads(await feed.recv())["channel"] == "evening"

        async def asks():
            asked = "get_viewer_insights", {"username": "anna"}
            async with asyncio.timeout(90):
                while True:
                    with suppress(HikariError, TimeoutError):
                        async with BridgeClient(url) as client:
                            found = await client.call(*asked, channel="EVENING", timeout=3)
                        if found.get("message_count") == 1:
                            return
                    await asyncio.sleep(0.1)

        await asks()
        os.kill(redis.Redis.from_url(url).info()["process_id"], signal.SIGKILL)
        await asks()
        served.process.stdin.close()
        await stopped(served)
        assert "was started again with what it had written" in served.errors


async def test_a_chat_whose_lines_cannot_be_read_is_told_of():
    async with started("--channel", "mika", "--watch", "jsonl:-", stdin=asyncio.subprocess.PIPE) as served:
        await served.until("Serving mika  (Ctrl+C ends it)")
        served.process.stdin.write(b'{"user": "anna", "text": "hello"}\n' * 3)
        await served.process.stdin.drain()
        health = named(served, "The live page") + "health"
        async with asyncio.timeout(60):
            while "3 lines of " not in await page_of(health):
                await asyncio.sleep(0.1)
        served.process.stdin.close()
        await served.until("after 0 messages; 3 lines could not be read")
        await stopped(served)


def test_a_chat_that_is_named_twice_is_listened_to_once():
    chats = ["twitch:mika", "jsonl:-", "twitch:#Mika", "jsonl:-", "twitch:anna"]
    assert _each_once(chats, Settings(), None) == {
        "twitch:mika": "mika",
        "jsonl:-": "default",
        "twitch:anna": "anna",
    }


async def test_two_chats_of_one_channel_are_both_carried_in_and_both_end(monkeypatch, tmp_path):
    (tmp_path / "hikari.jsonl").write_text(
        "".join(
            json.dumps(
                {"timestamp": "2026-01-10T20:00:00Z", "username": "bo", "text": f"line {i}", "id": f"x{i}"}
            )
            + "\n"
            for i in range(5)
        )
    )

    async def script(irc, _):
        await irc.joined()
        for i in range(10):
            await irc.say(f"hello number {i}", "anna", tags=f"id=m-{i}")
        await irc.line()

    async with irc_server(script) as server:
        monkeypatch.setenv("HIKARI_PLATFORMS__TWITCH_IRC_URL", server.url)
        chats = ("--watch", "twitch:hikari", "--watch", f"jsonl:{tmp_path / 'hikari.jsonl'}")
        async with started(*chats) as served:
            await served.until("has ended after 5 messages")
            async with BridgeClient(named(served, "Redis")) as client, asyncio.timeout(30):
                counts = {}
                while counts != {"anna": 10, "bo": 5}:
                    for name in ("anna", "bo"):
                        found = await client.call("get_viewer_insights", {"username": name}, channel="hikari")
                        counts[name] = found.get("message_count")
                    await asyncio.sleep(0.1)
            await stopped(served)


async def test_it_waits_for_a_redis_that_reads_its_data_until_it_is_told_to_end(tmp_path, request):
    kept = tmp_path / "data" / ".redis"
    async with LocalRedis(kept, 0) as server:
        await much(server.url)
        os.kill(server._process.pid, signal.SIGKILL)
    request.getfixturevalue("slow_redis")

    async def reading():
        async with asyncio.timeout(30):
            while not (kept / "port").exists():
                await asyncio.sleep(0.05)
        return f"redis://127.0.0.1:{(kept / 'port').read_text()}/0"

    async with started() as served:
        own = await reading()
        with pytest.raises(redis.exceptions.BusyLoadingError):
            redis.Redis.from_url(own).ping()
        await stopped(served, signal.SIGINT)
        assert "Redis is at" not in served.said
    assert not await answers(own, kept), "it was ended"
    async with started() as served:
        await served.until("Ctrl+C ends it")
        with redis.Redis.from_url(named(served, "Redis")) as client:
            assert client.get("last") == b"x"
        await stopped(served)
