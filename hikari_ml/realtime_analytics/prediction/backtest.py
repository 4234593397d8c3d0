"""How well predictions of chat did on a channel's own past, in parts of time; pure."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Self

import numpy as np

from hikari_ml.realtime_analytics.prediction.context import Frame, Past, Times, Values

FEWEST_TRAINED: Final = 24
FEWEST_JUDGED: Final = 8
"""Moments that training and judging need at least."""

MOST_EPOCHS: Final = 10_000
MEAN_MINUTES: Final = 15
"""Minutes whose mean rate is the simple prediction."""

LAST, MEAN, BOOSTING, NETWORK, BLEND = (
    "last value",
    f"mean of {MEAN_MINUTES} minutes",
    "gradient-boosting",
    "lstm-attention",
    "lstm-attention + gradient-boosting",
)
MODELS: Final = (MEAN, LAST, BOOSTING, NETWORK, BLEND)
"""Whatever may serve, the simplest first: of equals the simpler serves."""

TAILS: Final = (0.1, 0.9)
"""Quantiles of the errors that bound an interval: it holds 80 %."""

MOST_OFF: Final = 100.0
"""Log ratio that no two counts have."""


@dataclass(frozen=True, slots=True)
class Parts:
    """Moments, as ends of steps in epoch seconds: ``every``, and of these three parts in order of time."""

    every: Times
    train: Times
    select: Times
    judge: Times


def split(past: Past, judged: float) -> Parts | None:
    """Three parts of the moments whose future is known; None if they are too few."""
    ends = past.ends()
    ends = ends[~np.isnan(past.targets(ends)).any(axis=1)]
    slices = _slices(len(ends), _gap(past.frame), judged)
    return None if slices is None else Parts(ends, *(ends[part] for part in slices))


def needed(frame: Frame, judged: float) -> int:
    """Steps of one stream from which :func:`split` is possible."""
    gap = _gap(frame)
    count = next((n for n in range(2 * gap, 100 * gap) if _slices(n, gap, judged)), 100 * gap)
    return frame.window + gap - 1 + count


def _gap(frame: Frame) -> int:
    return max(frame.horizons) // frame.step


def _slices(count: int, gap: int, judged: float) -> tuple[slice, slice, slice] | None:
    """``count`` moments as train, select and judge.

    The last ``judged`` share judges and half as many select. ``gap`` moments are left out before each, so
    that no target of one part reaches into the targets of the next.
    """
    judge = int(count * (1 - judged))
    select = judge - gap - int(count * judged / 2)
    train = select - gap
    if train < FEWEST_TRAINED or count - judge < FEWEST_JUDGED or judge - gap <= select:
        return None
    return slice(0, train), slice(select, judge - gap), slice(judge, count)


def last_value(past: Past, ends: Times) -> Values:
    """The newest step's rate carried on: messages of each horizon, [N, horizons]."""
    return _carried_on(past, ends, past.frame.step)


def recent_mean(past: Past, ends: Times) -> Values:
    """The mean rate of :data:`MEAN_MINUTES` carried on: messages of each horizon, [N, horizons]."""
    return _carried_on(past, ends, MEAN_MINUTES)


def _carried_on(past: Past, ends: Times, minutes: int) -> Values:
    rate = past.mean(ends - 60 * minutes, ends)[:, :1]
    found: Values = rate * past.frame.steps()
    return found


def blend(one: Values, other: Values, frame: Frame) -> Values:
    """The middle of two predictions on the scale of logarithms."""
    steps = frame.steps()
    found: Values = np.expm1((np.log1p(one / steps) + np.log1p(other / steps)) / 2) * steps
    return found


