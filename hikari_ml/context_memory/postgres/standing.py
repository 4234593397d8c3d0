"""What still holds, as the tables have it: told anew for the slots that a change touches.

A memory in a file computes this when it is opened. Here many processes change it, and a search must know of
it in its WHERE. So the same pure functions compute it, over all that a viewer said of the slots touched and
in the transaction that touches them; until that ends, no other process changes what this viewer said.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from hikari_ml.context_memory.graph import edge_digest
from hikari_ml.context_memory.postgres.connection import Connection, lock_key
from hikari_ml.context_memory.postgres.models import Models
from hikari_ml.context_memory.postgres.rows import COLUMNS, filled, record_of, slot_digest, stored
from hikari_ml.context_memory.record import Record
from hikari_ml.context_memory.validity import Validity

SpanRow = tuple[int, bytes, int, int | None, int | None]
"""A row of the table: key, slot, start, end, and by what it ended."""

PAGE: Final = 500
"""Memories looked at in one go, when all of them are."""

EVERYONE: Final = "viewers"
"""The lock of all users."""

_OWNER: Final = "SELECT coalesce(user_key, '') FROM memories WHERE id = %s"
_OWNERS: Final = """
SELECT DISTINCT coalesce(user_key, '') FROM memories WHERE key = ANY(%s) AND slots <> '{}'
"""
_TOUCHED: Final = "SELECT user_key, slots FROM memories WHERE key = ANY(%s) AND slots <> '{}' ORDER BY key"
_FILLING: Final = f"""
SELECT {COLUMNS} FROM memories m WHERE m.user_key = %s AND m.slots && %s ORDER BY m.key
"""  # noqa: S608  # constants
_SPEAKERS: Final = """
SELECT m.user_key, array_agg(DISTINCT s.slot) FROM memories m CROSS JOIN unnest(m.slots) AS s (slot)
GROUP BY m.user_key ORDER BY m.user_key
"""
_PAGE: Final = f"SELECT {COLUMNS} FROM memories m WHERE m.key > %s ORDER BY m.key LIMIT %s"  # noqa: S608
_FILL: Final = "UPDATE memories SET slots = %s, slots_only = %s WHERE key = %s"
_SPANS: Final = "SELECT key, slot, started, ended, by FROM spans WHERE key = ANY(%s) AND slot = ANY(%s)"
_DROP: Final = "DELETE FROM spans WHERE key = ANY(%s) AND slot = ANY(%s)"
_SPAN: Final = "INSERT INTO spans VALUES (%s, %s, %s, %s, %s)"
UNTRUE: Final = """
m.superseded <> (
    m.slots_only AND EXISTS (SELECT FROM spans s WHERE s.key = m.key)
    AND NOT EXISTS (SELECT FROM spans s WHERE s.key = m.key AND s.ended IS NULL)
)
"""
"""Whether ``m`` says of itself that it is superseded, or that it is not, against its spans."""
_FLAG: Final = f"""
UPDATE memories m SET superseded = NOT m.superseded WHERE m.key = ANY(%s) AND {UNTRUE}
"""  # noqa: S608
_HOLDS: Final = "UPDATE links SET holds = %(holds)s WHERE key = %(key)s AND digest = %(digest)s"


@dataclass(frozen=True, slots=True)
class Told:
    """When the statements of slots hold, and whether the links they made do now."""

    spans: frozenset[SpanRow]
    links: dict[tuple[int, bytes], bool]


def tell(records: Iterable[Record], slots: Collection[bytes]) -> Told:
    """What ``records``, which are all memories that fill one of ``slots``, say of those; pure."""
    records = list(records)
    validity = Validity.of(records)
    spans: set[SpanRow] = set()
    links: dict[tuple[int, bytes], bool] = {}
    for record in records:
        key = record.key
        for slot, held in validity.spans(key).items():
            if (name := slot_digest(slot)) in slots:
                spans |= {(key, name, span.start, span.end, span.by) for span in held}
        for each in validity.stated(key):
            if each.slot and not each.ends and slot_digest(each.slot) in slots:
                link = (record.user or "", each.kind, each.thing)
                links[key, edge_digest(link)] = validity.holds(key, each.kind, each.thing)
    return Told(frozenset(spans), links)


async def lock(found: Connection, schema: str, users: Collection[str]) -> None:
    """Wait for who changes what ``users``, by user key, said; then others wait for this transaction.

    It comes before any row is locked. For several users all others wait: the server has no room for a lock
    each, and an order in which to take them is not needed.
    """
    if len(users) > 1:
        await lock_everyone(found, schema)
    for user in users if len(users) == 1 else ():
        await found.execute("SELECT pg_advisory_xact_lock_shared(%s)", (lock_key(schema, EVERYONE),))
        await found.execute("SELECT pg_advisory_xact_lock(%s)", (lock_key(schema, f"viewer\0{user}"),))


async def lock_everyone(found: Connection, schema: str) -> None:
    """:func:`lock` for all users there are."""
    await found.execute("SELECT pg_advisory_xact_lock(%s)", (lock_key(schema, EVERYONE),))


async def lock_owner(found: Connection, schema: str, memory_id: str) -> None:
    """:func:`lock` for whose memory has an id, if there is one."""
    cursor = await found.execute(_OWNER, (stored(memory_id),))
    await lock(found, schema, {user for (user,) in await cursor.fetchall()})


async def lock_owners(found: Connection, schema: str, keys: Sequence[int]) -> None:
    """:func:`lock` for whose memories fill a slot, of ``keys``."""
    cursor = await found.execute(_OWNERS, (list(keys),))
    await lock(found, schema, {user for (user,) in await cursor.fetchall()})


async def touched(found: Connection, keys: Sequence[int]) -> dict[str, set[bytes]]:
    """The slots that memories fill, by the user whose they are."""
    cursor = await found.execute(_TOUCHED, (list(keys),))
    places: dict[str, set[bytes]] = defaultdict(set)
    for user, slots in await cursor.fetchall():
        places[user] |= set(map(bytes, slots))
    return places


async def settle(found: Connection, models: Models, places: dict[str, set[bytes]]) -> None:
    """Tell again what held when in the slots of users, who are locked."""
    for user, slots in sorted(places.items()):
        if slots:
            await _settle(found, models, user, slots)


async def settle_everything(found: Connection, models: Models) -> None:
    """Tell of all memories which slots they fill and what holds; nobody else is at them."""
    last = 0
    while rows := await _page(found, last):
        last = rows[-1].key
        told = await models.do(lambda: [(filled(record), record.key) for record in rows])
        values = [(list(slots), only, key) for (slots, only), key in told if slots]
        if values:
            await found.cursor().executemany(_FILL, values)
    await settle(found, models, await speakers(found))


async def speakers(found: Connection) -> dict[str, set[bytes]]:
    """Who has filled a slot, by user key, and which."""
    cursor = await found.execute(_SPEAKERS)
    return {user: set(map(bytes, slots)) for user, slots in await cursor.fetchall()}


async def filling(found: Connection, user: str, slots: Collection[bytes]) -> list[Record]:
    """All that a user said of ``slots``."""
    cursor = await found.execute(_FILLING, (user, list(slots)))
    return [record_of(row) for row in await cursor.fetchall()]


async def spans(found: Connection, keys: Sequence[int], slots: Collection[bytes]) -> frozenset[SpanRow]:
    """What the table says of memories and slots."""
    cursor = await found.execute(_SPANS, (list(keys), list(slots)))
    return frozenset((row[0], bytes(row[1]), *row[2:]) for row in await cursor.fetchall())


async def _page(found: Connection, last: int) -> list[Record]:
    cursor = await found.execute(_PAGE, (last, PAGE))
    return [record_of(row) for row in await cursor.fetchall()]


async def _settle(found: Connection, models: Models, user: str, slots: set[bytes]) -> None:
    records = await filling(found, user, slots)
    before = await spans(found, [record.key for record in records], slots)
    told = await models.do(partial(tell, records, slots))
    changed = sorted({row[0] for row in before ^ told.spans})
    if not changed:
        return
    await found.execute(_DROP, (changed, list(slots)))
    rows: list[Any] = [row for row in told.spans if row[0] in changed]
    if rows:
        await found.cursor().executemany(_SPAN, rows)
    await found.execute(_FLAG, (changed,))
    links = [
        {"key": key, "digest": digest, "holds": holds}
        for (key, digest), holds in told.links.items()
        if key in changed
    ]
    if links:
        await found.cursor().executemany(_HOLDS, links)
