"""Readings of messages, as far as moods and faces look at them."""

from hikari_ml.results import EMOTIONS


def reading(emotion="neutral", sure=0.9, toxicity=0.0, reasons=()):
    """A message of one emotion; one with ``toxicity`` above a half is toxic."""
    scores = dict.fromkeys(EMOTIONS, 0.02) | {emotion: 0.88}
    return {
        "sentiment": {"aggregate": {"score": 0.5, "confidence": sure}},
        "emotion": {"scores": scores},
        "toxicity": {"overall": toxicity, "is_toxic": toxicity > 0.5},
        "response_recommendation": {"reasons": list(reasons)},
    }
