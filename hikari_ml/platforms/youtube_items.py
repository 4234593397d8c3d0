"""What YouTube's live chat API answers, as chat events; pure (developers.google.com/youtube/v3/live/docs)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final

from hikari_ml.chat import ChatEvent, ChatMessage, MessageDeleted, Money, UserCleared
from hikari_ml.errors import InputError
from hikari_ml.times import parse

PLATFORM: Final = "youtube"
SHORTEST_PAUSE: Final = 1.0
LONGEST_PAUSE: Final = 60.0
DEFAULT_PAUSE: Final = 5.0

ROLES: Final[Mapping[str, str]] = {
    "isChatOwner": "broadcaster",
    "isChatModerator": "moderator",
    "isChatSponsor": "subscriber",
}
"""What the marks of an author make of them; a member is what other platforms call a subscriber."""

TEXTS: Final[Mapping[str, tuple[str, str]]] = {
    "textMessageEvent": ("textMessageDetails", "messageText"),
    "superChatEvent": ("superChatDetails", "userComment"),
    "memberMilestoneChatEvent": ("memberMilestoneChatDetails", "userComment"),
    "fanFundingEvent": ("fanFundingEventDetails", "userComment"),
}
"""Types of items that somebody wrote, and where their text is."""

ENDED: Final = "chatEndedEvent"


def read_item(
    item: Mapping[str, Any], channel: str, now: datetime, *, is_history: bool = False
) -> ChatEvent | None:
    """The event that an item of ``liveChatMessages.list`` stands for; None for a type that is not ours.

    Raises:
        InputError: a part of it is not what it has to be.
    """
    snippet = _object(item, "snippet")
    kind = _text(snippet, "type")
    at = parse(_text(snippet, "publishedAt"), "publishedAt") if snippet.get("publishedAt") else now
    if kind in TEXTS:
        return _message(item, snippet, channel, at, is_history=is_history)
    reader = _READERS.get(kind)
    return reader(snippet, channel, at) if reader else None


def polling_seconds(answer: Mapping[str, Any]) -> float:
    """How long to wait before the next page, as YouTube says."""
    wait = answer.get("pollingIntervalMillis")
    if not isinstance(wait, int | float) or isinstance(wait, bool) or not wait > 0:
        return DEFAULT_PAUSE
    return min(LONGEST_PAUSE, max(SHORTEST_PAUSE, wait / 1000))


def items_of(answer: Mapping[str, Any]) -> list[Any]:
    """The items of an answer; none where there are none."""
    items = answer.get("items")
    return items if isinstance(items, list) else []


def _message(
    item: Mapping[str, Any], snippet: Mapping[str, Any], channel: str, at: datetime, *, is_history: bool
) -> ChatMessage:
    author = _object(item, "authorDetails")
    kind = _text(snippet, "type")
    where, name = TEXTS[kind]
    details = snippet.get(where)
    text = details.get(name) if isinstance(details, dict) else None
    return ChatMessage(
        _text(author, "displayName"),
        text if isinstance(text, str) else "",
        at,
        id=_text(item, "id"),
        channel=channel,
        badges=("verified/1",) if author.get("isVerified") is True else (),
        roles=tuple(role for mark, role in ROLES.items() if author.get(mark) is True),
        platform=PLATFORM,
        user_id=_text(author, "channelId"),
        money=_money(details) if isinstance(details, dict) else None,
        is_history=is_history,
    )


def _money(details: Mapping[str, Any]) -> Money | None:
    """Google writes 64-bit numbers as strings: millionths of the currency's unit."""
    micros = details.get("amountMicros")
    if micros is None:
        return None
    return Money(_number(micros, "amountMicros") / 1_000_000, _text(details, "currency"))


def _deleted(snippet: Mapping[str, Any], channel: str, at: datetime) -> ChatEvent:
    details = _object(snippet, "messageDeletedDetails")
    return MessageDeleted(at, _text(details, "deletedMessageId"), channel=channel)


def _banned(snippet: Mapping[str, Any], channel: str, at: datetime) -> ChatEvent:
    details = _object(snippet, "userBannedDetails")
    user = _object(details, "bannedUserDetails")
    seconds = details.get("banDurationSeconds")
    return UserCleared(
        at,
        _text(user, "displayName"),
        _number(seconds, "banDurationSeconds") if seconds is not None else None,
        user_id=_text(user, "channelId"),
        channel=channel,
    )


_READERS: Final[Mapping[str, Callable[[Mapping[str, Any], str, datetime], ChatEvent]]] = {
    "messageDeletedEvent": _deleted,
    "userBannedEvent": _banned,
}


def _object(found: object, name: str) -> dict[str, Any]:
    inner = found.get(name) if isinstance(found, dict) else None
    if not isinstance(inner, dict):
        raise InputError(name, inner, "YouTube sends an object here")
    return inner


def _text(found: Mapping[str, Any], name: str) -> str:
    text = found.get(name)
    if not isinstance(text, str):
        raise InputError(name, text, "YouTube sends a text here")
    return text


def _number(value: object, name: str) -> float:
    if isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) < 20:
        value = int(value)
    if not isinstance(value, int | float) or isinstance(value, bool) or value < 0:
        raise InputError(name, value, "YouTube sends a number here")
    return float(value)
