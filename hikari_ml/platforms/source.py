"""What a chat source is: a task that listens, and a bounded hand-over to whoever takes the events.

The listener never waits for the reader: what does not fit is dropped, the oldest messages first, and counted.
"""

from __future__ import annotations

import asyncio
import random
from abc import ABC, abstractmethod
from collections import OrderedDict, deque
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import ClassVar, Final, Self

from hikari_ml.chat import (
    ChatEvent,
    ChatMessage,
    Connection,
    MessageDeleted,
    SourceState,
    UserCleared,
    ViewerCount,
    check_name,
)
from hikari_ml.runtime.service import Service, ended

CAPACITY: Final = 5000
"""Events that may wait to be taken."""

MAX_PROBLEMS: Final = 100
"""Problems kept with their reason; all are counted."""

FIRST_PAUSE: Final = 1.0
LONGEST_PAUSE: Final = 60.0


@dataclass(slots=True)
class Counts:
    """What a source has met since it was opened.

    ``received`` counts events told, ``dropped`` those of them that nobody came to take in time, ``withdrawn``
    messages that were taken back while they waited, ``malformed`` what could not be read (``problems`` names
    the first), ``duplicates`` what came again, ``ignored`` what is well formed and of no use here,
    ``reconnects`` how often the connection was lost.
    """

    received: int = 0
    dropped: int = 0
    withdrawn: int = 0
    malformed: int = 0
    duplicates: int = 0
    ignored: int = 0
    reconnects: int = 0
    problems: list[str] = field(default_factory=list)

    def bad(self, reason: str) -> None:
        """Count something that cannot be read."""
        self.malformed += 1
        if len(self.problems) < MAX_PROBLEMS:
            self.problems.append(reason)


class Handover:
    """Events in order, at most ``capacity`` of them; a full one drops its oldest message or viewer count.

    Only when there is none of these does it drop the oldest of the others: deletions, raids, states. What is
    taken back while it waits is never handed over.
    """

    def __init__(self, capacity: int, counts: Counts) -> None:
        self._capacity = capacity
        self._counts = counts
        self._plain: deque[tuple[int, ChatEvent]] = deque()
        self._urgent: deque[tuple[int, ChatEvent]] = deque()
        self._number = 0
        self._lost = 0
        self._ended = False
        self._error: BaseException | None = None
        self._arrived = asyncio.Event()
        self._room = asyncio.Event()
        self._room.set()

    def __len__(self) -> int:
        return len(self._plain) + len(self._urgent)

    def put(self, event: ChatEvent) -> None:
        """Take in ``event`` without waiting; if there is no room, one is dropped, and be it this one."""
        self._counts.received += 1
        if isinstance(event, MessageDeleted | UserCleared):
            self._take_back(event)
        self._number += 1
        queue = self._plain if isinstance(event, ChatMessage | ViewerCount) else self._urgent
        queue.append((self._number, event))
        if len(self) > self._capacity:
            (self._plain or self._urgent).popleft()
            self._counts.dropped += 1
            self._lost += 1
        self._arrived.set()
        if len(self) >= self._capacity:
            self._room.clear()

    async def room(self) -> None:
        """Wait until nothing would be dropped."""
        await self._room.wait()

    def end(self, error: BaseException | None = None) -> None:
        """Nothing comes any more; ``error`` is raised to who takes after the last event."""
        self._ended = True
        self._error = self._error or error
        self._arrived.set()

    async def take(self, most: int) -> list[ChatEvent]:
        """Up to ``most`` events, at least one; an empty list is the end."""
        while not len(self):
            if self._ended:
                if self._error is not None:
                    raise self._error
                return []
            self._arrived.clear()
            await self._arrived.wait()
        taken = [self._next() for _ in range(min(most, len(self)))]
        self._room.set()
        return taken

    def lost(self) -> int:
        """How many were dropped since this was last asked."""
        lost, self._lost = self._lost, 0
        return lost

    def _take_back(self, event: MessageDeleted | UserCleared) -> None:
        before = len(self._plain)
        kept = (
            item for item in self._plain if not (isinstance(item[1], ChatMessage) and event.covers(item[1]))
        )
        self._plain = deque(kept)
        self._counts.withdrawn += before - len(self._plain)

    def _next(self) -> ChatEvent:
        if not self._urgent or (self._plain and self._plain[0][0] < self._urgent[0][0]):
            return self._plain.popleft()[1]
        return self._urgent.popleft()[1]


