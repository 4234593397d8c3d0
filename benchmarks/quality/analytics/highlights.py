"""How well live moments find what people marked as highlights, on a stream whose highlights were labelled.

    python -m benchmarks.quality.analytics.highlights --data DIR [--write]

``DIR`` holds ``twitch_asiagodtone_rechat`` with a recording and its labelled windows. Every ten seconds of
the stream are ranked by how strong the reaction is said to be; a time is right within a window and up to
twenty seconds after it, for chat takes that long to answer. Beside it stands what needs no more than a
count: messages in the last ten seconds, and a trailing count minus its running median. What
:class:`Moments` says of a time it says thirty seconds later; the counts are given with that delay too.
Constants were chosen on the first half.
"""

from __future__ import annotations

import argparse
import gzip
import json
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.metrics import average_precision_score

from benchmarks.table import markdown, write
from hikari_ml.realtime_analytics.features import measure
from hikari_ml.realtime_analytics.moments import DECIDED_AFTER, LONG, Highlight, Moments
from hikari_ml.realtime_analytics.timeline import BUCKET, Share, Timeline

RECORDING = "twitch_asiagodtone_rechat/chat_108244967.jsonl.gz"
LABELS = "twitch_asiagodtone_rechat/highlights_108244967.json"
ANSWER = 20
"""Seconds after a labelled window in which chat still speaks of it."""

ROUNDS = 400
BLOCK = 60
"""Steps drawn together by the bootstrap, ten minutes: neighbours are no independent witnesses."""


def follow(rows: Sequence[dict[str, Any]]) -> tuple[np.ndarray, np.ndarray, np.ndarray, list[Highlight]]:
    """End of each ten seconds, messages in them, the strength said of them, and the moments."""
    timeline, moments = Timeline(60), Moments()
    times, counts, strengths = [], [], []
    end = 0.0
    for row in rows:
        said = datetime.fromisoformat(row["timestamp"])
        at = said.timestamp()
        end = end or at // BUCKET * BUCKET + BUCKET
        while at >= end:
            moments.step(timeline, end - 0.001)
            times.append(end)
            counts.append(timeline.counts(end - 0.001, BUCKET)[0])
            strengths.append(moments.strength)
            end += BUCKET
        place = timeline.place(at)
        if place is not None:
            message = measure(row["username"], row["text"], said, None, (), 0)
            timeline.add(Share(place, message, newcomer=False, repeated=False), at)
    return np.array(times), np.array(counts), np.array(strengths), list(moments.kept)


def labelled(times: np.ndarray, windows: Sequence[Sequence[int]]) -> np.ndarray:
    """Which of ``times`` lie in a window or within :data:`ANSWER` seconds after it."""
    found = np.zeros(len(times), bool)
    for start, end in windows:
        found |= (times >= start) & (times <= end + ANSWER)
    return found


def ahead(scores: np.ndarray, seconds: int) -> np.ndarray:
    """Of each time, the score said of it ``seconds`` later."""
    steps = seconds // BUCKET
    return np.concatenate([scores[steps:], np.repeat(scores[-1:], steps)])


def above_median(counts: np.ndarray, width: int) -> np.ndarray:
    """A trailing count over ``width`` steps minus its median over the ten minutes before."""
    sums = np.convolve(counts, np.ones(width))[: len(counts)]
    past = LONG // BUCKET
    return np.array([sums[i] - np.median(sums[max(0, i - past) : i + 1]) for i in range(len(sums))])


def interval(truth: np.ndarray, ours: np.ndarray, theirs: np.ndarray) -> tuple[float, float]:
    """95 % interval of the ratio of two average precisions, by a bootstrap over ten-minute blocks."""
    rng, blocks = np.random.default_rng(0), np.arange(len(truth)).reshape(-1)
    parts = np.array_split(blocks, max(1, len(truth) // BLOCK))
    ratios = []
    for _ in range(ROUNDS):
        drawn = np.concatenate([parts[i] for i in rng.integers(0, len(parts), len(parts))])
        ratios.append(
            average_precision_score(truth[drawn], ours[drawn])
            / average_precision_score(truth[drawn], theirs[drawn])
        )
    low, high = np.percentile(ratios, [2.5, 97.5])
    return float(low), float(high)


def events(found: Sequence[Highlight], windows: Sequence[Sequence[int]]) -> str:
    """How many moments meet a label and how many labels are met."""
    met = [any(m.start <= e + ANSWER and m.end >= s for s, e in windows) for m in found]
    seen = [any(m.start <= e + ANSWER and m.end >= s for m in found) for s, e in windows]
    return f"{len(found)} moments, {sum(met)} of them at one of {len(windows)} labels, {sum(seen)} labels met"


def compare(data: Path) -> tuple[list[tuple[str, ...]], str]:
    """The table, and what the moments themselves met."""
    with gzip.open(data / RECORDING, "rt", encoding="utf-8") as file:
        rows = [json.loads(line) for line in file]
    windows = json.loads((data / LABELS).read_text())["windows"]
    times, counts, strengths, found = follow(rows)
    truth, half = labelled(times, windows), np.arange(len(times)) < len(times) // 2
    usual = above_median(counts, 2)
    every = {
        "strength of the moment": ahead(strengths, DECIDED_AFTER),
        "messages in ten seconds": counts,
        "the same, thirty seconds later": ahead(counts, DECIDED_AFTER),
        "twenty seconds above their median": usual,
        "the same, 30 seconds later": ahead(usual, DECIDED_AFTER),
    }
    ours = every["strength of the moment"]
    table = []
    for name, scores in every.items():
        whole, first, second = (
            f"{average_precision_score(truth[at], scores[at]):.3f}" for at in (half | ~half, half, ~half)
        )
        ratio = average_precision_score(truth, ours) / average_precision_score(truth, scores)
        low, high = interval(truth, ours, scores)
        beside = "-" if scores is ours else f"{ratio:.2f} ({low:.2f} to {high:.2f})"
        table.append((name, whole, first, second, beside))
    return table, f"{len(times)} times, {100 * truth.mean():.1f} % of them labelled; {events(found, windows)}"


def main() -> None:
    """Measure, print, and write if asked."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--write", action="store_true")
    given = parser.parse_args()
    found, note = compare(given.data)
    header = ("ranked by", "average precision", "first half", "second half", "ours in ratio")
    table = f"{markdown(header, found)}\n\n{note}."
    print(table)
    if given.write:
        write("docs/reference/quality.md", "highlights", table)


if __name__ == "__main__":
    main()
