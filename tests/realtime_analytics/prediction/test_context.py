"""What is known of a moment is of the time before it, told against its level."""

import math
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from hikari_ml.errors import InputError
from hikari_ml.realtime_analytics.prediction.context import (
    DAY,
    FEATURES,
    LEVEL_STEPS,
    Frame,
    Past,
    check_minutes,
)
from hikari_ml.realtime_analytics.timeline import Minute

FRAME = Frame((5, 15), window=10, coarse=4, coarse_steps=5)


def minutes(count, start=0, rate=lambda i: 10 + i % 7):
    return [Minute(start + 60 * i, rate(i), 5, 1, 0, 1, 4, 0.5) for i in range(count)]


def test_a_moment_needs_a_window_of_its_own_stream():
    past = Past([*minutes(30), *minutes(12, start=DAY)], FRAME)
    assert past.ends().tolist() == [60 * i for i in range(10, 31)] + [DAY + 60 * i for i in (10, 11, 12)]
    assert past.newest == DAY + 720
    assert Past([], FRAME).ends().tolist() == []
    assert Past([], FRAME).newest == 0


def test_targets_are_the_messages_after_the_moment_within_its_stream():
    past = Past([*minutes(30, rate=lambda i: i), *minutes(30, start=60 * 40, rate=lambda i: 100)], FRAME)
    targets = past.targets(np.array([600, 1000 // 60 * 60, 60 * 26]))
    assert targets[0].tolist() == [sum(range(10, 15)), sum(range(10, 25))]
    assert targets[1][0] == sum(range(16, 21))
    assert np.isnan(targets[1][1]), "the stream was over before"
    assert np.isnan(targets[2]).all()


def test_a_span_counts_only_the_minutes_before_each_horizon():
    past = Past(minutes(60, rate=lambda i: i), Frame((5, 15), span=5, window=10))
    assert past.targets(np.array([600]))[0].tolist() == [sum(range(10, 15)), sum(range(20, 25))]


def test_a_mean_leaves_out_the_time_in_which_no_stream_ran():
    past = Past([*minutes(5, rate=lambda i: 10), *minutes(5, start=6000, rate=lambda i: 40)], FRAME)
    assert past.mean(np.array([0]), np.array([6300]))[0][0] == 25
    assert np.isnan(past.mean(np.array([600]), np.array([3000]))).all()


def test_nothing_of_the_future_is_known():
    known, end = minutes(200), np.array([60 * 100])
    changed = [*known[:100], *(minute._replace(messages=999, chatters=99) for minute in known[100:])]
    one, other = (Past(found, FRAME).context(end) for found in (known, changed))
    assert np.array_equal(one.steps, other.steps)
    assert np.array_equal(one.facts, other.facts, equal_nan=True)
    assert one.level == other.level


def test_shapes_and_the_level():
    past = Past(minutes(60, rate=lambda i: i), FRAME)
    context = past.context(past.ends())
    count = len(past.ends())
    assert len(context) == count
    assert context.steps.shape == (count, 4 + 10, len(FEATURES))
    assert context.facts.shape == (count, FRAME.facts)
    assert context.level[-1] == pytest.approx(math.log1p(sum((57, 58, 59)) / LEVEL_STEPS))
    assert context.steps[-1, -1, 0] == pytest.approx(math.log1p(59) - context.level[-1], abs=1e-5)
    assert context.steps[-1, -1, 2:] == pytest.approx([math.log(2), 0, math.log(2), math.log(5), 0.5])


def test_steps_before_the_stream_stand_at_the_level():
    context = Past(minutes(10, rate=lambda i: 8), FRAME).context(np.array([600]))
    assert not context.steps[0, :2].any()


def test_a_time_of_day_is_the_streamers():
    noon = 12 * 3600 + DAY * 180
    known = minutes(20, start=noon - 1200)
    facts = [
        Past(known, FRAME, ZoneInfo(zone)).context(np.array([noon])).facts[0]
        for zone in ("UTC", "Asia/Tokyo")
    ]
    assert not np.array_equal(*facts, equal_nan=True)
    assert np.array_equal(facts[0], Past(known, FRAME).context(np.array([noon])).facts[0], equal_nan=True)


def test_the_same_time_yesterday_is_looked_up_or_unknown():
    today = Past(minutes(20, start=DAY), FRAME).context(np.array([DAY + 1200])).facts[0]
    both = Past([*minutes(60, rate=lambda i: 50), *minutes(20, start=DAY)], FRAME)
    known = both.context(np.array([DAY + 1200])).facts[0]
    newly = np.isnan(today) & ~np.isnan(known)
    assert newly.sum() == 2 * 2 * len(FRAME.horizons), (
        "yesterday, and the mean of the days; of now and of then"
    )
    level = both.context(np.array([DAY + 1200])).level[0]
    assert known[newly][0] == pytest.approx(math.log1p(50) - level)


def test_what_is_learned_turns_back_into_messages():
    counts, level = np.array([[12.0, 90.0]]), np.array([1.5], np.float32)
    assert FRAME.counts(FRAME.ratios(counts, level), level) == pytest.approx(counts)
    assert FRAME.counts(np.array([[-9.0, 0.0]]), level)[0][0] == 0


@pytest.mark.parametrize(
    "change",
    [
        {"messages": math.nan},
        {"messages": -1},
        {"chatters": 10**300},
        {"toxic": 10**400},
        {"repeated": None},
        {"mood": 1.5},
        {"mood": math.nan},
        {"start": 30.5},
        {"start": 0},
        {"start": 10**9},
    ],
    ids=str,
)
def test_what_is_no_past_is_refused(change):
    known = minutes(10)
    known[5] = known[5]._replace(**change)
    with pytest.raises(InputError) as caught:
        check_minutes(known)
    assert caught.value.field == "minutes"


@pytest.mark.parametrize("given", [None, 5, ["a", "b"], minutes(9)[::-1], [*minutes(9), minutes(9)[-1]]])
def test_minutes_in_another_order_or_none_are_refused(given):
    with pytest.raises(InputError):
        check_minutes(given)


def test_a_past_with_holes_and_without_moods_is_taken():
    check_minutes([*minutes(9), *minutes(3, start=DAY)])
    check_minutes([minute._replace(mood=None) for minute in minutes(3)])
    check_minutes([])
