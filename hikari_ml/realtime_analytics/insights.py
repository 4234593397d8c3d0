"""Shaping what came of one message into the result its caller gets; pure."""

from __future__ import annotations

import math
from typing import Final

from hikari_ml.realtime_analytics.moments import Highlight
from hikari_ml.realtime_analytics.stream import Counted
from hikari_ml.results import MessageInsights

SPAM_REPEATS: Final = 3
BACK_AFTER_DAYS: Final = 7.0


def not_counted(username: str, engagement: float, why: str, degraded: list[str]) -> MessageInsights:
    """The result for a message that does not count, with the reason."""
    return {
        "username": username,
        "engagement_score": engagement,
        "is_anomaly": False,
        "anomaly_score": 0.0,
        "recommendations": [],
        "features": {"counted": False, "why_not": why},
        "degraded": degraded,
    }


def insights(username: str, counted: Counted, degraded: list[str]) -> MessageInsights:
    """The result for a message that was counted."""
    message = counted.message
    alerts = [found for found in counted.news if not isinstance(found, Highlight)]
    return {
        "username": username,
        "engagement_score": counted.viewer.engagement(),
        "is_anomaly": counted.judgement.unusual,
        "anomaly_score": counted.judgement.score,
        "recommendations": _recommendations(counted),
        "features": {
            "counted": True,
            "late": counted.late,
            "newcomer": counted.newcomer,
            "back_after_days": _days_away(counted),
            "messages": counted.viewer.messages,
            "characters": round(math.expm1(message.length)),
            "caps": message.caps,
            "repetition": message.repetition,
            "own_rate": message.own_rate,
            "repeats": counted.repeats,
            "emotes": message.emotes,
            "mentions": message.mentions,
            "links": message.links,
            "question": message.question,
            "mood": message.mood,
            "toxicity": message.toxicity,
            "unusual": ", ".join(counted.judgement.moved) or None,
            "alert": alerts[0].kind if alerts else None,
        },
        "degraded": [*degraded, "timestamp:late"] if counted.late else degraded,
    }


def _days_away(counted: Counted) -> float | None:
    """How long the author was away, if that is long enough to be welcomed back."""
    return counted.days_away if counted.days_away >= BACK_AFTER_DAYS else None


def _recommendations(counted: Counted) -> list[str]:
    found = []
    if counted.newcomer:
        found.append("greet: first message here")
    elif (days := _days_away(counted)) is not None:
        found.append(f"welcome back: away for {days:.0f} days")
    if counted.message.question:
        found.append("answer: asks something")
    if counted.repeats >= SPAM_REPEATS:
        found.append(f"ignore: said the same {counted.repeats + 1} times in two minutes")
    if counted.message.toxic:
        found.append("look: toxic message")
    alerts = [raised for raised in counted.news if not isinstance(raised, Highlight)]
    return found + [f"look: {raised.kind} ({raised.reason})" for raised in alerts]
