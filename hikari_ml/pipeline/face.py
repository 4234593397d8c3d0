"""What Hikari might show while chat feels what it feels: attack, hold and decay; pure.

It is no mirror. Each feeling of the chat has an :class:`Answer`: joy is shared, sadness is met gently, and
anger or abuse with calm. Which feeling she answers changes only when another leads by a margin, and not
before the present one was held for a while; how strongly she shows it rises fast and falls slowly.

Between two messages everything follows from the time alone, in closed form. So the face can be read at any
moment, by any number of readers, and none of them changes what another sees.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final, Literal, TypedDict, cast

from hikari_ml.pipeline.mood import STEADY, Fading
from hikari_ml.results import Emotion, MessageAnalysis, Tone

Feeling = Literal["anger", "disgust", "fear", "joy", "sadness", "surprise", "toxicity"]
"""What of the chat she answers: its emotions, and abuse of somebody."""

FEELINGS: Final[tuple[Feeling, ...]] = (
    "anger",
    "disgust",
    "fear",
    "joy",
    "sadness",
    "surprise",
    "toxicity",
)

HALF_LIFE: Final = 10.0
"""Seconds after which a message counts half: a face follows faster than a mood."""

MOST: Final = 40.0
"""Weight all messages together may have, so that a fast chat is answered, and left, as soon as a slow one."""

DISTRESS: Final = 6.0
"""Messages of sadness that one counts for whose author wants to die: she turns to them at once."""

ENTER: Final = 0.2
"""Share of the chat a feeling needs to be answered; a single message does not reach it."""

LEAVE: Final = 0.08
"""Share below which it is answered no more."""

MARGIN: Final = 0.08
"""What another feeling must have more than the one that is answered now."""

FULL: Final = 0.5
"""Share of the chat from which a feeling is answered with all its strength."""

ATTACK: Final = 0.7
"""How much intensity may rise in a second."""

DECAY: Final = 0.5
"""How much it may fall in one; what was shown before has faded after two, before anything new is allowed."""

SHORTEST_HOLD: Final = 1 / DECAY

POINTS: Final[Mapping[Emotion, tuple[float, float]]] = {
    "anger": (-0.7, 0.8),
    "disgust": (-0.7, 0.4),
    "fear": (-0.6, 0.7),
    "joy": (0.8, 0.6),
    "neutral": (0.0, 0.0),
    "sadness": (-0.5, 0.3),
    "surprise": (0.3, 0.8),
}
"""Valence and arousal of an emotion shown in full, after the circumplex of Russell (1980)."""


@dataclass(frozen=True, slots=True)
class Answer:
    """How a feeling of the chat is met: the emotion shown, at most how strongly (0 to 1), and the tone."""

    shows: Emotion
    strength: float
    tone: Tone


NO_ANSWER: Final = Answer("neutral", 0.0, "casual")


class FaceState(TypedDict):
    """What Hikari might show.

    ``valence`` in [-1, 1], ``arousal`` and ``intensity`` in [0, 1]; ``dominant`` is the emotion shown,
    ``because`` the feeling of the chat that it answers ("neutral": none), ``since`` when it began to
    (epoch seconds, None: nothing was shown yet).
    """

    valence: float
    arousal: float
    dominant: Emotion
    intensity: float
    tone: Tone
    because: str
    since: float | None


@dataclass(frozen=True, slots=True)
class _Shown:
    """A feeling that is answered since ``since``, with ``level`` at ``at``; and what is fading beside it."""

    feeling: Feeling | None = None
    since: float = -math.inf
    level: float = 0.0
    at: float = -math.inf
    before: Feeling | None = None
    before_level: float = 0.0


class Face:
    """Follows the chat; ``hold`` is how many seconds an answer lasts at least (two or more)."""

    def __init__(self, answers: Mapping[Feeling, Answer], hold: float) -> None:
        self._answers = answers
        self._hold = max(hold, SHORTEST_HOLD)
        self._felt = Fading(HALF_LIFE)
        self._shown = _Shown()

    def feel(self, analysis: MessageAnalysis, at: float) -> None:
        """Take in one message at ``at`` (epoch seconds); one that comes late counts as now."""
        if self._felt.at is not None:
            at = max(at, self._felt.at)
        self._shown = replace(self._at(at), at=at)
        self._felt.add(_amounts(analysis), at)
        weight = self._felt.sums["weight"]
        if weight > MOST:
            self._felt.sums = {name: value * MOST / weight for name, value in self._felt.sums.items()}

    def state(self, at: float | None = None) -> FaceState:
        """What is shown at a moment, by what was felt before it; None is right after the last message."""
        moment = self._felt.at if at is None else at
        shown = self._shown if moment is None else self._at(moment)
        answer, before = self._answer(shown.feeling), self._answer(shown.before)
        valence, arousal = POINTS[answer.shows]
        valence_before, arousal_before = POINTS[before.shows]
        return {
            "valence": shown.level * valence + shown.before_level * valence_before,
            "arousal": min(1.0, shown.level * arousal + shown.before_level * arousal_before),
            "dominant": answer.shows if answer.strength else "neutral",
            "intensity": shown.level,
            "tone": answer.tone,
            "because": shown.feeling or "neutral",
            "since": shown.since if math.isfinite(shown.since) else None,
        }

    def is_at_rest(self, at: float) -> bool:
        """Whether nothing is shown at ``at`` and nothing will be without another message."""
        shown = self._at(at)
        faded = shown.level == 0 and shown.before_level == 0
        return shown.feeling is None and faded and self._turn(shown, math.inf) is None

    # -- between two messages ------------------------------------------------------------------------

    def _at(self, moment: float) -> _Shown:
        """What is shown at ``moment`` if no message comes before it."""
        shown = self._shown
        while (turn := self._turn(shown, moment)) is not None:
            when, feeling = turn
            shown = _Shown(feeling, when, 0.0, when, shown.feeling, self._level(shown, when))
        if moment <= shown.at:
            return shown
        faded = max(0.0, shown.before_level - DECAY * (moment - shown.at)) if shown.before else 0.0
        return replace(shown, level=self._level(shown, moment), at=moment, before_level=faded)

    def _turn(self, shown: _Shown, until: float) -> tuple[float, Feeling | None] | None:
        """When, up to ``until``, something else is answered, and what.

        Without messages all shares fall together, and so does what one has more than another. So a feeling
        takes over as soon as it may or not at all; only leaving happens at a moment in between.
        """
        if self._felt.at is None:
            return None
        start = max(shown.at, shown.since + self._hold)
        if start > until:
            return None
        leader = max(FEELINGS, key=lambda name: self._felt.sums.get(name, 0.0))
        share, present = self._share(leader, start), self._share(shown.feeling, start)
        lead = MARGIN if shown.feeling else 0.0
        if leader != shown.feeling and share >= ENTER and share >= present + lead:
            return start, leader
        if shown.feeling is not None:
            left = max(start, self._falls_below(shown.feeling, LEAVE))
            if left <= until:
                return left, None
        return None

    def _share(self, feeling: Feeling | None, at: float) -> float:
        """The share in [0, 1) that a feeling has of the chat."""
        if feeling is None:
            return 0.0
        kept, sums = self._felt.kept(at), self._felt.sums
        return kept * sums.get(feeling, 0.0) / (kept * sums.get("weight", 0.0) + STEADY)

    def _falls_below(self, feeling: Feeling, share: float) -> float:
        """When a feeling's share falls to ``share`` if nobody writes: ``kept`` of ``_share``, solved."""
        at = cast("float", self._felt.at)
        amount = self._felt.sums.get(feeling, 0.0) - share * self._felt.sums.get("weight", 0.0)
        if amount <= share * STEADY:
            return at
        return at + self._felt.half_life * math.log2(amount / (share * STEADY))

    def _level(self, shown: _Shown, at: float) -> float:
        """The intensity at ``at``: what the share asks for, as fast as it may rise and fall."""
        passed = max(0.0, at - shown.at) if math.isfinite(shown.at) else 0.0
        wanted = self._answer(shown.feeling).strength * min(1.0, self._share(shown.feeling, at) / FULL)
        return min(max(wanted, shown.level - DECAY * passed), shown.level + ATTACK * passed)

    def _answer(self, feeling: Feeling | None) -> Answer:
        return NO_ANSWER if feeling is None else self._answers[feeling]


def _amounts(analysis: MessageAnalysis) -> dict[str, float]:
    """What one message adds to each feeling, and to the whole."""
    if "distress" in analysis["response_recommendation"]["reasons"]:
        return {"weight": DISTRESS, "sadness": DISTRESS}
    toxicity = analysis["toxicity"]
    if toxicity["is_toxic"]:
        return {"weight": toxicity["overall"], "toxicity": toxicity["overall"]}
    sure = analysis["sentiment"]["aggregate"]["confidence"]
    scores = analysis["emotion"]["scores"]
    felt: dict[str, float] = {name: sure * score for name, score in scores.items() if name != "neutral"}
    return {"weight": sure, **felt}
