"""What one client is sent next, decided without a socket or a clock; pure.

A follower knows the number of the last frame it was given. Whenever it is looked at it gets all that came
since, so it does not matter when that is: nothing is left out and nothing comes twice.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Final

from hikari_ml.feed.frames import Frame
from hikari_ml.feed.session import FeedState

SLOW_BYTES: Final = 256 * 1024
"""Unsent bytes from which a client gets snapshots instead of deltas; nothing is added to more than these."""

STUCK_SECONDS: Final = 10.0
"""How long a client may take to read them before it is cut off."""

SNAPSHOT_SECONDS: Final = 1.0
"""Time between two snapshots of one client, however often it asks."""


class Standing(Enum):
    """How a client is doing."""

    FOLLOWS = "follows"
    LOST = "lost"
    """It is to get a snapshot as soon as it has read what was sent, and no sooner than it may."""
    STUCK = "stuck"


@dataclass(slots=True)
class Follower:
    """The place of one client in a feed."""

    position: int = 0
    standing: Standing = Standing.FOLLOWS
    degraded: int = 0
    """Times it fell behind so far that it gets a snapshot in place of deltas."""
    _behind_since: float | None = None
    _snapshot_at: float = float("-inf")

    def join(self, feed: FeedState, epoch: object, seq: object, now: float) -> list[Frame]:
        """The first frames, for what the client says it has."""
        frames = feed.open(epoch, seq, now)
        self.position = feed.seq
        if frames[0]["type"] == "snapshot":
            self._snapshot_at = now
        return frames

    def ask(self) -> None:
        """The client says that it lost its place."""
        if self.standing is Standing.FOLLOWS:
            self.standing = Standing.LOST

    def due(self, feed: FeedState, unsent: int, now: float) -> list[Frame]:
        """What to send now; ``unsent`` is the number of bytes that the network has not taken yet."""
        if self.standing is Standing.FOLLOWS:
            if self.position == feed.seq and unsent <= SLOW_BYTES:
                return []
            missed = feed.since(self.position, now) if unsent <= SLOW_BYTES else None
            if missed is not None:
                self.position = feed.seq
                return missed
            self.standing = Standing.LOST
            self.degraded += 1
        return self._find_again(feed, unsent, now)

    def _find_again(self, feed: FeedState, unsent: int, now: float) -> list[Frame]:
        if unsent:
            if self._behind_since is None:
                self._behind_since = now
            elif now - self._behind_since > STUCK_SECONDS:
                self.standing = Standing.STUCK
            return []
        self._behind_since = None
        if now - self._snapshot_at < SNAPSHOT_SECONDS:
            return []
        self.standing = Standing.FOLLOWS
        self.position = feed.seq
        self._snapshot_at = now
        return [feed.snapshot()]
