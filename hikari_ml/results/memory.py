"""What the memory says of what it holds and of what it did."""

from __future__ import annotations

from typing import Any, Literal, TypedDict

Tier = Literal["short_term", "long_term", "episodic"]
ThemeScope = Literal["long_term", "all"]


class Memory(TypedDict):
    """One memory as it is recalled.

    ``importance`` is decayed to now, the more slowly the greater its ``arousal``, in [0, 1]. ``score`` ranks
    within one answer and lies in [0, 1]; ``why`` holds its terms (see
    :mod:`hikari_ml.context_memory.recall`). ``valid_to`` and ``superseded_by`` (an id) are None unless
    something that was said later took its place.
    """

    id: str
    content: str
    type: str
    metadata: dict[str, Any]
    importance: float
    arousal: float
    tier: Tier
    created_at: str
    last_access: str
    access_count: int
    count: int
    valid_from: str
    valid_to: str | None
    superseded_by: str | None
    score: float
    why: dict[str, float | int | str | None]
    degraded: list[str]


class Summary(TypedDict):
    """``method`` names how the text was made: t5, extractive, or none when nothing is remembered."""

    text: str
    method: str
    memories: list[str]
    degraded: list[str]


class GraphStats(TypedDict):
    """Size of the knowledge graph."""

    nodes: int
    edges: int


class MemoryStats(TypedDict):
    """What a store holds; ``superseded`` of ``total`` hold no longer and are only found ``as_of`` then."""

    total: int
    superseded: int
    by_tier: dict[str, int]
    by_type: dict[str, int]
    users: int
    episodes: int
    graph: GraphStats
    bytes: int
    model: str
    oldest: str | None
    newest: str | None
    degraded: list[str]


class Consolidation(TypedDict):
    """What a round of consolidation did; ``examined`` counts memories it looked at."""

    examined: int
    promoted: int
    episodic: int
    forgotten: int
    episodes: int
    degraded: list[str]


class Erasure(TypedDict):
    """Proof of what was erased of a user, and where."""

    user: str
    memories: int
    vectors: int
    edges: int
    episodes: int
    compacted: bool
    bytes_before: int
    bytes_after: int
    degraded: list[str]


class Compaction(TypedDict):
    """What rewriting the file saved."""

    bytes_before: int
    bytes_after: int
    degraded: list[str]


class Relation(TypedDict):
    """An edge of the knowledge graph, with a strength in (0, 1); ``evidence`` counts memories that say so."""

    source: str
    kind: str
    target: str
    strength: float
    evidence: int


class Fault(TypedDict):
    """A row that does not fit the rest of the store; ``key`` is a number, an id, or a digest in hex."""

    table: str
    key: str
    fault: str


class Verification(TypedDict):
    """How many rows were read of each table, and what is wrong with them."""

    rows: dict[str, int]
    faults: list[Fault]
    degraded: list[str]


class Theme(TypedDict):
    """What several memories are about, named by its most telling ``words``, most telling first.

    ``memories`` are their ids, the most central first, and ``central`` is its text; ``users`` are whose they
    are, who has most first. ``scope`` says whether only long-term memories were looked at, or all because
    too few are long-term; ``among`` says how many: the most important of the scope, 5,000 at most.
    """

    name: str
    words: list[str]
    central: str
    size: int
    users: list[str]
    start: str
    end: str
    memories: list[str]
    scope: ThemeScope
    among: int
    degraded: list[str]


class Episode(TypedDict):
    """A stretch of the stream with what it was about.

    ``memories`` are ids, in the order of time; ``users`` are whose they are, who has most first.
    """

    start: str
    end: str
    size: int
    users: list[str]
    summary: str
    method: str
    memories: list[str]
