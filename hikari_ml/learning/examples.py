"""Labelled chat lines: reading them from files, and what is left unknown about each."""

from __future__ import annotations

import gzip
import json
import math
import tomllib
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from random import Random
from typing import Any, Final

from hikari_ml.errors import InputError, RecordingError
from hikari_ml.results import EMOTIONS, SENTIMENT_CLASSES, TOXICITY_LABELS
from hikari_ml.text.normalize import clean, for_model

OWN_LINES: Final = resources.files("hikari_ml.learning") / "lines"

SWEARING: Final = ["obscene"]
"""How a line of our own is labelled that swears at nobody: none of the other five labels is true of it."""

UNKNOWN: Final = math.nan
"""A label the source does not give; the loss skips it."""

OWN: Final = "own-"
"""What the source of a line of the project's own begins with; the rest is the name of its file."""


@dataclass(frozen=True, slots=True)
class Example:
    """One labelled text, in the form the model reads.

    ``sentiment`` is a class index or -1; ``emotion`` and ``toxicity`` hold 0, 1 or :data:`UNKNOWN`
    for each of :data:`~hikari_ml.results.EMOTIONS` and :data:`~hikari_ml.results.TOXICITY_LABELS`.
    """

    text: str
    sentiment: int = -1
    emotion: tuple[float, ...] = (UNKNOWN,) * len(EMOTIONS)
    toxicity: tuple[float, ...] = (UNKNOWN,) * len(TOXICITY_LABELS)
    source: str = ""


def read_folder(folder: Path, *, languages: frozenset[str] | None = None) -> list[Example]:
    """Read ``sentiment``, ``emotion`` and ``toxicity`` ``.jsonl[.gz]`` from ``folder``.

    A line is an object with ``text`` and, by the file's task, ``label`` (a sentiment class),
    ``labels`` (a list of emotions) or ``labels`` (an object of toxicity labels with 1, 0 or null).
    ``languages`` keeps only rows whose ``lang`` is among them.

    Raises:
        InputError: no such file is in the folder.
        RecordingError: a line is not what its task expects.
    """
    found: list[Example] = []
    for task in ("sentiment", "emotion", "toxicity"):
        for path in sorted(folder.glob(f"{task}*.jsonl*")):
            for number, row in _rows(path):
                if languages is None or row.get("lang", "en") in languages:
                    found.append(_example(task, row, path, number))
    if not found:
        raise InputError("data", str(folder), "it needs sentiment, emotion or toxicity .jsonl[.gz] files")
    return found


def own_lines(*, languages: frozenset[str] | None = None) -> list[Example]:
    """The chat lines this project wrote and labelled itself; ``languages`` keeps those in one of them."""
    found = []
    for path in sorted(OWN_LINES.iterdir(), key=lambda path: path.name):
        groups = tomllib.loads(path.read_text(encoding="utf-8"))["group"]
        source = OWN + path.name.removesuffix(".toml")
        found += [
            _own(line, group, source)
            for group in groups
            if languages is None or group.get("lang", "en") in languages
            for line in group["lines"]
        ]
    return found


def split(examples: Sequence[Example], held_out: float, rng: Random) -> tuple[list[Example], list[Example]]:
    """Shuffle and part ``examples`` into a training and a held-out list; equal texts stay together."""
    texts = sorted({example.text for example in examples})
    rng.shuffle(texts)
    chosen = frozenset(texts[: int(len(texts) * held_out)])
    train = [example for example in examples if example.text not in chosen]
    rng.shuffle(train)
    return train, [example for example in examples if example.text in chosen]


def only(examples: Iterable[Example], heads: Collection[str]) -> list[Example]:
    """The ``examples`` that say something to one of ``heads``, and only what they say to them."""
    found = []
    for example in examples:
        said = {head: getattr(example, head) for head in heads}
        if any(is_known(labels) for labels in said.values()):
            found.append(Example(example.text, source=example.source, **said))
    return found


def is_known(labels: int | tuple[float, ...]) -> bool:
    """Whether a text has any label of a head."""
    return labels >= 0 if isinstance(labels, int) else not all(map(math.isnan, labels))


def passed(examples: Sequence[Example], passes: Mapping[str, float], rng: Random) -> list[Example]:
    """``examples`` as often as ``passes`` says of their source, once where it says nothing.

    A fraction is the chance of one more copy: 0.5 keeps about half of a source.
    """
    found = []
    for example in examples:
        times = passes.get(example.source, 1.0)
        found += [example] * (int(times) + (rng.random() < times % 1))
    return found


def _rows(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    with gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            try:
                row = json.loads(line)
            except ValueError as error:
                raise RecordingError(path, number, f"not JSON: {error}") from error
            if not isinstance(row, dict) or not isinstance(row.get("text"), str):
                raise RecordingError(path, number, "needs an object with a text")
            yield number, row


def _example(task: str, row: dict[str, Any], path: Path, number: int) -> Example:
    text = for_model(clean(row["text"]))
    source = str(row.get("source", path.name.partition(".")[0]))
    try:
        if task == "sentiment":
            return Example(text, sentiment=_class(row["label"]), source=source)
        if task == "emotion":
            return Example(text, emotion=_flags(row["labels"], EMOTIONS), source=source)
        labels = dict(row["labels"])
        if row.get("weak"):  # set by a word list, not by a person
            labels["obscene"] = None
        return Example(text, toxicity=_nullable(labels), source=source)
    except KeyError as error:
        raise RecordingError(path, number, f"it lacks {error}") from error
    except (TypeError, ValueError) as error:
        raise RecordingError(path, number, f"not a {task} label: {error}") from error


def _class(label: object) -> int:
    if label not in SENTIMENT_CLASSES:
        raise ValueError(f"{label!r} is none of {', '.join(SENTIMENT_CLASSES)}")
    return SENTIMENT_CLASSES.index(label)


def _own(line: str, group: dict[str, Any], source: str) -> Example:
    toxicity = (UNKNOWN,) * len(TOXICITY_LABELS)
    if group.get("clean"):
        toxicity = (0.0,) * len(TOXICITY_LABELS)
    elif "toxicity" in group:
        rest = 0.0 if group["toxicity"] == SWEARING else UNKNOWN
        toxicity = tuple(1.0 if label in group["toxicity"] else rest for label in TOXICITY_LABELS)
    return Example(
        for_model(clean(line)),
        sentiment=SENTIMENT_CLASSES.index(group["sentiment"]),
        emotion=_flags(group["emotion"], EMOTIONS),
        toxicity=toxicity,
        source=source,
    )


def _flags(labels: Iterable[str], names: Sequence[str]) -> tuple[float, ...]:
    labels = list(labels)
    unknown = set(labels) - set(names)
    if unknown or not labels:
        raise ValueError(f"{sorted(unknown)} not among {list(names)}")
    return tuple(float(name in labels) for name in names)


def _nullable(labels: dict[str, int | None]) -> tuple[float, ...]:
    values = [labels.get(name) for name in TOXICITY_LABELS]
    return tuple(UNKNOWN if value is None else float(value) for value in values)
