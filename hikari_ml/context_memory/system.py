"""NeuralMemorySystem: what a companion remembers, for years, on the streamer's own machine."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any, Final, cast

import numpy.typing as npt

from hikari_ml.chat import check_name, check_text
from hikari_ml.config import Settings
from hikari_ml.context_memory import asking, erasure, keeping, overview, requests, transfer, upkeep
from hikari_ml.context_memory.asking import check_embedding, check_path, check_positive
from hikari_ml.context_memory.chosen import Chosen
from hikari_ml.context_memory.core import Job, MemoryCore, Question
from hikari_ml.context_memory.readable import warn_of_empty
from hikari_ml.context_memory.recall import relevant
from hikari_ml.context_memory.record import to_ms
from hikari_ml.context_memory.snapshot import Snapshot
from hikari_ml.context_memory.store import DATA, Store
from hikari_ml.context_memory.verify import verify
from hikari_ml.errors import InputError, ReadOnlyError
from hikari_ml.models.reading import Vector
from hikari_ml.models.summarizer import Summarizer
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
from hikari_ml.runtime.clock import Clock, SystemClock
from hikari_ml.runtime.lane import Lane
from hikari_ml.runtime.service import Service
from hikari_ml.times import as_utc

GROUP: Final = 64
"""Jobs that may share one turn of the memory thread, and one commit."""


class NeuralMemorySystem(Service):
    """Memories in three tiers over one durable store, recalled by meaning and by word.

    ``path`` is the folder of the store; None is ``default/memory`` in the data folder. One process writes
    a store at a time. With ``read_only`` it shows the store as it was when it was opened, beside a process
    that may be writing it: nothing is created or written, not even that a memory was recalled, and methods
    that would write raise ReadOnlyError. Where vectors are of another model, it makes its own in memory and
    names theirs in ``degraded`` (``vectors:...``); damaged rows it leaves out, and names their table there
    (``unreadable:...``). Close it soon: until then the writer keeps what it shows.

    Raises:
        InputError: no file can have such a ``path``.

    Raises (on first use):
        StoreLockedError: another process has the store open for writing, or this process has it open.
        StoreVersionError: a newer version wrote it.
        StoreError: it cannot be opened.
        ModelError: a model named in the settings cannot be loaded.
    """

    def __init__(
        self,
        path: str | Path | None = None,
        settings: Settings | None = None,
        *,
        read_only: bool = False,
        clock: Clock | None = None,
    ) -> None:
        super().__init__()
        self.settings = settings or Settings()
        self.path = check_path(path) if path is not None else self.settings.channel_dir("default") / "memory"
        self.read_only = read_only
        self._clock = clock or SystemClock()
        self._lane: Lane[Job[Any], Any]
        self._core: MemoryCore
        self._summarizer: Summarizer

    @property
    def embedding_id(self) -> str | None:
        """The model whose embeddings it takes; None until it has started.

        Hand over an ``embedding`` only if the model that made it has this id.
        """
        return self._core.embedder.model_id if hasattr(self, "_core") else None

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
        """Store a memory and return its id once it is durable.

        The same words, or almost, by the same user and of the same type are one memory with a count: storing
        them again returns the standing id. ``arousal`` in [0, 1], how stirred whoever said it was, lets it
        fade more slowly and never ranks it. ``metadata["user"]`` scopes it to a viewer,
        ``metadata["conversation"]`` groups lines that belong together. ``embedding`` saves the neural pass
        if the memory's own model has already made it. A ``request_id`` makes storing safe to repeat for a
        day: the same id stores nothing again, and returns the id of what it has stored.

        Raises:
            InputError: an argument cannot be used; nothing was stored.
            StoreError: it could not be written, for a full disk or the like; nothing was stored.
        """
        self._check_writable()
        at = to_ms(as_utc(created_at, "created_at") if created_at else self._clock.now())
        draft = asking.draft(content, memory_type, metadata, importance, arousal, at=at)
        request = requests.digest_of(request_id)
        await self._ready()
        job: Job[str] = Job(partial(keeping.store, self._core, draft, request), grouped=True)
        job.texts, job.vectors = self._given(draft.content, embedding)
        return cast("str", await self._lane.submit(job))

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
        """The ``k`` best memories for ``query``, best first.

        ``user`` limits it to one viewer's memories, ``memory_types`` to some types, ``as_of`` to what was
        stored by then. What something later took the place of is out of scope, unless it held ``as_of``.
        Scoped or not, exactly ``min(k, n)`` of the n memories in scope are returned. A viewer
        whom ``query`` names is preferred, never required. An ``embedding`` is searched as it is, and is best
        made of the query without such names. What is recalled fades more slowly afterwards, unless
        ``strengthen`` is False or ``as_of`` is given.

        Raises:
            InputError: ``k`` is no positive whole number, or there is neither a query nor an embedding.
        """
        question = asking.question(
            query,
            k,
            memory_types,
            user,
            as_of=None if as_of is None else to_ms(as_utc(as_of, "as_of")),
            embedded=embedding is not None,
            strengthen=strengthen,
        )
        await self._ready()
        vector = None if embedding is None else check_embedding(embedding, self._core.embedder.dim)
        return cast("list[Memory]", await self._do(lambda: self._core.retrieve(question, vector)))

    async def get_context_summary(self, topic: str, max_length: int = 500) -> str:
        """What is remembered about ``topic``, in at most ``max_length`` characters; "" if nothing is."""
        return (await self.summarize(topic, max_length))["text"]

    async def summarize(self, topic: str, max_length: int = 500) -> Summary:
        """:meth:`get_context_summary` together with how it was made and from which memories.

        Raises:
            InputError: ``topic`` is blank or ``max_length`` no positive whole number.
        """
        question = asking.topic(topic, strengthen=True)
        length = check_positive(max_length, "max_length")
        return cast("Summary", await self._do(lambda: self._summarize(question, length)))

    async def find_associations(self, entity: str, max_hops: int = 2) -> list[tuple[str, float]]:
        """What ``entity`` is connected with in the knowledge graph, strongest first, as (name, strength).

        Strength lies in (0, 1): an edge gains with each memory that says so, a path is the product of its
        edges. An unknown entity has no associations.
        """
        name, hops = check_text(entity, "entity"), check_positive(max_hops, "max_hops")
        found = await self._do(lambda: self._core.graph.associations(name, hops))
        return cast("list[tuple[str, float]]", found)

    async def list_memories(self, k: int = 50, *, user: str | None = None) -> list[Memory]:
        """The ``k`` most important memories, without a question; their ``score`` is their importance."""
        most, name = check_positive(k, "k"), None if user is None else check_name(user, "user")
        return cast("list[Memory]", await self._do(lambda: self._core.most_important(most, name)))

    async def list_superseded(self, k: int = 50) -> list[Memory]:
        """The ``k`` most important memories that hold no longer, which :meth:`list_memories` leaves out.

        ``valid_to`` says when each ceased to hold; ``score`` is its importance.

        Raises:
            InputError: ``k`` is no positive whole number.
        """
        most = check_positive(k, "k")
        return cast("list[Memory]", await self._do(lambda: overview.superseded(self._core, most)))

    async def get_memory_stats(self) -> MemoryStats:
        """How much is remembered, where it lies, and with which model."""
        return cast("MemoryStats", await self._do(lambda: overview.stats(self._core)))

    async def consolidate(self) -> Consolidation:
        """Move memories between the tiers, forget what has faded, and cut new episodes."""
        return cast(
            "Consolidation", await self._change(lambda: upkeep.consolidate(self._core, self._summarizer))
        )

    async def forget_memory(self, memory_id: str) -> None:
        """Remove one memory.

        Raises:
            UnknownMemoryError: no memory has this id.
        """
        check_text(memory_id, "memory_id")
        await self._change(lambda: self._forget(memory_id))

    async def withdraw_memory(self, memory_id: str) -> bool:
        """Take back one storing of a memory: True if none is left of it, False if it was stored more often.

        An id that is not there is none left of, so that is True and no error: a message may be deleted after
        its memory has faded, and nothing is kept of ids by which to tell it from one that never was.
        While others of its storings are left, so are the metadata and the importance that this one brought.
        """
        check_text(memory_id, "memory_id")
        return cast(
            "bool", await self._change(lambda: keeping.withdraw(self._core, self._summarizer, memory_id))
        )

    async def erase_user(self, user: str) -> Erasure:
        """Remove everything that was stored of ``user`` and rewrite the file without it.

        If it is cut off in between, the next opening for writing does the rest.
        Memories of others that mention the user stay; the user's place in the knowledge graph goes.
        """
        name = check_name(user, "user")
        return cast(
            "Erasure",
            await self._change(lambda: erasure.erase_user(self._core, self._summarizer, name)),
        )

    async def export(self, path: str | Path) -> int:
        """Write every memory to ``path`` as JSON lines; returns how many.

        Raises:
            InputError: the file cannot be written, or is one of the memory's own.
        """
        target = self._apart(path)
        return cast("int", await self._do(lambda: transfer.export(self._core, target)))

    async def import_(self, path: str | Path) -> int:
        """Add the memories of an export; returns how many were new. All of the file or nothing.

        Raises:
            RecordingError: a line of it is not such a line; it carries the number.
        """
        source = check_path(path)
        return cast("int", await self._change(lambda: self._import(source)))

    async def list_relations(self, k: int = 50) -> list[Relation]:
        """The ``k`` strongest relations of the knowledge graph, strongest first."""
        most = check_positive(k, "k")
        return cast("list[Relation]", await self._do(lambda: self._core.graph.relations(most)))

    async def list_episodes(self, k: int = 50) -> list[Episode]:
        """The ``k`` latest episodes, latest first."""
        most = check_positive(k, "k")
        return cast("list[Episode]", await self._do(lambda: overview.episodes(self._core, most)))

    async def themes(self, k: int = 10) -> list[Theme]:
        """What the long-term memories are about: the ``k`` largest themes, largest first.

        With fewer than 100 long-term memories it looks at all memories; ``scope`` in the result says which.
        """
        most = check_positive(k, "k")
        return cast("list[Theme]", await self._do(lambda: overview.themes(self._core, most)))

    async def export_graph(self, path: str | Path) -> int:
        """Write the knowledge graph to ``path`` as GraphML; returns how many relations it has.

        Raises:
            InputError: the file cannot be written, or is one of the memory's own.
        """
        target = self._apart(path)
        return cast("int", await self._do(lambda: transfer.export_graph(self._core, target)))

    async def verify(self) -> Verification:
        """Read every row of the store and say which do not fit the others."""
        return cast("Verification", await self._do(self._verify))

    async def compact(self) -> Compaction:
        """Rewrite the file without the room that what was forgotten left in it."""
        return cast("Compaction", await self._change(lambda: erasure.compact(self._core)))

    # -- life ---------------------------------------------------------------------------------------

    async def _open(self, stack: AsyncExitStack) -> None:
        self._lane = Lane(self._work, name="memory", max_batch=GROUP, owner=self._kind)
        stack.push_async_callback(self._lane.aclose)
        stack.push_async_callback(self._let_go)  # also of what a start that is cancelled still builds
        await self._lane.submit(Job(self._build))

    def _build(self) -> None:
        chosen, size = Chosen.load(self.settings), self.settings.memory.map_size_mb
        self._summarizer = chosen.summarizer
        if not self.read_only:
            warn_of_empty(self.path / DATA)
        store = Snapshot(self.path) if self.read_only else Store(self.path, map_size_mb=size)
        try:
            core = MemoryCore(store, self.settings.memory, chosen.embedder, chosen.entities, self._clock)
            if not self.read_only:
                erasure.finish(core)
        except BaseException:
            store.close()
            raise
        self._core = core

    async def _let_go(self) -> None:
        closing = self._lane.submit(Job(self._close_core))
        await asyncio.shield(closing)  # who is cancelled once more leaves nothing locked either

    def _close_core(self) -> None:
        if hasattr(self, "_core"):
            self._core.close()

    def _work(self, jobs: list[Job[Any]]) -> Sequence[Any]:
        if hasattr(self, "_core"):
            return self._core.work(jobs)
        (build,) = jobs  # the first job makes the core; nobody else can submit before it is done
        return [build.act()]

    async def _do(self, act: Any) -> Any:
        await self._ready()
        return await self._lane.submit(Job(act))

    async def _change(self, act: Callable[[], Any]) -> Any:
        self._check_writable()
        return await self._do(act)

    def _apart(self, path: str | Path) -> Path:
        target = check_path(path)
        if transfer.is_own(target, self.path):
            raise InputError("path", str(target), "this file is part of the memory itself")
        return target

    def _check_writable(self) -> None:
        if self.read_only:
            raise ReadOnlyError(self.path)

    # -- in the memory thread -----------------------------------------------------------------------

    def _forget(self, memory_id: str) -> None:
        record = self._core.store.read(lambda txn: self._core.record_of(txn, memory_id))
        upkeep.forget(self._core, self._summarizer, [record.key])

    def _import(self, path: Path) -> int:
        core = self._core
        lines = transfer.read_lines(path, core.embedder.model_id, core.embedder.dim, core.now())
        return transfer.import_lines(core, lines)

    def _summarize(self, question: Question, max_length: int) -> Summary:
        core = self._core
        core.complete()
        hits = [hit for hit in core.search(question, None, None) if relevant(hit)]
        hits = hits[: question.k]
        if not hits:
            return {"text": "", "method": "none", "memories": [], "degraded": list(core.degraded)}
        records = sorted(core.contents(hit.key for hit in hits), key=lambda r: (r.created_at, r.key))
        theirs = core.index.vectors([record.key for record in records])
        text = self._summarizer.summarize([r.content for r in records], theirs, max_length)
        return {
            "text": text,
            "method": self._summarizer.method,
            "memories": [record.id for record in records],
            "degraded": list(core.degraded),
        }

    def _verify(self) -> Verification:
        dims = {self._core.embedder.model_id: self._core.embedder.dim}
        return self._core.store.read(lambda txn: verify(txn, dims))

    def _given(self, text: str, embedding: npt.ArrayLike | None) -> tuple[Sequence[str], Vector | None]:
        if embedding is None:
            return [text], None
        return (), check_embedding(embedding, self._core.embedder.dim)[None, :]
