"""What the evidence means, in plain words and without promising more than it holds; pure."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Final

from hikari_ml.figures import told
from hikari_ml.realtime_analytics.trials.blocks import Effect, Plan
from hikari_ml.realtime_analytics.trials.evidence import ALPHA, Evidence, rounds_needed
from hikari_ml.results import ArmStanding, Comparison

ASKED_EFFECT: Final = 1.2
"""The effect that is planned for where nothing was found yet: a fifth more."""

NO_EFFECT: Final = 1.1
"""Effects below a tenth, either way, are not worth going on for."""

FEW_ROUNDS: Final = 3
"""Rounds below which the noise is not known well enough to plan by."""

STRAYED: Final = 0.1
"""Share of blocks off the plan from which the result warns."""

LARGEST_EXPONENT: Final = 700.0
"""Above it a float overflows."""

NOUNS: Final = {"chat_rate": "chat", "chatters": "people chatting"}


def compare(
    plan: Plan, arm: str, found: Evidence, differences: Sequence[float], base_level: float | None
) -> Comparison:
    """An arm against the first, with its verdict.

    ``base_level`` is the mean of the metric with the first arm on, by which differences are called large.
    """
    more = _more_blocks(plan, found, differences, base_level)
    shown = _ratio if plan.effect == "ratio" else float
    alike = not found.decided and _alike(plan.effect, found, base_level)
    return {
        "arm": arm,
        "baseline": plan.arms[0],
        "rounds": found.rounds,
        "estimate": None if found.estimate is None else shown(found.estimate),
        "low": None if found.low is None else shown(found.low),
        "high": None if found.high is None else shown(found.high),
        "p_value": found.p_value,
        "decided": found.decided or alike,
        "more_blocks": None if found.decided or alike else more,
        "verdict": _verdict(plan, arm, found, more, base_level, alike=alike),
    }


def of_all(comparisons: Sequence[Comparison]) -> str:
    """One verdict for all comparisons."""
    return "; ".join(one["verdict"] for one in comparisons)


def of_bandit(arms: Sequence[ArmStanding]) -> str:
    """What a bandit has come to, and what that is not."""
    known = [arm for arm in arms if arm["blocks"]]
    if not known:
        return "no block was measured yet"
    most = max(known, key=lambda arm: arm["share"])
    return (
        f"{most['arm']} was on in {100 * most['share']:.0f} % of {sum(a['blocks'] for a in known)} blocks; "
        "a bandit plays what did well so far, and its numbers are no significance test"
    )


def notes(arm: str, found: Evidence, *, few: bool) -> list[str]:
    """What an arm's numbers are to be taken with; ``few`` says that single rounds hold few messages."""
    changed = f"changed: no single effect of {arm} fits the whole experiment"
    near = f"few: blocks hold few messages, so the effect of {arm} may lie well beyond the nearer bound"
    return [*([changed] if found.changed else []), *([near] if few and found.decided else [])]


def straying(share: float) -> list[str]:
    """A warning where the plan was not followed."""
    if share < STRAYED:
        return []
    off = f"strayed: in {100 * share:.0f} % of the blocks another arm was on than planned"
    return [f"{off}; what made you choose it may be what made the difference"]


def _verdict(
    plan: Plan, arm: str, found: Evidence, more: int | None, base_level: float | None, *, alike: bool
) -> str:
    baseline = plan.arms[0]
    if found.decided:
        return f"{_found(plan, arm, found)}; it is safe to stop"
    if found.changed:
        return (
            f"nothing can be said: {arm} and {baseline} differed at first and then no more, or the other way"
        )
    if alike:
        most = _percent(NO_EFFECT) if plan.effect == "ratio" else _number(_worth(base_level, NO_EFFECT))
        return f"{arm} and {baseline} differ by less than {most} either way; it is safe to stop"
    if found.rounds == 0:
        return f"nothing can be said yet: no round had blocks of both {arm} and {baseline}"
    if found.rounds >= FEW_ROUNDS and found.low is found.high is None and found.estimate == 0:
        return f"nothing can be said: {plan.metric} was the same in every block of {arm} and {baseline}"
    if more is None:
        return f"nothing can be said yet: {arm} and {baseline} were compared in {found.rounds} rounds"
    if more == 0:
        return _long_enough(plan, arm, found, base_level)
    size = _asked(plan, base_level)
    return f"nothing can be said yet; at this noise about {more} more blocks are needed for {size} of {arm}"


