"""A recording through the whole pipeline, on the recording's own clock."""

from __future__ import annotations

import asyncio
import heapq
import time
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice
from typing import Final

from hikari_ml.chat import ChatMessage
from hikari_ml.errors import InputError
from hikari_ml.pipeline.hikari import Hikari
from hikari_ml.platforms.replay import Recording
from hikari_ml.results import (
    EMOTIONS,
    Emotion,
    Insight,
    Memory,
    Point,
    RememberedLine,
    Replay,
    ReplayViewer,
    Topic,
    ToxicMessage,
)
from hikari_ml.runtime.clock import ManualClock
from hikari_ml.sentiment_analysis.analyzer import ReadMessage
from hikari_ml.text.cues import find_cues
from hikari_ml.times import iso

BATCH: Final = 64
"""Messages read by the model together at full speed."""

CONSOLIDATE_SECONDS: Final = 1800.0
"""Stream time between two rounds of consolidation."""

MOST_TOXIC: Final = 50
MOST_TOPICS: Final = 30
MOST_VIEWERS: Final = 50
MOST_MEMORIES: Final = 60
MAX_WORDS: Final = 20_000
"""Different words counted; beyond, the rarest make room."""


@dataclass(frozen=True, slots=True)
class ReplayProgress:
    """How far a replay is."""

    messages: int
    lines: int
    at: datetime


