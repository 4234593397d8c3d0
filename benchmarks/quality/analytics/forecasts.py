"""How good forecasts are: hourly chat, M4 hourly, and how often the four-week mean would have been better.

    python -m benchmarks.quality.analytics.forecasts --data DIR [--whole] [--rivals PYTHON] [--write]

``DIR`` holds ``streams/youtube_rbtv`` (hourly messages of a German channel, 2016), ``forecasting/m4_subset``
and ``forecasting/ett_hourly``. Every forecast is made by the serving path, ``Forecaster``, Prophet in its
process included; "without Prophet" is the same path when Prophet's process cannot start. By default a sample
with a stated seed is drawn; ``--whole`` takes every series and every hour. ``--rivals`` names an interpreter
that has statsforecast; its AutoARIMA takes minutes a series, and only runs with ``--arima``.

Chat: origins after the first eight weeks, 24 hours ahead, with all hours before; the error is the sum over
all hours, relative to the four-week mean by hour of the week. M4: the 48 hours of its test part, scaled by
the daily seasonal naive in training (MASE, R. Hyndman and A. Koehler, 2006). Intervals of figures are 95 %
bootstrap: blocks of three days of origins for the chat, series for M4.
"""

from __future__ import annotations

import argparse
import asyncio
import gzip
import logging
import time
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from datetime import UTC, tzinfo
from functools import partial
from pathlib import Path
from unittest.mock import patch
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from benchmarks.quality.analytics import forecast_rivals
from benchmarks.table import markdown, write
from hikari_ml.realtime_analytics.forecast import prophet_worker
from hikari_ml.realtime_analytics.forecast.forecasting import Forecaster
from hikari_ml.realtime_analytics.forecast.series import check_freq
from hikari_ml.results import Forecast
from hikari_ml.runtime.lane import work_lane

WEEK = 168
TRAINED = 8 * WEEK
CHAT_HOURS, M4_HOURS = 24, 48
EPOCH = pd.Timestamp("2016-09-06T23:00", tz="UTC").timestamp()
"""When the chat begins; the others have no dates that mean anything."""

BERLIN = ZoneInfo("Europe/Berlin")
EVERY = 7
"""Origins of the chat without Prophet are so many hours apart, so that all hours of the day come up."""

SEED = 0

Said = tuple[np.ndarray, np.ndarray | None, np.ndarray | None]
Runs = dict[str, list[Said]]


@dataclass
class Cases:
    """Questions of one kind with their truth; ``scale`` divides the errors, ``blocks`` are resampled."""

    questions: list[forecast_rivals.Question] = field(default_factory=list)
    truths: list[np.ndarray] = field(default_factory=list)
    scales: list[float] = field(default_factory=list)
    blocks: list[int] = field(default_factory=list)

    def add(self, values: np.ndarray, truth: np.ndarray, scale: float, block: int) -> None:
        self.questions.append((values, len(truth)))
        self.truths.append(truth)
        self.scales.append(scale)
        self.blocks.append(block)

    def part(self, places: Sequence[int]) -> Cases:
        found = Cases()
        for at in places:
            found.add(self.questions[at][0], self.truths[at], self.scales[at], self.blocks[at])
        return found


