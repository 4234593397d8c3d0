"""Blocks follow the lot, count only if they are whole, and know which arm was really on."""

import math
from collections import Counter
from itertools import pairwise

import pytest

from hikari_ml.realtime_analytics.timeline import Minute
from hikari_ml.realtime_analytics.trials import blocks as module
from hikari_ml.realtime_analytics.trials.blocks import (
    Block,
    Measured,
    Plan,
    Readings,
    differences,
    level,
    measure,
    own_readings,
    pooled,
    recorded_readings,
)

START = 1_800_000_000 // 60 * 60


def plan(**changes):
    given = {
        "name": "scene",
        "arms": ("desk", "garden"),
        "metric": "chat_rate",
        "effect": "ratio",
        "block_minutes": 5,
        "washout_minutes": 1,
        "seed": 0,
        "starts_at": START,
    }
    return Plan(**{**given, **changes})


def minute(at, messages=6, chatters=3, mood=0.5):
    return Minute(START + 60 * at, messages, chatters, 0, 0, 0, 0, mood)


def chat(minutes, messages=lambda at: 6):
    return [minute(at, messages(at)) for at in minutes]


def measured(of, known, notes=(), until=None):
    readings = own_readings(of.metric, known)
    return measure(of, notes, readings, Measured(), readings.end if until is None else until)


def test_every_round_has_every_arm_once():
    of = plan(arms=("a", "b", "c"))
    for turn in range(50):
        assert {of.arm(3 * turn + place) for place in range(3)} == {0, 1, 2}


def test_the_lot_is_fair_and_follows_from_the_seed():
    first = [plan().arm(2 * turn) for turn in range(400)]
    assert first == [plan().arm(2 * turn) for turn in range(400)]
    assert first != [plan(seed=1).arm(2 * turn) for turn in range(400)]
    assert 160 < sum(first) < 240


def test_two_experiments_never_share_a_lot():
    pairs = [(plan().arm(slot), plan(name="title").arm(slot)) for slot in range(0, 800, 2)]
    assert min(Counter(pairs).values()) > 60


def test_a_block_is_the_mean_after_the_wash_out():
    found = measured(plan(), chat(range(10), lambda at: 100 if at % 5 == 0 else at))
    assert [(block.slot, block.value, block.minutes) for block in found.blocks] == [(0, 2.5, 4), (1, 7.5, 4)]
    assert [block.arm for block in found.blocks] == [plan().arm(0), plan().arm(1)]
    assert not found.left_out


def test_silent_minutes_count_and_pauses_do_not():
    known = chat([*range(7), *range(12, 15), *range(60, 70)])
    found = measured(plan(), known)
    assert [block.slot for block in found.blocks] == [0, 1, 2, 12, 13]
    assert found.blocks[1].value == 1.5
    late = measured(plan(), chat([*range(8), *range(63, 75)]))
    assert [block.slot for block in late.blocks] == [0, 13, 14]
    assert late.left_out == {"stream began or paused": 2}


def test_a_block_that_is_not_over_is_waited_for():
    known = chat(range(9))
    assert [block.slot for block in measured(plan(), known).blocks] == [0]
    assert not measured(plan(), known).left_out
    assert measured(plan(), known, until=START + 200).blocks == ()


def test_measuring_on_is_measuring_at_once():
    known = chat([*range(30), *range(100, 160)], lambda at: at % 7)
    readings = own_readings("chat_rate", known)
    whole = measure(plan(), (), readings, Measured(), readings.end)
    for cut in range(0, 160 * 60, 420):
        first = measure(plan(), (), readings, Measured(), START + cut)
        assert measure(plan(), (), readings, first, readings.end) == whole


def test_what_was_on_counts_and_not_what_was_planned():
    notes = [(START, 1), (START + 600, 0)]
    found = measured(plan(), chat(range(20)), notes)
    assert [block.arm for block in found.blocks] == [1, 1, 0, 0]


def test_a_switch_in_the_middle_leaves_the_longer_half_or_nothing():
    early = measured(plan(), chat(range(5)), [(START, 1), (START + 70, 0)])
    assert [(block.arm, block.minutes) for block in early.blocks] == [(0, 2)]
    torn = measured(plan(), chat(range(5)), [(START, 1), (START + 150, 0)])
    assert torn.blocks == ()
    assert torn.left_out == {"arm switched": 1}


def test_no_arm_is_on_after_it_was_said_so():
    found = measured(plan(), chat(range(15)), [(START + 300, None), (START + 600, 1)])
    assert [block.slot for block in found.blocks] == [0, 2]
    assert found.left_out == {"no arm on": 1}


def test_chatters_and_mood_are_read_too():
    known = [minute(0, 1, 1, 0.1), minute(1, 5, 2, 0.4), minute(2, 5, 4, None), minute(3), minute(4)]
    (chatters,) = measured(plan(metric="chatters"), known).blocks
    assert chatters.value == 3
    (mood,) = measured(plan(metric="mood", effect="difference"), known).blocks
    assert mood.value == pytest.approx((0.4 + 0.5 + 0.5) / 3)
    silent = [minute(at, mood=None) for at in range(5)]
    assert measured(plan(metric="mood", effect="difference"), silent).left_out == {"no value": 1}


