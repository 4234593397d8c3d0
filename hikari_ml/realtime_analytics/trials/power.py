"""What an experiment could find, simulated before it begins; pure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from hikari_ml.realtime_analytics.trials.blocks import Measured, Plan, Readings, differences, level, measure
from hikari_ml.realtime_analytics.trials.evidence import ALPHA, first_found
from hikari_ml.results import PowerRow, PowerTable

EFFECTS: Final = (1.1, 1.2, 1.5)
"""Ratios that are simulated if no others are asked for; of differences, so much of the metric's mean."""

FEWEST_ROUNDS: Final = 20
"""Rounds of the own past below which its noise is not known."""

PATHS: Final = 400
"""Experiments simulated for each effect: a chance is told to within about .025."""

LONGEST: Final = 800
"""Rounds after which an experiment is given up."""

SHOWN: Final = (12, 25, 50, 100, 200, 400, 800)
"""Rounds at which the chance is told."""


def past_rounds(plan: Plan, readings: Readings) -> tuple[list[float], float]:
    """Differences that an arm would have had in the past if it did nothing, and the mean level then."""
    starts_at = int(readings.runs[0][0] // 60 * 60) if readings.runs else 0
    past = replace(plan, starts_at=starts_at)
    blocks = measure(past, (), readings, Measured(), readings.end).blocks
    mean_level = float(np.mean([level(past, block) for block in blocks])) if blocks else 0.0
    return differences(past, blocks, 1), mean_level


def from_past(plan: Plan, readings: Readings, effects: Sequence[float] | None) -> PowerTable:
    """The power table at the noise the channel had so far."""
    noise, mean_level = past_rounds(plan, readings)
    if len(noise) < FEWEST_ROUNDS:
        reason = f"needs {FEWEST_ROUNDS} rounds of the channel's past, has {len(noise)}; or give a noise"
        return _table(plan, None, noise, [], reason)
    if effects is None:
        base = 1.0 if plan.effect == "ratio" else abs(mean_level)
        effects = [one if plan.effect == "ratio" else base * (one - 1) for one in EFFECTS]
    return _table(plan, "own past", noise, _rows(plan, noise, effects), None)


def from_noise(plan: Plan, noise: float, effects: Sequence[float] | None) -> PowerTable:
    """The power table at a given noise: the standard deviation of a round's difference."""
    drawn = np.random.default_rng(plan.seed).normal(0.0, noise, 10_000)
    if effects is None:
        effects = EFFECTS if plan.effect == "ratio" else [noise / 4, noise / 2, noise]
    return _table(plan, "given", drawn.tolist(), _rows(plan, drawn.tolist(), effects), None)


def _table(
    plan: Plan, source: str | None, noise: Sequence[float], rows: list[PowerRow], reason: str | None
) -> PowerTable:
    known = source is not None
    return {
        "metric": plan.metric,
        "effect": plan.effect,
        "source": "given" if source == "given" else "own past" if known else None,
        "noise": float(np.sqrt(np.mean(np.square(noise)))) if known else None,
        "past_rounds": 0 if source == "given" else len(noise),
        "rows": rows,
        "reason": reason,
        "degraded": [],
    }


def _rows(plan: Plan, noise: Sequence[float], effects: Sequence[float]) -> list[PowerRow]:
    rng = np.random.default_rng(plan.seed)
    drawn = rng.choice(np.asarray(noise), (PATHS, LONGEST)) * rng.choice((-1.0, 1.0), (PATHS, LONGEST))
    return [_row(plan, drawn, effect) for effect in effects]


def _row(plan: Plan, drawn: np.ndarray, effect: float) -> PowerRow:
    shift = math.log(effect) if plan.effect == "ratio" else effect
    arms = len(plan.arms)
    found = first_found(drawn + shift, ALPHA / (arms - 1))
    ever = found[found > 0]
    rounds = int(np.median(np.where(found > 0, found, LONGEST))) if len(ever) > PATHS / 2 else None
    blocks = None if rounds is None else rounds * arms
    return {
        "effect": float(effect),
        "median_blocks": blocks,
        "median_hours": None if blocks is None else blocks * plan.block_minutes / 60,
        "chance": {str(arms * n): float(((found > 0) & (found <= n)).mean()) for n in SHOWN},
    }
