"""Frames of the feed in their two forms, and what clients say, read without trust; pure.

JSON text is for browsers, MessagePack (https://github.com/msgpack/msgpack/blob/master/spec.md) for engines.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from enum import IntEnum
from typing import Any

import msgpack
import websockets.frames as wire

from hikari_ml.errors import InputError


class Close(IntEnum):
    """Why the server ends a connection, in the range RFC 6455 leaves to applications."""

    BAD_MESSAGE = 4400
    """What was said cannot be read, or the first message is no hello."""
    UNAUTHORIZED = 4401
    """No hello in time, or a missing or wrong token."""
    NO_CHANNEL = 4404
    """The channel is not served here, or is still being opened."""
    TOO_SLOW = 4408
    REMOVED = 4410
    """The channel is not served here any more."""
    TOO_MANY = 4429
    """Too many messages, or too many wrong tokens from this address."""


class Frame(dict[str, Any]):
    """One frame as a dict that keeps both of its encoded forms, and the bytes of the messages they make.

    Raises:
        InputError: it cannot be written: it holds NaN, an integer beyond 64 bits, a lone surrogate, or
            what is no plain value.
    """

    __slots__ = ("_messages", "packed", "text")

    def __init__(self, content: Mapping[str, Any]) -> None:
        super().__init__(content)
        self._messages: dict[bool, bytes] = {}
        try:
            self.text = json.dumps(self, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
            self.packed = bytes(msgpack.packb(self))
        except (TypeError, ValueError, OverflowError, RecursionError) as error:
            raise InputError(
                "frame", self.get("type"), f"it cannot be written ({type(error).__name__})"
            ) from error

    def form(self, binary: bool) -> str | bytes:
        """The frame as MessagePack if ``binary``, else as JSON text."""
        return self.packed if binary else self.text

    def message(self, binary: bool) -> bytes:
        """The frame as a WebSocket message of a server without extensions (RFC 6455, section 5.2)."""
        made = self._messages.get(binary)
        if made is None:
            kind = wire.Opcode.BINARY if binary else wire.Opcode.TEXT
            data = self.packed if binary else self.text.encode()
            made = self._messages[binary] = wire.Frame(kind, data).serialize(mask=False)
        return made


def read_message(raw: str | bytes) -> dict[str, Any] | None:
    """What a client said: a map with a ``type``, or None if it is nothing of the kind."""
    try:
        said = msgpack.unpackb(raw) if isinstance(raw, bytes) else json.loads(raw)
    except (ValueError, RecursionError, msgpack.UnpackException):
        return None
    return said if isinstance(said, dict) and isinstance(said.get("type"), str) else None
