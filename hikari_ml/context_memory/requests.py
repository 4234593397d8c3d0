"""Which requests have stored what, in the same transaction: one that is repeated stores nothing again.

A row stands under a digest of the request's id: when it was stored, in epoch milliseconds, and the id of the
memory. Nothing of what was said stands in it.
"""

from __future__ import annotations

import struct
from hashlib import blake2b
from typing import TYPE_CHECKING, Final

from hikari_ml.chat import check_text, is_encodable
from hikari_ml.errors import InputError

if TYPE_CHECKING:
    from hikari_ml.context_memory.store import Transaction

TABLE: Final = "requests"
DIGEST: Final = 16
KEPT_MS: Final = 24 * 3600 * 1000
"""How long a request is known; a round of consolidation forgets older ones."""

_AT: Final = struct.Struct(">q")


def digest_of(request_id: str | None) -> bytes | None:
    """What a request is known by; None if there is none.

    Raises:
        InputError: ``request_id`` is no text, or blank.
    """
    if request_id is None:
        return None
    if not check_text(request_id, "request_id").strip() or not is_encodable(request_id):
        raise InputError("request_id", request_id, "give an id, or None")
    return blake2b(request_id.encode(), digest_size=DIGEST).digest()


def stored_by(txn: Transaction, digest: bytes) -> str | None:
    """The id of the memory that the request stored, or counted for; None if it is not known."""
    row = txn._get(TABLE, digest)
    return None if row is None else row[_AT.size :].decode()


def note(txn: Transaction, digest: bytes, memory_id: str, at: int) -> None:
    """Keep that the request has stored ``memory_id``."""
    txn._put(TABLE, digest, _AT.pack(at) + memory_id.encode())


def forget(txn: Transaction, before: int) -> int:
    """Forget the requests of before ``before`` (epoch milliseconds); returns how many there were."""
    old = [digest for digest, row in txn.rows(TABLE) if not is_whole(digest, row) or _at(row) < before]
    for digest in old:
        txn._remove(TABLE, digest)
    return len(old)


def is_whole(digest: bytes, row: bytes) -> bool:
    """Whether a row can be read."""
    return len(digest) == DIGEST and len(row) > _AT.size


def _at(row: bytes) -> int:
    return int(_AT.unpack_from(row)[0])
