"""Experiments of a channel: the running ones with what was measured, and how ended ones came out; pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from itertools import starmap
from statistics import fmean
from typing import Any, Final

from hikari_ml.errors import InputError
from hikari_ml.realtime_analytics.trials import verdicts
from hikari_ml.realtime_analytics.trials.bandit import Bandit
from hikari_ml.realtime_analytics.trials.blocks import (
    LARGEST,
    Block,
    Measured,
    Note,
    Plan,
    differences,
    pooled,
)
from hikari_ml.realtime_analytics.trials.evidence import ALPHA, weigh
from hikari_ml.results import ArmStanding, Comparison, ExperimentResult
from hikari_ml.times import iso_at

MAX_RUNNING: Final = 20
MAX_ENDED: Final = 100
MAX_NOTES: Final = 10_000


@dataclass(slots=True)
class Experiment:
    """One experiment: its plan, the switches that were noted, and what was measured for good.

    ``chosen`` holds the block for which a bandit chose last, and the arm.
    """

    plan: Plan
    bandit: Bandit | None = None
    notes: list[Note] = field(default_factory=list)
    settled: Measured = field(default_factory=Measured)
    chosen: tuple[int, int] | None = None

    def note(self, at: float, arm: str | None) -> None:
        """Note that ``arm`` came on, or that none of them is on any more.

        Raises:
            InputError: there is no such arm, or something later was noted before.
        """
        if arm is not None and arm not in self.plan.arms:
            raise InputError("arm", arm, f"this experiment has {', '.join(self.plan.arms)}")
        if self.notes and at < self.notes[-1][0]:
            last = iso_at(self.notes[-1][0])
            raise InputError("timestamp", at, f"a switch was noted at {last} already; note them in order")
        place = None if arm is None else self.plan.arms.index(arm)
        if not self.notes or self.notes[-1][1] != place:
            self.notes.append((at, place))

    def current(self, at: float) -> int | None:
        """The arm that should be on at ``at``; None where a bandit has yet to choose."""
        slot = self.plan.slot(at)
        if self.bandit is None:
            return self.plan.arm(slot)
        # A little back it is the same block still; far back, the choice was made for a date of the future.
        return self.chosen[1] if self.chosen is not None and 0 <= self.chosen[0] - slot <= 1 else None

    def take(self, at: float, arm: int) -> None:
        """Let the bandit's choice be on from ``at``."""
        self.chosen = (self.plan.slot(at), arm)
        self.note(max([at, *(note[0] for note in self.notes[-1:])]), self.plan.arms[arm])

    def settle(self, measured: Measured) -> None:
        """Take over what was measured for good, and forget the switches before it."""
        if measured.next_slot < self.settled.next_slot:
            return  # another look was further
        self.settled = measured
        begin = self.plan.begin(measured.next_slot)
        while len(self.notes) > 1 and (self.notes[1][0] <= begin or len(self.notes) > MAX_NOTES):
            del self.notes[0]

    def pack(self) -> dict[str, Any]:
        """As plain values, for the state file."""
        return {
            "plan": self.plan.pack(),
            "bandit": None if self.bandit is None else asdict(self.bandit),
            "notes": [list(note) for note in self.notes],
            "next_slot": self.settled.next_slot,
            "blocks": [list(block) for block in self.settled.blocks],
            "left_out": dict(self.settled.left_out),
            "chosen": None if self.chosen is None else list(self.chosen),
        }

    @classmethod
    def unpack(cls, kept: Mapping[str, Any]) -> Experiment:
        """From what :meth:`pack` gave."""
        bandit, chosen = kept["bandit"], kept["chosen"]
        return cls(
            plan=Plan.unpack(kept["plan"]),
            bandit=None if bandit is None else Bandit(**bandit),
            notes=[(float(at), arm) for at, arm in kept["notes"]],
            settled=Measured(
                kept["next_slot"],
                tuple(block for block in starmap(Block, kept["blocks"]) if abs(block.value) <= LARGEST),
                Counter(kept["left_out"]),
            ),
            chosen=None if chosen is None else (chosen[0], chosen[1]),
        )


