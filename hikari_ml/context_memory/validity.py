"""What still holds: of statements that fill the same slot of the same person, the latest; pure.

"I moved to Berlin" takes the place of "I live in Munich", whose time stays readable: each statement holds
from when it was said until another value is said. That is computed from the memories and never stored. So it
does not depend on the order in which they arrived, and when one goes, what it superseded holds again.
"""

from __future__ import annotations

import re
from bisect import insort
from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Final

from hikari_ml.chat import user_key
from hikari_ml.context_memory.record import Record
from hikari_ml.context_memory.relations import Statement, statements
from hikari_ml.text.cues import find_cues, without

Place = tuple[str, str]
"""Whose slot, by user key, and which."""


@dataclass(frozen=True, slots=True)
class Span:
    """When a statement held (epoch milliseconds): until ``by`` was said at ``end``; None: it does."""

    start: int
    end: int | None = None
    by: int | None = None


@dataclass(slots=True)
class _Memory:
    """What a memory says of slots; with ``only``, it says nothing else of its speaker."""

    places: list[Place]
    said: tuple[int, ...]
    only: bool


TELLING: Final = tuple(
    """
    live living moved relocated work working job name names named called call turned year years married
    engaged divorced widowed single birthday favourite favorite main
    """.split()
)
"""Words without one of which no line fills a slot: most lines need no closer look when a store is opened."""

_TELLING = re.compile(rf"\b(?:{'|'.join(TELLING)})\b", re.IGNORECASE)

NOTHING: Final[dict[int, tuple[Span, ...]]] = {}


