"""The stream in time: ten-second buckets for what is live, minutes for what was.

A message is counted at its own time if it is not later than the stated lateness behind the newest; a
message withdrawn is subtracted. Nothing here grows without bound.
"""

from __future__ import annotations

import math
from collections import Counter, OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any, Final, NamedTuple

from hikari_ml.chat import user_key
from hikari_ml.realtime_analytics.features import MessageFeatures
from hikari_ml.results import Emotion
from hikari_ml.text.normalize import same_text_key

BUCKET: Final = 10
"""Seconds in a bucket."""

LIVE_SECONDS: Final = 3600
"""Time kept in detail at least; a longer window or lateness keeps more."""

MAX_LIVE_SECONDS: Final = 24 * 3600
"""Time kept in detail at most: no window and no lateness is longer."""

MAX_MINUTES: Final = 14 * 24 * 60
"""Minutes of history kept as counts: two weeks."""

STREAM_GAP: Final = 30 * 60
"""Seconds of silence that part two streams."""

SHORT_NAME: Final = 2
"""Letters, each said once, up to which a name is looked for as a word of its own."""

NOWHERE: Final = -1
"""In place of the bucket of a message that came too late for any."""

OWN_METRICS: Final = ("chat_rate", "chatters", "mood")
"""What the stream itself gives each minute: messages, different people writing, mean mood in [0, 1]."""


@dataclass(slots=True)
class Bucket:
    """Counts of ten seconds; ``chatters`` are user keys, ``erased`` stands for those without a name.

    ``new_toxic``, ``new_repeated`` and ``new_links`` are of the first messages of ``newcomers``; ``lines``
    are the short ones that a chorus may say.
    """

    messages: int = 0
    chatters: Counter[str] = field(default_factory=Counter)
    newcomers: int = 0
    toxic: int = 0
    repeated: int = 0
    with_cue: int = 0
    mood_sum: float = 0.0
    mood_count: int = 0
    emotions: Counter[Emotion] = field(default_factory=Counter)
    cues: Counter[str] = field(default_factory=Counter)
    topics: Counter[str] = field(default_factory=Counter)
    lines: Counter[str] = field(default_factory=Counter)
    erased: set[int] = field(default_factory=set)
    new_toxic: int = 0
    new_repeated: int = 0
    new_links: int = 0

    @property
    def people(self) -> int:
        """How many different people wrote."""
        return len(self.chatters) + len(self.erased)

    def count(self, part: Share, sign: int) -> None:
        """Add (``sign`` 1) or subtract (-1) what one message gave."""
        message = part.message
        self.messages += sign
        _count(self.chatters, message.who, sign)
        if part.newcomer:
            self.newcomers += sign
            self.new_toxic += sign * message.toxic
            self.new_repeated += sign * part.repeated
            self.new_links += sign * bool(message.links)
        self.toxic += sign * message.toxic
        self.repeated += sign * part.repeated
        self.with_cue += sign * bool(message.cues)
        if message.mood is not None:
            self.mood_sum += sign * message.mood
            self.mood_count += sign
        if message.emotion is not None:
            self.emotions[message.emotion] += sign
        for counter, names in ((self.cues, message.cues), (self.topics, message.topics)):
            for name in names:
                _count(counter, name, sign)
        if message.chorus:
            _count(self.lines, message.chorus, sign)


Merge = Callable[[Bucket, Bucket], None]
"""Adds the second to the first."""


class Share(NamedTuple):
    """What one message gave to its bucket, kept so that it can be taken back."""

    bucket: int
    message: MessageFeatures
    newcomer: bool
    repeated: bool


class Minute(NamedTuple):
    """What is kept of a minute: ``start`` in epoch seconds, counts, and the mean mood in [0, 1]."""

    start: int
    messages: int
    chatters: int
    newcomers: int
    toxic: int
    repeated: int
    with_cue: int
    mood: float | None


