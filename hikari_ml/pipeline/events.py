"""What happens in a channel, told to whoever listens.

Nobody is waited for: a listener who falls behind loses the oldest events and is told how many.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, TypedDict

KEPT: Final = 1000
"""Events a listener may be behind."""


class Event(TypedDict):
    """One event; ``dropped`` counts what this listener lost before it."""

    type: str
    at: str
    data: dict[str, Any]
    dropped: int


@dataclass(slots=True, eq=False)
class _Listener:
    events: deque[Event] = field(default_factory=deque)
    arrived: asyncio.Event = field(default_factory=asyncio.Event)
    dropped: int = 0


class Events:
    """Hands every event to every listener, without waiting for any."""

    def __init__(self) -> None:
        self._listeners: set[_Listener] = set()
        self._closed = False

    def publish(self, kind: str, at: str, data: Mapping[str, Any]) -> None:
        """Tell every listener."""
        for listener in self._listeners:
            if len(listener.events) >= KEPT:
                listener.events.popleft()
                listener.dropped += 1
            listener.events.append({"type": kind, "at": at, "data": dict(data), "dropped": 0})
            listener.arrived.set()

    async def listen(self) -> AsyncIterator[Event]:
        """Every event from now on, until the channel is closed."""
        listener = _Listener()
        self._listeners.add(listener)
        try:
            while listener.events or not self._closed:
                while listener.events:
                    event = listener.events.popleft()
                    event["dropped"], listener.dropped = listener.dropped, 0
                    yield event
                if not self._closed:
                    await listener.arrived.wait()
                    listener.arrived.clear()
        finally:
            self._listeners.discard(listener)

    def close(self) -> None:
        """Let every listener finish what it has and stop."""
        self._closed = True
        for listener in self._listeners:
            listener.arrived.set()
