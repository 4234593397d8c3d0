"""How users and the whole chat have been feeling, and what was being talked about.

Everything is bounded: messages a user, users, and the window in time. Reading never creates anything.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

import numpy as np

from hikari_ml.chat import user_key
from hikari_ml.models.reading import Vector
from hikari_ml.results import SentimentTrend, SentimentTrendName

MIN_MESSAGES: Final = 4
"""Messages in the window from which a trend is told."""

CHANGE: Final = 0.1
"""Difference between the halves' means from which the trend is not stable."""

CONTINUATION: Final = 0.7
"""Cosine similarity above which a message carries on what was said (the seed's value)."""

RECENT: Final = 48
"""Messages of words that context is looked for in."""


@dataclass(frozen=True, slots=True)
class _Felt:
    at: datetime
    score: float


@dataclass(frozen=True, slots=True, eq=False)
class _Said:
    at: datetime
    username: str
    text: str
    embedding: Vector


@dataclass(frozen=True, slots=True)
class Context:
    """What was being said when a message came."""

    similarity: float
    continues: str | None
    messages: int
    participants: int

    @property
    def is_continuation(self) -> bool:
        """Whether the message carries on what was said."""
        return self.similarity > CONTINUATION


@dataclass(slots=True)
class MoodHistory:
    """Sentiment scores by user and overall, and the last messages of words."""

    window: timedelta
    per_user: int
    overall: int
    max_users: int
    _users: OrderedDict[str, deque[_Felt]] = field(default_factory=OrderedDict)
    _all: deque[_Felt] = field(init=False)
    _said: deque[_Said] = field(default_factory=lambda: deque(maxlen=RECENT))

    def __post_init__(self) -> None:
        self._all = deque(maxlen=self.overall)

    @property
    def users(self) -> int:
        """How many users are remembered."""
        return len(self._users)

    def add(self, username: str, at: datetime, score: float) -> None:
        """Note the score of a message; the least recently seen user makes room."""
        key = user_key(username)
        entries = self._users.setdefault(key, deque(maxlen=self.per_user))
        self._users.move_to_end(key)
        entries.append(_Felt(at, score))
        self._all.append(_Felt(at, score))
        while len(self._users) > self.max_users:
            self._users.popitem(last=False)

    def say(self, username: str, at: datetime, text: str, embedding: Vector) -> None:
        """Note a message of words for the context of those that follow."""
        self._said.append(_Said(at, user_key(username), text, embedding))

    def user_trend(self, username: str, now: datetime) -> SentimentTrend:
        """The trend of one user within the window before ``now``."""
        return _trend(self._users.get(user_key(username), ()), now - self.window)

    def global_trend(self, now: datetime) -> SentimentTrend:
        """The trend of the whole chat within the window before ``now``."""
        return _trend(self._all, now - self.window)

    def context(self, text: str, embedding: Vector | None, now: datetime) -> Context:
        """What ``text`` follows; identical lines are chorus, not conversation, and do not count."""
        recent = [said for said in self._said if said.at >= now - self.window]
        others = [said for said in recent if said.text != text]
        participants = len({said.username for said in recent})
        if embedding is None or not others:
            return Context(0.0, None, len(recent), participants)
        similarity = np.stack([said.embedding for said in others]) @ embedding
        best = int(similarity.argmax())
        nearest = float(min(1.0, max(0.0, similarity[best])))
        continues = others[best].text if nearest > CONTINUATION else None
        return Context(nearest, continues, len(recent), participants)

    def forget(self, username: str) -> int:
        """Remove everything of ``username``; returns how many entries went."""
        key = user_key(username)
        said = [entry for entry in self._said if entry.username == key]
        for entry in said:
            self._said.remove(entry)
        return len(self._users.pop(key, ())) + len(said)

    def withdraw(self, username: str, at: datetime, text: str) -> None:
        """Remove a message that was deleted from what may be carried on."""
        for entry in [e for e in self._said if (e.username, e.at, e.text) == (user_key(username), at, text)]:
            self._said.remove(entry)


def _trend(entries: deque[_Felt] | tuple[()], since: datetime) -> SentimentTrend:
    scores = [entry.score for entry in sorted(entries, key=lambda e: e.at) if entry.at >= since]
    mean = sum(scores) / len(scores) if scores else None
    if len(scores) < MIN_MESSAGES:
        return _result("insufficient_data", 0.0, len(scores), mean)
    half = len(scores) // 2
    change = sum(scores[-half:]) / half - sum(scores[:half]) / half
    trend: SentimentTrendName = "stable"
    if abs(change) > CHANGE:
        trend = "improving" if change > 0 else "declining"
    return _result(trend, change, len(scores), mean)


def _result(trend: SentimentTrendName, change: float, messages: int, mean: float | None) -> SentimentTrend:
    return {"trend": trend, "change": change, "messages": messages, "mean": mean, "degraded": []}
