"""Days of recorded chat one after another, and whether anything grows, fails, or differs.

    python -m benchmarks.speed.service.soak --data RECORDING ... [--warm RECORDING] [--speed 50]
                                            [--minutes 30] [--write]

One Hikari takes the recordings at ``--speed`` while its live page is served and three clients follow its
feed, one of which leaves and comes back. The same messages then go through a fresh Hikari as fast as it can,
and everything that a report of each day holds is compared. With ``--warm``, 25,000 messages of another
recording come first, as fast as they can and dated a week before the others. It keeps 2,000 viewers and 2,000
readings at most, so that these bounds are reached in half an hour: what grows still would grow for good.
``--write`` puts the table into docs/reference/service.md.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import logging
import sys
import tempfile
import time
import warnings
import zlib
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

from benchmarks.speed.service.watcher import Watcher
from benchmarks.table import machine, markdown, write
from hikari_ml import ChatMessage, Hikari, Settings
from hikari_ml.dashboard.server import LiveDashboard
from hikari_ml.errors import InputError
from hikari_ml.pipeline.replay import replay
from hikari_ml.platforms.replay import Recording
from hikari_ml.runtime.clock import ManualClock
from hikari_ml.runtime.service import ended

SAMPLE_SECONDS = 2.0
WARM_MESSAGES = 25_000
LEAVE_SECONDS = 20.0
"""How long the third client stays before it leaves and comes back."""

BOUND = 2000
SETTINGS = Settings.model_validate({"sentiment": {"cache_size": BOUND}, "analytics": {"max_viewers": BOUND}})

CLOCKS = ("wall_seconds", "messages_per_second")

Days = Sequence[tuple[Path, int]]


class Part(Recording):
    """The first ``most`` messages of a recording, dated ``back`` earlier."""

    most = sys.maxsize
    back = timedelta()

    def __iter__(self) -> Iterator[ChatMessage]:
        for message in islice(super().__iter__(), self.most):
            yield replace(message, timestamp=message.timestamp - self.back)


def part(path: Path, most: int) -> Part:
    """The first ``most`` messages of ``path``."""
    found = Part(path)
    found.most = most
    return found


def before(path: Path, chat: Days) -> Part:
    """The first messages of ``path``, dated a week before the first of ``chat``."""
    found = part(path, WARM_MESSAGES)
    found.back = _first(path) - _first(chat[0][0]) + timedelta(weeks=1)
    return found


def _first(path: Path) -> datetime:
    return next(iter(Recording(path))).timestamp


def days(recordings: Sequence[Path], seconds: float) -> list[tuple[Path, int]]:
    """The recordings in the order of their times, with the messages that ``seconds`` of stream hold.

    Raises:
        InputError: there are not so many seconds.
    """
    firsts = {path: _first(path) for path in recordings}
    found, left = [], timedelta(seconds=seconds)
    for path in sorted(recordings, key=lambda path: firsts[path]):
        count, last = 0, firsts[path]
        for message in Recording(path):
            if message.timestamp - firsts[path] > left:
                return [*found, (path, count)]
            count, last = count + 1, message.timestamp
        found.append((path, count))
        left -= last - firsts[path]
    raise InputError("data", left.total_seconds(), "seconds of stream are missing; give more recordings")


@dataclass(slots=True)
class Sample:
    """What the process held at a moment."""

    rss_mb: float
    private_mb: float
    """Memory of its own; the rest of the above are pages of files, LMDB's among them."""
    tasks: int
    files: int
    store_mb: float
    memories: int


async def sample(hikari: Hikari) -> Sample:
    """What this process holds now; Linux only."""
    return holding(hikari.folder, (await hikari.memory.get_memory_stats())["total"])


def holding(folder: Path, memories: int) -> Sample:
    """What this process holds, with the size of the memory in ``folder``."""
    lines = (line.split() for line in Path("/proc/self/status").read_text().splitlines())
    held = {words[0]: int(words[1]) / 1024 for words in lines if words and words[0] in ("VmRSS:", "RssAnon:")}
    size = sum(path.stat().st_blocks * 512 for path in folder.rglob("*.mdb"))
    files = len(list(Path("/proc/self/fd").iterdir()))
    return Sample(held["VmRSS:"], held["RssAnon:"], len(asyncio.all_tasks()), files, size / 1e6, memories)


