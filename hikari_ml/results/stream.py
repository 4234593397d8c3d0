"""What the whole pipeline says: of one message, and of a recorded stream."""

from __future__ import annotations

from typing import TypedDict

from hikari_ml.results.analysis import EmoteMeaning, Emotion, MessageAnalysis, ResponseRecommendation
from hikari_ml.results.analytics import Alert, MessageInsights, Moment
from hikari_ml.results.memory import Memory, MemoryStats, Tier


class Remembered(TypedDict):
    """What was stored of a message, and why."""

    id: str
    type: str
    importance: float
    reasons: list[str]


class Insight(TypedDict):
    """Everything one channel makes of one message; ``remembered`` is None where nothing was stored."""

    message_id: str | None
    analysis: MessageAnalysis
    memories: list[Memory]
    insights: MessageInsights
    recommendation: ResponseRecommendation
    remembered: Remembered | None
    degraded: list[str]


class Point(TypedDict):
    """One point of a series."""

    at: str
    value: float


class ToxicMessage(TypedDict):
    """A text that was called toxic, with its largest category, as it was first written.

    ``messages`` and ``chatters`` say how often and by how many it was written; case and punctuation aside.
    """

    at: str
    username: str
    text: str
    score: float
    category: str
    messages: int
    chatters: int


class Topic(TypedDict):
    """A word chat came back to: how many messages and how many people said it."""

    topic: str
    messages: int
    chatters: int


class ReplayViewer(TypedDict):
    """One of the busiest viewers of a recording."""

    username: str
    message_count: int
    engagement_score: float
    sentiment: float | None
    favorite_topics: list[tuple[str, float]]
    first_seen: str
    last_seen: str


class RememberedLine(TypedDict):
    """A memory of a recording and the reasons it was kept for."""

    id: str
    username: str | None
    content: str
    type: str
    importance: float
    tier: Tier
    count: int
    created_at: str
    why: list[str]


class SkippedLine(TypedDict):
    """A line (1-based) of a recording that could not be used."""

    line: int
    reason: str


class Replay(TypedDict):
    """What a recording came to. Series have a point a minute, of chat rate in messages a minute.

    ``complete`` is False where it was stopped before its end, or the file is cut short.
    ``skipped`` counts lines that could not be used and ``problems`` names the first of them; ``bots`` counts
    messages of bots, which are part of ``messages`` and of nothing else. ``late`` counts messages so much
    older than one before them that rates, moods and moments are without them. ``degraded`` holds every
    fallback with the number of messages that it touched, the most frequent first.
    """

    source: str
    messages: int
    complete: bool
    skipped: int
    problems: list[SkippedLine]
    bots: int
    late: int
    started_at: str | None
    ended_at: str | None
    wall_seconds: float
    messages_per_second: float
    chat_rate: list[Point]
    mood: list[Point]
    viewer_count: list[Point]
    emotions: dict[Emotion, float]
    emotion_series: dict[Emotion, list[Point]]
    languages: dict[str, int]
    toxic: list[ToxicMessage]
    toxic_total: int
    moments: list[Moment]
    anomalies: list[Alert]
    topics: list[Topic]
    emotes: list[Topic]
    emote_meanings: list[EmoteMeaning]
    chatters: int
    viewers: list[ReplayViewer]
    memories: list[RememberedLine]
    memory_stats: MemoryStats
    model: str
    degraded: dict[str, int]
