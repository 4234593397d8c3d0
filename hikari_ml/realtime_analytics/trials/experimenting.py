"""Experiments from end to end: questions checked, blocks measured on the channel's own series, results."""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from copy import deepcopy
from datetime import datetime
from typing import Any, Final, TypeVar

from hikari_ml.chat import check_name
from hikari_ml.errors import InputError
from hikari_ml.realtime_analytics.checks import check_number, check_whole
from hikari_ml.realtime_analytics.metrics import Metrics
from hikari_ml.realtime_analytics.timeline import OWN_METRICS, Timeline
from hikari_ml.realtime_analytics.trials import power
from hikari_ml.realtime_analytics.trials.bandit import (
    POLICIES,
    REWARDS,
    Bandit,
    Policy,
    Reward,
    choose,
    ready,
)
from hikari_ml.realtime_analytics.trials.blocks import (
    LARGEST,
    Effect,
    Plan,
    Readings,
    measure,
    own_readings,
    recorded_readings,
)
from hikari_ml.realtime_analytics.trials.experiments import Experiment, Experiments, result
from hikari_ml.results import ExperimentArm, ExperimentPlan, ExperimentResult, PowerTable
from hikari_ml.runtime.clock import Clock
from hikari_ml.runtime.lane import work_lane
from hikari_ml.times import as_utc, iso_at

MAX_ARMS: Final = 10
MAX_BLOCK_MINUTES: Final = 24 * 60
MAX_EFFECTS: Final = 20

T = TypeVar("T")

_log = logging.getLogger(__name__)


