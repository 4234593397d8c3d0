"""What has happened to vectors since the checkpoint of the index: one row a change, in the same transaction.

Every write raises ``seq`` in meta. As long as there is a checkpoint, meta says in ``log_from`` after which
seq the log is complete; without one, nothing is logged.
"""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from hikari_ml.context_memory.store import Transaction

TABLE: Final = "log"
SEQ: Final = b"seq"
LOG_FROM: Final = b"log_from"
ENVIRONMENT: Final = b"environment"
PUT: Final = b"+"
GONE: Final = b"-"
ROW_BYTES: Final = 16
"""A row stands under its seq and the key of the memory, 8 bytes each."""


def seq_of(txn: Transaction) -> int:
    """How many writes there have been."""
    return int.from_bytes(txn._get("meta", SEQ) or b"", "big")


def log_from(txn: Transaction) -> int | None:
    """The seq after which every change is logged; None if none is."""
    raw = txn._get("meta", LOG_FROM)
    return None if raw is None else int.from_bytes(raw, "big")


def environment_of(txn: Transaction) -> bytes:
    """What tells this store from every other; empty in one that no writer of format 2 or later has opened."""
    return txn._get("meta", ENVIRONMENT) or b""


def begin(txn: Transaction) -> None:
    """Raise the seq: a write begins."""
    txn._put("meta", SEQ, (seq_of(txn) + 1).to_bytes(8, "big"))


def upgrade(txn: Transaction, store_format: int) -> None:
    """Give a store that is new, or of an older format, its format and its id."""
    current = str(store_format).encode()
    if txn._get("meta", b"format") != current:
        txn._put("meta", b"format", current)
    if not environment_of(txn):
        txn._put("meta", ENVIRONMENT, uuid.uuid4().bytes)


def note(txn: Transaction, key: bytes, what: bytes) -> None:
    """Log that the vector of ``key`` was put or is gone."""
    if txn._get("meta", LOG_FROM) is not None:
        txn._put(TABLE, (txn._get("meta", SEQ) or bytes(8)) + key, what)


def changed_since(txn: Transaction, seq: int) -> list[int] | None:
    """The keys whose vectors have changed after ``seq``; None if the log does not reach back so far."""
    start = log_from(txn)
    if start is None or start > seq or seq > seq_of(txn):
        return None
    rows = (row for row, _ in txn.rows(TABLE))
    return sorted({int.from_bytes(row[8:], "big") for row in rows if int.from_bytes(row[:8], "big") > seq})


def trim(txn: Transaction, seq: int) -> None:
    """Keep only what happened after ``seq``, of which there is a checkpoint now."""
    _drop(txn, seq)
    txn._put("meta", LOG_FROM, seq.to_bytes(8, "big"))


def end(txn: Transaction) -> None:
    """Log no longer: there is no checkpoint."""
    _drop(txn, seq_of(txn))
    txn._remove("meta", LOG_FROM)


def _drop(txn: Transaction, seq: int) -> None:
    gone = [row for row, _ in txn.rows(TABLE) if int.from_bytes(row[:8], "big") <= seq]
    for row in gone:
        txn._remove(TABLE, row)
