"""The score of the Numenta Anomaly Benchmark, by its published formula.

A. Lavin, S. Ahmad, "Evaluating Real-time Anomaly Detection Algorithms: the Numenta Anomaly Benchmark",
ICMLA 2015. The first 15 % of a file (at most 750 records) do not count. The earliest detection in a labelled
window earns ``2 * sigmoid(-5 x) - 1`` with ``x`` from -1 at the left edge to 0 at the right one; every
detection outside costs up to 1 by its distance from the window before it, times the profile's weight; a
window without a detection costs 1, or 2. One threshold serves every file and is the one that scores best,
so it is chosen on the files it is scored on; :func:`left_out` chooses it without the category that it scores.
"""

from __future__ import annotations

import csv
import gzip
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

PROBATION_SHARE: Final = 0.15
PROBATION_MOST: Final = 750


class Profile(NamedTuple):
    """What a false alarm and a missed window cost."""

    false_alarm: float
    missed: float


PROFILES: Final = {
    "standard": Profile(0.11, 1.0),
    "reward_low_FP_rate": Profile(0.22, 1.0),
    "reward_low_FN_rate": Profile(0.11, 2.0),
}


@dataclass(frozen=True, slots=True)
class Series:
    """One file: ``times`` in epoch seconds, ``values`` (n,), ``windows`` as first and last record."""

    name: str
    times: Floats
    values: Floats
    windows: tuple[tuple[int, int], ...]

    @property
    def category(self) -> str:
        """The folder of the file."""
        return self.name.split("/")[0]

    @property
    def probation(self) -> int:
        """Records at the start that do not count."""
        return min(int(PROBATION_SHARE * len(self.values)), PROBATION_MOST)


def load(folder: Path) -> list[Series]:
    """Every file of the corpus below ``folder``, plain or gzipped."""
    labels = json.loads((folder / "labels" / "combined_windows.json").read_text())
    return [_series(folder / "data", name, windows) for name, windows in sorted(labels.items())]


def _series(folder: Path, name: str, windows: Sequence[Sequence[str]]) -> Series:
    path = folder / name
    plain = path if path.exists() else path.with_name(path.name + ".gz")
    raw = plain.read_bytes()
    text = (gzip.decompress(raw) if plain.suffix == ".gz" else raw).decode()
    rows = list(csv.DictReader(text.splitlines()))
    times = [datetime.fromisoformat(row["timestamp"]).replace(tzinfo=UTC).timestamp() for row in rows]
    first = {at: i for i, at in reversed(list(enumerate(times)))}
    edges = tuple((first[_seconds(start)], first[_seconds(end)]) for start, end in windows)
    return Series(name, np.array(times), np.array([float(row["value"]) for row in rows]), edges)


def _seconds(moment: str) -> float:
    return datetime.fromisoformat(moment).replace(tzinfo=UTC).timestamp()


def _reward(x: Floats) -> Floats:
    return np.where(x > 3, -1.0, 2 / (1 + np.exp(5 * np.minimum(x, 3))) - 1)


class _Steps(NamedTuple):
    """How the score of a file changes as the threshold falls past each of ``scores``."""

    scores: Floats
    gains: Floats
    costs: Floats


def _steps(series: Series, scores: Floats) -> _Steps:
    """Gains are of windows found, or found earlier (at the weight 1); costs of false alarms (at 1)."""
    n = len(scores)
    counted = np.arange(n) >= series.probation
    outside = np.full(n, -1.0)
    inside = np.zeros(n, bool)
    gains: list[tuple[Floats, Floats]] = []
    for left, right in series.windows:
        width = right - left + 1
        past = np.arange(right + 1, n)
        outside[right + 1 :] = _reward((past - right) / (width - 1))
        inside[left : right + 1] = True
        within = np.arange(max(left, series.probation), right + 1)
        earned = _reward(-(right - within + 1) / width) / _reward(np.array([-1.0]))
        order = np.argsort(-scores[within], kind="stable")
        best = np.maximum.accumulate(np.concatenate([[0.0], earned[order]]))
        gains.append((scores[within][order], np.diff(best)))
        gains.append((scores[within][order][:1], np.array([0.0])))
    false = counted & ~inside
    found = np.concatenate([g[0] for g in gains]) if gains else np.empty(0)
    gain = np.concatenate([g[1] for g in gains]) if gains else np.empty(0)
    return _Steps(
        np.concatenate([scores[false], found]),
        np.concatenate([np.zeros(false.sum()), gain]),
        np.concatenate([outside[false], np.zeros(len(found))]),
    )