def _asked(plan: Plan, base_level: float | None) -> str:
    return (
        f"a {_percent(ASKED_EFFECT)} effect"
        if plan.effect == "ratio"
        else f"a difference of {_number(_worth(base_level, ASKED_EFFECT))}"
    )


def _long_enough(plan: Plan, arm: str, found: Evidence, base_level: float | None) -> str:
    """Nothing was found in the time that the planned effect takes, and what is still possible."""
    size, baseline = _asked(plan, base_level), plan.arms[0]
    said = f"no difference was found in the blocks that {size} of {arm} takes at this noise"
    if found.low is None or found.high is None:
        return said
    if plan.effect == "difference":
        ends = f"{_number(-found.low)} lower to {_number(found.high)} higher"
        return f"{said}; {plan.metric} may be from {ends} with {arm} than with {baseline}"
    less, more = (f"{100 * _share(end):.0f} %" for end in (found.low, found.high))
    noun = NOUNS.get(plan.metric, plan.metric)
    return f"{said}; {arm} may draw from {less} less to {more} more {noun} than {baseline}"


def _found(plan: Plan, arm: str, found: Evidence) -> str:
    """``B draws 12 to 40 % more chat``, with the bounds there are."""
    assert found.estimate is not None
    up = found.estimate > 0
    baseline = plan.arms[0]
    near, far = (found.low, found.high) if up else (found.high, found.low)
    if plan.effect == "difference":
        by = _range(abs(near or 0.0), None if far is None else abs(far), _number)
        return f"{plan.metric} is {by} {'higher' if up else 'lower'} with {arm} than with {baseline}"
    by = _range(_share(near or 0.0), None if far is None else _share(far), lambda value: f"{100 * value:.0f}")
    noun = NOUNS.get(plan.metric, plan.metric)
    return f"{arm} draws {by} % {'more' if up else 'less'} {noun} than {baseline}"


def _range(near: float, far: float | None, shown: Callable[[float], str]) -> str:
    if far is None:
        return f"at least {shown(near)}"
    return f"{shown(near)} to {shown(far)}"


def _ratio(log_ratio: float) -> float:
    return math.exp(min(log_ratio, LARGEST_EXPONENT))


def _share(log_ratio: float) -> float:
    """How much more, or less, as a share."""
    return abs(math.expm1(min(log_ratio, LARGEST_EXPONENT)))


def _percent(ratio: float) -> str:
    return f"{100 * (ratio - 1):.0f} %"


def _number(value: float) -> str:
    return told(value, 3)


def _worth(base_level: float | None, ratio: float) -> float:
    """The difference that ``ratio`` would make at the level of the first arm."""
    return abs(base_level or 0.0) * (ratio - 1)


def _alike(effect: Effect, found: Evidence, base_level: float | None) -> bool:
    """Whether all effects that are left are too small to go on for."""
    most = math.log(NO_EFFECT) if effect == "ratio" else _worth(base_level, NO_EFFECT)
    return found.low is not None and found.high is not None and -most < found.low and found.high < most


def _more_blocks(
    plan: Plan, found: Evidence, differences: Sequence[float], base_level: float | None
) -> int | None:
    """Blocks of all arms that :data:`ASKED_EFFECT` would take from here on, at this noise; 0 if none."""
    if found.rounds < FEW_ROUNDS or found.estimate is None or not any(differences):
        return None
    effect = math.log(ASKED_EFFECT) if plan.effect == "ratio" else _worth(base_level, ASKED_EFFECT)
    noise = [one - found.estimate for one in differences]
    needed = rounds_needed(noise, effect, ALPHA / (len(plan.arms) - 1))
    return None if needed is None else len(plan.arms) * max(0, needed - found.rounds)
