"""What tone a companion might answer in, and how soon; pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from hikari_ml.results import Emotion, Priority, ResponseRecommendation, SentimentLabel, Tone

HOSTILE: Final = 0.4
"""Toxicity from which a message that is not yet toxic is answered calmly."""

SERIOUS: Final = 0.5
"""Threat or identity-hate score from which a human should look, whatever else the message is."""

SURE: Final = 0.25
"""Confidence below which the sentiment is too uncertain to set the tone."""


@dataclass(frozen=True, slots=True)
class Heard:
    """What advice depends on."""

    label: SentimentLabel
    confidence: float
    emotion: Emotion
    toxicity: float
    is_toxic: bool
    serious: float
    has_words: bool
    is_question: bool
    is_continuation: bool
    is_distress: bool = False


def recommend(heard: Heard) -> ResponseRecommendation:
    """Suggest a reply.

    Somebody who says that they want to die is answered first, whatever the scores say, and marked for a look.
    A toxic message is not answered, and one that threatens or hates is marked for a look. Otherwise the
    tone follows the sentiment, and joy, sadness, anger, a question or a running conversation raise the
    priority; a message without words (an emote, a number) is low.
    """
    if heard.is_distress:
        return _result("supportive", "high", ["distress", "needs_a_look"])
    if heard.is_toxic:
        return _toxic(heard)
    tone, priority, reasons = _by_sentiment(heard)
    if heard.toxicity >= HOSTILE:
        tone = "calm"
        reasons.append("hostile")
    if heard.is_question:
        priority = _raised(priority)
        reasons.append("question")
    if heard.is_continuation:
        priority = _raised(priority)
        reasons.append("continues_conversation")
    if not heard.has_words:
        priority = "low"
        reasons.append("no_words")
    return _result(tone, priority, reasons)


def _toxic(heard: Heard) -> ResponseRecommendation:
    reasons = ["toxic_content"]
    if heard.serious >= SERIOUS:
        reasons.append("needs_a_look")
    return _result("none", "ignore", reasons)


def _by_sentiment(heard: Heard) -> tuple[Tone, Priority, list[str]]:
    if heard.confidence < SURE:
        return "casual", "normal", []
    if heard.label in ("positive", "very_positive"):
        strong = heard.label == "very_positive" and heard.emotion == "joy"
        return "enthusiastic", "high" if strong else "normal", ["positive", heard.emotion]
    if heard.label in ("negative", "very_negative"):
        strong = heard.emotion in ("sadness", "anger", "fear")
        return "supportive", "high" if strong else "normal", ["negative", heard.emotion]
    return "casual", "normal", []


def _raised(priority: Priority) -> Priority:
    return "high" if priority == "normal" else priority


def _result(tone: Tone, priority: Priority, reasons: list[str]) -> ResponseRecommendation:
    return {
        "tone": tone,
        "response_tone": tone,
        "priority": priority,
        "reasons": list(dict.fromkeys(reasons)),
    }
