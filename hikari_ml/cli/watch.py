"""``hikari-ml watch``: a live chat through the whole pipeline, told on the terminal and on the live page."""

from __future__ import annotations

import asyncio
import webbrowser
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Annotated

import typer

from hikari_ml.cli.output import err, out, page_at
from hikari_ml.cli.stopping import stop_on_signals

if TYPE_CHECKING:
    from hikari_ml.config import Settings
    from hikari_ml.pipeline.attending import Attended
    from hikari_ml.pipeline.hikari import Hikari
    from hikari_ml.platforms.source import ChatSource, Counts

SHOWN_PROBLEMS = 5


def watch(
    source: Annotated[
        str,
        typer.Argument(
            help="twitch:CHANNEL, eventsub:CHANNEL, youtube:VIDEO, replay:FILE, jsonl:FILE, or jsonl:- for "
            "standard input."
        ),
    ],
    channel: Annotated[str | None, typer.Option(help="Name of the channel of a file or a pipe.")] = None,
    page: Annotated[bool, typer.Option("--page", help="Serve the live page, and open it.")] = False,
    headless: Annotated[
        bool, typer.Option("--headless", help="Serve the page without opening a browser.")
    ] = False,
    host: Annotated[str | None, typer.Option(help="Address of the page, else the setting feed.host.")] = None,
    port: Annotated[
        int | None,
        typer.Option(help="Port of the page, else the setting feed.port; 0 takes any.", min=0, max=65535),
    ] = None,
    quiet: Annotated[
        bool, typer.Option("--quiet", help="Tell of moments, alerts and the connection, not of messages.")
    ] = False,
    speed: Annotated[
        float, typer.Option(help="Seconds of a recording in a real second.", min=0.001, max=100_000)
    ] = 1.0,
    url: Annotated[
        str | None, typer.Option(help="Address of the chat server, else that of the settings.")
    ] = None,
) -> None:
    """Watch a live chat: what it says and how it feels, what is worth remembering, moments and alerts.

    It only reads. Twitch needs no account; eventsub: and youtube: need the keys that the settings name. What
    is learned stays in the data folder of the channel. Ctrl+C ends it, and nothing that was heard is lost.

    Example: hikari-ml watch twitch:CHANNEL --page
    """
    from hikari_ml.config import Settings
    from hikari_ml.platforms.opening import open_source

    settings = Settings()
    opened = open_source(source, settings, channel=channel, url=url, speed=speed)
    address = (host or settings.feed.host, settings.feed.port if port is None else port)
    summary = asyncio.run(
        _watch(opened, settings, address if page or headless else None, headless=headless, quiet=quiet)
    )
    out.print(summary, highlight=False)


async def _watch(
    source: ChatSource, settings: Settings, address: tuple[str, int] | None, *, headless: bool, quiet: bool
) -> str:
    from hikari_ml.cli.watch_lines import tell, told
    from hikari_ml.pipeline.attending import attend
    from hikari_ml.pipeline.hikari import Hikari

    stop = stop_on_signals()
    out.print("Loading the model …", highlight=False)
    hikari = Hikari(settings, channel=source.channel)
    async with AsyncExitStack() as stack:
        unsaid = ("message", "memory") if quiet else ()
        telling = asyncio.create_task(tell(hikari.events(), unsaid), name="hikari-watch")
        telling.add_done_callback(lambda _: stop.set())  # with nobody to tell there is no watching
        stack.push_async_callback(told, telling)
        stack.push_async_callback(hikari.aclose)  # also if it cannot start: only then do its events end
        await hikari.start()
        if address is not None:
            await _serve(stack, hikari, address, headless=headless)
        out.print(f"Watching {source.name}  (Ctrl+C ends it)", markup=False, highlight=False)
        attended = await attend(hikari, source, stop=stop)
        return await _summary(hikari, attended, source.counts)


async def _serve(stack: AsyncExitStack, hikari: Hikari, address: tuple[str, int], *, headless: bool) -> None:
    from hikari_ml.dashboard.server import LiveDashboard

    feed = hikari.settings.feed
    page = LiveDashboard(hikari, host=address[0], port=address[1], interval=feed.interval_seconds)
    await stack.enter_async_context(page)
    out.print(page_at(page.url, address[0]), markup=False, highlight=False, soft_wrap=True)
    if not headless:
        webbrowser.open(page.url)


async def _summary(hikari: Hikari, attended: Attended, counts: Counts) -> str:
    for problem in counts.problems[:SHOWN_PROBLEMS]:
        err.print(f"skipped {problem}", markup=False, highlight=False)
    if counts.malformed > SHOWN_PROBLEMS:
        err.print(f"… and {counts.malformed - SHOWN_PROBLEMS:,} more", highlight=False)
    memory = await hikari.memory.get_memory_stats()
    lost = {
        "skipped": counts.malformed,
        "dropped": counts.dropped,
        "failed": attended.failed,
        "came twice": counts.duplicates,
        "withdrawn": attended.withdrawn + counts.withdrawn,
        "said before": attended.history,
        "reconnections": counts.reconnects,
    }
    said = "".join(f", {count:,} {what}" for what, count in lost.items() if count)
    return (
        f"{attended.messages:,} messages{said}; {len(hikari.analytics.moments())} moments, "
        f"{len(hikari.analytics.alerts())} alerts, {memory['total']:,} memories of {memory['users']:,} people"
    )
