"""What is read of the tables, other than by a search."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from hikari_ml.context_memory import answer
from hikari_ml.context_memory.consolidation import importance_now
from hikari_ml.context_memory.graph import MAX_EVIDENCE, SEEN, SEEN_DOUBT, STATED_DOUBT, KnowledgeGraph
from hikari_ml.context_memory.postgres.connection import Connection
from hikari_ml.context_memory.postgres.rows import COLUMNS, given, node, record_of, stored, vector_of
from hikari_ml.context_memory.recall import Hit
from hikari_ml.context_memory.record import Record, from_ms
from hikari_ml.context_memory.rows import Edge
from hikari_ml.context_memory.tiers import Slot
from hikari_ml.models.reading import Vector
from hikari_ml.results import Memory, MemoryStats, Relation
from hikari_ml.times import iso

FADED: Final = """
m.importance * power(
    %(rate)s::float8,
    greatest(0, %(now)s - m.last_access)::float8 / 86400000
    / (1 + ln(1 + m.access_count::float8)) / (1 + m.arousal)
)
"""
"""What is left of an importance; the formula is that of ``decay.decayed``."""

End = tuple[int, str | None]
"""When a memory ceased to hold (epoch milliseconds), and the id of what superseded it."""

_RECORDS: Final = f"SELECT {COLUMNS} FROM memories m WHERE m.key = ANY(%s)"  # noqa: S608  # constants
_VECTORS: Final = "SELECT key, vector_send(embedding) FROM vectors WHERE key = ANY(%s)"
_CONTENTS: Final = "SELECT key, content FROM memories WHERE key > %s ORDER BY key LIMIT %s"
_ENDS: Final = """
SELECT DISTINCT ON (s.key) s.key, s.ended, b.id
FROM spans s JOIN memories m USING (key) LEFT JOIN memories b ON b.key = s.by
WHERE s.key = ANY(%s) AND m.superseded ORDER BY s.key, s.ended DESC, s.by
"""
_IMPORTANT: Final = f"""
SELECT {COLUMNS} FROM memories m
WHERE m.superseded = %(superseded)s AND (%(user)s::text IS NULL OR m.user_key = %(user)s::text)
ORDER BY {FADED} DESC, m.key LIMIT %(k)s
"""  # noqa: S608

_EDGES: Final = """
SELECT digest,
    (array_agg(source ORDER BY key))[1], (array_agg(kind ORDER BY key))[1],
    (array_agg(target ORDER BY key))[1],
    array_agg(key ORDER BY key)
FROM links WHERE holds
"""
_ALL_EDGES: Final = f"{_EDGES} GROUP BY digest"
_EDGES_AT: Final = f"""
{_EDGES} AND digest IN (
    SELECT digest FROM links WHERE source_node = ANY(%(nodes)s) OR target_node = ANY(%(nodes)s)
) GROUP BY digest
"""  # noqa: S608
_RELATIONS: Final = """
SELECT source, kind, target, strength, evidence FROM (
    SELECT (array_agg(source ORDER BY key))[1] AS source, (array_agg(kind ORDER BY key))[1] AS kind,
        (array_agg(target ORDER BY key))[1] AS target, least(count(*), %(most)s)::int AS evidence,
        1 - power(
            CASE WHEN min(kind) = ANY(%(seen)s) THEN %(seen_doubt)s ELSE %(stated_doubt)s END::float8,
            least(count(*), %(most)s)::float8
        ) AS strength
    FROM links WHERE holds GROUP BY digest
) edges ORDER BY strength DESC, source COLLATE "C", kind COLLATE "C", target COLLATE "C" LIMIT %(k)s
"""
_SUMS: Final = """
SELECT count(*), count(DISTINCT user_key), min(created_at), max(created_at),
    (SELECT count(*) FROM episodes), (SELECT count(DISTINCT digest) FROM links WHERE holds),
    (SELECT count(*) FROM (
        SELECT source_node FROM links WHERE holds UNION SELECT target_node FROM links WHERE holds
    ) nodes),
    (SELECT value FROM meta WHERE name = 'model'), count(*) FILTER (WHERE superseded)
