"""What every memory offers, in a file or in a database; see :class:`~hikari_ml.NeuralMemorySystem`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, Self

import numpy.typing as npt

from hikari_ml.config import Settings
from hikari_ml.results import (
    Compaction,
    Consolidation,
    Episode,
    Erasure,
    Memory,
    MemoryStats,
    Relation,
    Summary,
    Theme,
    Verification,
)


class MemorySystem(Protocol):
    """A memory; one contract suite tells of every implementation what it keeps to."""

    read_only: bool
    settings: Settings

    @property
    def embedding_id(self) -> str | None:
        """The model whose embeddings it takes; None until it has started."""
        ...

    async def store_memory(
        self,
        content: str,
        memory_type: str = "interaction",
        metadata: Mapping[str, Any] | None = None,
        importance: float = 0.5,
        *,
        created_at: datetime | None = None,
        embedding: npt.ArrayLike | None = None,
        arousal: float = 0.0,
        request_id: str | None = None,
    ) -> str:
        """Store a memory and return its id once it is durable."""
        ...

    async def retrieve_memories(
        self,
        query: str,
        k: int = 5,
        memory_types: Sequence[str] | None = None,
        *,
        user: str | None = None,
        as_of: datetime | None = None,
        embedding: npt.ArrayLike | None = None,
        strengthen: bool = True,
    ) -> list[Memory]:
        """The ``k`` best memories for ``query``, best first."""
        ...

    async def get_context_summary(self, topic: str, max_length: int = 500) -> str:
        """What is remembered about ``topic``, in at most ``max_length`` characters."""
        ...

    async def summarize(self, topic: str, max_length: int = 500) -> Summary:
        """The same, together with how it was made and from which memories."""
        ...

    async def find_associations(self, entity: str, max_hops: int = 2) -> list[tuple[str, float]]:
        """What ``entity`` is connected with in the knowledge graph, strongest first."""
        ...

    async def list_memories(self, k: int = 50, *, user: str | None = None) -> list[Memory]:
        """The ``k`` most important memories."""
        ...

    async def list_superseded(self, k: int = 50) -> list[Memory]:
        """The ``k`` most important memories that hold no longer."""
        ...

    async def get_memory_stats(self) -> MemoryStats:
        """How much is remembered."""
        ...

    async def consolidate(self) -> Consolidation:
        """Move memories between the tiers, forget what has faded, and cut new episodes."""
        ...

    async def forget_memory(self, memory_id: str) -> None:
        """Remove one memory."""
        ...

    async def withdraw_memory(self, memory_id: str) -> bool:
        """Take back one storing of a memory: True if none is left of it, as of an id that is not there."""
        ...

    async def erase_user(self, user: str) -> Erasure:
        """Remove everything that was stored of ``user``; the proof of it."""
        ...

    async def export(self, path: str | Path) -> int:
        """Write every memory to ``path`` as JSON lines; returns how many."""
        ...

    async def import_(self, path: str | Path) -> int:
        """Add the memories of an export; returns how many were new."""
        ...

    async def list_relations(self, k: int = 50) -> list[Relation]:
        """The ``k`` strongest relations of the knowledge graph."""
        ...

    async def list_episodes(self, k: int = 50) -> list[Episode]:
        """The ``k`` latest episodes, latest first."""
        ...

    async def themes(self, k: int = 10) -> list[Theme]:
        """The ``k`` largest themes: what many memories are about."""
        ...

    async def export_graph(self, path: str | Path) -> int:
        """Write the knowledge graph as GraphML; returns how many relations it has."""
        ...

    async def verify(self) -> Verification:
        """Read every row and say which do not fit the others."""
        ...

    async def compact(self) -> Compaction:
        """Write the store anew without the room that what was forgotten left in it."""
        ...

    async def __aenter__(self) -> Self: ...

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    async def aclose(self) -> None:
        """Close it."""
        ...
