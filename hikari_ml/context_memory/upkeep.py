"""The rounds that touch many memories at once: consolidation, episodes, and the erasure of a user."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from hikari_ml.context_memory.consolidation import plan
from hikari_ml.context_memory.core import MemoryCore
from hikari_ml.context_memory.episodes import FEWEST, cut
from hikari_ml.context_memory.record import Record
from hikari_ml.context_memory.store import Episode, Transaction
from hikari_ml.context_memory.tiers import Slot
from hikari_ml.models.summarizer import Summarizer
from hikari_ml.results import Consolidation, Erasure

BATCH: Final = 500
"""Memories changed in one transaction of a round."""

SUMMARY_LENGTH: Final = 400
"""Characters of an episode's summary."""


def consolidate(core: MemoryCore, summarizer: Summarizer) -> Consolidation:
    """One round: forget what has faded, move what is due, and cut new episodes."""
    core.flush_touched()
    slots = list(core.tiers)
    decided = plan(slots, core.now(), core.settings)
    for at in range(0, len(decided.forget), BATCH):
        forget(core, decided.forget[at : at + BATCH])
    core.move(decided)
    return {
        "examined": len(slots),
        "promoted": len(decided.promote),
        "episodic": len(decided.episodic),
        "forgotten": len(decided.forget),
        "episodes": _cut_episodes(core, summarizer),
        "degraded": [],
    }


def forget(core: MemoryCore, keys: Sequence[int]) -> int:
    """Remove memories from the store and every cache; returns how many there were."""
    records = core.contents(keys)
    core.store.write(lambda txn: core.delete(txn, records))()
    return len(records)


def erase_user(core: MemoryCore, summarizer: Summarizer, user: str) -> Erasure:
    """Remove everything of ``user``, then rewrite the file so that no old page keeps a byte of it."""
    before = core.store.size
    keys = core.tiers.of_user(user)
    vectors = sum(key in core.index for key in keys)
    edges = len(core.graph.without(keys)) + len(core.graph.touching(user))
    episodes = _leave_episodes(core, summarizer, set(keys))
    for at in range(0, len(keys), BATCH):
        forget(core, keys[at : at + BATCH])
    _cut_edges(core, user)
    core.store.compact()
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


def _cut_episodes(core: MemoryCore, summarizer: Summarizer) -> int:
    loose = [slot for slot in core.tiers.in_tier("episodic") if slot.episode == 0]
    made = 0
    for stretch in cut(loose):
        records = core.contents(slot.key for slot in stretch)
        text = _summary(core, summarizer, records)
        core.store.write(lambda txn, r=records, t=text: _put_episode(txn, r, t, summarizer.method))  # type: ignore[misc]
        for record in records:
            core.tiers.put(Slot.of(record))
        made += 1
    return made


def _put_episode(txn: Transaction, records: list[Record], text: str, method: str) -> None:
    number = txn.next_episode()
    for record in records:
        record.episode = number
        txn.put(record)
    times = [record.created_at for record in records]
    members = tuple(record.key for record in records)
    txn.put_episode(Episode(number, min(times), max(times), members, text, method))


def _summary(core: MemoryCore, summarizer: Summarizer, records: Sequence[Record]) -> str:
    vectors = core.index.vectors([record.key for record in records])
    return summarizer.summarize([record.content for record in records], vectors, SUMMARY_LENGTH)


def _leave_episodes(core: MemoryCore, summarizer: Summarizer, keys: set[int]) -> int:
    """Take ``keys`` out of the episodes they are in, whose summaries may quote them."""
    touched = [
        episode
        for episode in core.store.read(lambda txn: list(txn.episodes()))
        if not keys.isdisjoint(episode.members)
    ]
    for episode in touched:
        rest = core.contents(key for key in episode.members if key not in keys)
        if len(rest) < FEWEST:
            core.store.write(lambda txn, number=episode.number: txn.delete_episode(number))  # type: ignore[misc]
            continue
        smaller = Episode(
            episode.number,
            episode.start,
            episode.end,
            tuple(record.key for record in rest),
            _summary(core, summarizer, rest),
            summarizer.method,
        )
        core.store.write(lambda txn, smaller=smaller: txn.put_episode(smaller))  # type: ignore[misc]
    return len(touched)


def _cut_edges(core: MemoryCore, user: str) -> None:
    """Remove the user's node: edges that others' memories gave it go as well."""
    edges = core.graph.touching(user)
    emptied = {digest: type(edge)(edge.source, edge.kind, edge.target, ()) for digest, edge in edges.items()}

    def act(txn: Transaction) -> None:
        for digest, edge in emptied.items():
            txn.put_edge(digest, edge)

    core.store.write(act)
    for digest, edge in emptied.items():
        core.graph.put(digest, edge)
