"""Intervals of a forecast from the errors of its backtest: split conformal prediction.

H. Papadopoulos et al., "Inductive Confidence Machines for Regression" (2002); V. Vovk, A. Gammerman and
G. Shafer, "Algorithmic Learning in a Random World" (2005). The model's opinion of itself plays no part.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Final

import numpy as np

from hikari_ml.realtime_analytics.forecast.series import Values

COVERAGE: Final = 0.8
"""Share of the truth that should lie inside."""

FARTHEST: Final = 9
"""Backtest horizons after which an interval grows no more."""

LARGEST_EXPONENT: Final = 700.0
"""Above it a float overflows."""

FEWEST_IN_BUCKET: Final = 20
"""Errors a stretch of the horizon needs to have quantiles of its own."""


def interval(
    forecast: Values, backtest: Values, truth: Values, season: int, *, independent: float, log: bool
) -> tuple[Values, Values]:
    """Lower and upper end of the 80 % interval of each step of ``forecast``.

    ``backtest`` and ``truth`` are origins x horizon; NaN in ``truth`` is left out. Errors are taken on the
    scale of log(1 + value) where ``log`` is set: what is uncertain by half at night is so at its peak too.
    Each end has its own quantile, for a crowd that comes is larger than one that stays away, and the horizon
    is cut into stretches (:func:`_stretches`): the next hour is surer than tomorrow. The tails shrink by one
    of the ``independent`` origins: of few errors the largest has not been seen yet, and steps of one origin
    err together.
    """
    scale = _log if log else np.asarray
    errors = scale(truth) - scale(backtest)
    tail = (1 - COVERAGE) / 2 * (1 - 1 / max(1.0, independent))
    low, high = np.zeros(len(forecast)), np.zeros(len(forecast))
    for part in _stretches(len(forecast), season):
        at = slice(min(part.start, errors.shape[1] - 1), part.stop)
        found = _finite(errors[:, at])
        if len(found) < FEWEST_IN_BUCKET:
            found = _finite(errors)
        if len(found):
            low[part] = np.quantile(found, tail, method="lower")
            high[part] = np.quantile(found, 1 - tail, method="higher")
    if not season:  # what has no season wanders: beyond the backtest it strays with the root of time
        far = np.sqrt(np.clip(np.arange(1, len(forecast) + 1) / errors.shape[1], 1, FARTHEST))
        low, high = low * far, high * far
    back = _unlog if log else np.asarray
    return back(scale(forecast) + low), back(scale(forecast) + high)


def _stretches(periods: int, season: int) -> list[slice]:
    """A quarter of a season, the rest of it, and what comes after; a series without a season in one piece."""
    cuts = [0, *(cut for cut in (season // 4, season) if 0 < cut < periods), periods]
    return [slice(start, stop) for start, stop in pairwise(cuts)]


def _finite(errors: Values) -> Values:
    return errors[np.isfinite(errors)]


def _unlog(logs: Values) -> Values:
    return np.expm1(np.minimum(logs, LARGEST_EXPONENT))


def _log(values: Values) -> Values:
    return np.log1p(np.maximum(values, 0))
