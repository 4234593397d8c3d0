"""Will a viewer be back within seven days? Learned from the channel's own past; pure.

At a cutoff day everything known up to it describes a viewer, and whether they came on one of the next seven
days is the answer. Cutoffs lie a week apart, and every window of answers had ended before the day the model
is for: nothing of the future is seen. The model is logistic regression on recency, frequency and volume
(P. S. Fader, B. G. S. Hardie, K. L. Lee, "RFM and CLV", J. Marketing Research 2005, for the choice of
quantities) at several windows.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from hikari_ml.realtime_analytics.audience.visits import Visits

HORIZON: Final = 7
SEEN_WITHIN: Final = 42
"""Days before a cutoff within which a viewer must have come to be learned from."""

CUTOFFS: Final = 13
LEAST_CUTOFFS: Final = 3
"""Weeks with answers before anything is learned; the latest of them judges."""

MAX_ROWS: Final = 100_000
LEAST_ROWS: Final = 200
LEAST_OF_EACH: Final = 30
"""Viewers that came back, and that did not, without which nothing is learned."""

USUAL_DAYS: Final = 28
"""Days that say how many chatters a day of the channel usually has."""

PRIOR_ACTIVE: Final = 0.5
PRIOR_DAYS: Final = 14.0
FORGETTING_DAYS: Final = 28.0

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

FEATURES: Final = (
    "recency", "recency_in_channel_days", "recency_in_gaps",
    "days_3", "days_7", "days_14", "days_28", "days_56", "days_ever",
    "messages_7", "messages_28", "messages_ever", "messages_a_day",
    "fading_7", "fading_14", "fading_60", "ordinary_7", "ordinary_28", "crowd_of_last",
    "weeks_of_4", "weeks_of_12", "weeks_running", "tenure", "once", "channel_lately",
)  # fmt: skip
"""Names of the columns of :func:`features`, in order."""


class History(NamedTuple):
    """The visits of ``n`` viewers in ``m`` viewer-days; the days of a viewer lie together, ascending."""

    first: Ints
    earlier_days: Ints
    earlier_messages: Ints
    who: Ints
    days: Ints
    counts: Ints


def history(visits: Iterable[Visits]) -> History:
    """The visits of many viewers as arrays; viewers without any day are left out."""
    some = [one for one in visits if one.first is not None and one.days]
    sizes = np.array([len(one.days) for one in some], np.int64)
    return History(
        np.array([one.first for one in some], np.int64),
        np.array([one.earlier_days for one in some], np.int64),
        np.array([one.earlier_messages for one in some], np.int64),
        np.repeat(np.arange(len(some)), sizes),
        np.concatenate([np.asarray(one.days, np.int64) for one in some] or [np.zeros(0, np.int64)]),
        np.concatenate([np.asarray(one.counts, np.int64) for one in some] or [np.zeros(0, np.int64)]),
    )


def joined(pieces: Sequence[History]) -> History:
    """Several histories as one, in order."""
    starts = np.cumsum([0, *(len(piece.first) for piece in pieces)])
    moved = [piece._replace(who=piece.who + start) for piece, start in zip(pieces, starts[:-1], strict=True)]
    return History(*(np.concatenate(parts) for parts in zip(*moved, strict=True))) if moved else history([])


@dataclass(frozen=True, slots=True)
class Crowd:
    """How many chatters the channel had by day: ``chatters[i]`` on day ``first + i``."""

    first: int
    chatters: Floats
    usual: Floats

    @classmethod
    def of(cls, past: History, until: int) -> Crowd:
        """Counted from viewer-days up to ``until``; usual is the median of the days of 28 that had any."""
        days = past.days[past.days <= until]
        first = int(days.min()) if len(days) else until
        chatters = np.bincount(days - first, minlength=until - first + 1).astype(np.float64)
        usual = np.ones_like(chatters)
        for at in range(len(chatters)):
            lately = chatters[max(0, at + 1 - USUAL_DAYS) : at + 1]
            usual[at] = np.median(lately[lately > 0]) if (lately > 0).any() else 1.0
        return cls(first, chatters, usual)

    def ratio(self, days: Ints) -> Floats:
        """Chatters of each day over the usual; 1 for days that are not counted."""
        place = days - self.first
        inside = (place >= 0) & (place < len(self.chatters))
        place = np.where(inside, place, 0)
        ratio = np.maximum(self.chatters[place], 1.0) / self.usual[place]
        return np.where(inside, ratio, 1.0).astype(np.float64)

    def live_between(self, after: Ints, until: int) -> Floats:
        """Days on which the channel had chat after ``after`` and up to ``until``."""
        total = np.concatenate(([0.0], np.cumsum(self.chatters > 0)))
        last = len(self.chatters)
        begun = total[np.clip(after + 1 - self.first, 0, last)]
        found: Floats = total[min(max(until + 1 - self.first, 0), last)] - begun
        return found

    def lately(self, until: int) -> float:
        """Log of the mean chatters of the last seven days over those of 28."""
        here = self.chatters[: max(0, until + 1 - self.first)]
        if not len(here):
            return 0.0
        return math.log((here[-7:].mean() + 1) / (here[-USUAL_DAYS:].mean() + 1))


def features(past: History, cutoff: int, crowd: Crowd) -> Floats:
    """What is known of each viewer at the end of day ``cutoff``, shape (n, :data:`FEATURES`).

    Counts and days are on a logarithmic scale. Rows of viewers who had not come by then mean nothing.
    """
    known = past.days <= cutoff
    who, days, said = past.who[known], past.days[known], past.counts[known].astype(np.float64)
    age = (cutoff - days).astype(np.float64)
    n = len(past.first)

    def total(weights: npt.ArrayLike) -> Floats:
        summed: Floats = np.bincount(who, np.asarray(weights, np.float64), n).astype(np.float64)
        return summed

    last = np.full(n, cutoff)
    last[who] = days  # ascending, so the latest stays
    silence = (cutoff - last).astype(np.float64)
    ever = np.maximum(past.earlier_days + total(np.ones(len(who))), 1.0)
    messages = np.maximum(past.earlier_messages + total(said), 1.0)
    tenure = np.maximum(cutoff - past.first, 0.0)
    ordinary = np.minimum(1.0, 1.0 / crowd.ratio(days))
    weeks = np.stack([total((age // 7) == week) > 0 for week in range(12)], 1)
    counted = [
        silence,
        crowd.live_between(last, cutoff),
        *(total(age < window) for window in (3, 7, 14, 28, 56)),
        ever,
        *(total(said * (age < window)) for window in (7, 28)),
        messages,
        messages / ever,
        *(total(np.exp2(-age / half)) for half in (7, 14, 60)),
        *(total(ordinary * np.exp2(-age / half)) for half in (7, 28)),
    ]
    logs = np.log1p(np.stack(counted, 1))
    gaps = np.log1p(silence) - np.log(np.maximum((tenure + 1) / ever, 1.0))
    rest = [
        np.log(crowd.ratio(last)),
        weeks[:, :4].sum(1),
        weeks.sum(1),
        np.log1p(np.cumprod(weeks, 1).sum(1)),
        np.log1p(tenure),
        ever == 1,
        np.full(n, crowd.lately(cutoff)),
    ]
    return np.column_stack([logs[:, :2], gaps, logs[:, 2:], *rest]).astype(np.float64)


def prior(past: History, cutoff: int) -> Floats:
    """The chance of return for a channel without a past, shape (n,).

    A Poisson process: the rate is (active days of the last 28 + 0.5) / (days observed + 14), faded by
    exp(-silence / 28 days); the chance is 1 - exp(-7 rate). Its constants are reasoned, not fitted: a viewer
    nobody has watched yet counts as active on half a day of two weeks.
    """
    known = past.days <= cutoff
    who, days = past.who[known], past.days[known]
    n = len(past.first)
    active = np.bincount(who, (cutoff - days) < USUAL_DAYS, n)
    last = np.full(n, cutoff)
    last[who] = days
    observed = np.clip(cutoff - past.first + 1, 1, USUAL_DAYS)
    rate = (active + PRIOR_ACTIVE) / (observed + PRIOR_DAYS) * np.exp((last - cutoff) / FORGETTING_DAYS)
    chance: Floats = 1 - np.exp(-HORIZON * rate)
    return chance


def seen_between(past: History, after: int, until: int) -> npt.NDArray[np.bool_]:
    """Who came on a day after ``after`` and up to ``until``, shape (n,)."""
    inside = (past.days > after) & (past.days <= until)
    return np.bincount(past.who, inside, len(past.first)) > 0


def _only(past: History, some: Ints) -> History:
    """The history of some viewers, whose places ascend."""
    kept = np.zeros(len(past.first), np.bool_)
    kept[some] = True
    place, rows = np.cumsum(kept) - 1, kept[past.who]
    return History(
        past.first[some],
        past.earlier_days[some],
        past.earlier_messages[some],
        place[past.who[rows]],
        past.days[rows],
        past.counts[rows],
    )


class Rows(NamedTuple):
    """What one cutoff teaches: features, the prior's chance, and whether they came back."""

    features: Floats
    prior: Floats
    came: npt.NDArray[np.bool_]


