"""What a memory holds as a whole: its episodes, and what its themes are found among."""

from __future__ import annotations

from typing import Final

import numpy as np

from hikari_ml.context_memory import themes
from hikari_ml.context_memory.postgres.connection import Connection
from hikari_ml.context_memory.postgres.reading import FADED, vectors
from hikari_ml.context_memory.postgres.rows import COLUMNS, given, record_of
from hikari_ml.context_memory.record import Record, from_ms
from hikari_ml.models.reading import Vector
from hikari_ml.results import Episode, ThemeScope
from hikari_ml.times import iso

_LATEST: Final = """
SELECT number, started, ended, summary, method FROM episodes ORDER BY started DESC, number DESC LIMIT %s
"""
_MEMBERS: Final = f"""
SELECT {COLUMNS} FROM memories m WHERE m.episode = ANY(%s) ORDER BY m.created_at, m.key
"""  # noqa: S608  # constants
_LONG_TERM: Final = "SELECT count(*) FROM memories WHERE tier = 'long_term'"
_WORTH_MOST: Final = f"""
SELECT {COLUMNS} FROM memories m JOIN vectors USING (key) WHERE %(all)s OR m.tier = 'long_term'
ORDER BY {FADED} DESC, m.key LIMIT %(k)s
"""  # noqa: S608


async def episodes(found: Connection, k: int) -> list[Episode]:
    """The ``k`` latest episodes, latest first."""
    cursor = await found.execute(_LATEST, (k,))
    rows = await cursor.fetchall()
    cursor = await found.execute(_MEMBERS, ([row[0] for row in rows],))
    members: dict[int, list[Record]] = {row[0]: [] for row in rows}
    for record in map(record_of, await cursor.fetchall()):
        members[record.episode].append(record)
    return [
        {
            "start": iso(from_ms(started)),
            "end": iso(from_ms(ended)),
            "size": len(members[number]),
            "users": themes.most_active(record.user for record in members[number]),
            "summary": given(summary),
            "method": method,
            "memories": [record.id for record in members[number]],
        }
        for number, started, ended, summary, method in rows
    ]


async def worth_most(
    found: Connection, now: int, daily_rate: float
) -> tuple[list[Record], Vector, ThemeScope]:
    """The most important long-term memories, or of all where too few are long-term, and their vectors."""
    cursor = await found.execute(_LONG_TERM)
    (count,) = await cursor.fetchone()
    scope: ThemeScope = "long_term" if count >= themes.ENOUGH else "all"
    asked = {"all": scope == "all", "rate": daily_rate, "now": now, "k": themes.MOST}
    cursor = await found.execute(_WORTH_MOST, asked)
    records = sorted((record_of(row) for row in await cursor.fetchall()), key=lambda record: record.key)
    theirs = await vectors(found, [record.key for record in records])
    rows = [theirs[record.key] for record in records]
    return records, np.stack(rows) if rows else np.zeros((0, 1), np.float32), scope
