"""StreamAnalyticsEngine: messages and metrics in, what is going on in the stream out."""

from __future__ import annotations

import logging
import math
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo

import numpy.typing as npt

from hikari_ml.chat import check_name, check_text
from hikari_ml.config import Settings
from hikari_ml.errors import InputError
from hikari_ml.feed.server import FeedServer
from hikari_ml.realtime_analytics import state
from hikari_ml.realtime_analytics.anomalies import Raised
from hikari_ml.realtime_analytics.dashboard import (
    alert,
    current_metrics,
    moment,
    top_chatters,
    top_topics,
    trends,
)
from hikari_ml.realtime_analytics.experiments import MAX_METRICS, Contents
from hikari_ml.realtime_analytics.metrics import Metrics
from hikari_ml.realtime_analytics.moments import Highlight
from hikari_ml.realtime_analytics.outlook import Gate, compare, predict
from hikari_ml.realtime_analytics.stream import Counted, StreamSoFar
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
from hikari_ml.runtime.clock import Clock, SystemClock
from hikari_ml.runtime.lane import Lane
from hikari_ml.runtime.service import Service
from hikari_ml.text.cues import find_cues, without
from hikari_ml.text.keywords import keywords
from hikari_ml.text.normalize import clean
from hikari_ml.times import as_utc, iso

if TYPE_CHECKING:
    from hikari_ml.realtime_analytics.forecasts import Outcome, Series
    from hikari_ml.realtime_analytics.predictor import FitReport, ViewerEngagementPredictor

PROPHET_SECONDS: Final = 120.0
"""How long Prophet may take before the simpler models serve without it."""

OVER_SECONDS: Final = 3600.0
"""A stream silent for an hour is over: its last window stays the current one."""

SPAM_REPEATS: Final = 3
BACK_AFTER_DAYS: Final = 7.0
MAX_METRIC_NAME: Final = 100
NEWS_KEPT: Final = 200

_log = logging.getLogger(__name__)

