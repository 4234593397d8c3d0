"""The state the live page shows: the analytics' snapshot, and the last of what happened.

Every list is bounded and loses its oldest. What was deleted or erased is shown no more.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from math import inf
from typing import Any, Final

from hikari_ml.chat import user_key
from hikari_ml.pipeline.events import Event
from hikari_ml.pipeline.hikari import Hikari
from hikari_ml.realtime_analytics.engine import VIEWER_COUNT_SECONDS
from hikari_ml.realtime_analytics.timeline import STREAM_GAP, Minute
from hikari_ml.text.cues import find_cues
from hikari_ml.times import iso_at, parse

CHAT_KEPT: Final = 60
LIST_KEPT: Final = 12
QUEUE_KEPT: Final = 50
"""Toxic messages waiting for a look; beyond, the oldest is dropped and counted in ``toxic_total``."""

POINT_SECONDS: Final = 10.0
POINTS_KEPT: Final = 360
"""Points of the live curves: an hour."""

EMOTE_SECONDS: Final = 600.0
EMOTE_LINES: Final = 5000
"""Lines with emotes that are looked back at, and for how long."""

EMOTES_SHOWN: Final = 8
READ_KEPT: Final = 100
"""Messages behind what is said of how well they could be read."""


@dataclass(slots=True)
class Emotes:
    """Which emotes and emoji the last ten minutes used, and how many lines each."""

    _lines: deque[tuple[float, tuple[str, ...]]] = field(default_factory=lambda: deque(maxlen=EMOTE_LINES))

    def add(self, at: float, text: str) -> None:
        """Count the emotes of a line, each once."""
        if found := tuple(dict.fromkeys(cue.token for cue in find_cues(text))):
            self._lines.append((at, found))

    def top(self, now: float) -> list[tuple[str, int]]:
        """The most used ones up to ``now``, each with its lines."""
        while self._lines and self._lines[0][0] < now - EMOTE_SECONDS:
            self._lines.popleft()
        counts = Counter(token for _, tokens in self._lines for token in tokens)
        return sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:EMOTES_SHOWN]


@dataclass(slots=True)
class LiveState:
    """What is shown of one channel. ``viewer_forecast`` is set from outside: it takes seconds to make."""

    hikari: Hikari
    chat: deque[dict[str, Any]] = field(default_factory=lambda: deque(maxlen=CHAT_KEPT))
    memories: deque[dict[str, Any]] = field(default_factory=lambda: deque(maxlen=LIST_KEPT))
    toxic: deque[dict[str, Any]] = field(default_factory=lambda: deque(maxlen=QUEUE_KEPT))
    people: deque[dict[str, Any]] = field(default_factory=lambda: deque(maxlen=LIST_KEPT))
    arrivals: Counter[str] = field(default_factory=lambda: Counter({"new": 0, "back": 0}))
    emotes: Emotes = field(default_factory=Emotes)
    series: dict[str, deque[Any]] = field(default_factory=dict)
    advice: dict[str, Any] = field(default_factory=dict)
    viewer_forecast: dict[str, Any] = field(default_factory=dict)
    started_at: str | None = None
    """Beginning of the minute of the first message of the stream; time codes count from it."""
    listed_since: str | None = None
    """Since when the lists hold what happened, where the stream runs since before; no file keeps them."""
    toxic_total: int = 0
    _read: deque[list[str]] = field(default_factory=lambda: deque(maxlen=READ_KEPT))
    _lines: int = 0
    _counted: int = 0
    """Messages of the stream that were heard here, without those of bots."""
    _first: float = inf
    _last: float = -inf
    """Minutes (epoch seconds) in which the stream began, and in which somebody wrote last."""
    _sampled: float = 0.0
    _went_on: bool = False

    def take(self, event: Event) -> None:
        """Take in one event."""
        if event["type"] == "message":
            self._message(event["at"], event["data"])
        elif event["type"] == "memory":
            known = event["data"]
            shown = {name: known[name] for name in ("content", "username", "type", "reasons")}
            self.memories.appendleft({"id": known["message_id"], "at": event["at"], **shown})
        elif event["type"] == "retracted":
            message_id = event["data"]["message_id"]
            self._drop(lambda line: line.get("id") == message_id)
        elif event["type"] == "erased":
            user = user_key(event["data"]["user"])
            self._drop(lambda line: user_key(line.get("username", "")) == user)

    async def snapshot(self) -> Mapping[str, Any]:
        """Everything the page shows, now."""
        board = await self.hikari.analytics.get_real_time_dashboard()
        if not self._went_on:
            self._went_on = True
            self._go_on()
        self._sample(board["timestamp"], board["current_metrics"])
        return {
            "channel": self.hikari.channel,
            "started_at": self.started_at,
            "listed_since": self.listed_since,
            **board,
            "moments": board["moments"][-LIST_KEPT:],
            "alerts": board["alerts"][-LIST_KEPT:],
            "feeling": self.hikari.mood,
            "expression": self.hikari.expression,
            "chat": list(self.chat),
            "memories": list(self.memories),
            "toxic": list(self.toxic),
            "toxic_total": self.toxic_total,
            "people": list(self.people),
            "arrivals": dict(self.arrivals),
            "emotes": self.emotes.top(self.hikari.now().timestamp()),
            "advice": self.advice,
            "series": {name: list(points) for name, points in self.series.items()},
            "viewer_forecast": self.viewer_forecast,
            "reading": self._reading(),
        }

    def _message(self, at: str, insight: Mapping[str, Any]) -> None:
        analysis = insight["analysis"]
        self._lines += 1
        line = {
            "key": self._lines,
            "id": insight["message_id"],
            "at": at,
            "username": analysis["username"],
            "text": analysis["text"],
            "label": analysis["sentiment"]["aggregate"]["label"],
            "emotion": analysis["emotion"]["primary"],
            "toxic": analysis["toxicity"]["is_toxic"],
        }
        self.chat.append(line)
        self._read.append(insight["degraded"])
        if insight["insights"]["features"].get("why_not") is not None:  # a bot's: shown, and no more
            return
        self._wrote(parse(at).timestamp())
        self.emotes.add(self.hikari.now().timestamp(), analysis["text"])
        self._arrival(line, insight["insights"]["features"])
        if line["toxic"]:
            self.toxic_total += 1
            self.toxic.appendleft({**line, "score": analysis["toxicity"]["overall"]})
        advice = insight["recommendation"]
        if advice["priority"] == "high":
            shown = {name: advice[name] for name in ("tone", "priority", "reasons")}
            self.advice = {**line, **shown}

    def _arrival(self, line: Mapping[str, Any], features: Mapping[str, Any]) -> None:
        days = features.get("back_after_days")
        kind = "new" if features.get("newcomer") else "back" if days else None
        if kind is not None:
            self.arrivals[kind] += 1
            who = {name: line[name] for name in ("id", "at", "username", "text")}
            self.people.appendleft({**who, "kind": kind, "days": days})

    def _reading(self) -> dict[str, Any]:
        """Of the last messages, how many could only be read in part, by what was missing."""
        counts = Counter(why for found in self._read for why in found)
        return {"messages": len(self._read), "degraded": dict(counts.most_common(5))}

    def _drop(self, gone: Callable[[dict[str, Any]], bool]) -> None:
        """Show nothing any more of what was deleted."""
        for lines in (self.chat, self.memories, self.toxic, self.people):
            for line in [line for line in lines if gone(line)]:
                lines.remove(line)
        if gone(self.advice):
            self.advice = {}

    def _go_on(self) -> None:
        """Begin the curves with what is known of the stream: it may run since before a restart."""
        now = self.hikari.now().timestamp()
        minutes = running(self.hikari.analytics.all_minutes(), now)
        if not minutes:
            return
        self._runs(min(self._first, minutes[0].start), max(self._last, minutes[-1].start))
        if sum(minute.messages for minute in minutes) > self._counted:
            self.listed_since = iso_at(now)
        viewers = self.hikari.analytics.metric_points("viewer_count")
        for minute in minutes[-POINTS_KEPT:]:
            end = minute.start + 60
            if end > now:
                break
            at, count = viewers[bisect_right(viewers, (end, inf)) - 1] if viewers else (end, None)
            known = end - VIEWER_COUNT_SECONDS <= at <= end
            self._point(iso_at(end), minute.messages, minute.mood, count if known else None)

    def _wrote(self, at: float) -> None:
        """Somebody wrote at ``at`` (epoch seconds); what is old is of another evening."""
        now = self.hikari.now().timestamp()
        if at < now - STREAM_GAP:
            return
        minute = min(at, now) // 60 * 60
        if minute - self._last > STREAM_GAP:  # and what was listed before is of the stream before
            self._first, self._counted, self.listed_since = minute, 0, None
        self._counted += 1
        self._runs(min(self._first, minute), max(self._last, minute))

    def _runs(self, first: float, last: float) -> None:
        """The stream runs from the minute ``first`` to ``last``, as far as is known.

        It begins with a full minute: of what was before a restart no more is known.
        """
        self._first, self._last = first, last
        self.started_at = iso_at(first)

    def _point(self, at: str, rate: float, mood: float | None, viewers: float | None) -> None:
        values = {"at": at, "messages_per_minute": rate, "mood": mood, "viewers": viewers}
        for name, value in values.items():
            self.series.setdefault(name, deque(maxlen=POINTS_KEPT)).append(value)

    def _sample(self, at: str, metrics: Mapping[str, Any]) -> None:
        """Add a point to the curves every few seconds of stream."""
        now = self.hikari.now().timestamp()
        if now - self._sampled < POINT_SECONDS or not metrics["total_messages"]:
            return
        self._sampled = now
        self._point(at, metrics["messages_per_minute"], metrics["mood"], metrics["viewer_count"])


def running(minutes: Sequence[Minute], now: float) -> list[Minute]:
    """Those of ``minutes`` that are of the stream which runs at ``now`` (epoch seconds)."""
    found: list[Minute] = []
    for minute in reversed(minutes):
        if (found[-1].start if found else now) - minute.start > STREAM_GAP:
            break
        found.append(minute)
    return found[::-1]
