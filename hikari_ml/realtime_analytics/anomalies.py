"""What is unusual: single messages, and stretches of the stream, each against its own past.

Both are Isolation Forests that learn as the stream goes on and are fitted again at fixed counts, so that
a recording gives the same alarms at any speed. Until enough was seen nothing is called unusual.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass
from typing import Final

from hikari_ml.realtime_analytics.features import NUMERIC, MessageFeatures
from hikari_ml.realtime_analytics.forest import Forest
from hikari_ml.realtime_analytics.timeline import Bucket

MESSAGES_KEPT: Final = 2000
FIRST_FIT: Final = 200
"""Messages after which single messages are judged."""

WINDOWS_KEPT: Final = 720
FIRST_WINDOWS: Final = 60
"""Windows after which stretches are judged: ten minutes."""

REFIT_WINDOWS: Final = 180
"""Windows between two fits at most: half an hour."""

WINDOW: Final = 60.0
"""Seconds a window looks back."""

REFRACTORY: Final = 180.0
"""Seconds after an alert in which the next must be worse to be raised."""

WINDOW_FEATURES: Final = (
    "chat rate",
    "different chatters",
    "newcomers",
    "toxic messages",
    "repeated lines",
    "emotes",
    "mood",
)


@dataclass(frozen=True, slots=True)
class Judgement:
    """``score`` in [0, 1] is 1 minus the tail probability among the past; 0 while there is no past."""

    unusual: bool
    score: float
    moved: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Raised:
    """An alert over a stretch of the stream that ended at ``at`` (epoch seconds).

    ``score`` in (0, 1): 0.5 lies a whole range beyond anything seen before.
    """

    at: float
    kind: str
    score: float
    reason: str


class Learner:
    """The past that something is judged against, and the forest fitted to it again from time to time.

    A fit takes about 0.1 s and belongs in a thread: ``forest = Forest(learner.rows())`` needs nothing that
    changes meanwhile, and ``learner.learn(forest)`` puts it to use. The first is due after ``first_fit`` rows
    and each further one when twice as many were seen, at the latest after ``longest_wait`` more.
    """

    def __init__(self, kept: int, first_fit: int, longest_wait: int) -> None:
        self._rows: deque[list[float]] = deque(maxlen=kept)
        self._seen = 0
        self._next_fit = first_fit
        self._longest_wait = longest_wait
        self._forest: Forest | None = None

    @property
    def due(self) -> bool:
        """Whether a forest should be fitted before the next judgement."""
        return self._seen >= self._next_fit

    def rows(self) -> list[list[float]]:
        """What it is fitted to."""
        return list(self._rows)

    def learn(self, forest: Forest) -> None:
        """Judge by ``forest`` from now on."""
        self._next_fit = self._seen + min(self._seen, self._longest_wait)
        self._forest = forest

    def _keep(self, row: list[float]) -> None:
        self._rows.append(row)
        self._seen += 1


UNKNOWN: Final = Judgement(unusual=False, score=0.0)


class MessageAnomalies(Learner):
    """Judges single messages against the last two thousand."""

    def __init__(self) -> None:
        super().__init__(MESSAGES_KEPT, FIRST_FIT, MESSAGES_KEPT)

    def judge(self, message: MessageFeatures) -> Judgement:
        """Judge ``message``, then learn it."""
        row = message.vector()
        verdict = self._verdict(row)
        self._keep(row)
        return verdict

    def _verdict(self, row: list[float]) -> Judgement:
        if self._forest is None:
            return UNKNOWN
        unusual = self._forest.severity(row) > 0
        moved = tuple(NUMERIC[i] for i, _ in self._forest.moved(row)) if unusual else ()
        return Judgement(unusual, 1 - self._forest.tail(self._forest.score(row)), moved)


class StreamAnomalies(Learner):
    """Judges the last minute of the stream against the last two hours, every ten seconds."""

    def __init__(self) -> None:
        super().__init__(WINDOWS_KEPT, FIRST_WINDOWS, REFIT_WINDOWS)
        self._last: Raised | None = None

    def judge(self, window: Bucket, at: float) -> Raised | None:
        """Judge the window that ended at ``at``, then learn it; an alert if it is unusual."""
        row = window_row(window)
        raised = self._verdict(row, window, at)
        self._keep(row)
        return raised

    def _verdict(self, row: list[float], window: Bucket, at: float) -> Raised | None:
        if self._forest is None:
            return None
        severity = self._forest.severity(row)
        score = severity / (1 + severity)
        if severity == 0:
            return None
        if self._last and at - self._last.at < REFRACTORY and score <= self._last.score:
            return None
        moved = self._forest.moved(row)
        if not moved:
            return None
        reason = ", ".join(f"{WINDOW_FEATURES[i]} {_direction(z)}" for i, z in moved[:3])
        self._last = Raised(at, name_kind(window, dict(moved)), score, reason)
        return self._last


def window_row(window: Bucket) -> list[float]:
    """The numbers of :data:`WINDOW_FEATURES`, in order; shares are shrunk while messages are few."""
    n = window.messages + 2
    mood = (window.mood_sum + 1.0) / (window.mood_count + 2)
    return [
        math.log1p(window.messages),
        math.log1p(window.people),
        window.newcomers / n,
        window.toxic / n,
        window.repeated / n,
        window.with_cue / n,
        mood,
    ]


def name_kind(window: Bucket, moved: dict[int, float]) -> str:
    """What a stretch looks like: raid, hate_raid, copypasta, flood, burst, quiet, mood_swing or unusual."""
    up = {i for i, z in moved.items() if z > 0}
    n = max(1, window.messages)
    if 2 in up and window.newcomers >= 5:
        return "hate_raid" if window.toxic / n > 0.2 else "raid"
    if 4 in up and window.repeated / n > 0.3:
        return "copypasta" if window.people >= 5 else "flood"
    if 0 in up:
        return "burst"
    if 0 in moved:
        return "quiet"
    return "mood_swing" if 6 in moved else "unusual"


def _direction(z: float) -> str:
    return "far above usual" if z > 0 else "far below usual"