Job = Callable[[], Any]


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
        self._bots = frozenset(name.casefold() for name in self.settings.analytics.bots)
        self._stream = StreamSoFar(self.settings.analytics, self._zone)
        self._metrics = Metrics()
        self._contents = Contents()
        self._news: deque[tuple[str, Mapping[str, Any]]] = deque(maxlen=NEWS_KEPT)
        self._predictor: ViewerEngagementPredictor | None = None
        self._gate: Gate | None = None
        self._lane: Lane[Job, Any]
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
        ``embedding`` is accepted for topics by meaning and not used yet.

        Raises:
            InputError: an argument cannot be used; nothing was counted.
        """
        check_name(username, "username")
        text = check_text(message, "message")
        at = as_utc(timestamp) if timestamp is not None else self._clock.now()
        await self._ready()
        if username.casefold() in self._bots or self._stream.known(message_id):
            return self._not_counted(username, "bot" if username.casefold() in self._bots else "repeated id")
        for work in self._stream.slow_work(at):
            await self._lane.submit(work)
        topics = tuple(analysis["keywords"]) if analysis else _topics(text)
        counted = self._stream.count(username, text, at, message_id, analysis, topics)
        self._news.extend(_news(found) for found in counted.news)
        return _insights(username, counted)

    async def retract_message(self, message_id: str) -> bool:
        """Take a deleted message back out of the counts; False if it is not known (any more)."""
        check_text(message_id, "message_id")
        await self._ready()
        return self._stream.retract(message_id)

    async def record_metric(self, name: str, value: float, timestamp: datetime | None = None) -> None:
        """Record a point of a series: ``viewer_count``, or any other name.

        Raises:
            InputError: the value is no finite number, or the name is blank or too long.
        """
        if not isinstance(name, str) or not name.strip() or len(name) > MAX_METRIC_NAME:
            raise InputError("name", name, f"give a name of 1 to {MAX_METRIC_NAME} characters")
        number = _finite(value, "value")
        at = as_utc(timestamp) if timestamp is not None else self._clock.now()
        await self._ready()
        self._metrics.record(name, at.timestamp(), number)

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
            "return_probability": viewer.return_probability(self._now(), self._zone),
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
        from hikari_ml.realtime_analytics import forecasts

        if (
            not isinstance(periods, int)
            or isinstance(periods, bool)
            or not 1 <= periods <= forecasts.MAX_PERIODS
        ):
            raise InputError("periods", periods, f"give a whole number from 1 to {forecasts.MAX_PERIODS}")
        step = forecasts.check_freq(freq)
        name = check_text(metric_name, "metric_name")
        await self._ready()
        points = self._points(name)
        degraded: list[str] = []
        if len(points) < forecasts.FEWEST_POINTS:
            reason = f"needs at least {forecasts.FEWEST_POINTS} points, has {len(points)}"
            outcome = forecasts.Outcome(None, [], "steady", None, {}, reason)
        else:
            series = await self._lane.submit(lambda: forecasts.resample(points, step))
            runs = await self._prophet(series, periods, degraded)
            outcome = await self._lane.submit(lambda: forecasts.forecast(series, periods, runs))
        return _forecast(name, outcome, points[-1][1] if points else None, degraded)

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
        return self._contents.judge(content_id, metrics)

    async def get_real_time_dashboard(self) -> Dashboard:
        """One snapshot of the stream: now, where it is going, who and what stands out."""
        await self._ready()
        seconds = self.settings.analytics.window_minutes * 60
        end = self._now().timestamp()
        window = self._stream.timeline.window(end, seconds)
        rate = float(self._stream.timeline.window(end, 60.0).messages)
        minutes = self._stream.minutes()
        return {
            "current_metrics": current_metrics(
                window,
                rate,
                self._metrics.latest("viewer_count"),
                self._stream.total,
                len(self._stream.viewers),
            ),
            "trends": trends(minutes),
            "top_chatters": top_chatters(window, self._stream.viewers),
            "topics": top_topics(window),
            "moments": self.moments()[-20:],
            "alerts": self.alerts()[-20:],
            "predictions": predict(minutes, self._predictor, self._gate),
            "timestamp": iso(self._now()),
            "degraded": [],
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
        """Train the LSTM + attention predictor on this channel's past; its errors decide whether it serves.

        Raises:
            InputError: there is too little past (about four hours of chat are needed).
        """
        await self._ready()
        report: FitReport = await self._lane.submit(lambda: self._fit(epochs))
        return report

    async def forget_viewer(self, username: str) -> bool:
        """Remove a viewer's profile and name; False if there was none. Counts stay, without the name."""
        check_name(username, "username")
        await self._ready()
        known = self._stream.forget(username)
        await self.save()
        return known

    async def save(self) -> None:
        """Write what was learned to ``path``; does nothing if there is none.

        Raises:
            StoreError: it could not be written.
        """
        if self.path is None:
            return
        kept = {
            **self._stream.pack(),
            "metrics": self._metrics.pack(),
            "contents": self._contents.pack(),
        }
        path = self.path
        await self._lane.submit(lambda: state.save(path, kept))

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
        self._lane = Lane(lambda jobs: [_attempt(job) for job in jobs], name="analytics", max_batch=1)
        stack.push_async_callback(self._lane.aclose)
        if self.path is not None:
            path = self.path
            kept = await self._lane.submit(lambda: state.load(path))
            if kept is not None:
                self._stream.unpack(kept)
                self._metrics.unpack(kept["metrics"])
                self._contents.unpack(kept["contents"])
        stack.push_async_callback(self.save)

    def _now(self) -> datetime:
        """The clock's moment while the stream runs; once it is over, its last moment."""
        newest = self._stream.timeline.newest
        now = self._clock.now()
        over = newest and abs(now.timestamp() - newest) > OVER_SECONDS
        return datetime.fromtimestamp(newest, now.tzinfo) if over else now

    def _points(self, name: str) -> list[tuple[float, float]]:
        recorded = self._metrics.points(name)
        if recorded:
            return recorded
        minutes = self._stream.minutes()
        if name == "chat_rate":
            return [(float(m.start), float(m.messages)) for m in minutes]
        if name == "chatters":
            return [(float(m.start), float(m.chatters)) for m in minutes]
        if name == "mood":
            return [(float(m.start), m.mood) for m in minutes if m.mood is not None]
        return []

    async def _prophet(self, series: Series, periods: int, degraded: list[str]) -> list[list[float]] | None:
        """Prophet's forecasts for every fold and the end; None where it has too little or fails."""
        from hikari_ml.realtime_analytics import forecasts, prophet_worker

        if series.known < forecasts.PROPHET_POINTS:
            return None
        jobs = [forecasts.prophet_job(part, n) for part, n in forecasts.folds(series, periods)]
        try:
            return await prophet_worker.run(jobs, PROPHET_SECONDS)
        except prophet_worker.ProphetFailedError as error:
            _log.warning("%s; the simpler models serve without it", error)
            degraded.append(f"prophet: {error}")
            return None

    def _fit(self, epochs: int) -> FitReport:
        from hikari_ml.realtime_analytics.predictor import ViewerEngagementPredictor

        minutes = self._stream.minutes()
        predictor = ViewerEngagementPredictor()
        report = predictor.fit(minutes, epochs=epochs)
        self._gate = compare(predictor, minutes, report.mae)
        self._predictor = predictor
        return report

    def _not_counted(self, username: str, why: str) -> MessageInsights:
        viewer = self._stream.viewers.get(username)
        return {
            "username": username,
            "engagement_score": viewer.engagement() if viewer else 0.0,
            "is_anomaly": False,
            "anomaly_score": 0.0,
            "recommendations": [],
            "features": {"counted": False, "why_not": why},
            "degraded": [],
        }


