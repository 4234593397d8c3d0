"""The words of each memory, kept beside it: opening a store need not read and stem its texts again.

A row holds what :func:`~hikari_ml.context_memory.words.words_of` makes of a content. No word stands in it
but a digest, so that nothing that was deleted is left in a vocabulary.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from hikari_ml.context_memory.words import WORD, words_of

if TYPE_CHECKING:
    from hikari_ml.context_memory.record import Record
    from hikari_ml.context_memory.store import Transaction

TABLE: Final = "words"
READING: Final = b"reading"
VERSION: Final = b"2"
"""How words are read; it changes when the same text gives other words, and all rows are made anew."""


def put(txn: Transaction, record: Record) -> bytes:
    """Write the words of ``record``; returns them."""
    words = words_of(record.content)
    txn._put(TABLE, record.key.to_bytes(8, "big"), words)
    return words


def are_current(txn: Transaction) -> bool:
    """Whether the rows were made as they would be now; those of an empty store were."""
    return txn._get("meta", READING) == VERSION


def every(txn: Transaction) -> dict[bytes, bytes]:
    """All rows, by the key of their memory as it is stored; none if they were made in another way."""
    if not are_current(txn):
        return {}
    size = WORD.itemsize
    return {key: words for key, words in txn.rows(TABLE) if len(words) % size == 0}


def put_missing(txn: Transaction, missing: dict[bytes, bytes]) -> None:
    """Write rows that were not there, and that all are as they would be made now."""
    for key, words in missing.items():
        txn._put(TABLE, key, words)
    txn._put("meta", READING, VERSION)


def is_whole(words: bytes) -> bool:
    """Whether a row is a whole number of words."""
    return len(words) % WORD.itemsize == 0