FROM memories
"""
_BY_TIER: Final = "SELECT tier, count(*) FROM memories GROUP BY tier"
_BY_TYPE: Final = "SELECT type, count(*) FROM memories GROUP BY type"
_BYTES: Final = """
SELECT coalesce(sum(pg_total_relation_size(c.oid)), 0)::bigint
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = %s AND c.relkind = 'r'
"""


async def records(found: Connection, keys: Iterable[int]) -> dict[int, Record]:
    """The memories of ``keys`` that there are."""
    cursor = await found.execute(_RECORDS, (list(keys),))
    return {row[0]: record_of(row) for row in await cursor.fetchall()}


async def vectors(found: Connection, keys: Iterable[int]) -> dict[int, Vector]:
    """Their embeddings."""
    cursor = await found.execute(_VECTORS, (list(keys),))
    return {key: vector_of(data) for key, data in await cursor.fetchall()}


async def ends(found: Connection, keys: Iterable[int]) -> dict[int, End]:
    """Of those of ``keys`` that are superseded, when they ceased to hold, and the id of what came instead."""
    cursor = await found.execute(_ENDS, (list(keys),))
    return {key: (end, None if by is None else given(by)) for key, end, by in await cursor.fetchall()}


async def contents_after(found: Connection, key: int, most: int) -> list[tuple[int, str]]:
    """The next ``most`` memories after ``key``: key, and content as it is stored."""
    cursor = await found.execute(_CONTENTS, (key, most))
    return list(await cursor.fetchall())


async def most_important(
    found: Connection, k: int, user: str | None, now: int, daily_rate: float, superseded: bool = False
) -> list[Record]:
    """The ``k`` memories of the highest decayed importance, of those that hold or of those that do not."""
    asked = {"user": user, "rate": daily_rate, "now": now, "k": k, "superseded": superseded}
    cursor = await found.execute(_IMPORTANT, asked)
    return [record_of(row) for row in await cursor.fetchall()]


def by_importance(
    found: Iterable[Record], now: int, daily_rate: float, ends: Mapping[int, End] | None = None
) -> list[Memory]:
    """Memories by how much is left of their importance, ties by age; ``ends`` of what is superseded."""
    over = ends or {}
    worth = [(importance_now(Slot.of(record), now, daily_rate), record) for record in found]
    worth.sort(key=lambda pair: (-pair[0], pair[1].key))
    return [
        as_memory(record, Hit(record.key, left, {}, {}), now, daily_rate, over.get(record.key))
        for left, record in worth
    ]


def as_memory(record: Record, hit: Hit, now: int, daily_rate: float, end: End | None = None) -> Memory:
    """A memory as it is recalled at ``now`` (epoch milliseconds); ``end`` of one that is superseded."""
    return answer.as_memory(record, Slot.of(record), hit, now, daily_rate, end=end or (None, None))


async def neighbourhood(found: Connection, name: str, hops: int) -> KnowledgeGraph:
    """What of the graph can be reached from ``name`` over so many edges."""
    graph = KnowledgeGraph()
    asked: set[bytes] = set()
    at = {node(name)}
    for _ in range(hops):
        if not at:
            break
        asked |= at
        cursor = await found.execute(_EDGES_AT, {"nodes": list(at)})
        reached = _put(graph, await cursor.fetchall())
        at = reached - asked
    return graph


async def whole_graph(found: Connection) -> KnowledgeGraph:
    """All of the graph."""
    graph = KnowledgeGraph()
    cursor = await found.execute(_ALL_EDGES)
    _put(graph, await cursor.fetchall())
    return graph


async def relations(found: Connection, k: int) -> list[Relation]:
    """The ``k`` strongest edges, ties by name."""
    asked = {
        "most": MAX_EVIDENCE,
        "seen": sorted(SEEN),
        "seen_doubt": SEEN_DOUBT,
        "stated_doubt": STATED_DOUBT,
        "k": k,
    }
    cursor = await found.execute(_RELATIONS, asked)
    return [
        {
            "source": given(source),
            "kind": given(kind),
            "target": given(target),
            "strength": strength,
            "evidence": evidence,
        }
        for source, kind, target, strength, evidence in await cursor.fetchall()
    ]


async def size(found: Connection, schema: str) -> int:
    """Bytes of all tables with their indexes."""
    cursor = await found.execute(_BYTES, (schema,))
    return int((await cursor.fetchone())[0])


async def stats(found: Connection, schema: str) -> MemoryStats:
    """How much is remembered."""
    cursor = await found.execute(_SUMS)
    total, users, oldest, newest, episodes, edges, nodes, model, superseded = await cursor.fetchone()
    return {
        "total": total,
        "superseded": superseded,
        "by_tier": await _counted(found, _BY_TIER),
        "by_type": await _counted(found, _BY_TYPE),
        "users": users,
        "episodes": episodes,
        "graph": {"nodes": nodes, "edges": edges},
        "bytes": await size(found, schema),
        "model": model,
        "oldest": None if oldest is None else iso(from_ms(oldest)),
        "newest": None if newest is None else iso(from_ms(newest)),
        "degraded": [],
    }


async def _counted(found: Connection, statement: str) -> dict[str, int]:
    cursor = await found.execute(statement)
    return dict(sorted((given(name), count) for name, count in await cursor.fetchall()))


def _put(graph: KnowledgeGraph, rows: Sequence[Sequence[Any]]) -> set[bytes]:
    """Add edges to a graph; returns the nodes at their ends."""
    ends: set[bytes] = set()
    for digest, source, kind, target, keys in rows:
        edge = Edge(given(source), given(kind), given(target), tuple(keys[-MAX_EVIDENCE:]))
        graph.put(bytes(digest), edge)
        ends |= {node(edge.source), node(edge.target)}
    return ends


def user_of(user: str | None) -> str | None:
    """A viewer as the tables know them."""
    from hikari_ml.chat import user_key

    return None if user is None else stored(user_key(user))