class ChatSource(Service, ABC):
    """A chat that is listened to; iterate it, or :meth:`take` what has come.

    ``name`` is what it was opened as, ``channel`` the chat's name. A source of one's own says in :meth:`_run`
    how to listen, calling :meth:`tell` (or ``await hand(...)`` where the sender can wait, as a file can).
    Closing ends the listening; what was heard until then can still be taken.
    """

    once: ClassVar[bool] = False
    """Whether opening it anew does not go on: a pipe is read once, a file begins at its beginning."""

    def __init__(self, name: str, channel: str, *, capacity: int = CAPACITY) -> None:
        super().__init__()
        self.name = name
        self.channel = check_name(channel, "channel")
        self.counts = Counts()
        self._handover = Handover(capacity, self.counts)
        self._given: deque[ChatEvent] = deque()

    @abstractmethod
    async def _run(self) -> None:
        """Listen until the chat ends; it is cancelled when the source is closed.

        A HikariError raised here reaches who takes the events, after all that came before it.
        """

    def tell(self, event: ChatEvent) -> None:
        """Hand over ``event`` at once; if too many wait, the oldest message is dropped."""
        self._handover.put(event)

    async def hand(self, event: ChatEvent) -> None:
        """Hand over ``event`` as soon as there is room: nothing is dropped."""
        await self._handover.room()
        self._handover.put(event)

    async def take(self, most: int = 1) -> list[ChatEvent]:
        """What has come, in order, at least one event and at most ``most``; an empty list is the end.

        Events that were dropped before are told of by a SourceState ``gap``.

        Raises:
            SourceError: the chat cannot be listened to any more.
        """
        if self._state == "new":
            await self._ready()
        taken = await self._handover.take(most)
        if lost := self._handover.lost():
            reason = f"{lost} events came faster than they were read and were dropped"
            return [self._state_of("gap", reason), *taken]
        return taken

    async def aclose(self) -> None:
        """Stop listening; calling it again does nothing."""
        await super().aclose()
        self._handover.end()  # also where it never began

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> ChatEvent:
        if not self._given:
            self._given.extend(await self.take())  # a gap comes together with an event
        if not self._given:
            raise StopAsyncIteration
        return self._given.popleft()

    async def _open(self, stack: AsyncExitStack) -> None:
        listening = asyncio.create_task(self._listen(), name=f"hikari-source {self.name}")
        stack.push_async_callback(ended, listening)

    async def _listen(self) -> None:
        error: BaseException | None = None
        try:
            await self._run()
        except Exception as failure:  # it is raised to who takes the events
            error = failure
        finally:
            self._handover.end(error)

    def _state_of(self, state: Connection, reason: str = "") -> SourceState:
        return SourceState(datetime.now(UTC), state, reason, channel=self.channel)


class LostConnection(Exception):  # noqa: N818  # it is a turn of events, and never leaves its source
    """The connection of a source ended; ``seconds`` is how long the other side wants to be left alone."""

    def __init__(self, reason: str, seconds: float = 0.0) -> None:
        self.reason = reason
        self.seconds = seconds
        super().__init__(reason)


class LiveSource(ChatSource):
    """A source that connects again whenever its connection is lost, after a growing and random pause."""

    def __init__(
        self, name: str, channel: str, *, capacity: int = CAPACITY, first_pause: float = FIRST_PAUSE
    ) -> None:
        super().__init__(name, channel, capacity=capacity)
        self._first_pause = first_pause
        self.connected = False
        """Whether chat can be heard now."""
        self._attempt = 0
        self._lost_at: float | None = None

    @abstractmethod
    async def _session(self) -> None:
        """Connect, call :meth:`_connected` once chat can be heard, and listen until the connection ends.

        Raises:
            LostConnection: it ended, or could not be made.
            SourceError: trying again cannot help.
        """

    async def _run(self) -> None:
        while True:
            wanted = 0.0
            try:
                await self._session()
                reason = "the other side ended the connection"
            except LostConnection as lost:
                reason, wanted = lost.reason, lost.seconds
            except (OSError, TimeoutError) as error:
                reason = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
            self.connected = False
            self.counts.reconnects += 1
            self._lost_at = self._lost_at or _now()
            self.tell(self._state_of("reconnecting", reason))
            await asyncio.sleep(max(wanted, pause(self._attempt, random.random(), self._first_pause)))
            self._attempt += 1

    def _connected(self, *, missed: bool = True) -> None:
        """Say that chat can be heard (again); ``missed`` if what was said meanwhile is not told later."""
        self._attempt, self.connected = 0, True
        self.tell(self._state_of("connected"))
        if self._lost_at is not None and missed:
            seconds = _now() - self._lost_at
            self.tell(self._state_of("gap", f"what was said in {seconds:.0f} s without a connection"))
        self._lost_at = None


class RecentIds:
    """The last ``capacity`` ids, to know one that comes again."""

    def __init__(self, capacity: int = 10_000) -> None:
        self._capacity = capacity
        self._ids: OrderedDict[str, None] = OrderedDict()

    def is_new(self, key: str) -> bool:
        """Whether ``key`` was not met lately; from now on it was."""
        if key in self._ids:
            return False
        self._ids[key] = None
        if len(self._ids) > self._capacity:
            self._ids.popitem(last=False)
        return True


@dataclass(slots=True)
class RateLimit:
    """At most ``most`` of something in any ``seconds``; pure: the caller brings the time and waits."""

    most: int
    seconds: float
    _booked: deque[float] = field(default_factory=deque)

    def book(self, now: float) -> float:
        """Book the next free moment and return how many seconds ahead of ``now`` it lies."""
        at = now
        if len(self._booked) >= self.most:
            at = max(now, self._booked[0] + self.seconds)
            self._booked.popleft()
        self._booked.append(at)
        return at - now


def pause(attempt: int, chance: float, first: float = FIRST_PAUSE) -> float:
    """Seconds before attempt ``attempt`` (0, 1, ...): doubling to a minute, of it a random half to whole.

    ``chance`` in [0, 1) is the randomness, so that clients that were cut together do not return together.
    """
    return min(LONGEST_PAUSE, first * 2.0 ** min(attempt, 16)) * (0.5 + chance / 2)


def _now() -> float:
    return asyncio.get_running_loop().time()
