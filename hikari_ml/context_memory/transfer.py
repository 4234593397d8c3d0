"""Export and import of a whole memory as JSON lines; what goes out comes back the same.

A line is an object with at least ``id``, ``content``, ``type`` and ``metadata``; the rest has defaults.
Episodes and the graph are not written: they follow from the memories.
"""

from __future__ import annotations

import base64
import binascii
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Final, get_args

import networkx as nx
import numpy as np

from hikari_ml.chat import is_encodable
from hikari_ml.context_memory.core import MemoryCore
from hikari_ml.context_memory.graph import KnowledgeGraph
from hikari_ml.context_memory.record import (
    MAX_SAID,
    Record,
    check_content,
    check_importance,
    check_metadata,
    check_type,
    from_ms,
    to_ms,
)
from hikari_ml.context_memory.store import MAX_KEY, OWN_FILES, Transaction
from hikari_ml.errors import InputError, RecordingError
from hikari_ml.models.reading import Vector
from hikari_ml.results import Tier
from hikari_ml.times import iso, parse

LINE_FORMAT: Final = 1
WHAT_A_LINE_IS: Final = "a line of an export is an object with id, content, type and metadata"


@dataclass(frozen=True, slots=True)
class Line:
    """One line of an export, checked; ``vector`` is None where it has to be made anew."""

    number: int
    record: Record
    vector: Vector | None


def export(core: MemoryCore, path: Path) -> int:
    """Write every memory to ``path``, aside and then in place; returns how many.

    Raises:
        InputError: the file cannot be written.
    """
    core.flush_touched()
    return core.store.read(lambda txn: _write(txn, path))


def read_lines(path: Path, model_id: str, dim: int, now: int) -> list[Line]:
    """Read an export, keeping the vectors that ``model_id`` made.

    Raises:
        RecordingError: the file cannot be read, or a line of it is not such a line.
    """
    found: dict[str, Line] = {}
    for number, row in _rows(path):
        try:
            line = _parsed(number, json.loads(row.decode("utf-8")), model_id, dim, now)
        except (KeyError, TypeError, ValueError, RecursionError) as error:
            raise RecordingError(path, number, _reason(error)) from error
        if line.record.id in found:
            raise RecordingError(path, number, f"the id {line.record.id!r} stands twice")
        found[line.record.id] = line
    return list(found.values())


def import_lines(core: MemoryCore, lines: list[Line]) -> int:
    """Add ``lines`` in one transaction; a memory whose id is already there is left as it is."""
    missing = [line for line in lines if line.vector is None]
    made = core.embedder.embed([line.record.content for line in missing])
    vectors = {line.number: vector for line, vector in zip(missing, made, strict=True)}

    def act(txn: Transaction) -> list[Any]:
        changes = []
        for line in lines:
            if txn.key_of(line.record.id) is not None:
                continue
            line.record.key = txn.next_key()
            vector = line.vector if line.vector is not None else vectors[line.number]
            changes.append(core.save(txn, line.record, vector, core.embedder.model_id))
        return changes

    changes = core.store.write(act)
    for apply in changes:
        apply()
    return len(changes)


def export_graph(core: MemoryCore, path: Path) -> int:
    """Write the knowledge graph to ``path`` as GraphML, aside and then in place; returns how many edges.

    Raises:
        InputError: the file cannot be written.
    """
    return write_graph(core.graph, path)


def write_graph(graph: KnowledgeGraph, path: Path) -> int:
    """:func:`export_graph` of a graph that is at hand."""
    portable = graph.portable()
    with replacing(path) as file:
        nx.write_graphml_xml(portable, file)
    return int(portable.number_of_edges())


def _write(txn: Transaction, path: Path) -> int:
    count = 0
    with replacing(path) as file:
        for line in _lines(txn):
            file.write(written(line))
            count += 1
    return count


@contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """A file aside that takes the place of ``path``, or of what it links to, once it is written to the end.

    What is no file, a pipe or a device, keeps its place: it is written to.
    """
    try:
        if path.exists() and not path.is_file():
            with path.open("wb") as file:
                yield file
        else:
            with _aside(_followed(path)) as file:
                yield file
    except OSError as error:
        raise InputError("path", str(path), f"it cannot be written: {error.strerror}") from error


def _followed(path: Path) -> Path:
    try:
        return path.resolve()
    except (OSError, RuntimeError) as error:  # links that lead to each other
        raise InputError("path", str(path), f"it cannot be written: {error}") from error


@contextmanager
def _aside(path: Path) -> Iterator[BinaryIO]:
    aside = path.with_name(f"{path.name}.tmp")
    try:
        with aside.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        aside.replace(path)
    except BaseException:
        with suppress(OSError):
            aside.unlink()  # half an export is of no use, and holds what people said
        raise


