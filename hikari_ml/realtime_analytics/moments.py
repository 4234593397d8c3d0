"""Live highlights: stretches in which the crowd reacts to something, decided while they happen.

How strong a reaction is at a time is read from the minute around it, so that it is known thirty seconds
later: how far the crowd of that minute lies above that of the usual minute, in the spread that counts have
by chance (the square root of the usual). The crowd is the geometric mean of people and their messages, of
each no more than somebody can react with, so that a lone flood is none. Pauses are no usual minutes, so that
chat that comes back is none either. What they react to lies a few seconds before their first messages.

That more people write at once is the first sign of a highlight in the literature too, with a delay learned
from the chat (R. Jiang et al., "LIGHTOR", arXiv 1910.12201).
"""

from __future__ import annotations

import math
import re
from collections import Counter, deque
from collections.abc import Container, Sequence
from dataclasses import astuple, dataclass, field
from statistics import median
from typing import Any, Final, NamedTuple

from hikari_ml.realtime_analytics.timeline import BUCKET, Bucket, Timeline, naming

AROUND: Final = 60
"""Seconds that are looked at together; the time in question lies in their middle."""

DECIDED_AFTER: Final = AROUND // 2
"""Seconds after which it is known how strong the reaction was."""

LONG: Final = 600
"""Seconds of which the median minute is usual."""

LONGER: Final = 1800
"""Seconds of which it is too where a pause is told from the end of a rush, a raid that leaves again."""

PAUSED: Final = 0.25
"""Share of the usual crowd below which chat pauses."""

RESUMED: Final = 0.5
"""Share of it from which a pause is over."""

LONGEST_PAUSE: Final = 1200
"""Seconds of pause in which something is said, after which it is what is usual."""

MOST_OF_ONE: Final = 16
"""Messages of somebody in a minute that count in the crowd: nobody reacts with more, but floods."""

OPENS: Final = 4.0
"""Strength that opens a moment."""

CLOSES: Final = 1.0
FLOOR: Final = 5.0
"""Added to the usual crowd where its spread is taken: in an empty chat three people are no sensation.

Where the usual is less, no minute is a pause: by chance one in thirty is as empty."""

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

CHORUS: Final = 5
"""An emote or a short line is named if at least one message in so many has it."""

BURST: Final = 3.0
"""How many times as often as usual something is said that is named as the reason."""

SWING: Final = 0.12
"""How far the mood of the minute has to lie from the usual one to be named."""

_QUOTE = re.compile(r", (?:about|many say) “(.*)”")


@dataclass(slots=True)
class Highlight:
    """A moment; times in epoch seconds, ``score`` in [0, 1].

    ``start`` is :data:`LAG` before the first busy ten seconds, and ``decided`` when it was first told, 20 to
    70 seconds after that. Until the moment closes, :data:`LONGEST` and ten seconds after its start at
    most, ``end`` moves on and a stronger minute replaces ``peak``, ``score`` and ``reason``: the peak may
    come to lie after ``decided``. After that only what is quoted can go, when it is withdrawn or erased.
    """

    start: float
    peak: float
    end: float
    decided: float
    score: float
    reason: str


class Size(NamedTuple):
    """How much was written in a minute: its ``crowd``, in people who write once, and its messages."""

    crowd: float
    messages: float


