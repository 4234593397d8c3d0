"""Who the viewers are and what each has done, within bounds."""

from __future__ import annotations

from array import array
from collections import Counter, OrderedDict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from sys import intern
from typing import Any, Final, Self
from zoneinfo import ZoneInfo

from hikari_ml.chat import user_key
from hikari_ml.realtime_analytics.audience import engagement
from hikari_ml.realtime_analytics.audience.bots import CLOCKWORK_TIMES, Habits, behaves_like_a_bot
from hikari_ml.realtime_analytics.audience.lines import Line, Lines
from hikari_ml.realtime_analytics.audience.visits import Visits, day_number
from hikari_ml.realtime_analytics.features import MessageFeatures

MAX_TOPICS: Final = 32
TOPIC_KEPT: Final = 0.98
"""Share of a topic's weight left after each further message."""
LARGEST_UNIT: Final = 1e9

ROW_OF_FORMAT_3: Final = 12
"""Values in a packed viewer since state format 3; before there were fewer."""


@dataclass(slots=True)
class Viewer:
    """One viewer; ``hours`` counts messages by hour of the streamer's day. About 3 KB at most.

    ``topics`` fade by what a further line weighs, ``topic_unit``, growing instead.

    ``bot`` is why the account is taken for a program; what it says then is watched but not counted.
    """

    username: str
    first_seen: datetime
    last_seen: datetime
    messages: int = 0
    toxic: int = 0
    mood_sum: float = 0.0
    mood_count: int = 0
    hours: array[int] = field(default_factory=lambda: array("I", bytes(96)))
    visits: Visits = field(default_factory=Visits)
    topics: dict[str, float] = field(default_factory=dict)
    topic_unit: float = 1.0
    lines: Lines = field(default_factory=Lines)
    habits: Habits = field(default_factory=Habits)
    bot: str | None = None

    def add(self, message: MessageFeatures, zone: ZoneInfo, line: Line | None = None) -> None:
        """Count a message; ``line`` is what is kept of it, if that is known already."""
        local = message.at.astimezone(zone)
        self.messages += 1
        self.first_seen = min(self.first_seen, message.at)
        self.last_seen = max(self.last_seen, message.at)
        self.toxic += message.toxic
        self.hours[local.hour] += 1
        self.visits.add(day_number(local.date()))
        if message.mood is not None:
            self.mood_sum += message.mood
            self.mood_count += 1
        self._weigh(message.topics)
        self.lines.add(line or Line.of(message))

    def retract(self, message: MessageFeatures, zone: ZoneInfo) -> None:
        """Take a message back as far as counts go; first and last seen stay."""
        local = message.at.astimezone(zone)
        self.messages = max(0, self.messages - 1)
        self.toxic = max(0, self.toxic - message.toxic)
        self.hours[local.hour] = max(0, self.hours[local.hour] - 1)
        self.visits.retract(day_number(local.date()))
        if message.mood is not None and self.mood_count:
            self.mood_sum -= message.mood
            self.mood_count -= 1
        for topic in message.topics:
            if topic in self.topics:
                self.topics[topic] = max(0.0, self.topics[topic] - self.topic_unit)
        self.lines.remove(Line.of(message))
        if message.at == self.last_seen and (latest := max((line.at for line in self.lines), default=None)):
            self.last_seen = datetime.fromtimestamp(latest, message.at.tzinfo)

    def engagement(self, today: int | None = None) -> float:
        """In [0, 1], as :func:`engagement.engagement` says it; None is the day of their last visit."""
        last = self.visits.days[-1] if self.visits.days else 0
        return engagement.engagement(self.lines.rows(), self.visits, last if today is None else today)

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
            self.visits.pack(),
            {topic: weight / self.topic_unit for topic, weight in self.topics.items()},
            self.lines.packed,
            self.habits.pack(),
            self.bot,
        ]

    @classmethod
    def unpack(cls, row: list[Any], zone: ZoneInfo) -> Self:
        """From what :meth:`pack` gave. Format 2 had days alone, format 1 no recent messages either."""
        name, first, last, messages, toxic, mood_sum, mood_count, hours, days, topics, *rest = row
        older = len(row) < ROW_OF_FORMAT_3
        return cls(
            name,
            datetime.fromtimestamp(first, zone),
            datetime.fromtimestamp(last, zone),
            messages,
            toxic,
            mood_sum,
            mood_count,
            array("I", hours),
            Visits.of_days(days, messages) if older else Visits.unpack(days),
            {intern(str(topic)): weight for topic, weight in topics.items()},
            lines=Lines.of_older(b"".join(rest)) if older else Lines(rest[0]),
            habits=Habits() if older else Habits(*rest[1]),
            bot=None if older else rest[2],
        )

    def _weigh(self, topics: tuple[str, ...]) -> None:
        self.topic_unit /= TOPIC_KEPT
        for topic in topics:  # many viewers share a word
            self.topics[intern(str(topic))] = self.topics.get(topic, 0.0) + self.topic_unit
        while len(self.topics) > MAX_TOPICS:
            del self.topics[min(zip(self.topics.values(), self.topics, strict=True))[1]]
        if self.topic_unit > LARGEST_UNIT:
            self.topics = {topic: weight / self.topic_unit for topic, weight in self.topics.items()}
            self.topic_unit = 1.0