def is_own(path: Path, folder: Path) -> bool:
    """Whether ``path`` is, or links to, a file of the memory in ``folder``."""
    found = _followed(path)
    return found.name in OWN_FILES and found.parent == folder.resolve()


def _rows(path: Path) -> Iterator[tuple[int, bytes]]:
    """The lines of a file that are not blank, by number, one at a time; only a newline ends a line."""
    try:
        with path.open("rb") as file:
            for number, row in enumerate(file, start=1):
                if row.strip():
                    yield number, row
    except OSError as error:
        raise RecordingError(path, 0, f"cannot be read: {error.strerror or error}") from error


def _lines(txn: Transaction) -> Iterator[dict[str, Any]]:
    for record in txn.records():
        yield as_line(record, txn.get_vector(record.key))


def as_line(record: Record, found: tuple[str, Vector] | None) -> dict[str, Any]:
    """A memory as a line; ``found`` is its vector with the id of the model that made it."""
    line = {
        "v": LINE_FORMAT,
        "id": record.id,
        "content": record.content,
        "type": record.type,
        "metadata": record.metadata,
        "importance": record.importance,
        "tier": record.tier,
        "created_at": iso(from_ms(record.created_at)),
        "last_access": iso(from_ms(record.last_access)),
        "access_count": record.access_count,
        "count": record.count,
        "arousal": record.arousal,
    }
    if record.said:
        line["said"] = [iso(from_ms(moment)) for moment in record.said]
    if found is not None:  # a damaged store can lack it; an import makes it anew
        model_id, vector = found
        line["model"] = model_id
        line["embedding"] = base64.b64encode(vector.astype(np.float16).tobytes()).decode()
    return line


def written(line: dict[str, Any]) -> bytes:
    """A line as it stands in the file."""
    return json.dumps(line, ensure_ascii=False, allow_nan=False).encode() + b"\n"


def _parsed(number: int, row: Any, model_id: str, dim: int, now: int) -> Line:
    if not isinstance(row, dict):
        raise TypeError(f"is no object; {WHAT_A_LINE_IS}")
    if row.get("v", LINE_FORMAT) > LINE_FORMAT:
        raise ValueError(f"has format {row['v']}, this version reads {LINE_FORMAT}")
    created = to_ms(parse(row["created_at"])) if "created_at" in row else now
    tier = row.get("tier", "short_term")
    if tier not in get_args(Tier):
        raise InputError("tier", tier, f"give one of {', '.join(get_args(Tier))}")
    record = Record(
        key=0,
        id=_id(row["id"]),
        content=check_content(row["content"]),
        type=check_type(row["type"], "type"),
        metadata=check_metadata(row["metadata"]),
        importance=check_importance(row.get("importance", 0.5)),
        tier=tier,
        created_at=created,
        last_access=to_ms(parse(row["last_access"])) if "last_access" in row else created,
        access_count=_count(row.get("access_count", 0), 0),
        count=_count(row.get("count", 1), 1),
        arousal=check_importance(row.get("arousal", 0.0), "arousal"),
        said=_said(row.get("said", []), created),
    )
    return Line(number, record, _vector(row, model_id, dim))


def _vector(row: dict[str, Any], model_id: str, dim: int) -> Vector | None:
    if row.get("model") != model_id or "embedding" not in row:
        return None
    try:
        data = base64.b64decode(row["embedding"], validate=True)
    except binascii.Error as error:
        raise ValueError(f"its embedding is not base64: {error}") from error
    if len(data) != dim * np.dtype(np.float16).itemsize:
        raise ValueError(f"its embedding does not hold {dim} numbers")
    vector = np.frombuffer(data, np.float16).astype(np.float32)
    if not np.isfinite(vector).all():
        raise ValueError("its embedding holds numbers that are not finite")
    return vector


def _id(value: object) -> str:
    if not isinstance(value, str) or not is_encodable(value) or not 0 < len(value.encode()) <= MAX_KEY:
        raise InputError("id", value, f"give text of 1 to {MAX_KEY} bytes")
    return value


def _count(value: object, least: int) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value < 2**63:
        raise ValueError(f"a count is not a whole number from {least}")
    return value


def _said(value: object, created: int) -> tuple[int, ...]:
    if not isinstance(value, list) or len(value) > MAX_SAID:
        raise ValueError(f"said is not a list of at most {MAX_SAID} times")
    times = tuple(to_ms(parse(moment)) for moment in value)
    if times and (times[0] != created or list(times) != sorted(times)):
        raise ValueError("said does not begin at created_at, or is not in order")
    return times


def _reason(error: Exception) -> str:
    if isinstance(error, UnicodeDecodeError):
        return f"is not UTF-8: {error}"
    if isinstance(error, json.JSONDecodeError):
        return f"is not JSON ({error.msg}, column {error.colno}); {WHAT_A_LINE_IS}"
    return f"lacks {error}; {WHAT_A_LINE_IS}" if isinstance(error, KeyError) else str(error)
