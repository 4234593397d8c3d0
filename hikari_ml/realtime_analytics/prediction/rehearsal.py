"""Simulated streams, minute by minute: what the bundled predictor is trained on, and nobody's chat.

A stream fills up, drifts, changes its topic, has bursts, raids and breaks, says goodbye and ends. How busy,
how restless and how long it is differs from stream to stream. Deterministic by seed.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt

from hikari_ml.realtime_analytics.timeline import Minute

if TYPE_CHECKING:
    from hikari_ml.realtime_analytics.prediction.predictor import FitReport

STREAMS: Final = 1_200
EPOCHS: Final = 8
SEED: Final = 7
WINDOW: Final = 20
"""Minutes the bundled predictor reads one by one: few, for it is tried early in a first stream."""

APART: Final = 40 * 86_400
"""Seconds between two simulated streams: none has a yesterday or a last week, like a channel's first."""

RATES: Final = (0.5, 80.0)
"""Messages a minute of the quietest and of the busiest stream."""

HOURS: Final = (1.5, 6.0)
QUIET, NOISE = (0.3, 0.6), (3.0, 30.0)
"""What is left of chat in a break; and the shape of the negative binomial: the smaller the burstier."""

Values = npt.NDArray[np.float64]


def streams(count: int = STREAMS, seed: int = SEED) -> list[Minute]:
    """The minutes of ``count`` streams, oldest first."""
    rng = np.random.default_rng(seed)
    found: list[Minute] = []
    for number in range(count):
        start = number * APART + int(rng.integers(0, 24 * 60)) * 60
        found += _counted(start, np.exp(_logs(rng)), rng)
    return found


def train_default(
    path: Path,
    *,
    count: int = STREAMS,
    epochs: int = EPOCHS,
    on_epoch: Callable[[int, float], None] = lambda epoch, loss: None,
) -> FitReport:
    """Train the bundled predictor and write it to ``path``.

    Raises:
        InputError: there are too few streams, or no epoch.
    """
    from hikari_ml.realtime_analytics.prediction.predictor import (
        Shape,
        ViewerEngagementPredictor,
        reproducible,
    )

    with reproducible(SEED):
        predictor = ViewerEngagementPredictor(Shape(window=WINDOW))
    report = predictor.fit(streams(count), epochs=epochs, seed=SEED, on_epoch=on_epoch)
    path.parent.mkdir(parents=True, exist_ok=True)
    predictor.save(path, {"trained on": f"{count} simulated streams, seed {SEED}"})
    return report


def _logs(rng: np.random.Generator) -> Values:
    """The logarithm of the expected messages of each minute of one stream."""
    length = int(60 * rng.uniform(*HOURS))
    logs = np.full(length, rng.uniform(*np.log(RATES)))
    logs += _drift(length, rng) + _topics(length, rng)
    time = np.arange(length)
    logs += np.log1p(-rng.uniform(0.4, 0.9) * np.exp(-time / rng.uniform(5, 25)))  # filling up
    bursts = int(rng.poisson(length / rng.uniform(15, 60)))
    for at in rng.integers(0, length, bursts):
        _jump(logs, at, rng.uniform(1.3, 4.0), rng.uniform(1, 5))
    for at in rng.integers(0, length, int(rng.poisson(length / 400))):  # raids
        _jump(logs, at, rng.uniform(2.0, 6.0), rng.uniform(4, 20))
        logs[at:] += np.log(rng.uniform(1.0, 1.3))
    for at in rng.integers(20, length, int(rng.poisson(length / 150))):
        logs[at : at + int(rng.integers(4, 12))] += np.log(rng.uniform(*QUIET))
    goodbye = int(rng.integers(3, 8))
    logs[-goodbye:] += np.log(rng.uniform(1.0, 2.0))
    return logs


def _drift(length: int, rng: np.random.Generator) -> Values:
    """A slow wandering that comes back to its mean."""
    keep = np.exp(-1 / rng.uniform(20, 90))
    pushes = rng.normal(0, rng.uniform(0.1, 0.5) * np.sqrt(1 - keep**2), length)
    found, level = np.empty(length), 0.0
    for minute, push in enumerate(pushes):
        level = keep * level + push
        found[minute] = level
    return found


def _topics(length: int, rng: np.random.Generator) -> Values:
    """Every topic or scene has its own level."""
    found, at, spread = np.empty(length), 0, rng.uniform(0.05, 0.4)
    while at < length:
        until = at + int(rng.integers(8, 50))
        found[at:until] = rng.normal(0, spread)
        at = until
    return found


def _jump(logs: Values, at: int, times: float, minutes: float) -> None:
    """From ``at`` on so many times as much, falling off within ``minutes``."""
    logs[at:] += np.log1p((times - 1) * np.exp(-np.arange(len(logs) - at) / minutes))


def _counted(start: int, rates: Values, rng: np.random.Generator) -> list[Minute]:
    """Minutes as they would be counted at such rates."""
    shape = rng.uniform(*NOISE)
    messages = rng.negative_binomial(shape, shape / (shape + rates))
    talk = rng.uniform(0.6, 0.95)  # the more is written, the more of it by the same people
    shares = rng.uniform([0.02, 0.0, 0.0, 0.05], [0.3, 0.05, 0.15, 0.6])
    moods = np.clip(0.55 + _drift(len(rates), rng) / 4, 0, 1)
    found = []
    for i, count in enumerate(map(int, messages)):
        chatters = min(count, round(count**talk)) if count else 0
        new, toxic, repeated, cues = (
            int(rng.binomial(chatters if k == 0 else count, s)) for k, s in enumerate(shares)
        )
        mood = float(moods[i]) if count else None
        found.append(Minute(start + 60 * i, count, chatters, new, toxic, repeated, cues, mood))
    return found
