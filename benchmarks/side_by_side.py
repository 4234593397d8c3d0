"""This library beside what one would pick instead, part by part: the same input in one run.

    pip install ".[test,bench,rivals]"
    python -m benchmarks.side_by_side [--data RECORDING] [--messages N] [--statsforecast PYTHON]
                                      [--only PART ...] [--write]

Reading chat, remembering, watching a series, forecasting it, and telling browsers. Without ``--data`` the
chat is a simulated one. What is not installed is left out and named; statsforecast wants an older pandas, and
is run by the interpreter of an environment of its own. ``--write`` puts the tables into benchmarks/README.md.
Quality on public sets is another matter, and has commands of its own.
"""

from __future__ import annotations

import argparse
import asyncio
import importlib.util
import os
import subprocess
import sys
import time
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np

from benchmarks.quality.analytics import nab
from benchmarks.quality.analytics.forecast_rivals import default_prophet
from benchmarks.quality.analytics.forecasts import (
    Cases,
    by_statsforecast,
    four_weeks,
    last_week,
    rows,
    served,
    simple,
)
from benchmarks.quality.analytics.nab_scoring import Series
from benchmarks.speed.pipeline import messages
from benchmarks.speed.seed_models import ratio, runner, seed_models, token_ids
from benchmarks.speed.service.feed import crowd
from benchmarks.table import machine, markdown, write

PAGE: Final = "benchmarks/README.md"
WARM_UP: Final = 5
HOURS: Final = 10 * 168
AHEAD: Final = 24
NEAR: Final = 24
"""Points around an event in which a detector may point at it, and around a peak that are one with it."""

Detect = Callable[[Series], np.ndarray]


async def reading(chat: list[Any]) -> str:
    """What a message says: everybody reads each message in turn, nothing cached."""
    from hikari_ml import AdvancedSentimentAnalyzer, Settings

    settings = Settings.model_validate({"sentiment": {"cache_size": 0}})
    async with AdvancedSentimentAnalyzer(settings) as analyzer:
        others, absent = _readers([message.text for message in chat])
        spent: dict[str, list[float]] = {"hikari_ml": [], **{name: [] for name in others}}
        for number, message in enumerate(chat):
            began = time.perf_counter()
            await analyzer.analyze_message(message.text, message.username)
            spent["hikari_ml"].append(time.perf_counter() - began)
            for name, (read, _) in others.items():
                began = time.perf_counter()
                read(number)
                spent[name].append(time.perf_counter() - began)
    spent = {name: seconds[WARM_UP:] for name, seconds in spent.items()}
    says = {"hikari_ml": "sentiment, emotion, toxicity, embedding, language, entities"}
    says |= {name: answers for name, (_, answers) in others.items()}
    table = [
        (
            name,
            says[name],
            f"{len(s) / sum(s):,.0f}",
            ratio(spent["hikari_ml"], s, ".3g") if name != "hikari_ml" else "1",
        )
        for name, s in spent.items()
    ]
    header = ("reader", "says", "messages/s", "times our time")
    return _with(markdown(header, table), f"{len(chat) - WARM_UP} messages, one at a time", absent)


def _readers(texts: list[str]) -> tuple[dict[str, tuple[Callable[[int], Any], str]], list[str]]:
    """The others, each reading the message of a number, with what it says; and who is not installed."""
    import torch
    from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

    vader = SentimentIntensityAnalyzer()
    found: dict[str, tuple[Callable[[int], Any], str]] = {
        "vaderSentiment": (lambda n: vader.polarity_scores(texts[n]), "sentiment of English words"),
    }
    absent = []
    if importlib.util.find_spec("profanity_check"):
        from profanity_check import predict_prob

        found["alt-profanity-check"] = (lambda n: predict_prob([texts[n]]), "toxicity of English words")
    else:
        absent.append("alt-profanity-check")
    if importlib.util.find_spec("better_profanity"):
        from better_profanity import profanity

        found["better_profanity"] = (
            lambda n: profanity.contains_profanity(texts[n]),
            "whether a listed word is there",
        )
    else:
        absent.append("better_profanity")
    torch.set_num_threads(os.cpu_count() or 1)
    ids = token_ids(texts)
    networks = list(seed_models(torch).values())
    three, four = runner(torch, networks[:3]), runner(torch, networks)
    found["three transformers classifiers"] = (lambda n: three([ids[n]]), "sentiment, emotion, toxicity")
    found["the same and MPNet"] = (lambda n: four([ids[n]]), "the same and an embedding")
    return found, absent


