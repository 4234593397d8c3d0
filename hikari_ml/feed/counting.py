"""What a feed counts of itself: plain numbers for the pages of operations."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Literal

Refusal = Literal[
    "full",  # connections in all
    "address_full",  # connections of one address
    "host",  # Host or Origin is not allowed
    "rate",  # too many HTTP requests of one address
    "attempts",  # too many wrong tokens of one address
    "handshake",  # no HTTP request, or no WebSocket handshake
    "no_hello",  # nothing said in time
    "bad_hello",  # the first message is no hello
    "token",  # missing or wrong
    "channel",  # not served here
    "bad_message",  # a later message that cannot be read
    "messages",  # too many messages a second
    "flood",  # too many bytes a second, pings among them
    "protocol",  # broken WebSocket frames, text that is no UTF-8, messages too long
    "silent",  # no answer to a ping
]
"""Why somebody was turned away or sent away."""


@dataclass(slots=True)
class ChannelCounts:
    """Counted of one channel since it is served."""

    joined: int = 0
    resumed: int = 0
    """Joins that went on exactly where the client was."""
    not_recovered: int = 0
    """Joins that wanted to, and got a snapshot."""
    frames: int = 0
    """Frames of the feed, each counted once."""
    sent: int = 0
    """Frames handed to connections."""
    sent_bytes: int = 0
    snapshots: int = 0
    """Snapshots among them."""
    asked: int = 0
    """Times a client said that it lost its place."""
    degraded: int = 0
    cut_off: int = 0
    failed_snapshots: int = 0
    """States that could not be had or not be written."""
    failed_events: int = 0


@dataclass(slots=True)
class ServerCounts:
    """Counted of the port since it is open."""

    connections: int = 0
    messages: int = 0
    """Messages of clients, of whatever worth."""
    left: int = 0
    """Connections that ended well before a word was said."""
    ignored: int = 0
    """Messages of a type that is not known here."""
    refused: Counter[Refusal] = field(default_factory=Counter)
    http: Counter[int] = field(default_factory=Counter)
    """Answers to HTTP requests, by status."""
    failed_pages: int = 0
    """Pages that raised."""
