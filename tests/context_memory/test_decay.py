"""Forgetting only ever lessens, and recall only ever slows it."""

import math

from hypothesis import given
from hypothesis import strategies as st

from hikari_ml.context_memory.decay import DAY, days_until, decayed, stability

importance = st.floats(0, 1)
seconds = st.floats(0, 3e9)
recalls = st.integers(0, 1000)
rate = st.floats(0.5, 1.0)


@given(importance, seconds, recalls, rate)
def test_it_stays_between_zero_and_where_it_began(value, age, times, daily):
    assert 0 <= decayed(value, age, times, daily) <= value


@given(importance, seconds, seconds, recalls, rate)
def test_older_is_never_worth_more(value, one, other, times, daily):
    young, old = sorted((one, other))
    assert decayed(value, old, times, daily) <= decayed(value, young, times, daily)


@given(importance, seconds, recalls, recalls, rate)
def test_more_recalls_never_fade_faster(value, age, one, other, daily):
    few, many = sorted((one, other))
    assert decayed(value, age, few, daily) <= decayed(value, age, many, daily)


@given(importance, st.floats(-3e9, 0), recalls, rate)
def test_a_clock_that_went_back_takes_nothing(value, age, times, daily):
    assert decayed(value, age, times, daily) == value


def test_the_seeds_formula_without_recall():
    assert math.isclose(decayed(0.5, 10 * DAY, 0, 0.995), 0.5 * 0.995**10)


def test_half_an_importance_lasts_321_days_and_not_six():
    assert 320 < days_until(0.5, 0.1, 0, 0.995) < 323
    assert decayed(0.5, 321 * DAY, 0, 0.995) < 0.1001


@given(st.floats(0.06, 1), recalls, st.floats(0.9, 0.9999))
def test_days_until_is_when_it_gets_there(value, times, daily):
    days = days_until(value, 0.05, times, daily)
    assert math.isclose(decayed(value, days * DAY, times, daily), 0.05, rel_tol=1e-6)


def test_what_never_fades_takes_for_ever():
    assert days_until(0.5, 0.0, 0, 0.99) == math.inf
    assert days_until(0.5, 0.1, 0, 1.0) == math.inf
    assert days_until(0.05, 0.1, 0, 0.9) == 0


def test_stability_grows_with_recall():
    values = [stability(n) for n in range(50)]
    assert values[0] == 1
    assert values == sorted(set(values))
