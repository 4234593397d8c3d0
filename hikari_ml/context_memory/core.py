"""The blocking heart of memory: every job runs here, in one thread, in the order it came.

Writes that wait together share one transaction (group commit); one that fails by itself takes nobody with it.
What they change reaches the caches only after the commit.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain, groupby
from typing import Any, Final, Generic, TypeVar

import numpy as np

from hikari_ml.chat import user_key
from hikari_ml.config import MemorySettings
from hikari_ml.context_memory import opening, postings
from hikari_ml.context_memory.answer import tell
from hikari_ml.context_memory.consolidation import Plan, importance_now, overflow
from hikari_ml.context_memory.graph import MAX_EVIDENCE, KnowledgeGraph, edge_digest, links
from hikari_ml.context_memory.keeper import IndexKeeper
from hikari_ml.context_memory.recall import (
    DEPTH,
    MEANT_BEFORE,
    MOST_WINDOWS,
    SAID_AROUND,
    SAID_LINES,
    Hit,
    Ranking,
    Wanted,
    about,
    fuse,
    prefer,
    relevant,
    take_apart,
    with_answers,
)
from hikari_ml.context_memory.record import Record
from hikari_ml.context_memory.rows import Edge
from hikari_ml.context_memory.store import Store, Transaction
from hikari_ml.context_memory.tiers import Slot, Tiers
from hikari_ml.context_memory.validity import Validity
from hikari_ml.context_memory.words import WordIndex, words_of
from hikari_ml.errors import HikariError, StoreError, UnknownMemoryError
from hikari_ml.models.embedder import Embedder
from hikari_ml.models.entities import EntityFinder
from hikari_ml.models.reading import Vector
from hikari_ml.results import Memory, Tier
from hikari_ml.runtime.clock import Clock

FLUSH_AFTER: Final = 32
"""Recalls that may wait for the next write; a crash loses their counts, and what moved to another tier."""

EMBED_BATCH: Final = 64

R = TypeVar("R")
Kind = tuple[str, str]
"""The type of memories, and the user key of whose they are."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Change(Generic[R]):
    """What a write gives: its result, and what to do to the caches once it is durable."""

    result: R
    apply: Callable[[], None]


@dataclass(slots=True)
class Job(Generic[R]):
    """Something to do in the memory thread.

    With ``grouped``, ``act`` shares a transaction with its neighbours: it gets the open transaction and
    returns a :class:`Change`. It may be called again in another one, so it must not change anything besides
    that. Otherwise it gets nothing and returns its result. ``texts`` are embedded together with those of all
    waiting jobs first, and handed to ``act`` as ``vectors``.
    """

    act: Callable[..., Any]
    grouped: bool = False
    texts: Sequence[str] = ()
    vectors: Vector | None = None


@dataclass(frozen=True, slots=True)
class Question:
    """What to recall; ``as_of`` is in epoch milliseconds."""

    query: str
    k: int
    types: frozenset[str] | None
    user: str | None
    as_of: int | None
    strengthen: bool


