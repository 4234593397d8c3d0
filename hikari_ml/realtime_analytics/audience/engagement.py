"""How much a viewer takes part, and where their mood is going; pure.

Engagement is what somebody adds to the chat, over days. A line counts by being another one, not by its
length, so "gg" counts like a sentence; said again at once it counts for nothing.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from itertools import combinations
from typing import Final

from hikari_ml.realtime_analytics.audience.lines import ENGAGES, SHORT, Line
from hikari_ml.realtime_analytics.audience.visits import Visits
from hikari_ml.results import MoodTrend

SHORT_AGAIN: Final = 1800.0
"""Seconds after which a line of at most two words, such as "gg", may be said anew."""

A_MINUTE: Final = 6
"""Lines of one minute that count; more is a flood."""

HALF_LIFE: Final = 28.0
"""Days after which a visit counts half."""

SILENT_HALF: Final = 14.0
"""Days of silence after which what somebody said counts half."""

LEAST_MOODS: Final = 8
CLEAR: Final = 1.96
"""Standard deviations of the Mann-Kendall statistic from which a trend is one: 5 % by chance."""
LEAST_CHANGE: Final = 0.1
"""Mean mood of the later half less that of the earlier one, from which a trend matters."""


def contributions(lines: Iterable[tuple[float, bytes, int, float]]) -> tuple[int, int]:
    """(lines that add something, those of them that talk to somebody).

    A longer line adds something once, a short one once in half an hour, and six lines a minute at most.
    """
    said: dict[bytes, float] = {}
    minutes: dict[float, int] = {}
    added = engaged = 0
    for at, key, flags, _ in lines:
        minute = at // 60
        counted = minutes.get(minute, 0)
        before = said.get(key)
        again = before is not None and (not flags & SHORT or at - before < SHORT_AGAIN)
        if again or counted >= A_MINUTE:
            continue
        said[key] = at
        minutes[minute] = counted + 1
        added += 1
        engaged += flags & ENGAGES
    return added, engaged


def engagement(lines: Iterable[tuple[float, bytes, int, float]], visits: Visits, today: int) -> float:
    """In [0, 1].

    0.35 presence (days lately, each counting half after 28 days, saturating), 0.2 loyalty (days ever,
    saturating), 0.25 activity (lines that add something, of the last 40, saturating) and 0.2 conversation
    (those that mention or ask, saturating); the last two halve with every 14 days of silence. All of it is
    multiplied by the share of the last 40 lines that add something, shrunk towards 1 while there are few:
    spam wins nothing on any of its days.
    """
    kept = tuple(lines)
    silence = visits.silence(today)
    if silence is None:
        return 0.0
    added, engaged = contributions(kept)
    faded = sum(2 ** (-max(0, today - day) / HALF_LIFE) for day in visits.days)
    said = 2 ** (-silence / SILENT_HALF)
    presence = 1 - math.exp(-faded / 5)
    loyalty = 1 - math.exp(-len(visits) / 20)
    activity = said * (1 - math.exp(-added / 8))
    conversation = said * (1 - math.exp(-engaged / 4))
    honest = (added + 2) / (len(kept) + 2)
    score = honest * (0.35 * presence + 0.2 * loyalty + 0.25 * activity + 0.2 * conversation)
    return min(1.0, max(0.0, score))


def mood_trend(lines: Iterable[Line]) -> MoodTrend | None:
    """Whether the mood of the latest lines rises or falls; None while fewer than eight tell any.

    Mann-Kendall: every pair of lines votes for up or down (H. B. Mann, "Nonparametric tests against trend",
    Econometrica 1945). One angry line is no trend, and neither is a clear drift too small to matter.
    """
    moods = [line.mood for line in lines if not math.isnan(line.mood)]
    n = len(moods)
    if n < LEAST_MOODS:
        return None
    votes = sum((late > early) - (late < early) for early, late in combinations(moods, 2))
    spread = math.sqrt(n * (n - 1) * (2 * n + 5) / 18)
    change = sum(moods[(n + 1) // 2 :]) / (n // 2) - sum(moods[: n // 2]) / (n // 2)
    if abs(votes) - 1 < CLEAR * spread or abs(change) < LEAST_CHANGE or votes * change < 0:
        return "steady"
    return "rising" if votes > 0 else "falling"
