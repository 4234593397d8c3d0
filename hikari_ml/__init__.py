"""The intelligence layer of a live-stream companion.

Three capabilities, each usable alone, and one object over them::

    AdvancedSentimentAnalyzer   what a message says: sentiment, emotion, toxicity
    NeuralMemorySystem          what is worth remembering, for years
    PostgresMemory              the same, for many processes
    StreamAnalyticsEngine       what is going on in the stream
    Hikari                      one channel: perceive(message) through all three

Importing this package is cheap; a name loads its module when it is first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hikari_ml.chat import ChatMessage as ChatMessage
    from hikari_ml.chat import EmoteSpan as EmoteSpan
    from hikari_ml.config import Settings as Settings
    from hikari_ml.context_memory.postgres.system import PostgresMemory as PostgresMemory
    from hikari_ml.context_memory.system import NeuralMemorySystem as NeuralMemorySystem
    from hikari_ml.errors import HikariError as HikariError
    from hikari_ml.pipeline.hikari import Hikari as Hikari
    from hikari_ml.realtime_analytics.engine import StreamAnalyticsEngine as StreamAnalyticsEngine
    from hikari_ml.realtime_analytics.prediction.predictor import (
        ViewerEngagementPredictor as ViewerEngagementPredictor,
    )
    from hikari_ml.sentiment_analysis.analyzer import (
        AdvancedSentimentAnalyzer as AdvancedSentimentAnalyzer,
    )

__version__ = "0.1.0"

_HOMES = {
    "AdvancedSentimentAnalyzer": "hikari_ml.sentiment_analysis.analyzer",
    "ChatMessage": "hikari_ml.chat",
    "EmoteSpan": "hikari_ml.chat",
    "Hikari": "hikari_ml.pipeline.hikari",
    "HikariError": "hikari_ml.errors",
    "NeuralMemorySystem": "hikari_ml.context_memory.system",
    "PostgresMemory": "hikari_ml.context_memory.postgres.system",
    "Settings": "hikari_ml.config",
    "StreamAnalyticsEngine": "hikari_ml.realtime_analytics.engine",
    "ViewerEngagementPredictor": "hikari_ml.realtime_analytics.prediction.predictor",
}

__all__ = [
    "AdvancedSentimentAnalyzer",
    "ChatMessage",
    "EmoteSpan",
    "Hikari",
    "HikariError",
    "NeuralMemorySystem",
    "PostgresMemory",
    "Settings",
    "StreamAnalyticsEngine",
    "ViewerEngagementPredictor",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOMES])