@dataclass(slots=True)
class Experiments:
    """The running experiments by name, and the results of the ended ones, the oldest of which make room."""

    running: dict[str, Experiment] = field(default_factory=dict)
    ended: dict[str, ExperimentResult] = field(default_factory=dict)

    def add(self, experiment: Experiment) -> None:
        """Start one.

        Raises:
            InputError: one of this name runs or has run, or there are too many.
        """
        name = experiment.plan.name
        if name in self.running:
            raise InputError("name", name, "an experiment of this name runs already; end it first")
        if name in self.ended:
            raise InputError("name", name, "one of this name has ended, and its result is kept; take another")
        if len(self.running) >= MAX_RUNNING:
            raise InputError("name", name, f"at most {MAX_RUNNING} experiments run at once; end one first")
        self.running[name] = experiment

    def get(self, name: str) -> Experiment:
        """A running one.

        Raises:
            InputError: none of this name runs.
        """
        found = self.running.get(name)
        if found is None:
            running = ", ".join(self.running) or "none"
            why = "it has ended" if name in self.ended else f"running now: {running}"
            raise InputError("name", name, f"no experiment of this name runs; {why}")
        return found

    def end(self, name: str, result: ExperimentResult) -> None:
        """Keep how one came out and let go of what was measured."""
        self.running.pop(name, None)
        self.ended.pop(name, None)
        self.ended[name] = result
        while len(self.ended) > MAX_ENDED:
            del self.ended[next(iter(self.ended))]

    def pack(self) -> dict[str, Any]:
        """As plain values, for the state file."""
        return {
            "running": [experiment.pack() for experiment in self.running.values()],
            "ended": dict(self.ended),
        }

    def unpack(self, kept: Mapping[str, Any]) -> None:
        """From what :meth:`pack` gave; from nothing, as states before there were experiments held."""
        experiments = map(Experiment.unpack, kept.get("running", ()))
        self.running = {experiment.plan.name: experiment for experiment in experiments}
        self.ended = dict(kept.get("ended", {}))


def result(experiment: Experiment, measured: Measured, ended_at: float | None = None) -> ExperimentResult:
    """How an experiment stands by what was ``measured``."""
    plan, blocks = experiment.plan, measured.blocks
    standings = [_standing(plan, blocks, arm) for arm in range(len(plan.arms))]
    test = experiment.bandit is None
    found = [_comparison(plan, blocks, arm, standings) for arm in range(1, len(plan.arms))] if test else []
    comparisons = [comparison for comparison, _ in found]
    strayed = fmean(block.arm != plan.arm(block.slot) for block in blocks) if test and blocks else 0.0
    return {
        "experiment": plan.name,
        "kind": "test" if test else "bandit",
        "status": "running" if ended_at is None else "ended",
        "metric": plan.metric,
        "effect": plan.effect,
        "arms": standings,
        "comparisons": comparisons,
        "blocks": len(blocks),
        "left_out": dict(measured.left_out),
        "strayed": strayed,
        "verdict": verdicts.of_all(comparisons) if test else verdicts.of_bandit(standings),
        "started_at": iso_at(plan.starts_at),
        "ended_at": None if ended_at is None else iso_at(ended_at),
        "degraded": [
            *verdicts.straying(strayed),
            *(note for _, notes in found for note in notes),
        ],
    }


def _standing(plan: Plan, blocks: tuple[Block, ...], arm: int) -> ArmStanding:
    values = [block.value for block in blocks if block.arm == arm]
    return {
        "arm": plan.arms[arm],
        "blocks": len(values),
        "mean": fmean(values) if values else None,
        "share": len(values) / len(blocks) if blocks else 0.0,
    }


def _comparison(
    plan: Plan, blocks: tuple[Block, ...], arm: int, standings: list[ArmStanding]
) -> tuple[Comparison, list[str]]:
    """An arm against the first, and what its numbers are to be taken with."""
    by_round, pools = differences(plan, blocks, arm), pooled(plan, blocks, arm)
    found = weigh(by_round, ALPHA / (len(plan.arms) - 1), pools)
    notes = verdicts.notes(plan.arms[arm], found, few=len(pools) < len(by_round))
    return verdicts.compare(plan, plan.arms[arm], found, by_round, standings[0]["mean"]), notes
