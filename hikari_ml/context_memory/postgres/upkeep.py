"""Consolidation, the working buffer, and erasure, where other processes may be at work too."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import partial
from typing import Any, Final
from uuid import uuid4

from hikari_ml.chat import user_key
from hikari_ml.config import MemorySettings
from hikari_ml.context_memory import requests
from hikari_ml.context_memory.consolidation import Plan, overflow, plan
from hikari_ml.context_memory.episodes import cut
from hikari_ml.context_memory.postgres import changes, reading, standing
from hikari_ml.context_memory.postgres.connection import Connection, Database, lock_key
from hikari_ml.context_memory.postgres.models import Models
from hikari_ml.context_memory.postgres.rows import SLOT_COLUMNS, slot_of, stored
from hikari_ml.context_memory.tiers import Slot
from hikari_ml.results import Consolidation, Erasure
from hikari_ml.results.memory import Tier

PAGE: Final = 2000
"""Memories looked at in one go of a round."""
BATCH: Final = 500
"""Memories forgotten in one transaction of a round."""

ELSEWHERE: Final = "consolidation:elsewhere"
"""Another process was doing it."""
KEPT: Final = ("kept:write-ahead log", "kept:backups")
"""Where PostgreSQL may still hold what was erased."""
DUE: Final = "rewrite:"
"""How names in meta begin as long as the tables may hold what was erased: one for each erasure."""
NOT_REWRITTEN: Final = "kept:table files"

_PAGE: Final = f"""
SELECT {SLOT_COLUMNS} FROM memories m WHERE m.key > %s ORDER BY m.key LIMIT %s
"""  # noqa: S608  # constants
_LOCKED: Final = f"""
SELECT {SLOT_COLUMNS} FROM memories m WHERE m.key = ANY(%s) ORDER BY m.key FOR UPDATE
"""  # noqa: S608
_WORKING: Final = f"""
SELECT {SLOT_COLUMNS} FROM memories m WHERE m.tier = 'short_term' ORDER BY m.created_at, m.key
"""  # noqa: S608
_LOOSE: Final = f"""
SELECT {SLOT_COLUMNS} FROM memories m WHERE m.tier = 'episodic' AND m.episode IS NULL
"""  # noqa: S608
_MOVE: Final = """
WITH mine AS (SELECT key FROM memories WHERE key = ANY(%(keys)s) ORDER BY key FOR NO KEY UPDATE)
UPDATE memories m SET tier = %(tier)s FROM mine WHERE m.key = mine.key
"""
_REWRITTEN: Final = "memories, vectors, words, same, links, spans, episodes"
_VACUUM: Final = f"VACUUM (FULL, VERBOSE) {_REWRITTEN}"
_ANALYZE: Final = f"ANALYZE {_REWRITTEN}"
_NUMBER = re.compile(r"[0-9]+")
SEEN: Final = "a transaction that began before still sees what was deleted"

_OWNED: Final = """
SELECT bool_and(pg_has_role(c.relowner, 'USAGE'))
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = %s AND c.relkind = 'r'
"""


async def consolidate(db: Database, models: Models, settings: MemorySettings, now: int) -> Consolidation:
    """One round: forget what has faded, move what is due, and cut new episodes."""
    done: Consolidation = {
        "examined": 0,
        "promoted": 0,
        "episodic": 0,
        "forgotten": 0,
        "episodes": 0,
        "degraded": [],
    }
    async with db.alone("consolidate") as ours:
        if not ours:
            done["degraded"].append(ELSEWHERE)
            return done
        await db.write(partial(changes.forget_requests, before=now - requests.KEPT_MS))
        last = 0
        while slots := await db.read(partial(_slots, _PAGE, (last, PAGE))):
            last = slots[-1].key
            decided = await models.do(partial(plan, slots, now, settings))
            done["examined"] += len(slots)
            done["promoted"] += len(decided.promote)
            done["episodic"] += len(decided.episodic)
            await db.write(partial(_move, decided))
            for at in range(0, len(decided.forget), BATCH):
                faded = decided.forget[at : at + BATCH]
                done["forgotten"] += await db.write(partial(_forget, faded, db.schema, models, settings, now))
        done["episodes"] = await _cut_episodes(db, models)
    return done


async def relieve(db: Database, models: Models, settings: MemorySettings, now: int) -> None:
    """Move what no longer fits the working buffer; what was acknowledged does not depend on it."""

    async def act(found: Connection) -> None:
        cursor = await found.execute(
            "SELECT pg_try_advisory_xact_lock(%s)", (lock_key(db.schema, "relieve"),)
        )
        if (await cursor.fetchone())[0]:
            slots = await _slots(_WORKING, (), found)
            await _move(await models.do(partial(overflow, slots, now, settings)), found)

    await db.write(act, wait=False)


async def erase_user(db: Database, models: Models, user: str) -> Erasure:
    """Remove everything of ``user`` at once, then have the tables written anew without it."""
    name = stored(user_key(user))

    async def act(found: Connection) -> changes.Removed:
        await standing.lock(found, db.schema, {name})
        cursor = await found.execute("SELECT key FROM memories WHERE user_key = %s", (name,))
        keys = [key for (key,) in await cursor.fetchall()]
        removed = await changes.forget(found, models, keys)
        edges = removed.edges | await changes.cut_links(found, user)
        await found.execute("INSERT INTO meta VALUES (%s, '')", (f"{DUE}{uuid4()}",))
        return changes.Removed(removed.memories, edges, removed.episodes)

    before = await db.read(lambda found: reading.size(found, db.schema))
    removed = await db.write(act)
    problem = await _rewritten(db)
    return {
        "user": user,
        "memories": removed.memories,
        "vectors": removed.memories,
        "edges": len(removed.edges),
        "episodes": removed.episodes,
        "compacted": problem is None,
        "bytes_before": before,
        "bytes_after": await db.read(lambda found: reading.size(found, db.schema)),
        "degraded": [*KEPT, *([] if problem is None else [f"{NOT_REWRITTEN}: {problem}"])],
    }


async def compact(db: Database) -> tuple[int, int, str | None]:
    """Have the tables written anew; returns their bytes before and after, and why that failed."""
    before = await db.read(lambda found: reading.size(found, db.schema))
    problem = await _rewritten(db)
    return before, await db.read(lambda found: reading.size(found, db.schema)), problem


async def _rewritten(db: Database) -> str | None:
    """Write the tables anew without what was deleted; returns why that could not be done, or None."""

    async def owned(found: Connection) -> bool:
        cursor = await found.execute(_OWNED, (db.schema,))
        return bool((await cursor.fetchone())[0])

    if not await db.read(owned):  # VACUUM would only warn, and leave them out
        return "the tables belong to another role"
    due = await db.read(_due)
    details: list[str] = []
    problem = await db.rewrite(_VACUUM, details) or await db.rewrite(_ANALYZE)
    if problem is None and any(map(_keeps_dead_rows, details)):
        return SEEN
    if problem is None:
        await db.write(partial(_done, due))
    return problem


def _keeps_dead_rows(detail: str) -> bool:
    """Whether dead rows of a table are kept: in every language their number is what comes first."""
    number = _NUMBER.search(detail)
    return number is not None and int(number[0]) > 0


async def _due(found: Connection) -> list[str]:
    """What says of erasures up to now that the tables are to be written anew."""
    cursor = await found.execute("SELECT name FROM meta WHERE starts_with(name, %s)", (DUE,))
    return [name for (name,) in await cursor.fetchall()]


async def _done(due: list[str], found: Connection) -> None:
    await found.execute("DELETE FROM meta WHERE name = ANY(%s)", (due,))


async def _slots(statement: str, values: Sequence[Any], found: Connection) -> list[Slot]:
    cursor = await found.execute(statement, values)
    return [slot_of(row) for row in await cursor.fetchall()]


async def _move(decided: Plan, found: Connection) -> None:
    moves: tuple[tuple[Tier, list[int]], ...] = (
        ("long_term", decided.promote),
        ("episodic", decided.episodic),
    )
    for tier, keys in moves:
        if keys:
            await found.execute(_MOVE, {"keys": keys, "tier": tier})


async def _forget(
    keys: Sequence[int],
    schema: str,
    models: Models,
    settings: MemorySettings,
    now: int,
    found: Connection,
) -> int:
    """Forget what is still faded: somebody may have recalled it meanwhile."""
    await standing.lock_owners(found, schema, keys)
    slots = await _slots(_LOCKED, (list(keys),), found)
    decided = await models.do(partial(plan, slots, now, settings))
    going = await _without_needed(found, decided.forget)
    return (await changes.forget(found, models, going)).memories


async def _without_needed(found: Connection, keys: Sequence[int]) -> list[int]:
    """``keys`` without those that keep a memory superseded which is not among them."""
    cursor = await found.execute("SELECT by, key FROM spans WHERE by = ANY(%s)", (list(keys),))
    ended = await cursor.fetchall()
    going = set(keys)
    while needed := {by for by, key in ended if by in going and key not in going}:
        going -= needed
    return sorted(going)


async def _cut_episodes(db: Database, models: Models) -> int:
    loose = await db.read(partial(_slots, _LOOSE, ()))
    made = 0
    for stretch in await models.do(lambda: list(cut(loose))):
        keys = [slot.key for slot in stretch]
        made += await db.write(partial(changes.make_episode, models=models, keys=keys))
    return made
