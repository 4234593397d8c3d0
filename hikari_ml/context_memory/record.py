"""One memory as it is stored."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import blake2b
from typing import Any, Final, Self

import msgpack

from hikari_ml.chat import check_name, is_encodable, user_key
from hikari_ml.context_memory.packing import deflated, inflated
from hikari_ml.errors import InputError
from hikari_ml.results import Tier
from hikari_ml.text.normalize import same_statement_key

MAX_CONTENT: int = 100_000
"""Longest content of one memory, in characters."""

MAX_METADATA: Final = 1_000_000
"""Most characters in the metadata of one memory, values counted as well."""

VALUE: Final = 20
"""How many characters a value in metadata counts as, beside its own."""

MAX_TYPE: int = 100
"""Longest type of a memory, in characters."""


MAX_SAID: int = 64
"""Times a memory is known to have been said; what was said more often is counted only."""


@dataclass(slots=True)
class Record:
    """A memory: ``key`` is its place in the store, ``id`` its public name; times are epoch milliseconds.

    ``importance`` is the base value it was given; how much is left of it is always computed.
    ``count`` says how often the same thing was stored; ``episode`` is the episode it belongs to, or 0.
    ``arousal`` in [0, 1] is how stirred whoever said it was. ``said`` holds when it was said, oldest first;
    of something said once, and that at ``created_at``, it is empty.
    """

    key: int
    id: str
    content: str
    type: str
    metadata: dict[str, Any]
    importance: float
    tier: Tier
    created_at: int
    last_access: int
    access_count: int = 0
    count: int = 1
    episode: int = 0
    arousal: float = 0.0
    said: tuple[int, ...] = ()
    user: str | None = field(init=False)
    conversation: str | None = field(init=False)
    _same: bytes | None = field(init=False, default=None, repr=False, compare=False)

    def __post_init__(self) -> None:
        self.user = self.metadata.get("user") or None
        self.conversation = self.metadata.get("conversation") or None
        self.said = tuple(self.said)

    @property
    def times_said(self) -> tuple[int, ...]:
        """When it was said, oldest first."""
        return self.said or (self.created_at,)

    def say(self, moment: int) -> None:
        """Note that it was said once more; of many times the first and the latest are kept."""
        times = sorted((*self.times_said, moment))
        self.said = (times[0], *times[1:][1 - MAX_SAID :])
        self.created_at = times[0]

    def unsay(self) -> None:
        """Take back that it was said the last time."""
        if len(self.said) > 1:
            self.said = self.said[:-1]

    @property
    def asks(self) -> bool:
        """Whether it holds a question."""
        return asks(self.content)

    def pack(self) -> bytes:
        """As msgpack, for the store; deflated once it is kept for long."""
        row = bytes(
            msgpack.packb(
                [
                    self.id,
                    self.content,
                    self.type,
                    self.metadata,
                    self.importance,
                    self.tier,
                    self.created_at,
                    self.last_access,
                    self.access_count,
                    self.count,
                    self.episode,
                    self.arousal,
                    self.said,
                ]
            )
        )
        return deflated(row) if self.tier == "long_term" else row

    @classmethod
    def unpack(cls, key: int, data: bytes) -> Self:
        """From what :meth:`pack` gave; rows of earlier versions lack what came last."""
        return cls(key, *msgpack.unpackb(inflated(data)))

    def repeat(self, again: Record) -> None:
        """The same was said again: it counts, it is recent, and what is new about it is kept.

        It is as old as the first time it was said, whichever came in first.
        """
        self.count += 1
        self.importance = max(self.importance, again.importance)
        self.arousal = max(self.arousal, again.arousal)
        self.last_access = max(self.last_access, again.created_at)
        if not self.said:
            self.created_at = min(self.created_at, again.created_at)
        self.metadata = {**again.metadata, **self.metadata}
        self.conversation = self.metadata.get("conversation") or None

    def same_key(self) -> bytes:
        """Under what a repetition is found: the same statement, by the same user, of the same type."""
        if self._same is None:
            self._same = same_key(self.content, self.type, self.user)
        return self._same


def asks(content: str) -> bool:
    """Whether a line holds a question."""
    return "?" in content or "\uff1f" in content


def same_key(content: str, kind: str, user: str | None) -> bytes:
    """Digest under which two memories are one."""
    parts = (same_statement_key(content), kind, user_key(user or ""))
    return blake2b("\0".join(parts).encode(), digest_size=16).digest()


def public_id(key: int, content: str, created_at: int) -> str:
    """A public id that no other memory has, here or in a store this one is copied to."""
    digest = blake2b(f"{key}\0{created_at}\0{content}".encode(), digest_size=8)
    return f"mem-{digest.hexdigest()}"


def check_content(content: object) -> str:
    """Return ``content`` as it will be stored, without lone surrogates.

    Raises:
        InputError: it is no string, blank, or longer than 100,000 characters.
    """
    if not isinstance(content, str) or not content.strip():
        raise InputError("content", content, "give a string that is not blank")
    if len(content) > MAX_CONTENT:
        raise InputError("content", content, f"give at most {MAX_CONTENT:,} characters")
    return encodable(content)


def encodable(text: str) -> str:
    """``text`` with a question mark for each lone surrogate, which has no UTF-8 form."""
    return text.encode("utf-8", "replace").decode("utf-8")


def check_type(value: object, name: str = "memory_type") -> str:
    """Return ``value`` if it can be the type of a memory.

    Raises:
        InputError: it is no string, blank, longer than 100 characters, or holds a lone surrogate.
    """
    if not isinstance(value, str) or not value.strip() or len(value) > MAX_TYPE or not is_encodable(value):
        raise InputError(name, value, f"give a name of 1 to {MAX_TYPE} characters")
    return value


def check_importance(importance: object, name: str = "importance") -> float:
    """Return ``importance`` as a float; ``name`` is that of the argument.

    Raises:
        InputError: it is not a number in [0, 1].
    """
    number = isinstance(importance, int | float) and not isinstance(importance, bool)
    if not number or not 0 <= importance <= 1:  # type: ignore[operator]  # NaN fails it as well
        raise InputError(name, importance, "give a number from 0 to 1")
    return float(importance)  # type: ignore[arg-type]


def check_metadata(metadata: object) -> dict[str, Any]:
    """Return a plain copy of ``metadata``; lone surrogates in its texts are replaced, as in contents.

    Raises:
        InputError: it is not a mapping of strings to JSON values, holds more than a million characters
            (each value counting as 20), or ``user`` or ``conversation`` in it cannot name one. An empty
            name is none.
    """
    if metadata is None:
        return {}
    if not isinstance(metadata, Mapping):
        raise InputError("metadata", metadata, "give a mapping or None")
    room = [MAX_METADATA]
    plain = {_name(name): _plain(value, f"metadata.{name}", room) for name, value in metadata.items()}
    user, conversation = metadata.get("user"), metadata.get("conversation")  # before anything was replaced
    if user is not None and user != "":
        check_name(user, "metadata.user")
    if conversation is not None and not (isinstance(conversation, str) and is_encodable(conversation)):
        raise InputError("metadata.conversation", conversation, "give text")
    return plain


def to_ms(moment: datetime) -> int:
    """Epoch milliseconds of an aware moment."""
    return round(moment.timestamp() * 1000)


def from_ms(ms: int) -> datetime:
    """The aware UTC moment of epoch milliseconds."""
    return datetime.fromtimestamp(ms / 1000, UTC)


def _name(name: object) -> str:
    if not isinstance(name, str):
        raise InputError("metadata", name, "name its entries by strings")
    if not is_encodable(name):
        raise InputError("metadata", name, "leave lone surrogates out of its names")
    return name


def _plain(value: Any, where: str, room: list[int], depth: int = 0) -> Any:
    """A plain copy of ``value``; ``room`` holds how many characters there may still be."""
    texts = value if isinstance(value, Mapping) else (value,)
    room[0] -= VALUE + sum(len(text) for text in texts if isinstance(text, str))
    if room[0] < 0:
        hint = f"give at most {MAX_METADATA:,} characters of metadata in all, {VALUE} more for each value"
        raise InputError(where, value, hint)
    if depth > 8:
        raise InputError(where, value, "nest it less deeply")
    if isinstance(value, float) and not math.isfinite(value):
        raise InputError(where, value, "JSON has no NaN or infinity")
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) >= 2**63:
        raise InputError(where, value, "give numbers of 64 bits")
    if isinstance(value, str):
        return encodable(value)
    if isinstance(value, int | float | bool | None):
        return value
    if isinstance(value, Mapping):
        return {_name(k): _plain(v, f"{where}.{k}", room, depth + 1) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item, where, room, depth + 1) for item in value]
    raise InputError(where, value, "give JSON values: text, numbers, lists, mappings")
