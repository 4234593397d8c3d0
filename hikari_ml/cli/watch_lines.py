"""Events of a channel as lines of the terminal."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection, Mapping
from datetime import datetime
from typing import Any, Final

from rich.text import Text

from hikari_ml.cli.output import err, out, spoken
from hikari_ml.pipeline.events import Event

STYLES: Final[Mapping[str, str]] = {
    "very_negative": "red",
    "negative": "yellow",
    "neutral": "dim",
    "positive": "green",
    "very_positive": "bold green",
}
NAME_WIDTH: Final = 16
NAME_SHOWN: Final = 25
CONNECTION: Final[Mapping[str, str]] = {
    "connected": "connected",
    "reconnecting": "connection lost, trying again",
    "gap": "something may be missing",
}


async def tell(events: AsyncIterator[Event], unsaid: Collection[str] = ()) -> None:
    """Print a line for every event as it comes, but for those of the types in ``unsaid``."""
    async for event in events:
        if event["dropped"]:
            out.print(f"… {event['dropped']} events were too many to tell", style="dim", highlight=False)
        line = line_of(event)
        if line is not None and event["type"] not in unsaid:
            out.print(line, soft_wrap=True)


async def told(telling: asyncio.Task[None]) -> None:
    """Wait until everything is told, which is when the channel is closed."""
    (outcome,) = await asyncio.gather(telling, return_exceptions=True)
    if isinstance(outcome, Exception):
        err.print(f"telling of events failed: {outcome}", markup=False, highlight=False)


def line_of(event: Event) -> Text | None:
    """A line that tells of ``event``; None for those that need none. Nothing in it steers the terminal."""
    teller = _TELLERS.get(event["type"])
    said = teller(event["data"]) if teller else None
    if said is None:
        return None
    clock = datetime.fromisoformat(event["at"]).astimezone().strftime("%H:%M:%S")
    return Text.assemble((clock, "dim"), "  ", said)


def _message(data: Mapping[str, Any]) -> Text:
    analysis = data["analysis"]
    label, emotion = analysis["sentiment"]["aggregate"]["label"], analysis["emotion"]["primary"]
    name = spoken(analysis["username"][:NAME_SHOWN])
    name.stylize("bold")
    name.pad_right(max(0, NAME_WIDTH - name.cell_len))
    feeling = Text(f"{label.replace('_', ' ')}, {emotion}".ljust(24), style=STYLES.get(label, ""))
    line = Text.assemble(name, "  ", feeling, spoken(analysis["text"]))
    toxicity = analysis["toxicity"]
    if toxicity["is_toxic"]:
        worst = max(toxicity["categories"], key=toxicity["categories"].__getitem__)
        line.append(f"  [toxic {toxicity['overall']:.2f}: {worst}]", style="bold red")
    return line


def _memory(data: Mapping[str, Any]) -> Text:
    head = Text(f"remembers ({data['type']}) of ", style="cyan")
    return Text.assemble(head, spoken(data["username"][:NAME_SHOWN]), ": ", spoken(data["content"]))


def _moment(data: Mapping[str, Any]) -> Text:
    return Text.assemble(("moment  ", "bold magenta"), spoken(str(data["reason"])))


def _alert(data: Mapping[str, Any]) -> Text:
    return Text.assemble(("alert  ", "bold red"), spoken(str(data["reason"])))


def _raid(data: Mapping[str, Any]) -> Text:
    return Text.assemble(("raid  ", "bold magenta"), spoken(data["username"]), f" with {data['viewers']:,}")


def _stream(data: Mapping[str, Any]) -> Text:
    live = {True: "live", False: "offline", None: ""}[data["live"]]
    said = [part for part in (live, data["title"], data["game"]) if part]
    return Text.assemble(("stream  ", "bold"), spoken(" · ".join(said)))


def _source(data: Mapping[str, Any]) -> Text:
    said = CONNECTION.get(data["state"], data["state"])
    reason = f": {data['reason']}" if data["reason"] else ""
    return Text.assemble((said, "dim"), spoken(reason))


def _retracted(data: Mapping[str, Any]) -> Text:
    return Text.assemble(("withdrawn  ", "dim"), spoken(data["message_id"]))


_TELLERS: Final = {
    "message": _message,
    "memory": _memory,
    "moment": _moment,
    "alert": _alert,
    "raid": _raid,
    "stream": _stream,
    "source": _source,
    "retracted": _retracted,
}
