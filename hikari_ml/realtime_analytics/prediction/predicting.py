"""The outlook of a channel from end to end: trained, kept, loaded, asked; whatever is slow is in a lane."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from copy import deepcopy
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, Any, Final

from hikari_ml.config import Settings
from hikari_ml.errors import ClosedError, HikariError, InputError, ModelError
from hikari_ml.realtime_analytics.checks import check_whole
from hikari_ml.realtime_analytics.prediction.backtest import MOST_EPOCHS
from hikari_ml.realtime_analytics.prediction.outlook import Trained, predict, pretrained
from hikari_ml.realtime_analytics.timeline import STREAM_GAP, Minute, Timeline, with_silence
from hikari_ml.results import Predictions
from hikari_ml.runtime.lane import Lane, Work, work_lane

if TYPE_CHECKING:
    from hikari_ml.realtime_analytics.prediction.predictor import FitReport, ViewerEngagementPredictor

NEW_MINUTES: Final = 300
"""Minutes with chat since the last training that make a stream's end a reason to train again."""

EPOCHS: Final = 30

OnEpoch = Callable[[int, float], None]
"""Told the number of an epoch, from 1 on, and its loss."""

_log = logging.getLogger(__name__)


class ChannelOutlook:
    """What a channel's chat will do, and how that is learned.

    ``path`` is the file of what was trained, None for memory alone. Trouble with it is noted in ``troubles``
    under ``predictor``. Training goes in the lane ``long`` and ends after an epoch once ``closed`` says so.
    """

    def __init__(
        self,
        timeline: Timeline,
        settings: Settings,
        path: Path | None,
        long: Lane[Work, Any],
        closed: Callable[[], bool],
        troubles: dict[str, str],
    ) -> None:
        self._timeline, self._path, self._long = timeline, path, long
        self._zone, self._settings = settings.timezone, settings.analytics
        self._closed, self._troubles = closed, troubles
        self.lane = work_lane("analytics-outlook", "StreamAnalyticsEngine")
        self.trained: Trained | None = None
        self._default: ViewerEngagementPredictor | None = None
        self._told: tuple[int, Predictions] | None = None
        self._looked_at = 0.0
        self._retraining: asyncio.Task[None] | None = None

    async def load(self) -> None:
        """Read what was trained before, if there is anything; what cannot be used is told of and left."""
        path = self._path
        if path is None:
            return
        try:
            self.trained = await self.lane.submit(lambda: Trained.load(path))
        except ModelError as error:
            self._trouble(error)

    async def fit(self, epochs: int, on_epoch: OnEpoch | None = None) -> FitReport:
        """Train on the channel's past, judge, and keep it; ``on_epoch`` is called on the running loop.

        Cancelled, it lets go of the lane after the epoch that runs.

        Raises:
            InputError: there is too little past, or ``epochs`` is not 1 to 10,000.
            StoreError: it could not be kept.
        """
        check_whole(epochs, "epochs", 1, MOST_EPOCHS)
        if on_epoch is not None and not callable(on_epoch):
            raise InputError("on_epoch", on_epoch, "give a function of epoch and loss, or None")
        known, zone, loop, cancelled = self._timeline.known(), self._zone, asyncio.get_running_loop(), Event()

        def after(epoch: int, loss: float) -> None:
            if cancelled.is_set() or self._closed():
                raise ClosedError("the training")
            if on_epoch is not None:
                loop.call_soon_threadsafe(on_epoch, epoch, loss)

        try:
            trained, report = await self._long.submit(lambda: _train(known, zone, epochs, after))
        except asyncio.CancelledError:
            cancelled.set()
            raise
        self.trained, self._told = trained, None
        self._troubles.pop("predictor", None)
        path = self._path
        if path is not None:
            await self.lane.submit(lambda: trained.save(path))
        found: FitReport = report
        return found

    async def predict(self, minutes: Sequence[Minute]) -> Predictions:
        """What comes after ``minutes``, the full ones of the running stream; worked out once a minute."""
        trained, default = self.trained, self._pretrained if self._settings.pretrained_predictor else None
        key = hash((len(minutes), *minutes[-60:], id(trained)))
        if self._told is None or self._told[0] != key:
            earlier = self._earlier(minutes) if trained is not None and minutes else []
            try:
                told = await self.lane.submit(lambda: predict(minutes, earlier, trained, default))
            except ModelError as error:
                self._trouble(error)
                told = predict(minutes)
            self._told = (key, told)
        return deepcopy(self._told[1])  # what is kept is not lent out

    def retrain_when_due(self, at: float) -> None:
        """Begin to train in the background if, at ``at``, a stream is over and much was new in it."""
        newest = self._timeline.last
        busy = self._retraining is not None and not self._retraining.done()
        wanted = self._settings.retrain_after_stream and not busy and newest != self._looked_at
        if not wanted or at - newest <= STREAM_GAP:
            return
        self._looked_at = newest  # one look at every end
        until = self.trained.until if self.trained is not None else 0
        if sum(minute.start > until for minute in self._timeline.known()) >= NEW_MINUTES:
            self._retraining = asyncio.create_task(self._retrain())

    async def ended(self) -> None:
        """Wait for a training to have ended, which a closed engine makes it do."""
        if self._retraining is not None:
            await self._retraining

    async def _retrain(self) -> None:
        try:
            await self.fit(EPOCHS)
        except (ClosedError, InputError) as error:
            _log.info("no new predictor: %s", error)
        except HikariError as error:
            self._trouble(error)

    def _earlier(self, minutes: Sequence[Minute]) -> list[Minute]:
        return [minute for minute in self._timeline.known() if minute.start < minutes[0].start]

    def _pretrained(self) -> ViewerEngagementPredictor:
        if self._default is None:
            self._default = pretrained()
        return self._default

    def _trouble(self, error: HikariError) -> None:
        _log.warning("%s; predictions do without it until it is trained again", error)
        self._troubles["predictor"] = str(error)


def _train(known: Sequence[Minute], zone: str, epochs: int, on_epoch: OnEpoch) -> tuple[Trained, FitReport]:
    """On all minutes but the newest, which may be unfinished."""
    from hikari_ml.realtime_analytics.prediction.predictor import (
        Shape,  # torch takes seconds: in the lane, not before
    )

    return Trained.train(with_silence(known)[:-1], Shape(zone=zone), epochs, on_epoch)
