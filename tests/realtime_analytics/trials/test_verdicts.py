"""Verdicts promise what the evidence holds, and no more."""

import math

import numpy as np
import pytest

from hikari_ml.realtime_analytics.trials.evidence import Evidence, weigh
from hikari_ml.realtime_analytics.trials.verdicts import compare, notes, of_all, of_bandit, straying
from tests.realtime_analytics.trials.test_blocks import plan


def noise(middle, spread, n, seed=0):
    return np.random.default_rng(seed).normal(middle, spread, n).tolist()


def told(differences, base=10.0, **changes):
    return compare(plan(**changes), "garden", weigh(differences), differences, base)


def test_more_is_told_as_a_range():
    found = told(noise(math.log(1.3), 0.3, 60))
    low, high = (round(100 * (found[end] - 1)) for end in ("low", "high"))
    assert 0 < low < 30 < high
    assert found["verdict"] == f"garden draws {low} to {high} % more chat than desk; it is safe to stop"
    assert found["decided"]
    assert found["more_blocks"] is None
    assert found["p_value"] < 0.05


def test_less_is_told_as_a_range_of_the_same_kind():
    found = told(noise(math.log(0.6), 0.3, 60), metric="chatters")
    near, far = (round(100 * (1 - found[end])) for end in ("high", "low"))
    assert 0 < near < 40 < far
    assert found["verdict"] == (
        f"garden draws {near} to {far} % less people chatting than desk; it is safe to stop"
    )


def test_a_bound_that_is_not_there_is_not_invented():
    found = compare(plan(), "garden", Evidence(9, 0.5, 0.2, None, 0.04), [0.5] * 9, 10.0)
    assert found["high"] is None
    assert found["verdict"] == "garden draws at least 22 % more chat than desk; it is safe to stop"


@pytest.mark.parametrize("end", [800.0, -800.0])
def test_a_bound_beyond_all_numbers_is_told_as_the_largest(end):
    low, high = sorted((end, math.copysign(0.2, end)))
    found = compare(plan(), "garden", Evidence(9, low, low, high, 0.04), [low] * 9, 10.0)
    assert all(math.isfinite(found[key]) for key in ("estimate", "low", "high"))
    assert found["decided"]


def test_differences_are_told_in_their_own_unit():
    found = told(noise(0.1, 0.05, 60), 0.5, metric="mood", effect="difference")
    assert found["verdict"].startswith("mood is 0.0")
    assert found["verdict"].endswith("higher with garden than with desk; it is safe to stop")
    lower = told(noise(-0.1, 0.05, 60), 0.5, metric="mood", effect="difference")
    assert "lower with garden" in lower["verdict"]


def test_nothing_yet_says_what_it_would_take():
    found = told(noise(0, 0.5, 12))
    assert not found["decided"]
    assert found["more_blocks"] > 50
    assert found["verdict"] == (
        f"nothing can be said yet; at this noise about {found['more_blocks']} more blocks are needed "
        "for a 20 % effect of garden"
    )
    mood = told(noise(0, 0.2, 12), 0.5, metric="mood", effect="difference")
    assert mood["verdict"].endswith("for a difference of 0.1 of garden")


def test_having_run_as_long_as_the_effect_takes_is_said_with_what_is_still_possible():
    quiet = noise(0, 0.5, 150)
    found = told(quiet)
    low, high = (100 * abs(found[end] - 1) for end in ("low", "high"))
    assert found["more_blocks"] == 0
    assert not found["decided"]
    assert found["verdict"] == (
        "no difference was found in the blocks that a 20 % effect of garden takes at this noise; "
        f"garden may draw from {low:.0f} % less to {high:.0f} % more chat than desk"
    )
    mood = told(noise(0, 0.25, 150), 0.5, metric="mood", effect="difference")
    assert mood["more_blocks"] == 0
    assert mood["verdict"].endswith("higher with garden than with desk")
    assert told(quiet[:30])["more_blocks"] > 0


def test_no_effect_worth_speaking_of_is_a_result():
    found = told(noise(0, 0.05, 200))
    assert found["decided"]
    assert found["p_value"] > 0.05
    assert found["verdict"] == "garden and desk differ by less than 10 % either way; it is safe to stop"


@pytest.mark.parametrize(
    ("differences", "verdict"),
    [
        ([], "nothing can be said yet: no round had blocks of both garden and desk"),
        ([0.3, 0.1], "nothing can be said yet: garden and desk were compared in 2 rounds"),
        ([0.0] * 30, "nothing can be said: chat_rate was the same in every block of garden and desk"),
    ],
)
def test_too_little_is_said_to_be_so(differences, verdict):
    found = told(differences)
    assert found["verdict"] == verdict
    assert found["more_blocks"] is None
    assert not found["decided"]


def test_around_zero_no_difference_is_called_large():
    found = told(noise(0, 1, 30), 0.0, metric="net followers", effect="difference")
    assert found["verdict"] == "nothing can be said yet: garden and desk were compared in 30 rounds"
    assert not found["decided"]


def test_an_effect_that_turned_is_no_promise():
    found = told([*noise(2, 0.2, 60), *noise(-2, 0.2, 60)])
    assert not found["decided"]
    assert "differed at first and then no more" in found["verdict"]


def test_all_verdicts_stand_together():
    pair = [told([]), told(noise(math.log(1.3), 0.3, 60))]
    assert of_all(pair) == f"{pair[0]['verdict']}; {pair[1]['verdict']}"


def test_a_bandit_is_no_significance_test():
    arms = [
        {"arm": "a", "blocks": 5, "mean": 1.0, "share": 0.25},
        {"arm": "b", "blocks": 15, "mean": 2.0, "share": 0.75},
    ]
    assert of_bandit(arms).startswith("b was on in 75 % of 20 blocks")
    assert "no significance test" in of_bandit(arms)
    assert of_bandit([{"arm": "a", "blocks": 0, "mean": None, "share": 0.0}]) == "no block was measured yet"


def test_what_is_to_be_known_beside_the_numbers_is_told():
    plain, turned = Evidence(60, 0.5, 0.2, 0.9, 0.01), Evidence(60, 0.5, 0.2, 0.9, 0.01, changed=True)
    assert notes("garden", plain, few=False) == []
    assert notes("garden", turned, few=False)[0].startswith("changed: no single effect of garden")
    assert notes("garden", plain, few=True)[0].startswith("few: ")
    assert notes("garden", Evidence(3, None, None, None, 1.0), few=True) == []


def test_straying_is_warned_of():
    assert straying(0.05) == []
    assert straying(0.3)[0].startswith("strayed: in 30 % of the blocks another arm was on than planned")
