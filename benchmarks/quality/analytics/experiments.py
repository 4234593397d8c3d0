"""Whether experiments on real chat find what is there, and nothing else, however often one looks.

    python -m benchmarks.quality.analytics.experiments --data DIR [--write]

``DIR`` holds ``youtube_rbtv``: eight days of a German channel that never goes off air (chat_DAY.jsonl.gz),
and its five-minute counts of 2016 (activity_5min_2016.csv.gz). Nothing is fitted on them; the bets of
``evidence.py`` were chosen on the counts before November, of which nothing is measured here.

A/A: an experiment begins at a random minute and its arms do nothing, so whatever is found is false. Every
seed draws another order of the arms. "End" looks once; "peeking" after every round from the fifth on. A/B:
the messages of the second arm's minutes are multiplied, each by being doubled with some chance.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import json
import math
from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy import stats

from benchmarks.table import markdown, write
from hikari_ml.realtime_analytics.timeline import Minute
from hikari_ml.realtime_analytics.trials.bandit import Bandit, choose
from hikari_ml.realtime_analytics.trials.blocks import (
    Block,
    Effect,
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
from hikari_ml.realtime_analytics.trials.contents import Contents
from hikari_ml.realtime_analytics.trials.evidence import ALPHA, Evidence, first_found, weigh

PAGE = "docs/reference/quality.md"
FIRST_LOOK = 5
NOVEMBER = datetime(2016, 11, 1, tzinfo=UTC).timestamp()
Numbers = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Setting:
    """What is compared, in blocks how long, for how many days."""

    metric: str
    block: int
    washout: int
    days: float

    def plan(self, seed: int, starts_at: int, arms: tuple[str, ...] = ("a", "b")) -> Plan:
        """A plan of this setting."""
        effect: Effect = "ratio" if self.metric in ("chat_rate", "chatters") else "difference"
        return Plan("measured", arms, self.metric, effect, self.block, self.washout, seed, starts_at)


def minutes_of(folder: Path) -> list[Minute]:
    """The eight days of chat, minute by minute."""
    messages: dict[int, list[str]] = {}
    for path in sorted(folder.glob("chat_*.jsonl.gz")):
        with gzip.open(path, "rt", encoding="utf-8") as file:
            for line in file:
                row = json.loads(line)
                at = datetime.fromisoformat(row["timestamp"]).timestamp()
                messages.setdefault(int(at // 60) * 60, []).append(row["username"])
    return [
        Minute(start, len(names), len(set(names)), 0, 0, 0, 0, None)
        for start, names in sorted(messages.items())
    ]


def counts_of(folder: Path) -> list[tuple[float, float]]:
    """The five-minute counts since November 2016."""
    with gzip.open(folder / "activity_5min_2016.csv.gz", "rt", encoding="utf-8") as file:
        rows = [
            (datetime.fromisoformat(r["ts"]).timestamp(), float(r["messages"])) for r in csv.DictReader(file)
        ]
    return [row for row in rows if row[0] >= NOVEMBER]


def window(readings: Readings, starts_at: float, days: float) -> Readings:
    """The readings of some days; they are one run."""
    end = starts_at + days * 86_400
    first, last = (bisect_left(readings.points, (at,)) for at in (starts_at, end))
    points = readings.points[first:last]
    return Readings(points, [(starts_at, end)])


def begin(readings: Readings, days: float, rng: np.random.Generator) -> int:
    """A random minute from which so many days are left."""
    first, last = int(readings.points[0][0]), int(readings.points[-1][0] - days * 86_400)
    return int(rng.integers(first // 60, last // 60)) * 60


# -- what others do: each takes the blocks of two arms and says at which looks it found a difference ----


def messages_as_units(plan: Plan, blocks: Sequence[Block]) -> npt.NDArray[np.bool_]:
    """A z test of two Poisson rates, as if messages came independently."""
    sums = _running(plan, blocks, [block.value * block.minutes for block in blocks])
    times = _running(plan, blocks, [float(block.minutes) for block in blocks])
    z = (sums[0] / times[0] - sums[1] / times[1]) / np.sqrt(
        np.maximum(sums[0] / times[0] ** 2 + sums[1] / times[1] ** 2, 1e-12)
    )
    return np.asarray(np.abs(z) > stats.norm.ppf(1 - ALPHA / 2))


def block_t_test(plan: Plan, blocks: Sequence[Block]) -> npt.NDArray[np.bool_]:
    """Welch's t test on the levels of blocks, as if blocks were independent."""
    levels = [level(plan, block) for block in blocks]
    n = _running(plan, blocks, [1.0] * len(blocks))
    means = _running(plan, blocks, levels) / n
    spread = np.maximum(_running(plan, blocks, np.square(levels).tolist()) / n - means**2, 1e-12)
    errors = spread / np.maximum(n - 1, 1)
    total = errors.sum(axis=0)
    freedom = total**2 / (errors**2 / np.maximum(n - 1, 1)).sum(axis=0)
    p = 2 * stats.t.sf(np.abs(means[0] - means[1]) / np.sqrt(total), freedom)
    return np.asarray(p <= ALPHA)


