"""What Twitch EventSub sends, as chat events; pure (dev.twitch.tv/docs/eventsub).

Frames of the WebSocket come in as text, and are read into a :class:`Frame`; its event into a chat event.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from hikari_ml.chat import (
    ChatEvent,
    ChatMessage,
    EmoteSpan,
    MessageDeleted,
    Raid,
    StreamState,
    UserCleared,
)
from hikari_ml.errors import InputError
from hikari_ml.platforms.twitch_irc import PLATFORM, roles_of, shown_name
from hikari_ml.times import parse

CLOSE_REASONS: Final[Mapping[int, str]] = {
    4000: "Twitch has an internal error",
    4001: "Twitch says that we sent something",
    4002: "Twitch got no answer to its ping",
    4003: "nothing was subscribed in time",
    4004: "the connection was not moved in time",
    4005: "Twitch's network timed out",
    4006: "Twitch's network failed",
    4007: "Twitch does not know the address it asked us to move to",
}
"""What EventSub's own close codes mean."""


@dataclass(frozen=True, slots=True)
class Frame:
    """One message of the WebSocket; ``kind`` is its type, ``about`` the type of subscription it concerns."""

    id: str
    kind: str
    about: str
    at: datetime
    payload: Mapping[str, Any]

    def text(self, *path: str) -> str:
        """A text in the payload; empty where there is none."""
        found: Any = self.payload
        for name in path:
            found = found.get(name) if isinstance(found, dict) else None
        return found if isinstance(found, str) else ""


def read_frame(text: str | bytes) -> Frame:
    """Read a frame.

    Raises:
        InputError: it is not what EventSub sends.
    """
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InputError("frame", text, "EventSub sends JSON") from error
    meta, payload = _object(found, "metadata"), _object(found, "payload")
    names = [meta.get(name) for name in ("message_id", "message_type")]
    if not all(isinstance(name, str) and name for name in names):
        raise InputError("metadata", meta, "it has a message_id and a message_type")
    return Frame(
        str(names[0]),
        str(names[1]),
        str(meta.get("subscription_type", "")),
        parse(_text(meta, "message_timestamp"), "message_timestamp"),
        payload,
    )


def keepalive_seconds(welcome: Frame) -> float | None:
    """The longest silence that a welcome promises; None if it does not say."""
    session = welcome.payload.get("session")
    seconds = session.get("keepalive_timeout_seconds") if isinstance(session, dict) else None
    fits = isinstance(seconds, int | float) and 0 < seconds < 3600
    return float(seconds) if fits and seconds is not None else None


def wanted(broadcaster: str, user: str) -> list[dict[str, Any]]:
    """The subscriptions asked for; the first is the chat itself, without which there is no listening."""
    room = {"broadcaster_user_id": broadcaster}
    chat = {**room, "user_id": user}
    return [
        {"type": name, "version": version, "condition": condition}
        for name, version, condition in (
            ("channel.chat.message", "1", chat),
            ("channel.chat.message_delete", "1", chat),
            ("channel.chat.clear", "1", chat),
            ("channel.chat.clear_user_messages", "1", chat),
            ("channel.raid", "1", {"to_broadcaster_user_id": broadcaster}),
            ("stream.online", "1", room),
            ("stream.offline", "1", room),
            ("channel.update", "2", room),
        )
    ]


def read_event(frame: Frame, channel: str) -> ChatEvent | None:
    """The event of a notification; None for a type that is not ours.

    Raises:
        InputError: a part of it is not what it has to be.
    """
    reader = _READERS.get(frame.about)
    return reader(_object(frame.payload, "event"), channel, frame.at) if reader else None


def _message(event: Mapping[str, Any], channel: str, at: datetime) -> ChatEvent:
    said = _object(event, "message")
    badges = [badge for badge in _list(event, "badges") if isinstance(badge, dict)]
    worn = tuple(f"{badge.get('set_id', '')}/{badge.get('id', '')}" for badge in badges)
    reply, cheer = event.get("reply"), event.get("cheer")
    return ChatMessage(
        shown_name(_text(event, "chatter_user_name"), _text(event, "chatter_user_login")),
        _text(said, "text"),
        at,
        id=_text(event, "message_id"),
        channel=channel,
        badges=worn,
        roles=roles_of(worn),
        emotes=_emotes(said),
        platform=PLATFORM,
        user_id=_text(event, "chatter_user_id"),
        bits=_number(cheer, "bits") if isinstance(cheer, dict) else 0,
        reply_to=_text(reply, "parent_message_id") if isinstance(reply, dict) else None,
        first_message=event.get("message_type") == "user_intro",
    )


def _emotes(said: Mapping[str, Any]) -> tuple[EmoteSpan, ...]:
    """Emotes are fragments of their own; their texts one after another are the whole text."""
    found, start = [], 0
    for part in _list(said, "fragments"):
        text = _text(part, "text") if isinstance(part, dict) else ""
        if text and part.get("type") == "emote":
            found.append(EmoteSpan(text, start, start + len(text)))
        start += len(text)
    return tuple(found) if start == len(_text(said, "text")) else ()


def _deleted(event: Mapping[str, Any], channel: str, at: datetime) -> ChatEvent:
    return MessageDeleted(at, _text(event, "message_id"), channel=channel)


def _chat_cleared(_event: Mapping[str, Any], channel: str, at: datetime) -> ChatEvent:
    return UserCleared(at, channel=channel)


def _user_cleared(event: Mapping[str, Any], channel: str, at: datetime) -> ChatEvent:
    name, user = _text(event, "target_user_login"), _text(event, "target_user_id")
    return UserCleared(at, name, user_id=user, channel=channel)


def _raid(event: Mapping[str, Any], channel: str, at: datetime) -> ChatEvent:
    login, name = (_text(event, f"from_broadcaster_user_{part}") for part in ("login", "name"))
    return Raid(at, shown_name(name, login), _number(event, "viewers"), channel=channel)


def _online(_event: Mapping[str, Any], channel: str, at: datetime) -> ChatEvent:
    return StreamState(at, live=True, channel=channel)


def _offline(_event: Mapping[str, Any], channel: str, at: datetime) -> ChatEvent:
    return StreamState(at, live=False, channel=channel)


def _updated(event: Mapping[str, Any], channel: str, at: datetime) -> ChatEvent:
    return StreamState(
        at, title=_text(event, "title"), game=_text(event, "category_name") or None, channel=channel
    )


_READERS: Final[Mapping[str, Callable[[Mapping[str, Any], str, datetime], ChatEvent]]] = {
    "channel.chat.message": _message,
    "channel.chat.message_delete": _deleted,
    "channel.chat.clear": _chat_cleared,
    "channel.chat.clear_user_messages": _user_cleared,
    "channel.raid": _raid,
    "stream.online": _online,
    "stream.offline": _offline,
    "channel.update": _updated,
}


def _object(found: object, name: str) -> dict[str, Any]:
    inner = found.get(name) if isinstance(found, dict) else None
    if not isinstance(inner, dict):
        raise InputError(name, inner, "EventSub sends an object here")
    return inner


def _list(found: Mapping[str, Any], name: str) -> list[Any]:
    inner = found.get(name)
    return inner if isinstance(inner, list) else []


def _text(found: Mapping[str, Any], name: str) -> str:
    text = found.get(name)
    if not isinstance(text, str):
        raise InputError(name, text, "EventSub sends a text here")
    return text


def _number(found: Mapping[str, Any], name: str) -> int:
    number = found.get(name)
    if not isinstance(number, int) or isinstance(number, bool) or number < 0:
        raise InputError(name, number, "EventSub sends a whole number here")
    return number
