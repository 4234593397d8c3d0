"""``hikari-ml replay``: a recorded chat through analyser, memory and analytics."""

from __future__ import annotations

import asyncio
import json
import os
import tempfile
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hikari_ml.cli.output import err, fail, out, progress_bar, write_file
from hikari_ml.cli.stopping import stop_on_signals

if TYPE_CHECKING:
    from hikari_ml.pipeline.replay import ReplayProgress
    from hikari_ml.results import Replay

SHOWN_PROBLEMS = 5


def replay(
    chat: Annotated[Path, typer.Argument(help="The recording: one JSON object a line, plain or gzip.")],
    speed: Annotated[str, typer.Option(help="Stream seconds in a real second, or [bold]max[/bold].")] = "max",
    viewers: Annotated[
        Path | None, typer.Option(help="Viewer counts: a CSV with a time and a count column.")
    ] = None,
    channel: Annotated[
        str, typer.Option(help="Name of the streamer, as viewers address them with an @.")
    ] = "default",
    memory: Annotated[
        Path | None, typer.Option(help="Folder of the memory to use and to keep; else a temporary one.")
    ] = None,
    report: Annotated[
        Path | None, typer.Option(help="Write a report: one HTML file, no network needed.")
    ] = None,
    as_json: Annotated[Path | None, typer.Option("--json", help="Write the same as JSON.")] = None,
    moments: Annotated[
        Path | None,
        typer.Option(help="Write the moments with their time codes: a table (.csv), or markers (.txt)."),
    ] = None,
) -> None:
    """Replay a recorded chat and report on it: mood, moments, viewers, topics, what was remembered and why.

    A line needs timestamp (ISO-8601), username and text; id, badges, emotes and roles are used when they are
    there. It runs on the recording's own clock. A line that cannot be used is named and skipped. Ctrl+C ends
    it early and reports on what was read.

    Example: hikari-ml replay chat.jsonl.gz --report out.html --json out.json
    """
    from hikari_ml.realtime_analytics.export import MARKERS, write_moments

    pace = _speed(speed)
    _check_outputs({"--report": report, "--json": as_json, "--moments": moments}, {chat, viewers})
    if moments is not None and moments.suffix not in MARKERS:
        raise typer.BadParameter(f"its name has to end in {' or '.join(MARKERS)}", param_hint="--moments")
    result = asyncio.run(_replay(chat, pace, viewers, channel, memory))
    _tell(result)
    if as_json is not None:
        _write(as_json, json.dumps(result, ensure_ascii=False, allow_nan=False))
    if not result["messages"]:
        if not result["complete"]:  # that was said
            raise typer.Exit(1)
        fail(f"{chat}: no line of it can be used; a line is a JSON object with timestamp, username and text")
    if report is not None:
        from hikari_ml.report.page import render

        _write(report, render(result))
    if moments is not None and result["started_at"]:
        write_moments(result["moments"], datetime.fromisoformat(result["started_at"]), moments)
        out.print(f"wrote {moments}", markup=False, highlight=False)


async def _replay(
    chat: Path, speed: float | None, viewers: Path | None, channel: str, memory: Path | None
) -> Replay:
    from hikari_ml.pipeline.hikari import Hikari
    from hikari_ml.pipeline.replay import replay as run
    from hikari_ml.platforms.replay import Recording, read_viewers
    from hikari_ml.runtime.clock import ManualClock

    stop = stop_on_signals()
    recording = Recording(chat, channel)
    counts: Sequence[tuple[datetime, float]] = read_viewers(viewers, chat) if viewers else ()
    lines = await asyncio.to_thread(recording.count_lines)
    clock = ManualClock(datetime(1970, 1, 1, tzinfo=UTC))
    with tempfile.TemporaryDirectory(prefix="hikari-replay-") as temporary, progress_bar("messages") as bar:
        folder = Path(temporary)
        task = bar.add_task(chat.name, total=lines, rate=0.0)
        began = time.monotonic()

        def show(progress: ReplayProgress) -> None:
            rate = progress.messages / max(1e-9, time.monotonic() - began)
            bar.update(task, completed=progress.lines, rate=rate)

        async with Hikari(channel=channel, clock=clock, folder=folder, memory_folder=memory) as hikari:
            return await run(
                hikari, clock, recording, viewers=counts, speed=speed, on_progress=show, stop=stop
            )


def _speed(text: str) -> float | None:
    if text == "max":
        return None
    try:
        speed = float(text)
    except ValueError:
        speed = 0.0
    if not 0 < speed < float("inf"):
        raise typer.BadParameter("give a number above 0, or max", param_hint="--speed")
    return speed


def _check_outputs(outputs: dict[str, Path | None], inputs: set[Path | None]) -> None:
    """Find out before an hour of work that its result has nowhere to go, or would replace what is read."""
    taken = {path.resolve() for path in inputs if path is not None}
    for option, path in outputs.items():
        if path is None:
            continue
        if path.resolve() in taken:
            raise typer.BadParameter(f"{path} is read from or written to already", param_hint=option)
        if path.is_dir() or not path.absolute().parent.is_dir():
            where = path if path.is_dir() else path.absolute().parent
            what = "a folder" if path.is_dir() else "no folder"
            raise typer.BadParameter(f"{where} is {what}", param_hint=option)
        if not os.access(path if path.exists() else path.absolute().parent, os.W_OK):
            raise typer.BadParameter(f"{path} cannot be written", param_hint=option)
        taken.add(path.resolve())


def _write(path: Path, text: str) -> None:
    write_file(path, text)
    out.print(f"wrote {path}", markup=False, highlight=False)


def _tell(result: Replay) -> None:
    if not result["complete"]:
        err.print("not the whole recording was read; this is of what was read until then")
    out.print(
        f"{result['messages']:,} messages of {result['chatters']:,} chatters in "
        f"{result['wall_seconds']:.1f} s ({result['messages_per_second']:,.0f}/s); "
        f"{len(result['moments'])} moments, "
        f"{result['toxic_total']} toxic, {result['memory_stats']['total']:,} remembered",
        highlight=False,
    )
    for problem in result["problems"][:SHOWN_PROBLEMS]:
        err.print(f"skipped line {problem['line']}: {problem['reason']}", markup=False, highlight=False)
    if result["late"]:
        err.print(
            f"{result['late']:,} messages came too long after later ones to be part of rates and moments; "
            "sort the recording by time",
            highlight=False,
        )
    if result["skipped"] > SHOWN_PROBLEMS:
        err.print(f"… and {result['skipped'] - SHOWN_PROBLEMS} more lines; the JSON lists up to 100")