def gaussian_msprt(plan: Plan, blocks: Sequence[Block], tau: float = 0.2) -> npt.NDArray[np.bool_]:
    """Robbins' mixture SPRT on round differences with an estimated variance (Johari et al., 2017)."""
    found = np.array(differences(plan, blocks, 1))
    n, mean, variance = _moments(found)
    grown = 0.5 * np.log(variance / (variance + n * tau**2))
    grown += n**2 * tau**2 * mean**2 / (2 * variance * (variance + n * tau**2))
    return np.asarray(grown >= math.log(1 / ALPHA))


def asymptotic_sequence(plan: Plan, blocks: Sequence[Block], rho: float = 0.2) -> npt.NDArray[np.bool_]:
    """The asymptotic confidence sequence of Waudby-Smith et al. (2021) on round differences."""
    n, mean, variance = _moments(np.array(differences(plan, blocks, 1)))
    grown = n * rho**2 + 1
    width = np.sqrt(2 * variance * grown / (n * rho) ** 2 * np.log(np.sqrt(grown) / ALPHA))
    return np.asarray(np.abs(mean) > width)


def ours(plan: Plan, blocks: Sequence[Block]) -> npt.NDArray[np.bool_]:
    """The evidence of this package, which looks after every round, the first too."""
    found = np.array(differences(plan, blocks, 1))
    at = int(first_found(found[None, :])[0])
    return np.arange(1, len(found) + 1) >= (at or len(found) + 1)


def _moments(found: Numbers) -> tuple[Numbers, Numbers, Numbers]:
    n = np.arange(1.0, len(found) + 1)
    mean = np.cumsum(found) / n
    squares = np.cumsum(found**2) / n - mean**2
    return n, mean, np.maximum(squares * n / np.maximum(n - 1, 1), 1e-12)


def _running(plan: Plan, blocks: Sequence[Block], values: Sequence[float]) -> Numbers:
    """Sums by arm after every round."""
    rounds = len(blocks) // 2
    arm = np.array([block.arm for block in blocks[: 2 * rounds]])
    value = np.array(values[: 2 * rounds])
    sums = [np.cumsum(np.where(arm == one, value, 0.0))[1::2] for one in range(len(plan.arms))]
    return np.stack(sums)


Test = Callable[[Plan, Sequence[Block]], npt.NDArray[np.bool_]]
ANCHORS: tuple[tuple[str, Test], ...] = (
    ("messages as units, z test", messages_as_units),
    ("blocks as units, t test", block_t_test),
    ("Gaussian mSPRT on rounds", gaussian_msprt),
    ("asymptotic confidence sequence", asymptotic_sequence),
)


def wilson(hits: int, tries: int) -> str:
    """A share with its 95 % interval."""
    z, p = 1.96, hits / tries
    middle = (p + z * z / (2 * tries)) / (1 + z * z / tries)
    half = z * math.sqrt(p * (1 - p) / tries + z * z / (4 * tries * tries)) / (1 + z * z / tries)
    return f"{p:.3f} ({max(0.0, middle - half):.3f} to {middle + half:.3f})"


def false_positives(readings: dict[str, Readings], seeds: int) -> str:
    """The A/A table."""
    settings = [
        Setting("chat_rate", 5, 1, 2),
        Setting("chat_rate", 10, 2, 2),
        Setting("chat_rate", 30, 5, 2),
        Setting("chatters", 5, 1, 2),
        Setting("counts", 10, 0, 14),
    ]
    rows = []
    for setting in settings:
        tests = [*ANCHORS, ("ours", ours)]
        if setting.metric == "counts":
            tests = [tests[1], *tests[3:]]  # no messages are told apart; the mixture is made for logarithms
        ends, peeks = dict.fromkeys((name for name, _ in tests), 0), dict.fromkeys((n for n, _ in tests), 0)
        rng, source = np.random.default_rng(1), readings[setting.metric]
        for seed in range(seeds):
            plan = setting.plan(seed, begin(source, setting.days, rng))
            blocks = _blocks(plan, window(source, plan.starts_at, setting.days))
            for name, test in tests:
                found = test(plan, blocks)
                ends[name] += bool(found[-1])
                peeks[name] += bool(found[0 if name == "ours" else FIRST_LOOK - 1 :].any())
        title = f"{setting.metric}, {setting.block} min blocks, {setting.days:g} days"
        rows += [(title, name, wilson(ends[name], seeds), wilson(peeks[name], seeds)) for name, _ in tests]
    return markdown(("A/A on", "test", "false positives, end", "false positives, peeking"), rows)


