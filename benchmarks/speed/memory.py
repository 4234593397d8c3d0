"""Speed, size and recall of the memory, with embeddings handed in.

    python -m benchmarks.speed.memory [--size N] [--write]

Lines and embeddings are made up: words as rare as words are, embeddings in heaps of different size, as
those of sentences lie. ``--write`` puts the table into docs/reference/speed.md.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.table import machine, markdown, write
from hikari_ml import NeuralMemorySystem, Settings
from hikari_ml.context_memory.chosen import Chosen
from hikari_ml.context_memory.core import Job, MemoryCore
from hikari_ml.context_memory.store import Store
from hikari_ml.runtime.clock import SystemClock

TOGETHER = 256
"""Memories that are stored at once where they are stored in batches."""

ONE_BY_ONE = 1_000
QUESTIONS = 300
HEAPS = 1_500
INNER = 48
"""Dimensions in which heaps differ; that of sentence embeddings is estimated at some tens."""

TICK = 0.001
NEAR = 10


class Made:
    """Lines and embeddings, the same in every run."""

    def __init__(self, dim: int, count: int) -> None:
        chance = np.random.default_rng(1)
        basis = chance.normal(size=(INNER, dim)) / INNER**0.5
        heaps = chance.normal(size=(HEAPS, INNER))
        share = 1 / np.arange(1, HEAPS + 1) ** 0.7
        near = chance.choice(HEAPS, count, p=share / share.sum())
        rows = (heaps[near] + 0.8 * chance.normal(size=(count, INNER))) @ basis
        rows += 0.05 * chance.normal(size=(count, dim))
        self.vectors = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)
        letters = "abcdefghijklmnopqrstuvwxyz"
        words = random.Random(1)
        self._words = ["".join(words.choices(letters, k=words.randint(3, 9))) for _ in range(20_000)]
        self._common = np.cumsum(1 / np.arange(10, 20_010)).tolist()
        self._chance = words

    def line(self, at: int) -> str:
        """A line that no other is."""
        length = self._chance.randint(3, 15)
        return " ".join([*self._chance.choices(self._words, cum_weights=self._common, k=length), str(at)])


def percentiles(seconds: list[float]) -> str:
    """The median and the 99th percentile, in milliseconds."""
    p50, p99 = np.percentile(seconds, [50, 99]) * 1000
    return f"{p50:.2f} / {p99:.2f}"


async def each(acts: Iterator[Callable[[], Awaitable[Any]]]) -> list[float]:
    """Seconds of every one, waited for one by one."""
    seconds = []
    for act in acts:
        began = time.perf_counter()
        await act()
        seconds.append(time.perf_counter() - began)
    return seconds


async def ticking(late: list[float]) -> None:
    """Note how much later than it should an idle coroutine goes on."""
    while True:
        began = time.perf_counter()
        await asyncio.sleep(TICK)
        late.append(time.perf_counter() - began - TICK)


def resident() -> int:
    """Bytes of memory that this process holds now."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize()


async def fill(memory: NeuralMemorySystem, made: Made, count: int) -> float:
    """Store ``count`` memories in batches; returns memories per second."""
    began = time.perf_counter()
    for at in range(0, count, TOGETHER):
        until = min(at + TOGETHER, count)
        await asyncio.gather(*(store(memory, made, i) for i in range(at, until)))
    return count / (time.perf_counter() - began)


async def store(memory: NeuralMemorySystem, made: Made, at: int) -> None:
    """Store the memory of a number."""
    about = {"user": f"user{at % 500}", "conversation": f"talk {at // 200}"}
    when = datetime.fromtimestamp(1_760_000_000 + at, UTC)
    await memory.store_memory(made.line(at), metadata=about, created_at=when, embedding=made.vectors[at])


async def ask(memory: NeuralMemorySystem, made: Made, at: int, user: str | None = None) -> None:
    """Ask the question of a number."""
    await memory.retrieve_memories(made.line(at), 5, user=user, embedding=made.vectors[at])


