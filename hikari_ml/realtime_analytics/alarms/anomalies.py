"""What is unusual: single messages, and stretches of the stream, each against its own past.

Both are Isolation Forests that learn as the stream goes on and are fitted again at fixed counts, so that
a recording gives the same alarms at any speed. Until enough was seen nothing is called unusual. Scores are
tail probabilities among what was judged before; what a forest was fitted to it knows too well.
"""

from __future__ import annotations

import math
from array import array
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any, Final, NamedTuple

from hikari_ml.realtime_analytics.alarms.crowds import Crowds, Sight
from hikari_ml.realtime_analytics.alarms.forest import Forest
from hikari_ml.realtime_analytics.alarms.kinds import (
    AUDIENCE,
    CHAT_RATE,
    MORE_VIEWERS,
    RANKS,
    UNCOUNTED,
    WINDOW_FEATURES,
    Audience,
    is_crowd,
    name_kind,
    recognised,
    window_row,
)
from hikari_ml.realtime_analytics.alarms.running import Highest, Ranks
from hikari_ml.realtime_analytics.features import NUMERIC, MessageFeatures
from hikari_ml.realtime_analytics.timeline import BUCKET, Bucket

MESSAGES_KEPT: Final = 2000
FIRST_FIT: Final = 200
"""Messages after which single messages are judged."""

WINDOWS_KEPT: Final = 720
FIRST_WINDOWS: Final = 60
"""Windows after which stretches are judged: ten minutes."""

PATIENCE: Final = 50
"""Messages that may come while a forest is fitted."""

REFIT_WINDOWS: Final = 180
"""Windows between two fits at most: half an hour."""

WINDOW: Final = 60.0
"""Seconds a window looks back."""

BEGUN: Final = 120.0
"""Seconds of a stream before which nothing is told of it."""

GATHERED: Final = 600.0
"""Seconds of a stream before which it is not called quiet: people are still coming."""

REFRACTORY: Final = 180.0
"""Seconds without its marks after which something is over, so that the like is news again."""

GROWN: Final = 3
"""How many times as many messages as when it was told make it news again while it lasts."""

FAR: Final = 5.0
"""Robust deviations that its marks must have moved."""

MISSED: Final = 12.0
"""Messages that must be missing before a silence is told."""

LONGER: Final = 1.5
"""How many times as long as those before a silence must be to be told."""

UNDECIDED: Final = "raiders or bots, the next counts of the viewers tell"
"""Said of a crowd while it is not known which."""

LEFT: Final = 0.7
"""Fall of the audience, as a logarithm, from which a silence needs no other reason: half have left."""


class Judgement(NamedTuple):
    """``score`` in [0, 1) is one minus the tail probability among the past; 0 while there is no past."""

    unusual: bool
    score: float
    moved: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Raised:
    """An alert over a stretch of the stream that ended at ``at`` (epoch seconds).

    ``score`` in (0, 1) is one minus the tail probability: how rarely the like was seen before.
    """

    at: float
    kind: str
    score: float
    reason: str


class Lasting(NamedTuple):
    """When the last window of a kind ended (epoch seconds); its messages and severity when it was told.

    Those are of its first window if it was not told, being no news; ``rank`` is then -1.
    """

    seen: float
    messages: int
    severity: float
    rank: int = -1