def _blocks(plan: Plan, readings: Readings) -> tuple[Block, ...]:
    return measure(plan, (), readings, Measured(), readings.end).blocks


def injected(plan: Plan, readings: Readings, ratio: float, rng: np.random.Generator) -> Readings:
    """Each message of the second arm's minutes is doubled with the chance ``ratio - 1``."""
    points = [
        (at, value + (float(rng.binomial(int(value), ratio - 1)) if plan.arm(plan.slot(at)) == 1 else 0.0))
        for at, value in readings.points
    ]
    return Readings(points, readings.runs)


def detection(readings: Readings, seeds: int) -> str:
    """The A/B table: how soon an effect is found, and whether the interval held it at every look."""
    rows, rivals = [], ANCHORS[2:]
    for ratio in (1.0, 1.1, 1.2, 1.5):
        for setting in (Setting("chat_rate", 5, 1, 7), Setting("chat_rate", 10, 2, 7)):
            rng = np.random.default_rng(2)
            firsts: dict[str, list[float]] = {name: [] for name, _ in (*rivals, ("ours", ours))}
            covered = changed = 0
            for seed in range(seeds):
                plan = setting.plan(seed, begin(readings, setting.days, rng))
                source = window(readings, plan.starts_at, setting.days)
                blocks = _blocks(plan, injected(plan, source, ratio, rng))
                for name, test in (*rivals, ("ours", ours)):
                    hits = test(plan, blocks)
                    hits[: FIRST_LOOK - 1] &= name == "ours"
                    firsts[name].append(2 * (int(hits.argmax()) + 1) if hits.any() else math.inf)
                found = weigh(differences(plan, blocks, 1), pooled=pooled(plan, blocks, 1))
                covered += _holds(found, ratio)
                changed += found.changed
            rows.append(
                (
                    f"{100 * (ratio - 1):.0f} %",
                    f"{setting.block} min",
                    wilson(sum(map(math.isfinite, firsts["ours"])), seeds),
                    _median(firsts["ours"], setting.block),
                    *(_median(firsts[name], setting.block) for name, _ in rivals),
                    wilson(covered, seeds),
                    wilson(changed, seeds),
                )
            )
    header = ("effect", "blocks", "found within 7 days", "median to find, ours", "Gaussian mSPRT",
              "asymptotic sequence", "interval holds it at every look", "changed")  # fmt: skip
    return markdown(header, rows)


def _holds(found: Evidence, ratio: float) -> bool:
    low = -math.inf if found.low is None else found.low
    high = math.inf if found.high is None else found.high
    return low <= math.log(ratio) <= high


def thinned(readings: Readings, share: float, rng: np.random.Generator) -> Readings:
    """Each message is kept with the chance ``share``."""
    points = [(at, float(rng.binomial(int(value), share))) for at, value in readings.points]
    return Readings(points, readings.runs)


def quiet(readings: Readings, seeds: int) -> str:
    """Whether the interval holds the effect in a chat of which most blocks have few messages or none."""
    rows = []
    setting = Setting("chat_rate", 5, 1, 4)
    for share in (0.05, 0.02):
        for ratio in (1.0, 1.5, 2.0):
            rng, said, by_round, by_pool, decided = np.random.default_rng(5), 0.0, 0, 0, 0
            for seed in range(seeds):
                plan = setting.plan(seed, begin(readings, setting.days, rng))
                source = thinned(window(readings, plan.starts_at, setting.days), share, rng)
                said += float(np.mean([value for _, value in source.points])) / seeds
                blocks = _blocks(plan, injected(plan, source, ratio, rng))
                rounds = differences(plan, blocks, 1)
                found = weigh(rounds, pooled=pooled(plan, blocks, 1))
                by_round += _holds(weigh(rounds), ratio)
                by_pool += _holds(found, ratio)
                decided += found.decided
            effect = f"{100 * (ratio - 1):.0f} %"
            counts = (by_round, by_pool, decided)
            rows.append((f"{said:.2f}", effect, *(wilson(count, seeds) for count in counts)))
    header = (
        "messages a minute",
        "effect",
        "interval of single rounds holds it",
        "of pooled rounds, ours",
        "found",
    )
    return markdown(header, rows)


