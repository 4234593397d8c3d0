"""How well the next minutes of chat are predicted, on four months of a channel that never goes off air.

    python -m benchmarks.quality.analytics.chat_rate --data DIR [--epochs 6] [--keep FILE] [--write]

``DIR`` holds ``youtube_rbtv/activity_5min_2016.csv.gz``. Predicted are the messages of the five minutes that
end 5, 15, 30 and 60 minutes ahead. The package's own training gets the first 85 %, splits it as it always
does, and decides who serves; the rest is the test, of which nothing was seen. Beside what may serve stand
the same time last week, and boosting as one would try it first: scikit-learn's defaults on counts, with
lags, rolling means, hour of week, last week and chatters. ``--keep`` saves the trained models in FILE and
takes them from there when it exists. Ratios have 90 % intervals by a bootstrap over whole days.

Then eight whole days of the same channel, message by message, are cut into pieces of four hours, each taken
for a channel's first stream: what serves there, and what the bundled network would do if it always served.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import json
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import numpy as np

from benchmarks.table import machine, markdown, write
from hikari_ml.realtime_analytics.features import measure
from hikari_ml.realtime_analytics.prediction.backtest import (
    BLEND,
    BOOSTING,
    LAST,
    MEAN,
    NETWORK,
    Bounds,
    last_value,
    recent_mean,
)
from hikari_ml.realtime_analytics.prediction.context import Past
from hikari_ml.realtime_analytics.prediction.outlook import (
    MINUTES_TO_TRY,
    PRETRAINED,
    TRIED_EVERY,
    Trained,
    predict,
    pretrained,
)
from hikari_ml.realtime_analytics.prediction.predictor import Shape
from hikari_ml.realtime_analytics.timeline import Minute, Share, Timeline

SERIES = "youtube_rbtv/activity_5min_2016.csv.gz"
STEP = 300
SHAPE = Shape(step=5, span=5, window=12, coarse=12, coarse_steps=6, zone="Europe/Berlin")
TRAINED = 0.85
WEEK = 7 * 86_400
DAYS = "youtube_rbtv/chat_2016-11-*.jsonl.gz"
PIECE = 4 * 60
"""Minutes of what is taken for a first stream."""
ROUNDS = 1_000
PLAIN, LAST_WEEK = "boosting on counts, defaults", "same time last week"
NAMES = {"mean of 15 minutes": "mean of three"}


def read(path: Path) -> list[Minute]:
    """The series; five minutes that are not in the file were silent."""
    with gzip.open(path, "rt", encoding="utf-8") as file:
        found = {int(datetime.fromisoformat(row["ts"]).timestamp()): row for row in csv.DictReader(file)}
    minutes = []
    for start in range(min(found), max(found) + STEP, STEP):
        row = found.get(start, {})
        messages, chatters, new = (int(row.get(c, 0)) for c in ("messages", "chatters", "new_chatters"))
        minutes.append(Minute(start, messages, chatters, new, 0, 0, 0, None))
    return minutes


def plain_boosting(past: Past, train: np.ndarray, test: np.ndarray) -> np.ndarray:
    """scikit-learn's defaults on plain counts: what a network would be compared with first."""
    from sklearn.ensemble import HistGradientBoostingRegressor

    def columns(ends: np.ndarray) -> np.ndarray:
        now = ends[:, None]
        lags = past.mean(now - STEP * np.arange(1, 13), now - STEP * np.arange(12))[..., 0]
        rolling = past.mean(now - STEP * np.array([3, 6, 12, 72, 288]), now)[..., 0]
        chatters = past.mean(ends - STEP, ends)[:, 1:2]
        berlin = [datetime.fromtimestamp(int(end), past.zone) for end in ends]
        clock = np.array([[at.hour, at.weekday(), at.weekday() * 24 + at.hour] for at in berlin])
        return np.concatenate([lags, rolling, chatters, clock, last_week(past, ends)], axis=1)

    rows, wanted, asked = columns(train), past.targets(train), columns(test)
    said = [HistGradientBoostingRegressor(random_state=0).fit(rows, y).predict(asked) for y in wanted.T]
    found: np.ndarray = np.maximum(np.stack(said, axis=1), 0)
    return found


def last_week(past: Past, ends: np.ndarray) -> np.ndarray:
    """What came a week before; the present where there is no such week."""
    until = ends[:, None] + 60 * np.array(past.frame.horizons) - WEEK
    then = past.mean(until - STEP, until)[..., 0]
    now = past.mean(ends - STEP, ends)[:, :1]
    found: np.ndarray = np.where(np.isnan(then), now, then)
    return found


def ratio(one: np.ndarray, other: np.ndarray, ends: np.ndarray) -> str:
    """One mean error over another's, with its 90 % interval over resampled days."""
    days = ends // 86_400
    kinds = np.unique(days)
    sums = np.array([[one[days == day].sum(), other[days == day].sum()] for day in kinds])
    drawn = np.random.default_rng(0).integers(0, len(kinds), (ROUNDS, len(kinds)))
    totals = sums[drawn].sum(axis=1)
    low, high = np.quantile(totals[:, 0] / totals[:, 1], [0.05, 0.95])
    return f"{one.sum() / other.sum():.3f} ({low:.3f} to {high:.3f})"


