"""Who the viewers are: what each has done, how engaged they are, whether they will be back."""

from __future__ import annotations

import math
import struct
from collections import Counter, OrderedDict, deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from hashlib import blake2b
from typing import Any, Final, NamedTuple, Self
from zoneinfo import ZoneInfo

from hikari_ml.chat import user_key
from hikari_ml.realtime_analytics.features import MessageFeatures

RECENT: Final = 40
"""Messages a viewer's engagement is judged by."""

MAX_TOPICS: Final = 32
MAX_DAYS: Final = 90
TOPIC_KEPT: Final = 0.98
"""Share of a topic's weight left after each further message."""

RETURN_DAYS: Final = 7
OBSERVED_DAYS: Final = 28
PRIOR_ACTIVE: Final = 0.5
PRIOR_DAYS: Final = 14.0
"""A viewer nobody has watched yet counts as active on half a day of two weeks."""

FORGETTING_DAYS: Final = 28.0


_RECENT = struct.Struct("<d8s?")


class _Recent(NamedTuple):
    """A message as far as engagement needs it; its text only as a digest, which is all that is saved."""

    at: float
    key: bytes
    engages: bool


def _recent(message: MessageFeatures) -> _Recent:
    return _Recent(message.at.timestamp(), _digest(message.key), message.engages)


def _digest(key: str) -> bytes:
    return blake2b(key.encode(errors="surrogatepass"), digest_size=8).digest()


@dataclass(slots=True)
class Viewer:
    """One viewer; ``hours`` counts messages by hour of the streamer's day, ``days`` are days with any."""

    username: str
    first_seen: datetime
    last_seen: datetime
    messages: int = 0
    toxic: int = 0
    mood_sum: float = 0.0
    mood_count: int = 0
    hours: list[int] = field(default_factory=lambda: [0] * 24)
    days: deque[date] = field(default_factory=lambda: deque(maxlen=MAX_DAYS))
    topics: dict[str, float] = field(default_factory=dict)
    recent: deque[_Recent] = field(default_factory=lambda: deque(maxlen=RECENT))

    def add(self, message: MessageFeatures, zone: ZoneInfo) -> None:
        """Count a message."""
        local = message.at.astimezone(zone)
        self.messages += 1
        self.first_seen = min(self.first_seen, message.at)
        self.last_seen = max(self.last_seen, message.at)
        self.toxic += message.toxic
        self.hours[local.hour] += 1
        if local.date() not in self.days:
            self.days.append(local.date())
        if message.mood is not None:
            self.mood_sum += message.mood
            self.mood_count += 1
        self._weigh(message.topics)
        self.recent.append(_recent(message))

    def retract(self, message: MessageFeatures, zone: ZoneInfo) -> None:
        """Take a message back as far as counts go; first and last seen stay."""
        self.messages = max(0, self.messages - 1)
        self.toxic = max(0, self.toxic - message.toxic)
        hour = message.at.astimezone(zone).hour
        self.hours[hour] = max(0, self.hours[hour] - 1)
        if message.mood is not None and self.mood_count:
            self.mood_sum -= message.mood
            self.mood_count -= 1
        for topic in message.topics:
            if topic in self.topics:
                self.topics[topic] = max(0.0, self.topics[topic] - 1)
        gone = _recent(message)
        if gone in self.recent:
            self.recent.remove(gone)

    def rate(self, at: float, seconds: float = 60.0) -> int:
        """Messages in the ``seconds`` before ``at``, as far as recent ones are kept."""
        return sum(1 for said in self.recent if at - seconds < said.at <= at)

    def repeats(self, key: str, at: float, seconds: float = 120.0) -> int:
        """How often the viewer said the same within the ``seconds`` before ``at``."""
        digest = _digest(key)
        return sum(1 for said in self.recent if said.key == digest and at - seconds < said.at <= at)

    def engagement(self) -> float:
        """In [0, 1]: how much this viewer takes part, fair to short messages and not won by spam.

        0.4 activity (different messages of the last 40, saturating), 0.25 variety (share of different
        messages, shrunk), 0.2 conversation (share that mentions or asks), 0.15 loyalty (days seen,
        saturating). The same line a hundred times counts as one.
        """
        if not self.recent:
            return 0.0
        different = len({said.key for said in self.recent})
        activity = 1 - math.exp(-different / 8)
        variety = (different + 1) / (len(self.recent) + 2)
        talks = {said.key for said in self.recent if said.engages}
        conversation = len(talks) / (different + 2)
        loyalty = 1 - math.exp(-len(self.days) / 5)
        score = 0.4 * activity + 0.25 * variety + 0.2 * conversation + 0.15 * loyalty
        return min(1.0, max(0.0, score))

    def return_probability(self, now: datetime, zone: ZoneInfo) -> float:
        """Chance of a message within the next seven days, from how often and how lately they came.

        A Poisson process: the rate is (active days of the last 28 + 0.5) / (days observed + 14), faded by
        exp(-silence / 28 days); the chance is 1 - exp(-7 rate).
        """
        today = now.astimezone(zone).date()
        since = today - timedelta(days=OBSERVED_DAYS)
        active = sum(1 for day in self.days if since < day <= today)
        observed = min(OBSERVED_DAYS, max(1, (today - self.first_seen.astimezone(zone).date()).days + 1))
        silence = max(0.0, (now - self.last_seen).total_seconds() / 86_400)
        rate = (active + PRIOR_ACTIVE) / (observed + PRIOR_DAYS) * math.exp(-silence / FORGETTING_DAYS)
        return 1 - math.exp(-RETURN_DAYS * rate)

    def favorite_topics(self, most: int = 5) -> list[tuple[str, float]]:
        """Topics with weights in (0, 1], the strongest 1, said at least once."""
        ranked = sorted(self.topics.items(), key=lambda item: (-item[1], item[0]))[:most]
        top = ranked[0][1] if ranked else 0.0
        return [(topic, weight / top) for topic, weight in ranked if weight > 0 and top > 0]

    def pack(self) -> list[Any]:
        """As plain values, for the state file; what is counted later does not change them."""
        return [
            self.username,
            self.first_seen.timestamp(),
            self.last_seen.timestamp(),
            self.messages,
            self.toxic,
            self.mood_sum,
            self.mood_count,
            list(self.hours),
            [day.toordinal() for day in self.days],
            dict(self.topics),
            b"".join(_RECENT.pack(*said) for said in self.recent),
        ]

    @classmethod
    def unpack(cls, row: list[Any], zone: ZoneInfo) -> Self:
        """From what :meth:`pack` gave; format 1 had no recent messages."""
        name, first, last, messages, toxic, mood_sum, mood_count, hours, days, topics, *recent = row
        return cls(
            name,
            datetime.fromtimestamp(first, zone),
            datetime.fromtimestamp(last, zone),
            messages,
            toxic,
            mood_sum,
            mood_count,
            list(hours),
            deque((date.fromordinal(day) for day in days), maxlen=MAX_DAYS),
            dict(topics),
            deque((_Recent(*said) for said in _RECENT.iter_unpack(b"".join(recent))), maxlen=RECENT),
        )

    def _weigh(self, topics: tuple[str, ...]) -> None:
        for topic in self.topics:
            self.topics[topic] *= TOPIC_KEPT
        for topic in topics:
            self.topics[topic] = self.topics.get(topic, 0.0) + 1
        while len(self.topics) > MAX_TOPICS:
            del self.topics[min(self.topics, key=lambda t: (self.topics[t], t))]


