"""A memory as it is given to whoever asked."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from hikari_ml.context_memory.consolidation import importance_now
from hikari_ml.context_memory.recall import Hit
from hikari_ml.context_memory.record import Record, from_ms
from hikari_ml.context_memory.tiers import Slot
from hikari_ml.results import Memory
from hikari_ml.times import iso

if TYPE_CHECKING:
    from hikari_ml.context_memory.core import MemoryCore
    from hikari_ml.context_memory.store import Transaction


def tell(core: MemoryCore, txn: Transaction, hit: Hit, now: int) -> Memory:
    """The memory that ``hit`` found, as it is at ``now`` (epoch milliseconds)."""
    record, slot = txn.get(hit.key), core.tiers[hit.key]
    assert record is not None, "the caches follow the store"
    until, by = core.validity.until(hit.key)
    after = txn.get(by) if by is not None else None
    end = until, None if after is None else after.id
    return as_memory(record, slot, hit, now, core.settings.decay_rate, end=end, degraded=core.degraded)


def as_memory(
    record: Record,
    slot: Slot,
    hit: Hit,
    now: int,
    daily_rate: float,
    *,
    end: tuple[int | None, str | None] = (None, None),
    degraded: Iterable[str] = (),
) -> Memory:
    """A memory as it is at ``now`` (epoch milliseconds); ``end`` says when it ceased to hold, and by what."""
    until, by = end
    return {
        "id": record.id,
        "content": record.content,
        "type": record.type,
        "metadata": record.metadata,
        "importance": importance_now(slot, now, daily_rate),
        "arousal": slot.arousal,
        "tier": slot.tier,
        "created_at": iso(from_ms(record.created_at)),
        "last_access": iso(from_ms(slot.last_access)),
        "access_count": slot.access_count,
        "count": record.count,
        "valid_from": iso(from_ms(record.created_at)),
        "valid_to": None if until is None else iso(from_ms(until)),
        "superseded_by": by,
        "score": hit.score,
        "why": why(hit, (now - record.created_at) / 86_400_000),
        "degraded": list(degraded),
    }


def why(hit: Hit, age_days: float) -> dict[str, float | int | str | None]:
    """The terms of a score, each under its name, and how old the memory is."""
    lists = ("meaning", "meaning_window", "words", "words_window")
    return {
        **{name: hit.scores.get(name) for name in lists},
        **{f"{name}_rank": hit.ranks.get(name) for name in lists},
        "answers": hit.scores.get("answers"),
        "named": hit.scores.get("named"),
        "age_days": max(0.0, age_days),
    }
