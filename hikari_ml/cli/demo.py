"""``hikari-ml demo``: a simulated stream through the whole pipeline, to a live page."""

from __future__ import annotations

import asyncio
import tempfile
import time
import webbrowser
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from hikari_ml.cli.output import err, out
from hikari_ml.cli.stopping import stop_on_signals, unless

if TYPE_CHECKING:
    from hikari_ml.dashboard.server import LiveDashboard
    from hikari_ml.pipeline.hikari import Hikari
    from hikari_ml.platforms.simulator import Simulator
    from hikari_ml.runtime.clock import ManualClock

BEFORE = 120.0
"""Seconds of stream that have already passed when the page opens."""

STATUS_SECONDS = 10.0
UNSAID = ("message",)
"""Events that are not told one by one: a few lines a second say less than the status does."""


def demo(
    headless: Annotated[
        bool, typer.Option("--headless", help="Do not open a browser; say on the terminal what happens.")
    ] = False,
    duration: Annotated[
        float | None, typer.Option(help="Seconds to run; without it until Ctrl+C.", min=1)
    ] = None,
    seed: Annotated[int, typer.Option(help="Another number is another evening.")] = 1,
    port: Annotated[
        int | None,
        typer.Option(help="Port of the page, else the setting feed.port; 0 takes any.", min=0, max=65535),
    ] = None,
) -> None:
    """Watch a simulated stream: regulars, lurkers, a troll, a raid, a sad moment and a clutch play.

    Everything runs on this machine, in this process, and nothing is kept when it ends.
    """
    out.print(asyncio.run(_demo(headless, duration, seed, port)), highlight=False)


async def _demo(headless: bool, duration: float | None, seed: int, port: int | None) -> str:
    from hikari_ml.cli.watch_lines import tell, told
    from hikari_ml.pipeline.hikari import Hikari
    from hikari_ml.platforms.simulator import STREAMER, Simulator
    from hikari_ml.runtime.clock import ManualClock

    stop = stop_on_signals()
    start = datetime.now(UTC).replace(microsecond=0) - timedelta(seconds=BEFORE)
    clock = ManualClock(start)
    out.print("Loading the model …", highlight=False)
    with tempfile.TemporaryDirectory(prefix="hikari-demo-") as folder:
        hikari = Hikari(channel=STREAMER, clock=clock, folder=folder)
        async with AsyncExitStack() as stack:
            if headless:
                telling = asyncio.create_task(tell(hikari.events(), UNSAID))
                stack.push_async_callback(told, telling)
            stack.push_async_callback(hikari.aclose)  # also if it cannot start: only then do its events end
            await hikari.start()
            wanted = hikari.settings.feed.port if port is None else port
            async with await _dashboard(hikari, wanted) as page:
                out.print(f"The live page is at [bold]{page.url}[/bold]  (Ctrl+C ends it)", highlight=False)
                if not headless:
                    webbrowser.open(page.url)
                length = BEFORE + duration if duration is not None else None
                await unless(stop, _play(hikari, clock, Simulator(seed, start=start), length, headless))
            return await _summary(hikari)


async def _dashboard(hikari: Hikari, port: int) -> LiveDashboard:
    from hikari_ml.dashboard.server import LiveDashboard
    from hikari_ml.errors import InputError

    page = LiveDashboard(hikari, host="127.0.0.1", port=port)
    try:
        await page.start()
    except InputError as error:
        err.print(f"{error}; taking a free one", markup=False, highlight=False)
        page = LiveDashboard(hikari, host="127.0.0.1", port=0)
        await page.start()
    return page


async def _play(
    hikari: Hikari, clock: ManualClock, simulator: Simulator, seconds: float | None, talk: bool
) -> None:
    """Play the stream: what lies before the opening at once, the rest at the pace of life."""
    from hikari_ml.chat import ChatMessage

    began, said = time.monotonic(), 0.0
    for happening in simulator.run(seconds):
        at = happening.timestamp if isinstance(happening, ChatMessage) else happening.at
        offset = simulator.offset(at)
        await asyncio.sleep(max(0.0, began + offset - BEFORE - time.monotonic()))
        clock.advance_to(at)
        if isinstance(happening, ChatMessage):
            await hikari.perceive(happening)
        else:
            await hikari.analytics.record_metric("viewer_count", happening.value, at)
        if talk and offset - said >= STATUS_SECONDS:
            said = offset
            await _status(hikari)


async def _status(hikari: Hikari) -> None:
    now = (await hikari.analytics.get_real_time_dashboard())["current_metrics"]
    mood = f"{now['mood']:.2f}" if now["mood"] is not None else "-"
    out.print(
        f"{now['total_messages']:>6} messages, {now['messages_per_minute']:.0f} a minute, "
        f"{now['unique_chatters']} chatters, mood {mood}, feels {hikari.mood['dominant']}",
        highlight=False,
    )


async def _summary(hikari: Hikari) -> str:
    board = await hikari.analytics.get_real_time_dashboard()
    memory = await hikari.memory.get_memory_stats()
    return (
        f"{board['current_metrics']['total_messages']} messages, {len(hikari.analytics.moments())} moments, "
        f"{len(hikari.analytics.alerts())} alerts, {memory['total']} memories of {memory['users']} people"
    )
