"""StreamAnalyticsEngine: messages and metrics in, what is going on in the stream out."""

from __future__ import annotations

import asyncio
import logging
import math
from collections import deque
from collections.abc import Mapping
from contextlib import AsyncExitStack
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo

import numpy.typing as npt

from hikari_ml.chat import check_name, check_text, user_key
from hikari_ml.config import Settings
from hikari_ml.errors import ClosedError, InputError, StoreError
from hikari_ml.feed.server import FeedServer
from hikari_ml.realtime_analytics.contents import MAX_METRICS, Contents
from hikari_ml.realtime_analytics.dashboard import (
    alert,
    current_metrics,
    moment,
    top_chatters,
    top_topics,
    trends,
)
from hikari_ml.realtime_analytics.experimenting import ChannelExperiments
from hikari_ml.realtime_analytics.features import MAX_LENGTH
from hikari_ml.realtime_analytics.forest import Forest
from hikari_ml.realtime_analytics.insights import insights, news, not_counted
from hikari_ml.realtime_analytics.metrics import Metrics
from hikari_ml.realtime_analytics.outlook import OUTLOOK_MINUTES
from hikari_ml.realtime_analytics.predicting import ChannelOutlook
from hikari_ml.realtime_analytics.stream import StreamSoFar
from hikari_ml.realtime_analytics.timeline import Minute
from hikari_ml.results import (
    Alert,
    ContentPerformance,
    Dashboard,
    Forecast,
    MessageAnalysis,
    MessageInsights,
    Moment,
    NoViewer,
    ViewerInsights,
)
from hikari_ml.runtime import statefile
from hikari_ml.runtime.clock import Clock, SystemClock
from hikari_ml.runtime.lane import work_lane
from hikari_ml.runtime.service import Service
from hikari_ml.text.cues import find_cues, without
from hikari_ml.text.keywords import keywords
from hikari_ml.text.normalize import clean
from hikari_ml.times import as_utc, iso

if TYPE_CHECKING:
    from hikari_ml.realtime_analytics.predictor import FitReport

OVER_SECONDS: Final = 3600.0
"""A stream silent for an hour is over: its last window stays the current one."""

STATE_FORMAT: Final = 3
"""3: experiments are kept. 2: viewers carry their recent messages. Both older ones are still read."""

SAVE_SECONDS: Final = 300.0
"""Time by the clock after which what was learned is written again: a crash loses so much."""

VIEWER_COUNT_SECONDS: Final = 900.0
"""Age from which a recorded viewer count is no longer the current one."""

NEWS_KEPT: Final = 200

USED_OF_AN_ANALYSIS: Final = frozenset({"keywords", "sentiment", "emotion", "toxicity"})

_log = logging.getLogger(__name__)


