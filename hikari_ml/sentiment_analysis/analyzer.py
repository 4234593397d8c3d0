"""AdvancedSentimentAnalyzer: one message in, everything that can be said of it out."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any, Final

from hikari_ml.chat import ChatMessage, check_name, check_text, user_key
from hikari_ml.config import Settings
from hikari_ml.errors import InputError
from hikari_ml.models.catalog import Models, check_models, open_reader
from hikari_ml.models.entities import EntityFinder
from hikari_ml.models.reading import CachedReader, Shelf, Vector
from hikari_ml.results import (
    EMOTIONS,
    TOXICITY_LABELS,
    AggregateSentiment,
    EmoteMeaning,
    EmotionResult,
    MessageAnalysis,
    Sentiment,
    SentimentTrend,
    Toxicity,
)
from hikari_ml.runtime import statefile
from hikari_ml.runtime.clock import Clock, SystemClock
from hikari_ml.runtime.lane import Lane, Work, work_lane
from hikari_ml.runtime.service import Service
from hikari_ml.sentiment_analysis.advice import Heard, recommend
from hikari_ml.sentiment_analysis.ensemble import NEUTRAL, blend_emotions, evidence_vote, weighted_vote
from hikari_ml.sentiment_analysis.signals import MAX_LENGTH, Request, SignalReader, Signals
from hikari_ml.sentiment_analysis.trends import MoodHistory
from hikari_ml.text.cues import emotion_distribution, valence_score
from hikari_ml.text.distress import is_distress
from hikari_ml.text.emotes import Company, EmoteMeanings
from hikari_ml.text.normalize import clean
from hikari_ml.times import iso

EMOTES_FORMAT: Final = 1
"""Version of the file that keeps what emotes mean."""

OTHER_LANGUAGE_CERTAINTY: Final = 0.8
"""What the model's certainty is worth outside English, where it was measured to be weaker."""

ATTACKS: Final = tuple(label for label in TOXICITY_LABELS if label != "obscene")
"""What makes a message toxic; a swear word that attacks nobody ("damn, so close") does not."""

CUE_EMOTION: Final = 0.3
"""What share emoji and emotes have in the emotion of a message that also has words."""


@dataclass(frozen=True, slots=True)
class ReadMessage:
    """An analysis together with the embedding of the same pass; None where there was nothing to read."""

    analysis: MessageAnalysis
    embedding: Vector | None


