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


def weigh(
    differences: Sequence[float], alpha: float = ALPHA, pooled: Sequence[float] | None = None
) -> Evidence:
    """Weigh the differences of all rounds so far, oldest first; ``alpha`` is the share of both bounds.

    ``pooled`` are those of rounds taken together where each alone is drawn towards no effect. Whether there
    is an effect, and the bound nearer to none, follow from the rounds: what draws them in can only weaken
    both. The farther bound and the estimate follow from the pools.
    """
    rounds = _Paths(np.asarray(differences, np.float64))
    pools = rounds if pooled is None else _Paths(np.asarray(pooled, np.float64))
    found = rounds.differences
    if not rounds.begun:
        return Evidence(len(found), float(found.mean()) if len(found) else None, None, None, 1.0)
    span = max(rounds.span, pools.span)
    threshold = math.log(2 / alpha)
    own, far = (paths.bounds(threshold, span, _largest) for paths in (rounds, pools))
    low, high = _together(own, far)
    changed = low > high or far[0] > far[1] or own[0] > 0 > own[1]
    if changed:
        low, high = _together(*(paths.bounds(threshold, span, _last) for paths in (rounds, pools)))
    middle = (pools if pools.begun else rounds).middle(span)
    most = max(_largest(rounds.path(0.0, 1)), _largest(rounds.path(0.0, -1)), 0.0)
    return Evidence(
        rounds=len(found),
        estimate=min(max(middle, low), max(low, high)),
        low=low if low > -span else None,
        high=max(low, high) if high < span else None,
        p_value=min(1.0, 2 * math.exp(-most) * ALPHA / alpha),
        changed=changed,
    )


def _together(own: tuple[float, float], far: tuple[float, float]) -> tuple[float, float]:
    """Bounds of which the nearer to no effect is ``own``; while that lies within them, both are ``far``."""
    if own[0] > 0:
        return own[0], far[1]
    if own[1] < 0:
        return far[0], own[1]
    return min(far[0], 0.0), max(far[1], 0.0)


def _largest(wealth: Numbers) -> float:
    return float(wealth.max())


def _last(wealth: Numbers) -> float:
    return float(wealth[-1])


class _Paths:
    """The wealth of bets on differences, oldest first, against every effect."""

    def __init__(self, differences: Numbers) -> None:
        self.differences = differences
        self._scales = _scales(differences)

    @property
    def begun(self) -> bool:
        """Whether anything was bet."""
        return bool(np.isfinite(self._scales).any())

    @property
    def span(self) -> float:
        """Beyond it, either way, no effect is looked for."""
        return float(np.abs(self.differences).max(initial=0.0)) * 1e3

    def path(self, theta: float, sign: int) -> Numbers:
        """Log of the stake after each round, betting that differences lie above ``theta``, or below."""
        return _log_wealth(sign * (self.differences - theta), self._scales)

    def bounds(self, threshold: float, span: float, of: Callable[[Numbers], float]) -> tuple[float, float]:
        """Between which effects ``of`` the wealth, in both directions, lies below ``threshold``."""
        if not self.begun:
            return -span, span
        low = _root(lambda theta: of(self.path(theta, 1)) - threshold, -span, span)
        high = _root(lambda theta: threshold - of(self.path(theta, -1)), -span, span)
        return low, high

    def middle(self, span: float) -> float:
        """The effect that both directions speak for alike."""
        return _root(lambda theta: _last(self.path(theta, 1)) - _last(self.path(theta, -1)), -span, span)


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
