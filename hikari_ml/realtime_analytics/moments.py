"""Live highlights: stretches in which the crowd reacts to something, decided while they happen.

How strong a reaction is at a time is read from the minute around it, so that it is known thirty seconds
later: how far the crowd of that minute lies above that of the usual minute, in the spread that counts have
by chance (the square root of the usual). The crowd is the geometric mean of messages and different people:
a lone flood is none. What they react to lies a few seconds before their first messages.

That more people write at once is the first sign of a highlight in the literature too, with a delay learned
from the chat (R. Jiang et al., "LIGHTOR", arXiv 1910.12201).
"""

from __future__ import annotations

import math
import re
from collections import Counter, deque
from collections.abc import Container
from dataclasses import astuple, dataclass, field
from statistics import median
from typing import Any, Final

from hikari_ml.realtime_analytics.timeline import BUCKET, Bucket, Timeline

AROUND: Final = 60
"""Seconds that are looked at together; the time in question lies in their middle."""

DECIDED_AFTER: Final = AROUND // 2
"""Seconds after which it is known how strong the reaction was."""

LONG: Final = 600
"""Seconds of which the median minute is usual."""

OPENS: Final = 4.0
"""Strength that opens a moment."""

CLOSES: Final = 1.0
FLOOR: Final = 5.0
"""Added to the usual crowd where its spread is taken: in an empty chat three people are no sensation."""

FEWEST: Final = 8
"""Messages in the minute below which nothing is a moment."""

FEWEST_PEOPLE: Final = 4
LAG: Final = 10
"""Seconds between what happens and what chat says of it."""

LONGEST: Final = 120
REST: Final = 60
"""Seconds after a moment before the next may open."""

MAX_KEPT: Final = 500
WARM_UP: Final = 120
"""Seconds of stream before anything can be called unusual."""

FEWEST_SAID: Final = 3
"""How often a word must be said to be named as the reason."""

BURST: Final = 3.0
"""How many times as often as usual something is said that is named as the reason."""

SWING: Final = 0.12
"""How far the mood of the minute has to lie from the usual one to be named."""