class AdvancedSentimentAnalyzer(Service):
    """Sentiment, emotion and toxicity of chat messages, with trends and conversation context.

    ``models`` (by default what the setting ``sentiment.models`` says) is ``"bundled"`` (the model in this
    package, offline), ``"reference"`` (the seed's three models through transformers), the path of a model of
    one's own or a mapping by role; see :mod:`hikari_ml.models.catalog`. What emotes mean in this chat is
    learned, and kept in the file ``path`` if there is one. On a ``shelf`` readings lie for several processes.

    Raises:
        InputError: ``models`` names nothing known.
    """

    def __init__(
        self,
        settings: Settings | None = None,
        *,
        models: Models | None = None,
        clock: Clock | None = None,
        path: str | Path | None = None,
        shelf: Shelf | None = None,
    ) -> None:
        super().__init__()
        self._shelf = shelf
        self.path = Path(path) if path is not None else None
        self.settings = settings or Settings()
        chosen = self.settings.sentiment
        self._models = check_models(chosen.models if models is None else models)
        self._clock = clock or SystemClock()
        self._weights = chosen.weights.model_dump()
        self._vote = evidence_vote if chosen.vote == "evidence" else weighted_vote
        self._history = MoodHistory(
            window=timedelta(minutes=chosen.window_minutes),
            per_user=chosen.history_per_user,
            overall=chosen.history_global,
            max_users=chosen.max_users,
        )
        self._emotes = EmoteMeanings()
        self._model_id = self._embedding_id = ""
        self._lane: Lane[Request, Signals]
        self._disk: Lane[Work, Any]
        self._bots = frozenset(map(user_key, self.settings.analytics.bots))

    async def analyze_message(
        self, text: str, username: str, context: Mapping[str, Any] | None = None
    ) -> MessageAnalysis:
        """Analyse one message, now.

        ``context`` is plain data about the moment (``{"stream_game": "Minecraft"}``), given back under
        ``conversation_context``.

        Raises:
            InputError: ``text`` or ``username`` is no string, or ``context`` is not plain data.
        """
        message = ChatMessage(check_name(username, "username"), check_text(text), self._clock.now())
        return (await self.read(message, context)).analysis

    async def analyze_batch(self, messages: Iterable[ChatMessage]) -> list[MessageAnalysis]:
        """Analyse ``messages`` as if they came one after another; results in order.

        Raises:
            InputError: one of them is no ChatMessage.
        """
        return [found.analysis for found in await self.read_batch(messages)]

    async def read(self, message: ChatMessage, context: Mapping[str, Any] | None = None) -> ReadMessage:
        """Analyse ``message`` and keep the embedding of the same pass."""
        given = _plain(context or {})
        await self._ready()
        signals = await self._lane.submit(Request(message.text, message.emotes))
        return self._read(message, signals, given)

    async def read_batch(self, messages: Iterable[ChatMessage]) -> list[ReadMessage]:
        """:meth:`read` of each, in order."""
        if not isinstance(messages, Iterable):
            raise InputError("messages", messages, "give ChatMessage objects")
        messages = list(messages)
        for message in messages:
            if not isinstance(message, ChatMessage):
                raise InputError("messages", message, "give ChatMessage objects")
        await self._ready()
        signals = await self._lane.submit_many(Request(message.text, message.emotes) for message in messages)
        return [self._read(message, found, {}) for message, found in zip(messages, signals, strict=True)]

    def user_trend(self, username: str) -> SentimentTrend:
        """How ``username`` has been feeling within the window; an unknown user has no data."""
        return self._history.user_trend(username, self._clock.now())

    def global_trend(self) -> SentimentTrend:
        """How the chat has been feeling within the window."""
        return self._history.global_trend(self._clock.now())

    def emote_meanings(self, most: int = 50) -> list[EmoteMeaning]:
        """What emotes have come to mean in this chat, those with the most messages behind them first."""
        return [
            {
                "emote": found.token,
                "valence": found.rating.valence,
                "emotion": found.rating.emotion,
                "messages": found.messages,
                "rated": found.known.valence if found.known else None,
            }
            for found in self._emotes.meanings(most)
        ]

    async def save(self) -> None:
        """Keep what emotes mean; nothing without a ``path``, or if nothing was learned. Closing does it too.

        Raises:
            StoreError: it could not be written.
        """
        await self._ready()
        await self._write()

    @property
    def model_id(self) -> str:
        """The model, or the models, that read; empty before the start."""
        return self._model_id

    @property
    def embedding_id(self) -> str:
        """The model that makes the embeddings; empty before the start."""
        return self._embedding_id

    def forget_user(self, username: str) -> int:
        """Remove everything kept of ``username``; returns how many entries went."""
        self._emotes.forget_user(user_key(username))
        return self._history.forget(username)

    def withdraw(self, message: ChatMessage) -> None:
        """Let nothing be said to carry on ``message``, which was deleted."""
        self._history.withdraw(message.username, message.timestamp, clean(message.text[:MAX_LENGTH]))

    async def _open(self, stack: AsyncExitStack) -> None:
        signals = await asyncio.to_thread(self._load)
        if self.path is not None:
            self._emotes = await asyncio.to_thread(_load_emotes, self.path)
            self._disk = work_lane("analysis-disk", self._kind)
            stack.push_async_callback(self._disk.aclose)
            stack.push_async_callback(self._write)
        self._lane = Lane(partial(_read_all, signals), name="analysis", max_batch=32, owner=self._kind)
        stack.push_async_callback(self._lane.aclose)

    async def _write(self) -> None:
        """Files are written one after the other, in a thread that closing waits for."""
        if self.path is not None and self._emotes.unsaved:
            learned = self._emotes.unsaved
            save = partial(statefile.save, self.path, self._emotes.state(), EMOTES_FORMAT)
            await self._disk.submit(save)
            self._emotes.unsaved -= learned

    def _load(self) -> SignalReader:
        chosen = self.settings.sentiment
        opened = open_reader(self._models, chosen.threads, chosen.device)
        reader = CachedReader(opened, chosen.cache_size, self._shelf)
        self._model_id, self._embedding_id = reader.model_id, reader.embedding_id
        entities = EntityFinder()
        entities.load()
        return SignalReader(reader, entities)

    def _read(self, message: ChatMessage, signals: Signals, given: dict[str, Any]) -> ReadMessage:
        if self.settings.sentiment.learn_emotes:
            signals = self._with_learned(message, signals)
        sentiment = self._sentiment(signals)
        if sentiment["members_used"]:
            score = sentiment["aggregate"]["score"]
            self._history.add(message.username, message.timestamp, score)
        analysis = self._analysis(message, signals, sentiment, given)
        embedding = signals.reading.embedding if signals.reading else None
        if embedding is not None:
            self._history.say(message.username, message.timestamp, signals.text, embedding)
        return ReadMessage(analysis, embedding)

    def _with_learned(self, message: ChatMessage, signals: Signals) -> Signals:
        """``signals`` with emotes as they are meant here; then learn from the words beside them."""
        if not any(cue.kind == "emote" for cue in signals.cues):
            return signals
        rated, user = self._emotes.rate(signals.cues), user_key(message.username)
        company = company_of(signals, self._weights)
        if company and user not in self._bots:
            at = message.timestamp.timestamp()
            self._emotes.learn(signals.cues, company, user, signals.text_key, at)
        return replace(signals, cues=rated)

    def _analysis(
        self,
        message: ChatMessage,
        signals: Signals,
        sentiment: Sentiment,
        given: dict[str, Any],
    ) -> MessageAnalysis:
        emotion = _emotion(signals)
        toxicity = _toxicity(signals, self.settings.sentiment.toxicity_threshold)
        embedding = signals.reading.embedding if signals.reading else None
        context = self._history.context(signals.text, embedding, message.timestamp)
        return {
            "text": message.text.encode("utf-8", "replace").decode("utf-8"),
            "username": message.username,
            "timestamp": iso(message.timestamp),
            "language": signals.language,
            "sentiment": sentiment,
            "emotion": emotion,
            "toxicity": toxicity,
            "entities": [
                {"text": e.text, "label": e.label, "start": e.start, "end": e.end} for e in signals.entities
            ],
            "keywords": list(signals.keywords),
            "conversation_context": {
                "is_continuation": context.is_continuation,
                "similarity": context.similarity,
                "continues": context.continues,
                "recent_messages": context.messages,
                "participants": context.participants,
                "given": given,
            },
            "user_sentiment_trend": self._history.user_trend(message.username, message.timestamp),
            "response_recommendation": recommend(
                _heard(signals, sentiment["aggregate"], emotion, toxicity, context.is_continuation)
            ),
            "model": self._model_id,
            "degraded": list(signals.degraded),
        }

    def _sentiment(self, signals: Signals) -> Sentiment:
        reading = signals.reading if "sentiment" in signals.covered else None
        scores = {
            "bert": reading.sentiment if reading else None,
            "vader": signals.vader,
            "emoji": valence_score(signals.cues),
        }
        certainty = {name: _strength(score) for name, score in scores.items()}
        if reading:
            foreign = signals.language not in ("en", "und")
            certainty["bert"] = reading.certainty * (OTHER_LANGUAGE_CERTAINTY if foreign else 1.0)
        outcome = self._vote(scores, self._weights, certainty)
        evidence = [cue.token for cue in signals.cues if cue.valence is not None]
        if outcome is None:  # nothing speaks: the neural member stands for neutral
            return {
                "aggregate": {"score": NEUTRAL, "label": "neutral", "confidence": 0.0},
                "bert": {"score": NEUTRAL},
                "vader": {"score": None},
                "emoji": {"score": None},
                "weights": {"bert": 1.0, "vader": 0.0, "emoji": 0.0},
                "members_used": [],
                "evidence": [],
            }
        return {
            "aggregate": {
                "score": outcome.score,
                "label": outcome.label,
                "confidence": outcome.confidence,
            },
            "bert": {"score": scores["bert"]},
            "vader": {"score": scores["vader"]},
            "emoji": {"score": scores["emoji"]},
            "weights": {
                "bert": outcome.weights["bert"],
                "vader": outcome.weights["vader"],
                "emoji": outcome.weights["emoji"],
            },
            "members_used": [name for name, weight in outcome.weights.items() if weight > 0],
            "evidence": list(dict.fromkeys(evidence)),
        }


