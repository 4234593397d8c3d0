"""A viewer erased from all that a channel keeps, by a command."""

import json

import msgpack
import pytest
from redis.asyncio import Redis

from hikari_ml import ChatMessage, Hikari
from hikari_ml.bridge.answers import ANSWERED, DIGEST
from hikari_ml.bridge.local_redis import LocalRedis
from hikari_ml.bridge.protocol import FIELD
from hikari_ml.bridge.router import DEAD
from tests.cli.test_main import run
from tests.redis_server import much, slow_redis  # noqa: F401
from tests.support import at


@pytest.fixture
async def luna(tmp_path):
    """A channel's folder in which anna and ben have left something."""
    folder = tmp_path / "data" / "luna"
    async with Hikari(channel="luna", folder=folder) as hikari:
        for i in range(8):
            await hikari.perceive(
                ChatMessage("qzxanna", "I have two cats and they are great PogChamp", at(i), id=f"a{i}")
            )
            await hikari.perceive(ChatMessage("ben", "I play chess on Sundays", at(i), id=f"b{i}"))
    return folder


def left(folder, name):
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert len(files) > 3
    return [str(path.relative_to(folder)) for path in files if name in path.read_bytes()]


async def test_nothing_of_who_is_erased_is_left_in_the_folder(luna, tmp_path):
    assert set(left(luna, b"qzxanna")) >= {"memory/data.mdb", "analytics.msgpack"}
    done = run("erase", "QZXanna", "--yes", "--channel", "luna")
    assert done.returncode == 0, done.stderr
    assert "the profile and what was counted by name" in done.stdout
    assert left(luna, b"qzxanna") == []
    again = run("erase", "qzxanna", "--yes", "--json", "--path", luna)
    proof = json.loads(again.stdout)
    assert (proof["memory"]["memories"], proof["analytics"]) == (0, False)
    async with Hikari(channel="luna", folder=luna) as hikari:
        assert (await hikari.analytics.get_viewer_insights("ben"))["status"] == "ok"


async def test_nothing_is_left_of_what_calls_were_answered(luna):
    kept = luna.parent / ".redis"
    laid_aside = {
        FIELD: msgpack.packb(
            {"v": 1, "id": "1", "method": "perceive", "channel": "luna", "params": {"text": "qzxanna"}}
        )
    }
    async with LocalRedis(kept, 0) as server, Redis.from_url(server.url) as redis:
        await redis.set(f"{ANSWERED}luna.{'1' * DIGEST}", "qzxanna", ex=600)
        await redis.set(f"{ANSWERED}other.{'1' * DIGEST}", "somebody else's", ex=600)
        await redis.xadd(DEAD, laid_aside)
    assert any(b"qzxanna" in path.read_bytes() for path in kept.rglob("*") if path.is_file())
    done = run("erase", "qzxanna", "--yes", "--channel", "luna")
    assert (done.returncode, "degraded" in done.stderr) == (0, False), done.stderr
    assert left(luna.parent, b"qzxanna") == []
    assert left(luna.parent, b"somebody else's") != []


async def test_a_redis_that_reads_its_data_is_waited_for(luna, request):
    kept = luna.parent / ".redis"
    async with LocalRedis(kept, 0) as server, Redis.from_url(server.url) as redis:
        await redis.set(f"{ANSWERED}luna.{'1' * DIGEST}", "qzxanna", ex=600)
        await much(server.url, 20_000)
        server._process.kill()
        server._process.wait()
    request.getfixturevalue("slow_redis")
    done = run("erase", "qzxanna", "--yes", "--channel", "luna")
    assert (done.returncode, "stays in Redis" in done.stderr) == (0, False), done.stderr
    assert left(luna.parent, b"qzxanna") == []


async def test_it_asks_refuses_and_creates_nothing(luna, tmp_path):
    assert "nothing of a channel is kept in" in run("erase", "anna", "--yes").stderr
    assert not (tmp_path / "data" / "default").exists()
    asked = run("erase", "qzxanna", "--channel", "luna")
    assert (asked.returncode, "for good?" in asked.stderr) == (1, True)
    async with Hikari(channel="luna", folder=luna):
        refused = run("erase", "qzxanna", "--yes", "--channel", "luna")
    assert refused.returncode == 1
    assert "luna is served or watched now" in refused.stderr
    assert left(luna, b"qzxanna")
