"""Who of a feed's clients is sent what next, decided without a socket or a clock; pure.

Clients stand in lists by their state, so that an update looks at none that has nothing to get, and whoever
does not read costs nothing. Each knows the number of the last frame it was given and gets all that came
since, so it does not matter when its turn comes: nothing is left out and nothing comes twice.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, field
from heapq import heappop, heappush
from itertools import islice
from typing import Final, Generic, TypeVar

from hikari_ml.feed.counting import ChannelCounts
from hikari_ml.feed.frames import Frame
from hikari_ml.feed.session import FeedState

SLOW_BYTES: Final = 256 * 1024
"""Unsent bytes from which a client is clogged: it gets nothing more until they are sent, then a snapshot."""

STUCK_SECONDS: Final = 10.0
"""How long a client may take to read them before it is cut off."""

SNAPSHOT_SECONDS: Final = 1.0
"""Time between two snapshots of one client, however often it asks."""


@dataclass(slots=True, eq=False)
class Follower:
    """The place of one client in a feed."""

    position: int = 0
    snapshot_at: float = float("-inf")

    @property
    def next_snapshot(self) -> float:
        """When it may have another one."""
        return self.snapshot_at + SNAPSHOT_SECONDS


F = TypeVar("F", bound=Follower)


@dataclass(slots=True)
class Audience(Generic[F]):
    """The clients of one feed. Each is in one list: it follows, has a snapshot to come, or is clogged."""

    feed: FeedState
    counts: ChannelCounts = field(default_factory=ChannelCounts)
    _following: OrderedDict[F, None] = field(default_factory=OrderedDict)
    """Those with the lowest position first: whoever comes or is given something goes to the end."""
    _lost: set[F] = field(default_factory=set)
    _turns: list[tuple[float, int, F]] = field(default_factory=list)
    """A heap of when the lost may have a snapshot; of no meaning for whoever is lost no longer."""
    _clogged: dict[F, float] = field(default_factory=dict)
    """Since when, the first clogged first."""

    def __len__(self) -> int:
        return len(self._following) + len(self._lost) + len(self._clogged)

    def __iter__(self) -> Iterator[F]:
        yield from (*self._following, *self._lost, *self._clogged)

    def __contains__(self, client: object) -> bool:
        return client in self._following or client in self._lost or client in self._clogged

    def join(self, client: F, epoch: object, seq: object, now: float) -> list[Frame]:
        """Let a client follow; returns its first frames, for what it says it has."""
        frames = self.feed.open(epoch, seq, now)
        client.position = self.feed.seq
        if frames[0]["type"] == "snapshot":
            client.snapshot_at = now
        self._following[client] = None
        return frames

    def leave(self, client: F) -> None:
        """Forget a client."""
        self._following.pop(client, None)
        self._lost.discard(client)
        self._clogged.pop(client, None)

    def ask(self, client: F) -> None:
        """The client says that it lost its place."""
        if client in self._following:
            del self._following[client]
            self._lose(client)

    def clog(self, client: F, now: float) -> None:
        """The network holds more than ``SLOW_BYTES`` that were written to the client."""
        if client in self and client not in self._clogged:
            self.counts.degraded += client in self._following
            self.leave(client)
            self._clogged[client] = now

    def clear(self, client: F) -> None:
        """The network took all that was written."""
        if self._clogged.pop(client, None) is not None:
            self._lose(client)

    def stuck(self, now: float) -> list[F]:
        """Those who were clogged for too long, forgotten by this."""
        found = []
        for client, since in self._clogged.items():
            if now - since <= STUCK_SECONDS:
                break
            found.append(client)
        for client in found:
            self.leave(client)
        return found

    def due(self, now: float, most: int) -> tuple[list[F], list[Frame]]:
        """Some clients, ``most`` at a time, and what each is to be sent now; none if nobody lacks anything.

        They count as having it from now on.
        """
        while self._following and (position := next(iter(self._following)).position) < self.feed.seq:
            frames = self.feed.since(position, now)
            clients = [c for c in islice(self._following, most) if c.position == position]
            if frames is not None:
                self._bring_forward(clients)
                return clients, frames
            self.counts.degraded += len(clients)
            for client in clients:
                self.ask(client)
        return self._find_again(now, most)

    def _find_again(self, now: float, most: int) -> tuple[list[F], list[Frame]]:
        clients: list[F] = []
        while self._turns and self._turns[0][0] <= now and len(clients) < most:
            _, _, client = heappop(self._turns)
            if client in self._lost and client.next_snapshot <= now:
                self._lost.discard(client)
                client.snapshot_at = now
                self._following[client] = None
                clients.append(client)
        self._bring_forward(clients)
        return clients, [self.feed.snapshot()] if clients else []

    def _lose(self, client: F) -> None:
        self._lost.add(client)
        heappush(self._turns, (client.next_snapshot, id(client), client))

    def _bring_forward(self, clients: list[F]) -> None:
        newest, to_the_end = self.feed.seq, self._following.move_to_end
        for client in clients:
            client.position = newest
            to_the_end(client)