class Timeline:
    """Buckets of the last hour, or of ``live_seconds`` if that is longer; minutes of the last two weeks.

    ``late`` counts the messages that came too late for their bucket, ``late_in_a_row`` those since one came
    in time.
    """

    def __init__(self, lateness_seconds: float, live_seconds: float = LIVE_SECONDS) -> None:
        self._lateness = min(lateness_seconds, MAX_LIVE_SECONDS)
        # One minute more than may be late: a minute becomes history whole, and only when nothing can join it.
        live = max(LIVE_SECONDS, min(live_seconds, MAX_LIVE_SECONDS), self._lateness + 60)
        self._live = math.ceil(live / 60) * 60
        self._buckets: OrderedDict[int, Bucket] = OrderedDict()
        self._past: dict[int, Minute] = {}
        self._summaries: dict[int, Minute] = {}
        self._erased = 0
        self._asked: tuple[Merge, float, float, Bucket] | None = None
        self.newest = 0.0
        self.late = 0
        self.late_in_a_row = 0

    @property
    def lateness(self) -> float:
        """Seconds behind the newest message at which one may still come."""
        return self._lateness

    @property
    def settles_after(self) -> float:
        """Seconds behind the newest message from which nothing can change any more: late, or withdrawn."""
        return self._live + 60.0

    def place(self, at: float) -> int | None:
        """The bucket (its start in epoch seconds) of a message at ``at``; None if it came too late."""
        if self.newest and at < self.newest - self._lateness:
            self.late += 1
            self.late_in_a_row += 1
            return None
        self.late_in_a_row = 0
        return int(at // BUCKET) * BUCKET

    def add(self, part: Share, at: float) -> None:
        """Count a message."""
        self._asked = None
        self._bucket(part.bucket).count(part, 1)
        self._summaries.pop(_minute_of(part.bucket), None)
        self.newest = max(self.newest, at)
        self._retire()

    def retract(self, part: Share) -> bool:
        """Subtract a message; False if its bucket has already become history, which stays as it is."""
        bucket = self._buckets.get(part.bucket)
        if bucket is None:
            return False
        self._asked = None
        bucket.count(part, -1)
        self._summaries.pop(_minute_of(part.bucket), None)
        return True

    def window(self, end: float, seconds: float) -> Bucket:
        """The sum of the buckets that began within ``seconds`` before ``end``; only to be read."""
        return self._sum(_merge, end, seconds)

    def crowd(self, end: float, seconds: float) -> Bucket:
        """The same without what was said and felt in them, which takes most of the time to add."""
        return self._sum(_merge_crowd, end, seconds)

    def counts(self, end: float, seconds: float) -> list[int]:
        """Messages in each bucket of the ``seconds`` before ``end``, oldest first, empty ones as 0."""
        last = int(end // BUCKET) * BUCKET
        wanted = range(last - int(seconds // BUCKET) * BUCKET + BUCKET, last + BUCKET, BUCKET)
        return [self._buckets[s].messages if s in self._buckets else 0 for s in wanted]

    def rate(self, end: float) -> float:
        """Messages a minute just before ``end``.

        The last minute is six buckets of which one is still filling, so they are divided by the 50 to 60
        seconds they cover.
        """
        first = math.ceil((end - 60) / BUCKET) * BUCKET
        return 60 * self.crowd(end, 60.0).messages / (end - first)

    def known(self) -> list[Minute]:
        """Every minute in which something was written, oldest first, the newest perhaps unfinished."""
        live = [self._summary(start) for start in dict.fromkeys(map(_minute_of, self._buckets))]
        found = dict(self._past)
        for minute in live:
            past = found.get(minute.start)
            found[minute.start] = minute if past is None else _sum(past, minute)
        return [found[start] for start in sorted(found)]

    def history(self) -> list[Minute]:
        """Every minute up to the newest message, see :func:`with_silence`."""
        return with_silence(self.known())

    def current(self, now: float, most: int) -> list[Minute]:
        """The last full minutes, at most ``most``, of the stream that runs at ``now``, oldest first.

        Silent minutes up to ``now`` are among them; after half an hour of silence there is no stream.
        """
        end = _minute_of(max(now, self.newest))
        found: list[Minute] = []
        silent: list[Minute] = []
        for start in range(end - 60, end - 60 * (most + 1), -60):
            minute = self._at(start)
            if minute is None:
                silent.append(_silence(start))
                if 60 * len(silent) >= STREAM_GAP:
                    break
            else:
                found += [*silent, minute]
                silent = []
        return found[::-1]

    def erase(self, username: str) -> None:
        """Take a chatter out, and what was spoken of where they spoke; they still count as somebody."""
        key, named = user_key(username), naming(username)
        self._erased += 1
        self._asked = None
        for bucket in self._buckets.values():
            bucket.topics.pop(key, None)
            for line in [line for line in bucket.lines if named(line)]:
                del bucket.lines[line]
            if bucket.chatters.pop(key, 0):
                bucket.erased.add(self._erased)
                bucket.topics.clear()  # it is not known which of them were theirs
                bucket.lines.clear()

    @property
    def last(self) -> float:
        """Epoch seconds of the newest message, or of the minute it was in, if that was before a restart."""
        return self.newest or float(next(reversed(self._past), 0))

    def pack(self) -> list[Minute]:
        """Every minute, for the state file."""
        return self.known()

    def unpack(self, rows: list[Any]) -> None:
        """From what :meth:`pack` gave; buckets are not brought back, their stream is over."""
        for row in rows:
            self._keep(Minute(*row))

    def _sum(self, merge: Merge, end: float, seconds: float) -> Bucket:
        if self._asked is not None and self._asked[:3] == (merge, end, seconds):
            return self._asked[3]
        total = Bucket()
        for start, bucket in reversed(self._buckets.items()):
            if start < end - seconds:
                break
            if start <= end:
                merge(total, bucket)
        self._asked = merge, end, seconds, total
        return total

    def _at(self, start: int) -> Minute | None:
        """The minute that began at ``start``, from both sides of a restart; None if it was silent."""
        past = self._past.get(start)
        first = next(iter(self._buckets), None)
        live = first is not None and start > first - 60
        if not live or not any(second in self._buckets for second in range(start, start + 60, BUCKET)):
            return past
        summary = self._summary(start)
        return summary if past is None else _sum(past, summary)

    def _summary(self, start: int) -> Minute:
        """A live minute, summed up once until it changes."""
        if start not in self._summaries:
            total = Bucket()
            for second in range(start, start + 60, BUCKET):
                if second in self._buckets:
                    _merge(total, self._buckets[second])
            self._summaries[start] = _minute(start, total)
        return self._summaries[start]

    def _keep(self, minute: Minute) -> None:
        past = self._past.get(minute.start)
        if past is not None:
            self._past[minute.start] = _sum(past, minute)
            return
        in_order = not self._past or minute.start > next(reversed(self._past))
        self._past[minute.start] = minute
        if not in_order:
            self._past = dict(sorted(self._past.items()))
        while len(self._past) > MAX_MINUTES:
            del self._past[next(iter(self._past))]

    def _bucket(self, start: int) -> Bucket:
        if start not in self._buckets:
            late = bool(self._buckets) and start < next(reversed(self._buckets))
            self._buckets[start] = Bucket()
            if late:  # a straggler opened a bucket that silence had left out
                self._buckets = OrderedDict(sorted(self._buckets.items()))
        return self._buckets[start]

    def _retire(self) -> None:
        """Turn minutes older than the live time into history."""
        oldest_live = _minute_of(self.newest) - self._live
        while self._buckets and next(iter(self._buckets)) < oldest_live:
            minute = _minute_of(next(iter(self._buckets)))
            self._keep(self._summary(minute))
            del self._summaries[minute]
            for second in range(minute, minute + 60, BUCKET):
                self._buckets.pop(second, None)


def naming(username: str) -> Callable[[str], bool]:
    """A test whether a short line may hold a name, drawn out or within a word; rather once too often.

    One of two letters would be in nearly every line, and has to be a word of it.
    """
    name = _drawn_in(same_text_key(username))
    letters, alone = set(name), name.isascii() and len(name) <= SHORT_NAME

    def named(line: str) -> bool:
        if not letters.issubset(line) or not name:  # as of most of the many lines, and quickly known
            return False
        words = [_drawn_in(word) for word in line.split()]
        return name in (words if alone else "".join(words))

    return named


def series(name: str, minutes: Sequence[Minute]) -> list[tuple[float, float]]:
    """``chat_rate``, ``chatters`` or ``mood`` of ``minutes`` as points of (epoch seconds, value)."""
    if name == "mood":
        return [(float(m.start), m.mood) for m in minutes if m.mood is not None]
    if name == "chatters":
        return [(float(m.start), float(m.chatters)) for m in minutes]
    return [(float(m.start), float(m.messages)) for m in minutes] if name == "chat_rate" else []


def with_silence(minutes: Sequence[Minute]) -> list[Minute]:
    """``minutes`` and the silent ones between them.

    A silence of more than half an hour is the time between two streams and is left out.
    """
    found: list[Minute] = []
    for minute in minutes:
        if found and minute.start - found[-1].start <= STREAM_GAP:
            found += [_silence(start) for start in range(found[-1].start + 60, minute.start, 60)]
        found.append(minute)
    return found


def _drawn_in(text: str) -> str:
    return "".join(letter for letter, _ in groupby(text) if letter != " ")


def _minute_of(at: float) -> int:
    return int(at // 60) * 60


def _sum(one: Minute, other: Minute) -> Minute:
    """A minute of which a restart made two; who wrote in both parts is not known and counts twice."""
    moods = [(part.mood, part.messages) for part in (one, other) if part.mood is not None]
    weight = sum(messages for _, messages in moods)
    mood = sum(mood * messages for mood, messages in moods) / weight if weight else None
    return Minute(
        one.start,
        one.messages + other.messages,
        one.chatters + other.chatters,
        one.newcomers + other.newcomers,
        one.toxic + other.toxic,
        one.repeated + other.repeated,
        one.with_cue + other.with_cue,
        mood,
    )


def _count(counter: Counter[str], name: str, sign: int) -> None:
    """Add or subtract one of a name; none left is not kept."""
    left = counter.get(name, 0) + sign
    if left > 0:
        counter[name] = left
    else:
        counter.pop(name, None)


def _merge(total: Bucket, bucket: Bucket) -> None:
    _merge_crowd(total, bucket)
    total.emotions.update(bucket.emotions)
    total.cues.update(bucket.cues)
    total.topics.update(bucket.topics)
    total.lines.update(bucket.lines)


def _merge_crowd(total: Bucket, bucket: Bucket) -> None:
    total.messages += bucket.messages
    total.newcomers += bucket.newcomers
    total.new_toxic += bucket.new_toxic
    total.new_repeated += bucket.new_repeated
    total.new_links += bucket.new_links
    total.toxic += bucket.toxic
    total.repeated += bucket.repeated
    total.with_cue += bucket.with_cue
    total.mood_sum += bucket.mood_sum
    total.mood_count += bucket.mood_count
    total.chatters.update(bucket.chatters)
    total.erased |= bucket.erased


def _minute(start: int, bucket: Bucket) -> Minute:
    mood = bucket.mood_sum / bucket.mood_count if bucket.mood_count else None
    return Minute(
        start,
        bucket.messages,
        bucket.people,
        bucket.newcomers,
        bucket.toxic,
        bucket.repeated,
        bucket.with_cue,
        mood,
    )


def _silence(start: int) -> Minute:
    return Minute(start, 0, 0, 0, 0, 0, 0, None)
