"""IRC lines with message tags; pure (RFC 1459 section 2.3.1, ircv3.net/specs/extensions/message-tags)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from hikari_ml.errors import InputError

MAX_LINE: Final = 16_384
"""Longest line taken, in bytes: 8,191 of tags, 512 of message, and as much again to be lenient."""

MAX_TAGS: Final = 200
ESCAPES: Final[Mapping[str, str]] = {":": ";", "s": " ", "\\": "\\", "r": "\r", "n": "\n"}


@dataclass(frozen=True, slots=True)
class IrcMessage:
    """One line: ``tags`` unescaped, ``nick`` of the sender (empty for none), ``command``, ``params``."""

    tags: Mapping[str, str]
    nick: str
    command: str
    params: tuple[str, ...]

    @property
    def trailing(self) -> str:
        """The last parameter, which carries the text; empty if there is none."""
        return self.params[-1] if self.params else ""


def parse_line(line: bytes) -> IrcMessage:
    """Read a line without its end; bytes that are no UTF-8 become U+FFFD.

    Raises:
        InputError: it has no command.
    """
    text = line.decode("utf-8", "replace")
    rest, tags, nick = text, "", ""
    if rest.startswith("@"):
        tags, _, rest = rest[1:].partition(" ")
        rest = rest.lstrip(" ")
    if rest.startswith(":"):
        prefix, _, rest = rest[1:].partition(" ")
        nick = re.split("[!@]", prefix, maxsplit=1)[0]
    command, params = _parts(rest)
    if not re.fullmatch(r"[A-Za-z]+|\d{3}", command):
        raise InputError("line", text, "an IRC line has a command of letters or three digits")
    return IrcMessage(parse_tags(tags), nick, command.upper(), params)


def parse_tags(text: str) -> dict[str, str]:
    r"""``a=1;b=x\sy`` as a dict; of a key given twice the last counts, as IRCv3 says; 200 at most."""
    tags = {}
    for part in text.split(";", MAX_TAGS)[:MAX_TAGS]:
        key, _, value = part.partition("=")
        if key:
            tags[key] = unescape(value)
    return tags


def unescape(value: str) -> str:
    r"""A tag's value as it was meant: ``\s`` is a space; a lone backslash at the end falls away."""
    if "\\" not in value:
        return value
    return re.sub(r"\\(.?)", lambda found: ESCAPES.get(found[1], found[1]), value, flags=re.DOTALL)


def _parts(rest: str) -> tuple[str, tuple[str, ...]]:
    head, colon, trailing = rest.partition(" :")
    command, *params = head.split() or [""]
    if colon:
        params.append(trailing)
    return command, tuple(params)
