"""Isolation Forest, fitted by scikit-learn and scored one row at a time without its per-call cost.

F. T. Liu, K. M. Ting, Z.-H. Zhou, "Isolation Forest", ICDM 2008: a row that random cuts isolate early is
unusual. The score is ``2 ** (-E[path length] / c(n))`` in (0, 1), equal to scikit-learn's
``-score_samples``; higher is more unusual.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from functools import cache
from typing import Any, Final

import numpy as np
import numpy.typing as npt

TREES: Final = 50
SAMPLES: Final = 256
EULER: Final = 0.5772156649015329

SPREAD_FLOOR: Final = 0.05
"""Robust deviation a feature is taken to have at least: features are shares and logarithms of counts."""

RANGE_FLOOR: Final = 0.25
"""Range a feature is taken to have had at least."""

Rows = npt.NDArray[np.float64]
Nodes = npt.NDArray[np.intp]


class Forest:
    """A fitted forest, flattened into arrays, with the distribution of its own training scores."""

    def __init__(self, rows: Sequence[Sequence[float]], seed: int = 0) -> None:
        from sklearn.ensemble import IsolationForest  # a second to import, and only needed from here on

        data = np.asarray(rows, np.float64)
        fitted = IsolationForest(
            n_estimators=TREES, max_samples=min(SAMPLES, len(data)), random_state=seed, n_jobs=1
        ).fit(data)
        trees = [estimator.tree_ for estimator in fitted.estimators_]
        sizes = [tree.node_count for tree in trees]
        self._roots = np.cumsum([0, *sizes[:-1]])
        flat = [_flatten(tree) for tree in trees]
        self._feature, self._threshold, steps, self._path = (
            np.concatenate([part[i] for part in flat]) for i in range(4)
        )
        self._next = steps + np.repeat(self._roots, sizes)
        self._depth = max(tree.max_depth for tree in trees)
        self._scale = TREES * max(1.0, _mean_path(fitted.max_samples_))
        self._scores: list[float] = sorted(self._score(data).tolist())
        self.center = np.median(data, axis=0)
        self.spread = np.maximum(1.4826 * np.median(np.abs(data - self.center), axis=0), SPREAD_FLOOR)
        low, high = data.min(axis=0), data.max(axis=0)
        width = np.maximum(high - low, RANGE_FLOOR)
        self._ranges: list[tuple[float, float, float]] = list(
            zip(low.tolist(), high.tolist(), width.tolist(), strict=True)
        )

    def score(self, row: npt.ArrayLike) -> float:
        """The Isolation Forest score of one row, in (0, 1); higher is more unusual."""
        values = np.asarray(row, np.float32)
        onward = self._next + (values.take(self._feature) > self._threshold)  # of every node: quicker at once
        node = self._roots
        for _ in range(self._depth):
            node = onward.take(node)
        return float(2.0 ** (-self._path.take(node).sum() / self._scale))

    def _score(self, rows: Rows) -> Rows:
        """The scores of many rows, shape (n, features) to (n,)."""
        values = rows.astype(np.float32)
        offset = np.arange(len(values))[:, None] * values.shape[1]
        node = np.broadcast_to(self._roots, (len(values), TREES))
        for _ in range(self._depth):
            right = values.take(self._feature.take(node) + offset) > self._threshold.take(node)
            node = self._next.take(node) + right
        paths: Rows = self._path.take(node).sum(axis=1)
        scores: Rows = 2.0 ** (-paths / self._scale)
        return scores

    @property
    def size(self) -> int:
        """How many rows it was fitted to."""
        return len(self._scores)

    def tail(self, score: float) -> float:
        """Share of the training rows that are at least as unusual, in [0, 1]; small is unusual."""
        beyond = len(self._scores) - bisect_right(self._scores, score - 1e-12)
        return (beyond + 0.5) / (len(self._scores) + 1)

    @property
    def scores(self) -> list[float]:
        """The scores of the training rows, rising."""
        return list(self._scores)

    @property
    def highest(self) -> float:
        """The most unusual score among the training rows."""
        return self._scores[-1]

    def severity(self, row: Sequence[float]) -> float:
        """How far ``row`` lies beyond everything seen; 0 is nothing unusual.

        An isolation forest cannot tell far outside from just outside, so a row counts as unusual if it is
        more isolated than any training row and outside their range, or if one feature lies more than the
        whole range beyond it.
        """
        outside = self._outside(row)
        if outside >= 1 or (outside > 0 and self.score(row) > self.highest):
            return outside
        return 0.0

    def _outside(self, row: Sequence[float]) -> float:
        """The furthest that a feature lies beyond its range, in ranges."""
        furthest = 0.0
        for value, (low, high, width) in zip(row, self._ranges, strict=True):
            if not low <= value <= high:
                furthest = max(furthest, (low - value) / width, (value - high) / width)
        return furthest

    def moved(self, row: npt.ArrayLike, least: float = 3.0) -> list[tuple[int, float]]:
        """Features more than ``least`` robust deviations from their median, the furthest first."""
        values = (np.asarray(row, np.float64) - self.center) / self.spread
        order = np.argsort(-np.abs(values))
        return [(int(i), float(values[i])) for i in order if abs(values[i]) >= least]


def _flatten(tree: Any) -> tuple[Nodes, npt.NDArray[np.float32], Nodes, Rows]:
    """A tree's nodes, by what is split, the threshold, the next node where not above it, and the path to it.

    Nodes are put in an order in which the next where above follows that where not. A leaf leads to itself,
    so that every walk may take the same steps. Thresholds are rounded down to single precision, in which
    trees compare: nothing lies between.
    """
    left, right = tree.children_left.tolist(), tree.children_right.tolist()
    order, steps, depth = [0], [0] * len(left), [0.0]
    for at, node in enumerate(order):  # which grows meanwhile
        steps[at] = at
        if left[node] >= 0:
            steps[at] = len(order)
            order += [left[node], right[node]]
            depth += [depth[at] + 1] * 2
    split = tree.children_left[order] >= 0
    exact = tree.threshold[order]
    threshold = exact.astype(np.float32)
    above = threshold > exact
    threshold[above] = np.nextafter(threshold[above], np.float32(-np.inf))
    threshold[~split] = np.inf
    path = np.array(depth)
    path[~split] += [_mean_path(samples) for samples in tree.n_node_samples[order][~split].tolist()]
    return np.where(split, tree.feature[order], 0), threshold, np.array(steps), path


@cache
def _mean_path(samples: int) -> float:
    """Mean path length of an unsuccessful search in a binary tree of ``samples`` rows (Liu et al., eq. 1)."""
    if samples <= 1:
        return 0.0
    if samples == 2:
        return 1.0
    return float(2 * (np.log(samples - 1) + EULER) - 2 * (samples - 1) / samples)
