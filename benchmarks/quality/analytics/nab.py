"""The detector that watches recorded series, on the Numenta Anomaly Benchmark.

    python -m benchmarks.quality.analytics.nab --data NAB [--rivals] [--write]

58 series, 365,558 points. Every detector sees a series point by point, from its first, and knows of a
point what came before it. The score is the benchmark's own, see ``nab_scoring``. "Usual" is at the one
threshold that is best for the very series it is scored on, as in the published table; "left out" is with
each category of series at the threshold that is best for all the others; "shipped" are the alerts that the
product raises. ``--rivals`` runs others on the same rows: river's half-space trees, and
an Isolation Forest over four features of the last points, fitted again every 500.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.quality.analytics.nab_scoring import (
    PROFILES,
    Corpus,
    Floats,
    Series,
    left_out,
    load,
    usual,
    windowed_gaussian,
)
from benchmarks.table import machine, markdown, write
from hikari_ml.realtime_analytics.alarms.detector import REST, SeriesDetector

PUBLISHED = {
    "ARTime": "ARTime",
    "numenta": "Numenta HTM",
    "contextOSE": "CAD OSE",
    "knncad": "KNN CAD",
    "relativeEntropy": "Relative Entropy",
    "randomCutForest": "Random Cut Forest",
    "twitterADVec": "Twitter ADVec",
    "windowedGaussian": "Windowed Gaussian",
}
"""Names in the benchmark's file of results, and what they are called."""

WRITTEN_DIGITS = 12
"""Digits of the scores that the benchmark's authors kept in their files; some thresholds depend on them."""


def watched(series: Series) -> tuple[Floats, Floats]:
    """The product's levels, those that exceed the last 400 as alerts must, and its alerts as 0 and 1."""
    detector = SeriesDetector()
    times = np.maximum.accumulate(series.times)  # clocks that were put back stand still instead
    found = [detector.judge(*point) for point in zip(times.tolist(), series.values.tolist(), strict=True)]
    levels = np.array([judged.level for judged in found])
    return peaks(levels, REST), np.array([float(judged.alert) for judged in found])


def peaks(scores: Floats, rest: int) -> Floats:
    """Scores, at their lowest wherever the last ``rest`` had one as high."""
    before = pd.Series(scores).rolling(rest, min_periods=1).max().shift(1).fillna(-np.inf).to_numpy()
    return np.where(scores > before, scores, scores.min() - 1)


def isolation_forest(series: Series) -> Floats:
    """A plain one: value, difference, deviation from the 12-mean, 12-spread; fitted every 500 on 3,000."""
    from sklearn.ensemble import IsolationForest

    value = pd.Series(series.values)
    short = value.rolling(12, min_periods=1)
    rows = np.column_stack([value, value.diff().fillna(0), value - short.mean(), short.std().fillna(0)])
    scores = np.zeros(len(rows))
    for start in range(150, len(rows), 500):
        fitted = IsolationForest(n_estimators=100, random_state=0, n_jobs=1).fit(
            rows[max(0, start - 3000) : start]
        )
        scores[start : start + 500] = -fitted.score_samples(rows[start : start + 500])
    return scores


def half_space_trees(series: Series) -> Floats:
    """river's, on the value scaled to the range seen so far."""
    from river.anomaly import HalfSpaceTrees
    from river.preprocessing import MinMaxScaler

    trees: Any = HalfSpaceTrees(n_trees=25, height=8, window_size=250, seed=0)
    scaler: Any = MinMaxScaler()
    scores = []
    for value in series.values.tolist():
        scaler.learn_one({"x": value})
        scaled = scaler.transform_one({"x": value})
        scores.append(trees.score_one(scaled))
        trees.learn_one(scaled)
    return np.array(scores)


def gaussian_as_published(series: Series) -> Floats:
    """The detector that proves the scorer, rounded as its authors' files are."""
    return np.round(windowed_gaussian(series.values), WRITTEN_DIGITS)


def own(files: Sequence[Series]) -> list[list[object]]:
    """Rows of the table for the product."""
    began = time.process_time()
    found = {file.name: watched(file) for file in files}
    each = 1e6 * (time.process_time() - began) / sum(len(file.values) for file in files)
    rows = _rows(files, "hikari_ml", {name: levels for name, (levels, _) in found.items()}, f"{each:.0f}")
    corpus = Corpus(files, {name: alerts for name, (_, alerts) in found.items()})
    shipped = [corpus.normalised(corpus.raw(1.0, profile), profile) for profile in PROFILES.values()]
    return [*rows, ["hikari_ml", "shipped", *(f"{figure:.1f}" for figure in shipped), ""]]


def rival(files: Sequence[Series], name: str, detect: Callable[[Series], Floats]) -> list[list[object]]:
    """Rows of the table for another detector, also with its peaks alone, as the product has them."""
    began = time.process_time()
    scores = {file.name: detect(file) for file in files}
    each = 1e6 * (time.process_time() - began) / sum(len(file.values) for file in files)
    peaked = {key: peaks(found, REST) for key, found in scores.items()}
    return _rows(files, name, scores, f"{each:.0f}") + _rows(files, f"{name}, peaks alone", peaked, "")


def _rows(files: Sequence[Series], name: str, scores: Mapping[str, Floats], each: str) -> list[list[object]]:
    return [
        [name, "usual", *_figures(usual, files, scores), each],
        [name, "left out", *_figures(left_out, files, scores), ""],
    ]


def _figures(score: Callable[..., float], files: Sequence[Series], scores: Mapping[str, Floats]) -> list[str]:
    return [f"{score(files, scores, profile):.1f}" for profile in PROFILES.values()]


def published(folder: Path) -> list[list[object]]:
    """Rows of the benchmark's own table."""
    results = json.loads((folder / "results" / "final_results.json").read_text())
    return [
        [f"{name} (published)", "usual", *(f"{results[key][profile]:.1f}" for profile in PROFILES), ""]
        for key, name in PUBLISHED.items()
        if key in results
    ]


def main() -> None:
    """Measure and print, or write into the page of figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder of the benchmark")
    parser.add_argument("--rivals", action="store_true")
    parser.add_argument("--write", action="store_true")
    arguments = parser.parse_args()
    files = load(arguments.data)
    rivals = {"Windowed Gaussian": gaussian_as_published}
    if arguments.rivals:
        rivals |= {"half-space trees": half_space_trees, "Isolation Forest": isolation_forest}
    rows = own(files) + [row for name, detect in rivals.items() for row in rival(files, name, detect)]
    header = ("detector", "threshold", "standard", "low FP", "low FN", "us a point")
    text = markdown(header, rows + published(arguments.data)) + f"\n\n{machine()}."
    if arguments.write:
        write("docs/reference/quality.md", "nab", text)
    print(text)


if __name__ == "__main__":
    main()
