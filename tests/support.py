"""Small things several tests need."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from hikari_ml import StreamAnalyticsEngine
    from hikari_ml.runtime.clock import ManualClock

START = datetime(2026, 1, 10, 20, 0, tzinfo=UTC)


LINES = ["hello there", "what a play", "LUL", "nice one friend", "go left now", "gg", "who is that?"]
"""What people say in a chat where nothing happens."""


def at(seconds: float) -> datetime:
    """A moment of a test's stream."""
    return START + timedelta(seconds=seconds)


async def collected() -> None:
    """Wait until what nobody holds has been collected; a worker thread may hold it a moment longer."""
    for _ in range(20):
        await asyncio.sleep(0.01)
        gc.collect()


async def busy(
    engine: StreamAnalyticsEngine,
    clock: ManualClock,
    minutes: float,
    begin: float = 0,
    rate: int = 6,
    people: int = 9,
) -> None:
    """Let ``people`` say ``rate`` of the lines a minute in turn, and the clock go on with them."""
    for i in range(int(minutes * rate)):
        clock.advance_to(at(begin + i * 60 / rate))
        await engine.process_chat_message(f"user{i % people}", LINES[i % len(LINES)], clock.now())


@contextmanager
def entity_rules_once() -> Iterator[None]:
    """Memories share their entity rules, which take longest to load, as long as this is entered."""
    from hikari_ml.models import entities

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(entities, "_pipeline", cache(entities._pipeline))
        yield
