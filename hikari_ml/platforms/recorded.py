"""A recording as a chat source: what was said once is said again, now."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Final

from hikari_ml.chat import ChatMessage
from hikari_ml.errors import InputError, RecordingError, SourceError
from hikari_ml.platforms.replay import Recording
from hikari_ml.platforms.source import CAPACITY, ChatSource

AHEAD: Final = 64
"""Lines read in one go, in a thread."""


class RecordedSource(ChatSource):
    """Plays the recording ``path``; ``speed`` seconds of it pass in one real second.

    Every message gets the time at which it is said again, so it counts as live. Nothing is dropped: whoever
    reads too slowly makes the recording wait. Lines that cannot be used are in ``counts.problems``.

    Raises:
        InputError: ``speed`` is not above 0.
        SourceError (on iterating): the recording cannot be read.
    """

    once = True

    def __init__(
        self, path: str | Path, channel: str = "default", *, speed: float = 1.0, capacity: int = CAPACITY
    ) -> None:
        super().__init__(f"replay:{path}", channel, capacity=capacity)
        if not 0 < speed < float("inf"):
            raise InputError("speed", speed, "give a number above 0")
        self._recording = Recording(Path(path), channel)
        self._speed = speed

    async def _run(self) -> None:
        messages = iter(self._recording)
        loop = asyncio.get_running_loop()
        began, began_at, first = loop.time(), datetime.now(UTC), None
        while batch := await asyncio.to_thread(self._next, messages):
            for message in batch:
                first = first or message.timestamp
                after = max(0.0, (message.timestamp - first).total_seconds() / self._speed)
                await asyncio.sleep(max(0.0, began + after - loop.time()))
                await self.hand(replace(message, timestamp=began_at + timedelta(seconds=after)))
            self._report()
        self._report()

    def _next(self, messages: Iterator[ChatMessage]) -> list[ChatMessage]:
        try:
            return list(islice(messages, AHEAD))
        except RecordingError as error:
            raise SourceError(self.name, error.hint) from error

    def _report(self) -> None:
        self.counts.malformed = self._recording.skipped
        self.counts.problems = [f"line {found.line}: {found.reason}" for found in self._recording.problems]