def chat(data: Path) -> Cases:
    """Every hour after the first eight weeks."""
    values = pd.read_csv(data / "streams/youtube_rbtv/activity_hourly_2016.csv")["messages"].to_numpy(float)
    found = Cases()
    for at in range(TRAINED, len(values) - CHAT_HOURS + 1):
        found.add(values[:at], values[at : at + CHAT_HOURS], 1.0, at // 72)
    return found


def m4(data: Path) -> Cases:
    """Every hourly series of M4."""
    found = Cases()
    parts = []
    for name in ("train", "test"):
        with gzip.open(data / f"forecasting/m4_subset/Hourly-{name}.csv.gz", "rt") as file:
            parts.append(pd.read_csv(file).iloc[:, 1:].to_numpy(float))
    for at, (row, truth) in enumerate(zip(*parts, strict=True)):
        values = row[np.isfinite(row)]
        found.add(values, truth, float(np.abs(values[24:] - values[:-24]).mean()), at)
    return found


def ett(data: Path) -> Cases:
    """Fourteen hourly columns of two transformers, an origin every eight weeks and one hour, a day ahead."""
    found = Cases()
    for file in ("ETTh1", "ETTh2"):
        table = pd.read_csv(data / f"forecasting/ett_hourly/{file}.csv.gz").iloc[:, 1:]
        for column in table:
            values = table[column].to_numpy(float)
            block = len(set(found.blocks))
            for at in range(TRAINED, len(values) - CHAT_HOURS, TRAINED + 1):
                scale = float(np.abs(values[WEEK:at] - values[: at - WEEK]).mean())
                found.add(values[:at], values[at : at + CHAT_HOURS], scale, block)
    return found


def simple(cases: Cases, model: Callable[[np.ndarray, int], np.ndarray]) -> list[Said]:
    """Forecasts of ``model`` for each case."""
    return [(model(values, periods), None, None) for values, periods in cases.questions]


def yesterday(values: np.ndarray, periods: int) -> np.ndarray:
    """The day before."""
    return np.resize(values[-24:], periods)


def last_week(values: np.ndarray, periods: int) -> np.ndarray:
    """The week before."""
    return np.resize(values[-WEEK:], periods)


def four_weeks(values: np.ndarray, periods: int) -> np.ndarray:
    """The mean of the last four weeks by hour of the week."""
    weeks = [values[len(values) - WEEK * n : len(values) - WEEK * (n - 1)] for n in range(1, 5)]
    return np.resize(np.mean([week for week in weeks if len(week) == WEEK], axis=0), periods)


def points(values: np.ndarray) -> list[tuple[float, float]]:
    """As they are recorded, an hour apart."""
    return [(EPOCH + 3600.0 * hour, float(value)) for hour, value in enumerate(values)]


async def served(
    cases: Cases, *, prophet: bool, zone: tzinfo = UTC
) -> tuple[list[Said], list[Forecast], float]:
    """What the serving path says, the results themselves, and the seconds that one took."""
    lane = work_lane("benchmark")
    said, results = [], []
    began = time.perf_counter()
    without = nullcontext() if prophet else patch.object(prophet_worker, "run", _no_prophet)
    with without:
        forecaster = Forecaster(lane, zone=zone)
        for at, (values, periods) in enumerate(cases.questions):
            result = await forecaster.forecast(
                f"case {at}", partial(points, values), periods, check_freq("h")
            )
            if prophet and result["degraded"]:
                raise SystemExit(f"a forecast went without Prophet: {result['degraded']}")
            results.append(result)
            said.append(_said(result))
    await lane.aclose()
    return said, results, (time.perf_counter() - began) / len(said)


async def _no_prophet(_jobs: object, _seconds: float) -> list[list[float]]:
    raise prophet_worker.ProphetFailedError("left out")


def _said(result: Forecast) -> Said:
    steps = result["forecasts"]
    return (
        np.array([step["yhat"] for step in steps]),
        np.array([step["yhat_lower"] for step in steps]),
        np.array([step["yhat_upper"] for step in steps]),
    )


def errors(cases: Cases, runs: list[Said]) -> np.ndarray:
    """Scaled mean absolute error of each case."""
    return np.array(
        [
            np.abs(middle - truth).mean() / scale
            for (middle, _, _), truth, scale in zip(runs, cases.truths, cases.scales, strict=True)
        ]
    )


def covered(cases: Cases, runs: list[Said]) -> np.ndarray | None:
    """Share of the truth inside the interval, by case."""
    if runs[0][1] is None:
        return None
    return np.array(
        [((low <= t) & (t <= high)).mean() for (_, low, high), t in zip(runs, cases.truths, strict=True)]
    )


def bounds(cases: Cases, over: np.ndarray, under: np.ndarray) -> tuple[float, float]:
    """95 % bootstrap interval of the ratio of two sums, by block."""
    names = np.array(cases.blocks)
    found = [np.flatnonzero(names == name) for name in np.unique(names)]
    sums = np.array([(over[at].sum(), under[at].sum()) for at in found])
    rng = np.random.default_rng(SEED)
    drawn = sums[rng.integers(0, len(sums), (2000, len(sums)))].sum(axis=1)
    low, high = np.percentile(drawn[:, 0] / drawn[:, 1], [2.5, 97.5])
    return float(low), float(high)


def rows(cases: Cases, runs: Runs, times: dict[str, float], *, relative: bool) -> list[tuple[str, ...]]:
    """A line for each model: error, coverage, cases worse than the four-week mean, seconds."""
    base = errors(cases, runs["four-week mean"])
    found: list[tuple[str, ...]] = []
    for name, run in runs.items():
        mine = errors(cases, run)
        under = base if relative else np.ones_like(base)
        low, high = bounds(cases, mine, under)
        inside = covered(cases, run)
        cover = "-"
        if inside is not None:
            ends = bounds(cases, inside, np.ones_like(inside))
            cover = f"{100 * inside.mean():.1f} % ({100 * ends[0]:.1f} to {100 * ends[1]:.1f})"
        worse = f"{100 * (mine > base * (1 + 1e-9)).mean():.0f} %" if name != "four-week mean" else "-"
        spent = f"{times[name]:.2g}" if name in times else "-"
        figure = f"{mine.sum() / under.sum():.3f} ({low:.3f} to {high:.3f})"
        found.append((name, figure, cover, worse, spent))
    return found


def by_statsforecast(cases: Cases, python: str, model: str) -> tuple[list[Said], float]:
    """What a model of statsforecast says, and the seconds of each, by the interpreter ``python``."""
    began = time.perf_counter()
    said = forecast_rivals.statsforecast(python, model, cases.questions)
    return [(run, None, None) for run in said], (time.perf_counter() - began) / len(cases.questions)


def measure(cases: Cases, given: argparse.Namespace) -> tuple[Runs, dict[str, float]]:
    """Every model on the same cases."""
    times: dict[str, float] = {}
    runs: Runs = {
        "same time yesterday": simple(cases, yesterday),
        "same time last week": simple(cases, last_week),
        "four-week mean": simple(cases, four_weeks),
    }
    began = time.perf_counter()
    runs["Prophet as it comes"] = list(forecast_rivals.default_prophet(cases.questions))
    times["Prophet as it comes"] = (time.perf_counter() - began) / len(cases.questions)
    rivals = ("AutoETS", "MFLES", *(("AutoARIMA",) if given.arima else ())) if given.rivals else ()
    for model in rivals:
        runs[model], times[model] = by_statsforecast(cases, given.rivals, model)
    runs["ours without Prophet"], _, times["ours without Prophet"] = asyncio.run(served(cases, prophet=False))
    runs["ours"], _, times["ours"] = asyncio.run(served(cases, prophet=True))
    return runs, times


def guard(name: str, cases: Cases, said: list[Said], results: list[Forecast]) -> tuple[str, ...]:
    """How the served forecast and the four-week mean compare, series by series."""
    mine, base = errors(cases, said), errors(cases, simple(cases, four_weeks))
    names = np.array(cases.blocks)
    series = [np.flatnonzero(names == block) for block in np.unique(names)]
    ratios = np.array([mine[at].sum() / base[at].sum() for at in series])
    low, high = bounds(cases, mine, base)
    kept = sum(result["model"] == "four-week mean" for result in results)
    inside = covered(cases, said)
    assert inside is not None
    return (
        name,
        str(len(said)),
        f"{mine.mean():.3g}",
        f"{base.mean():.3g}",
        f"{mine.sum() / base.sum():.3f} ({low:.3f} to {high:.3f})",
        f"{(ratios > 1).sum()} of {len(ratios)}",
        f"{100 * kept / len(said):.0f} %",
        f"{100 * inside.mean():.1f} %",
    )


def guards(given: argparse.Namespace) -> str:
    """The table of whole sets, without Prophet."""
    talk, competition = chat(given.data), m4(given.data)
    if not given.whole:
        talk = talk.part(range(0, len(talk.truths), EVERY))
    lines = []
    for name, cases, zone in (
        ("hourly chat", talk, UTC),
        ("hourly chat, timezone set", talk, BERLIN),
        ("M4 hourly", competition, UTC),
        ("transformers", ett(given.data), UTC),
    ):
        said, results, _ = asyncio.run(served(cases, prophet=False, zone=zone))
        lines.append(guard(name, cases, said, results))
        print(*lines[-1], sep=" | ", flush=True)
        if cases is competition:
            odd = range(1, len(said), 2)
            half = cases.part(odd), [said[at] for at in odd], [results[at] for at in odd]
            lines.append(guard("M4 hourly, odd half", *half))
    columns = ("without Prophet", "forecasts", "error", "four-week mean's", "ratio", "blocks or series worse")
    return markdown((*columns, "four-week mean served", "80 % interval covers"), lines)


def beside(name: str, cases: Cases, given: argparse.Namespace, *, relative: bool) -> str:
    """The table of all models on the same sample, Prophet included."""
    size = len(cases.questions)
    drawn = np.random.default_rng(SEED).permutation(size)[: given.sample]
    part = cases if given.whole else cases.part(sorted(drawn.tolist()))
    runs, times = measure(part, given)
    figure = "error / that of the four-week mean" if relative else "MASE"
    header = (f"{name}, {len(part.truths)} forecasts", figure, "80 % interval covers")
    lines = rows(part, runs, times, relative=relative)
    return markdown((*header, "worse than the four-week mean", "s a forecast"), lines)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--whole", action="store_true", help="every hour and every series: hours")
    parser.add_argument("--sample", type=int, default=60, help="cases drawn of each kind")
    parser.add_argument("--rivals", help="an interpreter with statsforecast")
    parser.add_argument(
        "--write", action="store_true", help="write the tables into docs/reference/quality.md"
    )
    parser.add_argument("--arima", action="store_true", help="AutoARIMA among the rivals: minutes a series")
    given = parser.parse_args()
    for name in ("prophet", "cmdstanpy", "hikari_ml"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    tables: dict[str, Callable[[], str]] = {
        "forecasts-guard": lambda: guards(given),
        "forecasts-chat": lambda: beside("hourly chat", chat(given.data), given, relative=True),
        "forecasts-m4": lambda: beside("M4 hourly", m4(given.data), given, relative=False),
    }
    for name, measured in tables.items():
        table = measured()
        print(f"\n{name}\n{table}", flush=True)
        if given.write:
            write("docs/reference/quality.md", name, table)


if __name__ == "__main__":
    main()
