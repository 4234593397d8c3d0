"""What a feed says, without a socket: sequence numbers, deltas, resume; pure.

Every frame after the first raises ``seq`` by one, so that a hole always means loss. A delta is a JSON merge
patch (RFC 7396) of the state; null means removal there, so the state itself holds no nulls: what is unknown
is absent.
"""

from __future__ import annotations

import secrets
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

Frame = dict[str, Any]

KEPT: Final = 512
"""Frames a client may have missed and still resume."""


@dataclass(slots=True)
class FeedState:
    """The state of one feed, the frames that led to it, and the epoch in which they count."""

    epoch: str = field(default_factory=lambda: secrets.token_hex(8))
    seq: int = 0
    state: dict[str, Any] = field(default_factory=dict)
    _frames: deque[Frame] = field(default_factory=lambda: deque(maxlen=KEPT))

    def update(self, state: Mapping[str, Any]) -> Frame | None:
        """Set the state; returns the delta to send, or None if nothing changed."""
        fresh = without_nulls(state)
        patch = merge_patch(self.state, fresh)
        self.state = fresh
        return self._frame("delta", data=patch) if patch else None

    def event(self, kind: str, data: Mapping[str, Any]) -> Frame:
        """A frame for something that happened; it does not change the state."""
        return self._frame("event", event=kind, data=without_nulls(data))

    def open(self, epoch: object = None, seq: object = None) -> list[Frame]:
        """The first frames of a client: the missed ones if they can be told exactly, else a snapshot."""
        if epoch is None and seq is None:
            return [self.snapshot()]
        missed = [frame for frame in self._frames if isinstance(seq, int) and frame["seq"] > seq]
        exact = epoch == self.epoch and isinstance(seq, int) and self.seq - seq == len(missed)
        if not exact:
            return [{**self.snapshot(), "recovered": False}]
        return [{"type": "resumed", "epoch": self.epoch, "seq": seq, "recovered": True}, *missed]

    def snapshot(self) -> Frame:
        """The whole state, at the number of the last frame."""
        return {"type": "snapshot", "epoch": self.epoch, "seq": self.seq, "data": self.state}

    def _frame(self, kind: str, **parts: Any) -> Frame:
        self.seq += 1
        frame = {"type": kind, "epoch": self.epoch, "seq": self.seq, **parts}
        self._frames.append(frame)
        return frame


def merge_patch(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    """The RFC 7396 patch from ``old`` to ``new``; empty if they are equal. ``new`` holds no nulls."""
    patch: dict[str, Any] = dict.fromkeys(name for name in old if name not in new)
    for name, value in new.items():
        known = old.get(name)
        if isinstance(known, Mapping) and isinstance(value, Mapping):
            if inner := merge_patch(known, value):
                patch[name] = inner
        elif name not in old or known != value:
            patch[name] = value
    return patch


def apply_patch(state: Mapping[str, Any], patch: Mapping[str, Any]) -> dict[str, Any]:
    """What a client does with a delta (RFC 7396)."""
    result = dict(state)
    for name, value in patch.items():
        if value is None:
            result.pop(name, None)
        elif isinstance(value, Mapping):
            known = result.get(name)
            result[name] = apply_patch(known if isinstance(known, Mapping) else {}, value)
        else:
            result[name] = value
    return result


def without_nulls(value: Mapping[str, Any]) -> dict[str, Any]:
    """A copy without entries that are None, at every depth of mappings; lists are kept as they are."""
    return {
        name: without_nulls(item) if isinstance(item, Mapping) else item
        for name, item in value.items()
        if item is not None
    }
