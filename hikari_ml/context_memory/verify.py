"""Whether the rows of a store fit each other; pure over one transaction.

Every row is read. A row that cannot be read is a fault, and so is one that points at what does not exist.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, TypeVar

import numpy as np

from hikari_ml.context_memory import oplog, postings, requests
from hikari_ml.context_memory.erasure import is_due
from hikari_ml.context_memory.graph import edge_digest
from hikari_ml.context_memory.rows import (
    DAMAGED,
    Edge,
    Episode,
    unpack_edge,
    unpack_episode,
    unpack_record,
    unpack_vector,
)
from hikari_ml.context_memory.store import TABLES, Transaction
from hikari_ml.results import Fault, Verification

SHOWN: Final = 5
"""Keys named in the fault of one row."""

KEY_BYTES: Final = 8

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _Outline:
    """What the other tables must agree with of a record."""

    id: str
    same: bytes
    episode: int


@dataclass(slots=True)
class _Book:
    """What has been read so far."""

    outlines: dict[int, _Outline] = field(default_factory=dict)
    episodes: dict[int, Episode] = field(default_factory=dict)
    ids: dict[bytes, int] = field(default_factory=dict)
    embedded: set[int] = field(default_factory=set)
    unreadable: set[int] = field(default_factory=set)
    """Keys of records that are there and cannot be read: what points at them is not at fault."""

    def missing(self, keys: tuple[int, ...]) -> list[int]:
        """Those of ``keys`` at which there is no record."""
        return [key for key in keys if key not in self.outlines and key not in self.unreadable]


def verify(txn: Transaction, dims: Mapping[str, int] | None = None) -> Verification:
    """Read every row of every table and list the faults, by table and key.

    ``dims`` gives the length of a model's vectors; for other models it is the one most of them have.
    """
    book = _Book()
    faults = [
        *_check_records(txn, book),
        *_check_vectors(txn, book, dims or {}),
        *_check_ids(txn, book),
        *_check_same(txn, book),
        *_check_edges(txn, book),
        *_check_episodes(txn, book),
        *_check_links(book),
        *_check_meta(txn, book),
        *_check_log(txn),
        *_check_words(txn, book),
        *_check_requests(txn),
    ]
    faults.sort(key=lambda fault: TABLES.index(fault["table"]))
    rows = {table: sum(1 for _ in txn.rows(table)) for table in TABLES}
    return {"rows": rows, "faults": faults, "degraded": []}


def _check_records(txn: Transaction, book: _Book) -> Iterator[Fault]:
    for raw, data in txn.rows("records"):
        key = int.from_bytes(raw, "big")
        outline = _decoded(raw, data, _outline)
        if outline is None or len(raw) != KEY_BYTES:
            book.unreadable.add(key)
            yield _fault("records", key, "cannot be read")
        else:
            book.outlines[key] = outline


def _outline(raw: bytes, data: bytes) -> _Outline:
    record = unpack_record(raw, data)
    return _Outline(record.id, record.same_key(), record.episode)


def _check_vectors(txn: Transaction, book: _Book, dims: Mapping[str, int]) -> Iterator[Fault]:
    models, lengths = txn.models(), _lengths(txn, dims)
    for raw, data in txn.rows("vectors"):
        key = int.from_bytes(raw, "big")
        book.embedded.add(key)
        if book.missing((key,)):
            yield _fault("vectors", key, "belongs to no record")
        found = _decoded(raw, data, unpack_vector)
        if found is None:
            yield _fault("vectors", key, "cannot be read")
            continue
        number, vector = found
        if number not in models:
            yield _fault("vectors", key, f"was made by model {number}, which meta does not name")
        elif len(vector) != lengths[number]:
            yield _fault("vectors", key, f"has {len(vector)} numbers and not {lengths[number]}")
        elif not np.isfinite(vector).all():
            yield _fault("vectors", key, "holds numbers that are not finite")


def _lengths(txn: Transaction, dims: Mapping[str, int]) -> dict[int, int]:
    """How long the vectors of each model are: as given, or as most of them; of equally many, the longest."""
    seen: dict[int, Counter[int]] = {}
    for raw, data in txn.rows("vectors"):
        found = _decoded(raw, data, unpack_vector)
        if found is not None:
            seen.setdefault(found[0], Counter())[len(found[1])] += 1
    usual = {
        number: max(counts, key=lambda length: (counts[length], length)) for number, counts in seen.items()
    }
    return usual | {number: dims[name] for number, name in txn.models().items() if name in dims}


def _check_ids(txn: Transaction, book: _Book) -> Iterator[Fault]:
    for name, raw in txn.rows("ids"):
        key = int.from_bytes(raw, "big")
        book.ids[name] = key
        if book.missing((key,)):
            yield _fault("ids", _text(name), f"points at record {key}, which does not exist")
        elif key in book.outlines and book.outlines[key].id.encode() != name:
            yield _fault("ids", _text(name), f"points at record {key}, which has another id")


def _check_same(txn: Transaction, book: _Book) -> Iterator[Fault]:
    for digest, raw in txn.rows("same"):
        key = int.from_bytes(raw, "big")
        if book.missing((key,)):
            yield _fault("same", digest.hex(), f"points at record {key}, which does not exist")
        elif key in book.outlines and book.outlines[key].same != digest:
            yield _fault("same", digest.hex(), f"points at record {key}, which says something else")


def _check_edges(txn: Transaction, book: _Book) -> Iterator[Fault]:
    for digest, data in txn.rows("edges"):
        found = _decoded(digest, data, _edge)
        if found is None:
            yield _fault("edges", digest.hex(), "cannot be read")
            continue
        edge, own = found
        name = f"{edge.source} {edge.kind} {edge.target}"
        if digest != own:
            yield _fault("edges", digest.hex(), f"({name}) does not stand under its own digest")
        if not edge.evidence:
            yield _fault("edges", digest.hex(), f"({name}) has no evidence")
        if gone := book.missing(edge.evidence):
            yield _fault("edges", digest.hex(), f"({name}) rests on {_named(gone)}")


def _edge(digest: bytes, data: bytes) -> tuple[Edge, bytes]:
    """An edge, and the digest it should stand under."""
    edge = unpack_edge(digest, data)
    return edge, edge_digest((edge.source, edge.kind, edge.target))


def _check_episodes(txn: Transaction, book: _Book) -> Iterator[Fault]:
    for raw, data in txn.rows("episodes"):
        number = int.from_bytes(raw, "big")
        episode = _decoded(raw, data, unpack_episode)
        if episode is None:
            yield _fault("episodes", number, "cannot be read")
            continue
        book.episodes[number] = episode
        if gone := book.missing(episode.members):
            yield _fault("episodes", number, f"has among its members {_named(gone)}")
        for key in episode.members:
            if key in book.outlines and book.outlines[key].episode != number:
                yield _fault("episodes", number, f"has record {key} as a member, which does not know of it")


def _check_links(book: _Book) -> Iterator[Fault]:
    """What a record needs of the other tables."""
    for key, outline in book.outlines.items():
        if key not in book.embedded:
            yield _fault("records", key, "has no vector")
        if book.ids.get(outline.id.encode()) != key:
            yield _fault("records", key, f"is not found by its id {outline.id}")
        episode = book.episodes.get(outline.episode)
        if outline.episode and (episode is None or key not in episode.members):
            yield _fault("records", key, f"belongs to episode {outline.episode}, which does not know of it")


def _check_meta(txn: Transaction, book: _Book) -> Iterator[Fault]:
    values = dict(txn.rows("meta"))
    if b"format" not in values:
        yield _fault("meta", "format", "is not there")
    if is_due(txn):
        yield _fault(
            "meta", "rewrite", "is due: an erasure was cut off, opening it for writing finishes that"
        )
    for name, used in (("next_key", book.outlines), ("next_episode", book.episodes)):
        following = int.from_bytes(values.get(name.encode(), b"\1"), "big")
        if used and max(used) >= following:
            yield _fault("meta", name, f"is {following}, and {max(used)} is taken already")


def _check_log(txn: Transaction) -> Iterator[Fault]:
    begun, now = oplog.log_from(txn), oplog.seq_of(txn)
    if begun is not None and begun > now:
        yield _fault("meta", "log_from", f"is {begun}, and there were {now} writes")
    for row, what in txn.rows(oplog.TABLE):
        if len(row) != oplog.ROW_BYTES or what not in (oplog.PUT, oplog.GONE):
            yield _fault("log", row.hex(), "cannot be read")
        elif begun is None or not begun < int.from_bytes(row[:KEY_BYTES], "big") <= now:
            yield _fault("log", row.hex(), f"is of no write after {begun} and up to {now}")


def _check_words(txn: Transaction, book: _Book) -> Iterator[Fault]:
    seen = set()
    for raw, words in txn.rows(postings.TABLE):
        key = int.from_bytes(raw, "big")
        seen.add(key)
        if book.missing((key,)):
            yield _fault("words", key, "belongs to no record")
        if not postings.is_whole(words):
            yield _fault("words", key, "cannot be read")
    if postings.are_current(txn):
        for key in sorted(book.outlines.keys() - seen):
            yield _fault("records", key, "has no words")


def _check_requests(txn: Transaction) -> Iterator[Fault]:
    for digest, row in txn.rows(requests.TABLE):
        if not requests.is_whole(digest, row):
            yield _fault("requests", digest.hex(), "cannot be read")


def _decoded(key: bytes, data: bytes, decode: Callable[[bytes, bytes], T]) -> T | None:
    try:
        return decode(key, data)
    except DAMAGED:
        return None


def _named(keys: list[int]) -> str:
    more = f" and {len(keys) - SHOWN} more" if len(keys) > SHOWN else ""
    what = "record" if len(keys) == 1 else "records"
    verb = "does" if len(keys) == 1 else "do"
    return f"{what} {', '.join(map(str, keys[:SHOWN]))}{more}, which {verb} not exist"


def _text(name: bytes) -> str:
    return name.decode("utf-8", "backslashreplace")


def _fault(table: str, key: int | str, fault: str) -> Fault:
    return {"table": table, "key": str(key), "fault": fault}
