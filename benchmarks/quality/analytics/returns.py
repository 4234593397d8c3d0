"""Do viewers come back within seven days? The model of return and the engagement score against their anchors.

    python -m benchmarks.quality.analytics.returns --data FOLDER [--write]

FOLDER holds ``user_day_*.csv.gz`` of one channel: date, user, messages.
Every week there is a cutoff; its rows are the viewers seen within 42 days before, described by what is known
at the end of that day. The last two cutoffs with a whole week after them test, the 13 before train, and no
answer of a training row lies after the first test cutoff. Intervals are of 100 resamplings of viewers.
Nothing is fitted on the test weeks; the last table repeats all of it two weeks earlier each time.
``--write`` puts the tables into docs/reference/quality.md.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import numpy.typing as npt
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score, roc_auc_score

from benchmarks.table import markdown, write
from hikari_ml.config import KNOWN_BOTS
from hikari_ml.realtime_analytics.audience import returning
from hikari_ml.realtime_analytics.audience.engagement import engagement
from hikari_ml.realtime_analytics.audience.lines import KEPT, Line, digest
from hikari_ml.realtime_analytics.audience.returning import CUTOFFS, FEATURES, HORIZON, Crowd, History, Rows
from hikari_ml.realtime_analytics.audience.visits import MAX_DAYS, Visits, day_number

TESTED = 2
EARLIER = 5
BINS = 10
RESAMPLES = 100
PAGE = "docs/reference/quality.md"
Floats = npt.NDArray[np.float64]
RFM = [FEATURES.index(name) for name in ("recency", "days_ever", "messages_ever")]
HEADER = ("scored by", "AUC (95 %)", "AP", "ECE")


@dataclass(frozen=True)
class Days:
    """Viewers by name, and their days."""

    names: list[str]
    past: History


def read(folder: Path) -> Days:
    """The viewer-days of the folder."""
    visits: dict[str, dict[int, int]] = {}
    for path in sorted(folder.glob("user_day_*.csv.gz")):
        with gzip.open(path, "rt", encoding="utf-8") as file:
            for row in csv.DictReader(file):
                day = day_number(date.fromisoformat(row["date"]))
                visits.setdefault(row["user"], {})[day] = int(row["messages"])
    names = [name for name in visits if name.casefold() not in KNOWN_BOTS]
    sizes = [len(visits[name]) for name in names]
    days = np.array([day for name in names for day in sorted(visits[name])])
    counts = np.array([visits[name][day] for name in names for day in sorted(visits[name])])
    first = np.array([min(visits[name]) for name in names])
    none = np.zeros(len(names), np.int64)
    return Days(names, History(first, none, none, np.repeat(np.arange(len(names)), sizes), days, counts))


def known_by(past: History, day: int) -> History:
    """The same without what came after ``day``."""
    kept = past.days <= day
    return past._replace(who=past.who[kept], days=past.days[kept], counts=past.counts[kept])


def ece(chances: Floats, came: npt.NDArray[np.bool_]) -> float:
    """Expected calibration error over ten equal bins."""
    bins = np.minimum((chances * BINS).astype(int), BINS - 1)
    gaps = np.bincount(bins, chances - came, BINS)
    return float(np.abs(gaps).sum() / len(came))


class Window:
    """Train and test rows around the test cutoffs ``tests``."""

    def __init__(self, past: History, tests: Sequence[int]) -> None:
        self.past, self.tests = past, tests
        self.crowd = Crowd.of(past, tests[-1])
        cutoffs = [tests[0] - 7 * k for k in range(CUTOFFS, 0, -1)]
        self.train = [self._rows(day) for day in cutoffs if day >= self.crowd.first + HORIZON]
        some = [self._rows(day) for day in tests]
        self.test = Rows(*(np.concatenate(parts) for parts in zip(*some, strict=True)))
        ids = [
            np.flatnonzero(returning.seen_between(past, day - returning.SEEN_WITHIN, day)) for day in tests
        ]
        self.ids = np.concatenate(ids)

    def _rows(self, cutoff: int) -> Rows:
        return returning.rows_at(self.past, cutoff, self.crowd, -1, most=10**9)

    def learned(self) -> Floats:
        """Chances by the model as it is shipped, learned on the first test day."""
        today = self.tests[0] + 1
        model = returning.learn(known_by(self.past, self.tests[0]), today)
        assert model is not None
        return returning.chance(model.log_odds(self.test.features))

    def logistic(self, columns: Sequence[int]) -> Floats:
        """Plain logistic regression on some columns."""
        data = np.concatenate([rows.features[:, columns] for rows in self.train])
        came = np.concatenate([rows.came for rows in self.train])
        fitted = LogisticRegression(max_iter=500).fit(data, came)
        chances: Floats = fitted.predict_proba(self.test.features[:, columns])[:, 1]
        return chances

    def boosted(self, columns: Sequence[int]) -> Floats:
        """Gradient boosting as scikit-learn comes."""
        data = np.concatenate([rows.features[:, columns] for rows in self.train])
        came = np.concatenate([rows.came for rows in self.train])
        fitted = HistGradientBoostingClassifier(random_state=0).fit(data, came)
        chances: Floats = fitted.predict_proba(self.test.features[:, columns])[:, 1]
        return chances

    def calibrated(self) -> tuple[Floats, Floats]:
        """The model without its two latest cutoffs, calibrated on those: by Platt's method, isotonic."""
        model = returning.fit(self.train[:-2], self.crowd)
        later = Rows(*(np.concatenate(parts) for parts in zip(*self.train[-2:], strict=True)))
        odds, tested = model.log_odds(later.features), model.log_odds(self.test.features)
        platt = LogisticRegression().fit(odds[:, None], later.came).predict_proba(tested[:, None])[:, 1]
        steps = IsotonicRegression(out_of_bounds="clip").fit(odds, later.came).predict(tested)
        return platt, steps

    def engaged(self) -> Floats:
        """The engagement score, as if every message had been another line: their texts are not known."""
        found = [
            [scored(self.past, int(who), day) for who in np.flatnonzero(self._seen(day))]
            for day in self.tests
        ]
        return np.concatenate([np.array(scores) for scores in found])

    def _seen(self, day: int) -> npt.NDArray[np.bool_]:
        return returning.seen_between(self.past, day - returning.SEEN_WITHIN, day)


