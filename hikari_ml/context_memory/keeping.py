"""How a statement becomes a memory, or counts for one that is there, and is taken back."""

from __future__ import annotations

from collections.abc import Callable

from hikari_ml.context_memory import upkeep
from hikari_ml.context_memory.core import Change, MemoryCore
from hikari_ml.context_memory.record import Record, public_id, same_key
from hikari_ml.context_memory.store import Transaction
from hikari_ml.context_memory.validity import filling
from hikari_ml.errors import UnknownMemoryError
from hikari_ml.models.reading import Vector
from hikari_ml.models.summarizer import Summarizer


def store(core: MemoryCore, draft: Record, txn: Transaction, vectors: Vector) -> Change[str]:
    """Keep ``draft`` as a memory of its own, or as one more storing of one that says the same."""
    standing = txn.same_as(same_key(draft.content, draft.type, draft.user))
    record = txn.get(standing) if standing is not None else None
    if record is not None:
        return _merge(core, txn, record, draft)
    draft.key = txn.next_key()
    draft.id = public_id(draft.key, draft.content, draft.created_at)
    apply = core.save(txn, draft, vectors[0], core.embedder.model_id)
    return Change(draft.id, apply)


def withdraw(core: MemoryCore, summarizer: Summarizer, memory_id: str) -> bool:
    """Take back the latest storing of a memory: True if it is gone, False if it was stored more often."""
    try:
        record = core.store.read(lambda txn: core.record_of(txn, memory_id))
    except UnknownMemoryError:
        return True
    if record.count == 1:
        upkeep.forget(core, summarizer, [record.key])
        return True
    record.count -= 1
    record.unsaid()
    core.store.write(lambda txn: txn.put(record))
    core.graph.refresh(core.validity.put(record))
    return False


def _merge(core: MemoryCore, txn: Transaction, record: Record, again: Record) -> Change[str]:
    """The same was said again: it counts, it is recent, and what is new about it is kept.

    Where it fills a slot, it matters when it was said: it holds again if another value held in between.
    """
    record.count += 1
    record.importance = max(record.importance, again.importance)
    record.last_access = max(record.last_access, again.created_at)
    record.metadata = {**again.metadata, **record.metadata}
    record.conversation = record.metadata.get("conversation") or None
    if filling(record):
        record.repeated(again.created_at)
    txn.put(record)
    return Change(record.id, _merged(core, record))


def _merged(core: MemoryCore, record: Record) -> Callable[[], None]:
    """What a merge changes in the caches."""

    def apply() -> None:
        slot = core.tiers[record.key]
        slot.importance = record.importance
        slot.last_access = max(slot.last_access, record.last_access)
        if (slot.conversation, slot.created_at) != (record.conversation, record.created_at):
            core.regroup(record)
        core.graph.refresh(core.validity.put(record))

    return apply