class Learner:
    """The past that something is judged against, and the forest fitted to it again from time to time.

    A fit takes about 0.1 s and belongs in a thread: ``forest = Forest(learner.rows())`` needs nothing that
    changes meanwhile, and ``learner.learn(forest)`` puts it to use. The first is due after ``first_fit`` rows
    and each further one when twice as many were seen, at the latest after ``longest_wait`` more. It may be
    put to use ``patience`` rows later, and must be then: so a recording gives the same at any speed.
    """

    def __init__(self, width: int, kept: int, first_fit: int, longest_wait: int, patience: int) -> None:
        self._width = width
        self._rows: deque[list[float]] = deque(maxlen=kept)
        self._due_rows: list[list[float]] = []
        self._seen = 0
        self._next_fit = first_fit
        self._longest_wait = longest_wait
        self._patience = patience
        self._forest: Forest | None = None
        self._ranks = Ranks(kept)

    @property
    def due(self) -> bool:
        """Whether a forest should be fitted."""
        return self._seen >= self._next_fit

    @property
    def overdue(self) -> bool:
        """Whether the next judgement must be that forest's."""
        return self._seen >= self._next_fit + self._patience

    def rows(self) -> list[list[float]]:
        """What the forest that is due is fitted to; until one is, all that is kept."""
        return self._due_rows if self.due else list(self._rows)

    def learn(self, forest: Forest) -> None:
        """Judge by ``forest`` from now on."""
        self._due_rows = []
        self._next_fit = self._seen + min(self._seen, self._longest_wait)
        self._forest = forest
        if not len(self._ranks):  # nothing was judged yet: its own rows must do for a beginning
            for score in forest.scores:
                self._ranks.judge(score)

    def _keep(self, row: list[float]) -> None:
        self._rows.append(row)
        self._seen += 1
        if self._seen == self._next_fit:
            self._due_rows = list(self._rows)

    def pack(self) -> dict[str, Any]:
        """What was seen, as plain values: numbers without names, about 160 KB of messages, 50 of windows."""
        return {"rows": [array("d", row).tobytes() for row in self._rows], "scores": self._ranks.pack()}

    def unpack(self, state: Mapping[str, Any]) -> None:
        """From what :meth:`pack` gave; if that is enough, a forest is due at once.

        Raises:
            KeyError, TypeError, ValueError: it is something else; nothing of it was taken.
        """
        rows = [array("d", row).tolist() for row in state["rows"]]
        if any(len(row) != self._width for row in rows):
            raise ValueError(f"rows of {self._width} numbers are needed")
        self._ranks.unpack(state["scores"])
        self._rows.extend(rows)
        self._seen = len(self._rows)
        if self._seen >= self._next_fit:
            self._next_fit = self._seen
            self._due_rows = list(self._rows)


UNKNOWN: Final = Judgement(unusual=False, score=0.0)


class MessageAnomalies(Learner):
    """Judges single messages against the last two thousand."""

    def __init__(self) -> None:
        super().__init__(len(NUMERIC), MESSAGES_KEPT, FIRST_FIT, MESSAGES_KEPT, PATIENCE)

    def judge(self, message: MessageFeatures) -> Judgement:
        """Judge ``message``, then learn it."""
        row = message.vector()
        verdict = self._verdict(row)
        self._keep(row)
        return verdict

    def _verdict(self, row: list[float]) -> Judgement:
        if self._forest is None:
            return UNKNOWN
        unusual = self._forest.severity(row) > 0
        moved = tuple(NUMERIC[i] for i, _ in self._forest.moved(row)) if unusual else ()
        score = self._ranks.judge(self._forest.score(row))
        if unusual:  # outside of all that was seen, which the forest alone cannot tell from its edge
            score = max(score, 1 - 1 / (len(self._ranks) + 1))
        return Judgement(unusual, score, moved)


