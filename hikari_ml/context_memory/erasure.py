"""Erasure of a viewer, and the file written anew without what is gone.

The transaction that removes everything also notes that the file is to be written anew. So an erasure that was
cut off in between, by a crash or a full disk, is finished when the memory is opened the next time.
"""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import Final

from hikari_ml.context_memory.core import MemoryCore
from hikari_ml.context_memory.store import Transaction
from hikari_ml.context_memory.upkeep import forget
from hikari_ml.errors import HikariError
from hikari_ml.models.summarizer import Summarizer
from hikari_ml.results import Compaction, Erasure

DUE: Final = b"rewrite"
"""In meta as long as bytes of what was erased may be left in the file."""

_log = logging.getLogger(__name__)


def erase_user(core: MemoryCore, summarizer: Summarizer, user: str) -> Erasure:
    """Remove everything of ``user`` at once, then write the file anew without a byte of it.

    The user's node goes as well, with the edges that others' memories gave it.
    """
    before = core.store.size
    keys = core.tiers.of_user(user)
    vectors = sum(key in core.index for key in keys)
    touching = core.graph.touching(user)
    edges = len(core.graph.without(keys).keys() | touching.keys())
    emptied = {digest: replace(edge, evidence=()) for digest, edge in touching.items()}

    def also(txn: Transaction) -> None:
        for digest, edge in emptied.items():
            txn.put_edge(digest, edge)
        txn._put("meta", DUE, b"")

    episodes = forget(core, summarizer, keys, also)
    for digest, edge in emptied.items():
        core.graph.put(digest, edge)
    _rewrite(core)
    return {
        "user": user,
        "memories": len(keys),
        "vectors": vectors,
        "edges": edges,
        "episodes": episodes,
        "compacted": True,
        "bytes_before": before,
        "bytes_after": core.store.size,
        "degraded": [],
    }


def compact(core: MemoryCore) -> Compaction:
    """Write the file anew, without the room that what was deleted left in it."""
    core.flush_touched()
    before = core.store.size
    _rewrite(core)
    return {"bytes_before": before, "bytes_after": core.store.size, "degraded": []}


def is_due(txn: Transaction) -> bool:
    """Whether the file is still to be written anew after an erasure."""
    return txn._get("meta", DUE) is not None


def finish(core: MemoryCore) -> None:
    """Write the file anew if an erasure was cut off before; a failure can wait for the next opening."""
    if not core.store.read(is_due):
        return
    _log.warning("%s: an erasure was cut off; the file is written anew", core.store.folder)
    try:
        _rewrite(core)
    except HikariError:  # the memory can still be used, and the note of it stands
        _log.exception("bytes of what was erased may be left in the file; it will be tried again")
        core.store.read(is_due)  # raises if it can not


def _rewrite(core: MemoryCore) -> None:
    core.keeper.forget()
    core.store.compact()
    if core.store.read(is_due):
        core.store.write(lambda txn: txn._remove("meta", DUE))
