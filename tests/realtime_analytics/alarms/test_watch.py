"""Recorded series are watched, each by itself, and learn what was there before."""

import random

from hikari_ml.realtime_analytics.alarms.watch import Watch
from hikari_ml.runtime.lane import work_lane

RNG = random.Random(3)
POINTS = [(i * 60.0, 100 + RNG.gauss(0, 3)) for i in range(600)]


async def ready(watch, name, points):
    lane = work_lane("test")
    await watch.ready(name, lambda _: points, lane)
    await lane.aclose()


async def test_an_unusual_point_is_an_alert_in_words():
    watch = Watch()
    await ready(watch, "viewer_count", POINTS)
    raised = watch.judge("viewer_count", 36_060.0, 900.0)
    assert raised.kind == "metric"
    assert raised.reason.startswith("viewer_count is 900, about 99")
    assert "above usual" in raised.reason
    assert raised.score > 0.99


async def test_large_numbers_are_told_as_people_write_them():
    watch = Watch()
    await ready(watch, "viewer_count", [(at, 1000 * value) for at, value in POINTS])
    assert watch.judge("viewer_count", 36_060.0, 1_234_567.0).reason.startswith(
        "viewer_count is 1,234,567, about 99,"
    )
    await ready(watch, "lag", [(at, value / 1000) for at, value in POINTS])
    assert watch.judge("lag", 36_060.0, 0.5).reason.startswith("lag is 0.5, about 0.099")


async def test_what_was_recorded_before_counts_as_if_it_was_seen():
    learned, seen = Watch(), Watch()
    await ready(learned, "x", POINTS)
    await ready(seen, "x", [])
    for at, value in POINTS:
        assert seen.judge("x", at, value) is None
    assert learned.judge("x", 36_060.0, 500.0) == seen.judge("x", 36_060.0, 500.0)


async def test_a_late_point_is_not_judged_and_a_new_series_knows_nothing():
    watch = Watch()
    await ready(watch, "x", POINTS)
    await ready(watch, "y", [])
    assert watch.judge("x", 0.0, 9e9) is None
    assert watch.judge("y", 0.0, 9e9) is None
