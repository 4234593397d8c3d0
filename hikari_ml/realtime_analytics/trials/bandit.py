"""Bandits: the next block goes to the arm that has done well, or is still little known; pure.

The policies are river's (J. Montiel et al., "River: machine learning for streaming data in Python", 2021):
Thompson sampling (W. R. Thompson, 1933; O. Chapelle and L. Li, 2011) and upper confidence bounds (T. L. Lai
and H. Robbins, 1985). A block's reward is how it did against the blocks just before it, whatever arm they
had, so that a busy hour is nobody's merit.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from random import Random
from statistics import median, pstdev
from typing import Any, Final, Literal, get_args

from hikari_ml.errors import MissingExtraError
from hikari_ml.realtime_analytics.trials.blocks import Block, Plan, level

Policy = Literal["thompson", "ucb"]
Reward = Literal["gaussian", "bernoulli"]
POLICIES: Final = get_args(Policy)
REWARDS: Final = get_args(Reward)

BEFORE: Final = 6
"""Blocks whose median a block is held against."""

BURN_IN: Final = 2
"""Blocks every arm gets before any choice is made."""

PRIOR_BLOCKS: Final = 1
"""The prior of a mean reward counts as so many blocks that did as the others did."""


@dataclass(frozen=True, slots=True)
class Bandit:
    """How the next arm is chosen."""

    policy: Policy = "thompson"
    reward: Reward = "bernoulli"


def ready() -> None:
    """Import river, which takes seconds; call it where nothing waits.

    Raises:
        MissingExtraError: the ``bandit`` extra is not installed.
    """
    try:
        import_module("river.bandit")
    except ImportError as error:
        raise MissingExtraError("choosing arms by a bandit", "bandit") from error


def choose(plan: Plan, bandit: Bandit, blocks: Sequence[Block], slot: int) -> int:
    """The arm for the block ``slot``, from what was measured before it; the same whenever it is asked.

    Raises:
        MissingExtraError: the ``bandit`` extra is not installed.
    """
    ready()
    seed = Random(f"{plan.seed} {plan.name} bandit {slot}").getrandbits(32)
    arms = list(range(len(plan.arms)))
    Random(seed).shuffle(arms)
    policy = _policy(bandit, seed)
    for arm, reward in rewards(plan, bandit.reward, [block for block in blocks if block.slot < slot]):
        policy.update(arm, reward)
    return int(policy.pull(arms))


def rewards(plan: Plan, kind: Reward, blocks: Sequence[Block]) -> list[tuple[int, float | bool]]:
    """Arm and reward of each block but the first: by how much, or whether, it beat the ones before.

    How much is told in standard deviations of all rewards.
    """
    levels = [level(plan, block) for block in blocks]
    ahead = [
        (block.arm, levels[at] - median(levels[max(0, at - BEFORE) : at]))
        for at, block in enumerate(blocks)
        if at
    ]
    if kind == "bernoulli":
        return [(arm, by > 0) for arm, by in ahead]
    spread = pstdev([by for _, by in ahead]) if ahead else 0.0
    return [(arm, by / spread if spread else 0.0) for arm, by in ahead]


def _policy(bandit: Bandit, seed: int) -> Any:
    from river import bandit as policies
    from river import proba, stats

    if bandit.policy == "ucb":
        return policies.UCB(delta=1.0, reward_obj=stats.Mean(), burn_in=BURN_IN, seed=seed)
    belief = proba.Beta() if bandit.reward == "bernoulli" else _mean_belief()
    return policies.ThompsonSampling(reward_obj=belief, burn_in=BURN_IN, seed=seed)


def _mean_belief() -> Any:
    """What is believed of a mean reward in standard deviations.

    river's own normal distribution draws the next reward; Thompson sampling wants to draw its mean, of which
    one grows sure.
    """
    from river import proba

    class MeanBelief(proba.Gaussian):  # type: ignore[misc]  # river carries no types here
        def sample(self) -> float:
            blocks = self.n_samples + PRIOR_BLOCKS
            drawn: float = self._rng.gauss(self.mu * self.n_samples / blocks, 1 / math.sqrt(blocks))
            return drawn

    return MeanBelief()
