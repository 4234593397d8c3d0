"""What a stretch of the stream is measured by, and what it looks like by its name."""

from __future__ import annotations

import math
from typing import Final, NamedTuple

from hikari_ml.realtime_analytics.timeline import Bucket

WINDOW_FEATURES: Final = (
    "chat rate",
    "different chatters",
    "newcomers",
    "toxic messages",
    "repeated lines",
    "emotes",
    "mood",
    "viewers",
)
"""Names of the numbers in :func:`window_row`, in order."""

CHAT_RATE, _, NEWCOMERS, TOXIC, REPEATED, _, MOOD, AUDIENCE = range(len(WINDOW_FEATURES))

FEWEST_NEWCOMERS: Final = 5
"""Newcomers within the window that make a crowd; and chatters, a wave."""

TOXIC_CROWD: Final = 0.25
"""Share of toxic messages from which a crowd of newcomers comes to harm."""

ALIKE_CROWD: Final = 0.5
"""Share of newcomers saying a line that was just said, from which the crowd may be a machine."""

LINKING_CROWD: Final = 0.3
"""Share of newcomers whose first message is a link, from which the crowd is one."""

ALIKE: Final = 0.3
"""Share of repeated lines from which repetition is what the stretch is about."""

FEWEST_REPEATED: Final = 6
"""Repeated lines that make a wave."""

ALONE: Final = 0.6
"""Messages of the loudest for each repeated line, from which it is the loudest who repeats."""

MORE_VIEWERS: Final = 0.1
"""Growth of the audience, as a logarithm, that real viewers bring: a tenth."""

RANKS: Final = {"hate_raid": 6, "bot_flood": 5, "raid": 4, "copypasta": 3, "toxic": 1}
"""How grave and how sharp a name is: within one event only a higher one is news. Other kinds have 0."""

RANK_ALONE: Final = 2
"""That of a flood that is one account's: a wave may begin with its loudest."""


class Audience(NamedTuple):
    """What viewer counts say: ``growth`` is the natural logarithm of now by some minutes ago, 0 if unknown.

    ``counted_at`` is when the newest was taken (epoch seconds), None where viewers are not counted.
    """

    growth: float = 0.0
    counted_at: float | None = None


UNCOUNTED: Final = Audience()


def window_row(window: Bucket, audience: float = 0.0) -> list[float]:
    """The numbers of :data:`WINDOW_FEATURES`, in order; shares are shrunk while messages are few.

    ``audience`` is the logarithm of the growth of the audience; not known, it counts as none.
    """
    n = window.messages + 2
    mood = (window.mood_sum + 1.0) / (window.mood_count + 2)
    return [
        math.log1p(window.messages),
        math.log1p(window.people),
        window.newcomers / n,
        window.toxic / n,
        window.repeated / n,
        window.with_cue / n,
        mood,
        audience,
    ]


def recognised(window: Bucket, moved: dict[int, float], audience: float = 0.0) -> str | None:
    """The kind of a stretch that bears its marks, None for any other: raid, hate_raid, bot_flood, copypasta.

    ``moved`` are the features that moved, with their robust deviation.
    """
    n = max(1, window.messages)
    if is_crowd(window, moved):
        return _crowd(window, audience)
    if moved.get(REPEATED, 0) > 0 and window.repeated >= FEWEST_REPEATED and window.repeated / n > ALIKE:
        loudest = max(window.chatters.values(), default=0)
        alone = loudest >= ALONE * window.repeated or window.people < FEWEST_NEWCOMERS
        return "bot_flood" if alone else "copypasta"
    return None


def is_crowd(window: Bucket, moved: dict[int, float]) -> bool:
    """Whether many came at once who never wrote before; ``moved`` as for :func:`recognised`."""
    return moved.get(NEWCOMERS, 0) > 0 and window.newcomers >= FEWEST_NEWCOMERS


def name_kind(window: Bucket, moved: dict[int, float], audience: float = 0.0) -> str | None:
    """What a stretch looks like, None if it is no matter of the chat.

    One of :func:`recognised`, or ``burst``, ``quiet``, ``toxic``, ``mood_swing``, ``unusual``.
    """
    known = recognised(window, moved, audience)
    if known:
        return known
    if moved.get(TOXIC, 0) > 0 and window.toxic >= FEWEST_NEWCOMERS:
        return "toxic"
    if CHAT_RATE in moved:
        return "burst" if moved[CHAT_RATE] > 0 else "quiet"
    if set(moved) == {AUDIENCE}:
        return None  # the viewer count is watched as a series of its own
    return "mood_swing" if MOOD in moved else "unusual"


def _crowd(window: Bucket, audience: float) -> str:
    """Whether newcomers are viewers of somebody else, a mob, or a machine.

    Raiders often all say the line of their channel: alike lines or links tell a machine only where no viewers
    came with them.
    """
    if max(window.new_toxic / window.newcomers, window.toxic / max(1, window.messages)) >= TOXIC_CROWD:
        return "hate_raid"
    alike = window.new_repeated / window.newcomers >= ALIKE_CROWD
    linking = window.new_links / window.newcomers >= LINKING_CROWD
    return "bot_flood" if audience < MORE_VIEWERS and (linking or alike) else "raid"
