"""How long-running commands are asked to end."""

from __future__ import annotations

import asyncio
import atexit
import signal
import time
from collections.abc import Coroutine
from types import FrameType
from typing import Any, Final, TypeVar

T = TypeVar("T")

ECHO_SECONDS: Final = 0.5
"""Signals so soon after the first are that one again: some programs pass on what their group got too."""

USUAL: Final[dict[signal.Signals, Any]] = {
    signal.SIGINT: signal.default_int_handler,
    signal.SIGTERM: signal.SIG_DFL,
}


def stop_on_signals() -> asyncio.Event:
    """An event that the first SIGINT or SIGTERM sets; one that comes later ends the process as usual.

    That holds for the process: what is written once its loop has ended is not cut short by an echo either.
    """
    stop, loop = asyncio.Event(), asyncio.get_running_loop()
    first: float | None = None

    def asked(number: int, _: FrameType | None) -> None:
        nonlocal first
        now = time.monotonic()
        if first is None and not loop.is_closed():
            first = now
            loop.call_soon_threadsafe(stop.set)
        elif first is None or now - first >= ECHO_SECONDS:
            for each, usual in USUAL.items():
                signal.signal(each, usual)
            signal.raise_signal(number)

    for number in USUAL:
        signal.signal(number, asked)
    atexit.register(_ignore)  # from there on it is as good as ended, and ended well
    return stop


def _ignore() -> None:
    for number in USUAL:
        signal.signal(number, signal.SIG_IGN)


async def unless(stop: asyncio.Event, work: Coroutine[Any, Any, T]) -> T | None:
    """The result of ``work``; None if ``stop`` is set before, when ``work`` is cancelled and has ended."""
    task, asked = asyncio.create_task(work), asyncio.create_task(stop.wait())
    try:
        await asyncio.wait({task, asked}, return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            return task.result()
    finally:
        for one in (task, asked):
            one.cancel()  # once: what it lets go of may take its time
        await asyncio.wait({task, asked})
    return task.result() if not task.cancelled() else None
