"""Speed and memory of the analytics: ``process_chat_message`` with its analysis given, message after message.

    python -m benchmarks.speed.analytics [--messages N] [--write]

The stream is simulated: lines of the simulator with their analyses, ten a second, by viewers of whom every
fiftieth message brings a new one and most come from a few. Latencies are wall time of a caller that waits for
each answer; the rate is of CPU time, all threads of the process counted. Peak memory is given as the stream
grows.
"""

from __future__ import annotations

import argparse
import asyncio
import resource
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from random import Random
from typing import Any, NamedTuple

import numpy as np

from benchmarks.table import machine, markdown, write
from hikari_ml import AdvancedSentimentAnalyzer, ChatMessage, StreamAnalyticsEngine
from hikari_ml.platforms.simulator import Simulator
from hikari_ml.runtime.clock import ManualClock

START = datetime(2026, 1, 1, tzinfo=UTC)
LINES = 2000
NEWCOMERS = 0.02
EVERY = timedelta(milliseconds=100)
WARM_UP = 500


class Line(NamedTuple):
    """One message, and when it is said."""

    username: str
    text: str
    at: datetime
    analysis: Any


async def lines(count: int) -> Iterator[Line]:
    """``count`` messages; what they say repeats, who says it and when does not."""
    evening = Simulator(1, start=START).run()
    said = list(islice((item for item in evening if isinstance(item, ChatMessage)), LINES))
    async with AdvancedSentimentAnalyzer() as analyzer:
        analyses = await analyzer.analyze_batch(said)
    return _stream(count, [message.text for message in said], analyses)


def _stream(count: int, texts: list[str], analyses: list[Any]) -> Iterator[Line]:
    rng, known = Random(0), 1
    for i in range(count):
        if rng.random() < NEWCOMERS:
            known += 1
            who = known
        else:  # the few who write most: the share of the first falls with the square of their rank
            who = min(known, int(known * rng.random() ** 3) + 1)
        place = rng.randrange(len(texts))
        yield Line(f"viewer{who}", texts[place], START + i * EVERY, analyses[place])


async def process(count: int, marks: int) -> tuple[list[tuple[str, ...]], str]:
    """Rows of messages so far, peak memory, rate and latencies since the row before."""
    stream = await lines(count)
    clock = ManualClock(START)
    table = []
    async with StreamAnalyticsEngine(clock=clock) as engine:
        for line in islice(stream, WARM_UP):
            await _answer(engine, clock, line)
        done, step = WARM_UP, max(1, (count - WARM_UP) // marks)
        while part := list(islice(stream, step)):
            latencies, began = [], time.process_time()
            for line in part:
                before = time.perf_counter()
                await _answer(engine, clock, line)
                latencies.append(1000 * (time.perf_counter() - before))
            spent = time.process_time() - began
            done += len(part)
            p50, p99 = np.percentile(latencies, [50, 99])
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
            table.append(
                (f"{done:,}", f"{len(part) / spent:,.0f}", f"{p50:.3f}", f"{p99:.3f}", f"{peak:.0f}")
            )
        return table, f"{engine.chatters:,} viewers known in the end"


async def _answer(engine: StreamAnalyticsEngine, clock: ManualClock, line: Line) -> None:
    clock.advance_to(line.at)
    await engine.process_chat_message(line.username, line.text, line.at, analysis=line.analysis)


def main() -> None:
    """Measure, print, and write if asked."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--messages", type=int, default=200_000)
    parser.add_argument("--marks", type=int, default=4)
    parser.add_argument("--write", action="store_true")
    given = parser.parse_args()
    found, note = asyncio.run(process(given.messages, given.marks))
    header = ("messages so far", "messages/s of one core", "p50 ms", "p99 ms", "peak memory MB")
    table = f"{note}; {machine()}.\n\n{markdown(header, found)}"
    print(table)
    if given.write:
        write("docs/reference/speed.md", "analytics", table)


if __name__ == "__main__":
    main()
