"""Running maxima and ranks agree with those of the whole."""

import random

import pytest

from hikari_ml.realtime_analytics.alarms.running import Highest, Ranks


def test_the_highest_is_that_of_the_last():
    rng, found, past = random.Random(1), Highest(7), []
    assert found.highest == float("-inf")
    for _ in range(200):
        past.append(rng.randrange(20))
        found.add(past[-1])
        assert found.highest == max(past[-7:])


def test_a_rank_is_the_share_of_the_last_below():
    rng, found, past = random.Random(2), Ranks(50), []
    for _ in range(300):
        value = rng.randrange(30)
        before = past[-50:]
        assert found.judge(value) == pytest.approx((sum(x < value for x in before) + 0.5) / (len(before) + 1))
        past.append(value)
    assert len(found) == 50


def test_ranks_outlive_a_restart():
    ranks, other = Ranks(5), Ranks(5)
    for value in (3.0, 1.0, 2.0, 5.0, 4.0, 9.0):
        ranks.judge(value)
    other.unpack(ranks.pack())
    assert len(other) == 5
    for value in (3.5, 0.0, 7.0, 2.0):
        assert other.judge(value) == ranks.judge(value)


def test_the_highest_outlives_a_restart():
    highest, other = Highest(4), Highest(4)
    for value in (9.0, 5.0, 7.0, 1.0):
        highest.add(value)
    other.unpack(highest.pack())
    for value in (0.0, 0.0, 0.0, 2.0, 0.0):
        assert other.highest == highest.highest
        highest.add(value)
        other.add(value)
