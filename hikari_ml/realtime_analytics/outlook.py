"""The prediction of the next minutes: by the trained network where it has proved better, else by a mean.

The gate is honest about both: each candidate is measured on the same last fifth of the channel's own past.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

import numpy as np

from hikari_ml.realtime_analytics.timeline import Minute
from hikari_ml.results import ForecastPoint, Predictions
from hikari_ml.times import iso

if TYPE_CHECKING:
    from hikari_ml.realtime_analytics.predictor import ViewerEngagementPredictor

HORIZONS: Final = (5, 15, 30, 60)
FEWEST_MINUTES: Final = 20
MEAN_OF: Final = 15
"""Minutes whose mean rate is the simple prediction."""


@dataclass(frozen=True, slots=True)
class Gate:
    """Mean absolute errors (messages, averaged over horizons) on the same windows."""

    network: float
    mean: float
    last: float

    @property
    def network_serves(self) -> bool:
        """Whether the network beat both simple predictions."""
        return self.network < min(self.mean, self.last)


def compare(predictor: ViewerEngagementPredictor, minutes: Sequence[Minute], mae: dict[int, float]) -> Gate:
    """Measure the simple predictions where ``mae`` was measured: the last fifth of ``minutes``."""
    width, horizons = predictor.shape.window, predictor.shape.horizons
    counts = np.array([m.messages for m in minutes], np.float64)
    sums = np.concatenate([[0.0], np.cumsum(counts)])
    ends = np.arange(width, len(minutes) - max(horizons) + 1)
    ends = ends[int(len(ends) * 0.8) :]
    mean, last = [], []
    for h in horizons:
        truth = sums[ends + h] - sums[ends]
        mean.append(np.abs((sums[ends] - sums[ends - MEAN_OF]) / MEAN_OF * h - truth).mean())
        last.append(np.abs(counts[ends - 1] * h - truth).mean())
    return Gate(float(np.mean(list(mae.values()))), float(np.mean(mean)), float(np.mean(last)))


def predict(
    minutes: Sequence[Minute], predictor: ViewerEngagementPredictor | None, gate: Gate | None
) -> Predictions:
    """Messages within each horizon after the last of ``minutes`` (full minutes only)."""
    if len(minutes) < FEWEST_MINUTES:
        reason = f"needs {FEWEST_MINUTES} minutes of chat, has {len(minutes)}"
        return {"status": "no_data", "model": None, "skill": None, "horizons": {}, "reason": reason}
    if predictor is not None and gate is not None and gate.network_serves:
        skill = 1 - gate.network / gate.last if gate.last else None
        return _served("lstm-attention", predictor.predict(minutes), minutes, skill)
    skill = 1 - gate.mean / gate.last if gate is not None and gate.last else None
    return _served("mean of 15 minutes", _means(minutes), minutes, skill)


def _means(minutes: Sequence[Minute]) -> dict[int, tuple[float, float, float]]:
    """The recent rate carried on, with the spread its own past errors had."""
    counts = np.array([m.messages for m in minutes], np.float64)
    sums = np.concatenate([[0.0], np.cumsum(counts)])
    width = min(MEAN_OF, len(counts))
    rate = float(counts[-width:].mean())
    found = {}
    for h in HORIZONS:
        ends = np.arange(width, len(counts) - h + 1)
        if len(ends) >= 5:
            errors = (sums[ends + h] - sums[ends]) - (sums[ends] - sums[ends - width]) / width * h
            spread = float(np.quantile(np.abs(errors), 0.8))
        else:  # too short a past to have been wrong in: Poisson noise and as much again for drift
            spread = 2 * 1.2816 * float(np.sqrt(max(1.0, rate * h)))
        found[h] = (rate * h, max(0.0, rate * h - spread), rate * h + spread)
    return found


def _served(
    model: str,
    values: dict[int, tuple[float, float, float]],
    minutes: Sequence[Minute],
    skill: float | None,
) -> Predictions:
    end = datetime.fromtimestamp(minutes[-1].start + 60, UTC)
    horizons: dict[str, ForecastPoint] = {
        str(h): {
            "ds": iso(end + timedelta(minutes=h)),
            "yhat": middle,
            "yhat_lower": low,
            "yhat_upper": high,
        }
        for h, (middle, low, high) in values.items()
    }
    return {"status": "ok", "model": model, "skill": skill, "horizons": horizons, "reason": None}
