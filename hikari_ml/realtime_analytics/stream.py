"""The stream so far: everything that counts messages, in one place and in one order.

Deterministic and without a clock: what it says follows from the messages it was given.
"""

from __future__ import annotations

import asyncio
import logging
import math
from collections import Counter, OrderedDict, deque
from collections.abc import Iterable, Sequence
from dataclasses import astuple
from datetime import datetime
from itertools import islice
from statistics import median
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

from hikari_ml.chat import user_key
from hikari_ml.config import AnalyticsSettings
from hikari_ml.realtime_analytics.alarms.anomalies import (
    WINDOW,
    Judgement,
    Learner,
    MessageAnomalies,
    Raised,
    StreamAnomalies,
)
from hikari_ml.realtime_analytics.alarms.kinds import UNCOUNTED, Audience
from hikari_ml.realtime_analytics.audience.bots import Commands
from hikari_ml.realtime_analytics.audience.topics import Topics
from hikari_ml.realtime_analytics.audience.viewers import Viewer, Viewers
from hikari_ml.realtime_analytics.features import MessageFeatures, digest, measure
from hikari_ml.realtime_analytics.moments import Highlight, Moments
from hikari_ml.realtime_analytics.timeline import BUCKET, MAX_MINUTES, NOWHERE, Share, Timeline
from hikari_ml.results import MessageAnalysis

Vector = npt.NDArray[np.float32]

IDS_KEPT: Final = 20_000
"""Messages that can still be recognised as repeated, or withdrawn."""

IDS_CARRIED: Final = 5_000
"""Of those, the ones that are still recognised as repeated by who goes on after this program."""

ID_BYTES: Final = len(digest(""))

ALERTS_KEPT: Final = 200
MAX_STEPS: Final = 180
"""Ten-second steps made up for after a silence; a longer one, of half an hour, is a new stream."""

AUDIENCE_SECONDS: Final = 900.0
"""Age up to which a viewer count says something of now."""

BEFORE_SECONDS: Final = 300.0
"""Age from which it says what was before."""

AUDIENCE_KEPT: Final = 2000
"""Viewer counts kept for that."""

FEW_STEPS: Final = 3
"""Steps made up for at once: the event loop may wait for so many, about a millisecond."""

_log = logging.getLogger(__name__)

PACKED_AT_ONCE: Final = 200
"""Viewers packed at once for the state file, in about two milliseconds."""

REPEATED: Final = 2
"""Times a line must have been said before, by anyone within a minute, to count as repeated."""


class Counted(NamedTuple):
    """What came of one message; ``news`` are the alerts and moments that became known with it.

    It is not counted if its ``viewer`` is a ``bot``.
    """

    message: MessageFeatures
    viewer: Viewer
    newcomer: bool
    days_away: float
    repeats: int
    judgement: Judgement
    news: tuple[Raised | Highlight, ...]
    late: bool


