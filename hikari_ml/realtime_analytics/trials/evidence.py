"""What differences between arms say, at any moment and however often one looks; pure.

Within a round the order of the arms is drawn by lot. If an arm changes a block's value by ``theta``, then the
difference of a round less ``theta`` is as likely to be some number as to be its negative, whatever the chat
was doing: the lot alone makes it so, and neither a distribution nor independence is assumed. A bet of the
share ``tanh(x)`` on its sign multiplies the stake by ``1 + tanh(x)``, which is fair: the wealth is a
nonnegative martingale, and Ville's inequality (1939) lets it exceed ``1 / alpha`` ever with a chance of at
most ``alpha``. It is the likelihood ratio of the sign given the size, mixed over four sizes of bet: a
sign-symmetric form of the mixture sequential probability ratio test (H. Robbins, "Statistical methods
related to the law of the iterated logarithm", 1970). The effects whose wealth never grew so far are a
confidence sequence (A. Ramdas et al., "Game-theoretic statistics and safe anytime-valid inference", 2023).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

ALPHA: Final = 0.05
"""Chance at most of ever finding a difference where there is none."""

BETS: Final = (0.15, 0.3, 0.6, 1.2)
"""Sizes of bet, in units of one over the mean size of the differences so far.

Chosen on Rocket Beans' chat before November 2016; with five or eight sizes, or other spreads, effects of
10 to 50 % were found no sooner.
"""

STEPS: Final = 48
"""Halvings by which a bound is found."""

Numbers = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Evidence:
    """What ``rounds`` differences say of an effect, in their own unit.

    ``low`` and ``high`` hold it with 95 % at all times together, None where there is no bound yet;
    ``p_value`` is always valid. ``changed``: no single effect fits all of it, and the bounds are those of the
    last look alone.
    """

    rounds: int
    estimate: float | None
    low: float | None
    high: float | None
    p_value: float
    changed: bool = False

    @property
    def decided(self) -> bool:
        """Whether there is a difference, and in which direction."""
        above = self.low is not None and self.low > 0
        return above or (self.high is not None and self.high < 0)


def weigh(differences: Sequence[float], alpha: float = ALPHA) -> Evidence:
    """Weigh the differences of all rounds so far, oldest first; ``alpha`` is the share of both bounds."""
    found = np.asarray(differences, np.float64)
    scales = _scales(found)
    if not np.isfinite(scales).any():
        return Evidence(len(found), float(found.mean()) if len(found) else None, None, None, 1.0)
    span = float(np.abs(found).max()) * 1e3
    threshold = math.log(2 / alpha)

    def path(theta: float, sign: int) -> Numbers:
        return _log_wealth(sign * (found - theta), scales)

    def bounds(of: Callable[[Numbers], float]) -> tuple[float, float]:
        low = _root(lambda theta: of(path(theta, 1)) - threshold, -span, span)
        high = _root(lambda theta: threshold - of(path(theta, -1)), -span, span)
        return low, high

    middle = _root(lambda theta: float(path(theta, 1)[-1] - path(theta, -1)[-1]), -span, span)
    low, high = bounds(lambda wealth: float(wealth.max()))
    changed = low > high
    if changed:
        low, high = bounds(lambda wealth: float(wealth[-1]))
    most = max(float(path(0.0, 1).max()), float(path(0.0, -1).max()), 0.0)
    return Evidence(
        rounds=len(found),
        estimate=min(max(middle, low), high),
        low=low if low > -span else None,
        high=high if high < span else None,
        p_value=min(1.0, 2 * math.exp(-most) * ALPHA / alpha),
        changed=changed,
    )


def first_found(differences: Numbers, alpha: float = ALPHA) -> npt.NDArray[np.int64]:
    """For each row of differences, the rounds until a difference is found; 0 where none ever is."""
    scales = _scales(differences)
    wealth = np.maximum(_log_wealth(differences, scales), _log_wealth(-differences, scales))
    crossed = wealth >= math.log(2 / alpha)
    return np.where(crossed.any(axis=-1), crossed.argmax(axis=-1) + 1, 0)


def rounds_needed(noise: Sequence[float], effect: float, alpha: float = ALPHA) -> int | None:
    """About how many rounds find an ``effect`` among differences that without it would be ``noise``.

    The stake grows at a steady rate; needed is what takes it to the bound at the best of the bets. None if it
    does not grow.
    """
    sizes = np.abs(np.asarray(noise, np.float64))
    shifted = np.concatenate([sizes, -sizes]) + abs(effect)
    scale = float(np.abs(shifted).mean()) if len(sizes) else 0.0
    if scale == 0 or effect == 0:
        return None
    growth = max(float(_gain(bet / scale * shifted).mean()) for bet in BETS)
    cost = math.log(2 / alpha) + math.log(len(BETS))
    return math.ceil(cost / growth) if growth > 0 else None


NONE: Final = 1e-100
"""Differences that together are less are none: a bet in units of them would overflow."""


def _scales(differences: Numbers) -> Numbers:
    """Mean size of the differences before each one; infinite, which bets nothing, while there is none.

    What came before is known when the bet is made, so it may set the size of the bet, for all effects alike.
    """
    sizes = np.abs(differences)
    before = np.cumsum(sizes, axis=-1) - sizes
    means = before / np.maximum(np.arange(differences.shape[-1]), 1)
    return np.where(before > NONE, means, np.inf)


def _log_wealth(differences: Numbers, scales: Numbers) -> Numbers:
    """Log of the stake after each round, begun with 1 and betting that differences are positive."""
    paths = [np.cumsum(_gain(bet / scales * differences), axis=-1) for bet in BETS]
    return np.asarray(np.logaddexp.reduce(np.stack(paths), axis=0) - math.log(len(BETS)))


def _gain(stake: Numbers) -> Numbers:
    """``log(1 + tanh(stake))``, also where the hyperbolic tangent is all but -1."""
    return np.asarray(math.log(2) - np.logaddexp(0.0, -2.0 * stake))


def _root(falling: Callable[[float], float], low: float, high: float) -> float:
    """Where a falling function crosses zero, or the end on whose side it does."""
    if falling(low) <= 0:
        return low
    if falling(high) > 0:
        return high
    for _ in range(STEPS):
        middle = (low + high) / 2
        low, high = (middle, high) if falling(middle) > 0 else (low, middle)
    return (low + high) / 2