def scored(past: History, who: int, today: int) -> float:
    """One viewer's engagement from days and counts."""
    begin = int(np.searchsorted(past.who, who))
    end = begin + int(np.searchsorted(past.days[begin : np.searchsorted(past.who, who + 1)], today, "right"))
    days, counts = past.days[begin:end].tolist(), past.counts[begin:end].tolist()
    visits = Visits.unpack([days[0], 0, 0, days[-MAX_DAYS:], counts[-MAX_DAYS:]])
    lines: list[Line] = []
    for day, count in zip(reversed(days), reversed(counts), strict=True):
        room = min(count, KEPT - len(lines))
        lines += (Line(day * 86_400.0 + at * 600, digest(f"{day} {at}"), 0, math.nan) for at in range(room))
        if len(lines) == KEPT:
            break
    return engagement(lines, visits, today)


def line(name: str, scores: Floats, window: Window, *, chances: bool = True) -> tuple[str, str, str, str]:
    """A row of the table."""
    came, rng = window.test.came, np.random.default_rng(0)
    rows_of = np.argsort(window.ids, kind="stable")
    starts = np.flatnonzero(np.r_[True, np.diff(window.ids[rows_of]) != 0])
    groups = np.split(rows_of, starts[1:])
    areas = []
    for _ in range(RESAMPLES):
        rows = np.concatenate([groups[at] for at in rng.integers(0, len(groups), len(groups))])
        areas.append(roc_auc_score(came[rows], scores[rows]))
    low, high = np.percentile(areas, [2.5, 97.5])
    return (
        name,
        f"{roc_auc_score(came, scores):.4f} ({low:.3f} to {high:.3f})",
        f"{average_precision_score(came, scores):.3f}",
        f"{ece(scores, came):.4f}" if chances else "-",
    )


def compared(window: Window) -> str:
    """The table of anchors and ours, and the reliability of ours."""
    column = FEATURES.index
    features = window.test.features
    ours = window.learned()
    platt, steps = window.calibrated()
    everything = list(range(len(FEATURES)))
    lines = [
        line("recency", -features[:, column("recency")], window, chances=False),
        line("active days of 28", features[:, column("days_28")], window, chances=False),
        line("logistic: recency, frequency, volume", window.logistic(RFM), window),
        line("gradient boosting: the same", window.boosted(RFM), window),
        line("gradient boosting: all our features", window.boosted(everything), window),
        line("engagement score alone", window.engaged(), window, chances=False),
        line("ours without a past (prior)", window.test.prior, window),
        line("**ours, learned from the channel**", ours, window),
        line("ours, Platt on the two latest cutoffs", platt, window),
        line("ours, isotonic on the two latest cutoffs", steps, window),
    ]
    came = window.test.came
    trained = sum(len(rows.came) for rows in window.train)
    head = (
        f"{trained:,} rows before, {len(came):,} test rows of {len(np.unique(window.ids)):,} viewers, "
        f"{came.mean():.3f} of them came back.\n\n"
    )
    bins = np.minimum((ours * BINS).astype(int), BINS - 1)
    cells = [
        (f"from {at / BINS:.1f}", here.sum(), f"{ours[here].mean():.3f}", f"{came[here].mean():.3f}")
        for at in range(BINS)
        if (here := bins == at).any()
    ]
    reliability = markdown(("chance told", "rows", "mean chance", "came back"), cells)
    return f"{head}{markdown(HEADER, lines)}\n\n{reliability}"


def earlier(past: History, last: int) -> str:
    """The model as shipped in the windows before the tested one."""
    lines, scores, answers = [], [], []
    for back in range(1, EARLIER + 1):
        end = last - 7 * TESTED * back
        window = Window(past, [end - 7, end])
        ours, plain = window.learned(), window.logistic(RFM)
        came = window.test.came
        scores.append(ours)
        answers.append(came)
        lines.append(
            (
                f"{date(1970, 1, 1) + timedelta(days=end)}",
                f"{len(came):,}",
                f"{came.mean():.3f}",
                f"{roc_auc_score(came, plain):.4f}",
                f"{roc_auc_score(came, ours):.4f}",
                f"{ece(ours, came):.4f}",
            )
        )
    told, came = np.concatenate(scores), np.concatenate(answers)
    pooled = f"{roc_auc_score(came, told):.4f}"
    lines.append(("together", f"{len(came):,}", f"{came.mean():.3f}", "-", pooled, f"{ece(told, came):.4f}"))
    return markdown(("until", "rows", "came back", "AUC, logistic", "AUC, ours", "ECE, ours"), lines)


def main() -> None:
    """Measure, print, and write if asked to."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--write", action="store_true")
    given = parser.parse_args()
    days = read(given.data)
    last = int(days.past.days.max()) - HORIZON
    tables = compared(Window(days.past, [last - 7, last]))
    print(tables, flush=True)
    before = f"The same in earlier weeks:\n\n{earlier(days.past, last)}"
    print(before)
    if given.write:
        write(PAGE, "returns", f"{tables}\n\n{before}")


if __name__ == "__main__":
    main()