class StreamSoFar:
    """Counts messages; what is slow about it can be done before, in pieces or elsewhere.

    That is to have every part that is :meth:`due` learn, and to :meth:`catch_up`, in turns until it says that
    nothing is left. Only one thread may touch it.
    """

    def __init__(self, settings: AnalyticsSettings, zone: ZoneInfo) -> None:
        people = settings.not_bots if settings.detect_bots else None
        self.viewers = Viewers(zone, settings.max_viewers, people)
        self.topics = Topics()
        self.timeline = Timeline(settings.lateness_seconds, settings.window_minutes * 60)
        self._lateness = settings.lateness_seconds
        self.moments = Moments()
        self.alerts: deque[Raised] = deque(maxlen=ALERTS_KEPT)
        self.total = 0
        self._commands = Commands()
        self._messages = MessageAnomalies()
        self._stream = StreamAnomalies()
        self._ids: OrderedDict[bytes, Share | None] = OrderedDict()  # by digest
        self._lines: deque[tuple[float, bytes]] = deque()  # digests: what was said is nobody's business here
        self._line_counts: Counter[bytes] = Counter()
        self._stepped: int | None = None
        self._began = 0
        self._news: list[Raised | Highlight] = []
        self._audience: deque[tuple[float, float]] = deque(maxlen=AUDIENCE_KEPT)

    def due(self) -> Sequence[Learner]:
        """What should learn; what is overdue, before the next message is counted."""
        return [part for part in (self._messages, self._stream) if part.due]

    def catch_up(self, at: datetime) -> bool:
        """Look at some of the ten seconds that became full before ``at``; False while some are left."""
        bucket = int(at.timestamp() // BUCKET)
        for _ in range(FEW_STEPS):
            if self._steps_to(bucket) <= 0 or self._stream.overdue:
                break
            self._step()
        return self._steps_to(bucket) <= 0

    def not_ahead(self, at: datetime, now: datetime) -> datetime:
        """``at``, or ``now`` if it lies further ahead than clocks differ.

        One date from the future would make everything after it late.
        """
        ahead = (at - now).total_seconds()
        return now if ahead > self._lateness else at

    def watched(self, at: float, viewers: float) -> None:
        """Take the viewers at ``at`` (epoch seconds); one older than the last is of no use and left out.

        So is none at all, as platforms tell while a stream is off.
        """
        if viewers > 0 and (not self._audience or at >= self._audience[-1][0]):
            self._audience.append((at, viewers))

    def watched_before(self, points: Iterable[tuple[float, float]]) -> None:
        """Take the viewers of earlier, (epoch seconds, count) in the order of time."""
        for at, viewers in points:
            self.watched(at, viewers)

    def settle(self, at: datetime) -> tuple[Raised | Highlight, ...]:
        """What became known up to ``at``, though no message came; see :meth:`catch_up`.

        That is how a silence is noticed while it lasts.
        """
        bucket = int(at.timestamp() // BUCKET)
        while self._steps_to(bucket) > 0:
            self._step()
        news, self._news = tuple(self._news), []
        return news

    def known(self, message_id: str | None) -> bool:
        """Whether a message with this id was already counted or withdrawn."""
        return message_id is not None and digest(message_id) in self._ids

    def count(
        self,
        username: str,
        text: str,
        at: datetime,
        message_id: str | None,
        analysis: MessageAnalysis | None,
        topics: tuple[str, ...],
        embedding: Vector | None = None,
    ) -> Counted:
        """Count one message; ``embedding`` says which of its topics are about the same."""
        seconds = at.timestamp()
        known = self.viewers.get(username)
        own_rate = known.lines.rate(seconds) if known else 0
        message = measure(username, text, at, analysis, topics, own_rate)
        away = (at - known.last_seen).total_seconds() / 86_400 if known else 0.0
        repeats = known.lines.repeats(message.gist, seconds) if known else 0
        self._advance(int(seconds // BUCKET))
        news, self._news = self._news, []
        answers = self._commands.follows(message.who, seconds, command=message.command)
        viewer = self.viewers.seen(message, answers=answers, chance=self._commands.chance)
        if viewer.bot is not None:
            self._remember(message_id, None)
            nothing = Judgement(unusual=False, score=0.0)
            return Counted(message, viewer, known is None, away, repeats, nothing, tuple(news), late=False)
        judgement = self._messages.judge(message)
        if embedding is not None:
            self.topics.learn(message.topics, embedding, message.who)
        late = not self._place(message, seconds, message_id, newcomer=known is None)
        self.total += 1
        return Counted(message, viewer, known is None, away, repeats, judgement, tuple(news), late)

    def retract(self, message_id: str) -> bool:
        """Subtract a message; False if it is not known (any more). It will not be counted again."""
        share = self._ids.get(digest(message_id))
        self._remember(message_id, None)
        if share is None:
            return False
        self.timeline.retract(share)
        self.moments.take_back((*share.message.topics, share.message.chorus), self.timeline)
        self.viewers.retract(share.message)
        self.total -= 1
        return True

    def forget(self, username: str) -> bool:
        """Remove a viewer's profile and name; what they said stays counted, without a name."""
        who = user_key(username)
        for known, share in list(self._ids.items()):
            if share is not None and share.message.who == who:
                self._ids[known] = None
        self.moments.forget(who, self.timeline)
        self.timeline.erase(username)
        self.topics.forget(who)
        self._commands.forget(who)
        return self.viewers.forget(username)

    async def pack(self) -> dict[str, Any]:
        """As plain values, for the state file, pausing so that others get their turn."""
        viewers: list[Any] = []
        for row in self.viewers.pack():
            viewers.append(row)
            if len(viewers) % PACKED_AT_ONCE == 0:
                await asyncio.sleep(0)
        return {
            "viewers": viewers,
            "dropped_until": self.viewers.dropped_until,
            "topics": self.topics.pack(),
            "commands": self._commands.pack(),
            "moments": self.moments.pack(),
            "alerts": [list(astuple(raised)) for raised in self.alerts],
            "alarms": [self._messages.pack(), self._stream.pack()],
            "minutes": self.timeline.pack(),
            "ids": b"".join(islice(self._ids, max(0, len(self._ids) - IDS_CARRIED), None)),
        }

    def unpack(self, state: dict[str, Any], now: datetime) -> None:
        """From what :meth:`pack` gave; before state format 3 it knew neither who was dropped nor clusters.

        A stream that was still going on at ``now`` goes on: its messages are in the total.
        """
        self.viewers.dropped_until = state.get("dropped_until", -1)
        self.viewers.unpack(state["viewers"])
        if "topics" in state:
            self.topics.unpack(state["topics"])
            self._commands.unpack(state["commands"])
            self.moments.unpack(state["moments"])
            self.alerts.extend(Raised(*row) for row in state["alerts"])
        if "alarms" in state:
            self._unpack_alarms(state["alarms"])
        self.timeline.unpack(state["minutes"])
        ids = state.get("ids", b"")
        self._ids.update(dict.fromkeys(ids[at : at + ID_BYTES] for at in range(0, len(ids), ID_BYTES)))
        so_far = self.timeline.current(now.timestamp() + 60, MAX_MINUTES)
        self.total = sum(minute.messages for minute in so_far)

    def _unpack_alarms(self, kept: Any) -> None:
        try:
            for part, state in zip((self._messages, self._stream), kept, strict=True):
                part.unpack(state)
        except (KeyError, TypeError, ValueError) as error:
            _log.warning("what the alarms had learned cannot be used, and is learned anew: %s", error)

    def _place(self, message: MessageFeatures, at: float, message_id: str | None, *, newcomer: bool) -> bool:
        bucket = self.timeline.place(at)
        if bucket is None:  # it is counted of its viewer alone, and can be taken back there
            self._remember(message_id, Share(NOWHERE, message, newcomer, repeated=False))
            return False
        share = Share(bucket, message, newcomer, self._repeated(message, at))
        self.timeline.add(share, at)
        self._remember(message_id, share)
        return True

    def _repeated(self, message: MessageFeatures, at: float) -> bool:
        """Whether the line was said by others too within the last minute: copypasta, chorus, spam."""
        while self._lines and self._lines[0][0] <= at - WINDOW:
            _, gone = self._lines.popleft()
            self._line_counts[gone] -= 1
            if self._line_counts[gone] <= 0:
                del self._line_counts[gone]
        said = self._line_counts[message.key]
        self._lines.append((at, message.key))
        self._line_counts[message.key] = said + 1
        return said >= REPEATED and message.phrase

    def _remember(self, message_id: str | None, share: Share | None) -> None:
        if message_id is None:
            return
        self._ids[digest(message_id)] = share
        while len(self._ids) > IDS_KEPT:
            self._ids.popitem(last=False)

    def _steps_to(self, bucket: int) -> int:
        """Ten-second steps that lie between the last look and ``bucket``; a new stream has none yet."""
        if self._stepped is None or bucket - self._stepped > MAX_STEPS:
            return 0
        return bucket - self._stepped

    def _advance(self, bucket: int) -> None:
        """Look at every ten seconds that have become full before ``bucket``."""
        if self._stepped is None:
            self._stepped = self._began = bucket
        elif bucket - self._stepped > MAX_STEPS:
            self._step()  # the ten seconds of the last message, which nothing came after
            self.moments.end_stream()
            self._stepped = self._began = bucket
        while self._steps_to(bucket) > 0:
            self._step()

    def _step(self) -> None:
        """Look at the next ten seconds; the first minute of a stream has no window to be judged by."""
        assert self._stepped is not None
        self._stepped += 1
        end = self._stepped * BUCKET - 0.001
        age = float((self._stepped - self._began) * BUCKET)
        if age >= WINDOW:
            window = self.timeline.crowd(end, WINDOW)
            if raised := self._stream.judge(window, end, self._growth(end), age):
                self.alerts.append(raised)
                self._news.append(raised)
        if highlight := self.moments.step(self.timeline, end):
            self._news.append(highlight)

    def _growth(self, end: float) -> Audience:
        """The viewers at ``end`` by those five minutes and more before."""
        known = [(at, viewers) for at, viewers in self._audience if end - AUDIENCE_SECONDS <= at <= end]
        before = [viewers for at, viewers in known if at <= end - BEFORE_SECONDS]
        if not before:
            return UNCOUNTED
        newest, viewers = known[-1]
        if newest <= end - BEFORE_SECONDS:
            return Audience(counted_at=newest)
        return Audience(math.log((max(viewers, 0.0) + 1) / (max(median(before), 0.0) + 1)), newest)