def recall(memory: NeuralMemorySystem, made: Made, count: int) -> float:
    """The share of the ten nearest that the index finds; in the memory thread."""
    held = made.vectors[:count].astype(np.float16).astype(np.float32)
    found = []
    for question in made.vectors[count : count + QUESTIONS]:
        exact = set((np.argpartition(-(held @ question), NEAR)[:NEAR] + 1).tolist())
        found.append(len(exact & {key for key, _ in memory._core.index.search(question, NEAR)}) / NEAR)
    return float(np.mean(found))


async def measured(folder: Path, size: int) -> list[tuple[str, str]]:
    """What is measured, and how much it is."""
    rows = []
    async with NeuralMemorySystem(folder) as memory:
        await memory.get_memory_stats()
        made = Made(memory._core.embedder.dim, size + ONE_BY_ONE + QUESTIONS)
        gc.collect()
        before = resident()
        rate = await fill(memory, made, size)
        rows.append((f"store, {TOGETHER} at once, memories/s", f"{rate:.0f}"))
        await memory._lane.submit(Job(memory._core.index.wait))
        gc.collect()
        rows.append(("memory held, bytes a memory", f"{(resident() - before) / size:.0f}"))
        rows.append(("file, bytes a memory", f"{(await memory.get_memory_stats())['bytes'] / size:.0f}"))
        cells = memory._core.index.cells
        kind = f"{cells.probes} of {len(cells.centroids)} cells read" if cells else "all compared"
        held = await memory._lane.submit(Job(lambda: recall(memory, made, size)))
        rows.append((f"recall at {NEAR} of the vector index ({kind})", f"{held:.3f}"))
        rows += await latencies(memory, made, size)
    command = [sys.executable, "-m", "benchmarks.speed.memory", "--open", str(folder)]
    taken = await asyncio.to_thread(subprocess.check_output, command, text=True)
    rows.append(("open without the model, s / s of one core", taken.strip()))
    return rows


def opened(folder: Path) -> str:
    """How long it takes to open what was stored, and how much of a core; in a process of its own."""
    settings = Settings()
    chosen = Chosen.load(settings)
    began, worked = time.perf_counter(), time.process_time()
    store = Store(folder, map_size_mb=settings.memory.map_size_mb)
    core = MemoryCore(store, settings.memory, chosen.embedder, chosen.entities, SystemClock())
    taken = f"{time.perf_counter() - began:.2f} / {time.process_time() - worked:.2f}"
    core.close()
    return taken


async def latencies(memory: NeuralMemorySystem, made: Made, size: int) -> list[tuple[str, str]]:
    """What one caller waits, and how long the event loop stands still meanwhile."""
    alone = await each(lambda at=at: store(memory, made, at) for at in range(size, size + ONE_BY_ONE))
    await memory._lane.submit(Job(memory._core.index.wait))  # at 100,000 cells are trained anew
    asked = range(size + ONE_BY_ONE, size + ONE_BY_ONE + QUESTIONS)
    every = await each(lambda at=at: ask(memory, made, at) for at in asked)
    ones = await each(lambda at=at: ask(memory, made, at, f"user{at % 500}") for at in asked)
    late: list[float] = []
    ticker = asyncio.create_task(ticking(late))
    await asyncio.gather(*(ask(memory, made, at) for at in asked), *(store(memory, made, at) for at in asked))
    ticker.cancel()
    return [
        ("store, one at a time, p50 / p99 ms", percentiles(alone)),
        ("retrieve, p50 / p99 ms", percentiles(every)),
        ("retrieve of one user, p50 / p99 ms", percentiles(ones)),
        ("event loop late under load, p50 / p99 ms", percentiles(late)),
    ]


def main() -> None:
    """Measure, print, and write if asked."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--size", type=int, default=100_000)
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--open", type=Path, help="only open the memory in this folder")
    given = parser.parse_args()
    if given.open:
        print(opened(given.open))
        return
    with tempfile.TemporaryDirectory() as folder:
        rows = asyncio.run(measured(Path(folder) / "memory", given.size))
    table = markdown((f"{given.size:,} memories", "measured"), rows)
    found = f"{machine()}.\n\n{table}"
    print(found)
    if given.write:
        write("docs/reference/speed.md", "memory", found)


if __name__ == "__main__":
    main()
