"""Does a channel teach what its emotes mean? Ratings are hidden, learned from words, and compared.

    python -m benchmarks.quality.emotes --data RECORDING [RECORDING ...] [--write]

The recordings are grouped by channel (their names without the number at the end). Half of the rated emotes
are treated as if nobody had rated them, then the other half; what a channel taught of each is compared with
its hidden rating. Nothing is fitted on the recordings beforehand. ``--write`` puts the table into
docs/reference/quality.md.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from scipy.stats import spearmanr

from benchmarks.table import markdown, write

LEAST = 10.0
"""Messages behind an emote that is compared."""

CLEAR = 0.25
"""Ratings this far from neutral have a sign to get right."""

BATCH = 64
RESAMPLES = 2000


@dataclass(frozen=True, slots=True)
class Lesson:
    """What the learner is given of a message."""

    cues: tuple[Any, ...]
    company: Any
    user: str
    text: str
    at: float


def lessons(paths: Sequence[Path]) -> list[Lesson]:
    """Every message of words and emotes in ``paths``, read by the bundled model and VADER."""
    from hikari_ml.chat import user_key
    from hikari_ml.config import Settings
    from hikari_ml.models.catalog import bundled_encoder
    from hikari_ml.models.entities import EntityFinder
    from hikari_ml.models.reading import CachedReader
    from hikari_ml.platforms.replay import Recording
    from hikari_ml.sentiment_analysis.analyzer import company_of
    from hikari_ml.sentiment_analysis.signals import Request, SignalReader

    reader = SignalReader(CachedReader(bundled_encoder(), 16_384), EntityFinder())
    weights = Settings().sentiment.weights.model_dump()
    found = []
    for path in paths:
        recording = iter(Recording(path))
        while batch := list(islice(recording, BATCH)):
            read = reader.read([Request(message.text, message.emotes) for message in batch])
            for message, signals in zip(batch, read, strict=True):
                company = company_of(signals, weights)
                if company and any(cue.kind == "emote" for cue in signals.cues):
                    user, at = user_key(message.username), message.timestamp.timestamp()
                    found.append(Lesson(signals.cues, company, user, signals.text_key, at))
    return found


def learned(given: Sequence[Lesson]) -> list[tuple[float, float]]:
    """(what was learned, the hidden rating) of every rated emote with enough messages behind it."""
    from hikari_ml.text.cues import emote_ratings
    from hikari_ml.text.emotes import EmoteMeanings

    pairs = []
    for half in (0, 1):
        hidden = {t: r for t, r in emote_ratings().items() if blake2b(t.encode()).digest()[0] % 2 == half}
        meanings = EmoteMeanings({t: r for t, r in emote_ratings().items() if t not in hidden})
        for lesson in given:
            meanings.learn(lesson.cues, lesson.company, lesson.user, lesson.text, lesson.at)
        for token, rating in hidden.items():
            found = meanings.meaning(token)
            if found and found.messages >= LEAST:
                pairs.append((found.rating.valence, rating.valence))
    return pairs


def row(name: str, given: Sequence[Lesson]) -> tuple[str, ...]:
    """One channel's line of the table."""
    pairs = np.array(learned(given))
    if len(pairs) < 5:
        return name, str(len(given)), str(len(pairs)), "-", "-", "-"
    taught, rated = pairs.T
    clear = np.abs(rated) >= CLEAR
    drawn = np.random.default_rng(0).integers(0, len(pairs), (RESAMPLES, len(pairs)))
    low, high = np.nanpercentile([spearmanr(taught[i], rated[i])[0] for i in drawn], [2.5, 97.5])
    return (
        name,
        str(len(given)),
        str(len(pairs)),
        f"{spearmanr(taught, rated)[0]:.2f} ({low:.2f} to {high:.2f})",
        f"{int((np.sign(taught) == np.sign(rated))[clear].sum())} of {int(clear.sum())}",
        f"{np.abs(taught - rated).mean():.2f} (neutral {np.abs(rated).mean():.2f})",
    )


def measure(paths: Sequence[Path]) -> str:
    """The table as Markdown."""
    channels: defaultdict[str, list[Path]] = defaultdict(list)
    for path in paths:
        channels[path.name.split(".")[0].rstrip("0123456789")].append(path)
    header = (
        "channel",
        "lessons",
        "emotes",
        "Spearman with the hidden ratings",
        "sign right",
        "mean distance",
    )
    return markdown(header, [row(name, lessons(files)) for name, files in channels.items()])


def main() -> None:
    """Measure, print, and write if asked."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, nargs="+", required=True)
    parser.add_argument("--write", action="store_true")
    given = parser.parse_args()
    found = measure(given.data)
    print(found)
    if given.write:
        write("docs/reference/quality.md", "emotes", found)


if __name__ == "__main__":
    main()
