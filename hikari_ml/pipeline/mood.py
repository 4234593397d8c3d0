"""The mood of the chat, smoothed so that a face that follows it neither flickers nor freezes; pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, TypedDict

from hikari_ml.results import EMOTIONS, Emotion, MessageAnalysis

HALF_LIFE: Final = 30.0
"""Seconds of stream after which a feeling counts half."""

STEADY: Final = 4.0
"""Weight of the neutral state the mood falls back to when nobody speaks."""


class MoodState(TypedDict):
    """``valence`` in [-1, 1]; ``arousal`` and ``intensity`` in [0, 1]; ``dominant`` leads the emotions."""

    valence: float
    arousal: float
    dominant: Emotion
    intensity: float


@dataclass(slots=True)
class Mood:
    """Decaying sums over the messages of the stream."""

    _at: float | None = None
    _weight: float = 0.0
    _valence: float = 0.0
    _emotions: dict[Emotion, float] = field(default_factory=lambda: dict.fromkeys(EMOTIONS, 0.0))

    def feel(self, analysis: MessageAnalysis, at: float) -> MoodState:
        """Take in one message at ``at`` (epoch seconds); one that comes late counts as now."""
        self._fade(at)
        aggregate = analysis["sentiment"]["aggregate"]
        sure = aggregate["confidence"]
        self._weight += sure
        self._valence += sure * (2 * aggregate["score"] - 1)
        for emotion, score in analysis["emotion"]["scores"].items():
            self._emotions[emotion] += sure * score
        return self.state()

    def state(self) -> MoodState:
        """The mood as it stands."""
        total = self._weight + STEADY
        shares = {emotion: value / total for emotion, value in self._emotions.items()}
        moved: dict[Emotion, float] = {
            emotion: share for emotion, share in shares.items() if emotion != "neutral"
        }
        dominant: Emotion = max(moved, key=moved.__getitem__)
        intensity = min(1.0, moved[dominant])
        if intensity < shares["neutral"] / 2 or intensity == 0:
            dominant = "neutral"
        return {
            "valence": self._valence / total,
            "arousal": min(1.0, sum(moved.values())),
            "dominant": dominant,
            "intensity": intensity,
        }

    def _fade(self, at: float) -> None:
        if self._at is not None and at > self._at:
            kept = 0.5 ** ((at - self._at) / HALF_LIFE)
            self._weight *= kept
            self._valence *= kept
            for emotion in self._emotions:
                self._emotions[emotion] *= kept
        self._at = at if self._at is None else max(self._at, at)
