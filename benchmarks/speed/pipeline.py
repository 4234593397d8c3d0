"""Speed and memory of the analyser and of the whole pipeline on a recorded stream.

    python -m benchmarks.speed.pipeline [--data RECORDING] [--messages N] [--write]

``RECORDING`` is what ``hikari-ml replay`` reads; without one a simulated stream is used. Every stage runs in
a process of its own, so that its peak memory is its own. Messages go in one after the other, each waited for:
the latencies are those of a caller who needs the answer before the next message. ``--write`` puts the table
into docs/reference/speed.md.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.table import machine, markdown, write

WARM_UP = 20
REPEATS = 5
BATCH = 64

Measured = dict[str, Any]


def messages(data: Path | None, count: int) -> list[Any]:
    """The first ``count`` messages of the recording, or of a simulated evening."""
    from hikari_ml import ChatMessage
    from hikari_ml.platforms.replay import Recording
    from hikari_ml.platforms.simulator import Simulator

    source = Recording(data) if data else Simulator(1, start=datetime(2026, 1, 1, tzinfo=UTC)).run()
    return list(islice((item for item in source if isinstance(item, ChatMessage)), count))


async def timed(chat: list[Any], answer: Callable[[Any], Awaitable[Any]]) -> Measured:
    """Latencies in milliseconds of ``answer`` to each message, waited for one by one."""
    for message in chat[:WARM_UP]:
        await answer(message)
    latencies = []
    began = time.perf_counter()
    for message in chat[WARM_UP:]:
        before = time.perf_counter()
        await answer(message)
        latencies.append(1000 * (time.perf_counter() - before))
    seconds = time.perf_counter() - began
    p50, p95, p99 = np.percentile(latencies, [50, 95, 99])
    return {"rate": len(latencies) / seconds, "p50": p50, "p95": p95, "p99": p99}


async def analyze_message(chat: list[Any]) -> Measured:
    """The analyser alone, a message at a time."""
    from hikari_ml import AdvancedSentimentAnalyzer

    async with AdvancedSentimentAnalyzer() as analyzer:
        return await timed(chat, lambda m: analyzer.analyze_message(m.text, m.username))


async def analyze_batch(chat: list[Any]) -> Measured:
    """The analyser alone, 64 messages at a time; only the rate means anything."""
    from hikari_ml import AdvancedSentimentAnalyzer

    async with AdvancedSentimentAnalyzer() as analyzer:
        await analyzer.analyze_batch(chat[:WARM_UP])
        began = time.perf_counter()
        for start in range(WARM_UP, len(chat), BATCH):
            await analyzer.analyze_batch(chat[start : start + BATCH])
        return {"rate": (len(chat) - WARM_UP) / (time.perf_counter() - began)}


async def perceive(chat: list[Any]) -> Measured:
    """Analyser, memory and analytics, a message at a time, on the recording's own clock."""
    from hikari_ml import Hikari
    from hikari_ml.runtime.clock import ManualClock

    clock = ManualClock(chat[0].timestamp)

    async def answer(message: Any) -> None:
        clock.advance_to(message.timestamp)
        await hikari.perceive(message)

    with tempfile.TemporaryDirectory() as folder:
        async with Hikari(clock=clock, folder=Path(folder)) as hikari:
            return await timed(chat, answer)


STAGES = {"analyze_message": analyze_message, "analyze_batch": analyze_batch, "perceive": perceive}


def in_process(*arguments: str) -> Measured:
    """What a stage says that runs in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.speed.pipeline", *arguments]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    found: Measured = json.loads(done.stdout.splitlines()[-1])
    return found


def seconds_of(code: str) -> float:
    """Least wall time of a fresh interpreter that runs ``code``."""

    def once() -> float:
        began = time.perf_counter()
        subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)
        return time.perf_counter() - began

    return min(once() for _ in range(REPEATS))


FIRST_ANALYSIS = """
import asyncio
from hikari_ml import AdvancedSentimentAnalyzer
async def main():
    async with AdvancedSentimentAnalyzer() as analyzer:
        await analyzer.analyze_message("what a clutch play", "anna")
asyncio.run(main())
"""
FIRST_INSIGHT = """
import asyncio, tempfile
from pathlib import Path
from hikari_ml import ChatMessage, Hikari
async def main():
    with tempfile.TemporaryDirectory() as folder:
        async with Hikari(folder=Path(folder)) as hikari:
            await hikari.perceive(ChatMessage("anna", "what a clutch play"))
asyncio.run(main())
"""


def measure(data: Path | None, count: int) -> str:
    """Both tables as Markdown."""
    given = ["--messages", str(count), *(["--data", str(data)] if data else [])]
    rows = []
    for stage in STAGES:
        found = in_process("--stage", stage, *given)
        shown = [f"{found[key]:.2f}" if key in found else "-" for key in ("p50", "p95", "p99")]
        rows.append((f"`{stage}`", f"{found['rate']:.0f}", *shown, f"{found['peak_mb']:.0f}"))
    stages = markdown(("stage", "messages/s", "p50 ms", "p95 ms", "p99 ms", "peak memory MB"), rows)
    bare = seconds_of("pass")
    starts = markdown(
        ("from a fresh interpreter", "seconds"),
        [
            ("`import hikari_ml`", f"{seconds_of('import hikari_ml') - bare:.3f}"),
            ("first `analyze_message` answered", f"{seconds_of(FIRST_ANALYSIS):.2f}"),
            ("first `perceive` answered", f"{seconds_of(FIRST_INSIGHT):.2f}"),
        ],
    )
    chat = messages(data, count)
    different = len({message.text for message in chat})
    source = (
        f"{len(chat)} messages of {'a recorded' if data else 'the simulated'} stream, {different} different"
    )
    return f"{source}; {machine()}.\n\n{stages}\n\n{starts}"


def stage(name: str, data: Path | None, count: int) -> None:
    """Run one stage here and print what it measured."""
    found = asyncio.run(STAGES[name](messages(data, count)))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({**found, "peak_mb": peak}))


def main() -> None:
    """Measure, print, and write if asked."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path)
    parser.add_argument("--messages", type=int, default=3000)
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--stage", choices=STAGES, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.stage:
        stage(given.stage, given.data, given.messages)
        return
    found = measure(given.data, given.messages)
    print(found)
    if given.write:
        write("docs/reference/speed.md", "pipeline", found)


if __name__ == "__main__":
    main()
