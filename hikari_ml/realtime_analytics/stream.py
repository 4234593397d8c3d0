"""The stream so far: everything that counts messages, in one place and in one order.

Deterministic and without a clock: what it says follows from the messages it was given.
"""

from __future__ import annotations

from collections import Counter, OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, Final
from zoneinfo import ZoneInfo

from hikari_ml.config import AnalyticsSettings
from hikari_ml.realtime_analytics.anomalies import (
    WINDOW,
    Judgement,
    MessageAnomalies,
    Raised,
    StreamAnomalies,
)
from hikari_ml.realtime_analytics.features import MessageFeatures, measure
from hikari_ml.realtime_analytics.moments import Highlight, Moments
from hikari_ml.realtime_analytics.timeline import BUCKET, Minute, Share, Timeline
from hikari_ml.realtime_analytics.viewers import Viewer, Viewers
from hikari_ml.results import MessageAnalysis

IDS_KEPT: Final = 20_000
"""Messages that can still be recognised as repeated, or withdrawn."""

ALERTS_KEPT: Final = 200
MAX_STEPS: Final = 180
"""Ten-second steps made up for after a silence; a longer one, of half an hour, is a new stream."""

FEW_STEPS: Final = 3
"""Steps that may be made up for on the event loop."""

REPEATED: Final = 2
"""Times a line must have been said before, by anyone within a minute, to count as repeated."""


@dataclass(frozen=True, slots=True)
class Counted:
    """What came of one message; ``news`` are the alerts and moments that became known with it."""

    message: MessageFeatures
    viewer: Viewer
    newcomer: bool
    days_away: float
    repeats: int
    judgement: Judgement
    news: tuple[Raised | Highlight, ...]
    late: bool


class StreamSoFar:
    """Counts messages; what is slow about it can be done elsewhere first (see :meth:`slow_work`)."""

    def __init__(self, settings: AnalyticsSettings, zone: ZoneInfo) -> None:
        self.viewers = Viewers(zone, settings.max_viewers)
        self.timeline = Timeline(settings.lateness_seconds)
        self.moments = Moments()
        self.alerts: deque[Raised] = deque(maxlen=ALERTS_KEPT)
        self.total = 0
        self._messages = MessageAnomalies()
        self._stream = StreamAnomalies()
        self._ids: OrderedDict[str, Share | None] = OrderedDict()
        self._lines: deque[tuple[float, str]] = deque()
        self._line_counts: Counter[str] = Counter()
        self._stepped: int | None = None
        self._news: list[Raised | Highlight] = []

    def slow_work(self, at: datetime) -> list[Callable[[], None]]:
        """What should be done before a message at ``at`` is counted, and blocks for 10 to 100 ms."""
        work = [part.fit for part in (self._messages, self._stream) if part.due]
        if self._steps_to(at.timestamp()) > FEW_STEPS:
            work.append(partial(self._advance, at.timestamp()))
        return work

    def known(self, message_id: str | None) -> bool:
        """Whether a message with this id was already counted or withdrawn."""
        return message_id is not None and message_id in self._ids

    def count(
        self,
        username: str,
        text: str,
        at: datetime,
        message_id: str | None,
        analysis: MessageAnalysis | None,
        topics: tuple[str, ...],
    ) -> Counted:
        """Count one message."""
        seconds = at.timestamp()
        known = self.viewers.get(username)
        own_rate = known.rate(seconds) if known else 0
        message = measure(username, text, at, analysis, topics, own_rate)
        away = (at - known.last_seen).total_seconds() / 86_400 if known else 0.0
        repeats = known.repeats(message.key, seconds) if known else 0
        self._advance(seconds)
        news, self._news = self._news, []
        judgement = self._messages.judge(message)
        viewer = self.viewers.seen(message)
        late = not self._place(message, seconds, message_id, newcomer=known is None)
        self.total += 1
        return Counted(message, viewer, known is None, away, repeats, judgement, tuple(news), late)

    def retract(self, message_id: str) -> bool:
        """Subtract a message; False if it is not known (any more). It will not be counted again."""
        share = self._ids.get(message_id)
        self._remember(message_id, None)
        if share is None:
            return False
        self.timeline.retract(share)
        viewer = self.viewers.get(share.message.username)
        if viewer is not None:
            viewer.retract(share.message, self.viewers.zone)
        self.total -= 1
        return True

    def minutes(self) -> list[Minute]:
        """Every full minute so far: the newest, still filling one is left out."""
        return self.timeline.history()[:-1]

    def forget(self, username: str) -> bool:
        """Remove a viewer's profile and name; what they said stays counted, without a name."""
        for message_id, share in list(self._ids.items()):
            if share is not None and share.message.username.casefold() == username.casefold():
                self._ids[message_id] = None
        self.timeline.rename(username, "")
        return self.viewers.forget(username)

    def pack(self) -> dict[str, Any]:
        """As plain values, for the state file."""
        return {
            "viewers": self.viewers.pack(),
            "minutes": self.timeline.pack(),
        }

    def unpack(self, state: dict[str, Any]) -> None:
        """From what :meth:`pack` gave."""
        self.viewers.unpack(state["viewers"])
        self.timeline.unpack(state["minutes"])

    def _place(self, message: MessageFeatures, at: float, message_id: str | None, *, newcomer: bool) -> bool:
        bucket = self.timeline.place(at)
        if bucket is None:
            self._remember(message_id, None)
            return False
        share = Share(bucket, message, newcomer, self._repeated(message.key, at))
        self.timeline.add(share, at)
        self._remember(message_id, share)
        return True

    def _repeated(self, key: str, at: float) -> bool:
        """Whether the line was said by others too within the last minute: copypasta, chorus, spam."""
        while self._lines and self._lines[0][0] <= at - WINDOW:
            _, gone = self._lines.popleft()
            self._line_counts[gone] -= 1
            if self._line_counts[gone] <= 0:
                del self._line_counts[gone]
        said = self._line_counts[key]
        self._lines.append((at, key))
        self._line_counts[key] += 1
        return said >= REPEATED and " " in key

    def _remember(self, message_id: str | None, share: Share | None) -> None:
        if message_id is None:
            return
        self._ids[message_id] = share
        while len(self._ids) > IDS_KEPT:
            self._ids.popitem(last=False)

    def _steps_to(self, at: float) -> int:
        """Ten-second steps that lie between the last look and ``at``."""
        steps = 0 if self._stepped is None else int(at // BUCKET) - self._stepped
        return steps if steps <= MAX_STEPS else 0

    def _advance(self, at: float) -> None:
        """Look at every ten seconds that have become full before ``at``."""
        bucket = int(at // BUCKET)
        if self._stepped is None or bucket - self._stepped > MAX_STEPS:
            self._stepped = bucket
        while self._stepped < bucket:
            self._stepped += 1
            end = self._stepped * BUCKET - 0.001
            if raised := self._stream.judge(self.timeline.window(end, WINDOW), end):
                self.alerts.append(raised)
                self._news.append(raised)
            if highlight := self.moments.step(self.timeline, end):
                self._news.append(highlight)
