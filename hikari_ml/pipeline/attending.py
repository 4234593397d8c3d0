"""A chat source carried into a channel: messages are perceived in order, what was taken back is withdrawn.

Bursts are read by the model in batches. One event that cannot be used never ends the stream.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from math import inf
from typing import Final, TypeGuard

from hikari_ml.chat import (
    ChatEvent,
    ChatMessage,
    MessageDeleted,
    Raid,
    SourceState,
    StreamState,
    UserCleared,
    ViewerCount,
)
from hikari_ml.errors import InputError
from hikari_ml.pipeline.hikari import Hikari
from hikari_ml.platforms.source import ChatSource
from hikari_ml.runtime.service import ended
from hikari_ml.sentiment_analysis.analyzer import ReadMessage

BATCH: Final = 64
"""Events that are taken together, if as many wait."""

AGAIN_SECONDS: Final = 300.0
"""After which the same failure is logged again."""

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class Attended:
    """What became of the events of a source.

    ``messages`` were perceived. ``history`` was said before we listened and is not counted, nor remembered.
    ``withdrawn`` was taken back after it was perceived, and is known no more. ``other`` counts all else that
    was carried in, ``failed`` what could not be used.
    """

    messages: int = 0
    history: int = 0
    withdrawn: int = 0
    other: int = 0
    failed: int = 0


async def attend(
    hikari: Hikari,
    source: ChatSource,
    *,
    stop: asyncio.Event | None = None,
    leave: asyncio.Event | None = None,
    so_far: Attended | None = None,
) -> Attended:
    """Carry what ``source`` tells into ``hikari`` until it ends, and close it.

    Once ``stop`` is set nothing more is listened to, and what was heard until then is still carried in. Once
    ``leave`` is set, ``source`` is left open, with what waits in it, for a later call to go on with.
    ``so_far`` is counted up on the way.

    Raises:
        SourceError: the source cannot go on; all that came before is carried in.
    """
    counts = so_far or Attended()
    async with AsyncExitStack() as closing:
        closing.push_async_callback(source.aclose)
        async with _closed_by(stop, source):
            failures = _Failures()
            while events := await _next(source, leave):
                await _carry(hikari, events, counts, failures)
        if leave is not None and leave.is_set():
            closing.pop_all()
    return counts


@asynccontextmanager
async def _closed_by(stop: asyncio.Event | None, source: ChatSource) -> AsyncIterator[None]:
    """Close ``source`` as soon as ``stop`` is set."""
    if stop is None:
        yield
        return
    stopping = asyncio.create_task(_close_when(stop, source), name=f"hikari-stop {source.name}")
    try:
        yield
    finally:
        await ended(stopping)


async def _next(source: ChatSource, leave: asyncio.Event | None) -> list[ChatEvent]:
    """What has come; nothing at the end, and nothing is taken once it is to be left."""
    if leave is None:
        return await source.take(BATCH)
    if leave.is_set():
        return []
    taking = asyncio.create_task(source.take(BATCH))
    leaving = asyncio.create_task(leave.wait())
    try:
        await asyncio.wait({taking, leaving}, return_when=asyncio.FIRST_COMPLETED)
        return taking.result() if taking.done() else []
    finally:
        await ended(taking)
        await ended(leaving)


class _Failures:
    """What failed, logged once a while: a full disk fails for every message."""

    def __init__(self) -> None:
        self._told: dict[tuple[str, type], float] = {}

    def tell(self, what: str, error: Exception) -> None:
        """Log ``what`` unless it was, for the same kind of error, in the last minutes."""
        now = asyncio.get_running_loop().time()
        if now - self._told.get((what, type(error)), -inf) >= AGAIN_SECONDS:
            self._told[what, type(error)] = now
            _log.warning("%s: %s", what, error)


async def _close_when(stop: asyncio.Event, source: ChatSource) -> None:
    await stop.wait()
    await source.aclose()


async def _carry(hikari: Hikari, events: Sequence[ChatEvent], counts: Attended, failures: _Failures) -> None:
    """Carry in ``events``, in order, the messages read together."""
    reads = await _read(hikari, [event for event in events if _is_live(event)], failures)
    for event in events:
        try:
            if isinstance(event, ChatMessage) and event.is_history:
                counts.history += 1
            elif isinstance(event, ChatMessage):
                read = next(reads)
                if hikari.is_erased(event):
                    counts.withdrawn += 1
                else:
                    await _perceive(hikari, event, read, counts)
            else:
                await _happen(hikari, event, counts)
        except Exception as error:  # the stream goes on without it
            counts.failed += 1
            failures.tell(f"{type(event).__name__} of {hikari.channel} cannot be used", error)


def _is_live(event: ChatEvent) -> TypeGuard[ChatMessage]:
    return isinstance(event, ChatMessage) and not event.is_history


async def _read(
    hikari: Hikari, messages: list[ChatMessage], failures: _Failures
) -> Iterator[ReadMessage | None]:
    """What the analyser reads in each; if it fails for all, each is read alone when its turn comes."""
    try:
        return iter(await hikari.analyzer.read_batch(messages) if messages else [])
    except Exception as error:  # one of them cannot be read
        failures.tell("messages cannot be read together", error)
        return iter([None] * len(messages))


async def _perceive(hikari: Hikari, message: ChatMessage, read: ReadMessage | None, counts: Attended) -> None:
    if read is None:
        await hikari.perceive(message)
    else:
        await hikari.perceive_read(message, read)
    counts.messages += 1


async def _happen(hikari: Hikari, event: ChatEvent, counts: Attended) -> None:
    """Carry in what is no message; raids are recorded in viewers, ``live`` as 1 or 0."""
    record = hikari.analytics.record_metric
    match event:
        case MessageDeleted():
            done = await hikari.retract(event.message_id)
            counts.withdrawn += done["counted"] or done["forgotten"]
            return
        case UserCleared():
            counts.withdrawn += (await hikari.retract_user(event))["messages"]
            return
        case ViewerCount():
            await record("viewer_count", event.value, event.at)
        case Raid():
            await record("raid", event.viewers, event.at)
            hikari.tell("raid", event.at, {"username": event.username, "viewers": event.viewers})
        case StreamState():
            if event.live is not None:
                await record("live", float(event.live), event.at)
            said = {"live": event.live, "title": event.title, "game": event.game}
            hikari.tell("stream", event.at, said)
        case SourceState():
            hikari.tell("source", event.at, {"state": event.state, "reason": event.reason})
        case _:
            raise InputError("event", event, "give a ChatEvent")
    counts.other += 1
