"""A bandit gives blocks to what does well, gives everything a chance, and can be asked again."""

import sys
from collections import Counter

import pytest

from hikari_ml.errors import MissingExtraError
from hikari_ml.realtime_analytics.trials.bandit import BURN_IN, Bandit, choose, ready, rewards
from hikari_ml.realtime_analytics.trials.blocks import Block
from tests.realtime_analytics.trials.test_blocks import plan

KINDS = [Bandit("thompson", "gaussian"), Bandit("thompson", "bernoulli"), Bandit("ucb", "gaussian")]
THREE = plan(arms=("a", "b", "c"))


def played(bandit, of, slots, value):
    blocks = []
    for slot in range(slots):
        arm = choose(of, bandit, blocks, slot)
        blocks.append(Block(slot, arm, value(slot, arm), 4))
    return blocks


@pytest.mark.parametrize("bandit", KINDS, ids=str)
def test_the_best_arm_gets_most_blocks(bandit):
    def busy_hours(slot, arm):
        return (20 + slot % 40) * (2.0 if arm == 2 else 1.0) + slot * 7 % 5

    counts = Counter(block.arm for block in played(bandit, THREE, 120, busy_hours))
    assert counts[2] > 55
    assert min(counts.values()) >= BURN_IN


@pytest.mark.parametrize("bandit", KINDS, ids=str)
def test_the_same_question_has_the_same_answer(bandit):
    blocks = played(bandit, THREE, 20, lambda slot, arm: 5.0 + arm + slot % 3)
    assert [choose(THREE, bandit, blocks, 20) for _ in range(3)] == [choose(THREE, bandit, blocks, 20)] * 3
    assert played(bandit, THREE, 20, lambda slot, arm: 5.0 + arm + slot % 3) == blocks


def test_the_seed_is_the_lot():
    firsts = {choose(plan(arms=("a", "b", "c"), seed=seed), KINDS[0], [], 0) for seed in range(20)}
    assert firsts == {0, 1, 2}


def test_what_comes_later_is_not_known_yet():
    blocks = played(KINDS[0], THREE, 12, lambda slot, arm: 5.0 + 3 * arm)
    assert choose(THREE, KINDS[0], blocks, 6) == choose(THREE, KINDS[0], blocks[:6], 6)


def test_a_reward_is_what_a_block_has_over_those_before():
    of = plan(effect="difference")
    blocks = [Block(slot, slot % 2, value, 4) for slot, value in enumerate([10.0, 12.0, 9.0, 20.0])]
    assert rewards(of, "bernoulli", blocks) == [(1, True), (0, False), (1, True)]
    assert [arm for arm, _ in rewards(of, "gaussian", blocks)] == [1, 0, 1]
    assert [by > 0 for _, by in rewards(of, "gaussian", blocks)] == [True, False, True]
    assert rewards(of, "gaussian", blocks[:1]) == rewards(of, "gaussian", []) == []


def test_a_constant_metric_has_no_best_arm():
    of = plan(effect="difference")
    blocks = played(KINDS[0], of, 20, lambda slot, arm: 7.0)
    assert {reward for _, reward in rewards(of, "gaussian", blocks)} == {0.0}


def test_without_river_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "river.bandit", None)
    with pytest.raises(MissingExtraError, match="bandit") as error:
        ready()
    assert error.value.extra == "bandit"
