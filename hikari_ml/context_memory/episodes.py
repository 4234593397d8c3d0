"""Cutting what happened into episodes; pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from hikari_ml.context_memory.tiers import Slot

GAP_MS: Final = 20 * 60 * 1000
"""A pause that ends an episode."""

LONGEST_MS: Final = 60 * 60 * 1000
"""An episode is cut here even if nobody paused."""

FEWEST: Final = 3
"""Memories that make an episode; fewer are left as they are."""


def cut(slots: Iterable[Slot]) -> Iterator[list[Slot]]:
    """Part ``slots`` at pauses and after an hour; stretches of fewer than three are left out."""
    stretch: list[Slot] = []
    for slot in sorted(slots, key=lambda slot: (slot.created_at, slot.key)):
        if stretch and (
            slot.created_at - stretch[-1].created_at > GAP_MS
            or slot.created_at - stretch[0].created_at > LONGEST_MS
        ):
            if len(stretch) >= FEWEST:
                yield stretch
            stretch = []
        stretch.append(slot)
    if len(stretch) >= FEWEST:
        yield stretch
