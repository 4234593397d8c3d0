"""Evidence holds however often one looks, and finds what is there."""

import math

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from hikari_ml.realtime_analytics.trials.evidence import ALPHA, first_found, rounds_needed, weigh


def lots(shape, seed=0):
    return np.random.default_rng(seed).choice((-1.0, 1.0), shape)


def heavy(shape, seed=1):
    """Sizes with tails so heavy that a mean of them means nothing, and bursts of them."""
    rng = np.random.default_rng(seed)
    return np.abs(rng.standard_cauchy(shape)) * np.exp(np.cumsum(rng.normal(0, 0.2, shape), axis=-1))


def test_nothing_is_found_where_nothing_is_even_if_one_looks_every_time():
    found = first_found(lots((4000, 200)) * heavy((4000, 200)))
    assert (found > 0).mean() <= ALPHA + 3 * math.sqrt(ALPHA * (1 - ALPHA) / 4000)


def test_the_chance_is_no_matter_of_independence():
    sizes = np.sin(np.arange(200) / 9) ** 2 + 0.01  # the same waves in every path: only the lot differs
    found = first_found(lots((4000, 200), 2) * sizes)
    assert 0 < (found > 0).mean() <= ALPHA + 3 * math.sqrt(ALPHA * (1 - ALPHA) / 4000)


@pytest.mark.parametrize("effect", [0.0, 0.1, -0.4])
def test_the_interval_holds_the_effect_at_all_looks_together(effect):
    outside = 0
    for seed in range(200):
        found = weigh((lots(120, seed) * heavy(120, seed + 500) + effect).tolist())
        low = -math.inf if found.low is None else found.low
        high = math.inf if found.high is None else found.high
        outside += not low <= effect <= high
    assert outside <= 200 * ALPHA + 3 * math.sqrt(200 * ALPHA)


def test_an_effect_is_found_and_both_ways_of_saying_so_agree():
    differences = (np.random.default_rng(3).normal(0.2, 0.5, 300)).tolist()
    found = weigh(differences)
    assert found.decided
    assert found.p_value < ALPHA
    assert 0 < found.low < found.estimate < found.high
    first = int(first_found(np.array([differences]))[0])
    assert weigh(differences[:first]).p_value <= ALPHA
    assert not weigh(differences[: first - 1]).decided


def test_what_was_found_is_not_lost_again():
    rng = np.random.default_rng(4)
    found = weigh([*rng.normal(1, 0.3, 40), *rng.normal(0.4, 0.3, 100)])
    assert found.decided
    assert found.p_value < 1e-6


def test_an_effect_that_turns_round_is_said_to_have_changed():
    rng = np.random.default_rng(5)
    found = weigh([*rng.normal(2, 0.2, 60), *rng.normal(-2, 0.2, 60)])
    assert found.changed
    assert found.low < 0 < found.high
    assert not found.decided


def test_units_do_not_matter():
    differences = np.random.default_rng(6).normal(0.3, 1, 80)
    one, other = weigh(differences.tolist()), weigh((1000 * differences).tolist())
    assert other.p_value == pytest.approx(one.p_value)
    assert other.low == pytest.approx(1000 * one.low, rel=1e-6)
    assert other.estimate == pytest.approx(1000 * one.estimate, rel=1e-6)


def test_more_comparisons_ask_for_more():
    differences = np.random.default_rng(7).normal(0.8, 1, 80).tolist()
    assert weigh(differences, ALPHA / 4).p_value > weigh(differences).p_value
    assert weigh(differences, ALPHA / 4).low < weigh(differences).low


@pytest.mark.parametrize("differences", [[], [0.3], [0.0] * 50])
def test_too_little_gives_no_bounds(differences):
    found = weigh(differences)
    assert (found.rounds, found.low, found.high, found.p_value) == (len(differences), None, None, 1.0)
    assert not found.decided


def test_the_same_difference_every_time_is_found_by_its_sign():
    assert not weigh([0.5] * 7).decided
    assert weigh([0.5] * 20).decided


@given(st.lists(st.floats(-50, 50, allow_subnormal=False), max_size=40))
@example([2.2250738585072014e-308, 0.0, 1.0])
def test_numbers_stay_numbers(differences):
    found = weigh(differences)
    assert 0 < found.p_value <= 1
    assert found.p_value == pytest.approx(weigh([-one for one in differences]).p_value)
    if found.low is not None and found.high is not None:
        assert found.low <= found.estimate <= found.high


def test_rounds_needed_are_about_what_it_takes():
    noise = np.random.default_rng(8).normal(0, 0.5, 2000)
    for effect in (math.log(1.2), math.log(1.5)):
        took = first_found(np.random.default_rng(9).choice(noise, (400, 400)) + effect)
        took = np.where(took > 0, took, 400)
        assert np.quantile(took, 0.4) < rounds_needed(noise.tolist(), effect) < np.quantile(took, 0.9)


def test_rounds_needed_grow_with_noise_and_shrink_with_the_effect():
    assert rounds_needed([0.5, -0.5, 0.2], 0.1) > rounds_needed([0.5, -0.5, 0.2], 0.3)
    assert rounds_needed([1.0, -1.0, 0.4], 0.1) > rounds_needed([0.5, -0.5, 0.2], 0.1)
    assert rounds_needed([], 0.1) is None
    assert rounds_needed([0.5], 0.0) is None


def test_the_farther_bound_is_that_of_the_pools():
    rng = np.random.default_rng(5)
    drawn_in, whole = rng.normal(0.7, 0.3, 300), rng.normal(1.4, 0.3, 40)
    found = weigh(drawn_in, pooled=whole)
    assert found.low == pytest.approx(weigh(drawn_in).low)
    assert found.high == pytest.approx(weigh(whole).high)
    assert found.estimate == pytest.approx(weigh(whole).estimate)
    assert 0.6 < found.low < 0.7 < 1.4 < found.high
    assert found.p_value == weigh(drawn_in).p_value
    less = weigh(-drawn_in, pooled=-whole)
    assert (less.low, less.high) == pytest.approx((-found.high, -found.low))


def test_rounds_as_pools_change_nothing():
    rng = np.random.default_rng(6)
    for middle in (0.0, 0.3):
        found = rng.normal(middle, 0.5, 120)
        assert weigh(found, pooled=found) == weigh(found)


def test_while_nothing_is_found_no_effect_stays_possible():
    rng = np.random.default_rng(7)
    found = weigh(rng.normal(0, 1, 60), pooled=rng.normal(0.6, 0.05, 60))
    assert found.low == 0 < found.high
    assert not found.decided


def test_with_a_single_pool_there_is_no_farther_bound():
    found = weigh([0.5, 0.6] * 30, pooled=[0.5])
    assert found.decided
    assert found.high is None
    assert found.low <= found.estimate
