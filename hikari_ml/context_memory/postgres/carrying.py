"""Export and import in the lines of :mod:`hikari_ml.context_memory.transfer`: a memory moves either way."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO, Final

from hikari_ml.context_memory import transfer
from hikari_ml.context_memory.postgres import changes, reading
from hikari_ml.context_memory.postgres.connection import Connection, Database, lock_key
from hikari_ml.context_memory.postgres.models import Models
from hikari_ml.context_memory.postgres.rows import COLUMNS, Prepared, record_of, vector_of

ROWS: Final = 500
"""Memories that are read and written at a time."""

_EVERYTHING: Final = f"""
SELECT {COLUMNS}, vector_send(v.embedding) FROM memories m JOIN vectors v USING (key) ORDER BY m.key
"""  # noqa: S608  # constants


async def export(db: Database, models: Models, path: Path) -> int:
    """Write every memory to ``path``, aside and then in place; returns how many.

    Raises:
        InputError: the file cannot be written.
    """

    async def act(found: Connection) -> int:
        count = 0
        cursor = await found.execute("SELECT value FROM meta WHERE name = 'model'")
        (model,) = await cursor.fetchone()
        async with AsyncExitStack() as stack, found.cursor(name="export") as rows:
            file = await _opened(models, path, stack)
            await rows.execute(_EVERYTHING)
            while batch := await rows.fetchmany(ROWS):
                count += await models.do(partial(_write, file, model, batch))
        return count

    return await db.read(act)


async def read(models: Models, path: Path, now: int) -> list[Prepared]:
    """The memories of an export, with all that is made of them.

    Raises:
        RecordingError: the file cannot be read, or a line of it is not such a line.
    """
    chosen = models.embedder
    lines = await models.do(lambda: transfer.read_lines(path, chosen.model_id, chosen.dim, now))
    return [await models.prepare(line.record, line.vector) for line in lines]


async def bring_in(made: Sequence[Prepared], db: Database, models: Models, found: Connection) -> int:
    """Add the memories of an export, all or none; one whose id is already there is left as it is."""
    key = lock_key(db.schema, "import")
    await found.execute("SELECT pg_advisory_xact_lock(%s)", (key,))  # two of one file must not race
    return await changes.bring_in(found, models, made, db.schema)


async def export_graph(db: Database, models: Models, path: Path) -> int:
    """Write the knowledge graph to ``path`` as GraphML; returns how many edges.

    Raises:
        InputError: the file cannot be written.
    """
    graph = await db.read(reading.whole_graph)
    return await models.do(lambda: transfer.write_graph(graph, path))


async def _opened(models: Models, path: Path, stack: AsyncExitStack) -> BinaryIO:
    """The file aside; it is opened, put in place and removed in the thread."""
    aside = transfer.replacing(path)
    file = await models.do(aside.__enter__)

    async def leave(*what: Any) -> bool | None:
        return await models.do(lambda: aside.__exit__(*what))

    stack.push_async_exit(leave)
    return file


def _write(file: BinaryIO, model: str, rows: Sequence[Sequence[Any]]) -> int:
    for row in rows:
        line = transfer.as_line(record_of(row[:-1]), (model, vector_of(row[-1])))
        file.write(transfer.written(line))
    return len(rows)
