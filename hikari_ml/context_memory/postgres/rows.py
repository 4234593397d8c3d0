"""Records as rows, and rows as records; pure.

PostgreSQL's text has no NUL. It is written as U+FFFF and "0", and U+FFFF itself, which is no character, as
U+FFFF and "1", so that every text comes back as it went in.
"""

from __future__ import annotations

import json
import struct
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any, Final

import numpy as np

from hikari_ml.chat import user_key
from hikari_ml.context_memory.graph import Link, edge_digest
from hikari_ml.context_memory.record import Record
from hikari_ml.context_memory.tiers import Slot
from hikari_ml.context_memory.validity import filling, says_only, slots_of
from hikari_ml.context_memory.words import terms
from hikari_ml.models.reading import Vector

MARK: Final = "\uffff"
LONGEST_TERM: Final = 64
"""Characters from which a word is kept as a digest: an index has no room for it."""

COLUMNS: Final = (
    "m.key, m.id, m.content, m.type, m.metadata::text, m.importance, m.tier, m.created_at, m.last_access, "
    "m.access_count, m.count, coalesce(m.episode, 0), m.arousal, m.said"
)
"""What :func:`record_of` reads."""

SLOT_COLUMNS: Final = (
    "m.key, m.user_key, m.type, m.tier, m.importance, m.created_at, m.last_access, m.access_count, "
    "coalesce(m.episode, 0), NULL, m.asks, m.arousal"
)
"""What :func:`slot_of` reads."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """A memory with all that is made of it before it is written."""

    record: Record
    vector: Vector
    words: Counter[str]
    links: list[Link]
    slots: tuple[bytes, ...] = ()
    """What of its speaker it fills, of which there is one at a time."""
    only: bool = False
    """Whether it says nothing else of its speaker."""


def stored(text: str) -> str:
    """``text`` as PostgreSQL can hold it."""
    if MARK in text:
        text = text.replace(MARK, f"{MARK}1")
    return text.replace("\0", f"{MARK}0") if "\0" in text else text


def given(text: str) -> str:
    """What :func:`stored` was given."""
    return text.replace(f"{MARK}0", "\0").replace(f"{MARK}1", MARK) if MARK in text else text


def counted(text: str) -> Counter[str]:
    """How often each word stands in ``text``."""
    return Counter(term(word) for word in terms(text))


def term(word: str) -> str:
    """A stemmed word as it is kept."""
    if len(word) <= LONGEST_TERM:
        return stored(word)
    return f"#{blake2b(word.encode(), digest_size=16).hexdigest()}"


def node(name: str) -> bytes:
    """By what a name is found in the graph; case makes no difference."""
    return digest(name.casefold())


def digest(text: str) -> bytes:
    """A text of any length, short enough for an index."""
    return blake2b(text.encode(), digest_size=16).digest()


def slot_digest(slot: str) -> bytes:
    """A slot as the tables know it: part of its name may be the speaker's own word."""
    return digest(slot)


def filled(record: Record) -> tuple[tuple[bytes, ...], bool]:
    """The slots that a memory fills, and whether it says nothing else of its speaker."""
    found = filling(record)
    return tuple(map(slot_digest, slots_of(found))), bool(found) and says_only(record, found)


def memory_row(made: Prepared) -> dict[str, Any]:
    """The row of a memory."""
    record = made.record
    return {
        "key": record.key,
        "id": stored(record.id),
        "content": stored(record.content),
        "type": stored(record.type),
        "metadata": metadata_json(record),
        "importance": record.importance,
        "tier": record.tier,
        "created_at": record.created_at,
        "last_access": record.last_access,
        "access_count": record.access_count,
        "count": record.count,
        "arousal": record.arousal,
        "said": list(record.said),
        "user_key": None if record.user is None else stored(user_key(record.user)),
        "conversation": conversation_of(record),
        "asks": record.asks,
        "length": made.words.total(),
        "slots": list(made.slots),
        "only": made.only,
    }


def metadata_json(record: Record) -> str:
    """Metadata as the column keeps it: to the letter, and in its order."""
    return json.dumps(record.metadata, allow_nan=False)


def conversation_of(record: Record) -> bytes | None:
    """By what the lines of a conversation are found."""
    return None if record.conversation is None else digest(record.conversation)


def link_rows(made: Prepared) -> list[tuple[Any, ...]]:
    """The links of a memory, one an edge."""
    found: dict[bytes, tuple[Any, ...]] = {}
    for link in made.links:
        source, kind, target = link
        own = edge_digest(link)
        names = (stored(source), stored(kind), stored(target), node(source), node(target))
        found.setdefault(own, (made.record.key, own, *names))
    return list(found.values())


def record_of(row: Sequence[Any]) -> Record:
    """A record of the columns that :data:`COLUMNS` names."""
    key, name, content, kind, metadata, *rest = row
    return Record(key, given(name), given(content), given(kind), json.loads(metadata), *rest)


def slot_of(row: Sequence[Any]) -> Slot:
    """A slot of the columns that :data:`SLOT_COLUMNS` names; of its user it has the key."""
    return Slot(*row)


def vector_text(vector: Vector) -> str:
    """A vector as pgvector reads it."""
    return f"[{','.join(map(str, vector.tolist()))}]"


def vector_of(data: bytes) -> Vector:
    """A vector of what pgvector's ``vector_send`` gives: length and flags in 4 bytes, then the numbers."""
    (length,) = struct.unpack_from(">H", data)
    return np.frombuffer(data, ">f4", length, 4).astype(np.float32)
