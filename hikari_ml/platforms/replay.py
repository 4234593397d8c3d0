"""Reading recorded chat: one JSON object a line, gzip or plain.

A line that cannot be used is reported with its number and skipped; a file that ends early gives what was
readable before. Nothing already read is ever lost to what comes after it.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
import math
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, BinaryIO, Final, cast

from hikari_ml.chat import ChatMessage, EmoteSpan
from hikari_ml.errors import HikariError, InputError, RecordingError
from hikari_ml.times import parse

MAX_LINE: Final = 1_000_000
"""Longest line taken, in bytes."""

MAX_PROBLEMS: Final = 100
"""Lines kept with what is wrong with them; all are counted."""

ASTRAY: Final = timedelta(hours=1)
"""How far ahead of both its neighbours, or behind both, a time has to lie to be taken for a mistake."""

LONGEST_PAUSE: Final = timedelta(days=30)
"""How far ahead of the others the last line may lie."""

GZIP: Final = b"\x1f\x8b"
CUT_SHORT: Final = "the file is cut short or damaged here"

TIME_COLUMNS: Final = ("timestamp", "t_utc", "at", "time")
COUNT_COLUMNS: Final = ("viewers", "viewer_count", "count", "value")


@dataclass(frozen=True, slots=True)
class Problem:
    """A line (1-based) that was skipped, and why."""

    line: int
    reason: str


@dataclass(slots=True)
class Recording:
    """A recorded chat; iterating reads it once, and collects ``problems`` on the way.

    ``is_cut`` once it is read: the file ends early, and more was in it.

    Raises (on iterating):
        RecordingError: the file is not there or cannot be opened.
    """

    path: Path
    channel: str = "default"
    problems: list[Problem] = field(default_factory=list)
    skipped: int = 0
    lines: int = 0
    is_cut: bool = False

    def __post_init__(self) -> None:
        self.path = Path(self.path)

    def __iter__(self) -> Iterator[ChatMessage]:
        """Every usable message; one whose time is far from both its neighbours is skipped."""
        before: datetime | None = None
        held: tuple[int, ChatMessage] | None = None
        for number, message in self._messages():
            if held is not None:
                if _astray(before, held[1].timestamp, message.timestamp):
                    self._skip(held[0], f"its time {held[1].timestamp} lies far from the lines around it")
                else:
                    before = held[1].timestamp
                    yield held[1]
            held = (number, message)
        if held is not None and before is not None and held[1].timestamp - before > LONGEST_PAUSE:
            self._skip(held[0], f"its time {held[1].timestamp} lies far from the lines before it")
        elif held is not None:
            yield held[1]

    def _messages(self) -> Iterator[tuple[int, ChatMessage]]:
        for number, line in self._numbered():
            try:
                yield number, self._message(line)
            except HikariError as error:
                self._skip(number, str(error))
            except (ValueError, RecursionError) as error:
                self._skip(number, f"not JSON: {error}")

    def count_lines(self) -> int:
        """How many lines there are to read, for an estimate of what is left."""
        return sum(1 for _ in Recording(self.path)._numbered())

    def _numbered(self) -> Iterator[tuple[int, bytes]]:
        """Numbered lines that are not blank; a broken end becomes a problem."""
        with _opened(self.path) as file:
            number = 0
            while True:
                number += 1
                try:
                    line = file.readline(MAX_LINE + 1)
                    if len(line) > MAX_LINE:
                        _skip_line(file)
                except (EOFError, OSError, zlib.error) as error:
                    self.skipped += 1
                    self.is_cut = True
                    self.problems.append(Problem(number, f"{CUT_SHORT}: {error}"))
                    return
                if not line:
                    return
                self.lines = number
                if len(line) > MAX_LINE:
                    self._skip(number, f"longer than {MAX_LINE:,} bytes")
                elif line.strip():
                    yield number, line

    def _skip(self, line: int, reason: str) -> None:
        self.skipped += 1
        if len(self.problems) < MAX_PROBLEMS:
            self.problems.append(Problem(line, reason))

    def _message(self, line: bytes) -> ChatMessage:
        row = json.loads(line)
        if not isinstance(row, dict):
            raise InputError("line", row, "give a JSON object")
        if "timestamp" not in row:
            raise InputError("line", sorted(row), "it lacks 'timestamp'")
        return read_message(row, self.channel, parse(row["timestamp"]))


def read_message(row: Mapping[str, Any], channel: str, at: datetime) -> ChatMessage:
    """The message of a JSON object; keys that are not a message's are passed over.

    Raises:
        InputError: a key is missing or is not what it has to be.
    """
    for name in ("username", "text"):
        if name not in row:
            raise InputError("line", sorted(row), f"it lacks {name!r}")
    return ChatMessage(
        row["username"],
        row["text"],
        at,
        id=as_id(row.get("id")),
        channel=channel,
        badges=_strings(row.get("badges"), "badges"),
        roles=_strings(row.get("roles"), "roles"),
        emotes=_emotes(row.get("emotes"), row["text"]),
        user_id=as_id(row.get("user_id")),
        bits=row.get("bits") or 0,
        reply_to=as_id(row.get("reply_to")),
        first_message=row.get("first_message") is True,
    )


def as_id(value: Any) -> Any:
    """An id; programs that count write theirs as numbers."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _astray(before: datetime | None, at: datetime, after: datetime | None) -> bool:
    """Whether ``at`` lies far ahead of what came before it and of what comes after, or far behind both."""
    if after is None:
        return False
    if before is None:
        return at - after > ASTRAY
    return min(at - before, at - after) > ASTRAY or min(before - at, after - at) > ASTRAY


