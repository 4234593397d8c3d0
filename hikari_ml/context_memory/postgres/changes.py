"""What changes the tables; each function runs inside one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from hikari_ml.chat import user_key
from hikari_ml.context_memory.episodes import FEWEST
from hikari_ml.context_memory.keeping import COMPARED, NEAREST, SIMILAR, says_the_same
from hikari_ml.context_memory.postgres import standing
from hikari_ml.context_memory.postgres.connection import Connection
from hikari_ml.context_memory.postgres.models import Models
from hikari_ml.context_memory.postgres.rows import (
    COLUMNS,
    Prepared,
    conversation_of,
    given,
    link_rows,
    memory_row,
    metadata_json,
    node,
    record_of,
    stored,
    vector_of,
    vector_text,
)
from hikari_ml.context_memory.record import Record, public_id

_KEY: Final = "SELECT nextval('memory_keys')"
_KEYS: Final = "SELECT nextval('memory_keys') FROM generate_series(1, %s)"
_STORED_BY: Final = "SELECT id FROM requests WHERE digest = %s"
_REQUEST: Final = "INSERT INTO requests VALUES (%s, %s, %s)"
_SAME: Final = "SELECT key FROM same WHERE digest = %s"
_SIMILAR: Final = f"""
WITH compared AS (
    SELECT m.key FROM memories m
    WHERE CASE WHEN %(user)s::text IS NULL THEN m.user_key IS NULL ELSE m.user_key = %(user)s::text END
    AND m.type = %(type)s ORDER BY m.key DESC LIMIT {COMPARED}
), near AS (
    SELECT v.key, v.embedding <#> %(vector)s::vector AS distance FROM compared JOIN vectors v USING (key)
    ORDER BY distance, v.key LIMIT {NEAREST}
)
SELECT {COLUMNS} FROM near JOIN memories m USING (key)
WHERE near.distance <= {-SIMILAR} ORDER BY near.distance, m.key FOR NO KEY UPDATE OF m
"""  # noqa: S608  # constants
_LAST_SAME: Final = """
INSERT INTO same VALUES (%s, %s) ON CONFLICT (digest) DO UPDATE SET key = excluded.key
"""
_MEMORY: Final = """
INSERT INTO memories (
    key, id, content, type, metadata, importance, tier, created_at, last_access, access_count, count,
    arousal, said, user_key, conversation, asks, length, slots, slots_only
) VALUES (
    %(key)s, %(id)s, %(content)s, %(type)s, %(metadata)s, %(importance)s, %(tier)s, %(created_at)s,
    %(last_access)s, %(access_count)s, %(count)s, %(arousal)s, %(said)s, %(user_key)s,
    %(conversation)s, %(asks)s, %(length)s, %(slots)s, %(only)s
)
"""
_VECTOR: Final = "INSERT INTO vectors VALUES (%s, %s)"
_WORD: Final = "INSERT INTO words VALUES (%s, %s, %s, %s)"
_LINK: Final = "INSERT INTO links VALUES (%s, %s, %s, %s, %s, %s, %s)"
_BY_KEY: Final = f"SELECT {COLUMNS} FROM memories m WHERE m.key = %s FOR UPDATE"  # noqa: S608  # constants
_BY_ID: Final = f"SELECT {COLUMNS} FROM memories m WHERE m.id = %s FOR UPDATE"  # noqa: S608
_REPEATED: Final = """
UPDATE memories SET count = %s, importance = %s, last_access = %s, metadata = %s, conversation = %s,
    arousal = %s, said = %s, created_at = %s