def test_a_recorded_metric_is_its_own_witness():
    points = [(START + 60.0 * at, 100.0 + at) for at in range(0, 31, 2)]
    readings = recorded_readings(points)
    found = measure(plan(metric="viewer_count"), (), readings, Measured(), readings.end)
    assert [block.value for block in found.blocks] == [103, 107, 113, 117, 123, 127]
    zero = recorded_readings([(at, 0.0) for at, _ in points])
    left = measure(plan(metric="viewer_count"), (), zero, Measured(), zero.end).left_out
    assert left == {"value not above zero": 6}


def recorded(values, **changes):
    """Blocks of one value a minute, and what was left out."""
    readings = recorded_readings([(START + 60.0 * at, value) for at, value in enumerate(values)])
    return measure(plan(metric="tips", **changes), (), readings, Measured(), readings.end)


@pytest.mark.parametrize("huge", [1.7e308, -1.7e308, 1e101])
def test_a_value_that_cannot_be_summed_leaves_its_block_out(huge):
    found = recorded([1.0] * 5 + [huge] * 5 + [2.0] * 5, effect="difference")
    assert [block.value for block in found.blocks] == [1, 2]
    assert found.left_out == {"value too large": 1}


def test_a_value_whose_ratio_has_no_place_leaves_its_block_out():
    found = recorded([1e-300] * 5 + [1e100] * 5 + [1e-100] * 5)
    assert [block.value for block in found.blocks] == [1e100, 1e-100]
    assert found.left_out == {"value too small": 1}


def test_no_readings_are_no_blocks():
    assert recorded_readings([]).end == 0
    assert measured(plan(), []) == Measured()


def test_what_came_before_the_start_does_not_count():
    found = measured(plan(starts_at=START + 600), chat(range(20)))
    assert [block.slot for block in found.blocks] == [0, 1]


def test_ten_years_without_a_stream_are_passed_over():
    decade = 10 * 365 * 24 * 60
    found = measured(plan(), chat([*range(5), *range(decade, decade + 5)]))
    assert len(found.blocks) == 2


def test_differences_are_within_rounds():
    of = plan(effect="difference")
    (a, b), (c, d) = ((slot for slot in (turn, turn + 1)) for turn in (0, 2))
    blocks = [Block(slot, of.arm(slot), 1.0 + slot, 4) for slot in (a, b, c, d)]
    signs = [1 if of.arm(slot + 1) == 1 else -1 for slot in (0, 2)]
    assert differences(of, blocks, 1) == signs
    assert differences(of, blocks[:3], 1) == signs[:1]
    assert differences(of, [], 1) == []


def rounds(of, counts):
    """Blocks of four minutes, in each round with a count for the first arm and one for the second."""
    return [
        Block(slot, of.arm(slot), counts[slot // 2][of.arm(slot)] / 4, 4) for slot in range(2 * len(counts))
    ]


def test_rounds_with_enough_messages_stand_alone():
    blocks = rounds(plan(), [(10, 20), (40, 11), (15, 15)])
    assert pooled(plan(), blocks, 1) == differences(plan(), blocks, 1)


def test_rounds_with_few_messages_are_taken_together():
    blocks = rounds(plan(), [(1, 4)] * 31)
    found = pooled(plan(), blocks, 1)
    assert len(found) == 4, "the first alone, then seven, ten and ten; the rest waits for more"
    assert found[0] == pytest.approx(math.log(4.5 / 1.5))
    assert found[1:] == pytest.approx([math.log((4 * n + 0.5) / (n + 0.5)) for n in (7, 10, 10)])


def test_how_many_rounds_go_together_is_fixed_before_them():
    counts = [(1, 4)] * 8
    swapped = [*counts[:1], *((4, 1) for _ in counts[1:])]
    one, other = (pooled(plan(), rounds(plan(), given), 1) for given in (counts, swapped))
    assert len(one) == len(other) == 2
    assert one[1] == pytest.approx(-other[1]), "the lot of a pool turns its difference round"


def test_only_ratios_of_counts_are_pooled():
    for changes in ({"effect": "difference"}, {"metric": "viewer_count"}):
        blocks = rounds(plan(**changes), [(1, 4)] * 30)
        assert pooled(plan(**changes), blocks, 1) == differences(plan(**changes), blocks, 1)
    assert pooled(plan(), [], 1) == []


def test_silence_has_a_level_too():
    assert level(plan(), Block(0, 0, 0.0, 4)) < level(plan(), Block(0, 0, 0.25, 4))
    assert level(plan(effect="difference"), Block(0, 0, -3.0, 4)) == -3


def test_a_full_experiment_says_so(monkeypatch):
    monkeypatch.setattr(module, "MAX_BLOCKS", 2)
    found = measured(plan(), chat(range(20)))
    assert len(found.blocks) == 2
    assert found.left_out == {"full": 2}


def test_a_plan_comes_back():
    assert Plan.unpack(plan().pack()) == plan()


def test_slots_join():
    of = plan()
    for one, other in pairwise(range(20)):
        assert of.begin(other) - of.begin(one) == of.seconds
        assert of.slot(of.begin(other) - 1) == one
    assert of.slot(START - 10_000) == 0


def test_readings_know_their_runs():
    readings = own_readings("chat_rate", chat([0, 1, 31, 62]))
    assert readings.runs == [(START, START + 32 * 60), (START + 62 * 60, START + 63 * 60)]
    assert isinstance(readings, Readings)
