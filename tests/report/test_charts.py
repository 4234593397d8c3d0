"""Series are smoothed and binned without being bent."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hikari_ml.report.charts import binned, plotly_script, smoothed

series = st.lists(st.floats(-1e6, 1e6), max_size=60).map(
    lambda values: [{"at": f"2026-01-01T00:{i:02}:00.000Z", "value": v} for i, v in enumerate(values)]
)


@given(series, st.integers(1, 9))
def test_smoothing_stays_between_the_extremes_and_keeps_the_times(points, width):
    found = smoothed(points, width)
    assert [p["at"] for p in found] == [p["at"] for p in points]
    if points:
        low, high = (f(p["value"] for p in points) for f in (min, max))
        assert all(low - 1e-6 <= p["value"] <= high + 1e-6 for p in found)


@given(series, st.integers(1, 20))
def test_binning_loses_nothing(points, most):
    found = binned(points, most)
    assert len(found) <= most
    assert sum(p["value"] for p in found) == pytest.approx(sum(p["value"] for p in points), abs=1e-3)


def test_the_script_comes_from_the_package():
    assert len(plotly_script()) > 1_000_000
