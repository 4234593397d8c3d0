"""How a memory fades: Ebbinghaus forgetting, computed from what is stored, never written back; pure.

H. Ebbinghaus, "Über das Gedächtnis", 1885: retention falls with time and falls more slowly the more
often something was recalled. J. McGaugh, "The amygdala modulates the consolidation of memories of
emotionally arousing experiences", 2004: what stirred us stays longer. With the seed's daily rate r, a memory
of base importance i, last touched t days ago, with stability S, is worth ``i * r ** (t / S)`` now.
"""

from __future__ import annotations

import math
from typing import Final

DAY: Final = 86_400.0
"""Seconds in a day."""


def stability(recalls: int, arousal: float = 0.0) -> float:
    """How many times slower a memory of ``arousal`` a in [0, 1] fades after n recalls.

    (1 + ln(1 + n)) * (1 + a): at most, being stirred counts for about two recalls.
    """
    return (1.0 + math.log1p(max(0, recalls))) * (1.0 + arousal)


def decayed(
    importance: float, seconds_since: float, recalls: int, daily_rate: float, arousal: float = 0.0
) -> float:
    """Importance now, in [0, importance].

    ``seconds_since`` counts from the last recall, or from creation; a clock that went backwards counts
    as no time. ``daily_rate`` is the share kept after one day without any recall.
    """
    days = max(0.0, seconds_since) / DAY
    return float(importance * daily_rate ** (days / stability(recalls, arousal)))