@dataclass(frozen=True, slots=True)
class Bounds:
    """How far the truth lay from what was said: quantiles of the log ratio, [horizons, 2], low and high.

    Split conformal prediction (Vovk et al., 2005) with the two tails apart: nothing is assumed of the shape
    of the errors, only that those to come are like those that were.
    """

    values: Values

    @classmethod
    def measured(cls, said: Values, truth: Values, frame: Frame) -> Self:
        """From predictions and what came, each [N, horizons]."""
        steps = frame.steps()
        errors = np.log1p(truth / steps) - np.log1p(said / steps)
        return cls(np.quantile(errors, TAILS, axis=0).T)

    @property
    def usable(self) -> bool:
        """Whether all are log ratios that counts can have, and no low end lies above its high end."""
        possible = np.abs(self.values) <= MOST_OFF
        return bool(possible.all() and (self.values[:, 0] <= self.values[:, 1]).all())

    def wider(self, other: Self) -> Self:
        """What holds both."""
        lows = np.minimum(self.values[:, 0], other.values[:, 0])
        return type(self)(np.stack([lows, np.maximum(self.values[:, 1], other.values[:, 1])], axis=1))

    def limits(self, said: Values, frame: Frame) -> tuple[Values, Values]:
        """Lower and upper end for predictions [..., horizons]; the prediction always lies within."""
        steps = frame.steps()
        logs = np.log1p(said / steps)
        low = np.expm1(np.maximum(logs + np.minimum(self.values[:, 0], 0), 0)) * steps
        high = np.expm1(logs + np.maximum(self.values[:, 1], 0)) * steps
        return np.minimum(low, said), np.maximum(high, said)

    def around(self, said: Values, frame: Frame) -> dict[int, tuple[float, float, float]]:
        """One moment's prediction [horizons] by horizon: expected, lower, upper."""
        low, high = self.limits(said, frame)
        return {
            horizon: (float(said[i]), float(low[i]), float(high[i]))
            for i, horizon in enumerate(frame.horizons)
        }


@dataclass(frozen=True, slots=True)
class Gate:
    """What each model was worth on the same moments: mean absolute error a horizon, and bounds."""

    errors: dict[str, tuple[float, ...]]
    bounds: dict[str, Bounds]

    @classmethod
    def measured(cls, said: Mapping[str, Values], truth: Values, frame: Frame) -> Self:
        """From what each model said of the same moments and what came, each [N, horizons]."""
        return cls(
            {
                model: tuple(map(float, np.mean(np.abs(counts - truth), axis=0)))
                for model, counts in said.items()
            },
            {model: Bounds.measured(counts, truth, frame) for model, counts in said.items()},
        )

    def score(self, model: str) -> float:
        """Mean absolute error as a share of the last value's, averaged over horizons."""
        pairs = zip(self.errors[model], self.errors[LAST], strict=True)
        return sum(own / max(last, 1e-9) for own, last in pairs) / len(self.errors[model])

    def skill(self, model: str) -> float | None:
        """The gain over repeating the last value; None where that was never wrong."""
        return 1 - self.score(model) if all(self.errors[LAST]) else None

    @property
    def best(self) -> str:
        """Who serves: whoever was least wrong, and of equals the simpler."""
        return min((model for model in MODELS if model in self.errors), key=self.score)

    def pack(self) -> dict[str, Any]:
        """As plain values, for the notes of a file."""
        return {
            "errors": {model: list(errors) for model, errors in self.errors.items()},
            "bounds": {model: found.values.tolist() for model, found in self.bounds.items()},
        }

    @classmethod
    def unpack(cls, kept: Mapping[str, Any], horizons: int) -> Self:
        """From what :meth:`pack` gave, of so many horizons.

        Raises:
            ValueError: it is not such a thing.
        """
        errors = {str(model): tuple(map(float, found)) for model, found in kept["errors"].items()}
        bounds = {
            str(m): Bounds(np.array(found, np.float64).reshape(-1, 2)) for m, found in kept["bounds"].items()
        }
        if LAST not in errors or errors.keys() != bounds.keys() or not errors.keys() <= set(MODELS):
            raise ValueError("these are no errors of models")
        if not all(
            len(found) == horizons and _finite(found) and min(found) >= 0 for found in errors.values()
        ):
            raise ValueError("these are no errors of every horizon")
        if not all(len(found.values) == horizons and found.usable for found in bounds.values()):
            raise ValueError("these are no bounds of every horizon")
        return cls(errors, bounds)


def _finite(numbers: Iterable[float]) -> bool:
    return all(map(math.isfinite, numbers))
