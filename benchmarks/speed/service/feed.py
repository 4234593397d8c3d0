"""The WebSocket feed under many clients, some of them stalled, beside ``websockets.broadcast``.

    python -m benchmarks.speed.service.feed [--clients 5000] [--seconds 600] [--write]

The server has a process of its own, and so have the clients; how old a message is when it is read counts the
time of both, the clients' own queue included. Processor time and memory are those of the server's process
alone; the processor time a message is what a busy machine changes least. For the stalled clients, phases with
and without them take turns in one run. ``--write`` puts the tables into docs/reference/service.md.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import psutil
from websockets.asyncio.server import ServerConnection, broadcast, serve

from benchmarks.speed.service.listeners import Listener, listeners, stalled
from benchmarks.table import machine, markdown, write
from hikari_ml.config import FeedSettings
from hikari_ml.feed.server import FeedServer

SMALL = 400
"""Bytes of an update to many clients, about those of a quiet chat's dashboard."""

LARGE = 8192
"""Bytes of an update where some clients are stalled: they have to fill the network's buffers first."""

STALLED_RATE = 4.0
SETTLE_SECONDS = 3.0


def state(size: int) -> dict[str, Any]:
    """A state that is new each time, stamped with the moment of its making."""
    now = time.monotonic_ns() // 1000
    return {"at": now, "text": f"{now:x}" * (size // len(f"{now:x}"))}


async def serve_ours(interval: float, size: int) -> None:
    """The feed, until the process is ended."""

    async def source() -> dict[str, Any]:
        return state(size)

    settings = FeedSettings(port=0, interval_seconds=interval, max_connections=20_000, max_per_address=20_000)
    async with FeedServer(source, settings=settings) as server:
        print(server.url, flush=True)
        await asyncio.Event().wait()


async def serve_broadcast(interval: float, size: int) -> None:
    """What the documentation of websockets shows: everybody in one call."""
    import json

    joined: set[ServerConnection] = set()

    async def handler(connection: ServerConnection) -> None:
        await connection.recv()
        await connection.send(json.dumps(state(size)))
        joined.add(connection)
        try:
            await connection.wait_closed()
        finally:
            joined.discard(connection)

    async with serve(handler, "127.0.0.1", 0, compression=None, backlog=1024) as server:
        host, port = server.sockets[0].getsockname()
        print(f"ws://{host}:{port}/feed", flush=True)
        due = time.monotonic()
        while True:
            due = max(due + interval, time.monotonic())
            await asyncio.sleep(due - time.monotonic())
            broadcast(joined, json.dumps(state(size)))


@contextmanager
def running(how: str, rate: float, size: int) -> Iterator[tuple[str, psutil.Process]]:
    """A server in a process of its own, its url and the process."""
    command = [sys.executable, "-m", "benchmarks.speed.service.feed", "--serve", how]
    command += ["--rate", str(rate), "--size", str(size)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield process.stdout.readline().strip(), psutil.Process(process.pid)
        finally:
            process.terminate()


def spent(process: psutil.Process) -> float:
    """Seconds of processor time so far."""
    times = process.cpu_times()
    return float(times.user + times.system)


def megabytes(process: psutil.Process) -> float:
    """Memory held now."""
    return float(process.memory_info().rss) / 2**20


class Ages(list[float]):
    """Ages of messages heard within a phase, in seconds."""

    def percentile(self, share: float) -> float:
        """In milliseconds."""
        return 1000 * float(np.percentile(self, share)) if self else float("nan")


async def crowd(how: str, clients: int, rate: float, seconds: float) -> tuple[str, ...]:
    """A row of what many clients see."""
    ages = Ages()
    with running(how, rate, SMALL) as (url, process):
        found = await listeners(url, clients, ages.append)
        await asyncio.sleep(SETTLE_SECONDS)
        ages.clear()
        held, before, began = megabytes(process), spent(process), time.monotonic()
        await asyncio.sleep(seconds)
        lasted = time.monotonic() - began
        cost, later, heard = spent(process) - before, megabytes(process), len(ages)
        figures = [ages.percentile(50), ages.percentile(99), 1000 * max(ages)]
        expected = clients * rate * seconds
        close(found)
    return (
        {"ours": "the feed", "broadcast": "`websockets.broadcast`"}[how],
        *(f"{figure:.1f}" for figure in figures),
        f"{1e6 * cost / heard:.1f}",
        f"{100 * cost / lasted:.0f} %",
        f"{held:.0f} / {later:.0f}",
        f"{100 * heard / expected:.1f} %",
    )


async def beside_stalled(how: str, given: argparse.Namespace) -> tuple[str, ...]:
    """A row of what the others see while some do not read, and while there are none."""
    ages, alone, beside, ratios, costs = Ages(), Ages(), Ages(), [], []
    with running(how, STALLED_RATE, LARGE) as (url, process):
        others = await listeners(url, given.others - given.stalled, ages.append)
        await asyncio.sleep(SETTLE_SECONDS)
        held, most = megabytes(process), 0.0
        for _ in range(given.turns):
            quiet, before = await phase(ages, given.phase, process)
            deaf = await stalled(url, given.stalled)
            loud, after = await phase(ages, given.phase, process)
            costs.append((before, after))
            most = max(most, megabytes(process))
            ratios.append(loud.percentile(99) / quiet.percentile(99))
            alone += quiet
            beside += loud
            close(deaf)
            await asyncio.sleep(SETTLE_SECONDS)
        lost = sum(listener.lost for listener in others)
        close(others)
    assert not lost, f"{lost} clients that read were cut off"
    return (
        {"ours": "the feed", "broadcast": "`websockets.broadcast`"}[how],
        f"{alone.percentile(50):.1f} / {alone.percentile(99):.1f}",
        f"{beside.percentile(50):.1f} / {beside.percentile(99):.1f}",
        " / ".join(f"{1e6 * cost:.1f}" for cost in np.median(costs, axis=0)),
        f"{np.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})",
        f"{held:.0f} / {most:.0f}",
    )


async def phase(ages: Ages, seconds: float, process: psutil.Process) -> tuple[Ages, float]:
    """The ages heard from now on for some seconds, and the server's seconds of processor time for each."""
    ages.clear()
    before = spent(process)
    await asyncio.sleep(seconds)
    return Ages(ages), (spent(process) - before) / len(ages)


def close(found: list[Listener]) -> None:
    """Hang up."""
    for listener in found:
        listener.transport.abort()


async def measure(given: argparse.Namespace) -> dict[str, str]:
    """Both tables, by their names in the page."""
    where = f"{machine()}, load average {os.getloadavg()[0]:.1f} before it began"
    many = [await crowd(how, given.clients, given.rate, given.seconds) for how in ("ours", "broadcast")]
    header = (
        *("server", "p50 ms", "p99 ms", "worst ms"),
        *("CPU µs a message", "share of a core", "MB, start / end", "heard"),
    )
    crowded = (
        f"{given.clients:,} clients, {given.rate:g} updates of {SMALL} bytes a second for "
        f"{given.seconds:g} s; {where}.\n\n{markdown(header, many)}"
    )
    some = [await beside_stalled(how, given) for how in ("ours", "broadcast")]
    header = (
        "server",
        "p50 / p99 ms without",
        "p50 / p99 ms with",
        "CPU µs a message read without / with",
        "p99 with : without",
        "memory MB, start / most",
    )
    slowed = (
        f"{given.stalled} stalled among {given.others:,} clients, {STALLED_RATE:g} updates of {LARGE} bytes "
        f"a second, {given.turns} times {given.phase:g} s without and with them in turns; {where}."
        f"\n\n{markdown(header, some)}"
    )
    return {"feed": crowded, "feed_stalled": slowed}


def main() -> None:
    """Measure, print, and write if asked."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--clients", type=int, default=5000)
    parser.add_argument("--rate", type=float, default=2.0, help="updates a second")
    parser.add_argument("--seconds", type=float, default=600.0)
    parser.add_argument("--others", type=int, default=1000, help="clients where some are stalled, with those")
    parser.add_argument("--stalled", type=int, default=100)
    parser.add_argument("--phase", type=float, default=20.0, help="seconds with stalled ones, and without")
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--serve", choices=("ours", "broadcast"), help=argparse.SUPPRESS)
    parser.add_argument("--size", type=int, default=SMALL, help=argparse.SUPPRESS)
    given = parser.parse_args()
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    if given.serve:
        asyncio.run(
            {"ours": serve_ours, "broadcast": serve_broadcast}[given.serve](1 / given.rate, given.size)
        )
        return
    for name, text in asyncio.run(measure(given)).items():
        print(text, end="\n\n")
        if given.write:
            write("docs/reference/service.md", name, text)


if __name__ == "__main__":
    main()