def _median(blocks: Sequence[float], minutes: int) -> str:
    middle = float(np.median(blocks))
    return "-" if math.isinf(middle) else f"{middle:.0f} blocks, {middle * minutes / 60:.1f} h"


def bandits(readings: Readings, seeds: int) -> str:
    """Share of two days' blocks that the best of three arms got; it draws ``ratio`` times the chat."""
    rows = []
    setting = Setting("chat_rate", 10, 2, 2)
    kinds = [Bandit("thompson", "gaussian"), Bandit("thompson", "bernoulli"), Bandit("ucb", "gaussian")]
    for ratio in (1.2, 1.5):
        for kind in kinds:
            rng, shares, late = np.random.default_rng(3), [], []
            for seed in range(seeds):
                plan = setting.plan(seed, begin(readings, setting.days, rng), ("a", "b", "c"))
                blocks: list[Block] = []
                plain = _blocks(plan, window(readings, plan.starts_at, setting.days))
                for block in plain:
                    arm = choose(plan, kind, blocks[:-1], block.slot)  # the newest is not measured yet
                    more = rng.binomial(round(block.value * block.minutes), ratio - 1) if arm == 2 else 0
                    blocks.append(block._replace(arm=arm, value=block.value + more / block.minutes))
                best = [block.arm == 2 for block in blocks]
                shares.append(float(np.mean(best)))
                late.append(float(np.mean(best[len(best) // 2 :])))
            name = f"{kind.policy}, {kind.reward}" if kind.policy == "thompson" else kind.policy
            rows.append((f"{100 * (ratio - 1):.0f} %", name, _spread(shares), _spread(late)))
    return markdown(("best arm draws more by", "policy", "its share of blocks", "on the second day"), rows)


def _spread(values: Sequence[float]) -> str:
    low, high = np.quantile(values, (0.1, 0.9))
    return f"{np.mean(values):.2f} ({low:.2f} to {high:.2f})"


def percentiles(readings: Readings) -> str:
    """How far the percentile of an hour lies from its place among all hours, while few others are known."""
    points = np.array([value for _, value in readings.points])
    hours = points[: len(points) // 60 * 60].reshape(-1, 60).sum(axis=1)
    rng, rows = np.random.default_rng(4), []
    for known in (1, 2, 4, 8, 16, 32):
        raw, shrunk, held = [], [], 0
        for _ in range(2000):
            drawn = rng.choice(len(hours), known + 1, replace=False)
            new, others = hours[drawn[0]], hours[drawn[1:]]
            true = float((hours < new).mean() + (hours == new).mean() / 2)
            contents = Contents()
            for at, value in enumerate(others):
                contents.judge(str(at), {"messages": float(value)})
            found = contents.judge("new", {"messages": float(new)})
            raw.append(abs(float((others < new).mean() + (others == new).mean() / 2) - true))
            shrunk.append(abs(found["performance_score"] - true))
            low, high = found["likely_range"]
            held += low <= true <= high
        rows.append((known, f"{np.mean(raw):.3f}", f"{np.mean(shrunk):.3f}", f"{held / 2000:.3f}"))
    return markdown(("others known", "share below it, error", "ours, error", "range holds it"), rows)


def main() -> None:
    """Measure, print, and with ``--write`` put the tables into the page."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True, help="the folder with youtube_rbtv")
    parser.add_argument("--seeds", type=int, default=1000)
    parser.add_argument("--write", action="store_true", help=f"write the tables into {PAGE}")
    given = parser.parse_args()
    folder = given.data / "youtube_rbtv"
    known = minutes_of(folder)
    readings = {name: own_readings(name, known) for name in ("chat_rate", "chatters")}
    readings["counts"] = recorded_readings(counts_of(folder))
    tables: dict[str, Callable[[], str]] = {
        "experiments-aa": partial(false_positives, readings, given.seeds),
        "experiments-ab": partial(detection, readings["chat_rate"], max(1, given.seeds // 10)),
        "experiments-quiet": partial(quiet, readings["chat_rate"], max(1, given.seeds // 10)),
        "experiments-bandits": partial(bandits, readings["chat_rate"], max(1, given.seeds // 25)),
        "contents": partial(percentiles, readings["chat_rate"]),
    }
    for name, table in tables.items():
        text = table()
        print(f"{name}\n{text}\n", flush=True)
        if given.write:
            write(PAGE, name, text)


if __name__ == "__main__":
    main()