_QUOTE = re.compile(r", about “(.*)”")


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
    """Follows the stream bucket by bucket and keeps what stood out.

    ``strength`` is that of the last step: of the time :data:`DECIDED_AFTER` seconds before it; 0 until
    enough of the stream was seen.
    """

    kept: deque[Highlight] = field(default_factory=lambda: deque(maxlen=MAX_KEPT))
    strength: float = 0.0
    _crowds: deque[float] = field(default_factory=lambda: deque(maxlen=(LONG + AROUND) // BUCKET))
    _open: Highlight | None = None
    _ready_at: float = 0.0
    _began: float | None = None

    def step(self, timeline: Timeline, at: float) -> Highlight | None:
        """Look at the buckets up to ``at``; returns a moment when it opens."""
        if self._began is None:
            self._began = at
        minute = timeline.window(at, AROUND)
        crowd = math.sqrt(minute.messages * minute.people)
        warm = at - self._began >= WARM_UP
        before = list(self._crowds)[: -AROUND // BUCKET]  # those of minutes that have no part in this one
        usual = median(before) if before else crowd
        if at - self._began >= AROUND - BUCKET:  # the first whole minute, and all after it
            self._crowds.append(crowd)
        self.strength = (crowd - usual) / math.sqrt(usual + FLOOR) if warm else 0.0
        if self._open is not None:
            self._follow(timeline, minute, at, self._began)
            return None
        if self.strength < OPENS or at < self._ready_at:
            return None
        if minute.messages < FEWEST or minute.people < FEWEST_PEOPLE:
            return None
        start = _rise(timeline, at) - LAG
        peak = max(start, at - DECIDED_AFTER)
        reason = _reason(timeline, minute, at, self._began)
        self._open = Highlight(start, peak, at, at, _score(self.strength), reason)
        self.kept.append(self._open)
        return self._open

    def forget(self, key: str, timeline: Timeline) -> None:
        """Take the name ``key`` and what its owner may have said out of reasons, which quote chat."""
        for moment in self.kept:
            if key in moment.reason.casefold():
                moment.reason = moment.reason.split(",")[0]
            elif _quoted(moment.reason):
                said = _said_in(timeline, moment)
                if not said.messages or key in said.chatters:
                    moment.reason = _unquoted(moment.reason)

    def take_back(self, words: Container[str], timeline: Timeline) -> None:
        """Quote none of ``words``, which were withdrawn, where not enough is left of it."""
        for moment in self.kept:
            word = _quoted(moment.reason)
            if word in words and _said_in(timeline, moment).topics[word] < FEWEST_SAID:
                moment.reason = _unquoted(moment.reason)

    def pack(self) -> list[list[Any]]:
        """What was kept, as plain values for the state file."""
        return [list(astuple(moment)) for moment in self.kept]

    def unpack(self, rows: list[list[Any]]) -> None:
        """From what :meth:`pack` gave."""
        self.kept.extend(Highlight(*row) for row in rows)

    def end_stream(self) -> None:
        """What comes next is another stream: nothing stays open, and what is usual is learned anew.

        An open moment ends where it was last looked at.
        """
        self._began = self._open = None
        self._crowds.clear()
        self.strength = self._ready_at = 0.0

    def _follow(self, timeline: Timeline, minute: Bucket, at: float, began: float) -> None:
        moment = self._open
        assert moment is not None
        moment.end = at
        if _score(self.strength) > moment.score:
            moment.score = _score(self.strength)
            moment.peak = max(moment.start, at - DECIDED_AFTER)
            moment.reason = _reason(timeline, minute, at, began)
        if self.strength < CLOSES or at - moment.start > LONGEST:
            self._open = None
            self._ready_at = at + REST


def _score(strength: float) -> float:
    return max(0.0, strength) / (max(0.0, strength) + OPENS)


def _rise(timeline: Timeline, at: float) -> float:
    """Where in the last minute the crowd set in: before its first ten seconds busier than their mean."""
    counts = timeline.counts(at, AROUND)
    mean = sum(counts) / len(counts)
    first = next((i for i, count in enumerate(counts) if count >= mean), 0)
    return at - AROUND + first * BUCKET


def _reason(timeline: Timeline, minute: Bucket, at: float, began: float) -> str:
    """What chat did in the minute that it had not done before: its pace, then mood, emotes and words."""
    past = timeline.window(at - AROUND, LONG)
    minutes = max(AROUND, min(LONG, at - AROUND - began)) / AROUND
    pace = (minute.messages + 1) / (past.messages / minutes + 1)
    parts = [f"chat {pace:.1f}x as busy as usual"]
    emotions = [(count, name) for name, count in minute.emotions.items() if name != "neutral"]
    if emotions and 3 * max(emotions)[0] >= minute.messages:
        parts.append(max(emotions)[1])
    elif swing := _swing(minute, past):
        parts.append(swing)
    if burst := _burst(minute.cues, past.cues, minutes, pace, minute.messages / 5):
        parts.append(f"much {burst}")
    elif word := _burst(minute.topics, past.topics, minutes, pace, FEWEST_SAID):
        parts.append(f"about “{word}”")
    return ", ".join(parts)


def _quoted(reason: str) -> str:
    """The word that a reason quotes, or nothing."""
    match = _QUOTE.search(reason)
    return match[1] if match else ""


def _unquoted(reason: str) -> str:
    return _QUOTE.sub("", reason)


def _said_in(timeline: Timeline, moment: Highlight) -> Bucket:
    """What was said while a moment lasted and in the minute before; empty where it is history."""
    return timeline.window(moment.end, moment.end - moment.start + AROUND)


def _swing(minute: Bucket, past: Bucket) -> str | None:
    if not minute.mood_count or not past.mood_count:
        return None
    change = minute.mood_sum / minute.mood_count - past.mood_sum / past.mood_count
    if abs(change) < SWING or minute.mood_count < FEWEST_PEOPLE:
        return None
    return "the mood rises" if change > 0 else "the mood falls"


def _burst(now: Counter[str], past: Counter[str], minutes: float, pace: float, least: float) -> str | None:
    """What is said most of that which grew against ``minutes`` of ``past``; if nothing did, of all."""
    often = {name: count for name, count in now.items() if count >= least}
    if not often:
        return None

    def growth(name: str) -> float:
        return (often[name] + 1) / (past[name] / minutes + 1)

    grown = [name for name in often if growth(name) >= max(BURST, pace)]
    return min(grown or often, key=lambda name: (-often[name], name))
