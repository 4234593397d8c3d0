"""How well a piece of content did, among the channel's other contents; pure."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from statistics import mean, median
from typing import Any, Final

from hikari_ml.figures import told
from hikari_ml.results import ContentPerformance

FEWEST: Final = 4
"""Other contents from which a percentile is told at all."""

TOP: Final = 0.8
WIDE: Final = 0.4
"""Width of the likely range from which the result says how little is known."""

PRIOR: Final = 2
"""The middle counts as so many contents: a place's mean if every place was as likely before (Laplace)."""

LIKELY: Final = 1.645
"""Standard errors either way that hold the true place in nine of ten cases."""

MAX_CONTENTS: Final = 2000
MAX_METRICS: Final = 50


@dataclass(slots=True)
class Contents:
    """What is known of each content; the oldest makes room."""

    _known: dict[str, dict[str, float]] = field(default_factory=dict)

    def judge(self, content_id: str, metrics: Mapping[str, float]) -> ContentPerformance:
        """Note the metrics of a content (again) and place it among the others.

        Higher is better. Each metric is placed among the others' by its mid-rank, drawn towards the middle
        while they are few, and the places are averaged. With fewer than four others that have the metric
        there is no percentile, only the score; the likely range says how much either is worth.
        """
        others = {name: known for name, known in self._known.items() if name != content_id}
        self._known.pop(content_id, None)
        self._known[content_id] = dict(metrics)
        while len(self._known) > MAX_CONTENTS:
            del self._known[next(iter(self._known))]
        columns = {name: [known[name] for known in others.values() if name in known] for name in metrics}
        ranked = {name: column for name, column in columns.items() if len(column) >= FEWEST}
        used = ranked or columns
        places = {name: _place(metrics[name], column) for name, column in used.items()}
        ranges = [_likely(metrics[name], column) for name, column in used.items()]
        score = mean(places.values())
        likely = [mean(low for low, _ in ranges), mean(high for _, high in ranges)]
        return {
            "content_id": content_id,
            "performance_score": score,
            "percentile": score if ranked else None,
            "likely_range": likely,
            "is_top_performer": bool(ranked) and score >= TOP,
            "compared_with": len(others),
            "recommendations": [*_caution(len(others), ranked, likely), *_advice(metrics, ranked, places)],
            "degraded": [],
        }

    def pack(self) -> dict[str, Any]:
        """As plain values, for the state file; what is judged later does not change them."""
        return dict(self._known)

    def unpack(self, known: dict[str, Any]) -> None:
        """From what :meth:`pack` gave."""
        self._known = {name: dict(metrics) for name, metrics in known.items()}


def _below(value: float, others: list[float]) -> float:
    """How many of the others lie below; equal ones count half."""
    return sum(other < value for other in others) + sum(other == value for other in others) / 2


def _place(value: float, others: list[float]) -> float:
    return (_below(value, others) + PRIOR / 2) / (len(others) + PRIOR)


def _likely(value: float, others: list[float]) -> tuple[float, float]:
    """The range of the true place (E. B. Wilson, 1927); the whole of it while there are no others."""
    n = len(others)
    if n == 0:
        return 0.0, 1.0
    share, spread = _below(value, others) / n, LIKELY**2 / n
    middle = (share + spread / 2) / (1 + spread)
    half = math.sqrt(spread * (share * (1 - share) + spread / 4)) / (1 + spread)
    return max(0.0, middle - half), min(1.0, middle + half)


def _caution(others: int, ranked: dict[str, list[float]], likely: list[float]) -> list[str]:
    if others < FEWEST:
        return [f"{FEWEST - others} more contents are needed before this one can be ranked"]
    if not ranked:
        return ["too few other contents have these metrics; use the same names for every content"]
    if likely[1] - likely[0] < WIDE:
        return []
    low, high = (f"{100 * end:.0f}" for end in likely)
    rarest = min(ranked, key=lambda name: len(ranked[name]))
    known = f"only {len(ranked[rarest])} others have {rarest}"
    return [f"{known}: its true percentile lies likely between {low} and {high}"]


def _advice(
    metrics: Mapping[str, float], ranked: dict[str, list[float]], places: dict[str, float]
) -> list[str]:
    weak = sorted((places[name], name) for name in ranked if places[name] < 0.4)[:2]
    strong = sorted((-places[name], name) for name in ranked if places[name] >= TOP)[:2]
    found = []
    for _, name in weak:
        here, middle = told(metrics[name], 6), told(median(ranked[name]), 6)
        found.append(f"{name} is below this channel's median ({here} against {middle})")
    return found + [f"{name} is among its best: do more like this" for _, name in strong]