def remembering(size: int) -> str:
    """Memories, each in a process of its own; see benchmarks/speed/memory_rivals.py."""
    command = [sys.executable, "-m", "benchmarks.speed.memory_rivals", "--size", str(size)]
    return subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout.strip()


def made_series(count: int) -> list[Series]:
    """Three days of five-minute points with a daily habit, noise, and five events each."""
    random, found = np.random.default_rng(7), []
    for number in range(count):
        n = 288 * 10
        at = np.arange(n)
        values = 100 + 40 * np.sin(2 * np.pi * at / 288) + random.normal(0, 4, n)
        starts = np.sort(random.choice(np.arange(2, 10), 5, replace=False)) * 280 + random.integers(0, 200, 5)
        for start, kind in zip(starts, random.permutation(5), strict=True):
            length = (1, 3, 12, 24, 12)[kind]
            values[start : start + length] += (60, -50, 45, -35, 25)[kind]
        windows = tuple((int(s) - 2, int(s) + NEAR) for s in starts)
        found.append(Series(f"made/{number}", 300.0 * at, values, windows))
    return found


def watching(count: int) -> str:
    """What is unusual in a series: how many of five events are among the five highest peaks of a score."""
    from hikari_ml.realtime_analytics.alarms.detector import SeriesDetector

    def ours(series: Series) -> np.ndarray:
        detector = SeriesDetector()
        judged = zip(series.times.tolist(), series.values.tolist(), strict=True)
        return np.array([detector.judge(*point).level for point in judged])

    detectors: dict[str, Detect] = {"hikari_ml": ours, "Isolation Forest, scikit-learn": nab.isolation_forest}
    absent = []
    if importlib.util.find_spec("river"):
        detectors["Half-Space Trees, river"] = nab.half_space_trees
    else:
        absent.append("river")
    if importlib.util.find_spec("pyod"):
        detectors["ECOD, pyod"] = _ecod
    else:
        absent.append("pyod")
    files, table = made_series(count), []
    for name, detect in detectors.items():
        began = time.process_time()
        scores = [detect(file) for file in files]
        each = 1e6 * (time.process_time() - began) / sum(len(file.values) for file in files)
        hits = [_hits(score, file) for score, file in zip(scores, files, strict=True)]
        table.append((name, f"{sum(hits)} of {5 * count}", f"{each:.0f}"))
    header = ("detector", "events among its five highest peaks", "us a point")
    return _with(
        markdown(header, table), f"{count} made-up series of 2,880 points with five events each", absent
    )


def _ecod(series: Series) -> np.ndarray:
    """ECOD of pyod on the plain Isolation Forest's four views, fitted every 500 points on the last 3,000."""
    import pandas as pd
    from pyod.models.ecod import ECOD

    value = pd.Series(series.values)
    short = value.rolling(12, min_periods=1)
    views = np.column_stack([value, value.diff().fillna(0), value - short.mean(), short.std().fillna(0)])
    scores = np.zeros(len(views))
    for start in range(150, len(views), 500):
        fitted = ECOD().fit(views[max(0, start - 3000) : start])
        scores[start : start + 500] = fitted.decision_function(views[start : start + 500])
    return scores


def _hits(scores: np.ndarray, series: Series) -> int:
    """How many windows hold one of the highest peaks, of as many as there are windows."""
    left, met = scores.astype(float).copy(), set()
    left[:288] = -np.inf  # the first day is there to learn by
    for _ in series.windows:
        top = int(left.argmax())
        met |= {window for window in series.windows if window[0] <= top <= window[1]}
        left[max(0, top - NEAR) : top + NEAR] = -np.inf
    return len(met)


