"""What is known of a stream at a moment, for whoever predicts its chat; pure.

Everything is told as the logarithm of a ratio to the level of the moment, so that what was learned when chat
was slow holds when it is fast. The same time a day and weeks ago is looked up by the clock, whatever lies
between; a stretch in which no stream ran is missing, not silent.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

from hikari_ml.chat import MAX_COUNT
from hikari_ml.errors import InputError
from hikari_ml.realtime_analytics.timeline import Minute

Rows = npt.NDArray[np.float32]
Values = npt.NDArray[np.float64]
Times = npt.NDArray[np.int64]

FEATURES: Final = ("messages", "chatters", "newcomers", "toxic", "repeated", "emotes", "mood")
"""What is read of each step, counts as ln(1 + n) against the level of messages."""

LEVEL_STEPS: Final = 3
"""Steps whose mean rate is the level that predictions start from."""

TRAILING: Final = (1, 2, 6, 12, 36, 72, 288)
"""Steps of the rolling means."""

HORIZONS: Final = (5, 15, 30, 60)
"""Minutes ahead."""

SEASON_SECONDS: Final = 900
"""Length at least of what is looked up on other days, so that one burst of then says little."""

ROUNDING: Final = 1e-6
DAY: Final = 86_400
DAYS: Final = tuple(DAY * n for n in range(1, 8))
WEEKS: Final = tuple(7 * DAY * n for n in range(1, 5))
SEASONS: Final = (DAYS[:1], WEEKS[:1], DAYS, WEEKS)
"""How many seconds ago to look, and take the mean of what was there."""


@dataclass(frozen=True, slots=True)
class Frame:
    """What is predicted from what; lengths in minutes.

    ``step`` is the length of what the series is made of, one minute unless it comes in coarser pieces.
    ``horizons`` lie ahead, and the messages predicted are those of the last ``span`` minutes before each; 0
    is all from now on. ``window`` single steps are read one by one, and before now ``coarse`` means of
    ``coarse_steps`` each.
    """

    horizons: tuple[int, ...] = HORIZONS
    step: int = 1
    span: int = 0
    window: int = 30
    coarse: int = 24
    coarse_steps: int = 6

    def spans(self) -> Times:
        """Seconds that each horizon's messages are counted over."""
        return np.array([60 * (self.span or horizon) for horizon in self.horizons])

    def steps(self) -> Values:
        """Steps in each of :meth:`spans`."""
        found: Values = self.spans() / (60.0 * self.step)
        return found

    def ratios(self, counts: Values, level: Rows) -> Values:
        """Messages [N, horizons] as they are learned: ln(1 + messages a step) less the level [N]."""
        found: Values = np.log1p(counts / self.steps()) - level[:, None]
        return found

    def counts(self, ratios: Rows | Values, level: Rows) -> Values:
        """Messages [N, horizons] of what :meth:`ratios` gave; never negative."""
        logs = np.maximum(ratios.astype(np.float64) + level[:, None], 0.0)
        found: Values = np.expm1(logs) * self.steps()
        return found

    @property
    def facts(self) -> int:
        """Numbers known of a moment beside its steps."""
        return 13 + len(TRAILING) + 2 * len(SEASONS) * len(self.horizons)


@dataclass(frozen=True, slots=True)
class Context:
    """What is known at N moments.

    ``steps`` [N, coarse + window, features] oldest first, ``facts`` [N, facts] with NaN where unknown,
    ``level`` [N] as ln(1 + messages a step).
    """

    steps: Rows
    facts: Rows
    level: Rows

    def __len__(self) -> int:
        return len(self.level)

    def __getitem__(self, part: slice) -> Context:
        return Context(self.steps[part], self.facts[part], self.level[part])


def check_minutes(minutes: Sequence[Minute]) -> None:
    """Refuse what is no past of a channel.

    Raises:
        InputError: they are no minutes, not oldest first, or hold what is no count or no mood.
    """
    shown = f"{len(minutes)} minutes" if isinstance(minutes, Sequence) else minutes
    try:
        starts = np.array([m.start for m in minutes], np.float64)
        counts = np.array([m[1:-1] for m in minutes], np.float64)
        moods = np.array([_mood(m) for m in minutes], np.float64)
    except (TypeError, ValueError, AttributeError, OverflowError) as error:
        raise InputError("minutes", shown, "give Minutes with counts and moods that are numbers") from error
    if not (np.diff(starts) > 0).all() or not (starts == np.floor(starts)).all():
        raise InputError("minutes", shown, "give them oldest first, each once, starts in whole seconds")
    if not ((counts >= 0) & (counts <= MAX_COUNT)).all():
        raise InputError("minutes", shown, f"give counts from 0 to {MAX_COUNT:,}")
    if not (np.abs(moods - 0.5) <= 0.5 + ROUNDING).all():
        raise InputError("minutes", shown, "give moods from 0 to 1, or None")