class Trouble(logging.Handler):
    """Everything that went wrong and that nobody was told: a line each."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.found: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.found.append(f"log: {record.name}: {record.getMessage()}")


@contextmanager
def troubles() -> Iterator[list[str]]:
    """Collect errors in the log, unread exceptions of the loop, and what was not closed."""
    trouble = Trouble()
    loop, old_hook = asyncio.get_running_loop(), sys.unraisablehook
    logging.getLogger().addHandler(trouble)
    loop.set_exception_handler(lambda _, told: trouble.found.append(f"loop: {told.get('exception') or told}"))
    sys.unraisablehook = lambda told: trouble.found.append(f"unraisable: {told.exc_value!r}")
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        try:
            yield trouble.found
            gc.collect()
        finally:
            trouble.found += [f"warning: {told.category.__name__}: {told.message}" for told in warned]
            logging.getLogger().removeHandler(trouble)
            loop.set_exception_handler(None)
            sys.unraisablehook = old_hook


@dataclass(slots=True)
class Soaked:
    """What a soak showed; ``reports`` is a replay of each day, packed: they must not be what grows."""

    reports: list[bytes]
    samples: list[Sample] = field(default_factory=list)
    troubles: list[str] = field(default_factory=list)
    frames: int = 0
    resumed: int = 0
    seconds: float = 0.0


async def through(hikari: Hikari, clock: ManualClock, chat: Days, speed: float | None) -> list[bytes]:
    """The report of each day, packed."""
    found = []
    for path, most in chat:
        report = await replay(hikari, clock, part(path, most), speed=speed)
        told = {name: value for name, value in report.items() if name not in CLOCKS}
        found.append(zlib.compress(json.dumps(told).encode()))
    return found


def unpacked(reports: Sequence[bytes]) -> list[dict[str, Any]]:
    """What :func:`through` packed."""
    return [json.loads(zlib.decompress(report)) for report in reports]


async def fast(chat: Days, warm: Path | None = None) -> list[bytes]:
    """The same with nothing beside it, as fast as it goes."""
    clock = ManualClock(datetime(1970, 1, 1, tzinfo=UTC))
    with tempfile.TemporaryDirectory() as folder:
        async with Hikari(SETTINGS, clock=clock, folder=folder) as hikari:
            if warm is not None:
                await replay(hikari, clock, before(warm, chat))
            return await through(hikari, clock, chat, None)


async def soak(chat: Days, speed: float, warm: Path | None = None) -> Soaked:
    """Take ``chat`` through a Hikari at ``speed``, watched; see the module."""
    clock, soaked = ManualClock(datetime(1970, 1, 1, tzinfo=UTC)), Soaked([])
    with tempfile.TemporaryDirectory() as temporary, troubles() as found:
        async with (
            Hikari(SETTINGS, clock=clock, folder=temporary) as hikari,
            LiveDashboard(hikari, port=0) as page,
            _watching(_feed(page)) as watchers,
        ):
            if warm is not None:
                await replay(hikari, clock, before(warm, chat))
            began = time.monotonic()
            async with _sampling(hikari, soaked.samples):
                soaked.reports = await through(hikari, clock, chat, speed)
            soaked.samples.append(await sample(hikari))
            soaked.seconds = time.monotonic() - began
            await _agree(_feed(page), watchers)
        soaked.frames = sum(watcher.counts.total() for watcher in watchers)
        soaked.resumed = sum(watcher.counts["resumed"] for watcher in watchers)
    soaked.troubles = found
    return soaked


def _feed(page: LiveDashboard) -> str:
    return page.url.replace("http", "ws", 1) + "feed"


async def _agree(url: str, watchers: list[Watcher]) -> None:
    """Every client comes to have what one gets that joins now."""
    fresh = Watcher(url)
    task = asyncio.create_task(fresh.watch())
    try:
        async with asyncio.timeout(30):
            while any((one.seq, one.state) != (fresh.seq, fresh.state) for one in watchers):  # noqa: ASYNC110
                await asyncio.sleep(0.01)  # no event tells it
    finally:
        await ended(task)


@asynccontextmanager
async def _sampling(hikari: Hikari, samples: list[Sample]) -> AsyncIterator[None]:
    async def go_on() -> None:
        while True:
            await asyncio.sleep(SAMPLE_SECONDS)
            samples.append(await sample(hikari))

    task = asyncio.create_task(go_on())
    try:
        yield
    finally:
        await ended(task)


@asynccontextmanager
async def _watching(url: str) -> AsyncIterator[list[Watcher]]:
    """Three clients; the last leaves and comes back again and again."""
    watchers = [Watcher(url), Watcher(url, packed=True), Watcher(url)]

    async def come_and_go() -> None:
        while True:
            try:
                async with asyncio.timeout(LEAVE_SECONDS):
                    await watchers[2].watch()
            except TimeoutError:
                continue

    async with AsyncExitStack() as stack:
        for work in (watchers[0].watch(), watchers[1].watch(), come_and_go()):
            stack.push_async_callback(ended, asyncio.create_task(work))
        yield watchers


def differences(one: Sequence[bytes], other: Sequence[bytes]) -> list[str]:
    """What two runs over the same days do not agree on, with the place where they part."""
    found = []
    for day, (here, there) in enumerate(zip(unpacked(one), unpacked(other), strict=True)):
        for name in here:
            at = _parting(here[name], there[name])
            if at is not None:
                found.append(f"day {day + 1}: {name}{at}")
    return found


def _parting(one: Any, other: Any) -> str | None:
    if one == other:
        return None
    if isinstance(one, dict) and isinstance(other, dict) and one.keys() == other.keys():
        name = next(name for name in one if one[name] != other[name])
        return f".{name}{_parting(one[name], other[name])}"
    if isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        index = next(index for index, pair in enumerate(zip(one, other, strict=True)) if pair[0] != pair[1])
        return f"[{index}]{_parting(one[index], other[index])}"
    return f": {one!r:.60} and {other!r:.60}"


def table(soaked: Soaked, alike: list[str], chat: Days, speed: float, warm: Path | None = None) -> str:
    """What is printed."""
    samples = soaked.samples
    shown = [samples[len(samples) * tenth // 10] for tenth in (1, 5, 8)] + [samples[-1]]
    rows = []
    for name, words, form in (
        ("rss_mb", "resident memory, MB", "{:.0f}"),
        ("private_mb", "of it private, MB", "{:.0f}"),
        ("tasks", "asyncio tasks", "{}"),
        ("files", "open files", "{}"),
        ("memories", "memories", "{:,}"),
        ("store_mb", "their files, MB", "{:.1f}"),
    ):
        values = [getattr(found, name) for found in (*shown, max(samples, key=lambda s: getattr(s, name)))]
        rows.append((words, *map(form.format, values)))
    reports = unpacked(soaked.reports)
    messages = sum(report["messages"] for report in reports)
    warmed = "" if warm is None else f", after {WARM_MESSAGES:,} messages at full speed"
    keys = sum(len(report) for report in reports)
    lines = [
        (
            f"{messages:,} messages of {len(chat)} recorded days at {speed:g}x, "
            f"{soaked.seconds / 60:.1f} minutes{warmed}, {BOUND:,} viewers and readings kept; {machine()}."
        ),
        markdown(("", "after a tenth", "half way", "after eight tenths", "at the end", "most"), rows),
        (
            f"Unread exceptions, errors in the log and things not closed: {len(soaked.troubles)}. "
            f"Frames of the feed: {soaked.frames:,}, without a gap; resumed {soaked.resumed} times."
        ),
        (
            f"Results that differ from those at full speed: {len(alike)} of {keys} "
            "(rates, moods, moments, alerts, viewers, memories and the rest of each day's report)."
        ),
    ]
    return "\n\n".join(lines)


async def run(
    recordings: Sequence[Path], speed: float, minutes: float, warm: Path | None = None
) -> tuple[str, list[str]]:
    """The table, and what went wrong."""
    chat = await asyncio.to_thread(days, recordings, minutes * 60 * speed)
    soaked = await soak(chat, speed, warm)
    apart = differences(soaked.reports, await fast(chat, warm))
    return table(soaked, apart, chat, speed, warm), [*soaked.troubles, *apart]


def main() -> None:
    """Soak, print, and write if asked; the exit status is 1 if anything went wrong."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, nargs="+", required=True)
    parser.add_argument("--warm", type=Path)
    parser.add_argument("--speed", type=float, default=50.0)
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--write", action="store_true")
    given = parser.parse_args()
    found, wrong = asyncio.run(run(given.data, given.speed, given.minutes, given.warm))
    print(found)
    for line in wrong:
        print(line, file=sys.stderr)
    if given.write:
        write("docs/reference/service.md", "soak", found)
    raise SystemExit(bool(wrong))


if __name__ == "__main__":
    main()
