"""What comes out of a live chat, as plain immutable data."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import KW_ONLY, dataclass, field
from datetime import UTC, datetime

from hikari_ml.errors import InputError
from hikari_ml.times import as_utc

MAX_NAME: int = 200
"""Longest user or channel name taken; platforms allow about 50 characters."""


@dataclass(frozen=True, slots=True)
class EmoteSpan:
    """An emote the platform marked: ``text[start:end]`` of its message, by code points."""

    name: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class ChatMessage:
    """One chat message.

    ``timestamp`` None means now; a naive one is taken as local time and warned about. ``text`` may be
    empty. ``badges`` and ``roles`` are names such as ``subscriber/18`` and ``moderator``.

    Raises:
        InputError: a field is not what it says, or ``username`` is blank.
    """

    username: str
    text: str
    timestamp: datetime = field(default=None)  # type: ignore[assignment]  # None is replaced below
    _: KW_ONLY
    id: str | None = None
    channel: str = "default"
    badges: tuple[str, ...] = ()
    emotes: tuple[EmoteSpan, ...] = ()
    roles: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        check_name(self.username, "username")
        check_name(self.channel, "channel")
        check_text(self.text)
        if self.id is not None and not isinstance(self.id, str):
            raise InputError("id", self.id, "give a string or None")
        moment = datetime.now(UTC) if self.timestamp is None else as_utc(self.timestamp)
        object.__setattr__(self, "timestamp", moment)
        for name, kind in (("badges", str), ("emotes", EmoteSpan), ("roles", str)):
            object.__setattr__(self, name, _tuple_of(kind, getattr(self, name), name))


def _tuple_of(kind: type, values: object, name: str) -> tuple[object, ...]:
    if isinstance(values, str) or not isinstance(values, Iterable):
        raise InputError(name, values, f"give a sequence of {kind.__name__}")
    found = tuple(values)
    if not all(isinstance(value, kind) for value in found):
        raise InputError(name, values, f"give a sequence of {kind.__name__}")
    return found


def check_text(text: object, what: str = "text") -> str:
    """Return ``text`` if it is a string.

    Raises:
        InputError: it is not.
    """
    if not isinstance(text, str):
        raise InputError(what, text, "give a string")
    return text


def check_name(name: object, what: str) -> str:
    """Return ``name`` if it can name a user or a channel: text, not blank, at most 200 characters.

    Raises:
        InputError: it cannot.
    """
    if not isinstance(name, str) or not name.strip() or len(name) > MAX_NAME or not is_encodable(name):
        raise InputError(what, name, f"give a name of 1 to {MAX_NAME} characters")
    return name


def is_encodable(text: str) -> bool:
    """Whether ``text`` can be written as UTF-8: it holds no lone surrogate."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def user_key(username: str) -> str:
    """What identifies a user wherever people are counted or remembered: case is only shown."""
    return username.casefold()