class ChannelExperiments:
    """A/B tests and bandits of one channel, on titles, scenes, games or ways to answer.

    Of viewers nothing is kept: a block is a mean. What is written late or withdrawn is taken into account for
    as long as the timeline takes it, an hour at least.
    """

    def __init__(
        self,
        timeline: Timeline,
        metrics: Metrics,
        clock: Clock,
        started: Callable[[], Awaitable[None]],
        changed: Callable[[], None],
    ) -> None:
        self._clock, self._started, self._changed = clock, started, changed
        self.begin_anew(timeline, metrics)
        self._calls = 0
        self._none_under_way = asyncio.Event()
        self._none_under_way.set()

    def begin_anew(self, timeline: Timeline, metrics: Metrics) -> None:
        """Know no experiment, and measure by these."""
        self._timeline, self._metrics = timeline, metrics
        self._known = Experiments()
        self.lane = work_lane("analytics-experiments", "StreamAnalyticsEngine")

    async def start(
        self,
        name: str,
        arms: Sequence[str],
        *,
        metric: str = "chat_rate",
        effect: Effect | None = None,
        block_minutes: int = 5,
        washout_minutes: int = 1,
        seed: int = 0,
        bandit: Policy | None = None,
        reward: Reward = "bernoulli",
        timestamp: datetime | None = None,
    ) -> ExperimentPlan:
        """Start to compare ``arms``, the first of which is what the others are held against.

        ``metric`` is ``chat_rate``, ``chatters``, ``mood`` or a recorded one; its effects are told as a
        ratio, or a ``difference``: the default for ``mood``, and what a metric that is not above zero needs.
        The first ``washout_minutes`` of a block are not measured: what an arm did before may last so long.
        ``bandit`` (``thompson`` or ``ucb``) gives blocks to the arms that do well instead of comparing them;
        ``reward`` is then whether a block beat those before it, or (``gaussian``) how far. It begins with
        the next full minute. The result holds the power table, where the channel's past is long enough.

        Raises:
            InputError: an argument cannot be used.
            MissingExtraError: a bandit needs the ``bandit`` extra.
        """
        at = self._moment(timestamp)
        async with self._under_way():
            plan = self._plan(
                name,
                arms,
                metric,
                effect,
                block_minutes,
                washout_minutes,
                seed,
                math.ceil(at.timestamp() / 60) * 60,
            )
            table, chooser = None, None
            if bandit is None:
                readings = await self._readings(plan)
                table = await self._in_lane(lambda: power.from_past(plan, readings, None))
            else:
                _one_of(bandit, "bandit", POLICIES)
                _one_of(reward, "reward", REWARDS)
                chooser = Bandit(bandit, reward)
                await self._in_lane(ready)
            self._known.add(Experiment(plan, chooser))
            self._changed()
            return _shaped(plan, table, chooser)

    async def arm(self, name: str, timestamp: datetime | None = None) -> ExperimentArm:
        """The arm that should be on now; ask again at ``until``.

        A bandit's choice counts as being on from when it was asked for.

        Raises:
            InputError: no such experiment runs.
        """
        check_name(name, "name")
        at = self._moment(timestamp).timestamp()
        async with self._under_way():
            experiment = self._known.get(name)
            arm = experiment.current(at)
            if arm is None:
                arm = await self._draw(experiment, at)
                if experiment.current(at) is None:  # nobody asked meanwhile
                    experiment.take(at, arm)
                self._changed()
            plan, slot = experiment.plan, experiment.plan.slot(at)
            return {
                "experiment": name,
                "arm": plan.arms[arm],
                "since": iso_at(plan.begin(slot)),
                "until": iso_at(plan.begin(slot + 1)),
                "degraded": [],
            }

    async def note_arm(self, name: str, arm: str | None, timestamp: datetime | None = None) -> None:
        """Say that ``arm`` came on, or with None that none of them is; from then on only notes count.

        Without any note the plan counts as followed.

        Raises:
            InputError: no such experiment runs, it has no such arm, or a later switch was noted before.
        """
        check_name(name, "name")
        if arm is not None:
            check_name(arm, "arm")
        at = self._moment(timestamp).timestamp()
        await self._started()
        self._known.get(name).note(at, arm)
        self._changed()

    async def result(self, name: str) -> ExperimentResult:
        """How an experiment stands, or came out; looking often is allowed.

        A block counts once it is over for as long as a message may be late.

        Raises:
            InputError: there was no such experiment.
        """
        check_name(name, "name")
        async with self._under_way():
            ended = self._known.ended.get(name)
            if name not in self._known.running and ended is not None:
                return deepcopy(ended)
            return await self._result(self._known.get(name))

    async def end(self, name: str) -> ExperimentResult:
        """End an experiment and keep its result.

        Raises:
            InputError: no such experiment runs.
        """
        check_name(name, "name")
        async with self._under_way():
            found = await self._result(self._known.get(name), self._clock.now().timestamp())
            self._known.end(name, found)
            self._changed()
            return found

    async def known(self) -> dict[str, str]:
        """The names of all experiments known, with ``running`` or ``ended``."""
        await self._started()
        ended = dict.fromkeys(self._known.ended, "ended")
        return {**ended, **dict.fromkeys(self._known.running, "running")}

    async def power(
        self,
        arms: int = 2,
        *,
        metric: str = "chat_rate",
        effect: Effect | None = None,
        block_minutes: int = 5,
        washout_minutes: int = 1,
        effects: Sequence[float] | None = None,
        noise: float | None = None,
        seed: int = 0,
    ) -> PowerTable:
        """What an experiment could find, by simulation; look at it before you start one.

        The noise is that of the channel's own past, or ``noise``: the standard deviation of a round's
        difference without any effect, of logarithms for ratios. ``effects`` are ratios (1.2 is a fifth more)
        or differences.

        Raises:
            InputError: an argument cannot be used.
        """
        async with self._under_way():
            whole = isinstance(arms, int) and not isinstance(arms, bool) and 2 <= arms <= MAX_ARMS
            if not whole:
                raise InputError("arms", arms, f"give a whole number from 2 to {MAX_ARMS}")
            names = [f"arm {n}" for n in range(arms)]
            plan = self._plan("power", names, metric, effect, block_minutes, washout_minutes, seed, 0)
            sizes = _sizes(effects, plan.effect)
            if noise is not None:
                given = _positive(noise, "noise")
                return await self._in_lane(lambda: power.from_noise(plan, given, sizes))
            readings = await self._readings(plan)
            return await self._in_lane(lambda: power.from_past(plan, readings, sizes))

    async def pack(self) -> dict[str, Any]:
        """As plain values, for the state file."""
        for name, experiment in list(self._known.running.items()):
            try:
                await self._settle(experiment)
            except (ArithmeticError, ValueError):  # one experiment must not keep the rest from being kept
                _log.exception("experiment %r cannot be measured; it is kept as it was", name)
        return self._known.pack()

    def unpack(self, kept: Mapping[str, Any]) -> None:
        """From what :meth:`pack` gave."""
        self._known.unpack(kept)

    async def ended(self) -> None:
        """Wait for the calls under way: what they change is to be kept."""
        await self._none_under_way.wait()

    @asynccontextmanager
    async def _under_way(self) -> AsyncIterator[None]:
        await self._started()
        self._calls += 1
        self._none_under_way.clear()
        try:
            yield
        finally:
            self._calls -= 1
            if not self._calls:
                self._none_under_way.set()

    async def _draw(self, experiment: Experiment, at: float) -> int:
        """The arm a bandit takes for the block at ``at``."""
        assert experiment.bandit is not None
        plan, bandit = experiment.plan, experiment.bandit
        readings, since, notes = await self._settle(experiment), experiment.settled, tuple(experiment.notes)
        until = self._until(readings)
        return await self._in_lane(
            lambda: choose(plan, bandit, measure(plan, notes, readings, since, until).blocks, plan.slot(at))
        )

    async def _result(self, experiment: Experiment, ended_at: float | None = None) -> ExperimentResult:
        readings, since, notes = await self._settle(experiment), experiment.settled, tuple(experiment.notes)
        until = self._until(readings)

        def judged() -> ExperimentResult:
            return result(experiment, measure(experiment.plan, notes, readings, since, until), ended_at)

        return await self._in_lane(judged)

    async def _settle(self, experiment: Experiment) -> Readings:
        """Measure for good what nothing can change any more: the timeline keeps minutes for two weeks."""
        readings = await self._readings(experiment.plan)
        since, notes = experiment.settled, tuple(experiment.notes)
        final = readings.end - 60 - self._timeline.settles_after
        experiment.settle(
            await self._in_lane(lambda: measure(experiment.plan, notes, readings, since, final))
        )
        return readings

    async def _in_lane(self, job: Callable[[], T]) -> T:
        """Do what takes long where nothing waits for it."""
        done: T = await self.lane.submit(job)
        return done

    async def _readings(self, plan: Plan) -> Readings:
        if plan.metric in OWN_METRICS:
            known = self._timeline.known()
            return await self._in_lane(lambda: own_readings(plan.metric, known))
        points = self._metrics.points(plan.metric)
        return await self._in_lane(lambda: recorded_readings(points))

    def _until(self, readings: Readings) -> float:
        """Up to when nothing more is expected: late messages, and the rest of the newest minute."""
        return readings.end - 60 - self._timeline.lateness

    def _moment(self, timestamp: datetime | None) -> datetime:
        return as_utc(timestamp, between=2) if timestamp is not None else self._clock.now()

    def _plan(
        self,
        name: str,
        arms: Sequence[str],
        metric: str,
        effect: Effect | None,
        block_minutes: int,
        washout_minutes: int,
        seed: int,
        starts_at: int,
    ) -> Plan:
        """A checked plan.

        Raises:
            InputError: an argument cannot be used.
        """
        check_name(name, "name")
        check_name(metric, "metric")
        block = check_whole(block_minutes, "block_minutes", 1, MAX_BLOCK_MINUTES)
        washout = check_whole(washout_minutes, "washout_minutes", 0, block - 1)
        points = self._metrics.points(metric)
        if metric not in OWN_METRICS and not points:
            raise InputError("metric", metric, f"record it first, or take one of {', '.join(OWN_METRICS)}")
        scale: Effect = "difference" if metric == "mood" and effect is None else effect or "ratio"
        _one_of(scale, "effect", ("ratio", "difference"))
        if scale == "ratio" and metric not in OWN_METRICS and any(value <= 0 for _, value in points):
            raise InputError("effect", scale, f"{metric} was zero or less; give effect='difference'")
        return Plan(name, _arms(arms), metric, scale, block, washout, check_whole(seed, "seed"), starts_at)


