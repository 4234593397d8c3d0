"""PostgresMemory: a memory that many processes share, in PostgreSQL with pgvector."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any, Final, TypeVar

import numpy.typing as npt

from hikari_ml.chat import check_name, check_text, is_encodable, user_key
from hikari_ml.config import Settings
from hikari_ml.context_memory import asking, requests
from hikari_ml.context_memory import themes as finding
from hikari_ml.context_memory.asking import check_embedding, check_path, check_positive
from hikari_ml.context_memory.core import Question
from hikari_ml.context_memory.postgres import (
    carrying,
    changes,
    checking,
    overview,
    reading,
    rereading,
    search,
    standing,
    upkeep,
)
from hikari_ml.context_memory.postgres.connection import Connection, Database, lock_key
from hikari_ml.context_memory.postgres.models import Models
from hikari_ml.context_memory.postgres.rows import given, stored, vector_text
from hikari_ml.context_memory.recall import Hit, relevant, take_apart
from hikari_ml.context_memory.record import Record, to_ms
from hikari_ml.errors import HikariError, ReadOnlyError, StoreError, UnknownMemoryError
from hikari_ml.models.reading import Vector
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
from hikari_ml.runtime.service import Service
from hikari_ml.times import as_utc

RELIEVE_AFTER: Final = 16
"""Memories this process stores before it looks whether the working buffer is full."""

EMBED_BATCH: Final = 64

R = TypeVar("R")
_log = logging.getLogger(__name__)


class PostgresMemory(Service):
    """What :class:`~hikari_ml.NeuralMemorySystem` offers, over a database that many processes may write.

    ``dsn`` is what libpq takes: ``postgresql://user@host/database``. A password is better left to
    ``PGPASSWORD`` or ``~/.pgpass``. ``schema`` holds one memory, so a database has room for many. The first
    to open it makes the tables, unless ``create`` is False, which takes the right to create a schema and the
    extension ``vector``. A process has at most ``connections`` open, and at least two.

    All processes of a memory use one embedding model. Where the settings name another, what needs vectors
    raises StoreError; ``reembed`` makes all vectors anew when it is opened, and then it is the model of all.
    With ``read_only`` nothing is created or written, not even that a memory was recalled.

    Raises:
        MissingExtraError: psycopg is not installed.
        InputError: the DSN cannot be used.

    Raises (on first use):
        StoreError: the database cannot be reached, or has no pgvector.
        StoreVersionError: a newer version wrote it.
        ModelError: a model named in the settings cannot be loaded.
    """

    def __init__(
        self,
        dsn: str,
        settings: Settings | None = None,
        *,
        schema: str = "hikari",
        connections: int = 4,
        read_only: bool = False,
        create: bool = True,
        reembed: bool = False,
        clock: Clock | None = None,
    ) -> None:
        super().__init__()
        self.settings = settings or Settings()
        self.read_only = read_only
        most = check_positive(connections, "connections")
        self._db = Database(dsn, schema, connections=max(2, most), read_only=read_only, create=create)
        self._models = Models(self.settings)
        self._clock = clock or SystemClock()
        self._wants_reembedding = reembed
        self._stored = 0

    @property
    def address(self) -> str:
        """Where it lies, without a password."""
        return self._db.address

    @property
    def embedding_id(self) -> str | None:
        """The model whose embeddings it takes; None until it has started."""
        return self._models.embedder.model_id if self._state == "open" else None

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

        The same words, or almost, by the same user and of the same type are one memory with a count,
        whichever processes store them. The same ``request_id`` stores nothing again, for a day.

        Raises:
            InputError: an argument cannot be used; nothing was stored.
            StoreError: it could not be written; nothing was stored.
        """
        self._check_writable()
        at = to_ms(as_utc(created_at, "created_at") if created_at else self._clock.now())
        draft = asking.draft(content, memory_type, metadata, importance, arousal, at=at)
        request = requests.digest_of(request_id)
        await self._ready()
        made = await self._models.prepare(draft, self._given(embedding))

        async def act(found: Connection) -> str:
            await self._check_model(found, writing=True)
            await standing.lock(found, self._db.schema, {stored(user_key(draft.user or ""))})
            similar = self.settings.memory.merge_similar
            return await changes.store(found, self._models, made, request, self._now(), merge_similar=similar)

        memory_id = await self._db.write(act)
        await self._relieve()
        return memory_id

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
        """The ``k`` best memories for ``query``, best first; exactly ``min(k, n)`` of the n in scope.

        Raises:
            InputError: ``k`` is no positive whole number, or there is neither a query nor an embedding.
            StoreError: the database could not be asked, or holds vectors of another model.
        """
        question = asking.question(
            query,
            k,
            memory_types,
            user,
            as_of=None if as_of is None else to_ms(as_utc(as_of, "as_of")),
            embedded=embedding is not None,
            strengthen=strengthen and as_of is None and not self.read_only,
        )
        await self._ready()
        now = self._now() if question.as_of is None else question.as_of
        hits, records, ends = await self._search(question, self._given(embedding))
        if question.strengthen:
            await self._strengthen([hit for hit in hits if relevant(hit)], records, now)
        rate = self.settings.memory.decay_rate
        return await self._models.do(
            lambda: [reading.as_memory(records[hit.key], hit, now, rate, ends.get(hit.key)) for hit in hits]
        )

    async def get_context_summary(self, topic: str, max_length: int = 500) -> str:
        """What is remembered about ``topic``, in at most ``max_length`` characters; "" if nothing is."""
        return (await self.summarize(topic, max_length))["text"]

    async def summarize(self, topic: str, max_length: int = 500) -> Summary:
        """:meth:`get_context_summary` together with how it was made and from which memories.

        Raises:
            InputError: ``topic`` is blank or ``max_length`` no positive whole number.
        """
        question = asking.topic(topic, strengthen=False)
        length = check_positive(max_length, "max_length")
        await self._ready()
        hits, records, _ = await self._search(question, None, only_relevant=True)
        if not hits:
            return {"text": "", "method": "none", "memories": [], "degraded": []}
        told = sorted(records.values(), key=lambda record: (record.created_at, record.key))
        theirs = await self._db.read(partial(reading.vectors, keys=list(records)))
        told = [record for record in told if record.key in theirs]  # unless it was forgotten meanwhile
        contents, vectors = [r.content for r in told], [theirs[r.key] for r in told]
        text, method = await self._models.do(lambda: self._models.summary(contents, vectors, length))
        return {"text": text, "method": method, "memories": [r.id for r in told], "degraded": []}

    async def find_associations(self, entity: str, max_hops: int = 2) -> list[tuple[str, float]]:
        """What ``entity`` is connected with in the knowledge graph, strongest first, as (name, strength)."""
        name, hops = check_text(entity, "entity"), check_positive(max_hops, "max_hops")
        if not is_encodable(name):
            return []
        graph = await self._read(partial(reading.neighbourhood, name=name, hops=hops))
        return await self._models.do(lambda: graph.associations(name, hops))

    async def list_memories(self, k: int = 50, *, user: str | None = None) -> list[Memory]:
        """The ``k`` most important memories, without a question; their ``score`` is their importance."""
        most, name = check_positive(k, "k"), None if user is None else check_name(user, "user")
        now, rate = self._now(), self.settings.memory.decay_rate
        asked = {"k": _bounded(most), "user": reading.user_of(name), "now": now, "daily_rate": rate}
        found = await self._read(partial(reading.most_important, **asked))  # type: ignore[arg-type]
        return await self._models.do(lambda: reading.by_importance(found, now, rate))

    async def list_superseded(self, k: int = 50) -> list[Memory]:
        """The ``k`` most important memories that hold no longer, which :meth:`list_memories` leaves out."""
        now, rate = self._now(), self.settings.memory.decay_rate
        asked = {"k": _bounded(check_positive(k, "k")), "user": None, "now": now, "daily_rate": rate}

        async def act(found: Connection) -> tuple[list[Record], dict[int, reading.End]]:
            records = await reading.most_important(found, **asked, superseded=True)  # type: ignore[arg-type]
            return records, await reading.ends(found, [record.key for record in records])

        records, ends = await self._read(act)
        return await self._models.do(lambda: reading.by_importance(records, now, rate, ends))

    async def get_memory_stats(self) -> MemoryStats:
        """How much is remembered, how much room it takes in the database, and with which model."""
        return await self._read(partial(reading.stats, schema=self._db.schema))

    async def consolidate(self) -> Consolidation:
        """Move memories between the tiers, forget what has faded, and cut new episodes.

        One process does it at a time: in the others ``degraded`` says ``consolidation:elsewhere``.
        """
        await self._changing()
        return await upkeep.consolidate(self._db, self._models, self.settings.memory, self._now())

    async def forget_memory(self, memory_id: str) -> None:
        """Remove one memory.

        Raises:
            UnknownMemoryError: no memory has this id.
        """
        name = check_text(memory_id, "memory_id")
        await self._changing()

        async def act(found: Connection) -> bool:
            record = await self._locked(found, name)
            if record is not None:
                await changes.forget(found, self._models, [record.key])
            return record is not None

        if not await self._db.write(act):
            raise UnknownMemoryError(memory_id)

    async def withdraw_memory(self, memory_id: str) -> bool:
        """Take back one storing of a memory: True if none is left of it, False if it was stored more often.

        An id that is not there is none left of, so that is True and no error: a message may be deleted after
        its memory has faded, and nothing is kept of ids by which to tell it from one that never was.
        While others of its storings are left, so are the metadata and the importance that this one brought.
        """
        name = check_text(memory_id, "memory_id")
        await self._changing()

        async def act(found: Connection) -> bool:
            record = await self._locked(found, name)
            if record is not None and record.count > 1:
                await changes.count_less(found, self._models, record)
                return False
            if record is not None:
                await changes.forget(found, self._models, [record.key])
            return True

        return await self._db.write(act)

    async def erase_user(self, user: str) -> Erasure:
        """Remove everything that was stored of ``user``, and have the tables written anew without it.

        Memories of others that mention the user stay; the user's place in the knowledge graph goes. What
        PostgreSQL keeps elsewhere stands in ``degraded``: its write-ahead log, until it is recycled, and
        backups. Other processes wait while the tables are written.
        """
        name = check_name(user, "user")
        await self._changing()
        return await upkeep.erase_user(self._db, self._models, name)

    async def export(self, path: str | Path) -> int:
        """Write every memory to ``path`` as JSON lines; returns how many.

        Raises:
            InputError: the file cannot be written.
        """
        target = check_path(path)
        await self._ready()
        return await carrying.export(self._db, self._models, target)

    async def import_(self, path: str | Path) -> int:
        """Add the memories of an export; returns how many were new. All of the file or nothing.

        Raises:
            RecordingError: a line of it is not such a line; it carries the number.
        """
        source = check_path(path)
        await self._changing()
        made = await carrying.read(self._models, source, self._now())

        async def act(found: Connection) -> int:
            await self._check_model(found, writing=True)
            return await carrying.bring_in(made, self._db, self._models, found)

        return await self._db.write(act)

    async def list_relations(self, k: int = 50) -> list[Relation]:
        """The ``k`` strongest relations of the knowledge graph, strongest first."""
        return await self._read(partial(reading.relations, k=_bounded(check_positive(k, "k"))))

    async def list_episodes(self, k: int = 50) -> list[Episode]:
        """The ``k`` latest episodes, latest first."""
        return await self._read(partial(overview.episodes, k=_bounded(check_positive(k, "k"))))

    async def themes(self, k: int = 10) -> list[Theme]:
        """The ``k`` largest themes: what many memories are about, of whoever said it.

        They are looked for among long-term memories, or among all where too few are long-term.
        """
        most, rate = check_positive(k, "k"), self.settings.memory.decay_rate
        await self._ready()
        found, vectors, scope = await self._db.read(
            partial(overview.worth_most, now=self._now(), daily_rate=rate)
        )
        return await self._models.do(lambda: finding.themes(found, vectors, most, scope))

    async def export_graph(self, path: str | Path) -> int:
        """Write the knowledge graph to ``path`` as GraphML; returns how many relations it has.

        Raises:
            InputError: the file cannot be written.
        """
        target = check_path(path)
        await self._ready()
        return await carrying.export_graph(self._db, self._models, target)

    async def verify(self) -> Verification:
        """Read every row and say which do not fit the others."""
        return await self._read(partial(checking.verify, self._models))

    async def compact(self) -> Compaction:
        """Have the tables written anew without the room that what was forgotten left in them."""
        await self._changing()
        before, after, problem = await upkeep.compact(self._db)
        if problem is not None:
            raise StoreError(self.address, f"could not be compacted: {problem}")
        return {"bytes_before": before, "bytes_after": after, "degraded": []}

    # -- life ---------------------------------------------------------------------------------------

    async def _open(self, stack: AsyncExitStack) -> None:
        await self._models.open(stack)
        chosen = self._models.embedder
        fill = partial(standing.settle_everything, models=self._models)
        await self._db.open(stack, chosen.model_id, chosen.dim, fill)
        if not self.read_only:
            await self._db.write(partial(rereading.reread, schema=self._db.schema, models=self._models))
        if self._wants_reembedding:
            self._check_writable()
            await self._db.write(self._reembed)

    # -- inner parts --------------------------------------------------------------------------------

    def _now(self) -> int:
        return to_ms(self._clock.now())

    def _given(self, embedding: npt.ArrayLike | None) -> Vector | None:
        return None if embedding is None else check_embedding(embedding, self._models.embedder.dim)

    def _check_writable(self) -> None:
        if self.read_only:
            raise ReadOnlyError(self.address)

    async def _changing(self) -> None:
        self._check_writable()
        await self._ready()

    async def _read(self, act: Callable[[Connection], Awaitable[R]]) -> R:
        await self._ready()
        return await self._db.read(act)

    async def _locked(self, found: Connection, memory_id: str) -> Record | None:
        """The memory with an id, which nobody else changes until the transaction ends, nor its user's."""
        if not is_encodable(memory_id):
            return None
        await standing.lock_owner(found, self._db.schema, memory_id)
        return await changes.by_id(found, memory_id)

    async def _check_model(self, found: Connection, *, writing: bool = False) -> None:
        """Refuse to mix vectors of two models; while ``found`` writes, nobody re-embeds."""
        if writing:
            key = lock_key(self._db.schema, "model")
            await found.execute("SELECT pg_advisory_xact_lock_shared(%s)", (key,))
        cursor = await found.execute("SELECT value FROM meta WHERE name = 'model'")
        (model,) = await cursor.fetchone()
        if model != self._models.embedder.model_id:
            hint = (
                f"its vectors are of the model {model}, and the settings name "
                f"{self._models.embedder.model_id}; open it once with reembed=True to make them anew"
            )
            raise StoreError(self.address, hint)

    async def _search(
        self, question: Question, vector: Vector | None, *, only_relevant: bool = False
    ) -> tuple[list[Hit], dict[int, Record], dict[int, reading.End]]:
        """The best hits of a question, their records, and which have ended; from one view of the tables."""
        question = replace(question, k=_bounded(question.k))
        names = [stored(name) for name in await self._models.do(partial(search.names_in, question.query))]
        people = await self._db.read(partial(search.known, names=names, question=question)) if names else ()
        wanted = await self._models.do(
            lambda: take_apart(question.query, frozenset(map(given, people)).__contains__)
        )
        asked = await self._models.embed(wanted.text) if vector is None else vector

        async def act(
            found: Connection,
        ) -> tuple[list[Hit], dict[int, Record], dict[int, reading.End]]:
            await self._check_model(found)
            lists = await search.search(found, question, wanted, asked)
            hits = await self._models.do(lambda: search.ranked(lists, wanted, relevant))
            best = [hit for hit in hits if not only_relevant or relevant(hit)][: question.k]
            keys = [hit.key for hit in best]
            ends = await reading.ends(found, keys) if question.as_of is not None else {}
            return best, await reading.records(found, keys), ends

        return await self._db.read(act)

    async def _strengthen(self, hits: list[Hit], records: dict[int, Record], now: int) -> None:
        """Count recalls, in what is returned as well; an answer does not wait for the disk for it."""
        keys = [hit.key for hit in hits]
        for key in keys:
            records[key].access_count += 1
            records[key].last_access = max(records[key].last_access, now)
        if keys:
            try:
                await self._db.write(partial(changes.recalled, keys=keys, now=now), wait=False)
            except HikariError:
                _log.exception("recalls could not be counted")

    async def _relieve(self) -> None:
        self._stored += 1
        if self._stored % RELIEVE_AFTER == 0:
            try:
                await upkeep.relieve(self._db, self._models, self.settings.memory, self._now())
            except HikariError:
                _log.exception("the working buffer could not be relieved; it will be tried again")

    async def _reembed(self, found: Connection) -> None:
        """Make every vector anew with our model, in one transaction: others see all of it or nothing."""
        key = lock_key(self._db.schema, "model")
        await found.execute("SELECT pg_advisory_xact_lock(%s)", (key,))
        cursor = await found.execute("SELECT value FROM meta WHERE name = 'model'")
        chosen = self._models.embedder
        if (await cursor.fetchone())[0] == chosen.model_id:
            return
        last = 0
        while rows := await reading.contents_after(found, last, EMBED_BATCH):
            last = rows[-1][0]
            texts = [given(content) for _, content in rows]
            made = await self._models.do(partial(self._models.embed_all, texts))
            values = [(vector_text(vector), row[0]) for vector, row in zip(made, rows, strict=True)]
            await found.cursor().executemany("UPDATE vectors SET embedding = %s WHERE key = %s", values)
        settings = [(chosen.model_id, "model"), (str(chosen.dim), "dim")]
        await found.cursor().executemany("UPDATE meta SET value = %s WHERE name = %s", settings)


def _bounded(k: int) -> int:
    """``k`` as a LIMIT can take it."""
    return min(k, 2**62)
