"""What still holds: of statements that fill the same slot of the same person, the latest; pure.

"I moved to Berlin" takes the place of "I live in Munich", whose time stays readable: each statement holds
from when it was said until another value is said. That is computed from the memories and never stored. So it
does not depend on the order in which they arrived, and when one goes, what it superseded holds again.

There may be two homes or jobs at a time: "I live in Germany" stands beside "I live in Berlin", and only a
move or "now" takes the place of both.
"""

from __future__ import annotations

import re
from bisect import insort
from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Final, NamedTuple

from hikari_ml.chat import user_key
from hikari_ml.context_memory.record import Record
from hikari_ml.context_memory.relations import statements
from hikari_ml.context_memory.statement import Statement, worded
from hikari_ml.text.stopwords import stop_words

Place = tuple[str, str]
"""Whose slot, by user key, and which."""

Filling = tuple[int, str]
"""Which memory fills a slot, and with what."""


class Span(NamedTuple):
    """When a statement held (epoch milliseconds): until ``by`` was said at ``end``; None: it does."""

    start: int
    end: int | None = None
    by: int | None = None


@dataclass(slots=True)
class _Memory:
    """What a memory says of slots; with ``only``, it says nothing else of its speaker."""

    places: list[Place]
    only: bool


KEPT: Final = 100
"""Statements of one place that are weighed, the latest; what is older is past and stays so."""

BESIDES: Final = 2
"""Words that a line may say beside what fills slots, and still be nothing but that."""

TELLING: Final = tuple(
    """
    live living moved relocated work working job name names named called call turned year years married
    engaged divorced widowed single birthday favourite favorite fav fave main now fired laid sacked redundant
    broke broken dumped died passed
    """.split()
)
"""Words without one of which no line fills a slot: most lines need no closer look when a store is opened."""

_TELLING = re.compile(rf"\b(?:{'|'.join(TELLING)})\b", re.IGNORECASE)

_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")
_PASSING: Final = frozenset(
    """
    i'm i've i'll it's that's don't im ive lol lmao haha hahaha btw tbh ngl xd omg yeah yes well day days
    week weeks month months year years today yesterday recently finally actually
    """.split()
)
"""Words besides the common ones that tell nothing, or only when."""


