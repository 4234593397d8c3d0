"""Small things several tests need."""

from __future__ import annotations

import asyncio
import gc
from datetime import UTC, datetime, timedelta

START = datetime(2026, 1, 10, 20, 0, tzinfo=UTC)


def at(seconds: float) -> datetime:
    """A moment of a test's stream."""
    return START + timedelta(seconds=seconds)


async def collected() -> None:
    """Wait until what nobody holds has been collected; a worker thread may hold it a moment longer."""
    for _ in range(20):
        await asyncio.sleep(0.01)
        gc.collect()