def _news(found: Raised | Highlight) -> tuple[str, Mapping[str, Any]]:
    return ("moment", moment(found)) if isinstance(found, Highlight) else ("alert", alert(found))


def _insights(username: str, counted: Counted) -> MessageInsights:
    message = counted.message
    alerts = [news for news in counted.news if not isinstance(news, Highlight)]
    return {
        "username": username,
        "engagement_score": counted.viewer.engagement(),
        "is_anomaly": counted.judgement.unusual or bool(alerts),
        "anomaly_score": counted.judgement.score,
        "recommendations": _recommendations(counted),
        "features": {
            "counted": True,
            "late": counted.late,
            "newcomer": counted.newcomer,
            "messages": counted.viewer.messages,
            "characters": round(math.expm1(message.length)),
            "caps": message.caps,
            "repetition": message.repetition,
            "own_rate": message.own_rate,
            "repeats": counted.repeats,
            "emotes": message.emotes,
            "mentions": message.mentions,
            "links": message.links,
            "question": message.question,
            "mood": message.mood,
            "toxicity": message.toxicity,
            "unusual": ", ".join(counted.judgement.moved) or None,
            "alert": alerts[0].kind if alerts else None,
        },
        "degraded": [],
    }


def _recommendations(counted: Counted) -> list[str]:
    found = []
    if counted.newcomer:
        found.append("greet: first message here")
    elif counted.days_away >= BACK_AFTER_DAYS:
        found.append(f"welcome back: away for {counted.days_away:.0f} days")
    if counted.message.question:
        found.append("answer: asks something")
    if counted.repeats >= SPAM_REPEATS:
        found.append(f"ignore: said the same {counted.repeats + 1} times in two minutes")
    if counted.message.toxic:
        found.append("look: toxic message")
    return found + [
        f"look: {news.kind} ({news.reason})" for news in counted.news if not isinstance(news, Highlight)
    ]


def _forecast(name: str, outcome: Outcome, current: float | None, degraded: list[str]) -> Forecast:
    return {
        "metric": name,
        "status": "ok" if outcome.model else "no_data",
        "model": outcome.model,
        "forecasts": outcome.points,
        "current_value": current,
        "trend": outcome.trend,
        "skill": outcome.skill,
        "backtest": outcome.backtest,
        "reason": outcome.reason,
        "degraded": degraded,
    }


def _topics(text: str) -> tuple[str, ...]:
    cleaned = clean(text)
    return tuple(keywords(without(cleaned, find_cues(cleaned))))


def _finite(value: object, name: str) -> float:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if not number or not math.isfinite(value):  # type: ignore[arg-type]
        raise InputError(name, value, "give a finite number")
    return float(value)  # type: ignore[arg-type]


def _attempt(job: Job) -> Any:
    try:
        return job()
    except Exception as error:
        return error