def _shaped(plan: Plan, table: PowerTable | None, bandit: Bandit | None) -> ExperimentPlan:
    return {
        "experiment": plan.name,
        "kind": "test" if bandit is None else "bandit",
        "metric": plan.metric,
        "effect": plan.effect,
        "arms": list(plan.arms),
        "block_minutes": plan.block_minutes,
        "washout_minutes": plan.washout_minutes,
        "seed": plan.seed,
        "starts_at": iso_at(plan.starts_at),
        "power": table,
        "degraded": [],
    }


def _arms(arms: object) -> tuple[str, ...]:
    if isinstance(arms, str) or not isinstance(arms, Sequence) or not 2 <= len(arms) <= MAX_ARMS:
        raise InputError("arms", arms, f"give 2 to {MAX_ARMS} names, the one to compare with first")
    found = tuple(check_name(arm, "arms") for arm in arms)
    if len(set(found)) != len(found):
        raise InputError("arms", arms, "give each arm a name of its own")
    return found


def _positive(value: object, name: str) -> float:
    number = check_number(value, name)
    if not 1 / LARGEST <= number <= LARGEST:
        raise InputError(name, value, f"give a number above zero, and no larger than {LARGEST:.0e}")
    return number


def _sizes(effects: object, scale: Effect) -> list[float] | None:
    if effects is None:
        return None
    if isinstance(effects, str) or not isinstance(effects, Sequence) or not 1 <= len(effects) <= MAX_EFFECTS:
        raise InputError("effects", effects, f"give 1 to {MAX_EFFECTS} numbers")
    found = [_positive(one, "effects") for one in effects]
    if scale == "ratio" and 1.0 in found:
        raise InputError("effects", effects, "a ratio of 1 is no effect")
    return found


def _one_of(value: object, name: str, allowed: Sequence[str]) -> None:
    if value not in allowed:
        raise InputError(name, value, f"give one of {', '.join(allowed)}")
