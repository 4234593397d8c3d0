"""A series is judged by its own past alone, whatever it is."""

import math
import random

import pytest

from hikari_ml.errors import InputError
from hikari_ml.realtime_analytics.alarms.detector import FIRST_FIT, KEPT, REST, WARM_UP, SeriesDetector


def noise(count, seed=0, scale=5.0):
    rng = random.Random(seed)
    return [100 + rng.gauss(0, scale) for _ in range(count)]


def judged(values, spacing=300.0, detector=None):
    detector = detector or SeriesDetector()
    return [detector.judge(i * spacing, value) for i, value in enumerate(values)]


def alerts(values, **kwargs):
    return [i for i, found in enumerate(judged(values, **kwargs)) if found.alert]


def test_without_a_past_nothing_is_known():
    found = judged(noise(FIRST_FIT))
    assert {(point.score, point.alert) for point in found} == {(0.0, False)}


def test_a_spike_is_told_once_and_explained():
    values = noise(1000)
    values[800:810] = [400.0] * 10
    assert alerts(values) == [800]
    spike = judged(values)[800]
    assert spike.score > 0.99
    assert spike.moved[0][1] > 3
    assert spike.usual == pytest.approx(100, abs=15)


def test_a_fall_is_told_with_its_direction():
    values = [*noise(800), 0.0]
    last = judged(values)[-1]
    assert last.alert
    assert dict(last.moved)["value"] < -3


def test_calm_is_calm():
    assert alerts(noise(4000)) == []


@pytest.mark.parametrize(
    "values", [[7.0] * 1000, [0.0] * 1000, [1e300, -1e300] * 400, [1e-12 * i for i in range(900)]]
)
def test_constant_and_extreme_series_are_judged(values):
    found = judged(values)
    assert all(math.isfinite(point.level) and 0 <= point.score <= 1 for point in found)


def test_a_value_usual_at_another_time_of_the_day_is_told():
    day = [100 + 50 * math.sin(2 * math.pi * i / 144) for i in range(144)]
    values = [v + e - 100 for v, e in zip(day * 8, noise(8 * 144, scale=1.0), strict=True)]
    values[7 * 144 + 100] = 150.0  # where about 53 is usual; every noon has as many
    found = judged(values, spacing=600.0)
    told = found[7 * 144 + 100]
    assert told.alert
    assert told.moved[0][0] == "value for the time of day"
    assert told.usual == pytest.approx(values[6 * 144 + 100], abs=10)


def test_what_comes_again_and_again_is_less_of_a_surprise():
    values = noise(2000)
    for i in range(400, 2000, 150):
        values[i] = 200.0
    found = judged(values)
    assert found[1900].level < found[400].level


def test_the_future_changes_nothing():
    values = noise(900)
    short, long = judged(values[:700]), judged([*values[:700], *(9e9,) * 200])
    assert long[:700] == short


def test_ten_years_of_days_and_gaps_are_bounded():
    detector = SeriesDetector()
    rng, at = random.Random(5), 0.0
    for _ in range(KEPT + 2000):
        at += rng.choice((60.0, 86_400.0, 3e6)) * rng.random()
        detector.judge(at, rng.gauss(10, 1))
    assert all(len(view._values) <= KEPT for view in detector._views)


@pytest.mark.parametrize(("at", "value"), [(1.0, math.nan), (math.inf, 1.0), (-1.0, 1.0)])
def test_what_cannot_be_judged_is_refused(at, value):
    detector = SeriesDetector()
    detector.judge(0.0, 1.0)
    with pytest.raises(InputError):
        detector.judge(at, value)


def test_after_an_alert_it_rests():
    values = noise(WARM_UP + 2 * REST)
    values[WARM_UP + 50] = 300.0
    values[WARM_UP + 100] = 200.0
    values[WARM_UP + 50 + REST + 20] = 600.0
    assert alerts(values) == [WARM_UP + 50, WARM_UP + 50 + REST + 20]