def _read_all(signals: SignalReader, requests: list[Request]) -> Sequence[Signals | BaseException]:
    """Read a batch; if that fails, one by one, so that only the message that cannot be read fails."""
    try:
        return signals.read(requests)
    except Exception as error:  # it goes to whoever sent the message
        if len(requests) == 1:
            return [error]
    return [_read_all(signals, [request])[0] for request in requests]


def company_of(signals: Signals, weights: Mapping[str, float]) -> Company | None:
    """What the words of a message say beside its emotes; None if no member has anything to go by."""
    reading = signals.reading
    read = reading if reading and "sentiment" in signals.covered else None
    scores = {"bert": read.sentiment if read else None, "vader": signals.vader}
    outcome = weighted_vote(scores, weights, {})
    if outcome is None:
        return None
    felt = reading.emotion if reading and "emotion" in signals.covered else None
    silent = tuple(float(emotion == "neutral") for emotion in EMOTIONS)
    return Company(2 * outcome.score - 1, felt or silent)


def _load_emotes(path: Path) -> EmoteMeanings:
    emotes = EmoteMeanings()
    kept = statefile.load(path, EMOTES_FORMAT)
    if kept is not None:
        try:
            emotes.restore(kept)
        except ValueError:
            statefile.put_aside(path)
    return emotes


