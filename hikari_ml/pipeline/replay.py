"""A recording through the whole pipeline, on the recording's own clock."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from contextlib import aclosing, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from typing import Final

from hikari_ml.chat import ChatMessage
from hikari_ml.errors import InputError
from hikari_ml.pipeline.hikari import Hikari
from hikari_ml.pipeline.tally import Tally
from hikari_ml.platforms.replay import Recording
from hikari_ml.results import (
    EMOTIONS,
    Emotion,
    Memory,
    Point,
    RememberedLine,
    Replay,
    ReplayViewer,
)
from hikari_ml.runtime.clock import ManualClock
from hikari_ml.sentiment_analysis.analyzer import ReadMessage
from hikari_ml.times import iso

BATCH: Final = 64
"""Messages read by the model together at full speed."""

CONSOLIDATE_SECONDS: Final = 1800.0
"""Stream time between two rounds of consolidation."""

MOST_TOXIC: Final = 50
MOST_TOPICS: Final = 30
MOST_EMOTES: Final = 100
MOST_VIEWERS: Final = 50
MOST_MEMORIES: Final = 60


@dataclass(frozen=True, slots=True)
class ReplayProgress:
    """How far a replay is."""

    messages: int
    lines: int
    at: datetime


async def replay(
    hikari: Hikari,
    clock: ManualClock,
    recording: Recording,
    *,
    viewers: Sequence[tuple[datetime, float]] = (),
    speed: float | None = None,
    on_progress: Callable[[ReplayProgress], None] = lambda progress: None,
    stop: asyncio.Event | None = None,
) -> Replay:
    """Take ``recording`` through ``hikari``, which must have been made with ``clock``.

    ``speed`` is how many seconds of the stream pass in one real second; None goes as fast as it can. The
    numbers are the same either way. ``viewers`` are viewer counts on the recording's clock. Once ``stop`` is
    set it ends with what was taken so far; the result says so (``complete``).

    Raises:
        RecordingError: the recording cannot be opened.
        InputError: ``speed`` is not above 0.
    """
    if speed is not None and not speed > 0:
        raise InputError("speed", speed, "give a number above 0")
    began = time.monotonic()
    tally = Tally()
    counts = sorted(viewers)
    next_round: float | None = None
    stop = stop or asyncio.Event()
    async with aclosing(_read_ahead(hikari, recording, BATCH if speed is None else 1)) as ahead:
        async for batch, reads in ahead:
            if speed is not None:
                await _wait(batch[0], tally.first, began, speed, stop)
            if stop.is_set():
                break
            for message, read in zip(batch, reads, strict=True):
                clock.advance_to(message.timestamp)
                counts = await _record_viewers(hikari, counts, message.timestamp)
                tally.add(message, await hikari.perceive_read(message, read))
                next_round = await _keep_house(hikari, clock, next_round)
            on_progress(ReplayProgress(tally.messages, recording.lines, clock.now()))
    await hikari.memory.consolidate()
    result = await _result(hikari, recording, tally, viewers, time.monotonic() - began)
    result["complete"] = not (stop.is_set() or recording.is_cut)
    return result


async def _read_ahead(
    hikari: Hikari, recording: Recording, size: int
) -> AsyncGenerator[tuple[list[ChatMessage], list[ReadMessage]]]:
    """Batches with their readings, the model busy with the next one while this one is dealt with."""
    messages = iter(recording)
    batch = list(islice(messages, size))
    reading = asyncio.create_task(hikari.analyzer.read_batch(batch))
    try:
        while batch:
            reads = await reading
            ahead = list(islice(messages, size))
            reading = asyncio.create_task(hikari.analyzer.read_batch(ahead))
            yield batch, reads
            batch = ahead
    finally:
        reading.cancel()


async def _wait(
    message: ChatMessage, first: datetime | None, began: float, speed: float, stop: asyncio.Event
) -> None:
    if first is not None:
        due = began + (message.timestamp - first).total_seconds() / speed
        with suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), max(0.0, due - time.monotonic()))


async def _record_viewers(
    hikari: Hikari, counts: list[tuple[datetime, float]], now: datetime
) -> list[tuple[datetime, float]]:
    """Record the counts that were known by ``now``; returns those still to come."""
    due = 0
    while due < len(counts) and counts[due][0] <= now:
        at, value = counts[due]
        await hikari.analytics.record_metric("viewer_count", value, at)
        due += 1
    return counts[due:] if due else counts


async def _keep_house(hikari: Hikari, clock: ManualClock, due: float | None) -> float:
    now = clock.now().timestamp()
    if due is not None and now >= due:
        await hikari.memory.consolidate()
    return now + CONSOLIDATE_SECONDS if due is None or now >= due else due


async def _result(
    hikari: Hikari,
    recording: Recording,
    tally: Tally,
    viewers: Sequence[tuple[datetime, float]],
    seconds: float,
) -> Replay:
    minutes = hikari.analytics.all_minutes()
    emotions = tally.emotions.total()
    stats = await hikari.memory.get_memory_stats()
    return {
        "source": recording.path.name,
        "messages": tally.messages,
        "complete": True,
        "skipped": recording.skipped,
        "problems": [{"line": p.line, "reason": p.reason} for p in recording.problems],
        "bots": tally.bots,
        "late": tally.late,
        "started_at": iso(tally.first) if tally.first else None,
        "ended_at": iso(tally.last) if tally.last else None,
        "wall_seconds": seconds,
        "messages_per_second": tally.messages / seconds if seconds > 0 else 0.0,
        "chat_rate": [_point(m.start, m.messages) for m in minutes],
        "mood": [_point(m.start, m.mood) for m in minutes if m.mood is not None],
        "viewer_count": [{"at": iso(at), "value": value} for at, value in sorted(viewers)],
        "emotions": {name: tally.emotions[name] / emotions if emotions else 0.0 for name in EMOTIONS},
        "emotion_series": {name: list(_series(tally.by_minute, name)) for name in EMOTIONS},
        "languages": dict(tally.languages.most_common()),
        "toxic": tally.toxic.top(MOST_TOXIC),
        "toxic_total": tally.toxic.total,
        "moments": hikari.analytics.moments(),
        "anomalies": hikari.analytics.alerts(),
        "topics": tally.topics.top(MOST_TOPICS),
        "emotes": tally.emotes.top(MOST_TOPICS),
        "emote_meanings": hikari.analyzer.emote_meanings(MOST_EMOTES),
        "chatters": hikari.analytics.chatters,
        "viewers": await _viewers(hikari),
        "memories": [_remembered(memory) for memory in await hikari.memory.list_memories(MOST_MEMORIES)],
        "memory_stats": stats,
        "model": hikari.analyzer.model_id,
        "degraded": dict(tally.degraded.most_common()),
    }


def _series(by_minute: dict[int, Counter[Emotion]], emotion: Emotion) -> Iterator[Point]:
    for minute in sorted(by_minute):
        yield _point(minute, by_minute[minute][emotion])


def _point(start: int, value: float) -> Point:
    return {"at": iso(datetime.fromtimestamp(start, UTC)), "value": float(value)}


async def _viewers(hikari: Hikari) -> list[ReplayViewer]:
    found: list[ReplayViewer] = []
    for name in hikari.analytics.busiest_viewers(MOST_VIEWERS):
        known = await hikari.analytics.get_viewer_insights(name)
        if known["status"] == "ok":
            found.append(
                {
                    "username": known["username"],
                    "message_count": known["message_count"],
                    "engagement_score": known["engagement_score"],
                    "sentiment": known["sentiment"],
                    "favorite_topics": known["favorite_topics"],
                    "first_seen": known["first_seen"],
                    "last_seen": known["last_seen"],
                }
            )
    return found


def _remembered(memory: Memory) -> RememberedLine:
    why = memory["metadata"].get("why")
    return {
        "id": memory["id"],
        "username": memory["metadata"].get("user"),
        "content": memory["content"],
        "type": memory["type"],
        "importance": memory["importance"],
        "tier": memory["tier"],
        "count": memory["count"],
        "created_at": memory["created_at"],
        "why": [str(reason) for reason in why] if isinstance(why, list) else [],
    }
