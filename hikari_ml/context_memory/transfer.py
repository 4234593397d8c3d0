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
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, get_args

import numpy as np

from hikari_ml.context_memory.core import MemoryCore
from hikari_ml.context_memory.record import (
    Record,
    check_content,
    check_importance,
    check_metadata,
    from_ms,
    to_ms,
)
from hikari_ml.context_memory.store import MAX_KEY, Transaction
from hikari_ml.errors import InputError, RecordingError
from hikari_ml.models.reading import Vector
from hikari_ml.results import Tier
from hikari_ml.times import iso, parse

LINE_FORMAT: Final = 1


@dataclass(frozen=True, slots=True)
class Line:
    """One line of an export, checked; ``vector`` is None where it has to be made anew."""

    number: int
    record: Record
    vector: Vector | None


def export(core: MemoryCore, path: Path) -> int:
    """Write every memory to ``path``, aside and then in place; returns how many."""
    core.flush_touched()
    aside = path.with_name(f"{path.name}.tmp")
    count = 0
    with aside.open("w", encoding="utf-8") as file:
        for line in core.store.read(lambda txn: list(_lines(txn))):
            file.write(json.dumps(line, ensure_ascii=False, allow_nan=False) + "\n")
            count += 1
        file.flush()
        os.fsync(file.fileno())
    aside.replace(path)
    return count


def read_lines(path: Path, model_id: str, dim: int, now: int) -> list[Line]:
    """Read an export, keeping the vectors that ``model_id`` made.

    Raises:
        RecordingError: the file cannot be read, or a line of it is not such a line.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise RecordingError(path, 0, f"cannot be read: {error}") from error
    found, seen = [], set()
    for number, row in enumerate(text.splitlines(), start=1):
        if not row.strip():
            continue
        try:
            line = _parsed(number, json.loads(row), model_id, dim, now)
        except (KeyError, TypeError, ValueError) as error:
            raise RecordingError(path, number, _reason(error)) from error
        if line.record.id in seen:
            raise RecordingError(path, number, f"the id {line.record.id!r} stands twice")
        seen.add(line.record.id)
        found.append(line)
    return found


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


def _lines(txn: Transaction) -> Iterator[dict[str, Any]]:
    vectors = {key: (model_id, vector) for key, model_id, vector in txn.vectors()}
    for record in txn.records():
        model_id, vector = vectors[record.key]
        yield {
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
            "model": model_id,
            "embedding": base64.b64encode(vector.astype(np.float16).tobytes()).decode(),
        }


def _parsed(number: int, row: Any, model_id: str, dim: int, now: int) -> Line:
    if not isinstance(row, dict):
        raise TypeError("needs an object")
    if row.get("v", LINE_FORMAT) > LINE_FORMAT:
        raise ValueError(f"has format {row['v']}, this version reads {LINE_FORMAT}")
    created = to_ms(parse(row["created_at"])) if "created_at" in row else now
    tier = row.get("tier", "short_term")
    if tier not in get_args(Tier):
        raise InputError("tier", tier, f"give one of {', '.join(get_args(Tier))}")
    record = Record(
        key=0,
        id=_text(row["id"], "id"),
        content=check_content(row["content"]),
        type=_text(row["type"], "type"),
        metadata=check_metadata(row["metadata"]),
        importance=check_importance(row.get("importance", 0.5)),
        tier=tier,
        created_at=created,
        last_access=to_ms(parse(row["last_access"])) if "last_access" in row else created,
        access_count=_count(row.get("access_count", 0), 0),
        count=_count(row.get("count", 1), 1),
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


def _text(value: object, name: str) -> str:
    if not isinstance(value, str) or not 0 < len(value.encode("utf-8", "replace")) <= MAX_KEY:
        raise InputError(name, value, f"give text of 1 to {MAX_KEY} bytes")
    return value


def _count(value: object, least: int) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < least:
        raise ValueError(f"a count is not a whole number from {least}")
    return value


def _reason(error: Exception) -> str:
    return f"lacks {error}" if isinstance(error, KeyError) else str(error)
