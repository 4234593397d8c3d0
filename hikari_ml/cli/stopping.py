"""How long-running commands are asked to end."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")

ECHO_SECONDS = 0.5
"""Signals so soon after the first are that one again: some programs pass on what their group got too."""


def stop_on_signals() -> asyncio.Event:
    """An event that the first SIGINT or SIGTERM sets; one that comes later ends the process as usual."""
    stop, loop = asyncio.Event(), asyncio.get_running_loop()

    def stopping() -> None:
        if not stop.is_set():
            stop.set()
            loop.call_later(ECHO_SECONDS, as_usual)

    def as_usual() -> None:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopping)
    return stop


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
