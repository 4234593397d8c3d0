"""How well the alerts find what happens to a stream, and how often they speak for nothing.

    python -m benchmarks.quality.analytics.anomalies [--data STREAMS] [--seeds 12] [--write]

Simulated: two hours of plain talk by regulars and some new faces, at a pace that wanders and with viewer
counts, into which one event of each kind is put, at random times and in random order, with another seed each
time. An event counts as found if an alert is raised within it or the minute after, as named if one of those
alerts has its name. Alerts at any other time are false.

Recorded: whole recordings of real chat, replayed. What happened in them is not labelled, so all that is
told is how many alerts an hour a streamer would have had, and how well the scores hold: of windows without
trend, a share of p should score above 1 - p.
"""

from __future__ import annotations

import argparse
import gzip
import json
import math
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import NamedTuple
from zoneinfo import ZoneInfo

from benchmarks.table import markdown, write
from hikari_ml.config import AnalyticsSettings
from hikari_ml.realtime_analytics.alarms.anomalies import Raised
from hikari_ml.realtime_analytics.alarms.forest import Forest
from hikari_ml.realtime_analytics.stream import StreamSoFar
from hikari_ml.results import MessageAnalysis

KINDS = ("raid", "hate_raid", "copypasta", "bot_flood", "spam_bot", "dead_chat")
NAMED = {"spam_bot": "bot_flood"}
HOURS = 2.0
GRACE = 60.0
START = datetime(2026, 1, 10, 18, tzinfo=UTC)

WORDS = """the a this that boss run again nice wow how did you see it no way left right jump go back try one
more time good bad luck today stream chat game level music love it was so close almost there wait what map key
door fire water sword build sub hype calm night morning food tea coffee work school later soon never
always""".split()
SLURS = ("you are all trash go away", "worst streamer ever kill the stream", "garbage people garbage chat")
PASTA = "I came here for the plot and stayed for the boss fight, this is my story"


class Said(NamedTuple):
    """One message; ``toxic`` is what an analyser would have said of it."""

    at: float
    username: str
    text: str
    toxic: bool = False


@dataclass(frozen=True)
class Event:
    """Something that happened, in seconds of stream."""

    kind: str
    start: float
    end: float


@dataclass
class Evening:
    """A simulated stream: messages, viewer counts, and what was put into it."""

    said: list[Said]
    viewers: list[tuple[float, float]]
    events: list[Event]


def evening(seed: int, *, watched: bool = True) -> Evening:
    """One evening; without ``watched`` there are no viewer counts."""
    rng = Random(seed)
    rate = math.exp(rng.uniform(math.log(6), math.log(60)))
    events = list(_events(rng))
    said = list(_talk(rng, rate, events))
    for event in events:
        said += _happens(rng, event, rate)
    return Evening(sorted(said), list(_viewers(rng, events)) if watched else [], events)


def _events(rng: Random) -> Iterator[Event]:
    kinds = rng.sample(KINDS, k=len(KINDS))
    for i, kind in enumerate(kinds):
        start = 1800 + i * 900 + rng.uniform(0, 300)
        yield Event(kind, start, start + rng.uniform(*((180, 300) if kind == "dead_chat" else (60, 150))))


def _talk(rng: Random, rate: float, events: list[Event]) -> Iterator[Said]:
    """Plain talk: a pace that wanders, laughs in chorus now and then, a new face every few minutes."""
    people = [f"regular{i}" for i in range(max(8, int(rate * 1.5)))]
    silent = [event for event in events if event.kind == "dead_chat"]
    at, wander, new = 0.0, 0.0, 0
    while at < HOURS * 3600:
        wander = 0.995 * wander + rng.gauss(0, 0.04)
        at += rng.expovariate(rate / 60 * math.exp(wander))
        if any(event.start <= at < event.end for event in silent):
            continue
        who = rng.choice(people)
        if rng.random() < 0.03:
            new += 1
            who = f"visitor{new}"
        roll = rng.random()
        text = rng.choice(("LUL", "gg", "hello chat", "KEKW")) if roll < 0.15 else _line(rng)
        yield Said(at, who, text, toxic=rng.random() < 0.01)


