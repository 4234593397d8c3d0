"""Series are kept in order of time and within bounds."""

import pytest

from hikari_ml.errors import InputError
from hikari_ml.realtime_analytics import metrics
from hikari_ml.realtime_analytics.metrics import MAX_SERIES, Metrics


def test_points_are_in_order_whenever_they_come():
    found = Metrics()
    for at in (3.0, 1.0, 2.0):
        found.record("viewer_count", at, at * 10)
    assert found.points("viewer_count") == [(1.0, 10.0), (2.0, 20.0), (3.0, 30.0)]
    assert found.latest("viewer_count") == 30.0


def test_the_same_point_twice_is_one_point():
    found = Metrics()
    for value in (5.0, 5.0, 6.0):
        found.record("viewer_count", 1.0, value)
    assert found.points("viewer_count") == [(1.0, 5.0), (1.0, 6.0)]


def test_of_one_time_the_value_recorded_last_is_the_newest():
    found, other = Metrics(), Metrics()
    for value in (100.0, 50.0):
        found.record("viewer_count", 1.0, value)
        found.record("viewer_count", 0.0, value)
    other.unpack(found.pack())
    for series in (found, other):
        assert series.points("viewer_count") == [(0.0, 100.0), (0.0, 50.0), (1.0, 100.0), (1.0, 50.0)]
        assert series.latest("viewer_count") == 50.0
        assert series.newest() == {"viewer_count": 50.0}
    found.record("viewer_count", 1.0, 100.0)
    assert found.points("viewer_count")[2:] == [(1.0, 50.0), (1.0, 100.0)]


def test_an_unknown_series_is_empty_and_not_created():
    found = Metrics()
    assert found.points("nothing") == []
    assert found.latest("nothing") is None


def test_a_full_series_drops_its_oldest(monkeypatch):
    monkeypatch.setattr(metrics, "MAX_POINTS", 10)
    found = Metrics()
    for at in range(100):
        found.record("x", float(at), 1.0)
    assert len(found.points("x")) <= 11
    assert found.points("x")[-1][0] == 99


def test_there_is_an_end_to_names():
    found = Metrics()
    for i in range(MAX_SERIES):
        found.record(f"m{i}", 0.0, 1.0)
    with pytest.raises(InputError, match="reuse names"):
        found.record("one more", 0.0, 1.0)
    found.record("m0", 1.0, 1.0)


def test_what_is_packed_comes_back():
    found, other = Metrics(), Metrics()
    found.record("x", 1.0, 2.0)
    other.unpack(found.pack())
    assert other.points("x") == [(1.0, 2.0)]


def test_what_is_too_old_is_not_the_latest():
    found = Metrics()
    found.record("viewer_count", 100.0, 500.0)
    assert found.latest("viewer_count", since=90.0) == 500.0
    assert found.latest("viewer_count", since=101.0) is None


def test_what_is_packed_does_not_change():
    found = Metrics()
    found.record("x", 1.0, 2.0)
    packed = found.pack()
    found.record("x", 2.0, 3.0)
    assert packed == {"x": [(1.0, 2.0)]}


def test_it_knows_when_the_newest_value_was_recorded():
    metrics = Metrics()
    assert metrics.latest_at("viewer_count") is None
    metrics.record("viewer_count", 100.0, 7.0)
    metrics.record("viewer_count", 90.0, 6.0)
    assert metrics.latest_at("viewer_count") == 100.0