class Viewers:
    """Every viewer of the channel, up to a bound; the least recently seen makes room.

    ``dropped_until`` is the latest visit of anybody who had to, -1 if nobody; whoever was last seen
    later is here.
    """

    def __init__(self, zone: ZoneInfo, most: int, people: Iterable[str] | None = ()) -> None:
        """``people`` are never taken for programs; None takes nobody for one."""
        self.zone = zone
        self.dropped_until = -1
        self._most = most
        self._people = None if people is None else frozenset(map(user_key, people))
        self._viewers: OrderedDict[str, Viewer] = OrderedDict()
        self._bots: set[str] = set()

    def __len__(self) -> int:
        return len(self._viewers) - len(self._bots)

    def get(self, username: str) -> Viewer | None:
        """The viewer, or None; asking creates nobody."""
        return self._viewers.get(user_key(username))

    def engagement(self, username: str) -> float:
        """That of the viewer, 0 for somebody unknown."""
        viewer = self.get(username)
        return viewer.engagement() if viewer else 0.0

    def seen(self, message: MessageFeatures, *, answers: bool = False, chance: float = 0.0) -> Viewer:
        """Count a message of its author, who becomes a viewer with it, unless the account is taken for a bot.

        ``answers`` and ``chance`` are what :class:`Commands` says of it.
        """
        name, line = message.who, Line.of(message)
        viewer = self._viewers.get(name)
        if viewer is None:
            viewer = self._viewers[name] = Viewer(message.username, message.at, message.at)
        self._viewers.move_to_end(name)
        viewer.habits.add(message.at.timestamp(), answers=answers)
        self._judge(name, viewer, line, chance)
        if viewer.bot is None:
            viewer.add(message, self.zone, line)
        else:
            viewer.lines.add(line)
        while len(self._viewers) > self._most:
            self._drop()
        return viewer

    def busiest(self, most: int) -> list[str]:
        """Names of those with the most messages, the busiest first; ties by name."""
        people = (viewer for viewer in self._viewers.values() if viewer.bot is None)
        ranked = sorted(people, key=lambda viewer: (-viewer.messages, viewer.username))
        return [viewer.username for viewer in ranked[:most]]

    def visits(self) -> Iterator[Visits]:
        """When each person came; viewers may come and go in between."""
        for name in list(self._viewers):
            viewer = self._viewers.get(name)
            if viewer is not None and viewer.bot is None:
                yield viewer.visits

    def retract(self, message: MessageFeatures) -> None:
        """Take a message back from who wrote it; whoever wrote nothing else was never there."""
        viewer = self._viewers.get(message.who)
        if viewer is None:
            return
        viewer.retract(message, self.zone)
        if not viewer.messages and viewer.bot is None:
            del self._viewers[message.who]

    def forget(self, username: str) -> bool:
        """Remove a viewer and their name among others' topics; False if there was none."""
        for viewer in self._viewers.values():
            viewer.topics.pop(user_key(username), None)
        self._bots.discard(user_key(username))
        return self._viewers.pop(user_key(username), None) is not None

    def pack(self) -> Iterator[list[Any]]:
        """As plain values, least recently seen first; viewers may come and go in between."""
        for name in list(self._viewers):
            if name in self._viewers:
                yield self._viewers[name].pack()

    def unpack(self, rows: Iterable[list[Any]]) -> None:
        """From what :meth:`pack` gave, as far as there is room."""
        for row in rows:
            viewer = Viewer.unpack(row, self.zone)
            name = user_key(viewer.username)
            self._viewers[name] = viewer
            self._overrule(name, viewer)
            if viewer.bot is not None:
                self._bots.add(name)
        while len(self._viewers) > self._most:
            self._drop()

    def _judge(self, name: str, viewer: Viewer, line: Line, chance: float) -> None:
        """Decide whether the account behaves like a program, with this line still to be added."""
        repeated = viewer.bot is not None or viewer.lines.times(line.digest) >= CLOCKWORK_TIMES
        viewer.bot = behaves_like_a_bot([*viewer.lines, line] if repeated else (), viewer.habits, chance)
        self._overrule(name, viewer)
        if viewer.bot is None:
            self._bots.discard(name)
        else:
            self._bots.add(name)

    def _overrule(self, name: str, viewer: Viewer) -> None:
        if self._people is None or name in self._people:
            viewer.bot = None

    def _drop(self) -> None:
        """Let the least recently seen make room, and remember up to when that makes the past incomplete."""
        name, viewer = self._viewers.popitem(last=False)
        self._bots.discard(name)
        if viewer.visits.days:
            self.dropped_until = max(self.dropped_until, viewer.visits.days[-1])


def top_by_messages(chatters: Counter[str], most: int) -> list[tuple[str, int]]:
    """The busiest names of a window; ties by name."""
    return sorted(chatters.items(), key=lambda item: (-item[1], item[0]))[:most]
