"""What the analytics say of messages, viewers, content and the stream."""

from __future__ import annotations

from typing import Literal, TypedDict

from hikari_ml.results.analysis import Emotion

Direction = Literal["increasing", "decreasing", "steady"]
ViewerTier = Literal["newcomer", "regular", "occasional", "lapsed"]
MoodTrend = Literal["rising", "falling", "steady"]


class MessageInsights(TypedDict):
    """What one message means for the stream. ``engagement_score`` is its author's, after it.

    ``is_anomaly`` and ``anomaly_score`` are of this message alone; what is unusual about the stream is in
    the dashboard's ``alerts``. ``degraded`` holds "timestamp:future" where it was dated too far ahead of
    the clock and counted as now.
    """

    username: str
    engagement_score: float
    is_anomaly: bool
    anomaly_score: float
    recommendations: list[str]
    features: dict[str, float | int | bool | str | None]
    degraded: list[str]


class ViewerInsights(TypedDict):
    """A viewer's profile; ``most_active_hour`` is in the streamer's zone.

    ``return_probability`` is the chance of another message on one of the seven days after now, in the
    streamer's zone. ``return_model`` tells whether it was learned from this channel's own past ("channel")
    or, while that teaches too little, follows from reasoned constants ("prior"). ``sentiment_trend`` is None
    while fewer than eight of the latest 40 lines tell a mood. ``bot`` is why the account is taken for a
    program and left out of the counts, None for a person.
    """

    username: str
    status: Literal["ok"]
    message_count: int
    engagement_score: float
    favorite_topics: list[tuple[str, float]]
    most_active_hour: int
    active_days: int
    tier: ViewerTier
    return_probability: float
    return_model: Literal["channel", "prior"]
    sentiment: float | None
    sentiment_trend: MoodTrend | None
    bot: str | None
    first_seen: str
    last_seen: str
    degraded: list[str]


class NoViewer(TypedDict):
    """Nothing is known of this viewer."""

    username: str
    status: Literal["no_data"]
    degraded: list[str]


class ForecastPoint(TypedDict):
    """One forecast with its 80 % interval."""

    ds: str
    yhat: float
    yhat_lower: float
    yhat_upper: float


class ForecastStep(ForecastPoint):
    """What a metric will be at a step if it is recorded then.

    ``on_air`` is the share of the last four weeks in which it was, at that time of the week, in [0, 1]; None
    while there are no two weeks to read it from.
    """

    on_air: float | None


class Forecast(TypedDict):
    """``skill`` is 1 minus the model's error over that of repeating the last value, in the backtest.

    None: there was too little to backtest. ``backtest`` holds each candidate's mean absolute error.
    """

    metric: str
    status: Literal["ok", "no_data"]
    model: str | None
    forecasts: list[ForecastStep]
    current_value: float | None
    trend: Direction
    skill: float | None
    backtest: dict[str, float]
    reason: str | None
    degraded: list[str]


class ContentPerformance(TypedDict):
    """``percentile`` is None until enough contents are known to compare with.

    It is drawn towards the middle while they are few; ``likely_range`` holds the true place in nine of ten.
    ``compared_with`` counts all others known, whatever metrics they have.
    """

    content_id: str
    performance_score: float
    percentile: float | None
    likely_range: list[float]
    is_top_performer: bool
    compared_with: int
    recommendations: list[str]
    degraded: list[str]


class Moment(TypedDict):
    """A highlight: when chat peaked, what it covers, and when it was known; times in ISO 8601.

    ``decided_at`` is when it was first told, 20 to 70 seconds after ``start``; neither changes. Until it
    closes, 130 seconds after its start at most, ``end`` moves on and a stronger minute replaces ``at``,
    ``score`` (in [0, 1]) and ``reason``; ``at`` may then lie after ``decided_at``.
    """

    at: str
    start: str
    end: str
    score: float
    decided_at: str
    reason: str


class Alert(TypedDict):
    """Something unusual in the stream and the features that moved."""

    at: str
    kind: str
    score: float
    reason: str


class TopChatter(TypedDict):
    """One of the busiest viewers of the window."""

    username: str
    messages: int
    engagement_score: float


class Predictions(TypedDict):
    """Messages in the next minutes, by horizon in minutes.

    ``status`` is no_data until there is enough to predict from, and once the stream is over; ``model``
    names what serves (``pretrained ...`` knows nothing of the channel), and ``skill`` is its gain over
    repeating the last value: on the channel's past, or so far in this stream for what is pretrained.
    """

    status: Literal["ok", "no_data"]
    model: str | None
    skill: float | None
    horizons: dict[str, ForecastPoint]
    reason: str | None


class CurrentMetrics(TypedDict):
    """The live window. ``viewer_count`` is what was recorded lately by the moment shown, not the chatters.

    ``viewer_count_at`` is when viewers were last counted, however long ago; None: they never were.
    ``late_messages`` came too late to be counted in their place since the engine was started.
    """

    messages_per_minute: float
    speed: str
    unique_chatters: int
    viewer_count: float | None
    viewer_count_at: str | None
    mood: float | None
    toxicity_rate: float
    emote_rate: float
    emotions: dict[Emotion, float]
    total_messages: int
    total_chatters: int
    late_messages: int


class Dashboard(TypedDict):
    """One snapshot of the stream."""

    current_metrics: CurrentMetrics
    trends: dict[str, Direction]
    top_chatters: list[TopChatter]
    topics: list[tuple[str, float]]
    moments: list[Moment]
    alerts: list[Alert]
    predictions: Predictions
    timestamp: str
    degraded: list[str]
