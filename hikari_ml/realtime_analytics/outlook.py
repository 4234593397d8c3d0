"""The prediction of the next minutes: by the trained network where it has proved better, else by a mean.

The gate is honest about both: each candidate is measured on the same last part of the channel's own past,
which neither training nor the choice of the best epoch has seen.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self

import numpy as np

from hikari_ml.errors import ModelDamagedError, ModelMissingError, StoreError
from hikari_ml.realtime_analytics.timeline import Minute
from hikari_ml.results import ForecastPoint, Predictions
from hikari_ml.times import iso

if TYPE_CHECKING:
    from hikari_ml.realtime_analytics.predictor import FitReport, ViewerEngagementPredictor

HORIZONS: Final = (5, 15, 30, 60)
"""Minutes ahead."""

FEWEST_MINUTES: Final = 20
MEAN_OF: Final = 15
"""Minutes whose mean rate is the simple prediction."""

OUTLOOK_MINUTES: Final = 12 * 60
"""Minutes of the running stream that are looked at."""


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


@dataclass(frozen=True, slots=True)
class Network:
    """A trained predictor and what it was found to be worth."""

    predictor: ViewerEngagementPredictor
    gate: Gate

    @classmethod
    def train(
        cls, minutes: Sequence[Minute], epochs: int, on_epoch: Callable[[int, float], None]
    ) -> tuple[Self, FitReport]:
        """Train one and judge it; takes seconds to minutes.

        Raises:
            InputError: there are too few minutes.
        """
        from hikari_ml.realtime_analytics.predictor import ViewerEngagementPredictor

        predictor = ViewerEngagementPredictor()
        report = predictor.fit(minutes, epochs=epochs, on_epoch=on_epoch)
        return cls(predictor, compare(predictor, minutes, report)), report

    def save(self, path: Path) -> None:
        """Write it as one file.

        Raises:
            StoreError: it could not be written.
        """
        from safetensors import SafetensorError

        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self.predictor.save(path, {"gate": json.dumps(asdict(self.gate))})
        except (OSError, SafetensorError) as error:
            raise StoreError(path, f"cannot be written: {error}") from error

    @classmethod
    def load(cls, path: Path) -> Self | None:
        """Read what :meth:`save` wrote, None if there is nothing.

        Raises:
            ModelDamagedError: it is there and cannot be used.
        """
        if not path.exists():  # before torch is imported, which takes seconds
            return None
        from hikari_ml.realtime_analytics.predictor import ViewerEngagementPredictor

        try:
            predictor, notes = ViewerEngagementPredictor.load_with_notes(path)
            return cls(predictor, Gate(**json.loads(notes["gate"])))
        except ModelMissingError:
            return None
        except (KeyError, TypeError, ValueError) as error:
            raise ModelDamagedError("predictor", f"{path} does not say what it is worth") from error


def compare(predictor: ViewerEngagementPredictor, minutes: Sequence[Minute], report: FitReport) -> Gate:
    """Measure the simple predictions where ``report`` was measured: on the last windows of ``minutes``."""
    width, horizons = predictor.shape.window, predictor.shape.horizons
    counts = np.array([m.messages for m in minutes], np.float64)
    sums = np.concatenate([[0.0], np.cumsum(counts)])
    ends = np.arange(width, len(minutes) - max(horizons) + 1)[-report.validation_windows :]
    mean, last = [], []
    for h in horizons:
        truth = sums[ends + h] - sums[ends]
        mean.append(np.abs((sums[ends] - sums[ends - MEAN_OF]) / MEAN_OF * h - truth).mean())
        last.append(np.abs(counts[ends - 1] * h - truth).mean())
    return Gate(float(np.mean(list(report.mae.values()))), float(np.mean(mean)), float(np.mean(last)))


def predict(minutes: Sequence[Minute], network: Network | None) -> Predictions:
    """Messages within each horizon after the last of ``minutes``: full ones of the running stream."""
    if len(minutes) < FEWEST_MINUTES:
        reason = f"needs {FEWEST_MINUTES} minutes of a stream that goes on, has {len(minutes)}"
        return {"status": "no_data", "model": None, "skill": None, "horizons": {}, "reason": reason}
    gate = network.gate if network is not None else None
    if network is not None and _serves(network, len(minutes)):
        skill = 1 - network.gate.network / network.gate.last if network.gate.last else None
        return _served("lstm-attention", network.predictor.predict(minutes), minutes, skill)
    skill = 1 - gate.mean / gate.last if gate is not None and gate.last else None
    return _served("mean of 15 minutes", _means(minutes), minutes, skill)


def _serves(network: Network, known: int) -> bool:
    return network.gate.network_serves and known >= network.predictor.shape.window


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
