"""How a memory fades: Ebbinghaus forgetting, computed from what is stored, never written back; pure.

H. Ebbinghaus, "Über das Gedächtnis", 1885: retention falls with time and falls more slowly the more
often something was recalled. With the seed's daily rate r, a memory of base importance i, last touched
t days ago, with stability S, is worth ``i * r ** (t / S)`` now.
"""

from __future__ import annotations

import math
from typing import Final

DAY: Final = 86_400.0
"""Seconds in a day."""


def stability(recalls: int) -> float:
    """How many times slower a memory fades after ``recalls`` recalls: 1 + ln(1 + n)."""
    return 1.0 + math.log1p(max(0, recalls))


def decayed(importance: float, seconds_since: float, recalls: int, daily_rate: float) -> float:
    """Importance now, in [0, importance].

    ``seconds_since`` counts from the last recall, or from creation; a clock that went backwards counts
    as no time. ``daily_rate`` is the share kept after one day without any recall.
    """
    days = max(0.0, seconds_since) / DAY
    return float(importance * daily_rate ** (days / stability(recalls)))
