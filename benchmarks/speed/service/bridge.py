"""What the Redis bridge costs: beside the same call made directly, one caller and sixty-four.

    python -m benchmarks.speed.service.bridge [--data RECORDING] [--messages N] [--rounds N] [--write]

The worker, its Redis and the callers are processes of their own on this machine, so that they share its cores
as they would on a streamer's. Rounds of direct calls and of calls over Redis alternate; a text is analysed
once, so that no cache answers for the model. ``--write`` puts the table into docs/reference/service.md.
"""

from __future__ import annotations

import argparse
import asyncio
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from itertools import count
from pathlib import Path
from typing import Any

import msgpack
import numpy as np
import redis

from benchmarks.speed.pipeline import messages
from benchmarks.table import machine, markdown, write
from hikari_ml.bridge.protocol import REQUESTS, Request, encode_request

CALLERS = 64

Call = Callable[[str, str], Awaitable[Any]]


async def timed(call: Call, lines: list[tuple[str, str]], callers: int) -> tuple[float, list[float]]:
    """Calls a second, and the milliseconds of each, of ``callers`` who each wait for their answer."""
    waiting, taken = list(reversed(lines)), []

    async def caller() -> None:
        while waiting:
            text, username = waiting.pop()
            before = time.perf_counter()
            await call(text, username)
            taken.append(1000 * (time.perf_counter() - before))

    began = time.perf_counter()
    await asyncio.gather(*(caller() for _ in range(callers)))
    return len(lines) / (time.perf_counter() - began), taken


class BareClient:
    """Calls with nothing but a connection that publishes and one that listens, as an engine would.

    It blocks: only for one caller who has nothing else to do.
    """

    def __init__(self, url: str) -> None:
        self._redis = redis.Redis.from_url(url)
        self._pubsub = self._redis.pubsub()
        self._pubsub.subscribe("bare")
        self._pubsub.parse_response()
        self._ids = count()

    async def analyze_message(self, text: str, username: str) -> Any:
        """The result."""
        params = {"text": text, "username": username}
        request = Request(str(next(self._ids)), "analyze_message", params, reply_to="bare")
        self._redis.publish(REQUESTS, encode_request(request))
        return msgpack.unpackb(self._pubsub.parse_response()[2])["result"]


async def measured(url: str, data: Path | None, most: int, rounds: int) -> list[tuple[str, ...]]:
    """The rows of the table."""
    from hikari_ml import AdvancedSentimentAnalyzer, Settings
    from hikari_ml.bridge.client import BridgeClient

    bare = BareClient(url)
    chat = [(f"{m.text} {i}", m.username) for i, m in enumerate(messages(data, most))]
    settings = Settings(sentiment={"cache_size": 0})
    async with AdvancedSentimentAnalyzer(settings) as analyzer, BridgeClient(url) as client:

        async def over_redis(text: str, username: str) -> Any:
            return await client.call("analyze_message", {"text": text, "username": username})

        calls: dict[str, Call] = {
            "`analyze_message`": analyzer.analyze_message,
            "`analyze_message` over Redis": over_redis,
            "`analyze_message` over Redis, bare": bare.analyze_message,
            "`health` over Redis": lambda *_: client.call("health"),
        }
        found: dict[tuple[str, int], list[tuple[float, list[float]]]] = {}
        for call in calls.values():
            await timed(call, chat[:50], 4)
        for _ in range(rounds):
            for callers in (1, CALLERS):
                for name, call in calls.items():
                    if callers > 1 and call == bare.analyze_message:
                        continue  # it has one call at a time
                    share = chat[: len(chat) // 4] if callers == 1 else chat
                    found.setdefault((name, callers), []).append(await timed(call, share, callers))
    return [row(name, callers, several) for (name, callers), several in found.items()]


def row(name: str, callers: int, rounds: list[tuple[float, list[float]]]) -> tuple[str, ...]:
    """One row: the rate with its range over the rounds, and percentiles of all calls."""
    rates = sorted(rate for rate, _ in rounds)
    p50, p95, p99 = np.percentile([taken for _, several in rounds for taken in several], [50, 95, 99])
    middle = rates[len(rates) // 2]
    shown = f"{middle:.0f} ({rates[0]:.0f} to {rates[-1]:.0f})"
    return (name, str(callers), shown, f"{p50:.2f}", f"{p95:.2f}", f"{p99:.2f}")


async def with_redis(data: Path | None, most: int, rounds: int) -> str:
    """The table, with a Redis and a worker that are started for it."""
    from hikari_ml.bridge.local_redis import LocalRedis

    with tempfile.TemporaryDirectory() as folder:
        async with LocalRedis(Path(folder) / "redis", 0) as redis:
            command = [sys.executable, "-m", "benchmarks.speed.service.bridge", "--serve", redis.url, folder]
            worker = await asyncio.create_subprocess_exec(*command, stdout=subprocess.PIPE)
            assert worker.stdout is not None
            await worker.stdout.readline()
            try:
                rows = await measured(redis.url, data, most, rounds)
            finally:
                worker.kill()
                await worker.wait()
    header = ("call", "callers", "calls/s", "p50 ms", "p95 ms", "p99 ms")
    source = f"{most} messages of {'a recorded' if data else 'the simulated'} stream, {rounds} rounds"
    return f"{source}; {machine()}.\n\n{markdown(header, rows)}"


async def serve(url: str, folder: str) -> None:
    """Be the worker."""
    from hikari_ml import Settings
    from hikari_ml.bridge.redis_bridge import RedisBridge

    settings = Settings(
        data_dir=Path(folder) / "data", sentiment={"cache_size": 0}, bridge={"share_readings": False}
    )
    async with RedisBridge(url, settings, channels=["default"]):
        print("ready", flush=True)
        await asyncio.Event().wait()


def main() -> None:
    """Measure, print, and write if asked."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path)
    parser.add_argument("--messages", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--serve", nargs=2, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.serve:
        asyncio.run(serve(*given.serve))
        return
    found = asyncio.run(with_redis(given.data, given.messages, given.rounds))
    print(found)
    if given.write:
        write("docs/reference/service.md", "bridge", found)


if __name__ == "__main__":
    main()
