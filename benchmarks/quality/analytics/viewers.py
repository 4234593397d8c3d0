"""Engagement from real lines, and accounts taken for programs by what they do.

    python -m benchmarks.quality.analytics.viewers --data FOLDER [--others RECORDING ...] [--write]

FOLDER holds days of chat (``chat_*.jsonl.gz``) of one channel and its viewer-days (``user_day_*.csv.gz``).
The chat is replayed; whoever spoke in it is scored at its end and came back or not within seven days after.
``engagement`` knows the replayed days alone, ``with earlier days`` those of the weeks before too. Then all
accounts are listed that are taken for programs by what they do, also in the other recordings; the list of
known bots is not looked at. Last comes what viewers take. ``--write`` puts all of it into
docs/reference/quality.md.
"""

from __future__ import annotations

import argparse
import random
import tracemalloc
from collections.abc import Iterable, Sequence
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import msgpack
import numpy as np
from sklearn.metrics import average_precision_score, roc_auc_score

from benchmarks.quality.analytics.returns import Days, read
from benchmarks.table import markdown, write
from hikari_ml.chat import ChatMessage, user_key
from hikari_ml.config import KNOWN_BOTS
from hikari_ml.platforms.replay import Recording
from hikari_ml.realtime_analytics.audience.bots import Commands
from hikari_ml.realtime_analytics.audience.returning import HORIZON
from hikari_ml.realtime_analytics.audience.viewers import Viewer, Viewers
from hikari_ml.realtime_analytics.audience.visits import day_number
from hikari_ml.realtime_analytics.features import measure

ZONE = ZoneInfo("Europe/Berlin")
RESAMPLES = 200
START = datetime(2026, 1, 10, 20, tzinfo=UTC)
PAGE = "docs/reference/quality.md"


def replay(messages: Iterable[ChatMessage]) -> tuple[Viewers, dict[str, str]]:
    """Everybody who spoke, and by key the reason for which an account was ever taken for a program."""
    viewers, commands, taken = Viewers(ZONE, 10**6), Commands(), dict[str, str]()
    for message in messages:
        measured = measure(message.username, message.text, message.timestamp, None, (), 0)
        key = user_key(message.username)
        follows = commands.follows(key, message.timestamp.timestamp(), command=measured.command)
        viewer = viewers.seen(measured, answers=follows, chance=commands.chance)
        if viewer.bot is not None:
            taken[key] = viewer.bot
    return viewers, taken


def with_earlier(viewer: Viewer, days: Days, who: int, before: int) -> Viewer:
    """A copy that has come on its earlier days too."""
    found = deepcopy(viewer)
    begin, end = np.searchsorted(days.past.who, [who, who + 1])
    for day in days.past.days[begin:end]:
        if day < before:
            found.visits.add(int(day))
    return found


def scored(viewers: Viewers, days: Days, first: int, last: int) -> str:
    """How well engagement on day ``last`` tells who comes back."""
    plain, whole, volume, came = [], [], [], []
    for who, name in enumerate(days.names):
        viewer = viewers.get(name)
        if viewer is None or viewer.bot is not None:
            continue
        begin, end = np.searchsorted(days.past.who, [who, who + 1])
        later = days.past.days[begin:end]
        came.append(bool(((later > last) & (later <= last + HORIZON)).any()))
        plain.append(viewer.engagement(last))
        whole.append(with_earlier(viewer, days, who, first).engagement(last))
        volume.append(float(viewer.messages))
    answers, rng = np.array(came), np.random.default_rng(0)
    drawn = [rng.integers(0, len(answers), len(answers)) for _ in range(RESAMPLES)]
    rows = []
    for title, scores in (("messages", volume), ("engagement", plain), ("with earlier days", whole)):
        values = np.array(scores)
        low, high = np.percentile([roc_auc_score(answers[at], values[at]) for at in drawn], [2.5, 97.5])
        area, precision = roc_auc_score(answers, values), average_precision_score(answers, values)
        rows.append((title, f"{area:.3f} ({low:.3f} to {high:.3f})", f"{precision:.3f}"))
    head = f"{len(answers):,} viewers, {answers.mean():.3f} of them came back.\n\n"
    return head + markdown(("scored by", "AUC (95 %)", "AP"), rows)


def programs(name: str, viewers: Viewers, taken: dict[str, str]) -> list[tuple[str, ...]]:
    """Accounts taken for programs, and how many there were to take."""
    everybody = [*viewers.visits()]
    known = sum(viewers.get(bot) is not None for bot in KNOWN_BOTS)
    found = [
        (name, key if key in KNOWN_BOTS else "another account", why) for key, why in sorted(taken.items())
    ]
    return [
        *found,
        (name, f"of {len(everybody) + len(taken):,} accounts, {known} known bots", f"{len(taken)} taken"),
    ]


def size(people: int = 2_000, lines: int = 20) -> str:
    """What 10,000 made-up viewers take, by a fifth of them; they say three words about once a day."""
    rng, viewers, said = random.Random(0), Viewers(ZONE, people), []
    for i in range(people * lines):
        words = tuple(f"word{rng.randrange(3000)}" for _ in range(3))
        at = START + timedelta(seconds=i * 86_400 / people)
        said.append(measure(f"viewer{rng.randrange(people)}", " ".join(words), at, None, words, 0))
    tracemalloc.start()
    while said:
        viewers.seen(said.pop(0))
    used, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    packed = len(msgpack.packb(list(viewers.pack())))
    each = 10_000 / len(viewers) / 1e6
    whom = f"10,000 viewers of {lines} lines on about {lines} days"
    return f"{whom} take {used * each:.0f} MB, and {packed * each:.0f} MB in the state file."


def chat(paths: Sequence[Path]) -> Iterable[ChatMessage]:
    """The messages of several recordings, one after the other."""
    for path in paths:
        yield from Recording(path)


def main() -> None:
    """Measure, print, and write if asked to."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--others", type=Path, nargs="*", default=[])
    parser.add_argument("--write", action="store_true")
    given = parser.parse_args()
    messages = list(chat(sorted(given.data.glob("chat_*.jsonl.gz"))))
    first, last = (day_number(m.timestamp.astimezone(ZONE).date()) for m in (messages[0], messages[-1]))
    viewers, taken = replay(messages)
    rows = programs(given.data.name, viewers, taken)
    for path in given.others:
        rows += programs(path.name.split(".")[0], *replay(chat([path])))
    taken_for_programs = markdown(("recording", "account", "why"), rows)
    tables = f"{scored(viewers, read(given.data), first, last)}\n\n{taken_for_programs}"
    tables += f"\n\n{size()}"
    print(tables)
    if given.write:
        write(PAGE, "viewers", tables)


if __name__ == "__main__":
    main()