def _found(series: Series, scores: Floats) -> tuple[Floats, int]:
    """The highest score in each window that counts, and how many windows there are."""
    highest = [
        float(scores[max(left, series.probation) : right + 1].max(initial=-np.inf))
        for left, right in series.windows
    ]
    return np.array(highest), len(series.windows)


class Corpus:
    """The scores of one detector on some files, ready to be judged at every threshold.

    ``scores`` maps the name of a file to one number a record, higher is more unusual.
    """

    def __init__(self, files: Sequence[Series], scores: Mapping[str, Floats]) -> None:
        parts = [_steps(file, np.asarray(scores[file.name], float)) for file in files]
        found = [_found(file, np.asarray(scores[file.name], float)) for file in files]
        self.windows = sum(count for _, count in found)
        at = np.concatenate([part.scores for part in parts])
        order = np.argsort(-at, kind="stable")
        self._at = at[order]
        self._gain = np.concatenate([part.gains for part in parts])[order]
        self._cost = np.concatenate([part.costs for part in parts])[order]
        self._highest = -np.sort(-np.concatenate([highest for highest, _ in found]))

    def raw(self, threshold: float, profile: Profile) -> float:
        """The score before it is normalised, with an alarm wherever the threshold is reached."""
        n = np.searchsorted(-self._at, -threshold, side="right")
        hits = np.searchsorted(-self._highest, -threshold, side="right")
        missed = (self.windows - hits) * profile.missed
        return float(self._gain[:n].sum() + profile.false_alarm * self._cost[:n].sum() - missed)

    def best(self, profile: Profile) -> float:
        """The threshold that scores best."""
        total = np.cumsum(self._gain) + profile.false_alarm * np.cumsum(self._cost)
        hits = np.searchsorted(-self._highest, -self._at, side="right")
        total -= (self.windows - hits) * profile.missed
        last = np.append(self._at[1:] != self._at[:-1], True)
        total[~last] = -np.inf
        top = int(np.argmax(total))
        nothing = -self.windows * profile.missed
        return float(self._at[top]) if total[top] > nothing else np.inf

    def normalised(self, raw: float, profile: Profile) -> float:
        """On the benchmark's scale: 0 is no alarm at all, 100 every window at its first record."""
        return 100 * (raw + self.windows * profile.missed) / (self.windows * (1 + profile.missed))


def usual(files: Sequence[Series], scores: Mapping[str, Floats], profile: Profile) -> float:
    """The benchmark's own figure: one threshold, the best for the very files it is scored on."""
    corpus = Corpus(files, scores)
    return corpus.normalised(corpus.raw(corpus.best(profile), profile), profile)


def left_out(files: Sequence[Series], scores: Mapping[str, Floats], profile: Profile) -> float:
    """The same, each category at the threshold that is best for all the others."""
    raw, whole = 0.0, Corpus(files, scores)
    for category in sorted({file.category for file in files}):
        rest = [file for file in files if file.category != category]
        own = [file for file in files if file.category == category]
        raw += Corpus(own, scores).raw(Corpus(rest, scores).best(profile), profile)
    return whole.normalised(raw, profile)


def windowed_gaussian(values: Floats, window: int = 6400, step: int = 100) -> Floats:
    """One of the benchmark's own detectors: the two-sided Gaussian tail of a slowly moving window.

    Its published scores are what this scorer is proved against.
    """
    from math import erfc

    scores = np.zeros(len(values))
    kept: list[float] = []
    fresh: list[float] = []
    mean, spread = 0.0, 1.0
    for i, value in enumerate(values.tolist()):
        if kept:
            scores[i] = 1 - 0.5 * erfc(abs(value - mean) / spread / 1.4142)
        if len(kept) < window:
            kept.append(value)
        else:
            fresh.append(value)
            if len(fresh) < step:
                continue
            kept, fresh = kept[step:] + fresh, []
        held = np.array(kept)
        mean, spread = float(held.mean()), float(held.std()) or 0.000001
    return scores
