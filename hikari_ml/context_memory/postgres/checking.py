"""Whether the rows of the tables fit each other, where the database does not see to it itself.

Keys, ids and what belongs to a memory are kept by constraints. What the program derives is derived again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from functools import partial
from typing import Any, Final

from hikari_ml.chat import user_key
from hikari_ml.context_memory.episodes import FEWEST
from hikari_ml.context_memory.postgres import standing
from hikari_ml.context_memory.postgres.connection import Connection
from hikari_ml.context_memory.postgres.models import Models
from hikari_ml.context_memory.postgres.rows import (
    COLUMNS,
    conversation_of,
    counted,
    filled,
    record_of,
    stored,
)
from hikari_ml.context_memory.postgres.schema import TABLES
from hikari_ml.context_memory.postgres.upkeep import DUE
from hikari_ml.context_memory.rows import DAMAGED
from hikari_ml.results import Fault, Verification

PAGE: Final = 500

_COUNTS: Final = """
SELECT (SELECT count(*) FROM meta), (SELECT count(*) FROM memories), (SELECT count(*) FROM vectors),
    (SELECT count(*) FROM words), (SELECT count(*) FROM same), (SELECT count(*) FROM links),
    (SELECT count(*) FROM spans), (SELECT count(*) FROM episodes), (SELECT count(*) FROM requests)
"""
_WITHOUT_VECTOR: Final = """
SELECT 'memories', key, 'has no vector' FROM memories m
WHERE NOT EXISTS (SELECT FROM vectors v WHERE v.key = m.key) ORDER BY key
"""
_OTHER_LENGTH: Final = """
SELECT 'vectors', v.key, format('has %%s numbers and not %%s', vector_dims(v.embedding), d.value)
FROM vectors v CROSS JOIN meta d WHERE d.name = 'dim' AND vector_dims(v.embedding) <> d.value::int
ORDER BY v.key
"""
_SMALL_EPISODE: Final = """
SELECT 'episodes', e.number, format('has %%s members', count(m.key))
FROM episodes e LEFT JOIN memories m ON m.episode = e.number
GROUP BY e.number HAVING count(m.key) < %s ORDER BY e.number
"""
_REWRITE_DUE: Final = """
SELECT 'meta', name, 'is due: the tables were not written anew after an erasure; compact does it'
FROM meta WHERE starts_with(name, %s) ORDER BY name
"""
_FLAGGED: Final = f"SELECT m.key FROM memories m WHERE m.key = ANY(%s) AND {standing.UNTRUE} ORDER BY m.key"  # noqa: S608
_LINKS: Final = "SELECT key, digest, holds FROM links WHERE key = ANY(%s)"
SUPERSEDED: Final = "is superseded or not, against its spans"
_PAGE: Final = f"""
SELECT {COLUMNS}, m.user_key, m.conversation, m.asks, m.length, m.slots, m.slots_only, s.digest,
    (SELECT array_agg(w.term) FROM words w WHERE w.key = m.key),
    (SELECT array_agg(w.times) FROM words w WHERE w.key = m.key)
FROM memories m LEFT JOIN same s ON s.key = m.key WHERE m.key > %s ORDER BY m.key LIMIT %s
"""  # noqa: S608  # constants


async def verify(models: Models, found: Connection) -> Verification:
    """Read every row and list the faults, by table and key."""
    faults: list[Fault] = []
    for statement, values in (
        (_REWRITE_DUE, (DUE,)),
        (_WITHOUT_VECTOR, ()),
        (_OTHER_LENGTH, ()),
        (_SMALL_EPISODE, (FEWEST,)),
    ):
        cursor = await found.execute(statement, values)
        faults += [_fault(table, key, text) for table, key, text in await cursor.fetchall()]
    last = 0
    while rows := await _page(found, last):
        last = rows[-1][0]
        faults += await models.do(partial(_faults, rows))
    faults += await _untrue(models, found)
    faults.sort(key=lambda fault: TABLES.index(fault["table"]))
    cursor = await found.execute(_COUNTS)
    counts = await cursor.fetchone()
    return {"rows": dict(zip(TABLES, counts, strict=True)), "faults": faults, "degraded": []}


async def _page(found: Connection, last: int) -> list[Sequence[Any]]:
    cursor = await found.execute(_PAGE, (last, PAGE))
    return list(await cursor.fetchall())


def _faults(rows: list[Sequence[Any]]) -> list[Fault]:
    faults = []
    for row in rows:
        *own, user, conversation, asks, length, slots, only, digest, terms, times = row
        key = row[0]
        try:
            record = record_of(own)
            words = counted(record.content)
            derived = (
                None if record.user is None else stored(user_key(record.user)),
                conversation_of(record),
                record.asks,
                words.total(),
                *filled(record),
            )
            same = record.same_key()
        except DAMAGED:
            faults.append(_fault("memories", key, "cannot be read"))
            continue
        found_by = (user, None if conversation is None else bytes(conversation), asks, length)
        if derived != (*found_by, tuple(map(bytes, slots)), only):
            faults.append(_fault("memories", key, "is found by what it does not say"))
        if words != Counter(dict(zip(terms or (), times or (), strict=True))):
            faults.append(_fault("words", key, "are not those of the memory"))
        if digest is not None and bytes(digest) != same:
            faults.append(_fault("same", key, "stands under the digest of something else"))
    return faults


async def _untrue(models: Models, found: Connection) -> list[Fault]:
    """Where the tables say of somebody that something holds, or does not, and it is not so."""
    faults = []
    for user, names in (await standing.speakers(found)).items():
        try:
            records = await standing.filling(found, user, names)
            told = await models.do(partial(standing.tell, records, names))
        except DAMAGED:
            continue  # that row is a fault by itself
        keys = [record.key for record in records]
        wrong = await standing.spans(found, keys, names) ^ told.spans
        faults += [_fault("spans", key, "are not those of what was said") for key in _keys(wrong)]
        cursor = await found.execute(_FLAGGED, (keys,))
        faults += [_fault("memories", key, SUPERSEDED) for (key,) in await cursor.fetchall()]
        cursor = await found.execute(_LINKS, (keys,))
        links = [(key, bytes(digest), holds) for key, digest, holds in await cursor.fetchall()]
        wrong_links = [row for row in links if told.links.get(row[:2], True) != row[2]]
        faults += [_fault("links", key, "hold or not, against what was said") for key in _keys(wrong_links)]
    return faults


def _keys(rows: Iterable[Sequence[Any]]) -> list[int]:
    return sorted({row[0] for row in rows})


def _fault(table: str, key: object, fault: str) -> Fault:
    return {"table": table, "key": str(key), "fault": fault}
