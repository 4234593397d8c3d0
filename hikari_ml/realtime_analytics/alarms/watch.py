"""Watching every recorded series for what is unusual in it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Final

from hikari_ml.figures import told
from hikari_ml.realtime_analytics.alarms.anomalies import Raised
from hikari_ml.realtime_analytics.alarms.detector import KEPT, PointJudgement, SeriesDetector
from hikari_ml.runtime.lane import Lane, Work

Point = tuple[float, float]


class Watch:
    """A detector for each series, which learns what was recorded before it was first asked."""

    def __init__(self) -> None:
        self._detectors: dict[str, SeriesDetector] = {}
        self._newest: dict[str, float] = {}

    async def ready(self, name: str, points: Callable[[str], Sequence[Point]], lane: Lane[Work, Any]) -> None:
        """Learn the series' past if it is not known yet: a quarter of a second at most, in ``lane``."""
        if name not in self._detectors:
            past = points(name)[-KEPT:]
            detector = await lane.submit(partial(learned, past)) if past else SeriesDetector()
            self._detectors[name] = detector
            self._newest[name] = past[-1][0] if past else float("-inf")

    def judge(self, name: str, at: float, value: float) -> Raised | None:
        """Judge a point of a series that is ready; an alert if it is unusual. A late one is not judged."""
        if at < self._newest[name]:
            return None
        self._newest[name] = at
        judged = self._detectors[name].judge(at, value)
        return Raised(at, METRIC, judged.score, reason(name, value, judged)) if judged.alert else None


METRIC: Final = "metric"
"""The kind of an alert over a recorded series."""


def learned(points: Sequence[Point]) -> SeriesDetector:
    """A detector that has seen ``points``, which are in the order of time."""
    detector = SeriesDetector()
    for at, value in points:
        detector.judge(at, value)
    return detector


def reason(name: str, value: float, judged: PointJudgement) -> str:
    """An alert in words: the value, what was usual, and what moved the furthest."""
    usual = f", about {told(judged.usual)} is usual" if judged.usual is not None else ""
    moved = [f"{view} far {'above' if z > 0 else 'below'} usual" for view, z in judged.moved[:2]]
    return f"{name} is {told(value, 6)}{usual}: {', '.join(moved) or 'an unusual course'}"
