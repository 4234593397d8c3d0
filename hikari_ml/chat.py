"""What comes out of a live chat, as plain immutable data."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import KW_ONLY, dataclass, field
from datetime import UTC, datetime
from typing import Literal, get_args
from unicodedata import normalize

from hikari_ml.errors import InputError
from hikari_ml.times import as_utc

MAX_COUNT: int = 2**53
"""Largest count taken: beyond, a number is not the same in every language."""

MAX_NAME: int = 200
"""Longest user or channel name taken; platforms allow about 50 characters."""


@dataclass(frozen=True, slots=True)
class EmoteSpan:
    """An emote the platform marked: ``text[start:end]`` of its message, by code points."""

    name: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Money:
    """What somebody paid with a message: ``amount`` in whole units of ``currency`` (ISO 4217)."""

    amount: float
    currency: str

    def __post_init__(self) -> None:
        _check_at_least_0(self.amount, "amount")
        check_name(self.currency, "currency")


@dataclass(frozen=True, slots=True)
class ChatMessage:
    """One chat message.

    ``timestamp`` None means now; a naive one is taken as local time and warned about. ``text`` may be
    empty. ``badges`` and ``roles`` are names such as ``subscriber/18`` and ``moderator``. The rest is what a
    platform told: ``user_id`` stays when a name changes, ``reply_to`` is the id of the message answered,
    ``first_message`` marks the first one its author ever wrote here, and ``is_history`` one that was said
    before we listened.

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
    platform: str | None = None
    user_id: str | None = None
    bits: int = 0
    money: Money | None = None
    reply_to: str | None = None
    first_message: bool = False
    is_history: bool = False

    def __post_init__(self) -> None:
        check_name(self.username, "username")
        check_name(self.channel, "channel")
        check_text(self.text)
        for name in ("id", "platform", "user_id", "reply_to"):
            _check_optional(str, getattr(self, name), name)
        _check_optional(Money, self.money, "money")
        _check_count(self.bits, "bits")
        moment = datetime.now(UTC) if self.timestamp is None else as_utc(self.timestamp, between=2)
        object.__setattr__(self, "timestamp", moment)
        for name, kind in (("badges", str), ("emotes", EmoteSpan), ("roles", str)):
            object.__setattr__(self, name, _tuple_of(kind, getattr(self, name), name))


@dataclass(frozen=True, slots=True)
class MessageDeleted:
    """A moderator, or its author, took back the message with this id."""

    at: datetime
    message_id: str
    _: KW_ONLY
    channel: str = "default"

    def __post_init__(self) -> None:
        _check_event(self, self.at, self.channel)
        check_text(self.message_id, "message_id")

    def covers(self, message: ChatMessage) -> bool:
        """Whether ``message`` is the one taken back."""
        return self.message_id == message.id


@dataclass(frozen=True, slots=True)
class UserCleared:
    """All that ``username`` wrote was taken back; None is everybody: the whole chat was cleared.

    ``seconds`` is how long they may not write; None means for good, or that nothing was said of it.
    """

    at: datetime
    username: str | None = None
    seconds: float | None = None
    _: KW_ONLY
    user_id: str | None = None
    channel: str = "default"

    def __post_init__(self) -> None:
        _check_event(self, self.at, self.channel)
        _check_optional(str, self.user_id, "user_id")
        if self.username is not None:
            check_name(self.username, "username")
        if self.seconds is not None:
            _check_at_least_0(self.seconds, "seconds")

    def covers(self, message: ChatMessage) -> bool:
        """Whether ``message`` is one of those taken back: by id where both have one, else by name."""
        if self.username is None and self.user_id is None:
            return True
        if self.user_id is not None and message.user_id is not None:
            return self.user_id == message.user_id
        return self.username is not None and user_key(self.username) == user_key(message.username)


@dataclass(frozen=True, slots=True)
class Raid:
    """Another streamer, ``username``, sent their ``viewers`` over."""

    at: datetime
    username: str
    viewers: int
    _: KW_ONLY
    channel: str = "default"

    def __post_init__(self) -> None:
        _check_event(self, self.at, self.channel)
        check_name(self.username, "username")
        _check_count(self.viewers, "viewers")


@dataclass(frozen=True, slots=True)
class ViewerCount:
    """How many people watch at a moment."""

    at: datetime
    value: float
    _: KW_ONLY
    channel: str = "default"

    def __post_init__(self) -> None:
        _check_event(self, self.at, self.channel)
        _check_at_least_0(self.value, "value")


@dataclass(frozen=True, slots=True)
class StreamState:
    """The stream began, ended or changed; None is what was not told."""

    at: datetime
    live: bool | None = None
    title: str | None = None
    game: str | None = None
    _: KW_ONLY
    channel: str = "default"

    def __post_init__(self) -> None:
        _check_event(self, self.at, self.channel)
        _check_optional(bool, self.live, "live")
        _check_optional(str, self.title, "title")
        _check_optional(str, self.game, "game")


Connection = Literal["connected", "reconnecting", "gap"]


@dataclass(frozen=True, slots=True)
class SourceState:
    """How the way to the chat is; after a ``gap`` something may be missing, and ``reason`` says what."""

    at: datetime
    state: Connection
    reason: str = ""
    _: KW_ONLY
    channel: str = "default"

    def __post_init__(self) -> None:
        _check_event(self, self.at, self.channel)
        if self.state not in get_args(Connection):
            raise InputError("state", self.state, f"give one of {', '.join(get_args(Connection))}")
        check_text(self.reason, "reason")


ChatEvent = ChatMessage | MessageDeleted | UserCleared | Raid | ViewerCount | StreamState | SourceState
"""Everything a chat source tells of."""


def _check_event(event: object, at: datetime, channel: str) -> None:
    object.__setattr__(event, "at", as_utc(at, "at", between=3))
    check_name(channel, "channel")


def _check_optional(kind: type, value: object, name: str) -> None:
    if value is not None and not isinstance(value, kind):
        raise InputError(name, value, f"give a {kind.__name__} or None")


def _check_count(value: object, name: str) -> None:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= MAX_COUNT:
        raise InputError(name, value, f"give a whole number from 0 to {MAX_COUNT:,}")


def _check_at_least_0(value: object, name: str) -> None:
    if not isinstance(value, int | float) or isinstance(value, bool) or not 0 <= value < math.inf:
        raise InputError(name, value, "give a number of 0 or more")


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
    """What identifies a user wherever people are counted or remembered.

    Case is only shown, and so is whether an accent is a character of its own (Unicode's canonical
    equivalence, UAX 15).
    """
    if username.isascii():
        return username.casefold()
    return normalize("NFC", normalize("NFC", username).casefold())