class StreamAnomalies(Learner):
    """Judges the last minute of the stream against the last two hours, every ten seconds.

    ``score`` is that of the latest window, 0 while there is no past.
    """

    def __init__(self) -> None:
        super().__init__(len(WINDOW_FEATURES), WINDOWS_KEPT, FIRST_WINDOWS, REFIT_WINDOWS, patience=1)
        self.score = 0.0
        self._told_at = -math.inf
        self._told_severity = 0.0
        self._lasting: dict[str, Lasting] = {}
        self._silence = Silence()
        self._crowds = Crowds()
        self._grew_at = -math.inf

    def pack(self) -> dict[str, Any]:
        """What was seen, and what was told and may still last."""
        lasting = {kind: list(last) for kind, last in self._lasting.items()}
        told = [self._told_at, self._told_severity, self._grew_at]
        return {**super().pack(), "silences": self._silence.pack(), "lasting": lasting, "told": told}

    def unpack(self, state: Mapping[str, Any]) -> None:
        """From what :meth:`pack` gave; see :meth:`Learner.unpack`."""
        lasting = {
            str(kind): Lasting(float(seen), int(messages), float(severity), int(rank))
            for kind, (seen, messages, severity, rank) in dict(state["lasting"]).items()
        }
        told_at, told_severity, grew_at = map(float, state["told"])
        silence = Silence()
        silence.unpack(state["silences"])
        super().unpack(state)
        self._lasting, self._silence = lasting, silence
        self._told_at, self._told_severity, self._grew_at = told_at, told_severity, grew_at

    def judge(
        self, window: Bucket, at: float, audience: Audience = UNCOUNTED, age: float = math.inf
    ) -> Raised | None:
        """Judge the window that ended at ``at``, then learn it; an alert if it is unusual.

        ``age`` is how many seconds the stream has gone on: while people gather, little chat says nothing.
        """
        row = window_row(window, audience.growth)
        raised = self._verdict(row, window, at, audience, age)
        self._keep(row)
        return raised

    def _verdict(
        self, row: list[float], window: Bucket, at: float, audience: Audience, age: float
    ) -> Raised | None:
        if self._forest is None:
            return None
        self.score = self._ranks.judge(self._forest.score(row))
        usual = math.expm1(float(self._forest.center[CHAT_RATE]))
        silent = self._silence.step(window.messages, usual) if age >= GATHERED else self._silence.begin()
        if silent and row[AUDIENCE] > -LEFT:
            why = f"no message for {silent:.0f} s, {usual:.0f} a minute are usual"
            return self._tell(at, Sight("dead_chat", 1.0, why))
        if audience.growth >= MORE_VIEWERS:
            self._grew_at = at
        sight = self._sight(row, window, age)
        news = sight is not None and not self._told(sight, at)
        if sight and sight.newcomers and sight.kind == "bot_flood" and audience.counted_at is not None:
            first = news and self._standing(at) < 0
            self._crowds.see(at, sight, news=news)
            sight = sight._replace(kind="burst", reason=f"{sight.reason}: {UNDECIDED}", newcomers=False)
            news = first
        elif sight and news:
            self._crowds.over(sight)
        told_as_raid = self._crowds.waiting and self._stands("raid", at)
        known = self._crowds.step(at, audience)
        if known and not (known.kind == "raid" and told_as_raid):
            return self._tell(at, known)
        return self._tell(at, sight) if sight and news else None

    def _sight(self, row: list[float], window: Bucket, age: float) -> Sight | None:
        """What the window looks like, None if it is nothing unusual.

        One with the marks of a kind need not be beyond all before, if they moved far.
        """
        assert self._forest is not None
        severity, moved = self._forest.severity(row), self._forest.moved(row)
        if severity < _spread_to_come(self._forest.size):
            severity = 0.0
        marks = dict(moved) if severity else {feature: z for feature, z in moved if abs(z) >= FAR}
        kind = (name_kind if severity else recognised)(window, marks, row[AUDIENCE]) if marks else None
        if kind is None or age < BEGUN or (kind == "quiet" and age < GATHERED):
            return None
        reason = ", ".join(f"{WINDOW_FEATURES[i]} {_direction(z)}" for i, z in moved[:3])
        beyond = self._beyond(row, *moved[0])
        return Sight(kind, severity, reason, window.messages, beyond, is_crowd(window, marks))

    def _told(self, sight: Sight, at: float) -> bool:
        """Whether it is no news: what still lasts, or what is of no higher rank than what stands.

        What has marks and a lower rank is news once the other is over; what has none must be worse than an
        alert of its rank soon before.
        """
        kind, severity, messages = sight.kind, sight.severity, sight.messages
        rank, standing = sight.rank, self._standing(at)
        before = self._lasting.get(kind)
        if before and at - before.seen < REFRACTORY:
            self._lasting[kind] = before._replace(seen=at)
            grown = messages >= GROWN * before.messages and severity > before.severity
            return kind == "quiet" or not grown or rank < standing
        if rank and rank <= standing:
            return True
        self._lasting[kind] = Lasting(at, messages, severity)
        if rank:
            return False
        if standing > 0:
            return True
        return at - self._told_at < REFRACTORY and (kind == "quiet" or severity <= self._told_severity)

    def _standing(self, at: float) -> int:
        """The highest rank of what was told, or waits to be, and is not over; -1 if there is nothing."""
        ranks = [last.rank for last in self._lasting.values() if at - last.seen < REFRACTORY]
        counted = self._stands("raid", at) and at - self._grew_at < REFRACTORY  # they are known to be no bots
        if counted or self._crowds.waiting:
            ranks.append(RANKS["bot_flood"])
        return max(ranks, default=-1)

    def _stands(self, kind: str, at: float) -> bool:
        """Whether it was told and is not over."""
        last = self._lasting.get(kind)
        return last is not None and last.rank >= 0 and at - last.seen < REFRACTORY

    def _beyond(self, row: list[float], feature: int, z: float) -> int:
        """How many of the windows before moved as far in this feature."""
        sign = math.copysign(1.0, z)
        return sum(sign * past[feature] >= sign * row[feature] for past in self._rows)

    def _tell(self, at: float, sight: Sight) -> Raised:
        """An alert; beyond what was seen the tail is taken to fall as that of a Cauchy distribution does."""
        self._told_at, self._told_severity = at, sight.severity
        self._lasting[sight.kind] = Lasting(at, sight.messages, sight.severity, sight.rank)
        tail = (sight.beyond + 0.5) / (len(self._rows) + 1) / (1 + sight.severity)
        return Raised(at, sight.kind, 1 - tail, sight.reason)


