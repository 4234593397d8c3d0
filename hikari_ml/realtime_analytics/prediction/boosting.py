"""Gradient-boosted trees that predict how busy chat will be: scikit-learn grows them, plain arrays keep them.

They are the network's rival and, blended with it, its companion. Kept as arrays they can be saved without
pickling code into a file, and are read without scikit-learn.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Self

import numpy as np
import numpy.typing as npt

from hikari_ml.realtime_analytics.prediction.context import Context, Frame, Rows, Values

ROUNDS: Final = 150
LEARNING_RATE: Final = 0.06
LEAVES: Final = 24
FEWEST_IN_LEAF: Final = 40
"""Usual sizes, not tuned on any recording."""

OWN_STEPS: Final = 12
PEOPLE_STEPS: Final = 6
"""Steps whose messages and chatters are read one by one."""

Arrays = dict[str, npt.NDArray[np.generic]]


class Boosting:
    """Trees of all horizons in flat arrays.

    Node n asks whether column ``feature[n]`` is at most ``threshold[n]``; ``left`` and ``right`` are the next
    nodes, ``left_if_unknown`` says where a missing value goes, and a leaf leads to itself. ``roots``
    [horizons, trees]; ``base`` [horizons] is what the trees start from.
    """

    def __init__(self, frame: Frame, arrays: Mapping[str, npt.NDArray[np.generic]]) -> None:
        self.frame = frame
        self.arrays: Arrays = dict(arrays)

    @classmethod
    def unpack(cls, frame: Frame, arrays: Mapping[str, npt.NDArray[np.generic]]) -> Self:
        """From the ``arrays`` of one that was kept.

        Raises:
            ValueError: they are no trees for ``frame``.
        """
        if arrays.keys() != _KEPT.keys() | _OF_ALL.keys() or not _fit_together(frame, arrays):
            raise ValueError("these are no trees")
        return cls(frame, arrays)

    @classmethod
    def fit(cls, context: Context, targets: Values, frame: Frame) -> Self:
        """Grow trees on N moments and their messages [N, horizons], on the absolute error of logarithms."""
        from sklearn.ensemble import HistGradientBoostingRegressor

        rows, ratios = _columns(context), frame.ratios(targets, context.level)
        rows[:, np.isnan(rows).all(axis=0)] = 0.0  # scikit-learn cannot bin what was never known
        grown = []
        for column in ratios.T:
            model = HistGradientBoostingRegressor(
                loss="absolute_error",
                max_iter=ROUNDS,
                learning_rate=LEARNING_RATE,
                max_leaf_nodes=LEAVES,
                min_samples_leaf=FEWEST_IN_LEAF,
                l2_regularization=1.0,
                early_stopping=False,
                random_state=0,
            )
            grown.append(model.fit(rows, column))
        return cls(frame, _flatten(grown))

    def counts(self, context: Context) -> Values:
        """Messages of each horizon at every moment of ``context``: [N, horizons], not negative."""
        if not len(context):
            return np.zeros((0, len(self.frame.horizons)))
        found = [self._ratios(_columns(context[at : at + 1024])) for at in range(0, len(context), 1024)]
        return self.frame.counts(np.concatenate(found), context.level)

    def _ratios(self, rows: Rows) -> Values:
        tree = self.arrays
        offset = np.arange(len(rows))[:, None] * rows.shape[1]
        values = rows.astype(np.float64)
        summed = []
        for base, roots in zip(tree["base"], tree["roots"], strict=True):
            node = np.broadcast_to(roots, (len(rows), len(roots)))
            for _ in range(int(tree["depth"][0])):
                seen = values.take(tree["feature"].take(node) + offset)
                goes_left = np.where(
                    np.isnan(seen), tree["left_if_unknown"].take(node), seen <= tree["threshold"].take(node)
                )
                node = np.where(goes_left, tree["left"].take(node), tree["right"].take(node))
            summed.append(tree["value"].take(node).sum(axis=1) + base)
        return np.stack(summed, axis=1)


def _columns(context: Context) -> Rows:
    steps = context.steps
    return np.concatenate([context.facts, steps[:, -OWN_STEPS:, 0], steps[:, -PEOPLE_STEPS:, 1]], axis=1)


def _flatten(grown: list[object]) -> Arrays:
    """What scikit-learn keeps of its trees, as arrays."""
    parts: dict[str, list[npt.NDArray[np.generic]]] = {name: [] for name in _KEPT}
    roots, count, depth = [], 0, 0
    for model in grown:
        own = []
        for (tree,) in model._predictors:  # type: ignore[attr-defined]
            nodes = tree.nodes
            own.append(count)
            here = np.arange(len(nodes)) + count
            leaf = nodes["is_leaf"].astype(bool)
            parts["feature"].append(np.where(leaf, 0, nodes["feature_idx"]))
            parts["threshold"].append(np.where(leaf, 0.0, nodes["num_threshold"]))
            parts["left_if_unknown"].append(nodes["missing_go_to_left"].astype(bool))
            parts["left"].append(np.where(leaf, here, nodes["left"].astype(np.int64) + count))
            parts["right"].append(np.where(leaf, here, nodes["right"].astype(np.int64) + count))
            parts["value"].append(np.where(leaf, nodes["value"], 0.0))
            count += len(nodes)
            depth = max(depth, int(nodes["depth"].max()))
        roots.append(own)
    base = [float(np.ravel(model._baseline_prediction)[0]) for model in grown]  # type: ignore[attr-defined]
    arrays: Arrays = {name: np.concatenate(found).astype(_KEPT[name]) for name, found in parts.items()}
    return {
        **arrays,
        "roots": np.array(roots, np.int32),
        "base": np.array(base, np.float64),
        "depth": np.array([depth], np.int32),
    }


_KEPT: Final = {
    "feature": np.int32,
    "threshold": np.float64,
    "left_if_unknown": np.bool_,
    "left": np.int32,
    "right": np.int32,
    "value": np.float64,
}

_OF_ALL: Final = {"roots": np.int32, "base": np.float64, "depth": np.int32}


def _fit_together(frame: Frame, arrays: Mapping[str, npt.NDArray[np.generic]]) -> bool:
    """Whether every node leads to a node, asks for a column there is, and no number is missing."""
    if any(arrays[name].dtype != kind for name, kind in {**_KEPT, **_OF_ALL}.items()):
        return False
    nodes, columns = arrays["feature"].shape, frame.facts + OWN_STEPS + PEOPLE_STEPS
    horizons = len(frame.horizons)
    if any(arrays[name].shape != nodes for name in _KEPT) or len(nodes) != 1 or arrays["depth"].shape != (1,):
        return False
    if arrays["roots"].ndim != 2 or len(arrays["roots"]) != horizons or arrays["base"].shape != (horizons,):
        return False
    below = {"feature": columns, "left": nodes[0], "right": nodes[0], "roots": nodes[0], "depth": nodes[0]}
    numbers = np.isfinite(arrays["value"]).all() and np.isfinite(arrays["base"]).all()
    asked = not np.isnan(arrays["threshold"]).any()  # infinite where only what is unknown goes right
    return bool(numbers and asked) and all(_all_below(arrays[name], end) for name, end in below.items())


def _all_below(found: npt.NDArray[Any], end: int) -> bool:
    return bool(((found >= 0) & (found < end)).all())
