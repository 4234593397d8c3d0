"""What a page says once although it came many times: pasted lines, and alerts of one stretch."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from hikari_ml.chat import user_key
from hikari_ml.results import Alert, RememberedLine
from hikari_ml.text.normalize import same_text_key

SAME_STRETCH: Final = timedelta(minutes=1)
"""Alerts of one kind that are no further apart belong to one stretch."""


@dataclass(frozen=True, slots=True)
class FoldedMemory:
    """The most important of some memories of the same words, how many they are and of how many people."""

    line: RememberedLine
    times: int
    people: int


@dataclass(slots=True)
class Stretch:
    """Alerts of one kind that follow each other; ``moved`` holds every reason once."""

    start: str
    end: str
    kind: str
    moved: list[str]


def fold_memories(memories: Iterable[RememberedLine]) -> list[FoldedMemory]:
    """Memories in their order, those of the same words in one: chat pastes a line longer or shorter."""
    groups: dict[frozenset[str], list[RememberedLine]] = {}
    for line in memories:
        groups.setdefault(frozenset(same_text_key(line["content"]).split()), []).append(line)
    return [
        FoldedMemory(lines[0], len(lines), len({user_key(line["username"] or "") for line in lines}))
        for lines in groups.values()
    ]


def stretches(alerts: Sequence[Alert]) -> list[Stretch]:
    """The stretches that ``alerts``, in the order of time, belong to."""
    found: list[Stretch] = []
    for alert in alerts:
        last = found[-1] if found else None
        if last is None or last.kind != alert["kind"] or _between(last.end, alert["at"]) > SAME_STRETCH:
            found.append(last := Stretch(alert["at"], alert["at"], alert["kind"], []))
        last.end = alert["at"]
        last.moved += [what for what in alert["reason"].split(", ") if what not in last.moved]
    return found


def _between(start: str, end: str) -> timedelta:
    return datetime.fromisoformat(end) - datetime.fromisoformat(start)
