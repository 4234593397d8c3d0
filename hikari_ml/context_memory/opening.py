"""What a memory holds beside its store, read from the store when it is opened."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING, cast

from hikari_ml.context_memory import postings
from hikari_ml.context_memory.record import Record
from hikari_ml.context_memory.rows import unpack_record
from hikari_ml.context_memory.tiers import Slot
from hikari_ml.context_memory.validity import TELLING
from hikari_ml.context_memory.words import words_of

if TYPE_CHECKING:
    from hikari_ml.context_memory.core import MemoryCore
    from hikari_ml.context_memory.store import Transaction


def fill(core: MemoryCore) -> set[str]:
    """Fill the empty caches of ``core``; returns the ids of models whose vectors are none of ours.

    Words that the store does not hold as they would be read now are read again, and written.
    """
    unread: dict[bytes, bytes] = {}

    def act(txn: Transaction) -> set[str]:
        words = postings.every(txn)
        lines: list[tuple[int, bytes]] = []
        core.tiers.fill(_slots(txn, words, unread, lines))
        with ThreadPoolExecutor(1, "memory-words") as aside:
            filled = aside.submit(core.words.fill, lines, core.tiers.conversations)
            others = core.keeper.load(txn)
            filled.result()
        core.index.remove(int.from_bytes(key, "big") for key in core.store.unreadable.get("records", ()))
        telling = (cast("Record", txn.get(key)) for key in core.words.with_any(TELLING))
        core.validity.fill(telling)
        for digest, edge in txn.edges():
            core.graph.put(digest, edge)
        return others

    with _nothing_collected():
        others = core.store.read(act)
    if not core.store.read_only and (unread or not core.store.read(postings.are_current)):
        core.store.write(lambda txn: postings.put_missing(txn, unread))
    return others


def _slots(
    txn: Transaction, words: dict[bytes, bytes], unread: dict[bytes, bytes], lines: list[tuple[int, bytes]]
) -> Iterator[Slot]:
    """The slot of every memory, of which ``lines`` gets the words.

    What is not among ``words`` is read anew, and ``unread`` gets it too.
    """
    read = _checked if txn.read_only else Slot.read
    for name, packed in txn.rows("records"):
        if (found := txn.sound("records", name, packed, read)) is None:
            continue
        slot, content = found
        told = words.get(name)
        if told is None:
            told = unread[name] = words_of(content)
        lines.append((slot.key, told))
        yield slot


def _checked(key: bytes, packed: bytes) -> tuple[Slot, str]:
    """As :meth:`Slot.read`, of a row that is read again without a fault: else it must not be listed."""
    record = unpack_record(key, packed)
    return Slot.of(record), record.content


@contextmanager
def _nothing_collected() -> Iterator[None]:
    """Keep the garbage collector away: it would look through all that is read here, and all of it stays."""
    collected = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collected:
            gc.enable()
