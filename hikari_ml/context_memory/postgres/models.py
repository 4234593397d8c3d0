"""What is computed about memories, in a thread of its own: the event loop runs no model."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from functools import partial
from typing import Any, TypeVar, cast

import numpy as np

from hikari_ml.config import Settings
from hikari_ml.context_memory.chosen import Chosen
from hikari_ml.context_memory.graph import links
from hikari_ml.context_memory.postgres.rows import Prepared, counted, filled
from hikari_ml.context_memory.record import Record
from hikari_ml.context_memory.upkeep import SUMMARY_LENGTH
from hikari_ml.models.embedder import Embedder
from hikari_ml.models.entities import EntityFinder
from hikari_ml.models.reading import Vector
from hikari_ml.models.summarizer import Summarizer
from hikari_ml.runtime.lane import Lane, Work, work_lane

R = TypeVar("R")


class Models:
    """Embedder, entities and summariser, and the one thread in which they are used."""

    embedder: Embedder
    summarizer: Summarizer

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._entities: EntityFinder
        self._lane: Lane[Work, Any]

    async def open(self, stack: AsyncExitStack) -> None:
        """Start the thread and load the models in it.

        Raises:
            ModelError: a model named in the settings cannot be loaded.
        """
        self._lane = work_lane("memory", "PostgresMemory")
        stack.push_async_callback(self._lane.aclose)
        await self.do(self._load)

    async def do(self, act: Callable[[], R]) -> R:
        """What ``act`` returns, run in the thread."""
        return cast("R", await self._lane.submit(act))

    async def embed(self, text: str) -> Vector:
        """The embedding of a text."""
        found: Vector = await self.do(lambda: self.embedder.embed([text])[0])
        return found

    def embed_all(self, texts: Sequence[str]) -> Vector:
        """The embeddings of texts as they are kept, [N, dim], for who is in the thread already."""
        return as_kept(self.embedder.embed(texts))

    async def prepare(self, draft: Record, vector: Vector | None) -> Prepared:
        """All that is made of a memory before it is written; ``vector`` None has still to be made."""
        return await self.do(partial(self.prepared, draft, vector))

    def prepared(self, draft: Record, vector: Vector | None) -> Prepared:
        """:meth:`prepare` for who is in the thread already."""
        made = self.embedder.embed([draft.content])[0] if vector is None else vector
        found = links(draft, self._entities.find(draft.content))
        return Prepared(draft, as_kept(made), counted(draft.content), found, *filled(draft))

    async def tell(self, contents: list[str], vectors: list[Vector]) -> tuple[str, str]:
        """The summary of an episode, and how it was made."""
        return await self.do(lambda: self.summary(contents, vectors, SUMMARY_LENGTH))

    def summary(self, contents: Sequence[str], vectors: Sequence[Vector], length: int) -> tuple[str, str]:
        """:meth:`tell` in any length, for who is in the thread already."""
        text = self.summarizer.summarize(contents, np.stack(vectors), length)
        return text, self.summarizer.method

    def _load(self) -> None:
        chosen = Chosen.load(self._settings)
        self.embedder, self.summarizer = chosen.embedder, chosen.summarizer
        self._entities = chosen.entities


def as_kept(vector: Vector) -> Vector:
    """As an export writes it: what is found must not depend on where a memory has been."""
    return vector.astype(np.float16).astype(np.float32)