def read_viewers(path: Path, recording: Path | None = None) -> list[tuple[datetime, float]]:
    """Viewer counts from a CSV with a header: a time column and a count column.

    The time column is called timestamp, t_utc, at or time, the count viewers, viewer_count, count or value.
    With a column ``log`` only the rows that name the recording count.

    Raises:
        RecordingError: the file cannot be read, or a row is not a time and a number.
    """
    try:
        rows = csv.DictReader(io.StringIO(path.read_text(encoding="utf-8-sig")))
    except (OSError, UnicodeDecodeError) as error:
        raise RecordingError(path, 0, f"cannot be read: {error}") from error
    time_column, count_column = (_column(rows, names, path) for names in (TIME_COLUMNS, COUNT_COLUMNS))
    stem = recording.name.split(".")[0] if recording else None
    found = []
    for number, row in enumerate(rows, start=2):
        if row.get("log") and stem and row["log"] != stem:
            continue
        try:
            found.append((parse(row[time_column]), _count(row[count_column])))
        except (HikariError, TypeError, ValueError) as error:
            raise RecordingError(path, number, f"not a time and a number: {error}") from error
    return sorted(found)


def _opened(path: Path) -> BinaryIO:
    try:
        with path.open("rb") as file:
            packed = file.read(len(GZIP)) == GZIP  # whatever its name says
        return cast("BinaryIO", gzip.open(path, "rb")) if packed else path.open("rb")
    except OSError as error:
        raise RecordingError(path, 0, f"cannot be opened: {error.strerror or error}") from error


def _skip_line(file: BinaryIO) -> None:
    while True:
        part = file.readline(MAX_LINE)
        if not part or part.endswith(b"\n"):
            return


def _strings(value: object, name: str) -> tuple[str, ...]:
    if value is None:
        return ()
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise InputError(name, value, "give a list of strings")
    return tuple(value)


def _emotes(value: object, text: object) -> tuple[EmoteSpan, ...]:
    """Emotes as names, as [name, start, end], or as objects with these keys."""
    if value is None:
        return ()
    if not isinstance(value, list):
        raise InputError("emotes", value, "give a list")
    found: list[EmoteSpan] = []
    for item in value:
        if isinstance(item, str):
            found += _named(item, str(text))
            continue
        parts = [item.get(k) for k in ("name", "start", "end")] if isinstance(item, dict) else item
        match parts:
            case [str(name), int(start), int(end)] if 0 <= start < end:
                found.append(EmoteSpan(name, start, end))
            case _:
                raise InputError("emotes", item, "give a name, or name, start and end")
    return tuple(found)


def _named(name: str, text: str) -> Iterator[EmoteSpan]:
    at = 0
    for word in text.split(" "):
        if word == name:
            yield EmoteSpan(name, at, at + len(word))
        at += len(word) + 1


def _count(text: str) -> float:
    count = float(text)
    if not math.isfinite(count):
        raise ValueError(f"{text!r} is no number of viewers")
    return count


def _column(rows: csv.DictReader[str], names: tuple[str, ...], path: Path) -> str:
    for name in names:
        if name in (rows.fieldnames or ()):
            return name
    raise RecordingError(path, 1, f"needs a column called {', '.join(names[:-1])} or {names[-1]}")
