"""Fitting forests beside the messages, which wait for one only once it has to judge them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from functools import partial
from typing import Any

from hikari_ml.errors import ClosedError
from hikari_ml.realtime_analytics.alarms.anomalies import Learner
from hikari_ml.realtime_analytics.alarms.forest import Forest
from hikari_ml.runtime.lane import Lane, Work


class Fitting:
    """Fits in ``lane``; which rows go in and when a forest judges first follows from the stream alone."""

    def __init__(self, lane: Lane[Work, Any]) -> None:
        self._lane = lane
        self._running: dict[Learner, asyncio.Task[Forest]] = {}

    async def go_on(self, learners: Iterable[Learner]) -> None:
        """Begin what is due, and wait for what is overdue.

        Raises:
            ClosedError: the engine was closed meanwhile.
        """
        for learner in learners:
            if learner not in self._running or self._running[learner].cancelled():
                work = self._lane.submit(partial(Forest, learner.rows()))
                self._running[learner] = asyncio.create_task(work)
            if learner.overdue:
                await self._finish(learner, self._running[learner])

    def cancel(self) -> None:
        """Begin nothing more with what still runs."""
        for task in self._running.values():
            task.cancel()

    async def _finish(self, learner: Learner, task: asyncio.Task[Forest]) -> None:
        await asyncio.wait({task})  # one caller may give up; the next takes it
        if task.cancelled():
            raise ClosedError("StreamAnalyticsEngine")
        if self._running.get(learner) is task:
            del self._running[learner]
        learner.learn(task.result())
