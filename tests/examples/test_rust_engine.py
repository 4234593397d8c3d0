"""The Rust engine: it builds, reads every golden message, and speaks with a real worker and a real feed."""

import asyncio
import os
import re
import shutil
import subprocess
from contextlib import asynccontextmanager
from pathlib import Path

import msgpack
import pytest
from redis.asyncio import Redis
from websockets.asyncio.client import connect
from websockets.asyncio.server import serve
from websockets.exceptions import ConnectionClosed

from hikari_ml import Settings
from hikari_ml.bridge.protocol import DURABLE
from hikari_ml.bridge.redis_bridge import RedisBridge
from hikari_ml.dashboard.server import LiveDashboard
from hikari_ml.feed.server import MSGPACK
from hikari_ml.runtime.service import ended
from tests.redis_server import redis_process, redis_url  # noqa: F401  # fixtures

CRATE = Path(__file__).parent.parent.parent / "examples/rust_engine"
QUICKLY = {"CARGO_PROFILE_DEV_DEBUG": "0", "CARGO_INCREMENTAL": "0"}
"""Built once and thrown away: nobody looks into it with a debugger."""

REGISTRY = Path("/usr/share/cargo/registry")
CRATES = ("serde-1", "serde_derive-1", "serde_json-1", "rmp-serde-1", "tokio-1", "tokio-macros-1", "rand-0.8")
"""What Debian packages as librust-*-dev, and the crate is built from here."""

BUILD_SECONDS = 1500
CHANNEL = "hikari"
TOKEN = "a token of its own"


def missing():
    """What keeps the crate from being built here; empty if nothing does."""
    if shutil.which("cargo") is None:
        return "there is no cargo"
    lacking = [name for name in CRATES if not any(REGISTRY.glob(f"{name}*"))]
    return f"{REGISTRY} lacks {', '.join(lacking)}" if lacking else ""


pytestmark = [
    pytest.mark.skipif(bool(missing()), reason=f"THE RUST ENGINE IS NOT TESTED: {missing()}"),
    pytest.mark.timeout(300, func_only=True),  # the build has its own
]


@pytest.fixture(scope="module")
def built():
    """The crate with its tests, compiled."""
    done = subprocess.run(
        ["cargo", "test", "--offline", "--no-run", "--all-targets"],
        cwd=CRATE, env=os.environ | QUICKLY, capture_output=True, text=True,
        timeout=BUILD_SECONDS, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


async def run(*command, **variables):
    """What a command of cargo says."""
    process = await asyncio.create_subprocess_exec(
        "cargo", *command, cwd=CRATE, env=os.environ | QUICKLY | variables,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    try:
        said, _ = await asyncio.wait_for(process.communicate(), 240)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert process.returncode == 0, said.decode()
    return said.decode()


@pytest.fixture
async def worker(redis_url, tmp_path):  # noqa: F811
    """A worker with room for one call at once, so that others are told to come again."""
    settings = Settings(data_dir=tmp_path / "worker", bridge={"max_in_flight": 1})
    async with RedisBridge(redis_url, settings, channels=[CHANNEL]) as found:
        yield found


@asynccontextmanager
async def holed(feed):
    """A way to ``feed`` on which its first delta is lost; gives its url, and what clients said on it."""
    said, lost = [], []

    async def carry(client):
        async with connect(feed, subprotocols=[MSGPACK]) as server:
            saying = asyncio.create_task(tell(client, server))
            try:
                async for frame in server:
                    if not lost and msgpack.unpackb(frame)["type"] == "delta":
                        lost.append(frame)
                    else:
                        await client.send(frame)
            except ConnectionClosed:
                pass
            finally:
                await ended(saying)

    async def tell(client, server):
        async for message in client:
            said.append(msgpack.unpackb(message)["type"])
            await server.send(message)
        await server.close()

    async with serve(carry, "127.0.0.1", 0, subprotocols=[MSGPACK]) as way:
        yield f"ws://127.0.0.1:{way.sockets[0].getsockname()[1]}/feed", said


def test_the_code_of_the_page_is_what_was_compiled(built):
    page = (CRATE.parent.parent / "docs/how-to/rust-engine.md").read_text(encoding="utf-8")
    compiled = re.sub(
        r"^ +", "", (CRATE / "examples/howto.rs").read_text(encoding="utf-8"), flags=re.MULTILINE
    )
    blocks = re.findall(r"^```rust\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    assert len(blocks) == 4
    for block in blocks:
        assert re.sub(r"^ +", "", block, flags=re.MULTILINE) in compiled


async def test_every_golden_message_is_read_and_written(built):
    said = await run("test", "--offline", "--test", "golden", "--test", "feed", "--test", "sockets")
    assert "calls_and_replies_of_every_method ... ok" in said


async def test_calls_events_and_the_feed_against_a_real_worker(built, worker, redis_url):  # noqa: F811
    address = redis_url.removeprefix("redis://").removesuffix("/0")
    hikari = await worker.hikari(CHANNEL)
    settings = Settings(feed={"token": TOKEN, "port": 0, "interval_seconds": 0.05})
    async with LiveDashboard(hikari, settings=settings) as board:
        feed = board.url.replace("http://", "ws://") + "feed"
        async with holed(feed) as (way, told):
            said = await run(
                "test", "--offline", "--test", "live", "--", "--include-ignored", "--test-threads=1",
                "--skip", "waits_for_a_worker",
                HIKARI_ENGINE_REDIS=address, HIKARI_ENGINE_FEED=feed,
                HIKARI_ENGINE_TOKEN=TOKEN, HIKARI_ENGINE_HOLED=way,
            )  # fmt: skip
    assert "9 passed" in said
    assert told == ["hello", "snapshot"]  # asked for once, over the same connection
    counts = worker.counts()
    assert counts["answers.analyze_message.overloaded"] > 0
    assert counts["answers.analyze_message.ok"] >= 65
    assert counts["durable.routed.moved"] >= 6
    assert counts.get("calls.malformed", 0) == 0


async def test_a_durable_call_waits_for_a_worker(built, redis_url, tmp_path):  # noqa: F811
    address = redis_url.removeprefix("redis://").removesuffix("/0")
    calling = asyncio.create_task(
        run(
            "test", "--offline", "--test", "live", "--", "--include-ignored", "waits_for_a_worker",
            HIKARI_ENGINE_REDIS=address,
        )
    )  # fmt: skip
    async with Redis.from_url(redis_url) as redis:
        while not await redis.xlen(DURABLE):
            assert not calling.done(), await calling
            await asyncio.sleep(0.05)
    async with RedisBridge(redis_url, Settings(data_dir=tmp_path / "worker")):
        assert "1 passed" in await calling


async def test_the_example_says_a_line_and_hears_what_came_of_it(built, redis_url, tmp_path):  # noqa: F811
    async with RedisBridge(redis_url, Settings(data_dir=tmp_path / "worker")):
        address = redis_url.removeprefix("redis://").removesuffix("/0")
        said = await run(
            "run", "--offline", "-q", "--example", "engine", address, "anna", "I love Elden Ring"
        )
    assert "tone enthusiastic, priority high" in said
    assert "the chat feels" in said
    assert "keeps: I love Elden Ring" in said
