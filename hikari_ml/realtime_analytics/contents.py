"""How well a piece of content did, among the channel's other contents; pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from statistics import mean, median
from typing import Any, Final

from hikari_ml.results import ContentPerformance

FEWEST: Final = 4
"""Other contents from which a percentile means something."""

TOP: Final = 0.8
MAX_CONTENTS: Final = 2000
MAX_METRICS: Final = 50


@dataclass(slots=True)
class Contents:
    """What is known of each content; the oldest makes room."""

    _known: dict[str, dict[str, float]] = field(default_factory=dict)

    def judge(self, content_id: str, metrics: Mapping[str, float]) -> ContentPerformance:
        """Note the metrics of a content (again) and place it among the others.

        Higher is better. Each metric is placed by its mid-rank among the others' and the places are
        averaged; with fewer than four others there is no percentile, and the score says only how the
        content stands to the median so far.
        """
        others = {name: known for name, known in self._known.items() if name != content_id}
        self._known.pop(content_id, None)
        self._known[content_id] = dict(metrics)
        while len(self._known) > MAX_CONTENTS:
            del self._known[next(iter(self._known))]
        columns = {name: [known[name] for known in others.values() if name in known] for name in metrics}
        ranked = {name: column for name, column in columns.items() if len(column) >= FEWEST}
        if not ranked:
            return self._unranked(content_id, metrics, columns, len(others))
        places = {name: _place(metrics[name], column) for name, column in ranked.items()}
        percentile = mean(places.values())
        return {
            "content_id": content_id,
            "performance_score": percentile,
            "percentile": percentile,
            "is_top_performer": percentile >= TOP,
            "compared_with": len(others),
            "recommendations": _advice(metrics, ranked, places),
            "degraded": [],
        }

    def pack(self) -> dict[str, Any]:
        """As plain values, for the state file; what is judged later does not change them."""
        return dict(self._known)

    def unpack(self, known: dict[str, Any]) -> None:
        """From what :meth:`pack` gave."""
        self._known = {name: dict(metrics) for name, metrics in known.items()}

    def _unranked(
        self, content_id: str, metrics: Mapping[str, float], columns: dict[str, list[float]], others: int
    ) -> ContentPerformance:
        scores = [_against_median(metrics[name], columns[name]) for name in metrics]
        missing = FEWEST - others
        advice = f"{missing} more contents are needed before this one can be ranked"
        if missing <= 0:
            advice = "no other content has these metrics; use the same names for every content"
        return {
            "content_id": content_id,
            "performance_score": mean(scores),
            "percentile": None,
            "is_top_performer": False,
            "compared_with": others,
            "recommendations": [advice],
            "degraded": [],
        }


def _place(value: float, others: list[float]) -> float:
    below = sum(other < value for other in others)
    equal = sum(other == value for other in others)
    return (below + equal / 2) / len(others)


def _against_median(value: float, others: list[float]) -> float:
    """In [0, 1]: half at the median of the others, or with nothing to compare with."""
    middle = median(others) if others else value
    total = abs(value) + abs(middle)
    return 0.5 if total == 0 else min(1.0, max(0.0, 0.5 + (value - middle) / (2 * total)))


def _advice(
    metrics: Mapping[str, float], ranked: dict[str, list[float]], places: dict[str, float]
) -> list[str]:
    weak = sorted((place, name) for name, place in places.items() if place < 0.4)[:2]
    strong = sorted(((-place, name) for name, place in places.items() if place >= TOP))[:2]
    found = [
        f"{name} is below this channel's median ({metrics[name]:g} against {median(ranked[name]):g})"
        for _, name in weak
    ]
    return found + [f"{name} is among its best: do more like this" for _, name in strong]