class StreamAnalyticsEngine(Service):
    """Viewers, topics, moments, anomalies, forecasts of one channel.

    ``path`` is the file that carries what was learned from one stream to the next; None keeps it in memory.
    """

    def __init__(
        self,
        settings: Settings | None = None,
        *,
        path: str | Path | None = None,
        clock: Clock | None = None,
    ) -> None:
        super().__init__()
        self.settings = settings or Settings()
        self.path = Path(path) if path is not None else None
        self._clock = clock or SystemClock()
        self._zone = ZoneInfo(self.settings.timezone)
        self._bots = frozenset(map(user_key, self.settings.analytics.bots))
        self._stream = StreamSoFar(self.settings.analytics, self._zone)
        self._metrics = Metrics()
        self._contents = Contents()
        self.experiments = ChannelExperiments(
            self._stream.timeline, self._metrics, self._clock, self._ready, self._save_when_due
        )
        self._news: deque[tuple[str, Mapping[str, Any]]] = deque(maxlen=NEWS_KEPT)
        self._troubles: dict[str, str] = {}
        self._counting = asyncio.Lock()
        self._writing = asyncio.Lock()
        self._saver: asyncio.Task[None] | None = None
        self._saved_at = self._clock.now()
        self._fits, self._long, self._disk = (
            work_lane(f"analytics-{name}") for name in ("fits", "long", "disk")
        )
        beside = self.path.with_suffix(".predictor.safetensors") if self.path is not None else None
        self._outlook = ChannelOutlook(
            self._stream.timeline, self.settings, beside, self._long, self._go_on, self._troubles
        )
        self._server: FeedServer | None = None

    # -- messages and metrics in --------------------------------------------------------------------

    async def process_chat_message(
        self,
        username: str,
        message: str,
        timestamp: datetime | None = None,
        *,
        message_id: str | None = None,
        analysis: MessageAnalysis | None = None,
        embedding: npt.ArrayLike | None = None,
    ) -> MessageInsights:
        """Count a chat message and say what it means.

        ``message_id`` makes a repeated message count once and lets it be withdrawn. ``analysis`` is what the
        analyser said of it; without it the mood is read by the lexicons alone and toxicity is unknown.
        ``embedding`` has no effect: topics are words, and it is accepted so that a caller may hand the same
        things to memory and analytics. A message dated further ahead of the clock than
        ``analytics.lateness_seconds`` counts as now, and its result says so.

        Raises:
            InputError: an argument cannot be used; nothing was counted.
        """
        check_name(username, "username")
        text = check_text(message, "message")
        _check_analysis(analysis)
        said_at = as_utc(timestamp) if timestamp is not None else self._clock.now()
        await self._ready()
        at = self._not_ahead(said_at)
        degraded = ["timestamp:future"] if at != said_at else []
        if user_key(username) in self._bots:
            return not_counted(username, self._engagement(username), "bot", degraded)
        async with self._counting:  # from the look at the id to the count nothing else may count
            if self._stream.known(message_id):
                return not_counted(username, self._engagement(username), "repeated id", degraded)
            self._outlook.retrain_when_due(at.timestamp())
            await self._prepare(at)
            topics = tuple(analysis["keywords"]) if analysis else _topics(text)
            counted = self._stream.count(username, text, at, message_id, analysis, topics)
        for kind, told in map(news, counted.news):
            self._news.append((kind, told))
            if self._server is not None:
                self._server.publish(kind, told)
        self._save_when_due()
        return insights(username, counted, degraded)

    async def retract_message(self, message_id: str) -> bool:
        """Take a deleted message back out of the counts; False if it is not known (any more)."""
        check_text(message_id, "message_id")
        await self._ready()
        async with self._counting:
            return self._stream.retract(message_id)

    async def record_metric(self, name: str, value: float, timestamp: datetime | None = None) -> None:
        """Record a point of a series: ``viewer_count``, or any other name.

        One dated ahead of the clock counts as now, as for :meth:`process_chat_message`.

        Raises:
            InputError: the value is no finite number, or the name is blank or too long.
        """
        check_name(name, "name")
        number = _finite(value, "value")
        at = as_utc(timestamp) if timestamp is not None else self._clock.now()
        await self._ready()
        self._metrics.record(name, self._not_ahead(at).timestamp(), number)
        self._save_when_due()

    # -- what is known ------------------------------------------------------------------------------

    async def get_viewer_insights(self, username: str) -> ViewerInsights | NoViewer:
        """A viewer's profile, or ``{"status": "no_data"}`` for somebody unknown."""
        check_name(username, "username")
        await self._ready()
        viewer = self._stream.viewers.get(username)
        if viewer is None or viewer.messages == 0:
            return {"username": username, "status": "no_data", "degraded": []}
        return {
            "username": viewer.username,
            "status": "ok",
            "message_count": viewer.messages,
            "engagement_score": viewer.engagement(),
            "favorite_topics": viewer.favorite_topics(),
            "most_active_hour": viewer.hours.index(max(viewer.hours)),
            "active_days": len(viewer.days),
            "return_probability": viewer.return_probability(self._shown(self._clock.now()), self._zone),
            "sentiment": viewer.mood_sum / viewer.mood_count if viewer.mood_count else None,
            "first_seen": iso(viewer.first_seen),
            "last_seen": iso(viewer.last_seen),
            "degraded": [],
        }

    async def forecast_metrics(self, metric_name: str, periods: int = 24, *, freq: str = "h") -> Forecast:
        """Forecast a metric ``periods`` steps of ``freq`` (``h``, ``D``, ``5min``) ahead.

        Besides the recorded ones there are ``chat_rate`` and ``chatters`` (a minute) and ``mood``. Several
        models are measured on the metric's own past and the best serves; too little data gives status
        ``no_data`` with the reason.

        Raises:
            InputError: ``periods`` is not 1 to 10,000, or ``freq`` is no fixed step.
        """
        from hikari_ml.realtime_analytics import forecasting, forecasts  # pandas: only needed from here on

        wanted = forecasting.check_periods(periods)
        step = forecasts.check_freq(freq)
        name = check_text(metric_name, "metric_name")
        await self._ready()
        recorded, minutes = self._metrics.points(name), self._stream.timeline.known()
        return await forecasting.forecast_metric(
            name, lambda: recorded or forecasting.own_points(name, minutes), wanted, step, self._long
        )

    async def detect_content_performance(
        self, content_id: str, engagement_metrics: Mapping[str, float]
    ) -> ContentPerformance:
        """Place a content (a title, a game, a segment) among the channel's others; higher is better.

        Raises:
            InputError: there are no metrics, too many, or one is no finite number.
        """
        check_name(content_id, "content_id")
        if not isinstance(engagement_metrics, Mapping) or not 1 <= len(engagement_metrics) <= MAX_METRICS:
            raise InputError(
                "engagement_metrics", engagement_metrics, f"give 1 to {MAX_METRICS} numbers by name"
            )
        metrics = {
            check_name(name, "engagement_metrics"): _finite(value, f"engagement_metrics.{name}")
            for name, value in engagement_metrics.items()
        }
        await self._ready()
        judged = self._contents.judge(content_id, metrics)
        self._save_when_due()
        return judged

    async def get_real_time_dashboard(self) -> Dashboard:
        """One snapshot of the stream: now, where it is going, who and what stands out."""
        await self._ready()
        now = self._clock.now()
        shown = self._shown(now)
        timeline, end = self._stream.timeline, shown.timestamp()
        self._outlook.retrain_when_due(now.timestamp())
        minutes = timeline.current(end, OUTLOOK_MINUTES)
        predictions = await self._outlook.predict(minutes if shown == now else [])
        window = timeline.window(end, self.settings.analytics.window_minutes * 60)
        return {
            "current_metrics": current_metrics(
                window,
                timeline.rate(end),
                self._metrics.latest("viewer_count", now.timestamp() - VIEWER_COUNT_SECONDS),
                self._stream.total,
                len(self._stream.viewers),
                timeline.late,
            ),
            "trends": trends(minutes),
            "top_chatters": top_chatters(window, self._stream.viewers),
            "topics": top_topics(window),
            "moments": self.moments()[-20:],
            "alerts": self.alerts()[-20:],
            "predictions": predictions,
            "timestamp": iso(shown),
            "degraded": [f"{what}: {why}" for what, why in self._troubles.items()],
        }

    def moments(self) -> list[Moment]:
        """Every highlight kept, oldest first."""
        return [moment(found) for found in self._stream.moments.kept]

    def alerts(self) -> list[Alert]:
        """Every alert kept, oldest first."""
        return [alert(raised) for raised in self._stream.alerts]

    def drain_news(self) -> list[tuple[str, Mapping[str, Any]]]:
        """What became known since the last call: ("moment" or "alert", the result)."""
        news, self._news = list(self._news), deque(maxlen=NEWS_KEPT)
        return news

    def all_minutes(self) -> list[Minute]:
        """The stream minute by minute, oldest first, the newest and perhaps unfinished one last."""
        return self._stream.timeline.history()

    @property
    def chatters(self) -> int:
        """How many viewers are known."""
        return len(self._stream.viewers)

    def busiest_viewers(self, most: int) -> list[str]:
        """Names of the viewers with the most messages, the busiest first."""
        return self._stream.viewers.busiest(most)

    # -- learning, keeping, serving -----------------------------------------------------------------

    async def fit_predictor(self, *, epochs: int = 30) -> FitReport:
        """Train network and trees on this channel's past; their errors decide who serves.

        It takes minutes, during which messages are counted as ever, and is kept beside the state.

        Raises:
            InputError: there is too little past (about five hours of chat are needed).
            StoreError: it serves, but could not be kept.
        """
        await self._ready()
        return await self._outlook.fit(epochs)

    async def forget_viewer(self, username: str) -> bool:
        """Remove a viewer's profile and name; False if there was none. Counts stay, without the name."""
        check_name(username, "username")
        await self._ready()
        async with self._counting:
            known = self._stream.forget(username)
        await self._write()
        return known

    async def save(self) -> None:
        """Write what was learned to ``path`` now; does nothing if there is none.

        It is also written every five minutes and at the end.

        Raises:
            StoreError: it could not be written.
        """
        await self._ready()
        await self._write()

    async def start_websocket_server(self, host: str | None = None, port: int | None = None) -> str:
        """Serve :meth:`get_real_time_dashboard` as a WebSocket feed; returns its url once it listens.

        None takes the setting (``feed.host``, ``feed.port``: 127.0.0.1 and 8765). Port 0 picks a free one.
        ``aclose`` stops it.

        Raises:
            InputError: the address cannot be listened on, or a server runs already.
        """
        await self._ready()
        if self._server is not None:
            raise InputError("port", port, f"the feed is already served at {self._server.url}")
        server = FeedServer(
            self.get_real_time_dashboard,
            host=self.settings.feed.host if host is None else host,
            port=self.settings.feed.port if port is None else port,
            interval=self.settings.feed.interval_seconds,
        )
        url = await server.start()
        self._server = server
        self._stack.push_async_callback(server.aclose)
        return url

    # -- inner parts --------------------------------------------------------------------------------

    async def _open(self, stack: AsyncExitStack) -> None:
        for lane in (self._fits, self._long, self._disk, self.experiments.lane):
            stack.push_async_callback(lane.aclose)
        stack.push_async_callback(self._outlook.aclose)
        if self.path is not None:
            await self._load(self.path)
        self._saved_at = self._clock.now()
        stack.push_async_callback(self._last_write)

    async def _load(self, path: Path) -> None:
        kept = await self._disk.submit(lambda: statefile.load(path, STATE_FORMAT))
        if kept is not None:
            self._stream.unpack(kept)
            self._metrics.unpack(kept["metrics"])
            self._contents.unpack(kept["contents"])
            self.experiments.unpack(kept.get("experiments", {}))
        await self._outlook.load()

    async def _prepare(self, at: datetime) -> None:
        """Do what is slow about a message at ``at``: forests in their lane, missed steps a few at a time."""
        while True:
            for part in self._stream.due():
                part.learn(await self._fits.submit(partial(Forest, part.rows())))
            if self._stream.catch_up(at):
                return
            await asyncio.sleep(0)

    def _save_when_due(self) -> None:
        """Begin to write in the background if it is time, and if that is not still going on."""
        now = self._clock.now()
        busy = self._saver is not None and not self._saver.done()
        if self.path is None or busy or (now - self._saved_at).total_seconds() < SAVE_SECONDS:
            return
        self._saved_at = now
        self._saver = asyncio.create_task(self._write_quietly())

    async def _write_quietly(self) -> None:
        try:
            await self._write()
        except StoreError as error:
            _log.warning("%s; what was learned stands in memory alone", error)
            self._troubles["state"] = str(error)

    async def _last_write(self) -> None:
        if self._saver is not None:
            await self._saver
        await self._write()

    async def _write(self) -> None:
        if self.path is None:
            return
        path = self.path
        async with self._writing:
            kept = {
                **await self._stream.pack(),
                "metrics": self._metrics.pack(),
                "contents": self._contents.pack(),
                "experiments": await self.experiments.pack(),
            }
            await self._disk.submit(lambda: statefile.save(path, kept, STATE_FORMAT))
        self._troubles.pop("state", None)

    def _go_on(self, epoch: int, loss: float) -> None:
        """After every epoch of a training, which must not hold up the end.

        Raises:
            ClosedError: the engine was closed.
        """
        if self._state == "closed":
            raise ClosedError(type(self).__name__)

    def _not_ahead(self, at: datetime) -> datetime:
        """``at``, or now if it lies further ahead than clocks differ.

        One date from the future would make everything after it late.
        """
        now = self._clock.now()
        ahead = (at - now).total_seconds()
        return now if ahead > self.settings.analytics.lateness_seconds else at

    def _shown(self, now: datetime) -> datetime:
        """The moment the dashboard shows: now while the stream runs; once it is over, its last."""
        newest = self._stream.timeline.newest
        over = newest and abs(now.timestamp() - newest) > OVER_SECONDS
        return datetime.fromtimestamp(newest, now.tzinfo) if over else now

    def _engagement(self, username: str) -> float:
        viewer = self._stream.viewers.get(username)
        return viewer.engagement() if viewer else 0.0


def _topics(text: str) -> tuple[str, ...]:
    cleaned = clean(text[:MAX_LENGTH])
    return tuple(keywords(without(cleaned, find_cues(cleaned))))


def _finite(value: object, name: str) -> float:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    try:
        found = float(value) if number else math.nan  # type: ignore[arg-type]
    except OverflowError:
        found = math.inf
    if not math.isfinite(found):
        raise InputError(name, value, "give a finite number")
    return found


def _check_analysis(analysis: object) -> None:
    if analysis is not None and not (
        isinstance(analysis, Mapping) and analysis.keys() >= USED_OF_AN_ANALYSIS
    ):
        raise InputError("analysis", analysis, "give what analyze_message returned, or None")
