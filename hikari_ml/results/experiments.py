"""What experiments say of the arms they compare."""

from __future__ import annotations

from typing import Literal, TypedDict


class PowerRow(TypedDict):
    """How soon an effect is found: ``median_blocks`` of all arms together, None where it mostly is not.

    ``chance`` is that of having found it, by the number of blocks.
    """

    effect: float
    median_blocks: int | None
    median_hours: float | None
    chance: dict[str, float]


class PowerTable(TypedDict):
    """What an experiment could find, simulated before it begins.

    ``noise`` is the standard deviation of a round's difference without any effect: of logarithms where
    effects are ratios. ``source`` is "own past", "given", or None with a ``reason``.
    """

    metric: str
    effect: Literal["ratio", "difference"]
    source: Literal["own past", "given"] | None
    noise: float | None
    past_rounds: int
    rows: list[PowerRow]
    reason: str | None
    degraded: list[str]


class ExperimentPlan(TypedDict):
    """An experiment that was started."""

    experiment: str
    kind: Literal["test", "bandit"]
    metric: str
    effect: Literal["ratio", "difference"]
    arms: list[str]
    block_minutes: int
    washout_minutes: int
    seed: int
    starts_at: str
    power: PowerTable | None
    degraded: list[str]


class ExperimentArm(TypedDict):
    """The arm that should be on: ``until`` is when its block ends."""

    experiment: str
    arm: str
    since: str
    until: str
    degraded: list[str]


class ArmStanding(TypedDict):
    """What was measured of an arm; ``mean`` is None without a block, ``share`` that of all blocks."""

    arm: str
    blocks: int
    mean: float | None
    share: float


class Comparison(TypedDict):
    """An arm against the first one. ``estimate``, ``low`` and ``high`` are ratios or differences.

    ``low`` and ``high`` hold the effect with 95 % at every look together. Where blocks hold few messages the
    one nearer to no effect says less than there is, see ``degraded`` of the result. ``decided`` is True once
    it is safe to stop: a difference was found, or none worth speaking of can be left. ``more_blocks`` is
    about how many an effect of a fifth would take from here on, and 0 once it has run as long as that takes.
    """

    arm: str
    baseline: str
    rounds: int
    estimate: float | None
    low: float | None
    high: float | None
    p_value: float
    decided: bool
    more_blocks: int | None
    verdict: str


class ExperimentResult(TypedDict):
    """How an experiment stands; looking as often as one likes is allowed.

    ``comparisons`` is empty for a bandit, whose numbers are no significance test. ``left_out`` counts blocks
    that were not measured, by reason; ``strayed`` is the share of blocks in which another arm was on than
    planned.
    """

    experiment: str
    kind: Literal["test", "bandit"]
    status: Literal["running", "ended"]
    metric: str
    effect: Literal["ratio", "difference"]
    arms: list[ArmStanding]
    comparisons: list[Comparison]
    blocks: int
    left_out: dict[str, int]
    strayed: float
    verdict: str
    started_at: str
    ended_at: str | None
    degraded: list[str]
