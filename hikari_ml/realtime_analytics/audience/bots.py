"""Which accounts behave like programs; pure.

Three signs, each of which no eager human gives: the same longer line at clockwork intervals, nearly every
line an answer to somebody's command within two seconds, and two days without four hours of pause.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median
from typing import Final

from hikari_ml.realtime_analytics.audience.lines import Line

CLOCKWORK_TIMES: Final = 6
"""Intervals between the same line that must agree."""
CLOCKWORK_LEAST: Final = 45.0
"""Seconds: what comes faster is spam, by whomever."""
CLOCKWORK_SHARE: Final = 0.02
CLOCKWORK_SECONDS: Final = 2.0
"""An interval agrees if it differs from a multiple of the shortest by no more than the larger of these."""
CLOCKWORK_SKIPS: Final = 4
"""Turns of the clock that may be skipped between two lines."""
CLOCKWORK_LINES: Final = 0.5
"""Share of the account's latest lines that are of the kind."""

ANSWER_SECONDS: Final = 2.0
ANSWERS: Final = 12
ANSWER_SHARE: Final = 0.85
ANSWER_CHANCE: Final = 0.25
"""Where more than this share of all lines follows a command anyway, following one says nothing."""

PAUSE_SECONDS: Final = 4 * 3600.0
AWAKE_SECONDS: Final = 48 * 3600.0
AWAKE_LINES: Final = 48
"""Lines without a pause that make it round the clock, besides the hours."""


@dataclass(slots=True)
class Habits:
    """What is counted of an account for this, in a few numbers."""

    lines: int = 0
    answers: int = 0
    awake_since: float = 0.0
    awake_lines: int = 0
    latest: float = 0.0

    def add(self, at: float, *, answers: bool) -> None:
        """Count a line said at ``at`` seconds."""
        if not self.lines or at - self.latest > PAUSE_SECONDS:
            self.awake_since, self.awake_lines = at, 0
        self.latest = max(self.latest, at)
        self.lines += 1
        self.awake_lines += 1
        self.answers += answers

    def pack(self) -> list[float]:
        """As plain values."""
        return [self.lines, self.answers, self.awake_since, self.awake_lines, self.latest]


class Commands:
    """When somebody last gave a command, and how many lines follow one by chance."""

    def __init__(self) -> None:
        self._last = 0.0
        self._by = ""
        self._lines = 0
        self._following = 0

    def follows(self, key: str, at: float, *, command: bool) -> bool:
        """Whether this line of ``key`` comes right after a command of somebody else; counts it."""
        found = not command and key != self._by and 0 <= at - self._last <= ANSWER_SECONDS
        self._lines += 1
        self._following += found
        if command:
            self._last, self._by = at, key
        return found

    def pack(self) -> list[int]:
        """How many lines there were and how many followed a command, as plain values."""
        return [self._lines, self._following]

    def unpack(self, counts: list[int]) -> None:
        """From what :meth:`pack` gave."""
        self._lines, self._following = counts

    def forget(self, key: str) -> None:
        """Drop the name of who gave the last command, if it is this one."""
        if self._by == key:
            self._by = ""

    @property
    def chance(self) -> float:
        """Share of all lines that follow a command."""
        return self._following / self._lines if self._lines else 0.0


def behaves_like_a_bot(lines: Sequence[Line], habits: Habits, chance: float) -> str | None:
    """The reason to take an account for a program, or None; ``chance`` is :attr:`Commands.chance`."""
    if habits.lines >= ANSWERS and chance <= ANSWER_CHANCE and habits.answers >= ANSWER_SHARE * habits.lines:
        return (
            f"answers commands: {habits.answers} of {habits.lines} lines within {ANSWER_SECONDS:.0f} s of one"
        )
    awake = habits.latest - habits.awake_since
    if awake >= AWAKE_SECONDS and habits.awake_lines >= AWAKE_LINES:
        return f"round the clock: {awake / 3600:.0f} hours without a pause of four"
    beat = clockwork(lines) if lines else None
    return f"clockwork: the same line every {beat:.0f} s" if beat is not None else None


def clockwork(lines: Iterable[Line]) -> float | None:
    """Seconds between the same longer lines if they come like clockwork, each half of all lines or more."""
    kept = list(lines)
    counted = Counter(line.digest for line in kept if not line.short)
    times: list[float] = []
    beats = []
    for key, count in counted.items():
        if count <= CLOCKWORK_TIMES:
            continue
        said = [line.at for line in kept if line.digest == key]
        beat = _beat([b - a for a, b in pairwise(said)])
        if beat is not None:
            beats.append(beat)
            times += said
    return median(beats) if beats and len(times) >= CLOCKWORK_LINES * len(kept) else None


def _beat(intervals: list[float]) -> float | None:
    """The interval of which all are multiples, or None."""
    shortest = min(intervals)
    if shortest < CLOCKWORK_LEAST:
        return None
    for interval in intervals:
        turns = round(interval / shortest)
        off = abs(interval / turns - shortest)
        if turns > CLOCKWORK_SKIPS or off > max(CLOCKWORK_SECONDS, CLOCKWORK_SHARE * shortest):
            return None
    return shortest