class Validity:
    """Every statement that fills a slot, in the order in which they were said."""

    def __init__(self) -> None:
        self._memories: dict[int, _Memory] = {}
        self._said: dict[Place, list[tuple[int, int]]] = defaultdict(list)
        self._statements: dict[tuple[Place, int], list[Statement]] = defaultdict(list)
        self._spans: dict[Place, dict[int, tuple[Span, ...]]] = defaultdict(dict)
        self._standing: dict[Place, Collection[Filling]] = {}
        self._closed: set[int] = set()
        self._superseded: set[int] = set()

    @classmethod
    def of(cls, records: Iterable[Record]) -> Validity:
        """What ``records`` say, told once for all of them."""
        validity = cls()
        validity.fill(records)
        return validity

    def __len__(self) -> int:
        """How many memories are superseded."""
        return len(self._superseded)

    def fill(self, records: Iterable[Record]) -> None:
        """Take in what many memories say, each for the first time; every place is weighed once."""
        places: dict[Place, None] = {}
        for record in records:
            for place in self._noted(record):
                places[place] = None
                self._said[place] += [(moment, record.key) for moment in record.times_said]
        for place in places:
            self._said[place].sort()
        self._settle(places)

    def put(self, record: Record) -> set[int]:
        """Take in what ``record`` says and when; returns the keys of memories whose standing changed."""
        touched = self.remove([record.key])
        places = self._noted(record)
        for place in places:
            for moment in record.times_said:
                insort(self._said[place], (moment, record.key))
        return touched | self._settle(places)

    def _noted(self, record: Record) -> list[Place]:
        """Keep what ``record`` says, but not yet when; returns the places that it speaks of."""
        found = filling(record)
        if not found:
            return []
        user = user_key(record.user or "")
        places = [(user, slot) for slot in slots_of(found)]
        self._memories[record.key] = _Memory(places, says_only(record, found))
        for place in places:
            self._statements[place, record.key] = [each for each in found if each.slot == place[1]]
        return places

    def remove(self, keys: Iterable[int]) -> set[int]:
        """Forget what memories said; returns the keys of memories whose standing changed."""
        gone: dict[int, None] = {key: None for key in keys if key in self._memories}
        places: dict[Place, None] = {}
        for key in gone:
            for place in self._memories.pop(key).places:
                places[place] = None
                del self._statements[place, key]
        for place in places:
            self._said[place] = [entry for entry in self._said[place] if entry[1] not in gone]
        self._closed.difference_update(gone)
        self._superseded.difference_update(gone)
        changed = self._settle(places)
        for place in places:
            for key in gone:
                self._spans[place].pop(key, None)
            if not self._spans[place]:
                del self._spans[place], self._said[place]
                self._standing.pop(place, None)
        return changed | gone.keys()

    def needed(self, keys: Collection[int]) -> set[int]:
        """Those of ``keys`` that superseded a memory which is not among them: without them it would hold."""
        going = set(keys)
        while True:
            stays = {
                spans[-1].by
                for key in self._closed - going
                for spans in self._of(key)
                if spans[-1].end is not None and spans[-1].by in going
            }
            if not stays:
                return set(keys) - going
            going -= stays

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
                    return (key, _folded(thing)) in self._standing[place]
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
            changed |= self._retold(place)
        for key in changed & self._memories.keys():
            ended = any(span.end is not None for spans in self._of(key) for span in spans)
            (self._closed.add if ended else self._closed.discard)(key)
            (self._superseded.discard if self._holds_at(key, None) else self._superseded.add)(key)
        return changed

    def _retold(self, place: Place) -> set[int]:
        """Tell the story of one place again, and let go of its oldest beginning."""
        spans, said = self._spans[place], self._said[place]
        told, self._standing[place] = self._told(place)
        changed = {key for key, found in told.items() if spans.get(key) != found}
        spans.update(told)
        if len(said) > KEPT:
            oldest = {key for _, key in said[:-KEPT]} - {key for _, key in said[-KEPT:]}
            del said[:-KEPT]
            self._standing[place] = [each for each in self._standing[place] if each[0] not in oldest]
            moment, by = said[0]
            for key in oldest:
                spans[key] = tuple(Span(s.start, moment, by) if s.end is None else s for s in spans[key])
            changed |= oldest
        return changed

    def _told(self, place: Place) -> tuple[dict[int, tuple[Span, ...]], Collection[Filling]]:
        """The spans of every statement of a slot, and who fills it in the end.

        The same value said again supersedes nothing, and a line that corrects itself is not its own past.
        """
        spans: dict[int, list[Span]] = {key: [] for _, key in self._said[place]}
        standing: dict[Filling, int] = {}
        for moment, key in self._said[place]:
            for each in self._statements[place, key]:
                said = _folded(each.thing)
                for other, start in [*standing.items()] if each.ends or not each.beside else ():
                    if (said in ("", other[1])) == each.ends:
                        del standing[other]
                        if other[0] != key or start != moment:
                            spans[other[0]].append(Span(start, moment, key))
                if not each.ends:
                    standing.setdefault((key, said), moment)
        for (key, _), start in standing.items():
            spans[key].append(Span(start))
        return {key: tuple(found) for key, found in spans.items()}, standing.keys()


def says_only(record: Record, found: list[Statement]) -> bool:
    """Whether a memory says of its speaker hardly anything but what fills slots."""
    if not all(each.slot or each.ends for each in found):
        return False
    text = worded(record.content)
    for each in sorted(found, key=lambda each: -each.start):
        text = text[: each.start] + " " + text[each.end :]
    common = stop_words("en") | _PASSING
    words = [word for word in _WORD.findall(text.casefold()) if word not in common]
    return len(words) <= BESIDES


def filling(record: Record) -> list[Statement]:
    """What a memory states of its speaker, if any of it fills a slot."""
    if record.user is None or not _TELLING.search(record.content):
        return []
    found = statements(worded(record.content))
    return found if any(each.slot for each in found) else []


def slots_of(found: Iterable[Statement]) -> list[str]:
    """The slots that statements fill or empty, without repeats."""
    return list(dict.fromkeys(each.slot for each in found if each.slot))


def _folded(thing: str) -> str:
    return thing.casefold()
