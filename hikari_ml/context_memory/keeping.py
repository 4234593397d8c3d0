"""How a statement becomes a memory, or counts for one that is there, and is taken back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from hikari_ml.chat import user_key
from hikari_ml.context_memory import requests, upkeep
from hikari_ml.context_memory.core import Change, Kind, MemoryCore, as_stored
from hikari_ml.context_memory.record import Record, public_id
from hikari_ml.context_memory.sameness import same_sense, sure_words
from hikari_ml.context_memory.store import Transaction
from hikari_ml.context_memory.validity import filling
from hikari_ml.errors import UnknownMemoryError
from hikari_ml.models.reading import Vector
from hikari_ml.models.summarizer import Summarizer

SIMILAR: Final = 0.5
"""Cosine similarity from which two memories may be one, if their words agree.

Of 126 pairs of lines that differ by one to four fillers the least alike reached 0.53, half of them 0.85;
"I have 2 cats" and "I have 3 cats" reach 0.93. So the words decide, and this guards against an embedding that
was handed in and means something else.
"""

NEAREST: Final = 8
"""Memories nearest in meaning whose words are compared."""

COMPARED: Final = 1000
"""Memories of the same user and type that are looked at, those stored last."""


def store(
    core: MemoryCore, draft: Record, request: bytes | None, txn: Transaction, vectors: Vector
) -> Change[str]:
    """Keep ``draft`` as a memory of its own, or as one more storing of one that says the same.

    What the same ``request`` has stored before is not stored again.
    """
    if request is None:
        return _store(core, draft, txn, vectors)
    if (known := requests.stored_by(txn, request)) is not None:
        return Change(known, _nothing)
    change = _store(core, draft, txn, vectors)
    requests.note(txn, request, change.result, core.now())
    return change


def _store(core: MemoryCore, draft: Record, txn: Transaction, vectors: Vector) -> Change[str]:
    standing = txn.same_as(draft.same_key())
    record = txn.get(standing) if standing is not None else None
    if record is not None and not _same_about(record, draft):
        record = _told_again(core, txn, draft)
    vector = as_stored(vectors[0])
    if record is None and core.settings.merge_similar:
        record = _similar(core, txn, draft, vector)
    if record is not None:
        return _merge(core, txn, record, draft)
    draft.key = txn.next_key()
    draft.id = public_id(draft.key, draft.content, draft.created_at)
    apply = core.save(txn, draft, vectors[0], core.embedder.model_id)
    core.pending[_kind(draft)][draft.key] = draft, vector  # last, so that a failure above leaves none behind
    return Change(draft.id, apply)


def withdraw(core: MemoryCore, summarizer: Summarizer, memory_id: str) -> bool:
    """Take back the latest storing of a memory: True if none is left of it, as of an id that is not there."""
    try:
        record = core.store.read(lambda txn: core.record_of(txn, memory_id))
    except UnknownMemoryError:
        return True
    if record.count == 1:
        upkeep.forget(core, summarizer, [record.key])
        return True
    record.count -= 1
    record.unsay()
    core.store.write(lambda txn: txn.put(record))
    core.graph.refresh(core.validity.put(record))
    return False


def _nothing() -> None:
    """What changes in the caches when nothing was stored."""


def _similar(core: MemoryCore, txn: Transaction, draft: Record, vector: Vector) -> Record | None:
    """The memory that ``draft`` repeats in almost the same words.

    What waits in the same transaction counts as what is stored does: what becomes of a line must not depend
    on how many were written at once.
    """
    waiting = {key: float(other @ vector) for key, (_, other) in core.pending[_kind(draft)].items()}
    keys = core.tiers.newest(draft.user, draft.type, COMPARED - len(waiting))
    keys = core.words.with_all(sure_words(draft.content), keys)  # quicker than to compare what they mean
    near = [*core.index.search(vector, NEAREST, keys), *waiting.items()]
    for key, score in sorted(near, key=lambda pair: (-pair[1], pair[0]))[:NEAREST]:
        record = txn.get(key) if score >= SIMILAR else None
        if record is not None and _kind(record) == _kind(draft) and says_the_same(record, draft):
            return record
    return None


def says_the_same(first: Record, second: Record) -> bool:
    """Whether two memories say the same in almost the same words, and mean the same relations by it."""
    return (
        _same_about(first, second)
        and same_sense(first.content, second.content)
        and _states(first) == _states(second)
    )


def _same_about(first: Record, second: Record) -> bool:
    """Whether two memories are about the same: "his name is Tom" may be the brother's or the dog's."""
    return first.metadata.get("about") == second.metadata.get("about")


def _told_again(core: MemoryCore, txn: Transaction, draft: Record) -> Record | None:
    """The memory in the words of ``draft`` about the same, where the digest finds one about another."""
    digest = draft.same_key()
    waiting = core.pending[_kind(draft)]
    for key in (*core.tiers.newest(draft.user, draft.type, COMPARED - len(waiting)), *waiting):
        record = txn.get(key)
        if record is not None and record.same_key() == digest and _same_about(record, draft):
            return record
    return None


def _kind(record: Record) -> Kind:
    return record.type, user_key(record.user or "")


def _states(record: Record) -> list[tuple[str, str, bool]]:
    return [(found.kind, found.thing.casefold(), found.ends) for found in filling(record)]


def _merge(core: MemoryCore, txn: Transaction, record: Record, again: Record) -> Change[str]:
    """The same was said again: it counts, it is recent, and what is new about it is kept.

    Where it fills a slot, it matters when it was said: it holds again if another value held in between.
    """
    if filling(record):
        record.say(again.created_at)
    record.repeat(again)
    txn.put(record)
    return Change(record.id, _merged(core, record))


def _merged(core: MemoryCore, record: Record) -> Callable[[], None]:
    """What a merge changes in the caches."""

    def apply() -> None:
        slot = core.tiers[record.key]
        slot.importance, slot.arousal = record.importance, record.arousal
        slot.last_access = max(slot.last_access, record.last_access)
        if (slot.conversation, slot.created_at) != (record.conversation, record.created_at):
            core.regroup(record)
        core.graph.refresh(core.validity.put(record))

    return apply
