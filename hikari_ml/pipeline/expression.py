"""What Hikari shows, told when it changes: the face and the avatar's names for it; pure."""

from __future__ import annotations

import math
from typing import Final, TypedDict

from hikari_ml.pipeline.face import FEELINGS, Face, FaceState
from hikari_ml.pipeline.looks import Avatar, Looks
from hikari_ml.results import Emotion, MessageAnalysis, Tone
from hikari_ml.times import iso_at

GRID: Final = 0.25
"""Seconds of stream between two looks at the face, when no message comes."""

STEP: Final = 0.1
"""Change of intensity from which it is told again."""


class ExpressionState(TypedDict):
    """What Hikari might show now, and what an avatar calls it.

    ``valence`` in [-1, 1], ``arousal`` and ``intensity`` in [0, 1]; ``dominant`` is the emotion shown and
    ``tone`` how she would speak; ``because`` is the feeling of the chat that is answered so, "neutral" for
    none; ``since`` (ISO-8601) when that began, None before anything was shown.
    """

    dominant: Emotion
    intensity: float
    valence: float
    arousal: float
    tone: Tone
    because: str
    since: str | None
    avatar: Avatar
    degraded: list[str]


Told = tuple[float, ExpressionState]
"""A moment (epoch seconds) and what was shown from then on."""


class Expression:
    """The face of one channel and what was last told of it.

    It is looked at on a grid of the stream's own time, so what is told does not depend on who asks when.
    """

    def __init__(self, looks: Looks, hold: float) -> None:
        self._looks = looks
        self._face = Face({feeling: looks.answer(feeling) for feeling in FEELINGS}, hold)
        self._next = math.inf
        self._told = self._face.state()
        self._told_at = -math.inf

    def feel(self, analysis: MessageAnalysis, at: float) -> list[Told]:
        """Take in one message at ``at`` (epoch seconds); returns what changed up to and with it."""
        told = self.until(at)
        self._face.feel(analysis, at)
        self._next = self._next if math.isfinite(self._next) else at
        return told + self._look(max(at, self._told_at))

    def until(self, now: float) -> list[Told]:
        """What changed up to ``now`` without another message."""
        told: list[Told] = []
        while self._next <= now:
            told += self._look(self._next)
            if self._face.is_at_rest(self._next):
                self._next = math.inf
                break
            self._next = (math.floor(self._next / GRID) + 1) * GRID
        return told

    def at(self, now: float | None = None) -> ExpressionState:
        """What is shown at a moment; None is right after the last message. Looking changes nothing."""
        return self._named(self._face.state(now))

    def _named(self, face: FaceState) -> ExpressionState:
        """A face with what the avatar calls it."""
        return {
            "dominant": face["dominant"],
            "intensity": face["intensity"],
            "valence": face["valence"],
            "arousal": face["arousal"],
            "tone": face["tone"],
            "because": face["because"],
            "since": iso_at(face["since"]) if face["since"] is not None else None,
            "avatar": self._looks.avatar(face["dominant"], face["intensity"]),
            "degraded": [],
        }

    def _look(self, at: float) -> list[Told]:
        shown = self._face.state(at)
        if not _differs(self._told, shown):
            return []
        self._told, self._told_at = shown, at
        return [(at, self._named(shown))]


def _differs(told: FaceState, shown: FaceState) -> bool:
    """Whether ``shown`` is worth telling after ``told``: another feeling, or a step of intensity."""
    if told["because"] != shown["because"]:
        return True
    moved = abs(told["intensity"] - shown["intensity"])
    return moved >= STEP or (moved > 0 and shown["intensity"] == 0)