class Silence:
    """Notices when a chat fell silent that does not use to.

    A silence is unusual once twelve messages would have come in it, and it is half as long again as any of
    the last two hours; it is told once.
    """

    def __init__(self) -> None:
        self._windows = 0
        self._told = False
        self._past = Highest(WINDOWS_KEPT)

    def begin(self) -> float:
        """Begin with a stream: there is no silence yet."""
        self._windows, self._told = 0, False
        return 0.0

    def step(self, messages: int, usual: float) -> float:
        """Seconds of silence if it has just become unusual, else 0; ``usual`` is messages a minute."""
        if messages:
            self._past.add(self._length if self._windows else 0.0)
            self._windows, self._told = 0, False
            return 0.0
        self._windows += 1
        missed = usual * self._length / 60
        if self._told or missed < MISSED or self._length < LONGER * self._past.highest:
            return 0.0
        self._told = True
        return self._length

    def pack(self) -> list[list[float]]:
        """The longest silences of the past, as plain values."""
        return self._past.pack()

    def unpack(self, packed: Iterable[Iterable[float]]) -> None:
        """From what :meth:`pack` gave, in place of what there is."""
        self._past.unpack(packed)

    @property
    def _length(self) -> float:
        return WINDOW + (self._windows - 1) * BUCKET


def _direction(z: float) -> str:
    return "far above usual" if z > 0 else "far below usual"


def _spread_to_come(windows: int) -> float:
    """How much further two hours of normal numbers reach than these first ``windows``, in ranges of theirs.

    Windows overlap: those of a minute count as one number.
    """
    known, all_of_them = (
        NormalDist().inv_cdf(1 - 1 / (1 + count * BUCKET / WINDOW)) for count in (windows, WINDOWS_KEPT)
    )
    return (all_of_them / known - 1) / 2
