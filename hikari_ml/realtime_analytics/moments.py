"""Live highlights: stretches in which chat reacts to something, decided while they happen.

The trailing twenty seconds are compared with its own median over the last ten minutes; a reaction opens
when it is several times as busy and several people take part. What they react to lies a few seconds
before the first messages.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from statistics import median
from typing import Final

from hikari_ml.realtime_analytics.timeline import BUCKET, Bucket, Timeline

SHORT: Final = 20
"""Seconds that are compared."""

LONG: Final = 600
"""Seconds of which the median is usual."""

OPENS: Final = 2.5
"""How many times as busy as usual opens a moment."""

CLOSES: Final = 1.5
FEWEST: Final = 8
"""Messages in the short window below which nothing is a moment."""

FEWEST_PEOPLE: Final = 4
LAG: Final = 10
"""Seconds between what happens and what chat says of it."""

LONGEST: Final = 120
REST: Final = 60
"""Seconds after a moment before the next may open."""

MAX_KEPT: Final = 500
WARM_UP: Final = 120
"""Seconds of stream before anything can be called unusual."""


@dataclass(slots=True)
class Highlight:
    """A moment; times in epoch seconds, ``score`` in [0, 1]."""

    start: float
    peak: float
    end: float
    decided: float
    score: float
    reason: str


@dataclass(slots=True)
class Moments:
    """Follows the stream bucket by bucket and keeps what stood out."""

    kept: deque[Highlight] = field(default_factory=lambda: deque(maxlen=MAX_KEPT))
    _began: float | None = None
    _open: Highlight | None = None
    _ready_at: float = 0.0

    def step(self, timeline: Timeline, at: float) -> Highlight | None:
        """Look at the buckets up to ``at``; returns a moment when it opens."""
        if self._began is None:
            self._began = at
        counts = timeline.counts(at, LONG + SHORT)
        width = SHORT // BUCKET
        now = sum(counts[-width:])
        usual = _usual(counts[:-width], width, int((at - self._began) // BUCKET))
        ratio = (now + 1) / (usual + 1)
        if self._open is not None:
            self._follow(timeline, at, ratio)
            return None
        warm = at - self._began >= WARM_UP and at >= self._ready_at
        if not warm or ratio < OPENS or now < FEWEST:
            return None
        window = timeline.window(at, SHORT)
        if window.people < FEWEST_PEOPLE:
            return None
        start = at - SHORT - LAG
        reason = _reason(window, ratio)
        self._open = Highlight(start, at, at, at, _score(ratio), reason)
        self.kept.append(self._open)
        return self._open

    def end_stream(self) -> None:
        """What comes next is another stream: nothing stays open, and what is usual is learned anew.

        An open moment ends where it was last looked at.
        """
        self._began = self._open = None
        self._ready_at = 0.0

    def _follow(self, timeline: Timeline, at: float, ratio: float) -> None:
        moment = self._open
        assert moment is not None
        moment.end = at
        if _score(ratio) > moment.score:
            moment.score, moment.peak = _score(ratio), at
            moment.reason = _reason(timeline.window(at, SHORT), ratio)
        if ratio < CLOSES or at - moment.start > LONGEST:
            self._open = None
            self._ready_at = at + REST


def _usual(counts: list[int], width: int, known: int) -> float:
    """Median message count of the short windows before, as far back as the stream goes."""
    counts = counts[max(0, len(counts) - max(known, 1)) :]
    sums = [sum(counts[i : i + width]) for i in range(len(counts) - width + 1)]
    return median(sums) if sums else 0.0


def _score(ratio: float) -> float:
    return 1 - 1 / max(1.0, ratio)


def _reason(window: Bucket, ratio: float) -> str:
    parts = [f"chat {ratio:.1f}x as busy as usual"]
    emotions = [(count, name) for name, count in window.emotions.items() if name != "neutral"]
    if emotions and 3 * max(emotions)[0] >= window.messages:
        parts.append(max(emotions)[1])
    cues = window.cues.most_common(1)
    if cues and 5 * cues[0][1] >= window.messages:
        parts.append(f"much {cues[0][0]}")
    elif window.topics:
        word, count = min(window.topics.items(), key=lambda item: (-item[1], item[0]))
        if count >= 3:
            parts.append(f"about “{word}”")
    return ", ".join(parts)
