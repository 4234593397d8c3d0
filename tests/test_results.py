"""The published keys of the results."""

from hikari_ml import results

PROMISED = {
    "MessageAnalysis": "text username timestamp language sentiment emotion toxicity entities keywords "
    "conversation_context user_sentiment_trend response_recommendation degraded",
    "Sentiment": "aggregate bert vader emoji weights",
    "AggregateSentiment": "score label confidence",
    "EmotionResult": "primary confidence scores",
    "Toxicity": "overall is_toxic categories",
    "SentimentTrend": "trend change",
    "ResponseRecommendation": "tone priority reasons",
    "Memory": "id content type metadata importance tier created_at access_count score why",
    "MessageInsights": "username engagement_score is_anomaly anomaly_score recommendations features",
    "ViewerInsights": "username message_count engagement_score favorite_topics most_active_hour "
    "return_probability first_seen last_seen",
    "Forecast": "metric status model forecasts current_value trend skill",
    "ContentPerformance": "content_id performance_score percentile is_top_performer recommendations",
    "Dashboard": "current_metrics trends top_chatters moments alerts predictions timestamp",
    "Insight": "analysis memories insights recommendation",
    "Moment": "at start end score decided_at reason",
    "Replay": "messages skipped started_at ended_at wall_seconds messages_per_second chat_rate mood emotions "
    "toxic moments anomalies topics viewers memories",
}


def test_every_promised_key_is_there():
    for name, keys in PROMISED.items():
        missing = set(keys.split()) - set(getattr(results, name).__annotations__)
        assert not missing, f"{name} lacks {missing}"


def test_labels_are_the_published_ones():
    assert results.EMOTIONS == ("anger", "disgust", "fear", "joy", "neutral", "sadness", "surprise")
    assert set(results.TOXICITY_LABELS) == {
        "toxic", "severe_toxic", "obscene", "threat", "insult", "identity_hate"
    }  # fmt: skip
