"""The models that the settings of a memory name, the same for either store; nothing loads on import."""

from __future__ import annotations

from dataclasses import dataclass

from hikari_ml.config import Settings
from hikari_ml.models.catalog import open_embedder
from hikari_ml.models.embedder import Embedder
from hikari_ml.models.entities import EntityFinder
from hikari_ml.models.summarizer import ExtractiveSummarizer, Summarizer, T5Summarizer


@dataclass(frozen=True, slots=True)
class Chosen:
    """What makes vectors, what writes summaries, and what finds the names of a text."""

    embedder: Embedder
    summarizer: Summarizer
    entities: EntityFinder

    @classmethod
    def load(cls, settings: Settings) -> Chosen:
        """Load them, which blocks; only those that are named.

        Raises:
            ModelError: one cannot be loaded.
        """
        chosen = settings.memory
        embedder = open_embedder(chosen.embedder, settings.sentiment.threads)
        summarizer: Summarizer = ExtractiveSummarizer()
        if chosen.summarizer != "extractive":
            summarizer = T5Summarizer(chosen.summarizer)
        return cls(embedder, summarizer, EntityFinder())
