"""How commands speak: results on standard output, everything else on standard error."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskProgressColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from hikari_ml.errors import HikariError

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

out = Console()
err = Console(stderr=True)
err.soft_wrap = not err.is_terminal
"""A sentence in a file or a pipe stays on one line; only a terminal has an edge to be wrapped at."""


class OutputError(HikariError):
    """Standard output cannot be written, for a full disk or the like."""

    def __init__(self, reason: OSError) -> None:
        super().__init__(f"the output cannot be written: {reason.strerror or reason}")


class _Stdout(io.FileIO):
    """Standard output that fails with an error of ours, once: what comes after that is let go.

    So the interpreter has nothing left that it would fail on, with a traceback, when it ends.
    """

    failure: OutputError | None = None

    def write(self, data: ReadableBuffer, /) -> int:
        """Write all of ``data``: what is not buffered would lose what a short write left.

        That nobody reads a pipe any more is no failure of ours, and stays what it is.
        """
        left = memoryview(data).cast("B")
        size = left.nbytes
        try:
            while left and self.failure is None:
                left = left[super().write(left) :]
        except BrokenPipeError:
            raise
        except OSError as error:
            self.failure = OutputError(error)
            raise self.failure from error
        return size


@contextmanager
def whole_output() -> Iterator[None]:
    """Fail if not everything that is printed inside can be written, with what was buffered until the end.

    Raises:
        OutputError: it cannot, for another reason than that nobody reads it.
    """
    plain = sys.__stdout__
    if plain is None or sys.stdout is not plain:  # closed, or somebody else's
        yield
        return
    raw = _Stdout(plain.fileno(), "w", closefd=False)
    sys.stdout = io.TextIOWrapper(
        raw if plain.write_through else io.BufferedWriter(raw), encoding=plain.encoding, errors=plain.errors,
        line_buffering=plain.line_buffering, write_through=plain.write_through,
    )  # fmt: skip
    try:
        yield
    finally:
        sys.stdout.flush()
        if raw.failure is not None:
            raise raw.failure


def print_json(result: Any) -> None:
    """A result as JSON, for programs."""
    sys.stdout.write(json.dumps(result, ensure_ascii=False, indent=2, allow_nan=False) + "\n")


def page_at(url: str, host: str) -> str:
    """Where the live page is, served on ``host``."""
    from hikari_ml.feed.access import is_loopback

    elsewhere = "" if is_loopback(host) else "; on other machines by the address of this one, with the token"
    return f"The live page is at {url}{elsewhere}"


def spoken(text: str) -> Text:
    """What somebody wrote in a chat, without what would steer the terminal."""
    from hikari_ml.text.normalize import clean

    return Text(clean(text))


def fail(message: str) -> NoReturn:
    """Say what went wrong and end with status 1."""
    err.print(Text.assemble(("error:", "bold red"), " ", spoken(message)))
    sys.exit(1)


def write_file(path: Path, text: str) -> None:
    """Write a file somebody asked for.

    Raises:
        StoreError: it cannot be written.
    """
    from hikari_ml.errors import StoreError

    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise StoreError(path, f"it cannot be written: {error.strerror or error}") from error


def progress_bar(unit: str) -> Progress:
    """A bar with count, rate and an estimate of what is left; shown on a terminal only."""
    return Progress(
        TextColumn("[bold]{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        MofNCompleteColumn(),
        TextColumn(f"{unit}  {{task.fields[rate]:,.0f}}/s"),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
        console=err,
        disable=not err.is_terminal,
    )