def _strength(score: float | None) -> float:
    """How sure a lexicon is: 0.5 at neutral, 1 at the ends."""
    return 0.5 if score is None else 0.5 + abs(score - NEUTRAL)


def _emotion(signals: Signals) -> EmotionResult:
    words = None
    if signals.reading and "emotion" in signals.covered:
        words = dict(zip(EMOTIONS, signals.reading.emotion, strict=True))
    scores = blend_emotions(words, emotion_distribution(signals.cues), CUE_EMOTION)
    primary = max(scores, key=lambda emotion: scores[emotion])
    return {"primary": primary, "confidence": scores[primary], "scores": scores}


def _toxicity(signals: Signals, threshold: float) -> Toxicity:
    values = (0.0,) * len(TOXICITY_LABELS)
    if signals.reading and "toxicity" in signals.covered:
        values = signals.reading.toxicity
    categories = dict(zip(TOXICITY_LABELS, values, strict=True))
    return {
        "overall": max(values),
        "is_toxic": max(categories[label] for label in ATTACKS) > threshold,
        "categories": categories,
    }


def _heard(
    signals: Signals,
    aggregate: AggregateSentiment,
    emotion: EmotionResult,
    toxicity: Toxicity,
    is_continuation: bool,
) -> Heard:
    categories = toxicity["categories"]
    return Heard(
        label=aggregate["label"],
        confidence=aggregate["confidence"],
        emotion=emotion["primary"],
        toxicity=toxicity["overall"],
        is_toxic=toxicity["is_toxic"],
        serious=max(categories["threat"], categories["identity_hate"]),
        has_words=signals.has_words,
        is_question=signals.has_words and "?" in signals.words,
        is_continuation=is_continuation,
        is_distress=is_distress(signals.text),
    )


def _plain(context: Mapping[str, Any]) -> dict[str, Any]:
    if not isinstance(context, Mapping):
        raise InputError("context", context, "give a mapping of names to plain values")
    for name, value in context.items():
        if not isinstance(name, str):
            raise InputError("context", name, "name its entries by strings")
        if not isinstance(value, str | int | float | bool | None):
            raise InputError(f"context.{name}", value, "give text, a number, a truth value or None")
    return dict(context)
