"""The envelopes of the bridge as msgpack: what comes in is checked, what goes out is plain; pure.

A call is a map ``{v, id, method, params, reply_to, channel, deadline_ms}``; see docs/reference/wire.md.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import msgpack

from hikari_ml.chat import MAX_NAME, is_encodable
from hikari_ml.errors import HikariError, InputError, OverloadedError, UnknownMemoryError
from hikari_ml.times import parse

VERSION: Final = 1
REQUESTS: Final = "hikari.requests"
DURABLE: Final = "hikari.requests.durable"
EVENTS: Final = "hikari.events."
GROUP: Final = "hikari"
FIELD: Final = b"data"
"""The field of a stream's entry that holds the envelope."""

DEFAULT_CHANNEL: Final = "default"
MAX_BYTES: Final = 1 << 20
"""Longest envelope taken."""

MAX_ANSWERED: Final = 2 * MAX_BYTES
"""Longest envelope that is read at all: its sender is told that it is too long."""

MAX_DEPTH: Final = 32
"""How deep maps and lists of ``params`` may be nested."""

CODES: Final = frozenset(
    """
    bad_request unknown_method bad_params deadline_exceeded overloaded unavailable internal
    unsupported_version
    """.split()
)

_SURROGATES: Final = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Request:
    """A call: ``deadline_ms`` in epoch milliseconds, ``reply_to`` None where no answer is wanted."""

    id: str
    method: str
    params: dict[str, Any]
    channel: str = DEFAULT_CHANNEL
    reply_to: str | None = None
    deadline_ms: int | None = None


class CallError(HikariError):
    """A call that gets an error for an answer: ``code`` is one of ``CODES``."""

    def __init__(self, code: str, message: str, details: Mapping[str, Any] | None = None) -> None:
        self.code = code
        self.details = dict(details or {})
        super().__init__(message)


class BadEnvelopeError(CallError):
    """Bytes that are no call; what could be read of them is here, so that it can be answered."""

    def __init__(self, code: str, message: str, found: Mapping[Any, Any]) -> None:
        super().__init__(code, message)
        self.id = _text(found.get("id")) or ""
        self.reply_to = _reply_to(found.get("reply_to"))


def decode(data: bytes) -> Request:
    """The call that ``data`` is.

    Raises:
        BadEnvelopeError: it is none; it says why and whom to tell.
    """
    found = _unpacked(data)
    if type(version := found.get("v")) is not int or version != VERSION:
        shown = version if isinstance(version, int | float | str | None) else "something else"
        raise BadEnvelopeError("unsupported_version", f"v: {shown!r:.40}; this speaks {VERSION}", found)
    for name in ("id", "method"):
        if _text(found.get(name)) is None:
            raise BadEnvelopeError("bad_request", f"{name}: give text of 1 to {MAX_NAME} characters", found)
    params, deadline = found.get("params"), found.get("deadline_ms")
    if not isinstance(params, dict | None):
        raise BadEnvelopeError("bad_request", "params: give a map", found)
    if not isinstance(deadline, int | None) or isinstance(deadline, bool):
        raise BadEnvelopeError("bad_request", "deadline_ms: give epoch milliseconds or nil", found)
    for name, read in (("channel", _text), ("reply_to", _reply_to)):
        if found.get(name) is not None and read(found[name]) is None:
            raise BadEnvelopeError("bad_request", f"{name}: give a name of 1 to {MAX_NAME} characters", found)
    if (fault := _fault(params or {}, 0)) is not None:
        raise BadEnvelopeError("bad_request", f"params: {fault}", found)
    return Request(
        id=found["id"],
        method=found["method"],
        params=params or {},
        channel=(found.get("channel") or DEFAULT_CHANNEL).casefold(),  # as its folder is named
        reply_to=found.get("reply_to"),
        deadline_ms=deadline,
    )


def encode_request(request: Request) -> bytes:
    """The bytes of a call, as a client sends them."""
    return _packed(
        {
            "v": VERSION,
            "id": request.id,
            "method": request.method,
            "params": request.params,
            "reply_to": request.reply_to,
            "channel": request.channel,
            "deadline_ms": request.deadline_ms,
        }
    )


def reply(request_id: str, result: object) -> bytes:
    """The answer to a call that succeeded."""
    return _packed({"v": VERSION, "id": request_id, "ok": True, "result": result, "error": None})


