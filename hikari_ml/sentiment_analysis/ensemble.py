"""The weighted vote over sentiment members, gated by evidence; pure.

Scores lie in [0, 1] with 0.5 neutral. A member without evidence (no known word, no emoji) has no vote,
and the weights of the others are scaled up to sum to 1: on chat where most messages are one emote,
fixed weights would let the silent members pull everything to neutral.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from hikari_ml.results import EMOTIONS, Emotion, SentimentLabel

LABEL_CUTS: Final[tuple[tuple[float, SentimentLabel], ...]] = (
    (0.2, "very_negative"),
    (0.4, "negative"),
)
NEUTRAL: Final = 0.5


@dataclass(frozen=True, slots=True)
class Vote:
    """The outcome of a vote: ``weights`` sum to 1 over the members asked."""

    score: float
    label: SentimentLabel
    confidence: float
    weights: dict[str, float]


def vote(
    scores: Mapping[str, float | None], weights: Mapping[str, float], certainty: Mapping[str, float]
) -> Vote | None:
    """Combine the members' ``scores``; None is a member without evidence.

    Confidence is the weighted certainty of the members that voted, times their agreement:
    1 minus twice their weighted mean deviation from the outcome. Returns None if nobody voted.
    """
    voting = {name: score for name, score in scores.items() if score is not None}
    total = sum(weights[name] for name in voting)
    if not voting or total <= 0:
        return None
    share = {name: weights[name] / total if name in voting else 0.0 for name in scores}
    outcome = min(1.0, max(0.0, sum(share[name] * score for name, score in voting.items())))
    deviation = sum(share[name] * abs(score - outcome) for name, score in voting.items())
    sure = sum(share[name] * certainty.get(name, 1.0) for name in voting)
    confidence = min(1.0, max(0.0, sure * (1 - 2 * deviation)))
    return Vote(outcome, sentiment_label(outcome), confidence, share)


def sentiment_label(score: float) -> SentimentLabel:
    """very_negative < .2, negative < .4, neutral <= .6, positive <= .8, very_positive above."""
    for cut, label in LABEL_CUTS:
        if score < cut:
            return label
    if score <= 0.6:
        return "neutral"
    return "positive" if score <= 0.8 else "very_positive"


def blend_emotions(
    words: Mapping[Emotion, float] | None,
    cues: Mapping[Emotion, float] | None,
    cue_weight: float,
) -> dict[Emotion, float]:
    """Mix what the words and what the emoji say, each a distribution; all neutral if neither speaks."""
    if words is None and cues is None:
        return {emotion: float(emotion == "neutral") for emotion in EMOTIONS}
    if words is None or cues is None:
        only = words if words is not None else cues
        assert only is not None
        return {emotion: only[emotion] for emotion in EMOTIONS}
    return {emotion: (1 - cue_weight) * words[emotion] + cue_weight * cues[emotion] for emotion in EMOTIONS}
