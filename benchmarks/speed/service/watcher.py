"""A client of the feed that follows its state, and finds out whether anything is missing."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from typing import Any

import msgpack
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidHandshake, WebSocketException

from hikari_ml.feed.server import JSON, MSGPACK
from hikari_ml.feed.session import apply_patch

AGAIN_SECONDS = 0.05


class GapError(Exception):
    """The server left something out without saying so."""


class Watcher:
    """Follows the feed at ``url``; once it is lost it comes back and says where it was.

    ``state`` is what its frames add up to at ``seq``, ``counts`` how often each type of frame came, with
    ``lost`` (connections) and ``not recovered`` (snapshots that say so).
    """

    def __init__(self, url: str, *, packed: bool = False) -> None:
        self._url = url
        self._protocol = MSGPACK if packed else JSON
        self.state: dict[str, Any] = {}
        self.epoch: str | None = None
        self.seq: int | None = None
        self.counts: Counter[str] = Counter()

    async def watch(self) -> None:
        """Follow until cancelled.

        Raises:
            GapError: a number was left out, or came twice.
        """
        while True:
            try:
                async with connect(self._url, subprotocols=[self._protocol], max_size=None) as connection:
                    await self._follow(connection)
            except (WebSocketException, InvalidHandshake, OSError, EOFError):
                self.counts["lost"] += 1
                await asyncio.sleep(AGAIN_SECONDS)

    async def _follow(self, connection: ClientConnection) -> None:
        known = {} if self.epoch is None else {"epoch": self.epoch, "seq": self.seq}
        await connection.send(json.dumps({"type": "hello", **known}))
        first = True
        async for raw in connection:
            frame = msgpack.unpackb(raw) if isinstance(raw, bytes) else json.loads(raw)
            self.take(frame, first=first)
            first = False

    def take(self, frame: dict[str, Any], *, first: bool) -> None:
        """Add one frame.

        Raises:
            GapError: it does not follow the one before.
        """
        kind = frame["type"]
        self.counts[kind] += 1
        if kind == "snapshot":
            if first and self.epoch is not None and frame.get("recovered") is not False:
                raise GapError("a snapshot in place of what was missed does not say so")
            self.counts["not recovered"] += frame.get("recovered") is False
            self.state, self.epoch = frame["data"], frame["epoch"]
        elif kind == "resumed":
            if (frame["epoch"], frame["seq"]) != (self.epoch, self.seq):
                raise GapError(f"resumed at {frame['seq']}, not at {self.seq}")
        else:
            if self.seq is None or (frame["epoch"], frame["seq"]) != (self.epoch, self.seq + 1):
                raise GapError(f"{frame['seq']} came after {self.seq}")
            if kind == "delta":
                self.state = apply_patch(self.state, frame["data"])
        self.seq = frame["seq"]
