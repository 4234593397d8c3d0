"""Which memories become long-term, which leave the working buffer, and which are let go; pure."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from hikari_ml.config import MemorySettings
from hikari_ml.context_memory.decay import decayed
from hikari_ml.context_memory.tiers import Slot

IMPORTANCE_SHARE: Final = 0.6
RECALL_SHARE: Final = 0.4
RECALL_SCALE: Final = 5.0

WORKING_MS: Final = 60 * 60 * 1000
"""How long an unremarkable memory stays in the working buffer."""


@dataclass(slots=True)
class Plan:
    """Keys by what should become of them."""

    promote: list[int] = field(default_factory=list)
    episodic: list[int] = field(default_factory=list)
    forget: list[int] = field(default_factory=list)


def consolidation_score(importance: float, recalls: int) -> float:
    """The seed's score, in [0, 1]: ``0.6 importance + 0.4 tanh(recalls / 5)``."""
    return IMPORTANCE_SHARE * importance + RECALL_SHARE * math.tanh(max(0, recalls) / RECALL_SCALE)


def importance_now(slot: Slot, now: int, daily_rate: float) -> float:
    """Decayed importance of a memory at ``now`` (epoch milliseconds)."""
    seconds = (now - slot.last_access) / 1000
    return decayed(slot.importance, seconds, slot.access_count, daily_rate, slot.arousal)


def plan(slots: Iterable[Slot], now: int, settings: MemorySettings) -> Plan:
    """What a round of consolidation should do at ``now`` (epoch milliseconds).

    Whatever has faded below the floor is forgotten. Of the rest, what scores above the threshold becomes
    long-term, and what has been in the working buffer for an hour becomes episodic.
    """
    decided = Plan()
    for slot in slots:
        importance = importance_now(slot, now, settings.decay_rate)
        if importance < settings.forget_below:
            decided.forget.append(slot.key)
        elif slot.tier == "long_term":
            continue
        elif consolidation_score(importance, slot.access_count) > settings.consolidation_threshold:
            decided.promote.append(slot.key)
        elif slot.tier == "short_term" and now - slot.created_at >= WORKING_MS:
            decided.episodic.append(slot.key)
    return decided


def overflow(short_term: list[Slot], now: int, settings: MemorySettings) -> Plan:
    """What should leave a working buffer that has grown a quarter beyond its capacity, oldest first."""
    capacity = settings.short_term_capacity
    decided = Plan()
    if len(short_term) <= capacity + capacity // 4:
        return decided
    for slot in short_term[: len(short_term) - capacity]:
        importance = importance_now(slot, now, settings.decay_rate)
        score = consolidation_score(importance, slot.access_count)
        chosen = decided.promote if score > settings.consolidation_threshold else decided.episodic
        chosen.append(slot.key)
    return decided
