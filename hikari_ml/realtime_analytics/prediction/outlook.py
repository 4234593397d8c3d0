"""The prediction of the next minutes, by whoever has proved best on the channel's own past.

The gate is honest about all of them: the last value, a mean, boosted trees, the network and the blend of
both are measured on the same last part of the past, which none of them had seen.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self

import numpy as np

from hikari_ml.errors import InputError, ModelDamagedError, ModelMissingError, StoreError
from hikari_ml.realtime_analytics.prediction.backtest import (
    BLEND,
    BOOSTING,
    LAST,
    MEAN,
    MEAN_MINUTES,
    NETWORK,
    Bounds,
    Gate,
    blend,
    last_value,
    needed,
    recent_mean,
    split,
)
from hikari_ml.realtime_analytics.prediction.boosting import Boosting
from hikari_ml.realtime_analytics.prediction.context import HORIZONS, Past, Times, Values
from hikari_ml.realtime_analytics.timeline import Minute, with_silence
from hikari_ml.results import ForecastPoint, Predictions
from hikari_ml.times import iso

if TYPE_CHECKING:
    from hikari_ml.realtime_analytics.prediction.predictor import FitReport, Shape, ViewerEngagementPredictor

JUDGED: Final = 0.2
"""Share of the past, its last, that judges."""

FEWEST_MINUTES: Final = 20

EIGHT_OF_TEN: Final = 1.2816
"""Standard deviations either way that hold 80 % of a normal distribution."""

OUTLOOK_MINUTES: Final = 12 * 60
"""Minutes of the running stream that are looked at."""

PRETRAINED: Final = f"pretrained {NETWORK}"
TRIED_EVERY: Final = 5
FEWEST_TRIED: Final = 6
"""The pre-trained network is tried every so many minutes of the running stream, and needs so many trials."""

MINUTES_TO_TRY: Final = max(HORIZONS) + FEWEST_MINUTES + TRIED_EVERY * (FEWEST_TRIED - 1)
SIMPLE: Final = {MEAN: recent_mean, LAST: last_value}


@dataclass(frozen=True, slots=True)
class Trained:
    """A channel's network and trees, what they were found to be worth, and the last minute they learned from.

    ``until`` is the start of that minute in epoch seconds.
    """

    predictor: ViewerEngagementPredictor
    boosting: Boosting
    gate: Gate
    until: int

    @classmethod
    def train(
        cls,
        minutes: Sequence[Minute],
        shape: Shape,
        epochs: int,
        on_epoch: Callable[[int, float], None],
    ) -> tuple[Self, FitReport]:
        """Train both, judge them and train them anew on everything; takes seconds to minutes.

        Raises:
            InputError: there are too few minutes, or no epoch.
        """
        from hikari_ml.realtime_analytics.prediction.predictor import ViewerEngagementPredictor, reproducible

        frame, past = shape.frame, shape.past(minutes)
        parts = split(past, JUDGED)
        if parts is None:
            least = needed(frame, JUDGED)
            heard = f"{len(minutes)} minutes of chat"
            raise InputError("past of the channel", heard, f"train when {least} of one stream were heard")
        with reproducible(0):
            predictor = ViewerEngagementPredictor(shape)
        report, by_network = predictor.fit_parts(past, parts, epochs=epochs, on_epoch=on_epoch)
        trees = Boosting.fit(past.context(parts.train), past.targets(parts.train), frame)
        by_trees = trees.counts(past.context(parts.judge))
        said = {
            LAST: last_value(past, parts.judge),
            MEAN: recent_mean(past, parts.judge),
            BOOSTING: by_trees,
            NETWORK: by_network,
            BLEND: blend(by_network, by_trees, frame),
        }
        gate = Gate.measured(said, past.targets(parts.judge), frame)
        grown = Boosting.fit(past.context(parts.every), past.targets(parts.every), frame)
        return cls(predictor, grown, gate, int(past.starts[-1])), report

    def counts(self, model: str, past: Past, ends: Times) -> Values:
        """What ``model`` says at ``ends``: messages of each horizon, [N, horizons]."""
        if model in SIMPLE:
            return SIMPLE[model](past, ends)
        context = past.context(ends)
        if model == BOOSTING:
            return self.boosting.counts(context)
        by_network = self.predictor.counts(context)
        if model == NETWORK:
            return by_network
        return blend(by_network, self.boosting.counts(context), past.frame)

    def save(self, path: Path) -> None:
        """Write it as one file.

        Raises:
            StoreError: it could not be written.
        """
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StoreError(path, f"cannot be written: {error}") from error
        notes = {"gate": json.dumps(self.gate.pack()), "until": str(self.until)}
        self.predictor.save(path, notes, self.boosting.arrays)

    @classmethod
    def load(cls, path: Path) -> Self | None:
        """Read what :meth:`save` wrote, None if there is nothing.

        Raises:
            ModelDamagedError: it is there and cannot be used.
        """
        if not path.exists():  # before torch is imported, which takes seconds
            return None
        from hikari_ml.realtime_analytics.prediction.predictor import ViewerEngagementPredictor

        try:
            predictor, notes, arrays = ViewerEngagementPredictor.load_with_notes(path)
            frame = predictor.shape.frame
            gate = Gate.unpack(json.loads(notes["gate"]), len(frame.horizons))
            return cls(predictor, Boosting.unpack(frame, arrays), gate, int(notes["until"]))
        except ModelMissingError:
            return None
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise ModelDamagedError("predictor", f"{path} does not say what it is worth") from error


def pretrained() -> ViewerEngagementPredictor:
    """The bundled network, trained on simulated streams alone: see the model card beside it.

    Raises:
        ModelDamagedError: the file is not as it was installed.
        ModelMissingError: there is none.
    """
    from hikari_ml.realtime_analytics.prediction.predictor import ViewerEngagementPredictor

    with resources.as_file(resources.files("hikari_ml.realtime_analytics.prediction") / "weights") as folder:
        return ViewerEngagementPredictor.load(folder / "chat_rate.safetensors")


def predict(
    minutes: Sequence[Minute],
    earlier: Sequence[Minute] = (),
    trained: Trained | None = None,
    default: Callable[[], ViewerEngagementPredictor] | None = None,
) -> Predictions:
    """Messages of each horizon after the last of ``minutes``: full ones of the running stream.

    ``earlier`` is the channel's past before them, silence left out. ``default`` gives the network that is
    tried where none was trained; it is not called before the stream is long enough to try it on.
    """
    if len(minutes) < FEWEST_MINUTES:
        reason = f"needs {FEWEST_MINUTES} minutes of a stream that goes on, has {len(minutes)}"
        return {"status": "no_data", "model": None, "skill": None, "horizons": {}, "reason": reason}
    if trained is not None:
        return _by_gate(minutes, earlier, trained)
    if default is not None and len(minutes) >= MINUTES_TO_TRY:
        tried = _by_default(minutes, default())
        if tried is not None:
            return tried
    return _served(MEAN, _means(minutes), minutes, None)


def _by_gate(minutes: Sequence[Minute], earlier: Sequence[Minute], trained: Trained) -> Predictions:
    shape, gate = trained.predictor.shape, trained.gate
    model = gate.best if len(minutes) >= shape.window else min(SIMPLE, key=gate.score)
    past = shape.past(with_silence([*earlier, *minutes]))
    said = trained.counts(model, past, np.array([past.newest]))[0]
    return _served(model, gate.bounds[model].around(said, past.frame), minutes, gate.skill(model))


def _by_default(minutes: Sequence[Minute], predictor: ViewerEngagementPredictor) -> Predictions | None:
    """What the pre-trained network says, if so far in this stream it beat the simple predictions."""
    past, frame = predictor.shape.past(minutes), predictor.shape.frame
    tried = past.ends()[::-TRIED_EVERY][::-1]
    truth = past.targets(tried)
    known = ~np.isnan(truth).any(axis=1)
    if known.sum() < FEWEST_TRIED:
        return None
    counts = predictor.counts(past.context(tried))
    said = {model: simple(past, tried)[known] for model, simple in SIMPLE.items()}
    gate = Gate.measured({**said, NETWORK: counts[known]}, truth[known], frame)
    if gate.best != NETWORK:
        return None
    spread = gate.bounds[NETWORK].wider(Bounds(predictor.bounds.double().numpy()))
    return _served(PRETRAINED, spread.around(counts[-1], frame), minutes, gate.skill(NETWORK))


def _means(minutes: Sequence[Minute]) -> dict[int, tuple[float, float, float]]:
    """The recent rate carried on, with the spread its own past errors had."""
    counts = np.array([m.messages for m in minutes], np.float64)
    sums = np.concatenate([[0.0], np.cumsum(counts)])
    width = min(MEAN_MINUTES, len(counts))
    rate = float(counts[-width:].mean())
    found = {}
    for h in HORIZONS:
        ends = np.arange(width, len(counts) - h + 1)
        if len(ends) >= 5:
            errors = (sums[ends + h] - sums[ends]) - (sums[ends] - sums[ends - width]) / width * h
            share = min(1.0, 0.8 * (1 + h / len(ends)))  # conformal; overlapping futures are one witness
            spread = float(np.quantile(np.abs(errors), share))
        else:  # too short a past to have been wrong in: Poisson noise and as much again for drift
            spread = 2 * EIGHT_OF_TEN * float(np.sqrt(max(1.0, rate * h)))
        found[h] = (rate * h, max(0.0, rate * h - spread), rate * h + spread)
    return found


def _served(
    model: str,
    values: dict[int, tuple[float, float, float]],
    minutes: Sequence[Minute],
    skill: float | None,
) -> Predictions:
    end = datetime.fromtimestamp(minutes[-1].start + 60, UTC)
    values = _rising({h: _no_surer_than_chance(*ends) for h, ends in values.items()})
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


def _no_surer_than_chance(middle: float, low: float, high: float) -> tuple[float, float, float]:
    """An interval that is not narrower than that of a count of independent messages (Poisson)."""
    spread = EIGHT_OF_TEN * math.sqrt(middle)
    return middle, min(low, max(0.0, middle - spread)), max(high, middle + spread)


def _rising(
    values: dict[int, tuple[float, float, float]],
) -> dict[int, tuple[float, float, float]]:
    """Nowhere fewer messages within a longer time: each horizon was worked out by itself."""
    found: dict[int, tuple[float, float, float]] = {}
    least = (0.0, 0.0, 0.0)
    for horizon in sorted(values):
        middle, low, high = map(max, values[horizon], least)
        least = found[horizon] = middle, min(low, middle), max(high, middle)
    return found
