"""How to answer: what the analyser advises, and what memory and analytics add to it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from hikari_ml.results import Memory, MessageAnalysis, MessageInsights, ResponseRecommendation

CLOSE: Final = 0.45
"""Cosine similarity from which a memory is worth recalling unasked."""


def advise(
    analysis: MessageAnalysis, memories: Sequence[Memory], insights: MessageInsights
) -> ResponseRecommendation:
    """The analyser's advice with what memory and analytics add to it, where something is to be said."""
    advice = analysis["response_recommendation"]
    reasons = list(advice["reasons"])
    priority = advice["priority"]
    if advice["tone"] != "none":
        if any(map(is_close, memories)):
            reasons.append("remembers")
        if insights["features"].get("newcomer"):
            reasons.append("first_message")
            priority = "normal" if priority == "low" else priority
        if any(found.startswith("ignore") for found in insights["recommendations"]):
            reasons.append("spam")
            priority = "ignore"
    return {**advice, "priority": priority, "reasons": reasons}


def is_close(memory: Memory) -> bool:
    """Whether a memory means nearly what was said: a recall without meaning is close to nothing."""
    meaning = memory["why"].get("meaning")
    return isinstance(meaning, float) and meaning >= CLOSE
