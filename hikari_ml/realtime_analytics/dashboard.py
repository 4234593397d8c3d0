"""Shaping what the engine knows into what a dashboard shows; pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import mean
from typing import Final

from hikari_ml.realtime_analytics.alarms.anomalies import Raised
from hikari_ml.realtime_analytics.audience.viewers import Viewers, top_by_messages
from hikari_ml.realtime_analytics.moments import Highlight
from hikari_ml.realtime_analytics.timeline import Bucket, Minute, Timeline
from hikari_ml.results import (
    EMOTIONS,
    Alert,
    CurrentMetrics,
    Direction,
    Moment,
    TopChatter,
)
from hikari_ml.times import iso_at

SPEEDS: Final = (
    (1, "quiet"),
    (5, "steady"),
    (15, "active"),
    (30, "fast"),
)
"""Messages a minute below which chat is called so; beyond, it is hard to follow."""

TREND_MINUTES: Final = 5
TREND_CHANGE: Final = 0.2
MOOD_CHANGE: Final = 0.05
TOP: Final = 10

LATE_IN_A_ROW: Final = 20
"""Messages that must all have come too late to be told of: a few are stragglers."""


def current_metrics(
    window: Bucket,
    rate: float,
    viewer_count: float | None,
    total_messages: int,
    total_chatters: int,
    late_messages: int = 0,
    viewer_count_at: float | None = None,
) -> CurrentMetrics:
    """The live window in numbers; ``rate`` is messages a minute just now."""
    emotions = sum(window.emotions.values())
    return {
        "messages_per_minute": rate,
        "speed": speed(rate),
        "unique_chatters": window.people,
        "viewer_count": viewer_count,
        "viewer_count_at": iso_at(viewer_count_at) if viewer_count_at is not None else None,
        "mood": window.mood_sum / window.mood_count if window.mood_count else None,
        "toxicity_rate": window.toxic / window.messages if window.messages else 0.0,
        "emote_rate": window.with_cue / window.messages if window.messages else 0.0,
        "emotions": {name: window.emotions[name] / emotions if emotions else 0.0 for name in EMOTIONS},
        "total_messages": total_messages,
        "total_chatters": total_chatters,
        "late_messages": late_messages,
    }


def speed(rate: float) -> str:
    """How ``rate`` messages a minute feel to somebody reading along."""
    return next((name for limit, name in SPEEDS if rate < limit), "hard to follow")


def degraded(troubles: Mapping[str, str], timeline: Timeline) -> list[str]:
    """What is amiss: ``troubles`` by what they concern, and a clock that stepped back."""
    found = [f"{what}: {why}" for what, why in troubles.items()]
    if (late := timeline.late_in_a_row) >= LATE_IN_A_ROW:
        newest = iso_at(timeline.newest)
        found.append(f"clock: the last {late} messages are dated too long before {newest} to be counted")
    return found


def trends(minutes: Sequence[Minute]) -> dict[str, Direction]:
    """Chat rate and mood of the last five minutes against the five before."""
    now, before = minutes[-TREND_MINUTES:], minutes[-2 * TREND_MINUTES : -TREND_MINUTES]
    if not now or not before:
        return {"chat_rate": "steady", "mood": "steady"}
    rate_now, rate_before = mean(m.messages for m in now), mean(m.messages for m in before)
    chat = _direction(rate_now - rate_before, TREND_CHANGE * max(rate_before, 1.0))
    moods_now = [m.mood for m in now if m.mood is not None]
    moods_before = [m.mood for m in before if m.mood is not None]
    mood: Direction = "steady"
    if moods_now and moods_before:
        mood = _direction(mean(moods_now) - mean(moods_before), MOOD_CHANGE)
    return {"chat_rate": chat, "mood": mood}


def top_chatters(window: Bucket, viewers: Viewers) -> list[TopChatter]:
    """The busiest of the window with their engagement."""
    found: list[TopChatter] = []
    for key, count in top_by_messages(window.chatters, TOP):
        viewer = viewers.get(key)
        name, engagement = (viewer.username, viewer.engagement()) if viewer else (key, 0.0)
        found.append({"username": name, "messages": count, "engagement_score": engagement})
    return found


def top_topics(window: Bucket) -> list[tuple[str, float]]:
    """Words said more than once in the window, with weights in (0, 1], the strongest 1."""
    ranked = sorted(window.topics.items(), key=lambda item: (-item[1], item[0]))
    ranked = [(topic, count) for topic, count in ranked[:TOP] if count > 1]
    return [(topic, count / ranked[0][1]) for topic, count in ranked]


def moment(found: Highlight) -> Moment:
    """A highlight as a result."""
    return {
        "at": iso_at(found.peak),
        "start": iso_at(found.start),
        "end": iso_at(found.end),
        "score": found.score,
        "decided_at": iso_at(found.decided),
        "reason": found.reason,
    }


def alert(raised: Raised) -> Alert:
    """An alert as a result."""
    return {
        "at": iso_at(raised.at),
        "kind": raised.kind,
        "score": raised.score,
        "reason": raised.reason,
    }


def _direction(change: float, least: float) -> Direction:
    if abs(change) < least:
        return "steady"
    return "increasing" if change > 0 else "decreasing"
