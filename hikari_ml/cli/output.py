"""How commands speak: results on standard output, everything else on standard error."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any, NoReturn

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

out = Console()
err = Console(stderr=True)


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
