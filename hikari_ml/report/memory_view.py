"""What there is to see of one memory, gathered beside who writes it: all that the page of a memory shows."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from hikari_ml.chat import user_key
from hikari_ml.config import MemorySettings, Settings
from hikari_ml.context_memory.decay import decayed, stability
from hikari_ml.context_memory.graph import SEEN
from hikari_ml.context_memory.protocol import MemorySystem
from hikari_ml.context_memory.system import NeuralMemorySystem
from hikari_ml.results import Episode, Memory, MemoryStats, Relation, Theme, Tier
from hikari_ml.runtime.clock import ManualClock
from hikari_ml.times import parse

BEFORE_EVERYTHING: Final = datetime(1970, 1, 1, tzinfo=UTC)
RELATIONS: Final = 110
"""Relations that are drawn."""

THEMES: Final = 12
EPISODES: Final = 24
FARTHEST: Final = timedelta(days=365 * 500)
"""From when on a memory may be said to stay for good."""


@dataclass(frozen=True, slots=True)
class Line:
    """A memory as it is shown; ``base`` is its importance at ``touched``, when it was last said or recalled.

    ``until`` is when it will have faded below the floor, if nobody recalls it; None if that is never.
    ``ended`` is when it ceased to hold; None if it holds.
    """

    content: str
    who: str
    type: str
    tier: Tier
    importance: float
    base: float
    recalls: int
    arousal: float
    count: int
    created: datetime
    touched: datetime
    until: datetime | None
    reasons: tuple[str, ...]
    ended: datetime | None = None

    def worth(self, moment: datetime, daily_rate: float) -> float:
        """Importance at ``moment``, which is not before it was last touched, without recalls until then."""
        return decayed(
            self.base, (moment - self.touched).total_seconds(), self.recalls, daily_rate, self.arousal
        )


@dataclass(frozen=True, slots=True)
class Person:
    """Of whom something is remembered; ``line`` is the most important of it that holds, if anything does."""

    name: str
    memories: int
    longterm: int
    recalls: int
    first: datetime
    last: datetime
    line: Line


@dataclass(frozen=True, slots=True)
class MemoryView:
    """One memory, seen at ``at``; ``lines`` are all its memories, the most important first.

    What is superseded is among them.

    ``faded`` says that by the clock everything had faded, so that ``at`` is the last moment of the memory.
    """

    name: str
    at: datetime
    faded: bool
    settings: MemorySettings
    stats: MemoryStats
    lines: list[Line]
    people: list[Person]
    relations: list[Relation]
    themes: list[Theme]
    episodes: list[Episode]


async def look(folder: Path, settings: Settings | None = None, now: datetime | None = None) -> MemoryView:
    """Gather what the memory in ``folder`` holds, seen at ``now``; nothing is written.

    Where all of it would have faded by then, as of a recording that is years old, it is seen at its own last
    moment instead.

    Raises:
        StoreError: there is no memory, or it cannot be read.
    """
    clock = before_everything()
    memory = NeuralMemorySystem(folder, settings, read_only=True, clock=clock)
    return await look_into(memory, clock, name_of(folder), now)


def before_everything() -> ManualClock:
    """A clock at an hour when nothing has faded: what is listed is the importance that fading starts from."""
    return ManualClock(BEFORE_EVERYTHING)


async def look_into(
    memory: MemorySystem, clock: ManualClock, name: str, now: datetime | None = None
) -> MemoryView:
    """:func:`look` at any memory that goes by ``clock``, which is before everything; it is closed after."""
    now = now or datetime.now(UTC)
    async with memory:
        chosen = memory.settings.memory
        stats = await memory.get_memory_stats()
        found = await memory.list_memories(max(1, stats["total"]))
        if stats["superseded"]:
            found += await memory.list_superseded(stats["superseded"])
        at, faded = await asyncio.to_thread(seen_at, found, now, chosen)
        lines = await asyncio.to_thread(lines_of, found, at, chosen)
        clock.advance_to(at)
        relations = await memory.list_relations(max(1, stats["graph"]["edges"]))
        return MemoryView(
            name=name,
            at=at,
            faded=faded,
            settings=chosen,
            stats=stats,
            lines=lines,
            people=await asyncio.to_thread(people_of, lines),
            relations=worth_drawing(relations, RELATIONS),
            themes=await memory.themes(THEMES),
            episodes=await memory.list_episodes(EPISODES),
        )


def worth_drawing(relations: Sequence[Relation], room: int) -> list[Relation]:
    """Up to ``room`` of ``relations``, which come strongest first, as they do.

    Half of the room is for the strongest that people state of themselves: however often names occur together,
    they do not crowd that out. What one half leaves free the other takes.
    """
    stated = [relation for relation in relations if relation["kind"] not in SEEN]
    seen = [relation for relation in relations if relation["kind"] in SEEN]
    kept = stated[: max(room // 2, room - len(seen))]
    return sorted([*kept, *seen[: room - len(kept)]], key=lambda relation: -relation["strength"])


def name_of(folder: Path) -> str:
    """Whose memory lies in ``folder``: that of a channel lies in ``<data>/<channel>/memory``."""
    whole = folder.absolute()
    return whole.parent.name if whole.name == "memory" and whole.parent.name else whole.name


def seen_at(memories: Sequence[Memory], now: datetime, settings: MemorySettings) -> tuple[datetime, bool]:
    """``now``; or the last moment of ``memories``, and True, if by now all of them have faded."""
    if not memories or any(line_of(m, now, settings).importance >= settings.forget_below for m in memories):
        return now, False
    return max(parse(memory["last_access"]) for memory in memories), True


def lines_of(memories: Iterable[Memory], at: datetime, settings: MemorySettings) -> list[Line]:
    """``memories`` as they are at ``at``, the most important first."""
    return sorted((line_of(memory, at, settings) for memory in memories), key=_most_important_first)


def line_of(memory: Memory, at: datetime, settings: MemorySettings) -> Line:
    """``memory``, whose importance is that of the moment it was last touched, as it is at ``at``."""
    base, recalls, touched = memory["importance"], memory["access_count"], parse(memory["last_access"])
    arousal, reasons = memory["arousal"], memory["metadata"].get("why")
    return Line(
        content=memory["content"],
        who=str(memory["metadata"].get("user") or ""),
        type=memory["type"],
        tier=memory["tier"],
        importance=decayed(base, (at - touched).total_seconds(), recalls, settings.decay_rate, arousal),
        base=base,
        recalls=recalls,
        arousal=arousal,
        count=memory["count"],
        created=parse(memory["created_at"]),
        touched=touched,
        until=fades_at(base, stability(recalls, arousal), touched, settings),
        reasons=tuple(map(str, reasons)) if isinstance(reasons, list) else (),
        ended=None if memory["valid_to"] is None else parse(memory["valid_to"]),
    )


def fades_at(base: float, stable: float, touched: datetime, settings: MemorySettings) -> datetime | None:
    """When a memory falls below the floor: at once if it lies there; None if that takes centuries."""
    floor, rate = settings.forget_below, settings.decay_rate
    if base <= floor:
        return touched
    if floor == 0 or rate == 1:
        return None
    days = stable * math.log(floor / base) / math.log(rate)
    return touched + timedelta(days=days) if days < FARTHEST.days else None


def people_of(lines: Iterable[Line]) -> list[Person]:
    """Of whom ``lines``, the most important first, are: who has most of them first, each as last written."""
    theirs: dict[str, list[Line]] = {}
    for line in lines:
        if line.who:
            theirs.setdefault(user_key(line.who), []).append(line)
    found = [
        Person(
            name=max(said, key=lambda line: line.created).who,
            memories=len(said),
            longterm=sum(line.tier == "long_term" for line in said),
            recalls=sum(line.recalls for line in said),
            first=min(line.created for line in said),
            last=max(line.created for line in said),
            line=next((line for line in said if line.ended is None), said[0]),
        )
        for said in theirs.values()
    ]
    return sorted(found, key=lambda person: (-person.memories, -person.line.importance, person.name))


def _most_important_first(line: Line) -> tuple[float, datetime]:
    return -line.importance, line.created
