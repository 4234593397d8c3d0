"""The power table knows the channel's noise, or says that it does not."""

import numpy as np
import pytest

from hikari_ml.realtime_analytics.trials.blocks import own_readings, recorded_readings
from hikari_ml.realtime_analytics.trials.power import FEWEST_ROUNDS, from_noise, from_past
from tests.realtime_analytics.trials.test_blocks import START, chat, plan


def test_a_given_noise_gives_a_table():
    table = from_noise(plan(), 0.5, None)
    assert (table["source"], table["reason"]) == ("given", None)
    assert table["noise"] == pytest.approx(0.5, abs=0.02)
    small, middle, large = table["rows"]
    assert [row["effect"] for row in table["rows"]] == [1.1, 1.2, 1.5]
    assert small["median_blocks"] > middle["median_blocks"] > large["median_blocks"] > 10
    assert large["median_hours"] == large["median_blocks"] * 5 / 60
    chances = list(large["chance"].values())
    assert chances == sorted(chances)
    assert chances[-1] > 0.95


def test_more_arms_take_longer():
    two, four = (from_noise(plan(arms=arms), 0.5, [1.5])["rows"][0] for arms in (("a", "b"), tuple("abcd")))
    assert four["median_blocks"] > 2 * two["median_blocks"]


def test_too_small_an_effect_is_mostly_not_found():
    (row,) = from_noise(plan(), 2.0, [1.01])["rows"]
    assert row["median_blocks"] is row["median_hours"] is None
    assert row["chance"]["1600"] <= 0.1


def test_the_noise_is_that_of_the_own_past():
    rng = np.random.default_rng(0)
    counts = rng.poisson(np.repeat(np.exp(rng.normal(2.5, 0.35, 200)), 5))
    table = from_past(plan(), own_readings("chat_rate", chat(range(1000), counts.tolist().__getitem__)), None)
    assert table["source"] == "own past"
    assert table["past_rounds"] == 100
    assert table["noise"] == pytest.approx(0.35 * 2**0.5, rel=0.3)
    assert table == from_past(
        plan(), own_readings("chat_rate", chat(range(1000), counts.tolist().__getitem__)), None
    )


def test_effects_of_a_difference_are_shares_of_the_level():
    points = [(START + 60.0 * at, 50.0 + (at // 5) % 3) for at in range(600)]
    table = from_past(plan(metric="joy", effect="difference"), recorded_readings(points), None)
    assert [row["effect"] for row in table["rows"]] == pytest.approx([5.1, 10.2, 25.5], rel=0.01)


def test_too_short_a_past_is_said_to_be_so():
    table = from_past(plan(), own_readings("chat_rate", chat(range(60))), None)
    assert table["source"] is table["noise"] is None
    assert table["rows"] == []
    assert table["reason"].startswith(f"needs {FEWEST_ROUNDS} rounds of the channel's past, has 6")
    assert from_past(plan(), own_readings("chat_rate", []), None)["past_rounds"] == 0