def _line(rng: Random) -> str:
    return " ".join(rng.choices(WORDS, k=rng.randint(2, 9)))


def _happens(rng: Random, event: Event, rate: float) -> Iterator[Said]:
    """What an event adds to the talk, at one to four times its pace."""
    many = max(15, int(rate / 60 * rng.uniform(1, 4) * (event.end - event.start)))
    base = rng.choice(SLURS if event.kind == "hate_raid" else ("raid from mika", "buy cheap followers at"))
    for i in range(many if event.kind != "dead_chat" else 0):
        at = event.start + rng.uniform(0, event.end - event.start) * rng.random()
        who = f"{event.kind}{rng.randrange(max(8, many // 2))}"
        match event.kind:
            case "raid":
                yield Said(at, who, rng.choice((base, "hi from the raid", _line(rng))))
            case "hate_raid":
                yield Said(at, who, rng.choice((base, _line(rng))), toxic=rng.random() < 0.6)
            case "copypasta":
                yield Said(at, f"regular{rng.randrange(max(8, int(rate)))}", PASTA)
            case "bot_flood":
                yield Said(
                    at, who, f"{base} cheap-views{i % 3}.example" if rng.random() < 0.7 else base + " now"
                )
            case _:
                yield Said(at, "spam_bot", base + " cheap-views.example now")


def _viewers(rng: Random, events: list[Event]) -> Iterator[tuple[float, float]]:
    viewers, joined = rng.uniform(60, 900), 1.0
    for at in range(0, int(HOURS * 3600), 30):
        raided = any(event.kind == "raid" and event.start <= at < event.start + 30 for event in events)
        joined = joined * rng.uniform(1.3, 2.0) if raided else 1 + (joined - 1) * 0.98
        viewers *= math.exp(rng.gauss(0, 0.008))
        yield float(at), float(round(viewers * joined))


class Replayed(NamedTuple):
    """What came of a stream."""

    alerts: list[Raised]
    scores: list[float]
    hours: float


def replay(said: Iterable[Said], viewers: Iterable[tuple[float, float]] = ()) -> Replayed:
    """Count messages and viewers in the order of time, as the engine does."""
    stream = StreamSoFar(AnalyticsSettings(), ZoneInfo("UTC"))
    judged = stream._stream  # what it thinks of windows that raise no alert is told nowhere else
    scores: list[float] = []
    verdict = judged.judge

    def judge(*given):  # type: ignore[no-untyped-def] # noqa: ANN002, ANN202
        found = verdict(*given)
        scores.append(judged.score)
        return found

    judged.judge = judge  # type: ignore[method-assign]
    news: list[Raised] = []
    steps: list[tuple[float, Said | float]] = [(message.at, message) for message in said]
    steps += [(at + 0.001, value) for at, value in viewers]
    steps.sort(key=lambda step: step[0])
    for at, step in steps:
        moment = START + timedelta(seconds=at if isinstance(step, Said) else at - 60)
        _prepare(stream, moment)
        if isinstance(step, Said):
            counted = stream.count(step.username, step.text, moment, None, _analysis(step), ())
            news += [found for found in counted.news if isinstance(found, Raised)]
        else:
            stream.watched(START.timestamp() + at, step)
            news += [found for found in stream.settle(moment) if isinstance(found, Raised)]
    hours = (steps[-1][0] - steps[0][0]) / 3600
    return Replayed(news, [score for score in scores if score > 0], hours)


def _prepare(stream: StreamSoFar, moment: datetime) -> None:
    while True:
        for part in stream.due():
            if part.overdue:  # as the engine does, which fits meanwhile
                part.learn(Forest(part.rows()))
        if stream.catch_up(moment):
            return