def refusal(request_id: str, error: BaseException) -> bytes:
    """The answer to a call that failed."""
    told = error_object(error)
    return _packed({"v": VERSION, "id": request_id, "ok": False, "result": None, "error": told})


def is_done(answer: bytes) -> bool:
    """Whether an answer of ours is that of a call that succeeded."""
    return bool(msgpack.unpackb(answer)["ok"])


REFUSED: Final = ("bad_request", "bad_params", "deadline_exceeded")
"""What is answered at the end to a call that was not begun."""


def is_begun(answer: bytes) -> bool:
    """Whether a call that was waited for to its end got this answer after it was begun."""
    told = msgpack.unpackb(answer)
    return bool(told["ok"]) or told["error"]["code"] not in REFUSED


def event(kind: str, at: str, data: Mapping[str, Any], *, seq: int, epoch: str) -> bytes:
    """An event; ``at`` is ISO-8601 here and epoch milliseconds on the wire."""
    moment = round(parse(at).timestamp() * 1000)
    return _packed({"v": VERSION, "seq": seq, "epoch": epoch, "type": kind, "at": moment, "data": data})


def error_object(error: BaseException) -> dict[str, Any]:
    """The one error object; of an error that is not ours nothing is told but that it happened."""
    if isinstance(error, CallError):
        return {"code": error.code, "message": str(error), "details": error.details}
    if isinstance(error, OverloadedError):
        return _told(error, {"retry_after_ms": error.retry_after_ms})
    if isinstance(error, InputError):
        return _told(error, {"field": error.field, "hint": error.hint})
    if isinstance(error, UnknownMemoryError):
        return _told(error, {"field": "memory_id"})
    if isinstance(error, HikariError):
        return _told(error, {})
    return {"code": "internal", "message": "it failed; the worker's log says why", "details": {}}


def _told(error: HikariError, details: dict[str, Any]) -> dict[str, Any]:
    return {"code": error.code, "message": str(error), "details": details}


def _unpacked(data: bytes) -> dict[Any, Any]:
    if len(data) > MAX_ANSWERED:
        raise BadEnvelopeError("bad_request", _too_large(data), {})
    try:
        found = msgpack.unpackb(data, strict_map_key=True)
    except (ValueError, RecursionError, msgpack.UnpackException, TypeError) as error:
        raise BadEnvelopeError("bad_request", f"no msgpack: {type(error).__name__}", {}) from error
    if not isinstance(found, dict):
        raise BadEnvelopeError("bad_request", "give a map", {})
    if len(data) > MAX_BYTES:
        raise BadEnvelopeError("bad_request", _too_large(data), found)
    return found


def _too_large(data: bytes) -> str:
    return f"{len(data):,} bytes; {MAX_BYTES:,} are taken"


def _text(value: object) -> str | None:
    whole = isinstance(value, str) and 0 < len(value) <= MAX_NAME and value.strip() and is_encodable(value)
    return str(value) if whole else None


def _reply_to(value: object) -> str | None:
    """Where an answer may go: not where calls or events are read, or answers would be taken for them."""
    name = _text(value)
    return None if name is None or name in (REQUESTS, DURABLE) or name.startswith(EVENTS) else name


def _fault(value: object, depth: int) -> str | None:
    """Why ``value`` is no plain data; None if it is."""
    if depth > MAX_DEPTH:
        return f"nested deeper than {MAX_DEPTH}"
    if isinstance(value, dict):
        if any(not isinstance(name, str) for name in value):
            return "keys of maps are text"
        return next((fault for item in value.values() if (fault := _fault(item, depth + 1))), None)
    if isinstance(value, list):
        return next((fault for item in value if (fault := _fault(item, depth + 1))), None)
    if isinstance(value, float) and not math.isfinite(value):
        return "numbers are finite"
    return (
        None if isinstance(value, str | int | float | bool | None) else "text, numbers, lists and maps alone"
    )


def _packed(envelope: dict[str, Any]) -> bytes:
    try:
        return bytes(msgpack.packb(envelope))
    except UnicodeEncodeError:  # chat may hold half a character
        return bytes(msgpack.packb(_encodable(envelope)))


def _encodable(value: Any) -> Any:
    if isinstance(value, str):
        return _SURROGATES.sub("\ufffd", value)
    if isinstance(value, Mapping):
        return {_encodable(name): _encodable(item) for name, item in value.items()}
    return [_encodable(item) for item in value] if isinstance(value, list | tuple) else value