WHERE key = %s
"""
_RECALLED: Final = """
WITH mine AS (SELECT key FROM memories WHERE key = ANY(%(keys)s) ORDER BY key FOR NO KEY UPDATE)
UPDATE memories m SET access_count = access_count + 1, last_access = greatest(last_access, %(now)s)
FROM mine WHERE m.key = mine.key
"""
_LOCK: Final = "SELECT key, coalesce(episode, 0) FROM memories WHERE key = ANY(%s) ORDER BY key FOR UPDATE"
_LOCK_EPISODES: Final = "SELECT FROM episodes WHERE number = ANY(%s) ORDER BY number FOR UPDATE"
_DELETE: Final = "DELETE FROM memories WHERE key = ANY(%s)"
_MEMBERS: Final = """
SELECT m.key, m.created_at, m.content, vector_send(v.embedding)
FROM memories m JOIN vectors v USING (key) WHERE m.episode = %s ORDER BY m.created_at, m.key
"""
_TOLD: Final = "UPDATE episodes SET started = %s, ended = %s, summary = %s, method = %s WHERE number = %s"
_LOOSE: Final = """
SELECT m.key, m.created_at, m.content, vector_send(v.embedding)
FROM memories m JOIN vectors v USING (key)
WHERE m.key = ANY(%s) AND m.episode IS NULL ORDER BY m.key FOR UPDATE OF m
"""
_CUT: Final = "DELETE FROM links WHERE source_node = %(node)s OR target_node = %(node)s RETURNING digest"
_EPISODE: Final = "INSERT INTO episodes VALUES (nextval('episode_numbers'), %s, %s, %s, %s) RETURNING number"


@dataclass(frozen=True, slots=True)
class Removed:
    """What went: how many memories, which edges lost evidence by it, how many episodes were told anew."""

    memories: int
    edges: frozenset[bytes]
    episodes: int


async def store(
    found: Connection, models: Models, made: Prepared, request: bytes | None, now: int, *, merge_similar: bool
) -> str:
    """Write a memory, or count it where one that says the same is there; returns its id.

    Its user is locked. What the same ``request`` has stored before is not stored again.
    """
    if request is None:
        return await _store(found, models, made, merge_similar=merge_similar)
    cursor = await found.execute(_STORED_BY, (request,))
    if (row := await cursor.fetchone()) is not None:
        return str(row[0])
    memory_id = await _store(found, models, made, merge_similar=merge_similar)
    await found.execute(_REQUEST, (request, now, memory_id))
    return memory_id


async def forget_requests(found: Connection, before: int) -> None:
    """Forget the requests of before ``before`` (epoch milliseconds)."""
    await found.execute("DELETE FROM requests WHERE at < %s", (before,))


async def _store(found: Connection, models: Models, made: Prepared, *, merge_similar: bool) -> str:
    record = made.record
    cursor = await found.execute(_SAME, (record.same_key(),))
    row = await cursor.fetchone()
    there = None if row is None else await by_key(found, row[0])
    if there is None and merge_similar:
        there = await _similar(found, models, made)
    if there is not None:
        return await _merge(found, models, there, record)
    cursor = await found.execute(_KEY)
    (record.key,) = await cursor.fetchone()
    record.id = public_id(record.key, record.content, record.created_at)
    await insert(found, [made])
    await found.execute(_LAST_SAME, (record.same_key(), record.key))
    await settle(found, models, [record.key])
    return record.id


async def insert(found: Connection, made: Sequence[Prepared]) -> None:
    """Write new memories with everything that finds them, but the digest of what makes two one."""
    cursor = found.cursor()
    keys = [one.record.key for one in made]
    await cursor.executemany(_MEMORY, [memory_row(one) for one in made])
    await cursor.executemany(
        _VECTOR, [(k, vector_text(one.vector)) for k, one in zip(keys, made, strict=True)]
    )
    words = [
        (key, word, times, one.words.total())
        for key, one in zip(keys, made, strict=True)
        for word, times in one.words.items()
    ]
    for statement, rows in ((_WORD, words), (_LINK, [row for one in made for row in link_rows(one)])):
        if rows:
            await cursor.executemany(statement, rows)


async def bring_in(found: Connection, models: Models, made: Sequence[Prepared], schema: str) -> int:
    """Write the memories of an export whose ids are not there yet; returns how many these are.

    Others wait for it no longer than it takes to tell what holds.
    """
    names = {stored(one.record.id): one for one in made}
    cursor = await found.execute("SELECT id FROM memories WHERE id = ANY(%s)", (list(names),))
    there = {name for (name,) in await cursor.fetchall()}
    new = [one for name, one in names.items() if name not in there]
    if not new:
        return 0
    cursor = await found.execute(_KEYS, (len(new),))
    for one, (key,) in zip(new, await cursor.fetchall(), strict=True):
        one.record.key = key
    await insert(found, new)
    await standing.lock(found, schema, {stored(user_key(one.record.user or "")) for one in new})
    rows = [(one.record.same_key(), one.record.key) for one in new]
    await found.cursor().executemany(_LAST_SAME, rows)
    await settle(found, models, [one.record.key for one in new])
    return len(new)


async def by_id(found: Connection, memory_id: str) -> Record | None:
    """The memory with a public id, locked until the transaction ends."""
    cursor = await found.execute(_BY_ID, (stored(memory_id),))
    row = await cursor.fetchone()
    return None if row is None else record_of(row)


async def by_key(found: Connection, key: int) -> Record | None:
    """The memory with a key, locked until the transaction ends."""
    cursor = await found.execute(_BY_KEY, (key,))
    row = await cursor.fetchone()
    return None if row is None else record_of(row)


async def recalled(found: Connection, keys: Sequence[int], now: int) -> None:
    """Count that memories were recalled."""
    await found.execute(_RECALLED, {"keys": list(keys), "now": now})


async def count_less(found: Connection, models: Models, record: Record) -> None:
    """Take back the latest storing of a memory, whose user is locked."""
    record.count -= 1
    record.unsay()
    await _put_repeated(found, record)
    await settle(found, models, [record.key])


async def settle(found: Connection, models: Models, keys: Sequence[int]) -> None:
    """Tell again what holds of what ``keys`` say; their users are locked."""
    await standing.settle(found, models, await standing.touched(found, keys))


async def forget(found: Connection, models: Models, keys: Sequence[int]) -> Removed:
    """Remove memories with all that belongs to them, and tell their episodes anew.

    The only way a memory goes: a summary may quote its memories, so it must not outlive one of them. Whose
    memories fill a slot is locked; what they superseded holds again.
    """
    places = await standing.touched(found, keys)
    cursor = await found.execute(_LOCK, (list(keys),))
    rows = await cursor.fetchall()
    numbers = sorted({number for _, number in rows if number})
    await found.execute(_LOCK_EPISODES, (numbers,))
    mine = [key for key, _ in rows]
    cursor = await found.execute("SELECT DISTINCT digest FROM links WHERE key = ANY(%s)", (mine,))
    edges = frozenset(bytes(digest) for (digest,) in await cursor.fetchall())
    await found.execute(_DELETE, (mine,))
    for number in numbers:
        await _mend(found, models, number)
    await standing.settle(found, models, places)
    return Removed(len(mine), edges, len(numbers))


async def make_episode(found: Connection, models: Models, keys: Sequence[int]) -> bool:
    """Make an episode of loose memories; False if too few of them are loose any more."""
    cursor = await found.execute(_LOOSE, (list(keys),))
    rows = sorted(await cursor.fetchall(), key=lambda row: (row[1], row[0]))
    if len(rows) < FEWEST:
        return False
    text, method = await _told(rows, models)
    cursor = await found.execute(_EPISODE, (rows[0][1], rows[-1][1], stored(text), method))
    (number,) = await cursor.fetchone()
    members = [row[0] for row in rows]
    await found.execute("UPDATE memories SET episode = %s WHERE key = ANY(%s)", (number, members))
    return True


async def cut_links(found: Connection, name: str) -> frozenset[bytes]:
    """Remove a name from the graph; edges that others' memories gave it go as well. Returns which."""
    cursor = await found.execute(_CUT, {"node": node(name)})
    return frozenset(bytes(digest) for (digest,) in await cursor.fetchall())