def _analysis(said: Said) -> MessageAnalysis | None:
    if not said.toxic:
        return None
    toxicity = {"overall": 0.9, "is_toxic": True, "categories": {}}
    sentiment = {
        "members_used": ["vader"],
        "aggregate": {"score": 0.2, "label": "negative", "confidence": 0.5},
    }
    return {"sentiment": sentiment, "emotion": {"primary": "anger"}, "toxicity": toxicity, "keywords": []}  # type: ignore[return-value]


def simulated(seeds: int) -> str:
    """The table of what was found."""
    rows: list[tuple[object, ...]] = []
    for watched in (True, False):
        found, named, total, false, hours = (
            Counter[str](),
            Counter[str](),
            Counter[str](),
            Counter[str](),
            0.0,
        )
        for seed in range(seeds):
            past = evening(seed, watched=watched)
            done = replay(past.said, past.viewers)
            hours += done.hours
            left = list(done.alerts)
            for event in past.events:
                own = [a for a in left if event.start <= a.at - START.timestamp() <= event.end + GRACE]
                left = [a for a in left if a not in own]
                total[event.kind] += 1
                found[event.kind] += bool(own)
                named[event.kind] += NAMED.get(event.kind, event.kind) in {a.kind for a in own}
            false.update(a.kind for a in left)
        mode = "with viewer counts" if watched else "without"
        rows += [
            (kind, mode, total[kind], f"{found[kind] / total[kind]:.2f}", f"{named[kind] / total[kind]:.2f}")
            for kind in KINDS
        ]
        told = ", ".join(f"{kind} {count / hours:.2f}" for kind, count in false.most_common())
        rows.append(("false alerts an hour", mode, "", f"{sum(false.values()) / hours:.2f}", told))
    return markdown(("event", "", "events", "found", "and named so"), rows)


def recorded(folder: Path) -> str:
    """The table of what recordings raise."""
    rows = []
    for source in sorted(path for path in folder.iterdir() if path.is_dir()):
        kinds, scores, hours, files = Counter[str](), [], 0.0, 0
        for path in sorted(source.glob("*.jsonl.gz")):
            done = replay(_said(path))
            kinds.update(alert.kind for alert in done.alerts)
            scores += done.scores
            hours += done.hours
            files += 1
        if not files:
            continue
        shares = [sum(score > 1 - p for score in scores) / max(1, len(scores)) for p in (0.1, 0.05, 0.01)]
        told = ", ".join(f"{kind} {count}" for kind, count in kinds.most_common())
        rows.append(
            (
                source.name,
                files,
                f"{hours:.1f}",
                f"{sum(kinds.values()) / hours:.2f}",
                *(f"{s:.3f}" for s in shares),
                told,
            )
        )
    head = (
        "recordings",
        "files",
        "hours",
        "alerts an hour",
        "score > .9",
        "> .95",
        "> .99",
        "alerts by kind",
    )
    return markdown(head, rows)


def _said(path: Path) -> Iterator[Said]:
    first = None
    with gzip.open(path, "rt", encoding="utf-8") as file:
        for line in file:
            row = json.loads(line)
            at = datetime.fromisoformat(row["timestamp"]).timestamp()
            first = at if first is None else first
            yield Said(at - first, row["username"], row["text"])


def main() -> None:
    """Measure and print, or write into the page of figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--data", type=Path, help="folder of recordings")
    parser.add_argument("--seeds", type=int, default=12)
    parser.add_argument("--write", action="store_true")
    arguments = parser.parse_args()
    tables = [simulated(arguments.seeds)] + ([recorded(arguments.data)] if arguments.data else [])
    text = "\n\n".join(tables)
    if arguments.write:
        write("docs/reference/quality.md", "anomalies", text)
    print(text)


if __name__ == "__main__":
    main()
