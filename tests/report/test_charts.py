"""Series are smoothed and binned without being bent."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hikari_ml.report.charts import MINUTE, PAUSE, _over_gaps, binned, plotly_script, smoothed

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


def point(time, value):
    return {"at": f"2026-01-01T{time}:00.000Z", "value": value}


def test_a_pause_is_drawn_as_silence_and_not_as_a_line_across():
    said = [point("20:00", 30.0), point("20:01", 28.0), point("21:00", 31.0), point("21:01", 5.0)]
    rate = _over_gaps(said, MINUTE, 0.0)
    assert rate["y"] == [30.0, 28.0, 0.0, 0.0, 31.0, 5.0]
    assert [at[11:16] for at in rate["x"]] == ["20:00", "20:01", "20:02", "20:59", "21:00", "21:01"]
    assert _over_gaps(said, PAUSE, None)["y"] == [30.0, 28.0, None, None, 31.0, 5.0]
    few = [point("20:00", 0.5), point("20:09", 0.6)]
    assert _over_gaps(few, PAUSE, None)["y"] == [0.5, 0.6]
    assert _over_gaps([], MINUTE, 0.0) == {"x": [], "y": []}


def test_the_script_comes_from_the_package():
    assert len(plotly_script()) > 1_000_000