class Past:
    """A channel's past as running sums; ``minutes`` without holes but those between streams, oldest first."""

    def __init__(self, minutes: Sequence[Minute], frame: Frame, zone: ZoneInfo | None = None) -> None:
        self.frame = frame
        self.zone = zone or ZoneInfo("UTC")
        self._step = 60 * frame.step
        self.starts: Times = np.array([m.start for m in minutes], np.int64)
        rows = [
            (m.messages, m.chatters, m.newcomers, m.toxic, m.repeated, m.with_cue, _mood(m)) for m in minutes
        ]
        counts = np.array(rows, np.float64).reshape(-1, len(FEATURES))
        self._sums: Values = np.concatenate([np.zeros((1, len(FEATURES))), np.cumsum(counts, axis=0)])
        breaks = np.concatenate([[True], np.diff(self.starts) != self._step])[: len(self.starts)]
        self._began: Times = self.starts[np.maximum.accumulate(np.where(breaks, np.arange(len(breaks)), 0))]

    @property
    def newest(self) -> int:
        """The end of the newest step, in epoch seconds; 0 if there is none."""
        return int(self.starts[-1]) + self._step if len(self.starts) else 0

    def ends(self) -> Times:
        """The end of every step that ``window`` steps of the same stream lead up to, in epoch seconds."""
        seen = (self.starts - self._began) // self._step + 1
        found: Times = self.starts[seen >= self.frame.window] + self._step
        return found

    def mean(self, begin: Times, end: Times) -> Values:
        """Mean of each feature a step over [begin, end); NaN where no stream ran. Shape (..., features)."""
        first, last = np.searchsorted(self.starts, begin), np.searchsorted(self.starts, end)
        count = np.maximum(last - first, 0)[..., None]
        with np.errstate(invalid="ignore", divide="ignore"):
            found: Values = (self._sums[last] - self._sums[first]) / count
        return found

    def targets(self, ends: Times) -> Values:
        """Messages of each horizon [N, horizons]; NaN where the stream did not last, or has not got there."""
        spans, ahead = self.frame.spans(), 60 * np.array(self.frame.horizons)
        until = ends[:, None] + ahead
        counts = self.mean(until - spans, until)[..., 0] * self.frame.steps()
        if not len(ends):
            return counts
        place = np.minimum(np.searchsorted(self.starts, until - self._step), len(self.starts) - 1)
        began = self._began[np.searchsorted(self.starts, ends - self._step)]
        goes_on = (self.starts[place] == until - self._step) & (self._began[place] == began[:, None])
        found: Values = np.where(goes_on, counts, np.nan)
        return found

    def context(self, ends: Times) -> Context:
        """What is known at each of ``ends``, of the time before it alone."""
        level = np.log1p(self.mean(ends - LEVEL_STEPS * self._step, ends)[:, 0])
        return Context(
            self._read(ends, level), self._facts(ends, level).astype(np.float32), level.astype(np.float32)
        )

    def _read(self, ends: Times, level: Values) -> Rows:
        """The steps before, each against the level; where no stream ran it stands at the level itself."""
        frame = self.frame
        width = self._step * frame.coarse_steps
        coarse = -width * np.arange(frame.coarse, 0, -1)
        fine = -self._step * np.arange(frame.window, 0, -1)
        begin = np.concatenate([coarse, fine])
        end = np.concatenate([coarse + width, fine + self._step])
        means = self.mean(ends[:, None] + begin, ends[:, None] + end)
        means[..., :-1] = np.log1p(means[..., :-1])
        means[..., 0] -= level[:, None]
        means[..., 1] -= level[:, None]
        return np.nan_to_num(means, nan=0.0).astype(np.float32)

    def _facts(self, ends: Times, level: Values) -> Values:
        step, now = self._step, ends[:, None]
        trailing = self._messages(now - step * np.array(TRAILING), now)
        last = self._messages(now - step * np.arange(1, 13), now - step * np.arange(12))
        people = np.log1p(self.mean(ends - LEVEL_STEPS * step, ends)[:, 1:3])
        began = self._began[np.searchsorted(self.starts, ends - step)]
        parts = [
            level[:, None],
            trailing - level[:, None],
            people - level[:, None],
            _spread(last)[:, None],
            np.log1p((ends - began) / 3600)[:, None],
            self._calendar(ends),
            *(self._season(ends, level, lags) for lags in SEASONS),
        ]
        return np.concatenate(parts, axis=1)

    def _season(self, ends: Times, level: Values, lags: Sequence[int]) -> Values:
        """What came ``lags`` ago, against the level now and against the level then: [N, 2 * horizons]."""
        now, until, spans = (
            ends[:, None],
            ends[:, None] + 60 * np.array(self.frame.horizons),
            self.frame.spans(),
        )
        sides = np.maximum(0, SEASON_SECONDS - spans) // 2
        then = np.stack([self._messages(until - spans - lag - sides, until - lag + sides) for lag in lags])
        before = np.stack([self._messages(now - SEASON_SECONDS - lag, now - lag) for lag in lags])
        return np.concatenate([_mean(then) - level[:, None], _mean(then - before)], axis=1)

    def _messages(self, begin: Times, end: Times) -> Values:
        found: Values = np.log1p(self.mean(begin, end)[..., 0])
        return found

    def _calendar(self, ends: Times) -> Values:
        """Hour of the day and day of the week in the streamer's zone, each as sine and cosine, twice over."""
        shown = [datetime.fromtimestamp(int(end), UTC).astimezone(self.zone) for end in ends]
        day = np.array([(at.hour + at.minute / 60) / 24 for at in shown])
        week = (np.array([at.weekday() for at in shown]) + day) / 7
        turns = 2 * np.pi * np.stack([day, 2 * day, week, 2 * week], axis=1)
        return np.concatenate([np.sin(turns), np.cos(turns)], axis=1)


def _mood(minute: Minute) -> float:
    return 0.5 if minute.mood is None else minute.mood


def _mean(parts: Values) -> Values:
    """Mean over the first axis of what is known; NaN where nothing is."""
    known = ~np.isnan(parts)
    total = np.where(known, parts, 0.0).sum(axis=0)
    found: Values = np.where(known.any(axis=0), total / np.maximum(known.sum(axis=0), 1), np.nan)
    return found


def _spread(logs: Values) -> Values:
    """Standard deviation along the rows of what is known."""
    center = _mean(logs.T)
    found: Values = np.sqrt(_mean((logs - center[:, None]).T ** 2))
    return found
