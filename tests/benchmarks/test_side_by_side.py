"""The parts of the side-by-side that decide who is better."""

import re
from pathlib import Path

import numpy as np

from benchmarks import side_by_side
from benchmarks.side_by_side import _hits, made_series, watching
from benchmarks.speed.seed_models import ratio

PAGE = Path(__file__).parent.parent.parent / side_by_side.PAGE


def test_events_are_met_by_what_points_at_them():
    (series,) = made_series(1)
    right = np.zeros(len(series.values))
    right[[window[0] + 2 for window in series.windows]] = 1
    assert _hits(right, series) == 5
    assert _hits(np.arange(len(right), dtype=float), series) <= 1, "one event is met once"
    late = np.zeros(len(right))
    late[[window[1] + 20 for window in series.windows]] = 1
    assert _hits(late, series) == 0


def test_our_own_detector_finds_most_of_them():
    told = re.search(r"hikari_ml \| (\d+) of 5", watching(1))
    assert int(told[1]) >= 3


def test_a_ratio_is_of_sums_with_its_interval():
    assert ratio([1.0, 1.0], [2.0, 4.0], ".3g") == "3 (2 to 4)"


def test_every_table_was_measured():
    page = PAGE.read_text(encoding="utf-8")
    for name in ("reading", "remembering", "watching", "forecasting", "telling"):
        found = re.search(rf"<!-- {name} -->\n(.*?)<!-- end -->", page, re.DOTALL)
        assert found[1].count("|") > 10, name
