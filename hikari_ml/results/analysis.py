"""What is said of one message: sentiment, emotion, toxicity, and what to do about it."""

from __future__ import annotations

from typing import Any, Final, Literal, TypedDict

SentimentClass = Literal["negative", "neutral", "positive"]
SentimentLabel = Literal["very_negative", "negative", "neutral", "positive", "very_positive"]
Emotion = Literal["anger", "disgust", "fear", "joy", "neutral", "sadness", "surprise"]
ToxicityLabel = Literal["toxic", "severe_toxic", "obscene", "threat", "insult", "identity_hate"]
Tone = Literal["enthusiastic", "supportive", "casual", "calm", "none"]
Priority = Literal["high", "normal", "low", "ignore"]
SentimentTrendName = Literal["improving", "declining", "stable", "insufficient_data"]

SENTIMENT_CLASSES: Final[tuple[SentimentClass, ...]] = ("negative", "neutral", "positive")
EMOTIONS: Final[tuple[Emotion, ...]] = (
    "anger",
    "disgust",
    "fear",
    "joy",
    "neutral",
    "sadness",
    "surprise",
)
TOXICITY_LABELS: Final[tuple[ToxicityLabel, ...]] = (
    "toxic",
    "severe_toxic",
    "obscene",
    "threat",
    "insult",
    "identity_hate",
)


class AggregateSentiment(TypedDict):
    """The vote: 0.5 is neutral; ``confidence`` falls when members disagree and is 0 without evidence."""

    score: float
    label: SentimentLabel
    confidence: float


class MemberScore(TypedDict):
    """One member's score; None: it had no evidence and no vote."""

    score: float | None


class MemberWeights(TypedDict):
    """Each member's share of the vote; they sum to 1."""

    bert: float
    vader: float
    emoji: float


class Sentiment(TypedDict):
    """The vote and its members. With no evidence at all, ``bert`` stands for neutral with weight 1."""

    aggregate: AggregateSentiment
    bert: MemberScore
    vader: MemberScore
    emoji: MemberScore
    weights: MemberWeights
    members_used: list[str]
    evidence: list[str]


class EmotionResult(TypedDict):
    """``scores`` sum to 1; ``confidence`` is the score of ``primary``."""

    primary: Emotion
    confidence: float
    scores: dict[Emotion, float]


class Toxicity(TypedDict):
    """``overall`` is the largest of ``categories``.

    ``is_toxic`` goes by all of them but ``obscene``: a swear word may attack nobody.
    """

    overall: float
    is_toxic: bool
    categories: dict[ToxicityLabel, float]


class EmoteMeaning(TypedDict):
    """What an emote has come to mean in a chat.

    ``valence`` in [-1, 1]; ``rated`` is the lexicon's, None if it has none. ``messages`` taught it; older
    ones count less.
    """

    emote: str
    valence: float
    emotion: Emotion
    messages: float
    rated: float | None


class EntityResult(TypedDict):
    """``text[start:end]`` of the message, by code points."""

    text: str
    label: str
    start: int
    end: int


class ConversationContext(TypedDict):
    """What was being said when the message came, within the window.

    ``similarity`` is the largest cosine similarity to a recent message of words; ``given`` is the
    ``context`` the caller passed.
    """

    is_continuation: bool
    similarity: float
    continues: str | None
    recent_messages: int
    participants: int
    given: dict[str, Any]


class SentimentTrend(TypedDict):
    """``change`` is the later half's mean score minus the earlier half's, in [-1, 1]."""

    trend: SentimentTrendName
    change: float
    messages: int
    mean: float | None
    degraded: list[str]


class ResponseRecommendation(TypedDict):
    """How a companion might answer; ``response_tone`` repeats ``tone`` under its older name."""

    tone: Tone
    response_tone: Tone
    priority: Priority
    reasons: list[str]


class MessageAnalysis(TypedDict):
    """Everything said about one message."""

    text: str
    username: str
    timestamp: str
    language: str
    sentiment: Sentiment
    emotion: EmotionResult
    toxicity: Toxicity
    entities: list[EntityResult]
    keywords: list[str]
    conversation_context: ConversationContext
    user_sentiment_trend: SentimentTrend
    response_recommendation: ResponseRecommendation
    model: str
    degraded: list[str]