def first_streams(data: Path) -> list[list[Minute]]:
    """Pieces of whole days, each as if nothing had been before it."""
    found = []
    for day in sorted(data.glob(DAYS)):
        timeline = Timeline(60)
        with gzip.open(day, "rt", encoding="utf-8") as file:
            for row in map(json.loads, file):
                said = datetime.fromisoformat(row["timestamp"])
                place = timeline.place(said.timestamp())
                if place is not None:
                    message = measure(row["username"], row["text"], said, None, (), 0)
                    timeline.add(Share(place, message, newcomer=False, repeated=False), said.timestamp())
        known = timeline.history()
        found += [known[at : at + PIECE] for at in range(0, len(known) - PIECE + 1, PIECE)]
    return found


def without_a_past(streams: Sequence[list[Minute]]) -> str:
    """The table of first streams: errors, how often the bundled network serves, how intervals hold."""
    default = pretrained()
    frame = default.shape.frame
    said: dict[str, list[list[float]]] = {}
    truths, held, named, which = [], [], [], []
    for number, stream in enumerate(streams):
        past = default.shape.past(stream)
        for end in range(MINUTES_TO_TRY, PIECE - max(frame.horizons) + 1, TRIED_EVERY):
            at = np.array([stream[end].start])
            truth = past.targets(at)[0]
            if np.isnan(truth).any():
                continue
            found = predict(stream[:end], default=lambda: default)
            points = list(found["horizons"].values())
            told = {
                "what serves": [point["yhat"] for point in points],
                PRETRAINED: default.counts(past.context(at))[0],
                MEAN: recent_mean(past, at)[0],
                LAST: last_value(past, at)[0],
            }
            for model, values in told.items():
                said.setdefault(model, []).append(list(values))
            held.append([p["yhat_lower"] <= t <= p["yhat_upper"] for p, t in zip(points, truth, strict=True)])
            named.append(found["model"] == PRETRAINED)
            truths.append(truth)
            which.append(number * 86_400)  # pieces are resampled whole, like days
    errors = {model: np.abs(np.array(values) - np.array(truths)) for model, values in said.items()}
    rows = [[model, *(f"{value:.1f}" for value in error.mean(axis=0))] for model, error in errors.items()]
    ends = np.array(which)
    rows += [
        [f"{one} / {MEAN}", *(ratio(errors[one][:, i], errors[MEAN][:, i], ends) for i in range(4))]
        for one in ("what serves", PRETRAINED)
    ]
    rows.append(["80 % intervals of what serves hold", *(f"{v:.3f}" for v in np.mean(held, axis=0))])
    about = (
        f"{len(streams)} pieces, {len(named)} moments; the bundled network serves in {np.mean(named):.1%}."
    )
    return f"{about}\n\n" + markdown(
        ["messages within the horizon, MAE", *(f"{h} min" for h in frame.horizons)], rows
    )


def coverage(said: np.ndarray, truth: np.ndarray, bounds: Bounds) -> list[str]:
    """Share of the truth within the intervals, a horizon each."""
    low, high = bounds.limits(said, SHAPE.frame)
    return [f"{share:.3f}" for share in ((truth >= low) & (truth <= high)).mean(axis=0)]


def main() -> None:
    """Train, predict, compare."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--epochs", type=int, default=6)
    parser.add_argument("--keep", type=Path)
    parser.add_argument("--write", action="store_true")
    args = parser.parse_args()
    minutes = read(args.data / SERIES)
    cut = int(len(minutes) * TRAINED)
    trained = Trained.load(args.keep) if args.keep else None
    if trained is None:
        trained, report = Trained.train(
            minutes[:cut], SHAPE, args.epochs, lambda n, loss: print(f"epoch {n}: {loss:.4f}", flush=True)
        )
        print(report)
        if args.keep:
            trained.save(args.keep)
    past = SHAPE.past(minutes)
    ends = past.ends()
    ends = ends[~np.isnan(past.targets(ends)).any(axis=1)]
    begin = minutes[cut].start
    train, test = ends[ends + 60 * max(SHAPE.horizons) <= begin], ends[ends >= begin]
    truth = past.targets(test)
    said = {model: trained.counts(model, past, test) for model in trained.gate.errors}
    said |= {LAST_WEEK: last_week(past, test), PLAIN: plain_boosting(past, train, test)}
    errors = {model: np.abs(found - truth) for model, found in said.items()}
    serves = trained.gate.best
    rows = [
        [NAMES.get(model, model) + (" (serves)" if model == serves else "")]
        + [f"{value:.2f}" for value in error.mean(axis=0)]
        for model, error in errors.items()
    ]
    table = markdown(["MAE, messages in five minutes", *(f"{h} min ahead" for h in SHAPE.horizons)], rows)
    pairs = [(NETWORK, PLAIN), (NETWORK, BOOSTING), (BLEND, BOOSTING), (serves, BOOSTING), (serves, LAST)]
    compared = markdown(
        ["errors of one over another's", *(f"{h} min" for h in SHAPE.horizons)],
        [
            [f"{one} / {other}", *(ratio(errors[one][:, i], errors[other][:, i], test) for i in range(4))]
            for one, other in dict.fromkeys(pairs)
            if one != other
        ],
    )
    held = markdown(
        ["80 % intervals hold", *(f"{h} min" for h in SHAPE.horizons)],
        [[model, *coverage(said[model], truth, found)] for model, found in trained.gate.bounds.items()],
    )
    about = f"{len(test)} moments of {len(np.unique(test // 86_400))} days; {machine()}."
    text = f"{about}\n\n{table}\n\n{compared}\n\n{held}"
    print(text)
    first = without_a_past(first_streams(args.data))
    print(first)
    if args.write:
        write("docs/reference/quality.md", "first-streams", first)
        write("docs/reference/quality.md", "chat-rate", text)


if __name__ == "__main__":
    main()