def rows_at(past: History, cutoff: int, crowd: Crowd, complete_after: int, most: int = MAX_ROWS) -> Rows:
    """The viewers last seen within 42 days before ``cutoff``; every k-th where they are too many.

    Viewers that were dropped from memory are known to have been silent since ``complete_after``. Those last
    seen by then are left out at each cutoff, or only the ones that came back would be learned from.
    """
    who = seen_between(past, max(cutoff - SEEN_WITHIN, complete_after), cutoff)
    some = np.flatnonzero(who)
    some = some[:: max(1, -(-len(some) // most))]
    chosen = _only(past, some)
    came = seen_between(chosen, cutoff, cutoff + HORIZON)
    return Rows(features(chosen, cutoff, crowd), prior(chosen, cutoff), came)


@dataclass(frozen=True, slots=True)
class ReturnModel:
    """Logistic regression: log-odds are ``level + features @ weights``; ``crowd`` is that of its past."""

    weights: Floats
    level: float
    crowd: Crowd

    def log_odds(self, rows: Floats) -> Floats:
        """Shape (n, features) to (n,)."""
        found: Floats = self.level + rows @ self.weights
        return found

    def chances(self, past: History, today: int) -> Floats:
        """Chance of a message on one of the seven days after ``today``, by viewer, in (0, 1)."""
        return chance(self.log_odds(features(past, today, self.crowd)))


def chance(log_odds: Floats) -> Floats:
    """In (0, 1)."""
    found: Floats = 1 / (1 + np.exp(-np.clip(log_odds, -30, 30)))
    return found


def learn(past: History, today: int, complete_after: int = -1) -> ReturnModel | None:
    """A model from the days before ``today``; None if they teach too little, or no better than the prior.

    It is fitted without the latest cutoff first and must beat the prior's log loss there; what serves is
    fitted to all of them. ``complete_after`` is the last visit of anybody who was dropped from memory.
    """
    crowd = Crowd.of(past, today - 1)
    newest = today - 1 - HORIZON
    cutoffs = [newest - 7 * k for k in reversed(range(CUTOFFS))]
    usable = [day for day in cutoffs if day >= crowd.first + HORIZON and day > complete_after]
    found = [rows_at(past, day, crowd, complete_after, MAX_ROWS // CUTOFFS) for day in usable]
    found = [rows for rows in found if len(rows.came)]
    if len(found) < LEAST_CUTOFFS or not _enough(found[:-1]):
        return None
    last = found[-1]
    judged = fit(found[:-1], crowd).log_odds(last.features)
    if log_loss(chance(judged), last.came) >= log_loss(last.prior, last.came):
        return None
    return fit(found, crowd)


def _enough(found: Sequence[Rows]) -> bool:
    came = np.concatenate([rows.came for rows in found])
    return len(came) >= LEAST_ROWS and LEAST_OF_EACH <= came.sum() <= len(came) - LEAST_OF_EACH


def fit(found: Sequence[Rows], crowd: Crowd) -> ReturnModel:
    """Standardised, ridge-shrunk logistic regression; its weights are given back for the plain features."""
    from sklearn.linear_model import LogisticRegression  # a second to import, and only needed from here on

    data = np.concatenate([rows.features for rows in found])
    came = np.concatenate([rows.came for rows in found])
    center, spread = data.mean(0), np.maximum(data.std(0), 1e-6)
    fitted = LogisticRegression(C=0.1, max_iter=500).fit((data - center) / spread, came)
    weights = fitted.coef_[0] / spread
    return ReturnModel(weights, float(fitted.intercept_[0] - center @ weights), crowd)


def log_loss(chances: Floats, came: npt.NDArray[np.bool_]) -> float:
    """Mean negative logarithm of the chance given to what happened; lower is better."""
    sure = np.clip(chances, 1e-6, 1 - 1e-6)
    return float(-np.where(came, np.log(sure), np.log(1 - sure)).mean())
