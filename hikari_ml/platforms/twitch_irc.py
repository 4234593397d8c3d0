"""What Twitch says over IRC, as chat events; pure (dev.twitch.tv/docs/chat/irc).

Bytes and the time go in, events and answers come out; the socket is in :mod:`hikari_ml.platforms.twitch`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

from hikari_ml.chat import ChatEvent, ChatMessage, EmoteSpan, MessageDeleted, Raid, UserCleared, user_key
from hikari_ml.errors import HikariError, InputError, SourceError
from hikari_ml.platforms.irc import MAX_LINE, IrcMessage, parse_line
from hikari_ml.platforms.lines import LineBuffer
from hikari_ml.platforms.source import Counts, RecentIds

PLATFORM: Final = "twitch"
ACTION: Final = "\x01ACTION "
"""How the text of ``/me`` begins; it ends with the byte 1."""

ROLES: Final[Mapping[str, str]] = {
    "broadcaster": "broadcaster",
    "moderator": "moderator",
    "lead_moderator": "moderator",
    "vip": "vip",
    "subscriber": "subscriber",
    "founder": "subscriber",
    "staff": "staff",
    "admin": "staff",
    "global_mod": "staff",
}
"""What a badge makes of who wears it."""

_NAME = re.compile(r"[a-z0-9_]{1,25}", re.ASCII)
_MOST_EMOTES: Final = 500


def channel_name(text: str) -> str:
    """The login name of a channel; a leading ``#`` or ``@`` and case do not matter.

    Raises:
        InputError: no channel can be called so.
    """
    name = text.strip().lstrip("#@").casefold()
    if not _NAME.fullmatch(name):
        raise InputError("channel", text, "a Twitch channel has 1 to 25 letters, digits and _")
    return name


def opening(channel: str, nick: str) -> bytes:
    """What is sent first: tags and commands are asked for, an anonymous login, the channel."""
    return (
        f"CAP REQ :twitch.tv/tags twitch.tv/commands\r\nPASS SCHMOOPIIE\r\nNICK {nick}\r\nJOIN #{channel}\r\n"
    ).encode()


@dataclass(slots=True)
class Heard:
    """What some bytes came to: events, what to answer, and whether the server wants us to connect anew."""

    events: list[ChatEvent] = field(default_factory=list)
    answers: list[bytes] = field(default_factory=list)
    joined: bool = False
    reconnect: bool = False


class TwitchChat:
    """One connection to the chat of ``channel``; ``seen`` and ``counts`` outlive it."""

    def __init__(self, channel: str, counts: Counts, seen: RecentIds) -> None:
        self._channel = channel
        self._counts = counts
        self._seen = seen
        self._lines = LineBuffer(MAX_LINE)

    def feed(self, data: bytes, now: datetime) -> Heard:
        """Read bytes as they come; a line that cannot be used is counted and skipped.

        Raises:
            SourceError: the server refuses us for good.
        """
        heard = Heard()
        for line in self._lines.feed(data):
            if line is None:
                self._counts.bad(f"a line longer than {MAX_LINE:,} bytes")
            elif line:
                self._line(line, now, heard)
        return heard

    def _line(self, line: bytes, now: datetime, heard: Heard) -> None:
        try:
            found = parse_line(line)
            if found.command == "PING":
                heard.answers.append(f"PONG :{found.trailing}\r\n".encode())
            elif found.command == "RECONNECT":
                heard.reconnect = True
            elif found.command in ("ROOMSTATE", "366"):
                heard.joined = heard.joined or self._is_ours(found)
            elif found.command == "NOTICE":
                self._notice(found)
            elif found.command in _READERS and self._is_ours(found):
                self._event(found, now, heard)
        except SourceError:
            raise
        except (HikariError, ValueError, OverflowError, OSError) as error:
            self._counts.bad(str(error))

    def _event(self, found: IrcMessage, now: datetime, heard: Heard) -> None:
        event = _READERS[found.command](found, self._channel, now)
        if event is None:
            self._counts.ignored += 1
        elif isinstance(event, ChatMessage) and event.id is not None and not self._seen.is_new(event.id):
            self._counts.duplicates += 1
        else:
            heard.events.append(event)

    def _is_ours(self, found: IrcMessage) -> bool:
        return f"#{self._channel}" in (param.casefold() for param in found.params[:2])

    def _notice(self, found: IrcMessage) -> None:
        refusals = ("msg_channel_suspended", "msg_banned", "tos_ban")
        refused = found.tags.get("msg-id") in refusals or "authentication failed" in found.trailing
        if refused:
            raise SourceError(f"twitch:{self._channel}", f"Twitch says: {found.trailing[:200]}")


def read_message(found: IrcMessage, channel: str, now: datetime) -> ChatMessage:
    """A PRIVMSG, or the text somebody wrote with a subscription.

    Raises:
        InputError: a part of it is not what it has to be.
    """
    tags, text = found.tags, found.trailing
    if text.startswith(ACTION):
        text = text.removeprefix(ACTION).removesuffix("\x01")
    badges = tuple(part for part in tags.get("badges", "").split(",") if part)
    login = tags.get("login") or found.nick
    return ChatMessage(
        shown_name(tags.get("display-name", ""), login),
        text,
        moment(tags.get("tmi-sent-ts"), now),
        id=tags.get("id") or None,
        channel=channel,
        badges=badges,
        roles=roles_of(badges),
        emotes=emotes_of(tags.get("emotes", ""), text),
        platform=PLATFORM,
        user_id=tags.get("user-id") or None,
        bits=_count(tags.get("bits", "")),
        reply_to=tags.get("reply-parent-msg-id") or None,
        first_message=tags.get("first-msg") == "1",
    )


def shown_name(display: str, login: str) -> str:
    """The display name where it is the login in other case, else the login, by which people are known."""
    return display if display and user_key(display) == user_key(login) else login


def roles_of(badges: Sequence[str]) -> tuple[str, ...]:
    """The roles that badges such as ``moderator/1`` stand for, each once."""
    return tuple(dict.fromkeys(ROLES[name] for badge in badges if (name := badge.split("/")[0]) in ROLES))


def emotes_of(tag: str, text: str) -> tuple[EmoteSpan, ...]:
    """``25:0-4,6-10/1902:12-16`` as spans in order; Twitch counts code points and includes the last.

    A span that does not lie in the text is left out.
    """
    found = []
    for start, end in re.findall(r"(?<![\d-])(\d{1,5})-(\d{1,5})(?![\d-])", tag, re.ASCII)[:_MOST_EMOTES]:
        first, last = int(start), int(end) + 1
        if first < last <= len(text):
            found.append(EmoteSpan(text[first:last], first, last))
    return tuple(sorted(found, key=lambda span: span.start))


def moment(milliseconds: str | None, now: datetime) -> datetime:
    """Epoch milliseconds as a moment; ``now`` where there are none."""
    return datetime.fromtimestamp(int(milliseconds) / 1000, UTC) if milliseconds else now


def _deleted(found: IrcMessage, channel: str, now: datetime) -> ChatEvent | None:
    target = found.tags.get("target-msg-id")
    if not target:
        raise InputError("target-msg-id", target, "a CLEARMSG names a message")
    return MessageDeleted(moment(found.tags.get("tmi-sent-ts"), now), target, channel=channel)


def _cleared(found: IrcMessage, channel: str, now: datetime) -> ChatEvent | None:
    tags, named = found.tags, len(found.params) > 1
    seconds = tags.get("ban-duration")
    return UserCleared(
        moment(tags.get("tmi-sent-ts"), now),
        found.trailing if named else None,
        float(_count(seconds)) if seconds else None,
        user_id=tags.get("target-user-id") or None,
        channel=channel,
    )


def _noticed(found: IrcMessage, channel: str, now: datetime) -> ChatEvent | None:
    """A raid, or what a subscriber wrote; other notices have nothing that chat said."""
    tags = found.tags
    if tags.get("msg-id") == "raid":
        name = shown_name(tags.get("msg-param-displayName", ""), tags.get("msg-param-login", ""))
        viewers = _count(tags.get("msg-param-viewerCount", ""))
        return Raid(moment(tags.get("tmi-sent-ts"), now), name, viewers, channel=channel)
    return read_message(found, channel, now) if len(found.params) > 1 else None


def _count(text: str) -> int:
    if text and not (text.isascii() and text.isdecimal() and len(text) < 12):
        raise InputError("count", text, "give a whole number of 0 or more")
    return int(text or 0)


_READERS: Final = {
    "PRIVMSG": read_message,
    "CLEARMSG": _deleted,
    "CLEARCHAT": _cleared,
    "USERNOTICE": _noticed,
}
