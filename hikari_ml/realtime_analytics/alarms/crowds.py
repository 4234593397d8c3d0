"""Crowds of alike newcomers, which only a later viewer count tells apart: raiders, or bots."""

from __future__ import annotations

from typing import Final, NamedTuple

from hikari_ml.realtime_analytics.alarms.kinds import MORE_VIEWERS, RANK_ALONE, RANKS, Audience

LATE: Final = 60.0
"""Seconds that platforms' viewer counts are behind: one so much newer than the crowd tells who came."""

LONGEST_WAIT: Final = 120.0
"""Seconds after which a crowd is told without such a count: counts come once a minute, a minute late."""

CORRECTED: Final = 180.0
"""Seconds after its last marks in which viewers who come after all still make a raid of a flood."""


class Sight(NamedTuple):
    """A stretch that looks like something: the ``kind`` it is named, and why.

    ``severity`` is how far it lies beyond all before, in ranges, ``messages`` those in its window, ``beyond``
    how many windows before moved as far, ``newcomers`` whether many came at once.
    """

    kind: str
    severity: float
    reason: str
    messages: int = 0
    beyond: int = 0
    newcomers: bool = False

    @property
    def rank(self) -> int:
        """How grave and how sharp its name is, see :data:`RANKS`."""
        alone = self.kind == "bot_flood" and not self.newcomers
        return RANK_ALONE if alone else RANKS.get(self.kind, 0)


class Crowds:
    """Keeps a crowd that may be one of bots until the viewers were counted."""

    def __init__(self) -> None:
        self._sight: Sight | None = None
        self._began = self._seen = 0.0
        self._told = False

    @property
    def waiting(self) -> bool:
        """Whether there is one that was not told."""
        return self._sight is not None and not self._told

    def see(self, at: float, sight: Sight, *, news: bool) -> None:
        """Take the marks of such a crowd in the window that ended at ``at``; ``news`` begins another."""
        if news and not self.waiting:
            self._sight, self._began, self._told = sight, at, False
        elif self._sight is None:
            return
        elif sight.messages > self._sight.messages:
            self._sight = sight
        self._seen = at

    def over(self, told: Sight) -> None:
        """Let go of it if something graver than a flood is told: it is then known what it is."""
        if told.rank > RANKS["bot_flood"]:
            self._sight = None

    def step(self, at: float, audience: Audience) -> Sight | None:
        """The crowd, once it is known what it is: a raid if the audience grew, else a flood of bots.

        It is told as a flood once; if viewers come soon after, it is told again as the raid it was.
        """
        sight = self._sight
        if sight is None:
            return None
        if at - self._seen >= CORRECTED:
            self._sight = None
            return None
        if audience.growth >= MORE_VIEWERS:
            self._sight = None
            return sight._replace(kind="raid", reason=f"{sight.reason}, and viewers came")
        counted = audience.counted_at is not None and audience.counted_at >= self._began + LATE
        if self._told or not (counted or at - self._began >= LONGEST_WAIT):
            return None
        self._told = True
        return sight._replace(reason=f"{sight.reason}, and no viewers came")
