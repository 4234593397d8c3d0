"""The mood of the chat, smoothed so that a face that follows it neither flickers nor freezes; pure.

Nothing here reads a clock: a mood is read *at* a moment, and reading changes nothing, so how often somebody
looks makes no difference.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, TypedDict

from hikari_ml.results import EMOTIONS, Emotion, MessageAnalysis

HALF_LIFE: Final = 30.0
"""Seconds of stream after which a feeling counts half."""

STEADY: Final = 4.0
"""Weight of the neutral state the mood falls back to when nobody speaks."""

FAINT: Final = 0.05
"""Intensity below which no emotion is named."""


class MoodState(TypedDict):
    """``valence`` in [-1, 1]; ``arousal`` and ``intensity`` in [0, 1]; ``dominant`` leads the emotions."""

    valence: float
    arousal: float
    dominant: Emotion
    intensity: float


@dataclass(slots=True)
class Fading:
    """Sums of which half is left after ``half_life`` seconds, as they were at the last addition.

    ``at`` is that moment in epoch seconds.
    """

    half_life: float
    sums: dict[str, float] = field(default_factory=dict)
    at: float | None = None

    def kept(self, at: float | None) -> float:
        """The share in (0, 1] that is left of the sums at a moment; None is that of the last addition."""
        if at is None or self.at is None or at <= self.at:
            return 1.0
        return float(0.5 ** ((at - self.at) / self.half_life))

    def add(self, amounts: Mapping[str, float], at: float) -> None:
        """Add to the sums at a moment; what comes late counts as now."""
        kept = self.kept(at)
        self.sums = {name: value * kept for name, value in self.sums.items()}
        for name, amount in amounts.items():
            self.sums[name] = self.sums.get(name, 0.0) + amount
        self.at = at if self.at is None else max(self.at, at)


@dataclass(slots=True)
class Mood:
    """What the messages of the stream felt like, the newer the more."""

    _felt: Fading = field(default_factory=lambda: Fading(HALF_LIFE))

    def feel(self, analysis: MessageAnalysis, at: float) -> MoodState:
        """Take in one message at ``at`` (epoch seconds); one that comes late counts as now."""
        aggregate = analysis["sentiment"]["aggregate"]
        sure = aggregate["confidence"]
        emotions: dict[str, float] = {
            name: sure * score for name, score in analysis["emotion"]["scores"].items()
        }
        self._felt.add({"weight": sure, "valence": sure * (2 * aggregate["score"] - 1), **emotions}, at)
        return self.state(at)

    def state(self, at: float | None = None) -> MoodState:
        """The mood at a moment, by what was felt before it; None is right after the last message."""
        kept, sums = self._felt.kept(at), self._felt.sums
        total = kept * sums.get("weight", 0.0) + STEADY
        shares: dict[Emotion, float] = {name: kept * sums.get(name, 0.0) / total for name in EMOTIONS}
        neutral = shares.pop("neutral")
        dominant = max(shares, key=shares.__getitem__)
        intensity = min(1.0, shares[dominant])
        return {
            "valence": kept * sums.get("valence", 0.0) / total,
            "arousal": min(1.0, sum(shares.values())),
            "dominant": dominant if intensity >= max(FAINT, neutral / 2) else "neutral",
            "intensity": intensity,
        }