class Viewers:
    """Every viewer of the channel, up to a bound; the least recently seen makes room."""

    def __init__(self, zone: ZoneInfo, most: int) -> None:
        self.zone = zone
        self._most = most
        self._viewers: OrderedDict[str, Viewer] = OrderedDict()

    def __len__(self) -> int:
        return len(self._viewers)

    def get(self, username: str) -> Viewer | None:
        """The viewer, or None; asking creates nobody."""
        return self._viewers.get(user_key(username))

    def seen(self, message: MessageFeatures) -> Viewer:
        """Count a message of its author, who becomes a viewer with it."""
        name = user_key(message.username)
        viewer = self._viewers.get(name)
        if viewer is None:
            viewer = self._viewers[name] = Viewer(message.username, message.at, message.at)
        self._viewers.move_to_end(name)
        viewer.add(message, self.zone)
        while len(self._viewers) > self._most:
            self._viewers.popitem(last=False)
        return viewer

    def busiest(self, most: int) -> list[str]:
        """Names of those with the most messages, the busiest first; ties by name."""
        ranked = sorted(self._viewers.values(), key=lambda viewer: (-viewer.messages, viewer.username))
        return [viewer.username for viewer in ranked[:most]]

    def forget(self, username: str) -> bool:
        """Remove a viewer; False if there was none."""
        return self._viewers.pop(user_key(username), None) is not None

    def pack(self) -> Iterator[list[Any]]:
        """As plain values, least recently seen first; viewers may come and go in between."""
        for name in list(self._viewers):
            if name in self._viewers:
                yield self._viewers[name].pack()

    def unpack(self, rows: Iterable[list[Any]]) -> None:
        """From what :meth:`pack` gave."""
        for row in rows:
            viewer = Viewer.unpack(row, self.zone)
            self._viewers[user_key(viewer.username)] = viewer


def top_by_messages(chatters: Counter[str], most: int) -> list[tuple[str, int]]:
    """The busiest names of a window; ties by name."""
    return sorted(chatters.items(), key=lambda item: (-item[1], item[0]))[:most]
