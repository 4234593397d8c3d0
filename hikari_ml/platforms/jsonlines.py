"""Chat as JSON lines from a pipe, a file or standard input: any program can be a source.

A line is one JSON object. Without a ``type`` it is a message (``username``, ``text``, and what
:mod:`hikari_ml.platforms.replay` knows); ``type`` names the other events. ``timestamp`` may be left out.
"""

from __future__ import annotations

import asyncio
import json
import os
import secrets
import sys
import threading
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from hikari_ml.chat import (
    ChatEvent,
    ChatMessage,
    MessageDeleted,
    Raid,
    StreamState,
    UserCleared,
    ViewerCount,
)
from hikari_ml.errors import HikariError, InputError, SourceError
from hikari_ml.platforms.lines import LineBuffer
from hikari_ml.platforms.replay import MAX_LINE, as_id, read_message
from hikari_ml.platforms.source import CAPACITY, ChatSource
from hikari_ml.times import parse

STDIN: Final = "-"
CHUNK: Final = 65_536
AHEAD: Final = 4
"""Chunks that are read ahead of what is taken."""


class JsonLinesSource(ChatSource):
    """The events that a file, a pipe or standard input (``-``) holds, a line each.

    A sender that is faster than we read has to wait: nothing is dropped. A line that cannot be used is
    counted, and named with its number in ``counts.problems``. A message without an id gets one, so that it
    can be withdrawn.

    Raises (on iterating):
        SourceError: the file cannot be read.
    """

    once = True

    def __init__(self, path: str | Path, channel: str = "default", *, capacity: int = CAPACITY) -> None:
        super().__init__(f"jsonl:{path}", channel, capacity=capacity)
        self._path = path

    async def _run(self) -> None:
        lines, number, run = LineBuffer(MAX_LINE), 0, secrets.token_hex(4)
        async for chunk in _chunks(self._path, self.name):
            for line in lines.feed(chunk) if chunk else lines.end():
                number += 1
                if line is None or line.strip():
                    await self._line(line, number, run)

    async def _line(self, line: bytes | None, number: int, run: str) -> None:
        try:
            if line is None:
                raise InputError("line", "…", f"it is longer than {MAX_LINE:,} bytes")
            event = read_row(json.loads(line), self.channel, datetime.now(UTC))
        except HikariError as error:
            self.counts.bad(f"line {number}: {error}")
        except (ValueError, RecursionError) as error:
            self.counts.bad(f"line {number}: not JSON: {error}")
        else:
            if isinstance(event, ChatMessage) and event.id is None:
                event = replace(event, id=f"{run}-{number}")
            await self.hand(event)


def read_row(row: object, channel: str, now: datetime) -> ChatEvent:
    """The event of a JSON object, which has the time ``now`` unless it brings its own.

    Raises:
        InputError: its type is unknown, or a key is missing or is not what it has to be.
    """
    if not isinstance(row, dict):
        raise InputError("line", row, "give a JSON object")
    at = parse(row["timestamp"]) if row.get("timestamp") is not None else now
    kind = row.get("type", "message")
    reader = _READERS.get(kind) if isinstance(kind, str) else None
    if reader is None:
        raise InputError("type", kind, f"give one of {', '.join(_READERS)}")
    return reader(row, channel, at)


def _deleted(row: Mapping[str, Any], channel: str, at: datetime) -> ChatEvent:
    return MessageDeleted(at, as_id(_needed(row, "message_id")), channel=channel)


def _cleared(row: Mapping[str, Any], channel: str, at: datetime) -> ChatEvent:
    if not {"username", "user_id"} & row.keys():
        raise InputError("line", sorted(row), "it lacks 'username'; null there clears the whole chat")
    return UserCleared(
        at, row.get("username"), row.get("seconds"), user_id=as_id(row.get("user_id")), channel=channel
    )


def _raid(row: Mapping[str, Any], channel: str, at: datetime) -> ChatEvent:
    return Raid(at, _needed(row, "username"), _needed(row, "viewers"), channel=channel)


def _viewers(row: Mapping[str, Any], channel: str, at: datetime) -> ChatEvent:
    return ViewerCount(at, _needed(row, "value"), channel=channel)


def _stream(row: Mapping[str, Any], channel: str, at: datetime) -> ChatEvent:
    return StreamState(at, row.get("live"), row.get("title"), row.get("game"), channel=channel)


_READERS: Final[Mapping[str, Callable[[Mapping[str, Any], str, datetime], ChatEvent]]] = {
    "message": read_message,
    "deleted": _deleted,
    "cleared": _cleared,
    "raid": _raid,
    "viewers": _viewers,
    "stream": _stream,
}


def _needed(row: Mapping[str, Any], name: str) -> Any:
    if name not in row:
        raise InputError("line", sorted(row), f"it lacks {name!r}")
    return row[name]


async def _chunks(path: str | Path, name: str) -> AsyncIterator[bytes]:
    """What ``path`` holds as it comes; an empty chunk is the end.

    A thread of its own reads, because a terminal and a pipe may keep silent for hours and a file cannot be
    waited for otherwise. It is a daemon, which a read that never returns does not keep from ending.

    Raises:
        SourceError: it cannot be read.
    """
    loop = asyncio.get_running_loop()
    arrived: asyncio.Queue[bytes | OSError] = asyncio.Queue()
    room, left = threading.Semaphore(AHEAD), threading.Event()
    target = (path, loop, arrived, room, left)
    threading.Thread(target=_read, args=target, name=f"hikari-{name}", daemon=True).start()
    try:
        while True:
            chunk = await arrived.get()
            if isinstance(chunk, OSError):
                raise SourceError(name, f"cannot be read: {chunk.strerror or chunk}")
            yield chunk
            room.release()
            if not chunk:
                return
    finally:
        left.set()
        room.release()


def _read(
    path: str | Path,
    loop: asyncio.AbstractEventLoop,
    arrived: asyncio.Queue[bytes | OSError],
    room: threading.Semaphore,
    left: threading.Event,
) -> None:
    """The thread: hand over chunks while there is room; it reads the descriptor, so it holds no lock."""
    chunk: bytes | OSError = b"-"
    own = None
    try:
        file = sys.stdin.fileno() if str(path) == STDIN else os.open(path, os.O_RDONLY)
        own = None if str(path) == STDIN else file
        while chunk:
            room.acquire()
            if left.is_set():
                return
            chunk = os.read(file, CHUNK)
            _hand(loop, arrived, chunk)
    except (OSError, ValueError) as error:
        _hand(loop, arrived, error if isinstance(error, OSError) else OSError(str(error)))
    finally:
        if own is not None:
            os.close(own)


def _hand(
    loop: asyncio.AbstractEventLoop, arrived: asyncio.Queue[bytes | OSError], chunk: bytes | OSError
) -> None:
    try:
        loop.call_soon_threadsafe(arrived.put_nowait, chunk)
    except RuntimeError:  # the loop is closed, and nobody waits any more
        return
