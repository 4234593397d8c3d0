"""What a feed says, without a socket: sequence numbers, deltas, resume; pure.

Every frame after the first raises ``seq`` by one, so that a hole always means loss. A delta is a JSON merge
patch (RFC 7396) of the state; null means removal there, so the state itself holds no nulls: what is unknown
is absent. Times are seconds of any clock that never runs back.
"""

from __future__ import annotations

import secrets
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, cast

from hikari_ml.errors import InputError
from hikari_ml.feed.frames import Frame

KEPT: Final = 512
"""Frames a client may have missed and still resume."""

KEPT_SECONDS: Final = 120.0
"""How old they may be."""

RESUME_BYTES: Final = 1024 * 1024
"""Missed frames that are larger together are not sent; a snapshot says ``recovered: false`` instead."""


@dataclass(slots=True)
class FeedState:
    """The state of one feed, the frames that led to it, and the epoch in which they count.

    ``welcome`` is what the first frame to a client says beside the state, such as how often deltas come.
    """

    epoch: str = field(default_factory=lambda: secrets.token_hex(8))
    seq: int = 0
    state: dict[str, Any] = field(default_factory=dict)
    welcome: Mapping[str, Any] = field(default_factory=dict)
    _frames: deque[tuple[float, Frame]] = field(default_factory=lambda: deque(maxlen=KEPT))
    _withdrawn: int = 0
    """Number up to which no frame is told to whoever comes back; those who follow get what they lack."""
    _snapshots: dict[bool, Frame] = field(default_factory=dict)

    def update(self, state: Mapping[str, Any], now: float = 0.0) -> Frame | None:
        """Set the state; returns the delta to send, or None if nothing changed.

        Raises:
            InputError: it cannot be written as JSON and MessagePack; the old state stands.
        """
        fresh = without_nulls(state)
        patch = merge_patch(self.state, fresh)
        if not patch:
            return None
        frame = self._frame("delta", now, data=patch)
        self.state = fresh
        return frame

    def event(self, kind: str, data: Mapping[str, Any], now: float = 0.0) -> Frame:
        """A frame for something that happened; it does not change the state.

        Raises:
            InputError: it cannot be written as JSON and MessagePack; no number was used up.
        """
        return self._frame("event", now, event=kind, data=without_nulls(data))

    def open(self, epoch: object = None, seq: object = None, now: float = 0.0) -> list[Frame]:
        """The first frames of a client: the missed ones if they can be told exactly, else a snapshot."""
        if epoch is None and seq is None:
            return [self.snapshot()]
        known = type(seq) is int and epoch == self.epoch and seq >= self._withdrawn
        missed = self.since(cast("int", seq), now) if known else None
        if missed is None or sum(len(frame.packed) for frame in missed) > RESUME_BYTES:
            return [self.snapshot(answers_resume=True)]
        head = {"type": "resumed", "epoch": self.epoch, "seq": seq, "recovered": True, **self.welcome}
        return [Frame(head), *missed]

    def withdraw(self) -> None:
        """Something that was told is deleted: no frame until now is told to whoever comes back."""
        self._withdrawn = self.seq

    def since(self, seq: int, now: float = 0.0) -> list[Frame] | None:
        """The frames after ``seq``, oldest first; None if they are not all known any more."""
        missing = self.seq - seq
        if missing == 1 and self._frames:  # what nearly all clients lack nearly always
            return [self._frames[-1][1]]
        self._forget(now)
        if not 0 <= missing <= len(self._frames):
            return None
        return [self._frames[index][1] for index in range(len(self._frames) - missing, len(self._frames))]

    def snapshot(self, *, answers_resume: bool = False) -> Frame:
        """The whole state, at the number of the last frame; made once for all who ask before the next."""
        known = self._snapshots.get(answers_resume)
        if known is None:
            head = {"type": "snapshot", "epoch": self.epoch, "seq": self.seq}
            lost = {"recovered": False} if answers_resume else {}
            known = self._snapshots[answers_resume] = Frame(
                {**head, **lost, **self.welcome, "data": self.state}
            )
        return known

    def _frame(self, kind: str, now: float, **parts: Any) -> Frame:
        frame = Frame({"type": kind, "epoch": self.epoch, "seq": self.seq + 1, **parts})
        self.seq += 1
        self._snapshots.clear()
        self._frames.append((now, frame))
        self._forget(now)
        return frame

    def _forget(self, now: float) -> None:
        while self._frames and now - self._frames[0][0] > KEPT_SECONDS:
            self._frames.popleft()


def merge_patch(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    """The RFC 7396 patch from ``old`` to ``new``; empty if they are equal. ``new`` holds no nulls."""
    patch: dict[str, Any] = dict.fromkeys(name for name in old if name not in new)
    for name, value in new.items():
        known = old.get(name)
        if isinstance(known, Mapping) and isinstance(value, Mapping):
            if inner := merge_patch(known, value):
                patch[name] = inner
        elif name not in old or not same(known, value):
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


def same(one: Any, other: Any) -> bool:
    """Whether two values are written alike: 1, 1.0 and True are equal in Python and differ in JSON."""
    if type(one) is not type(other):
        return False
    if isinstance(one, list):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(value, other[name]) for name, value in one.items())
    if isinstance(one, float):
        return repr(one) == repr(other)
    return bool(one == other)


def without_nulls(value: Mapping[str, Any]) -> dict[str, Any]:
    """A copy without entries that are None, at every depth of mappings; inside lists nulls stay.

    Raises:
        InputError: a name is no string.
    """
    return {_name(name): _copy(item) for name, item in value.items() if item is not None}


def _copy(item: Any, *, within_list: bool = False) -> Any:
    if isinstance(item, Mapping):
        if within_list:
            return {_name(name): _copy(inner, within_list=True) for name, inner in item.items()}
        return without_nulls(item)
    if isinstance(item, list | tuple):
        return [_copy(inner, within_list=True) for inner in item]
    return item


def _name(name: object) -> str:
    if not isinstance(name, str):
        raise InputError("state", name, "names of a feed's state have to be strings")
    return name
