"""What happens in a channel, told to whoever listens.

Nobody is waited for: a listener who falls behind loses the oldest events and is told how many.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Mapping
from typing import Any, Final, Self, TypedDict
from weakref import WeakSet

KEPT: Final = 1000
"""Events a listener may be behind."""


class Event(TypedDict):
    """One event; ``dropped`` counts what this listener lost before it."""

    type: str
    at: str
    data: dict[str, Any]
    dropped: int


class Listener(AsyncIterator[Event]):
    """Iterates over every event since it was made, until the channel is closed."""

    def __init__(self, *, closed: bool) -> None:
        self._events: deque[Event] = deque()
        self._arrived = asyncio.Event()
        self._dropped = 0
        self._closed = closed

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Event:
        while not self._events:
            if self._closed:
                raise StopAsyncIteration
            self._arrived.clear()
            await self._arrived.wait()
        event = self._events.popleft()
        event["dropped"], self._dropped = self._dropped, 0
        return event

    def tell(self, event: Event) -> None:
        """Take in an event; the oldest makes room."""
        if len(self._events) >= KEPT:
            self._events.popleft()
            self._dropped += 1
        self._events.append(event)
        self._arrived.set()

    def close(self) -> None:
        """Hand out what there is and stop."""
        self._closed = True
        self._arrived.set()


class Events:
    """Hands every event to every listener, without waiting for any; one that is dropped is forgotten."""

    def __init__(self) -> None:
        self._listeners: WeakSet[Listener] = WeakSet()
        self._closed = False

    def publish(self, kind: str, at: str, data: Mapping[str, Any]) -> None:
        """Tell every listener."""
        for listener in self._listeners:
            listener.tell({"type": kind, "at": at, "data": dict(data), "dropped": 0})

    def listen(self) -> Listener:
        """Every event from this call on, until the channel is closed."""
        listener = Listener(closed=self._closed)
        self._listeners.add(listener)
        return listener

    def close(self) -> None:
        """Let every listener finish what it has and stop."""
        self._closed = True
        for listener in self._listeners:
            listener.close()