@dataclass(slots=True)
class Usual:
    """How much is usually written, from the last minutes that were no pause; half an hour at most.

    Below a quarter of the usual chat pauses, until it is back at half of it. That needs ten minutes of
    stream to be told, a usual crowd of :data:`FLOOR`, and that chat lies as far below the last
    half hour: when a raid leaves, chat is only as it was. After twenty minutes in which something was
    said the pause is what is usual; silence never is, for half an hour of it ends the stream.
    """

    _known: deque[Size] = field(default_factory=lambda: deque(maxlen=(LONGER + AROUND) // BUCKET))
    _pause: list[Size] = field(default_factory=list)

    def size(self) -> Size | None:
        """The median of ten minutes that have no part in the last one; None before there are any."""
        return _median(self._before()[-LONG // BUCKET :])

    def add(self, size: Size) -> None:
        """Take the minute that ended ten seconds after the last one."""
        if not self._pauses(size.crowd):
            self._pause.clear()
            self._known.append(size)
        elif size.messages:
            self._pause.append(size)
        if len(self._pause) >= LONGEST_PAUSE // BUCKET:
            self._known.clear()
            self._known.extend(self._pause)
            self._pause.clear()

    def clear(self) -> None:
        """What comes next is another stream."""
        self._known.clear()
        self._pause.clear()

    def _before(self) -> list[Size]:
        return list(self._known)[: -AROUND // BUCKET]

    def _pauses(self, crowd: float) -> bool:
        before = self._before()
        if len(before) < LONG // BUCKET:
            return False
        usual = min(median(size.crowd for size in part) for part in (before, before[-LONG // BUCKET :]))
        return usual >= FLOOR and crowd < usual * (RESUMED if self._pause else PAUSED)


@dataclass(slots=True)
class Moments:
    """Follows the stream bucket by bucket and keeps what stood out.

    ``strength`` is that of the last step: of the time :data:`DECIDED_AFTER` seconds before it; 0 until
    enough of the stream was seen.
    """

    kept: deque[Highlight] = field(default_factory=lambda: deque(maxlen=MAX_KEPT))
    strength: float = 0.0
    _usual: Usual = field(default_factory=Usual)
    _open: Highlight | None = None
    _ready_at: float = 0.0
    _began: float | None = None
    _opened: bool = True

    def step(self, timeline: Timeline, at: float) -> Highlight | None:
        """Look at the buckets up to ``at``; returns a moment when it opens, and goes on to change it."""
        if self._began is None:
            self._began = at
            if self._opened:
                self._resume(timeline, at)
            self._opened = False
        minute = timeline.crowd(at, AROUND)
        now = Size(_crowd(minute), minute.messages)
        usual = self._usual.size() or now
        if at - self._began >= AROUND - BUCKET:  # the first whole minute, and all after it
            self._usual.add(now)
        warm = at - self._began >= WARM_UP
        self.strength = (now.crowd - usual.crowd) / math.sqrt(usual.crowd + FLOOR) if warm else 0.0
        if self._open is not None:
            self._follow(timeline, at, usual)
            return None
        if self.strength < OPENS or at < self._ready_at:
            return None
        if minute.messages < FEWEST or minute.people < FEWEST_PEOPLE:
            return None
        start = _rise(timeline, at) - LAG
        peak = max(start, at - DECIDED_AFTER)
        reason = _reason(timeline, at, usual)
        self._open = Highlight(start, peak, at, at, _score(self.strength), reason)
        self.kept.append(self._open)
        return self._open

    def forget(self, key: str, timeline: Timeline) -> None:
        """Take the name ``key`` and what its owner may have said out of reasons, which quote chat."""
        named = naming(key)
        for moment in self.kept:
            pace, _, told = moment.reason.partition(", ")
            if key in told.casefold() or named(_quoted(moment.reason)):
                moment.reason = pace
            elif _quoted(moment.reason):
                said = _said_in(timeline, moment)
                if not said.messages or key in said.chatters:
                    moment.reason = _unquoted(moment.reason)

    def take_back(self, words: Container[str], timeline: Timeline) -> None:
        """Quote none of ``words``, which were withdrawn, where not enough is left of it."""
        for moment in self.kept:
            word = _quoted(moment.reason)
            if not word or word not in words:
                continue
            said = _said_in(timeline, moment)
            if max(said.topics[word], said.lines[word]) < FEWEST_SAID:
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
        self._usual.clear()
        self.strength = self._ready_at = 0.0

    def _resume(self, timeline: Timeline, at: float) -> None:
        """Take what is usual from the minutes of a stream that goes on after a restart.

        Who wrote how much in them is not kept, so it is taken as if all had written alike.
        """
        minutes = timeline.current(at, LONGER // 60 + 1)
        for minute in minutes[1:]:  # without the one in which it may have begun
            if not minute.messages:  # perhaps nobody listened
                continue
            for _ in range(60 // BUCKET):
                self._usual.add(Size(math.sqrt(minute.messages * minute.chatters), minute.messages))

    def _follow(self, timeline: Timeline, at: float, usual: Size) -> None:
        moment = self._open
        assert moment is not None
        moment.end = at
        if _score(self.strength) > moment.score:
            moment.score = _score(self.strength)
            moment.peak = max(moment.start, at - DECIDED_AFTER)
            moment.reason = _reason(timeline, at, usual)
        if self.strength < CLOSES or at - moment.start > LONGEST:
            self._open = None
            self._ready_at = at + REST


def _median(sizes: Sequence[Size]) -> Size | None:
    if not sizes:
        return None
    return Size(median(size.crowd for size in sizes), median(size.messages for size in sizes))


def _crowd(minute: Bucket) -> float:
    """The geometric mean of people and their messages, of each at most :data:`MOST_OF_ONE`."""
    counts = minute.chatters.values()
    messages = sum(counts)
    named = messages - sum([count - MOST_OF_ONE for count in counts if count > MOST_OF_ONE])
    nameless = min(minute.messages - messages, MOST_OF_ONE * len(minute.erased))
    return math.sqrt((named + max(0, nameless)) * minute.people)


def _score(strength: float) -> float:
    return max(0.0, strength) / (max(0.0, strength) + OPENS)


def _rise(timeline: Timeline, at: float) -> float:
    """Where in the last minute the crowd set in: before its first ten seconds busier than their mean."""
    counts = timeline.counts(at, AROUND)
    mean = sum(counts) / len(counts)
    first = next((i for i, count in enumerate(counts) if count >= mean), 0)
    return at - AROUND + first * BUCKET


def _reason(timeline: Timeline, at: float, usual: Size) -> str:
    """What chat did in the minute that it had not done before: its pace, its mood, and what it says."""
    minute, past = timeline.window(at, AROUND), timeline.window(at - AROUND, LONG)
    parts = [f"chat {_pace(minute, usual):.1f}x as busy as usual"]
    emotions = [(count, name) for name, count in minute.emotions.items() if name != "neutral"]
    if emotions and 3 * max(emotions)[0] >= minute.messages:
        parts.append(max(emotions)[1])
    elif swing := _swing(minute, past):
        parts.append(swing)
    if said := _said(minute, past, usual):
        parts.append(said)
    return ", ".join(parts)


def _pace(minute: Bucket, usual: Size) -> float:
    return (minute.messages + 1) / (usual.messages + 1)


def _said(minute: Bucket, past: Bucket, usual: Size) -> str | None:
    """The emote or the short line that surged and that most messages have, else the word."""
    pace, share = _pace(minute, usual), usual.messages / max(1, past.messages)
    many = max(FEWEST_SAID, minute.messages / CHORUS)
    cue = _burst(minute.cues, past.cues, share, pace, many)
    line = _burst(minute.lines, past.lines, share, pace, many)
    if line and (cue is None or minute.lines[line] > minute.cues[cue]):
        return f"many say “{line}”"
    if cue:
        return f"much {cue}"
    word = _burst(minute.topics, past.topics, share, pace, FEWEST_SAID)
    return f"about “{word}”" if word else None


def _quoted(reason: str) -> str:
    """The word or line that a reason quotes, or nothing."""
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


def _burst(now: Counter[str], past: Counter[str], share: float, pace: float, least: float) -> str | None:
    """What is said most, ``least`` times or more, of that which grew more than the chat did.

    ``share`` of what was said of it in the ``past`` is what a usual minute has. None where nothing grew: what
    is always said is no reason.
    """

    def growth(name: str) -> float:
        return (now[name] + 1) / (past[name] * share + 1)

    grown = [name for name in now if now[name] >= least and growth(name) >= max(BURST, pace)]
    return min(grown, key=lambda name: (-now[name], name), default=None)
