"""Blocks of time: which arm's turn each is, by lot, and what was measured while it was on; pure.

The unit of an experiment is the block, never the message: messages come in bursts and answer each other.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from functools import lru_cache
from itertools import pairwise
from random import Random
from statistics import fmean
from typing import Any, Final, Literal, NamedTuple

from hikari_ml.realtime_analytics.timeline import STREAM_GAP, Minute, series, with_silence

Effect = Literal["ratio", "difference"]

COUNTS: Final = ("chat_rate", "chatters")
HALF: Final = 0.5
"""Messages added to a count of which the logarithm is taken."""

ENOUGH: Final = 10
"""Messages of each arm that a pool of rounds is planned for: with fewer, half a message more is a bias."""

MAX_BLOCKS: Final = 20_000
"""Blocks measured for one experiment: at five minutes each, a year of five hours a day."""

LARGEST: Final = 1e100
"""A block with a value beyond it, or whose ratio is taken and below one over it, is not computed with."""

Note = tuple[float, int | None]
"""When (epoch seconds) which arm came on, by its place among the arms; None is none of them."""


@dataclass(frozen=True)
class Plan:
    """What is tried, on what, and in which order; times are epoch seconds and whole minutes."""

    name: str
    arms: tuple[str, ...]
    metric: str
    effect: Effect
    block_minutes: int
    washout_minutes: int
    seed: int
    starts_at: int

    @property
    def seconds(self) -> int:
        """Length of a block."""
        return 60 * self.block_minutes

    def slot(self, at: float) -> int:
        """The number of the block that runs at ``at``; 0 also before the start."""
        return max(0, int((at - self.starts_at) // self.seconds))

    def begin(self, slot: int) -> int:
        """When a block begins."""
        return self.starts_at + slot * self.seconds

    def arm(self, slot: int) -> int:
        """Whose turn it is: every round of as many blocks as there are arms has each once, drawn by lot.

        The lot follows from seed, name and round, so that two experiments never share one.
        """
        turn, place = divmod(slot, len(self.arms))
        return _order(f"{self.seed} {self.name} {turn}", len(self.arms))[place]

    def round(self, slot: int) -> int:
        """The round a block belongs to."""
        return slot // len(self.arms)

    def pack(self) -> dict[str, Any]:
        """As plain values, for the state file."""
        return {**asdict(self), "arms": list(self.arms)}

    @classmethod
    def unpack(cls, kept: dict[str, Any]) -> Plan:
        """From what :meth:`pack` gave."""
        return cls(**{**kept, "arms": tuple(kept["arms"])})


class Block(NamedTuple):
    """A measured block: the arm that was on, the mean of the metric a minute, and the minutes of it."""

    slot: int
    arm: int
    value: float
    minutes: int


@dataclass(frozen=True, slots=True)
class Readings:
    """A metric as far as it is known: points (epoch seconds, value), oldest first, and when a stream ran."""

    points: Sequence[tuple[float, float]]
    runs: Sequence[tuple[float, float]]

    @property
    def end(self) -> float:
        """The newest moment known of."""
        return self.runs[-1][1] if self.runs else 0.0


@dataclass(frozen=True, slots=True)
class Measured:
    """Blocks of an experiment up to ``next_slot``, and how many were left out, by reason."""

    next_slot: int = 0
    blocks: tuple[Block, ...] = ()
    left_out: Counter[str] = field(default_factory=Counter)


def own_readings(metric: str, known: Sequence[Minute]) -> Readings:
    """One of the own series, of minutes in which something was written; the newest may be unfinished."""
    points = series(metric, with_silence(known))
    return Readings(points, _runs([float(m.start) for m in known]))


def recorded_readings(points: Sequence[tuple[float, float]]) -> Readings:
    """A recorded series; it ran while no half an hour went by without a point."""
    return Readings(points, _runs([at for at, _ in points]))


def measure(plan: Plan, notes: Sequence[Note], readings: Readings, since: Measured, until: float) -> Measured:
    """Measure every block that ended by ``until`` and is not among those of ``since``.

    A block counts if the stream ran from its begin to its end and one arm was on for at least half of the
    time that is measured. That is the time after the wash-out, which every block has, whether or not the arm
    changed: otherwise the lot would decide how long a block is measured.
    """
    blocks, left_out, last = list(since.blocks), Counter(since.left_out), since.next_slot - 1
    place = 0
    for slot, whole in _touched(plan, readings.runs, since.next_slot, until):
        last = slot
        place = _first_at(readings.points, plan.begin(slot), place)
        found = _block(plan, notes, readings.points, place, slot) if whole else "stream began or paused"
        if isinstance(found, str):
            left_out[found] += 1
        elif len(blocks) >= MAX_BLOCKS:
            left_out["full"] += 1
        else:
            blocks.append(found)
    return Measured(last + 1, tuple(blocks), left_out)


def on(plan: Plan, notes: Sequence[Note], at: float) -> tuple[int | None, float]:
    """The arm at ``at`` and since when: as noted, or as planned where nothing was noted before."""
    noted = bisect_right(notes, at, key=lambda note: note[0])
    if noted:
        since, arm = notes[noted - 1]
        return arm, since
    slot = plan.slot(at)
    return plan.arm(slot), plan.begin(slot)


def level(plan: Plan, block: Block) -> float:
    """A block's value on the scale where effects add up: for ratios its logarithm.

    A count has half a message added, so that silence too has a logarithm.
    """
    if plan.effect == "difference":
        return block.value
    return math.log(block.value + (HALF / block.minutes if plan.metric in COUNTS else 0.0))


def differences(plan: Plan, blocks: Sequence[Block], arm: int, baseline: int = 0) -> list[float]:
    """Of each round that has blocks of both, how far ``arm`` lies above ``baseline``; oldest first."""
    return [_difference(plan, *sides) for sides in _rounds(plan, blocks, arm, baseline)]


def pooled(plan: Plan, blocks: Sequence[Block], arm: int, baseline: int = 0) -> list[float]:
    """:func:`differences` in which rounds of ratios of counts are taken together while they hold few.

    How many go together is fixed before the first of them, by the pool before: so many that at its pace the
    arm with the fewest messages gets :data:`ENOUGH`. So the lot of a pool decides nothing about its length.
    """
    if plan.effect == "difference" or plan.metric not in COUNTS:
        return differences(plan, blocks, arm, baseline)
    rounds = _rounds(plan, blocks, arm, baseline)
    found, at, size = [], 0, 1
    while at + size <= len(rounds):
        pool = rounds[at : at + size]
        base, of = ([block for sides in pool for block in sides[side]] for side in (0, 1))
        found.append(_difference(plan, base, of) if size == 1 else _rate(of) - _rate(base))
        at += size
        fewest = min(_count(base), _count(of))
        size = max(1, math.ceil(size * ENOUGH / (fewest + HALF)))
    return found


Side = list[Block]


def _rounds(plan: Plan, blocks: Sequence[Block], arm: int, baseline: int) -> list[tuple[Side, Side]]:
    """The blocks of ``baseline`` and of ``arm`` in each round that has both; oldest first."""
    rounds: dict[int, tuple[Side, Side]] = {}
    for block in blocks:
        if block.arm in (arm, baseline):
            rounds.setdefault(plan.round(block.slot), ([], []))[block.arm == arm].append(block)
    return [(base, of) for _, (base, of) in sorted(rounds.items()) if base and of]


def _difference(plan: Plan, base: Side, of: Side) -> float:
    return fmean(level(plan, block) for block in of) - fmean(level(plan, block) for block in base)


def _count(side: Side) -> float:
    return sum(block.value * block.minutes for block in side)


def _rate(side: Side) -> float:
    """Logarithm of the messages a minute of several blocks together."""
    return math.log((_count(side) + HALF) / sum(block.minutes for block in side))


@lru_cache(maxsize=4096)
def _order(lot: str, arms: int) -> tuple[int, ...]:
    order = list(range(arms))
    Random(lot).shuffle(order)
    return tuple(order)


def _touched(
    plan: Plan, runs: Sequence[tuple[float, float]], first: int, until: float
) -> Iterator[tuple[int, bool]]:
    """Blocks from ``first`` on that ended by ``until`` and in which a stream ran: throughout, or not."""
    done = first
    for start, end in runs:
        if end <= plan.begin(done) or end <= plan.starts_at:
            continue
        for slot in range(max(done, plan.slot(start)), plan.slot(min(end, until)) + 1):
            if plan.begin(slot + 1) > until:
                return
            if plan.begin(slot) < end:
                yield slot, plan.begin(slot) >= start and plan.begin(slot + 1) <= end
                done = slot + 1


def _block(
    plan: Plan, notes: Sequence[Note], points: Sequence[tuple[float, float]], place: int, slot: int
) -> Block | str:
    """What was measured of a block, or why it does not count."""
    begin, end = plan.begin(slot), plan.begin(slot + 1)
    washout = 60 * plan.washout_minutes
    minutes: Counter[int | None] = Counter()
    arms: dict[int, int | None] = {}
    for start in range(begin + washout, end, 60):
        arm, since = on(plan, notes, start + 59)
        if start >= since + washout:
            minutes[arm] += 1
            arms[start] = arm
    arm, most = max(minutes.items(), key=lambda pair: pair[1]) if minutes else (None, 0)
    if 2 * most * 60 < end - begin - washout:
        return "arm switched"
    if arm is None:
        return "no arm on"
    values = _values(points, place, arms, arm)
    return _unusable(plan, values) or Block(slot, arm, fmean(values), most)


def _unusable(plan: Plan, values: Sequence[float]) -> str | None:
    """Why a block with these values cannot be compared; None if it can."""
    if not values:
        return "no value"
    if max(map(abs, values)) > LARGEST:
        return "value too large"
    value = fmean(values)
    if plan.effect == "difference" or plan.metric in COUNTS or value >= 1 / LARGEST:
        return None
    return "value not above zero" if value <= 0 else "value too small"


def _values(
    points: Sequence[tuple[float, float]], place: int, arms: dict[int, int | None], arm: int
) -> list[float]:
    """The points in minutes in which ``arm`` was on."""
    found = []
    end = max(arms) + 60
    while place < len(points) and points[place][0] < end:
        at, value = points[place]
        if arms.get(int(at // 60) * 60) == arm:
            found.append(value)
        place += 1
    return found


def _first_at(points: Sequence[tuple[float, float]], at: float, place: int) -> int:
    """The place of the first point from ``at`` on, looked for from ``place``."""
    while place < len(points) and points[place][0] < at:
        place += 1
    return place


def _runs(times: Sequence[float]) -> list[tuple[float, float]]:
    """Spans of minutes between whose points is no more than half an hour."""
    if not times:
        return []
    breaks = [(one, other) for one, other in pairwise(times) if other - one > STREAM_GAP]
    starts = [times[0], *(other for _, other in breaks)]
    ends = [*(one for one, _ in breaks), times[-1]]
    return [(start // 60 * 60, end // 60 * 60 + 60) for start, end in zip(starts, ends, strict=True)]
