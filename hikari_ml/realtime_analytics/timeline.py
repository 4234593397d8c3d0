"""The stream in time: ten-second buckets for what is live, minutes for what was.

A message is counted at its own time if it is not later than the stated lateness behind the newest; a
message withdrawn is subtracted. Nothing here grows without bound.
"""

from __future__ import annotations

from collections import Counter, OrderedDict, deque
from collections.abc import Iterator
from dataclasses import astuple, dataclass, field
from typing import Any, Final

from hikari_ml.realtime_analytics.features import MessageFeatures
from hikari_ml.results import Emotion

BUCKET: Final = 10
"""Seconds in a bucket."""

LIVE_BUCKETS: Final = 360
"""Buckets kept in detail: one hour."""

MAX_MINUTES: Final = 14 * 24 * 60
"""Minutes of history kept as counts: two weeks."""

STREAM_GAP: Final = 30 * 60
"""Seconds of silence that part two streams."""


@dataclass(slots=True)
class Bucket:
    """Counts of ten seconds."""

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

    def count(self, part: Share, sign: int) -> None:
        """Add (``sign`` 1) or subtract (-1) what one message gave."""
        message = part.message
        self.messages += sign
        self.chatters[message.username] += sign
        if self.chatters[message.username] <= 0:
            del self.chatters[message.username]
        self.newcomers += sign * part.newcomer
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
                counter[name] += sign
                if counter[name] <= 0:
                    del counter[name]


@dataclass(frozen=True, slots=True)
class Share:
    """What one message gave to its bucket, kept so that it can be taken back."""

    bucket: int
    message: MessageFeatures
    newcomer: bool
    repeated: bool


@dataclass(frozen=True, slots=True)
class Minute:
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
    """Buckets of the last hour, minutes of the last two weeks."""

    def __init__(self, lateness_seconds: float) -> None:
        self._lateness = min(lateness_seconds, BUCKET * LIVE_BUCKETS / 2)
        self._buckets: OrderedDict[int, Bucket] = OrderedDict()
        self.minutes: deque[Minute] = deque(maxlen=MAX_MINUTES)
        self.newest = 0.0
        self.late = 0

    def place(self, at: float) -> int | None:
        """The bucket (its start in epoch seconds) of a message at ``at``; None if it came too late."""
        if self.newest and at < self.newest - self._lateness:
            self.late += 1
            return None
        return int(at // BUCKET) * BUCKET

    def add(self, part: Share, at: float) -> None:
        """Count a message."""
        self._bucket(part.bucket).count(part, 1)
        self.newest = max(self.newest, at)
        self._retire()

    def retract(self, part: Share) -> bool:
        """Subtract a message; False if its bucket has already become history."""
        bucket = self._buckets.get(part.bucket)
        if bucket is None:
            return False
        bucket.count(part, -1)
        return True

    def window(self, end: float, seconds: float) -> Bucket:
        """The sum of the buckets that began within ``seconds`` before ``end``."""
        total = Bucket()
        for start, bucket in reversed(self._buckets.items()):
            if start < end - seconds:
                break
            if start <= end:
                _merge(total, bucket)
        return total

    def counts(self, end: float, seconds: float) -> list[int]:
        """Messages in each bucket of the ``seconds`` before ``end``, oldest first, empty ones as 0."""
        last = int(end // BUCKET) * BUCKET
        wanted = range(last - int(seconds // BUCKET) * BUCKET + BUCKET, last + BUCKET, BUCKET)
        return [self._buckets[s].messages if s in self._buckets else 0 for s in wanted]

    def history(self) -> list[Minute]:
        """Every minute with messages, and the silent ones between them, up to the newest message.

        A silence of more than half an hour is the time between two streams and is left out.
        """
        known = {minute.start: minute for minute in [*self.minutes, *self._live_minutes()]}
        found: list[Minute] = []
        for start in sorted(known):
            if found and start - found[-1].start <= STREAM_GAP:
                found += [_silence(s) for s in range(found[-1].start + 60, start, 60)]
            found.append(known[start])
        return found

    def rename(self, username: str, name: str) -> None:
        """Put ``name`` in the place of a chatter, whatever the case it was written in."""
        for bucket in self._buckets.values():
            for chatter in [c for c in bucket.chatters if c.casefold() == username.casefold()]:
                bucket.chatters[name] += bucket.chatters.pop(chatter)

    def pack(self) -> list[Any]:
        """Every minute as plain values, for the state file."""
        return [list(astuple(minute)) for minute in self.history()]

    def unpack(self, rows: list[Any]) -> None:
        """From what :meth:`pack` gave; buckets are not brought back, their stream is over."""
        self.minutes.extend(Minute(*row) for row in rows)

    def _live_minutes(self) -> Iterator[Minute]:
        minutes: dict[int, Bucket] = {}
        for start, bucket in self._buckets.items():
            _merge(minutes.setdefault(start - start % 60, Bucket()), bucket)
        return (_minute(start, bucket) for start, bucket in minutes.items())

    def _bucket(self, start: int) -> Bucket:
        if start not in self._buckets:
            late = bool(self._buckets) and start < next(reversed(self._buckets))
            self._buckets[start] = Bucket()
            if late:  # a straggler opened a bucket that silence had left out
                self._buckets = OrderedDict(sorted(self._buckets.items()))
        return self._buckets[start]

    def _retire(self) -> None:
        """Turn minutes older than the live hour into history."""
        oldest_live = int(self.newest // 60) * 60 - BUCKET * LIVE_BUCKETS
        while self._buckets and next(iter(self._buckets)) < oldest_live:
            first = next(iter(self._buckets))
            minute = first - first % 60
            total = Bucket()
            for start in [s for s in self._buckets if s - s % 60 == minute]:
                _merge(total, self._buckets.pop(start))
            self.minutes.append(_minute(minute, total))


def _merge(total: Bucket, bucket: Bucket) -> None:
    total.messages += bucket.messages
    total.newcomers += bucket.newcomers
    total.toxic += bucket.toxic
    total.repeated += bucket.repeated
    total.with_cue += bucket.with_cue
    total.mood_sum += bucket.mood_sum
    total.mood_count += bucket.mood_count
    total.chatters.update(bucket.chatters)
    total.emotions.update(bucket.emotions)
    total.cues.update(bucket.cues)
    total.topics.update(bucket.topics)


def _minute(start: int, bucket: Bucket) -> Minute:
    mood = bucket.mood_sum / bucket.mood_count if bucket.mood_count else None
    return Minute(
        start,
        bucket.messages,
        len(bucket.chatters),
        bucket.newcomers,
        bucket.toxic,
        bucket.repeated,
        bucket.with_cue,
        mood,
    )


def _silence(start: int) -> Minute:
    return Minute(start, 0, 0, 0, 0, 0, 0, None)
