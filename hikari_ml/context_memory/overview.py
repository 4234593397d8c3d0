"""A memory as a whole, for who looks at it: its size, its episodes, its themes; nothing is changed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from hikari_ml.context_memory import rows
from hikari_ml.context_memory import themes as finding
from hikari_ml.context_memory.answer import tell
from hikari_ml.context_memory.consolidation import importance_now
from hikari_ml.context_memory.core import MemoryCore
from hikari_ml.context_memory.recall import Hit
from hikari_ml.context_memory.record import from_ms
from hikari_ml.context_memory.store import Transaction
from hikari_ml.results import Episode, Memory, MemoryStats, Theme, ThemeScope
from hikari_ml.times import iso


def stats(core: MemoryCore) -> MemoryStats:
    """How much is remembered, where it lies, and with which model."""
    slots = list(core.tiers)
    times = [slot.created_at for slot in slots]
    return {
        "total": len(slots),
        "superseded": len(core.validity),
        "by_tier": _counted(slot.tier for slot in slots),
        "by_type": _counted(slot.type for slot in slots),
        "users": core.tiers.users,
        "episodes": core.store.read(lambda txn: sum(1 for _ in txn.episodes())),
        "graph": {
            "nodes": core.graph.graph.number_of_nodes(),
            "edges": core.graph.graph.number_of_edges(),
        },
        "bytes": core.store.size,
        "model": core.embedder.model_id,
        "oldest": iso(from_ms(min(times))) if times else None,
        "newest": iso(from_ms(max(times))) if times else None,
        "degraded": list(core.degraded),
    }


def superseded(core: MemoryCore, k: int) -> list[Memory]:
    """The ``k`` most important memories that hold no longer, ties by age."""
    now, rate = core.now(), core.settings.decay_rate
    worth = {key: importance_now(core.tiers[key], now, rate) for key in core.validity.superseded()}
    best = sorted(worth, key=lambda key: (-worth[key], key))[:k]
    hits = [Hit(key, worth[key], {}, {}) for key in best]
    return core.store.read(lambda txn: [tell(core, txn, hit, now) for hit in hits])


def episodes(core: MemoryCore, k: int) -> list[Episode]:
    """The ``k`` latest episodes, latest first."""

    def act(txn: Transaction) -> list[Episode]:
        latest = sorted(txn.episodes(), key=lambda episode: (-episode.start, -episode.number))[:k]
        return [_episode(txn, episode) for episode in latest]

    return core.store.read(act)


def themes(core: MemoryCore, k: int) -> list[Theme]:
    """The ``k`` largest themes of long-term memories, or of all where too few are long-term."""
    core.complete()
    outdated = core.validity.superseded()
    standing = [slot for slot in core.tiers if slot.key not in outdated]
    slots = [slot for slot in standing if slot.tier == "long_term"]
    scope: ThemeScope = "long_term" if len(slots) >= finding.ENOUGH else "all"
    if scope == "all":
        slots = standing
    now, rate = core.now(), core.settings.decay_rate
    worth = {slot.key: importance_now(slot, now, rate) for slot in slots}
    best = sorted(worth, key=lambda key: (-worth[key], key))[: finding.MOST]
    records = core.contents(sorted(best))
    vectors = core.index.vectors([record.key for record in records])
    found = finding.themes(records, vectors, k, scope)
    for theme in found:
        theme["degraded"] = list(core.degraded)
    return found


def _episode(txn: Transaction, episode: rows.Episode) -> Episode:
    records = [record for key in episode.members if (record := txn.get(key)) is not None]
    return {
        "start": iso(from_ms(episode.start)),
        "end": iso(from_ms(episode.end)),
        "size": len(records),
        "users": finding.most_active(record.user for record in records),
        "summary": episode.summary,
        "method": episode.method,
        "memories": [record.id for record in records],
    }


def _counted(values: Iterable[str]) -> dict[str, int]:
    return dict(sorted(Counter(values).items()))
