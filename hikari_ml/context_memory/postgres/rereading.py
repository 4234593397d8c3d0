"""What the tables keep of how contents are read: made anew where a version before read them in another way.

A memory in a file reads such things again when it is opened (:mod:`hikari_ml.context_memory.postings`, and
its slots every time). Here they lie in tables, so whoever first opens them for writing mends these.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from hikari_ml.chat import user_key
from hikari_ml.context_memory import postings
from hikari_ml.context_memory.postgres import standing
from hikari_ml.context_memory.postgres.connection import Connection
from hikari_ml.context_memory.postgres.models import Models
from hikari_ml.context_memory.postgres.rows import COLUMNS, counted, filled, record_of, stored
from hikari_ml.context_memory.record import Record
from hikari_ml.context_memory.rows import DAMAGED

SLOTS: Final = "2"
"""How slots are read; it changes when the same content fills others."""

READING: Final = f"{postings.VERSION.decode()}.{SLOTS}"
"""How contents are read; what an earlier version wrote names none."""

PAGE: Final = 500
"""Memories looked at in one go."""

_READ_AS: Final = "SELECT value FROM meta WHERE name = 'reading'"
_READS: Final = """
INSERT INTO meta VALUES ('reading', %s) ON CONFLICT (name) DO UPDATE SET value = excluded.value
"""
_PAGE: Final = f"""
SELECT {COLUMNS}, m.slots, m.slots_only FROM memories m WHERE m.key > %s ORDER BY m.key LIMIT %s
"""  # noqa: S608  # constants
_WORDS: Final = "SELECT key, term, times FROM words WHERE key = ANY(%s)"
_DROP_WORDS: Final = "DELETE FROM words WHERE key = ANY(%s)"
_WORD: Final = "INSERT INTO words VALUES (%s, %s, %s, %s)"
_LENGTH: Final = "UPDATE memories SET length = %s WHERE key = %s"
_SLOTS: Final = "UPDATE memories SET slots = %s, slots_only = %s, superseded = false WHERE key = %s"
_DROP_SPANS: Final = "DELETE FROM spans WHERE key = ANY(%s)"
_ALL_HOLD: Final = "UPDATE links SET holds = true WHERE key = ANY(%s) AND NOT holds"


@dataclass(frozen=True, slots=True)
class _Read:
    """What a content says as it is read now, and the slots that the tables have of it."""

    record: Record
    words: Counter[str]
    fills: tuple[tuple[bytes, ...], bool]
    filled: tuple[tuple[bytes, ...], bool]

    @property
    def key(self) -> int:
        return self.record.key


async def reread(found: Connection, schema: str, models: Models) -> None:
    """Read every content again, if the last that did read in another way.

    It is one transaction: others see all of it or nothing. Who opens the memory too waits for it; what others
    would store meanwhile fails once it has waited for as long as it may.
    """
    if await _is_current(found):
        return
    await found.execute("SET LOCAL lock_timeout = 0")
    await standing.lock_everyone(found, schema)
    if await _is_current(found):  # another process was quicker
        return
    last = 0
    places: dict[str, set[bytes]] = defaultdict(set)
    while rows := await _page(found, last):
        last = rows[-1][0]
        read = await models.do(partial(_read, rows))
        await _put_words(found, read)
        await _put_slots(found, [each for each in read if each.fills != each.filled], places)
    await standing.settle(found, models, places)
    await found.execute(_READS, (READING,))


async def _is_current(found: Connection) -> bool:
    cursor = await found.execute(_READ_AS)
    return bool(await cursor.fetchone() == (READING,))


async def _page(found: Connection, last: int) -> list[Sequence[Any]]:
    cursor = await found.execute(_PAGE, (last, PAGE))
    return list(await cursor.fetchall())


def _read(rows: list[Sequence[Any]]) -> list[_Read]:
    """What can be read of ``rows``; what cannot is a fault that a check tells, and stops no opening."""
    found = []
    for *own, slots, only in rows:
        with suppress(*DAMAGED):
            record = record_of(own)
            there = tuple(map(bytes, slots)), only
            found.append(_Read(record, counted(record.content), filled(record), there))
    return found


async def _put_words(found: Connection, read: list[_Read]) -> None:
    """Write the words of those that have other ones now."""
    there: dict[int, Counter[str]] = defaultdict(Counter)
    cursor = await found.execute(_WORDS, ([each.key for each in read],))
    for key, word, times in await cursor.fetchall():
        there[key][word] = times
    other = [each for each in read if each.words != there[each.key]]
    if not other:
        return
    await found.execute(_DROP_WORDS, ([each.key for each in other],))
    lengths = [(each.words.total(), each.key) for each in other]
    await found.cursor().executemany(_LENGTH, lengths)
    rows = [(e.key, word, times, e.words.total()) for e in other for word, times in e.words.items()]
    if rows:
        await found.cursor().executemany(_WORD, rows)


async def _put_slots(found: Connection, other: list[_Read], places: dict[str, set[bytes]]) -> None:
    """Write which slots ``other`` fill now; ``places`` gets what is to be told anew of them."""
    if not other:
        return
    keys = [each.key for each in other]
    values = [(list(each.fills[0]), each.fills[1], each.key) for each in other]
    await found.cursor().executemany(_SLOTS, values)
    await found.execute(_DROP_SPANS, (keys,))
    await found.execute(_ALL_HOLD, (keys,))
    for each in other:
        places[stored(user_key(each.record.user or ""))] |= {*each.filled[0], *each.fills[0]}
