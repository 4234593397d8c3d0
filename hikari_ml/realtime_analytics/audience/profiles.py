"""What is told of a viewer, and the model of return behind it, learned anew once a day."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Any, Final, Literal

from hikari_ml.realtime_analytics.audience.engagement import mood_trend
from hikari_ml.realtime_analytics.audience.returning import (
    History,
    ReturnModel,
    history,
    joined,
    learn,
    prior,
)
from hikari_ml.realtime_analytics.audience.viewers import Viewer
from hikari_ml.realtime_analytics.audience.visits import Visits, day_number, tier
from hikari_ml.realtime_analytics.stream import StreamSoFar
from hikari_ml.results import ViewerInsights
from hikari_ml.runtime.lane import Lane
from hikari_ml.times import iso

GATHERED_AT_ONCE: Final = 500
"""Viewers whose visits are gathered at once, in about two milliseconds."""


class Profiles:
    """Shapes profiles. The model of a day knows the days before, so it is learned when first asked for.

    It does not matter at which hour that is, except for viewers dropped or forgotten by then.
    """

    def __init__(self, stream: StreamSoFar, lane: Lane[Any, Any]) -> None:
        self._stream = stream
        self._lane = lane
        self._day: int | None = None
        self._model: ReturnModel | None = None
        self._learning = asyncio.Lock()
        self._forgotten = 0

    def forget(self) -> None:
        """Learn anew when asked next: somebody the model was learned from is to be forgotten."""
        self._day = self._model = None
        self._forgotten += 1

    async def of(self, viewer: Viewer, now: datetime) -> ViewerInsights:
        """A viewer's profile at ``now``."""
        today = day_number(now.astimezone(self._stream.viewers.zone).date())
        async with self._learning:
            while self._day != today:
                forgotten = self._forgotten
                model = await self._learn(today)
                if forgotten == self._forgotten:  # else it knows somebody it must not
                    self._model, self._day = model, today
            model = self._model
        chance, source = _chance(viewer.visits, today, model)
        return {
            "username": viewer.username,
            "status": "ok",
            "message_count": viewer.messages,
            "engagement_score": viewer.engagement(today),
            "favorite_topics": self._stream.topics.merged(viewer.topics),
            "most_active_hour": viewer.hours.index(max(viewer.hours)),
            "active_days": len(viewer.visits),
            "tier": tier(viewer.visits, today),
            "return_probability": chance,
            "return_model": source,
            "sentiment": viewer.mood_sum / viewer.mood_count if viewer.mood_count else None,
            "sentiment_trend": mood_trend(viewer.lines),
            "bot": viewer.bot,
            "first_seen": iso(viewer.first_seen),
            "last_seen": iso(viewer.last_seen),
            "degraded": [],
        }

    async def _learn(self, today: int) -> ReturnModel | None:
        """Gather in pieces, so that others get their turn, and learn in the lane."""
        pieces: list[History] = []
        some: list[Visits] = []
        for visits in self._stream.viewers.visits():
            some.append(visits)
            if len(some) == GATHERED_AT_ONCE:
                pieces.append(history(some))
                some = []
                await asyncio.sleep(0)
        pieces.append(history(some))
        complete_after = self._stream.viewers.dropped_until
        found: ReturnModel | None = await self._lane.submit(
            lambda: learn(joined(pieces), today, complete_after)
        )
        return found


def _chance(
    visits: Visits, today: int, model: ReturnModel | None
) -> tuple[float, Literal["channel", "prior"]]:
    past = history([visits])
    if not len(past.first):
        return 0.0, "prior"
    if model is None:
        return float(prior(past, today)[0]), "prior"
    return float(model.chances(past, today)[0]), "channel"
