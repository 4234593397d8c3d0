"""Forgetting only ever lessens, and recall only ever slows it."""

import math

from hypothesis import given
from hypothesis import strategies as st

from hikari_ml.context_memory.decay import DAY, decayed, stability

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
    assert decayed(0.5, 320 * DAY, 0, 0.995) > 0.1 > decayed(0.5, 323 * DAY, 0, 0.995)


def test_stability_grows_with_recall():
    values = [stability(n) for n in range(50)]
    assert values[0] == 1
    assert values == sorted(set(values))


@given(importance, seconds, recalls, rate, st.floats(0, 1), st.floats(0, 1))
def test_what_stirred_more_never_fades_faster(value, age, times, daily, one, other):
    calm, stirred = sorted((one, other))
    assert decayed(value, age, times, daily, calm) <= decayed(value, age, times, daily, stirred) <= value


def test_being_stirred_halves_the_fading():
    assert math.isclose(decayed(0.5, 10 * DAY, 0, 0.995, 1.0), 0.5 * 0.995**5)
    assert stability(3, 0.0) == stability(3)