def forecasting(count: int, statsforecast: str | None = None) -> str:
    """A day ahead of ten weeks by the hour: a weekly habit that grows, with noise and evenings left out."""
    random, cases = np.random.default_rng(3), Cases()
    for block in range(count):
        at = np.arange(HOURS + AHEAD)
        daily = np.exp(-(((at % 24 - 20) / 4) ** 2))
        habit = (
            (50 + 400 * daily)
            * (1 + 0.5 * (at // 24 % 7 >= 5))
            * (1 + at / HOURS * random.uniform(-0.3, 0.6))
        )
        gone = random.random(len(at) // 24 + 1)[at // 24] < 0.1
        values = np.round(np.where(gone, 0.2, 1) * habit * random.lognormal(0, 0.15, len(at)))
        cases.add(values[:HOURS], values[HOURS:], 1.0, block)
    times: dict[str, float] = {}
    runs = {"same time last week": simple(cases, last_week), "four-week mean": simple(cases, four_weeks)}
    began = time.perf_counter()
    runs["Prophet as it comes"] = list(default_prophet(cases.questions))
    times["Prophet as it comes"] = (time.perf_counter() - began) / count
    for model in ("AutoETS", "MFLES") if statsforecast else ():
        name = f"{model}, statsforecast"
        runs[name], times[name] = by_statsforecast(cases, statsforecast or "", model)
    runs["hikari_ml, Prophet left out"], _, times["hikari_ml, Prophet left out"] = asyncio.run(
        served(cases, prophet=False)
    )
    runs["hikari_ml"], _, times["hikari_ml"] = asyncio.run(served(cases, prophet=True))
    header = (
        "model",
        "error, of the four-week mean's",
        "80 % interval covers",
        "worse than it",
        "s a forecast",
    )
    table = rows(cases, runs, times, relative=True)
    absent = [] if statsforecast else ["statsforecast"]
    return _with(markdown(header, table), f"{count} made-up series of ten weeks, 24 hours ahead", absent)


async def telling(clients: int, seconds: float) -> str:
    """The feed and a plain broadcast; see benchmarks/speed/service/feed.py."""
    table = [await crowd(how, clients, 2.0, seconds) for how in ("ours", "broadcast")]
    header = (
        *("server", "p50 ms", "p99 ms", "worst ms"),
        *("CPU us a message", "share of a core", "MB, start / end", "heard"),
    )
    return _with(markdown(header, table), f"{clients} clients, 2 updates a second for {seconds:g} s", [])


def _with(table: str, what: str, absent: Sequence[str]) -> str:
    text = f"{what}; {machine()}.\n\n{table}"
    return f"{text}\n\nNot installed, not measured: {', '.join(absent)}." if absent else text


def main() -> None:
    """Measure, print, and write if asked."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path)
    parser.add_argument("--messages", type=int, default=205)
    parser.add_argument("--memories", type=int, default=1000)
    parser.add_argument("--series", type=int, default=8)
    parser.add_argument("--clients", type=int, default=500)
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--statsforecast", help="an interpreter that has it")
    parser.add_argument("--only", nargs="+", metavar="PART", help="the tables to make anew")
    parser.add_argument("--write", action="store_true")
    given = parser.parse_args()
    parts: dict[str, Callable[[], str]] = {
        "reading": lambda: asyncio.run(reading(messages(given.data, given.messages))),
        "remembering": lambda: remembering(given.memories),
        "watching": lambda: watching(given.series),
        "forecasting": lambda: forecasting(given.series, given.statsforecast),
        "telling": lambda: asyncio.run(telling(given.clients, given.seconds)),
    }
    for name, measure in parts.items():
        if name not in (given.only or parts):
            continue
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = measure()
        print(found, end="\n\n", flush=True)
        if given.write:
            write(PAGE, name, found)


if __name__ == "__main__":
    main()