async def _put_repeated(found: Connection, record: Record) -> None:
    row: tuple[Any, ...] = (record.count, record.importance, record.last_access, metadata_json(record))
    row += (conversation_of(record), record.arousal, list(record.said), record.created_at, record.key)
    await found.execute(_REPEATED, row)


async def _similar(found: Connection, models: Models, made: Prepared) -> Record | None:
    """The memory that a new one repeats in almost the same words."""
    record = made.record
    asked = {
        "user": None if record.user is None else stored(user_key(record.user)),
        "type": stored(record.type),
        "vector": vector_text(made.vector),
    }
    cursor = await found.execute(_SIMILAR, asked)
    near = [record_of(row) for row in await cursor.fetchall()]
    return await models.do(lambda: next((one for one in near if says_the_same(one, record)), None))


async def _merge(found: Connection, models: Models, record: Record, again: Record) -> str:
    """The same was said again: it counts, and where it fills a slot, it matters when it was said."""
    places = await standing.touched(found, [record.key])
    if places:
        record.say(again.created_at)
    record.repeat(again)
    await _put_repeated(found, record)
    await standing.settle(found, models, places)
    return record.id


async def _mend(found: Connection, models: Models, number: int) -> None:
    """Tell an episode again of what is left of it, or end it where that is too little."""
    cursor = await found.execute(_MEMBERS, (number,))
    rows = await cursor.fetchall()
    if len(rows) >= FEWEST:
        text, method = await _told(rows, models)
        await found.execute(_TOLD, (rows[0][1], rows[-1][1], stored(text), method, number))
        return
    await found.execute("UPDATE memories SET episode = NULL WHERE episode = %s", (number,))
    await found.execute("DELETE FROM episodes WHERE number = %s", (number,))


async def _told(rows: Sequence[Sequence[Any]], models: Models) -> tuple[str, str]:
    return await models.tell([given(row[2]) for row in rows], [vector_of(row[3]) for row in rows])
