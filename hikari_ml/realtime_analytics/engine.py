"""StreamAnalyticsEngine: messages and metrics in, what is going on in the stream out."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo

import numpy.typing as npt

from hikari_ml.chat import check_name, check_text, user_key
from hikari_ml.config import Settings
from hikari_ml.errors import InputError
from hikari_ml.feed.server import FeedServer
from hikari_ml.realtime_analytics import checks, dashboard
from hikari_ml.realtime_analytics.alarms.fitting import Fitting
from hikari_ml.realtime_analytics.alarms.watch import Watch
from hikari_ml.realtime_analytics.audience.profiles import Profiles
from hikari_ml.realtime_analytics.audience.topics import topics_of
from hikari_ml.realtime_analytics.insights import insights, not_counted
from hikari_ml.realtime_analytics.keeping import Keeper
from hikari_ml.realtime_analytics.metrics import Metrics, import_pandas
from hikari_ml.realtime_analytics.news import News, Told
from hikari_ml.realtime_analytics.prediction.outlook import OUTLOOK_MINUTES
from hikari_ml.realtime_analytics.prediction.predicting import ChannelOutlook, OnEpoch
from hikari_ml.realtime_analytics.stream import StreamSoFar
from hikari_ml.realtime_analytics.timeline import Minute
from hikari_ml.realtime_analytics.trials.contents import MAX_METRICS, Contents
from hikari_ml.realtime_analytics.trials.experimenting import ChannelExperiments
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
from hikari_ml.runtime.clock import Clock, SystemClock
from hikari_ml.runtime.lane import work_lane
from hikari_ml.runtime.service import Service
from hikari_ml.times import as_utc, iso

if TYPE_CHECKING:
    from hikari_ml.realtime_analytics.forecast.forecasting import Forecaster
    from hikari_ml.realtime_analytics.prediction.predictor import FitReport

RECORDED_SECONDS: Final = 3600.0
"""Messages that come so long after they were said are those of a recording: its end is what is shown."""

VIEWER_COUNT: Final = "viewer_count"

VIEWER_COUNT_SECONDS: Final = 900.0
"""Age, by the moment shown, from which a recorded viewer count is no longer the current one."""


class StreamAnalyticsEngine(Service):
    """Viewers, topics, moments, anomalies, forecasts of one channel.

    ``path`` is the file that carries what was learned from one stream to the next; None keeps it in memory.

    Raises:
        InputError: ``path`` is no path of a file.
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
        self.path = checks.check_file(path) if path is not None else None
        self._clock = clock or SystemClock()
        self._zone = ZoneInfo(self.settings.timezone)
        self._bots = frozenset(map(user_key, self.settings.analytics.bots))
        self._make_parts()
        self.experiments = ChannelExperiments(
            self._stream.timeline,
            self._metrics,
            self._clock,
            self._ready,
            lambda: self._keeper.save_when_due(),
        )

    def _make_parts(self) -> None:
        """What knows nothing of the channel yet."""
        self._stream = StreamSoFar(self.settings.analytics, self._zone)
        self._metrics = Metrics()
        self._watch = Watch()
        self._contents = Contents()
        self._news = News()
        self._troubles: dict[str, str] = {}
        self._counting = asyncio.Lock()
        self._behind = 0.0
        self._fits, self._returns, self._long, self._training, self._disk = self._lanes = [
            work_lane(f"analytics-{name}", self._kind)
            for name in ("fits", "returns", "long", "training", "disk")
        ]
        self._fitting = Fitting(self._fits)
        self._profiles = Profiles(self._stream, self._returns)
        self._keeper = Keeper(self.path, self._clock, self._disk, self._pack, self._troubles)
        beside = self.path.with_suffix(".predictor.safetensors") if self.path is not None else None
        self._outlook = ChannelOutlook(
            self._stream.timeline,
            self.settings,
            beside,
            self._training,
            lambda: self._state == "closed",
            self._troubles,
        )
        self._server: FeedServer | None = None
        self._forecaster: Forecaster | None = None

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

        ``message_id`` makes a repeated message count once (of the last 20,000, and 5,000 after a restart) and
        lets it be withdrawn while the program runs. ``analysis`` is what the analyser said of it; without it
        the mood is read by the lexicons alone and toxicity is unknown. ``embedding``, shape (d,), lets words
        that are about the same become one topic.

        A message dated further ahead of the clock than ``analytics.lateness_seconds`` counts as now, and one
        that lies further behind the newest counts for its author alone; results say so in ``degraded``. One
        of an account that behaves like a program is not counted, with the reason.

        Raises:
            InputError: an argument cannot be used; nothing was counted.
        """
        check_name(username, "username")
        text = check_text(message, "message")
        checks.check_analysis(analysis)
        vector = checks.check_vector(embedding)
        checks.check_id(message_id)
        said_at = as_utc(timestamp) if timestamp is not None else self._clock.now()
        await self._ready()
        at = self._stream.not_ahead(said_at, self._clock.now())
        amiss = ["timestamp:future"] if at != said_at else []
        engagement = self._stream.viewers.engagement
        if user_key(username) in self._bots:
            return not_counted(username, engagement(username), "bot", amiss)
        async with self._counting:  # from the look at the id to the count nothing else may count
            if self._stream.known(message_id):
                return not_counted(username, engagement(username), "repeated id", amiss)
            self._outlook.retrain_when_due(at.timestamp())
            await self._prepare(at)
            topics = tuple(analysis["keywords"]) if analysis else topics_of(text)
            counted = self._stream.count(username, text, at, message_id, analysis, topics, vector)
        if counted.viewer.bot is None and not counted.late:
            self._behind = (self._clock.now() - at).total_seconds()
        self._news.tell(counted.news)
        self._keeper.save_when_due()
        if counted.viewer.bot is not None:
            return not_counted(username, 0.0, f"bot: {counted.viewer.bot}", amiss)
        return insights(username, counted, amiss)

    async def retract_message(self, message_id: str) -> bool:
        """Take a deleted message back out of the counts; False if it is not known (any more).

        Minutes that lie more than an hour back stay as they were counted.
        """
        check_text(message_id, "message_id")
        await self._ready()
        async with self._counting:
            return self._stream.retract(message_id)

    async def record_metric(self, name: str, value: float, timestamp: datetime | None = None) -> None:
        """Record a point of a series: ``viewer_count``, or any other name.

        Every point is judged by those before it, unless it comes late, and an unusual one raises an alert.
        Viewer counts also let a silence of the chat be noticed while it lasts. One dated ahead of the clock
        counts as now, as for :meth:`process_chat_message`.

        Raises:
            InputError: the value is no finite number, or fewer viewers than none; the name is blank or too
                long, one of the stream's own series, or a new one beside two hundred.
        """
        check_name(name, "name")
        number = checks.check_number(value, "value")
        if name == VIEWER_COUNT and number < 0:
            raise InputError("value", value, "there are 0 viewers or more")
        at = as_utc(timestamp) if timestamp is not None else self._clock.now()
        await self._ready()
        at = self._stream.not_ahead(at, self._clock.now())
        async with self._counting:
            self._metrics.check_name(name)
            await self._watch.ready(name, self._metrics.points, self._fits)
            self._metrics.record(name, at.timestamp(), number)
            raised = self._watch.judge(name, at.timestamp(), number)
            if raised is not None:
                self._stream.alerts.append(raised)
                self._news.tell([raised])
            if name == VIEWER_COUNT and number > 0:
                await self._settle(at, number)
        self._keeper.save_when_due()

    # -- what is known ------------------------------------------------------------------------------

    async def get_viewer_insights(self, username: str) -> ViewerInsights | NoViewer:
        """A viewer's profile, or ``{"status": "no_data"}`` for somebody unknown."""
        check_name(username, "username")
        await self._ready()
        viewer = self._stream.viewers.get(username)
        if viewer is None or viewer.messages == 0:
            return {"username": username, "status": "no_data", "degraded": []}
        return await self._profiles.of(viewer, self._shown(self._clock.now()))

    async def forecast_metrics(self, metric_name: str, periods: int = 24, *, freq: str = "h") -> Forecast:
        """Forecast a metric ``periods`` steps of ``freq`` (``h``, ``D``, ``5min``) ahead.

        Besides the recorded ones there are ``chat_rate`` and ``chatters`` (a minute) and ``mood``. Several
        models are measured on the metric's own past and the best serves; too little data gives status
        ``no_data`` with the reason. It is made once a step: asked again before a new step begins, the kept
        one is the answer. One that had to do without Prophet is not kept.

        Raises:
            InputError: ``periods`` is not 1 to 10,000 or ends after the year 2261, or ``freq`` no fixed step.
        """
        await self._ready()
        await self._long.submit(import_pandas)
        from hikari_ml.realtime_analytics.forecast import forecasting, series

        wanted = forecasting.check_periods(periods)
        step = series.check_freq(freq)
        name = check_text(metric_name, "metric_name")
        recorded, minutes = self._metrics.points(name), self._stream.timeline.known()
        if self._forecaster is None:
            self._forecaster = forecasting.Forecaster(
                self._long, self.settings.analytics.holidays, self._zone
            )
        found = await self._forecaster.forecast(
            name, lambda: recorded or forecasting.own_points(name, minutes), wanted, step
        )
        if found["forecasts"] and datetime.fromisoformat(found["forecasts"][-1]["ds"]) < self._clock.now():
            found["degraded"].append("past: the series ended so long ago that all of it has passed")
        return found

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
            check_name(name, "engagement_metrics"): checks.check_number(value, f"engagement_metrics.{name}")
            for name, value in engagement_metrics.items()
        }
        await self._ready()
        judged = self._contents.judge(content_id, metrics)
        self._keeper.save_when_due()
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
            "current_metrics": dashboard.current_metrics(
                window,
                timeline.rate(end),
                self._metrics.latest(VIEWER_COUNT, end - VIEWER_COUNT_SECONDS),
                self._stream.total,
                len(self._stream.viewers),
                timeline.late,
                self._metrics.latest_at(VIEWER_COUNT),
            ),
            "trends": dashboard.trends(minutes),
            "top_chatters": dashboard.top_chatters(window, self._stream.viewers),
            "topics": dashboard.top_topics(window),
            "moments": self.moments()[-20:],
            "alerts": self.alerts()[-20:],
            "predictions": predictions,
            "timestamp": iso(shown),
            "degraded": dashboard.degraded(self._troubles, timeline),
        }

    def moments(self) -> list[Moment]:
        """Every highlight kept, oldest first, as it is now: final once it has closed."""
        return [dashboard.moment(found) for found in self._stream.moments.kept]

    def alerts(self) -> list[Alert]:
        """Every alert kept, oldest first."""
        return [dashboard.alert(raised) for raised in self._stream.alerts]

    def drain_news(self) -> list[Told]:
        """What became known since the last call: ("moment", as it was when it opened, or "alert", result)."""
        return self._news.drain()

    def all_minutes(self) -> list[Minute]:
        """The stream minute by minute, oldest first; the last may be unfinished, all before it are full."""
        return self._stream.timeline.history()

    def metric_points(self, name: str) -> list[tuple[float, float]]:
        """What is kept of a recorded metric: (epoch seconds, value), oldest first."""
        return self._metrics.points(name)

    @property
    def chatters(self) -> int:
        """How many viewers are known."""
        return len(self._stream.viewers)

    def busiest_viewers(self, most: int) -> list[str]:
        """Names of the viewers with the most messages, the busiest first."""
        return self._stream.viewers.busiest(most)

    async def export_minutes(self, path: str | Path) -> None:
        """Write the stream minute by minute, with the recorded metrics, as ``.csv`` or ``.parquet``.

        :func:`~hikari_ml.realtime_analytics.export.minute_table` says what the columns are.

        Raises:
            InputError: ``path`` is none, has another ending or cannot be written.
            MissingExtraError: it is a Parquet file and the ``parquet`` extra is not installed.
        """
        await self._ready()
        await self._long.submit(import_pandas)
        from hikari_ml.realtime_analytics import export

        minutes, metrics, file = self.all_minutes(), self._metrics.pack(), export.table_path(path)
        await self._disk.submit(lambda: export.write_table(export.minute_table(minutes, metrics), file))

    async def prometheus(self, channel: str = "default") -> str:
        """The dashboard's numbers and the newest of each metric in Prometheus' text format."""
        from hikari_ml.realtime_analytics import export

        board = await self.get_real_time_dashboard()
        return export.prometheus_text(board, self._metrics.newest(), channel)

    # -- learning, keeping, serving -----------------------------------------------------------------

    async def fit_predictor(self, *, epochs: int = 30, on_epoch: OnEpoch | None = None) -> FitReport:
        """Train network and trees on this channel's past; their errors decide who serves.

        It takes minutes, during which messages are counted as ever, and is kept beside the state.
        ``on_epoch`` is called on the loop with number and loss of every epoch; the network is trained twice,
        and numbers count on. Cancelled, the training ends after the epoch that runs.

        Raises:
            InputError: there is too little past (about five hours of chat), or an argument cannot be used.
            StoreError: it serves, but could not be kept.
        """
        await self._ready()
        return await self._outlook.fit(epochs, on_epoch)

    async def forget_viewer(self, username: str) -> bool:
        """Remove a viewer's profile and name; False if there was none. Counts stay, without the name."""
        check_name(username, "username")
        await self._ready()
        async with self._counting:
            known = self._stream.forget(username)
            self._profiles.forget()
        await self._keeper.write()
        await self._keeper.drop_damaged()
        return known

    async def save(self) -> None:
        """Write what was learned to ``path`` now; does nothing if there is none.

        It is also written every five minutes and at the end.

        Raises:
            StoreError: it could not be written.
        """
        await self._ready()
        await self._keeper.write()

    @asynccontextmanager
    async def applying(self, position: str) -> AsyncIterator[None]:
        """Inside it, count what stands at ``position`` of a durable input, such as a stream's entry.

        What :meth:`save` writes holds all of it or nothing, and the position: whoever goes on after
        :attr:`position` loses nothing in a crash and counts nothing twice. Forget nobody inside it.
        """
        await self._ready()  # a start that failed leaves another keeper
        async with self._keeper.applying(position):
            yield

    @property
    def position(self) -> str | None:
        """The last position that is in the counts that were written; None if there was none."""
        return self._keeper.kept_position

    async def start_websocket_server(self, host: str | None = None, port: int | None = None) -> str:
        """Serve :meth:`get_real_time_dashboard` as a WebSocket feed; returns its url once it listens.

        None takes the setting (``feed.host``, ``feed.port``: 127.0.0.1 and 8765). Port 0 picks a free one.
        ``aclose`` stops it.

        Raises:
            InputError: the address cannot be listened on, others may come in and no token is set, or a server
                runs already.
            ClosedError: the engine was closed meanwhile.
        """
        await self._ready()
        if self._server is not None:
            raise InputError("port", port, "its feed is already served: only once")
        server = FeedServer(self.get_real_time_dashboard, settings=self.settings.feed, host=host, port=port)
        self._stack.push_async_callback(server.aclose)  # first, so that a close meanwhile reaches it
        self._server = server
        try:
            url = await server.start()
        except BaseException:
            self._server = None
            raise
        self._check_not_closed()
        self._news.publish = server.publish
        return url

    # -- inner parts --------------------------------------------------------------------------------

    async def _open(self, stack: AsyncExitStack) -> None:
        if self._disk.closed:  # by a start that failed, and what it read may be there by half
            self._make_parts()
            self.experiments.begin_anew(self._stream.timeline, self._metrics)
        stack.callback(self._keeper.release)  # once nothing can be written any more
        for lane in (*self._lanes, self.experiments.lane, self._outlook.lane):
            stack.push_async_callback(lane.aclose)
        stack.push_async_callback(self._outlook.ended)
        stack.callback(self._fitting.cancel)
        if (kept := await self._keeper.load()) is not None:
            await self._fits.submit(partial(self._unpack, kept))
        await self._outlook.load()
        stack.push_async_callback(self._end)

    async def _end(self) -> None:
        """Write for the last time, once all that was accepted before it was closed is counted."""
        await self.experiments.ended()
        async with self._counting:  # whoever waits for it came before
            pass
        await self._keeper.write_last()

    async def _prepare(self, at: datetime) -> None:
        """Do what is slow about a message at ``at``: forests in their lane, missed steps a few at a time."""
        while True:
            await self._fitting.go_on(self._stream.due())
            if self._stream.catch_up(at):
                return
            await asyncio.sleep(0)

    async def _settle(self, at: datetime, viewers: float) -> None:
        """Look at what is past, and late enough that no message can join it, though none came."""
        self._stream.watched(at.timestamp(), viewers)
        past = at - timedelta(seconds=self.settings.analytics.lateness_seconds)
        await self._prepare(past)
        self._news.tell(self._stream.settle(past))

    def _unpack(self, kept: dict[str, Any]) -> None:
        with self._keeper.reading():
            self._stream.unpack(kept, self._clock.now())
            self._metrics.unpack(kept["metrics"])
            self._stream.watched_before(self._metrics.points(VIEWER_COUNT))
            self._contents.unpack(kept["contents"])
            self.experiments.unpack(kept.get("experiments", {}))

    async def _pack(self) -> dict[str, Any]:
        return {
            **await self._stream.pack(),
            "metrics": self._metrics.pack(),
            "contents": self._contents.pack(),
            "experiments": await self.experiments.pack(),
        }

    def _shown(self, now: datetime) -> datetime:
        """The moment the dashboard shows: now, or of messages long past the newest."""
        newest = self._stream.timeline.newest
        recorded = newest and self._behind > RECORDED_SECONDS
        return datetime.fromtimestamp(newest, now.tzinfo) if recorded else now