class Validity:
    """Every statement that fills a slot, in the order in which they were said."""

    def __init__(self) -> None:
        self._memories: dict[int, _Memory] = {}
        self._said: dict[Place, list[tuple[int, int]]] = defaultdict(list)
        self._statements: dict[tuple[Place, int], list[Statement]] = defaultdict(list)
        self._spans: dict[Place, dict[int, tuple[Span, ...]]] = {}
        self._closed: set[int] = set()
        self._superseded: set[int] = set()

    @classmethod
    def of(cls, records: Iterable[Record]) -> Validity:
        """What ``records`` say, told once for all of them."""
        validity = cls()
        validity._settle(dict.fromkeys(place for record in records for place in validity._take_in(record)))
        return validity

    def __len__(self) -> int:
        """How many memories are superseded."""
        return len(self._superseded)

    def put(self, record: Record) -> set[int]:
        """Take in what ``record`` says and when; returns the keys of memories whose standing changed."""
        touched = self.remove([record.key])
        return touched | self._settle(self._take_in(record))

    def remove(self, keys: Iterable[int]) -> set[int]:
        """Forget what memories said; returns the keys of memories whose standing changed."""
        places: list[Place] = []
        gone = []
        for key in keys:
            memory = self._memories.pop(key, None)
            if memory is not None:
                gone.append(key)
                places += memory.places
                for place in memory.places:
                    del self._statements[place, key]
                    self._said[place] = [entry for entry in self._said[place] if entry[1] != key]
        self._closed.difference_update(gone)
        self._superseded.difference_update(gone)
        return self._settle(dict.fromkeys(places))

    def superseded(self, as_of: int | None = None) -> Collection[int]:
        """Keys of memories of which nothing holds any more, or did at ``as_of`` (epoch milliseconds)."""
        if as_of is None:
            return self._superseded
        return {key for key in self._closed if not self._holds_at(key, as_of)}

    def holds(self, key: int, kind: str, thing: str) -> bool:
        """Whether a relation that a memory states holds now, as all do that fill no slot."""
        memory = self._memories.get(key)
        for place in memory.places if memory else ():
            for each in self._statements[place, key]:
                if (each.kind, _folded(each.thing)) == (kind, _folded(thing)) and not each.ends:
                    spans = self._spans[place].get(key, ())
                    return bool(spans) and spans[-1].end is None
        return True

    def until(self, key: int) -> tuple[int | None, int | None]:
        """When a superseded memory ceased to hold, and the key of what superseded it; else None twice."""
        if key not in self._superseded:
            return None, None
        last = max((spans[-1] for spans in self._of(key)), key=lambda span: span.end or 0)
        return last.end, last.by

    def spans(self, key: int) -> dict[str, tuple[Span, ...]]:
        """When what a memory says of slots held, by slot."""
        memory = self._memories.get(key)
        told = {place[1]: self._spans[place].get(key) for place in (memory.places if memory else ())}
        return {slot: spans for slot, spans in told.items() if spans}

    def stated(self, key: int) -> list[Statement]:
        """What a memory says of slots."""
        memory = self._memories.get(key)
        return [each for place in (memory.places if memory else ()) for each in self._statements[place, key]]

    def _take_in(self, record: Record) -> list[Place]:
        """Note what ``record`` says and when; returns the places that are to be settled by it."""
        found = filling(record)
        if not found:
            return []
        user = user_key(record.user or "")
        places = [(user, slot) for slot in slots_of(found)]
        self._memories[record.key] = _Memory(places, record.times_said, says_only(found))
        for place in places:
            self._statements[place, record.key] = [each for each in found if each.slot == place[1]]
            for moment in record.times_said:
                insort(self._said[place], (moment, record.key))
        return places

    def _of(self, key: int) -> list[tuple[Span, ...]]:
        places = self._memories[key].places
        return [spans for place in places if (spans := self._spans[place].get(key))]

    def _holds_at(self, key: int, moment: int | None) -> bool:
        """Whether anything of a memory holds at ``moment``, or does now."""
        memory, of = self._memories[key], self._of(key)
        if not memory.only or not of:
            return True
        if moment is None:
            return any(spans[-1].end is None for spans in of)
        return any(
            span.start <= moment and (span.end is None or moment < span.end) for spans in of for span in spans
        )

    def _settle(self, places: Iterable[Place]) -> set[int]:
        """Tell again what held when in ``places``; returns the keys whose standing changed."""
        changed: set[int] = set()
        for place in places:
            before = self._spans.pop(place, NOTHING)
            if not self._said[place]:
                del self._said[place]
            else:
                self._spans[place] = self._told(place)
            after = self._spans.get(place, NOTHING)
            changed |= {key for key in {*before, *after} if before.get(key) != after.get(key)}
        for key in changed & self._memories.keys():
            ended = any(span.end is not None for spans in self._of(key) for span in spans)
            (self._closed.add if ended else self._closed.discard)(key)
            (self._superseded.discard if self._holds_at(key, None) else self._superseded.add)(key)
        return changed

    def _told(self, place: Place) -> dict[int, tuple[Span, ...]]:
        """The spans of every statement of a slot; the same value said again supersedes nothing."""
        spans: dict[int, list[Span]] = defaultdict(list)
        value = ""
        standing: dict[int, int] = {}
        for moment, key in self._said[place]:
            for each in self._statements[place, key]:
                said = _folded(each.thing)
                if standing and (said in ("", value)) == each.ends:
                    for other, start in standing.items():
                        if other != key or each.ends:
                            spans[other].append(Span(start, moment, key))
                    standing = {k: start for k, start in standing.items() if k == key and not each.ends}
                if not each.ends:
                    value = said
                    standing.setdefault(key, moment)
        for key, start in standing.items():
            spans[key].append(Span(start))
        return {key: tuple(found) for key, found in spans.items()}


def filling(record: Record) -> list[Statement]:
    """What a memory states of its speaker, if any of it fills a slot."""
    if record.user is None or not _TELLING.search(record.content):
        return []
    found = statements(without(record.content, find_cues(record.content)))
    return found if any(each.slot for each in found) else []


def slots_of(found: Iterable[Statement]) -> list[str]:
    """The slots that statements fill or empty, without repeats."""
    return list(dict.fromkeys(each.slot for each in found if each.slot))


def says_only(found: Iterable[Statement]) -> bool:
    """Whether statements say nothing of their speaker but what fills or empties slots."""
    return all(each.slot or each.ends for each in found)


def _folded(thing: str) -> str:
    return thing.casefold()