@dataclass(slots=True)
class _Said:
    """How often a word was said, and by whom."""

    messages: Counter[str] = field(default_factory=Counter)
    chatters: defaultdict[str, set[str]] = field(default_factory=lambda: defaultdict(set))

    def add(self, names: Sequence[str], username: str) -> None:
        for name in names:
            self.messages[name] += 1
            self.chatters[name].add(username)
        if len(self.messages) > MAX_WORDS:
            for name, _ in self.messages.most_common()[MAX_WORDS // 2 :]:
                del self.messages[name], self.chatters[name]

    def top(self, most: int) -> list[Topic]:
        """What most people said, at least two of them."""
        ranked = sorted(
            self.messages, key=lambda name: (-len(self.chatters[name]), -self.messages[name], name)
        )
        return [
            {"topic": name, "messages": self.messages[name], "chatters": len(self.chatters[name])}
            for name in ranked[:most]
            if len(self.chatters[name]) > 1
        ]


@dataclass(slots=True)
class _Collector:
    """What a report needs that the pipeline itself does not keep."""

    messages: int = 0
    bots: int = 0
    first: datetime | None = None
    last: datetime | None = None
    emotions: Counter[Emotion] = field(default_factory=Counter)
    by_minute: defaultdict[int, Counter[Emotion]] = field(default_factory=lambda: defaultdict(Counter))
    languages: Counter[str] = field(default_factory=Counter)
    topics: _Said = field(default_factory=_Said)
    emotes: _Said = field(default_factory=_Said)
    toxic_total: int = 0
    toxic: list[tuple[float, int, ToxicMessage]] = field(default_factory=list)
    degraded: Counter[str] = field(default_factory=Counter)

    def add(self, message: ChatMessage, insight: Insight) -> None:
        self.messages += 1
        at = message.timestamp
        self.first = at if self.first is None else min(self.first, at)
        self.last = at if self.last is None else max(self.last, at)
        if insight["insights"]["features"].get("why_not") == "bot":
            self.bots += 1
            return
        analysis = insight["analysis"]
        self.languages[analysis["language"]] += 1
        self.degraded.update(insight["degraded"])
        self.topics.add(analysis["keywords"], message.username)
        cues = {cue.token: None for cue in find_cues(message.text, message.emotes)}
        self.emotes.add(list(cues), message.username)
        if analysis["sentiment"]["members_used"]:
            emotion = analysis["emotion"]["primary"]
            self.emotions[emotion] += 1
            self.by_minute[int(at.timestamp() // 60) * 60][emotion] += 1
        if analysis["toxicity"]["is_toxic"]:
            self._note_toxic(message, insight)

    def _note_toxic(self, message: ChatMessage, insight: Insight) -> None:
        toxicity = insight["analysis"]["toxicity"]
        self.toxic_total += 1
        found: ToxicMessage = {
            "at": iso(message.timestamp),
            "username": message.username,
            "text": insight["analysis"]["text"],
            "score": toxicity["overall"],
            "category": max(toxicity["categories"], key=lambda name: toxicity["categories"][name]),
        }
        heapq.heappush(self.toxic, (found["score"], -self.messages, found))
        if len(self.toxic) > MOST_TOXIC:
            heapq.heappop(self.toxic)


async def replay(
    hikari: Hikari,
    clock: ManualClock,
    recording: Recording,
    *,
    viewers: Sequence[tuple[datetime, float]] = (),
    speed: float | None = None,
    on_progress: Callable[[ReplayProgress], None] = lambda progress: None,
) -> Replay:
    """Take ``recording`` through ``hikari``, which must have been made with ``clock``.

    ``speed`` is how many seconds of the stream pass in one real second; None goes as fast as it can. The
    numbers are the same either way. ``viewers`` are viewer counts on the recording's clock.

    Raises:
        RecordingError: the recording cannot be opened.
        InputError: ``speed`` is not above 0.
    """
    if speed is not None and not speed > 0:
        raise InputError("speed", speed, "give a number above 0")
    began = time.monotonic()
    collected = _Collector()
    counts = sorted(viewers)
    next_round: float | None = None
    async for batch, reads in _read_ahead(hikari, recording, BATCH if speed is None else 1):
        if speed is not None:
            await _wait(batch[0], collected.first, began, speed)
        for message, read in zip(batch, reads, strict=True):
            clock.advance_to(message.timestamp)
            counts = await _record_viewers(hikari, counts, message.timestamp)
            collected.add(message, await hikari.perceive_read(message, read))
            next_round = await _keep_house(hikari, clock, next_round)
        on_progress(ReplayProgress(collected.messages, recording.lines, clock.now()))
    await hikari.memory.consolidate()
    return await _result(hikari, recording, collected, viewers, time.monotonic() - began)


async def _read_ahead(
    hikari: Hikari, recording: Recording, size: int
) -> AsyncIterator[tuple[list[ChatMessage], list[ReadMessage]]]:
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


async def _wait(message: ChatMessage, first: datetime | None, began: float, speed: float) -> None:
    if first is not None:
        due = began + (message.timestamp - first).total_seconds() / speed
        await asyncio.sleep(max(0.0, due - time.monotonic()))


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
    collected: _Collector,
    viewers: Sequence[tuple[datetime, float]],
    seconds: float,
) -> Replay:
    minutes = hikari.analytics.all_minutes()
    emotions = collected.emotions.total()
    stats = await hikari.memory.get_memory_stats()
    return {
        "source": recording.path.name,
        "messages": collected.messages,
        "skipped": recording.skipped,
        "problems": [{"line": p.line, "reason": p.reason} for p in recording.problems],
        "bots": collected.bots,
        "started_at": iso(collected.first) if collected.first else None,
        "ended_at": iso(collected.last) if collected.last else None,
        "wall_seconds": seconds,
        "messages_per_second": collected.messages / seconds if seconds > 0 else 0.0,
        "chat_rate": [_point(m.start, m.messages) for m in minutes],
        "mood": [_point(m.start, m.mood) for m in minutes if m.mood is not None],
        "viewer_count": [{"at": iso(at), "value": value} for at, value in sorted(viewers)],
        "emotions": {name: collected.emotions[name] / emotions if emotions else 0.0 for name in EMOTIONS},
        "emotion_series": {name: list(_series(collected.by_minute, name)) for name in EMOTIONS},
        "languages": dict(collected.languages.most_common()),
        "toxic": [found for _, _, found in sorted(collected.toxic, key=lambda t: (-t[0], -t[1]))],
        "toxic_total": collected.toxic_total,
        "moments": hikari.analytics.moments(),
        "anomalies": hikari.analytics.alerts(),
        "topics": collected.topics.top(MOST_TOPICS),
        "emotes": collected.emotes.top(MOST_TOPICS),
        "chatters": hikari.analytics.chatters,
        "viewers": await _viewers(hikari),
        "memories": [_remembered(memory) for memory in await hikari.memory.list_memories(MOST_MEMORIES)],
        "memory_stats": stats,
        "model": stats["model"],
        "degraded": [f"{name} ({count} messages)" for name, count in collected.degraded.most_common()],
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
