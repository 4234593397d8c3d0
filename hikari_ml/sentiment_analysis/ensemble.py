"""The vote over sentiment members, gated by evidence; pure.

Scores lie in [0, 1] with 0.5 neutral. A member without evidence (no known word, no emoji) has no vote: on
chat where most messages are one emote, silent members would pull everything to neutral.

Two votes are there. :func:`weighted_vote` is a mean, the linear opinion pool; in it a neutral line weakens
what the emote beside it says. :func:`evidence_vote` adds log-odds, the logarithmic opinion pool; in it what
is neutral adds nothing, and members that agree are surer together than each alone.

C. Genest, J. V. Zidek, "Combining Probability Distributions: A Critique and an Annotated Bibliography",
Statistical Science 1(1), 1986.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from hikari_ml.results import EMOTIONS, Emotion, SentimentLabel

LABEL_CUTS: Final[tuple[tuple[float, SentimentLabel], ...]] = (
    (0.2, "very_negative"),
    (0.4, "negative"),
)
NEUTRAL: Final = 0.5
LEAST_DOUBT: Final = 0.02


@dataclass(frozen=True, slots=True)
class Vote:
    """The outcome of a vote: ``weights`` sum to 1 over the members asked."""

    score: float
    label: SentimentLabel
    confidence: float
    weights: dict[str, float]


def weighted_vote(
    scores: Mapping[str, float | None], weights: Mapping[str, float], certainty: Mapping[str, float]
) -> Vote | None:
    """The mean of the members' ``scores``, weighted; None is a member without evidence.

    Confidence is the weighted certainty of the members that voted, times their agreement:
    1 minus twice their weighted mean deviation from their mean. Returns None if nobody voted.
    """
    return _vote(scores, weights, certainty, pool=None)


def evidence_vote(
    scores: Mapping[str, float | None], weights: Mapping[str, float], certainty: Mapping[str, float]
) -> Vote | None:
    """The sum of the members' log-odds, each times its weight, as a score; see :func:`weighted_vote`.

    Weights count by their ratio to the heaviest member that votes: one that votes alone is taken at its word.
    A score counts as at least 0.02 and at most 0.98: no member is beyond doubt.
    """

    def pooled(voting: Mapping[str, float]) -> float:
        heaviest = max(weights[name] for name in voting)
        odds = sum(weights[name] / heaviest * _log_odds(score) for name, score in voting.items())
        return 1 / (1 + math.exp(-odds))

    return _vote(scores, weights, certainty, pooled)


def _vote(
    scores: Mapping[str, float | None],
    weights: Mapping[str, float],
    certainty: Mapping[str, float],
    pool: Callable[[Mapping[str, float]], float] | None,
) -> Vote | None:
    voting = {name: score for name, score in scores.items() if score is not None}
    total = sum(weights[name] for name in voting)
    if not voting or total <= 0:
        return None
    share = {name: weights[name] / total if name in voting else 0.0 for name in scores}
    mean = _within(sum(share[name] * score for name, score in voting.items()))
    deviation = sum(share[name] * abs(score - mean) for name, score in voting.items())
    sure = sum(share[name] * certainty.get(name, 1.0) for name in voting)
    outcome = mean if pool is None else _within(pool(voting))
    return Vote(outcome, sentiment_label(outcome), _within(sure * (1 - 2 * deviation)), share)


def _log_odds(score: float) -> float:
    doubted = min(1 - LEAST_DOUBT, max(LEAST_DOUBT, score))
    return math.log(doubted / (1 - doubted))


def _within(value: float) -> float:
    return min(1.0, max(0.0, value))


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