class MemoryCore:
    """Store, caches and the order of work; built, used and closed in one thread."""

    def __init__(
        self,
        store: Store,
        settings: MemorySettings,
        embedder: Embedder,
        entities: EntityFinder,
        clock: Clock,
    ) -> None:
        self.store = store
        self.settings = settings
        self.embedder = embedder
        self.clock = clock
        self.tiers = Tiers()
        self.keeper = IndexKeeper(store, embedder)
        self.index = self.keeper.index
        self.words = WordIndex()
        self.validity = Validity()
        self.graph = KnowledgeGraph(self.validity.holds)
        self._entities = entities
        self._of_others: list[str] = []
        self._unembedded: list[int] = []
        self._touched: set[int] = set()
        self._unwritten = 0
        self.pending: dict[Kind, dict[int, tuple[Record, Vector]]] = defaultdict(dict)
        """What the open transaction has stored, and no cache has yet."""
        self._load()

    # -- the lane's work ----------------------------------------------------------------------------

    def work(self, jobs: Sequence[Job[Any]]) -> list[Any]:
        """Do ``jobs`` in order; an outcome that is an exception belongs to its own job alone."""
        self._embed(jobs)
        outcomes: list[Any] = []
        for grouped, run in groupby(jobs, key=lambda job: job.grouped):
            together = list(run)
            outcomes += self._write(together) if grouped else map(_attempt, together)
        if self._unwritten >= FLUSH_AFTER:
            try:
                self.flush_touched()
            except HikariError:  # nobody waits for it
                _log.exception("recalls could not be written; it will be tried again")
        self.keeper.tend()
        return outcomes

    def close(self) -> None:
        """Write what recall strengthened, and close the store, even if that could not be written."""
        try:
            self.flush_touched()
        finally:
            self.keeper.close()
            self.store.close()

    def now(self) -> int:
        """Epoch milliseconds by the injected clock."""
        return round(self.clock.now().timestamp() * 1000)

    # -- writing ------------------------------------------------------------------------------------

    def save(self, txn: Transaction, record: Record, vector: Vector, model_id: str) -> Callable[[], None]:
        """Write a new memory with everything that finds it; returns the change to the caches."""
        txn.put(record)
        txn.put_vector(record.key, vector, model_id)
        words = postings.put(txn, record)
        edges = self._link(txn, record)

        def apply() -> None:
            self.tiers.put(Slot.of(record))
            self.index.add([record.key], as_stored(vector)[None, :])
            self._add_words(record.key, words)
            self._put_edges(edges)
            self.graph.refresh(self.validity.put(record))

        return apply

    def delete(self, txn: Transaction, records: Sequence[Record]) -> Callable[[], None]:
        """Remove memories and their share in the graph; returns the change to the caches."""
        keys = [record.key for record in records]
        for record in records:
            txn.delete(record)
        edges = self.graph.without(keys)
        for digest, edge in edges.items():
            txn.put_edge(digest, edge)

        def apply() -> None:
            for key in keys:
                self.tiers.remove(key)
            self.index.remove(keys)
            self.words.remove(keys)
            self._touched.difference_update(keys)
            self._put_edges(edges)
            self.graph.refresh(self.validity.remove(keys))

        return apply

    def move(self, decided: Plan) -> None:
        """Give memories the tier that was decided for them, written with the next memory or by a flush."""
        moves: dict[Tier, list[int]] = {"long_term": decided.promote, "episodic": decided.episodic}
        for tier, keys in moves.items():
            for key in keys:
                self.tiers.put(replace(self.tiers[key], tier=tier))
            self._touched.update(keys)

    def flush_touched(self) -> None:
        """Write the recalls and moves that were noted in memory since the last write."""
        if self._touched:
            self.store.write(self._put_touched)
            self._touched_written()

    # -- reading ------------------------------------------------------------------------------------

    def retrieve(self, question: Question, vector: Vector | None) -> list[Memory]:
        """The best memories for ``question``; exactly ``min(k, n)`` of the n in its scope.

        ``vector`` None means that the question has still to be embedded.
        """
        self.complete()
        scope = self._scope(question)
        hits = self.search(question, vector, scope)[: question.k]
        now = question.as_of if question.as_of is not None else self.now()
        if question.strengthen and question.as_of is None and not self.store.read_only:
            self._strengthen(hits, now)
        return self.store.read(lambda txn: [tell(self, txn, hit, now) for hit in hits])

    def most_important(self, k: int, user: str | None) -> list[Memory]:
        """The ``k`` memories of the highest decayed importance, ties by age."""
        now = self.now()
        keys = self.tiers.of_user(user) if user is not None else [slot.key for slot in self.tiers]
        hidden = self.validity.superseded()
        worth = {
            key: importance_now(self.tiers[key], now, self.settings.decay_rate)
            for key in keys
            if key not in hidden
        }
        best = sorted(worth, key=lambda key: (-worth[key], key))[:k]
        hits = [Hit(key, worth[key], {}, {}) for key in best]
        return self.store.read(lambda txn: [tell(self, txn, hit, now) for hit in hits])

    def search(self, question: Question, vector: Vector | None, scope: list[int] | None) -> list[Hit]:
        """Every candidate for ``question`` within ``scope``, fused with its conversation, best first.

        A ``scope`` of None is all that still holds.
        """
        wanted = take_apart(question.query, self.tiers.known(scope))
        if vector is None:
            vector = self.embedder.embed([wanted.text])[0]
        lists = self._lists(wanted, vector, max(DEPTH, question.k), scope)
        inside = self._inside(scope)

        def answer(key: int) -> int | None:
            after = self.tiers.around(key, 0, 1)[1:] if self.tiers[key].asks else []
            return after[0] if after and inside(after[0]) else None

        def named(key: int) -> bool:
            user = self.tiers[key].user
            return user is not None and user_key(user) in wanted.people

        hits = with_answers(fuse(lists), answer, relevant) if lists else []
        return prefer(hits, named, alone=wanted.alone) if wanted.people else hits

    def regroup(self, record: Record) -> None:
        """Let the caches know of the place in time and conversation that ``record`` has come to have."""
        slot, talk = self.tiers[record.key], record.conversation
        self.tiers.put(replace(slot, conversation=talk, created_at=record.created_at))
        self._add_words(record.key, words_of(record.content))

    @property
    def degraded(self) -> list[str]:
        """Why it shows less than is stored, or by other vectors; only if it is opened read_only."""
        return [*self._of_others, *(f"unreadable:{table}" for table in sorted(self.store.unreadable))]

    def complete(self) -> None:
        """Make the vectors a search needs that a store opened read_only lacks: in memory, and once."""
        self._reembed(self._unembedded)
        self._unembedded = []

    def contents(self, keys: Iterable[int]) -> list[Record]:
        """The records of ``keys``, leaving out those that are gone."""
        found = self.store.read(lambda txn: [txn.get(key) for key in keys])
        return [record for record in found if record is not None]

    def record_of(self, txn: Transaction, memory_id: str) -> Record:
        """The record with a public id.

        Raises:
            UnknownMemoryError: there is none.
        """
        key = txn.key_of(memory_id)
        record = txn.get(key) if key is not None else None
        if record is None:
            raise UnknownMemoryError(memory_id)
        return record

    # -- inner parts --------------------------------------------------------------------------------

    def _write(self, jobs: list[Job[Any]]) -> list[Any]:
        try:
            self._entities.load()  # the first time it takes a second, for which nobody should be kept out
            outcomes = self._together(jobs)
        except HikariError as error:
            return [error] * len(jobs)
        finally:
            self.pending.clear()
        self._touched_written()
        results = []
        for outcome in outcomes:
            if isinstance(outcome, Change):
                outcome.apply()
            results.append(outcome.result if isinstance(outcome, Change) else outcome)
        self.move(overflow(self.tiers.in_tier("short_term"), self.now(), self.settings))
        return results

    def _together(self, jobs: list[Job[Any]]) -> list[Any]:
        """What ``jobs`` give in one transaction, each as a step of its own if one fails: steps take time."""

        def group(call: Callable[[Job[Any], Transaction], Any], txn: Transaction) -> list[Any]:
            self._put_touched(txn)
            self.pending.clear()  # of a try before the map had to grow, or before one failed
            return [call(job, txn) for job in jobs]

        try:
            return self.store.write(partial(group, _call_or_fail))
        except StoreError:
            raise
        except Exception as error:
            _log.debug("a write failed, so each gets a step of its own", exc_info=error)
        return self.store.write(partial(group, lambda job, txn: txn.step(partial(_call, job))))

    def _lists(
        self, wanted: Wanted, vector: Vector, depth: int, scope: list[int] | None
    ) -> dict[str, Ranking]:
        """What each search finds, by its name in the hits, without those that find nothing."""
        hidden = self.validity.superseded() if scope is None else ()
        meant = self.index.search(vector, depth + len(hidden), scope)
        meant = [(key, score) for key, score in meant if key not in hidden][:depth]
        inside = self.words.scope(scope, hidden)
        asked = self.words.asked(wanted.text, wanted.names)
        said: Ranking = self.words.search(asked, max(depth, SAID_LINES), inside)
        if wanted.alone:
            said = about(self._said_by(wanted.people, self._inside(scope)), said)
        found: dict[str, Ranking] = {"meaning": meant, "words": said[:depth]}
        if self.tiers.conversing:  # a line by itself is its own window
            lines = [key for key, _ in meant[:MOST_WINDOWS]]
            windows = self.words.windows(lines, MEANT_BEFORE, 0, inside)
            found["meaning_window"] = self.index.search_windows(vector, MOST_WINDOWS, *windows)
            lines = [key for key, _ in said[:SAID_LINES]]
            found["words_window"] = self.words.search_windows(asked, depth, lines, SAID_AROUND, inside)
        return {name: ranking for name, ranking in found.items() if ranking}

    def _said_by(self, people: Iterable[str], inside: Callable[[int], bool]) -> list[int]:
        """What people said themselves, the most important first, and the latest of what is as important."""
        keys = filter(inside, chain.from_iterable(map(self.tiers.of_user, people)))
        slots = [self.tiers[key] for key in keys]
        slots.sort(key=lambda slot: (-slot.importance, -slot.created_at, slot.key))
        return [slot.key for slot in slots]

    def _scope(self, question: Question) -> list[int] | None:
        """Keys that ``question`` may find, of what holds or held then; None means all that holds."""
        scope = self.tiers.scope(question.user, question.types, question.as_of)
        hidden = self.validity.superseded(question.as_of)
        return [key for key in scope if key not in hidden] if scope is not None and hidden else scope

    def _inside(self, scope: list[int] | None) -> Callable[[int], bool]:
        if scope is not None:
            return frozenset(scope).__contains__
        hidden = self.validity.superseded()
        return lambda key: key not in hidden

    def _add_words(self, key: int, words: bytes) -> None:
        """Index the words of a memory, between its neighbours."""
        around = self.tiers.around(key, 1, 1)
        at = around.index(key)
        before = around[at - 1] if at else None
        after = around[at + 1] if at + 1 < len(around) else None
        self.words.add(key, words, before, after)

    def _put_touched(self, txn: Transaction) -> None:
        for key in sorted(self._touched):
            try:
                record, slot = txn.get(key), self.tiers[key]
            except StoreError:  # a row that cannot be read must not keep others from being written
                _log.exception("what was recalled or moved cannot be written")
                continue
            assert record is not None, "the caches follow the store"
            recalled = record.access_count != slot.access_count
            record.tier, record.last_access = slot.tier, slot.last_access
            record.access_count = slot.access_count
            if recalled:  # if its digest named a memory that is gone, repetitions find this one from now on
                txn.put(record)
            else:
                txn.put_again(record)

    def _touched_written(self) -> None:
        self._touched.clear()
        self._unwritten = 0

    def _embed(self, jobs: Sequence[Job[Any]]) -> None:
        """Embed what is waiting, together; if that fails, one by one, so that only the guilty fail."""
        waiting = [job for job in jobs if job.texts and job.vectors is None]
        if not waiting:
            return
        try:
            vectors = self.embedder.embed([text for job in waiting for text in job.texts])
        except Exception as error:
            if len(waiting) == 1:
                waiting[0].act = partial(_raise, error)
                waiting[0].texts = ()
                return
            for job in waiting:
                self._embed([job])
            return
        at = 0
        for job in waiting:
            job.vectors = vectors[at : at + len(job.texts)]
            at += len(job.texts)

    def _link(self, txn: Transaction, record: Record) -> dict[bytes, Edge]:
        entities = self._entities.find(record.content)
        changed: dict[bytes, Edge] = {}
        for link in links(record, entities):
            digest = edge_digest(link)
            known = changed.get(digest) or txn.get_edge(digest)
            source, kind, target = (known.source, known.kind, known.target) if known else link
            evidence = {*(known.evidence if known else ()), record.key}
            edge = Edge(source, kind, target, tuple(sorted(evidence)[-MAX_EVIDENCE:]))
            txn.put_edge(digest, edge)
            changed[digest] = edge
        return changed

    def _put_edges(self, edges: dict[bytes, Edge]) -> None:
        for digest, edge in edges.items():
            self.graph.put(digest, edge)

    def _strengthen(self, hits: Iterable[Hit], now: int) -> None:
        for hit in hits:
            if relevant(hit):
                slot = self.tiers[hit.key]
                slot.access_count += 1
                slot.last_access = max(slot.last_access, now)
                self._touched.add(hit.key)
                self._unwritten += 1

    def _load(self) -> None:
        """Build every cache from the store; vectors of another model are made anew."""
        others = opening.fill(self)
        self._unembedded = [slot.key for slot in self.tiers if slot.key not in self.index]
        if not self.store.read_only:
            self.complete()
        elif self._unembedded:
            self._of_others = [f"vectors:{model_id}" for model_id in sorted(others)] or ["vectors:missing"]

    def _reembed(self, keys: list[int]) -> None:
        if keys:
            _log.info("re-embedding %d memories with %s", len(keys), self.embedder.model_id)
        for at in range(0, len(keys), EMBED_BATCH):
            records = self.contents(keys[at : at + EMBED_BATCH])
            vectors = self.embedder.embed([record.content for record in records])
            if not self.store.read_only:
                self.store.write(partial(self._put_vectors, records, vectors))
            self.index.add([record.key for record in records], as_stored(vectors))

    def _put_vectors(self, records: list[Record], vectors: Vector, txn: Transaction) -> None:
        for record, vector in zip(records, vectors, strict=True):
            txn.put_vector(record.key, vector, self.embedder.model_id)


def as_stored(vectors: Vector) -> Vector:
    """As a reopened index would hold them: what is found must not depend on when the store was opened."""
    return vectors.astype(np.float16).astype(np.float32)


def _raise(error: Exception, *_: Any) -> Any:
    raise error


def _call(job: Job[Any], txn: Transaction) -> Any:
    return job.act(txn) if job.vectors is None else job.act(txn, job.vectors)


def _call_or_fail(job: Job[Any], txn: Transaction) -> Any:
    """:func:`_call`, of whose errors the store takes none for one of its own."""
    try:
        return _call(job, txn)
    except OSError as error:
        raise _JobError from error


class _JobError(Exception):
    """A job raised what the file system raises too: a model that is missing, a server that is silent."""


def _attempt(job: Job[Any]) -> Any:
    try:
        return job.act() if job.vectors is None else job.act(job.vectors)
    except Exception as error:
        return error
