"""The tables of a memory in PostgreSQL, all in one schema (format 3).

=========  ==========================================================================
meta       format, the model that made the vectors, how long they are, and how contents are read
memories   the memory; ``user_key`` and ``conversation`` are what it is found by, ``slots`` what it
           fills, ``slots_only`` whether it says nothing else, ``superseded`` whether all of that is over
vectors    its embedding, apart, so that a search by meaning reads nothing else
words      how often each stemmed word stands in it
same       digest of what makes two memories one
links      what it says belongs together; an edge of the graph is all links of a digest that hold
spans      when it held what it says of a slot, of which a person has one at a time
episodes   a stretch of the stream; its members name it
requests   which request has stored which memory, so that one that is repeated stores nothing
=========  ==========================================================================

Whatever belongs to a memory goes with it (ON DELETE CASCADE). Columns that hold what people said have no
planner statistics: ANALYZE would copy some of it to where no erasure reaches.
"""

from __future__ import annotations

from typing import Final

FORMAT: Final = 3

TABLES: Final = ("meta", "memories", "vectors", "words", "same", "links", "spans", "episodes", "requests")

_HOLDING: Final = (
    "CREATE INDEX memories_of_user ON memories (user_key, type, key)",
    "CREATE INDEX memories_filling ON memories (user_key) WHERE slots <> '{}'",
    "CREATE INDEX memories_superseded ON memories (key) WHERE superseded",
    """
    CREATE TABLE spans (
        key bigint REFERENCES memories ON DELETE CASCADE,
        slot bytea,
        started bigint,
        ended bigint,
        by bigint,
        PRIMARY KEY (key, slot, started)
    )
    """,
)

_REQUESTS: Final = "CREATE TABLE requests (digest bytea PRIMARY KEY, at bigint NOT NULL, id text NOT NULL)"

CREATE: Final = (
    """
    CREATE TABLE meta (name text PRIMARY KEY, value text NOT NULL)
    """,
    "CREATE SEQUENCE memory_keys",
    "CREATE SEQUENCE episode_numbers",
    """
    CREATE TABLE episodes (
        number bigint PRIMARY KEY,
        started bigint NOT NULL,
        ended bigint NOT NULL,
        summary text NOT NULL,
        method text NOT NULL
    )
    """,
    """
    CREATE TABLE memories (
        key bigint PRIMARY KEY,
        id text COLLATE "C" NOT NULL UNIQUE,
        content text NOT NULL,
        type text COLLATE "C" NOT NULL,
        metadata json NOT NULL,
        importance double precision NOT NULL,
        tier text NOT NULL,
        created_at bigint NOT NULL,
        last_access bigint NOT NULL,
        access_count bigint NOT NULL,
        count bigint NOT NULL,
        episode bigint REFERENCES episodes,
        arousal double precision NOT NULL DEFAULT 0,
        said bigint[] NOT NULL DEFAULT '{}',
        user_key text COLLATE "C",
        conversation bytea,
        asks boolean NOT NULL,
        length integer NOT NULL,
        slots bytea[] NOT NULL DEFAULT '{}',
        slots_only boolean NOT NULL DEFAULT false,
        superseded boolean NOT NULL DEFAULT false
    ) WITH (fillfactor = 80)
    """,
    *_HOLDING,
    "CREATE INDEX memories_of_type ON memories (type)",
    """
    CREATE INDEX memories_of_conversation ON memories (conversation, created_at, key)
    WHERE conversation IS NOT NULL
    """,
    "CREATE INDEX memories_of_episode ON memories (episode) WHERE episode IS NOT NULL",
    "CREATE INDEX memories_at_work ON memories (created_at, key) WHERE tier = 'short_term'",
    """
    CREATE TABLE vectors (
        key bigint PRIMARY KEY REFERENCES memories ON DELETE CASCADE,
        embedding vector NOT NULL
    )
    """,
    """
    CREATE TABLE words (
        key bigint REFERENCES memories ON DELETE CASCADE,
        term text COLLATE "C",
        times integer NOT NULL,
        length integer NOT NULL,
        PRIMARY KEY (key, term)
    )
    """,
    "CREATE INDEX words_of_term ON words (term) INCLUDE (key, times, length)",
    """
    CREATE TABLE same (
        digest bytea PRIMARY KEY,
        key bigint NOT NULL UNIQUE REFERENCES memories ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED
    )
    """,
    """
    CREATE TABLE links (
        key bigint REFERENCES memories ON DELETE CASCADE,
        digest bytea,
        source text NOT NULL,
        kind text NOT NULL,
        target text NOT NULL,
        source_node bytea NOT NULL,
        target_node bytea NOT NULL,
        holds boolean NOT NULL DEFAULT true,
        PRIMARY KEY (key, digest)
    )
    """,
    "CREATE INDEX links_of_edge ON links (digest)",
    "CREATE INDEX links_from ON links (source_node)",
    "CREATE INDEX links_to ON links (target_node)",
    """
    ALTER TABLE memories
        ALTER COLUMN id SET STATISTICS 0,
        ALTER COLUMN content SET STATISTICS 0,
        ALTER COLUMN metadata SET STATISTICS 0,
        ALTER COLUMN user_key SET STATISTICS 0
    """,
    "ALTER TABLE vectors ALTER COLUMN embedding SET STATISTICS 0",
    "ALTER TABLE words ALTER COLUMN term SET STATISTICS 0",
    """
    ALTER TABLE links
        ALTER COLUMN source SET STATISTICS 0,
        ALTER COLUMN target SET STATISTICS 0
    """,
    "ALTER TABLE episodes ALTER COLUMN summary SET STATISTICS 0",
    _REQUESTS,
)
"""What makes an empty schema a memory; the schema comes first in the search path."""

_SECOND: Final = (
    """
    ALTER TABLE memories
        ADD COLUMN arousal double precision NOT NULL DEFAULT 0,
        ADD COLUMN said bigint[] NOT NULL DEFAULT '{}',
        ADD COLUMN slots bytea[] NOT NULL DEFAULT '{}',
        ADD COLUMN slots_only boolean NOT NULL DEFAULT false,
        ADD COLUMN superseded boolean NOT NULL DEFAULT false
    """,
    "ALTER TABLE links ADD COLUMN holds boolean NOT NULL DEFAULT true",
    "DROP INDEX memories_of_user",
    *_HOLDING,
)
"""What gives tables of format 1 the columns of format 2; what they hold is told after."""

UPGRADES: Final = {2: _SECOND, 3: (_REQUESTS,)}
"""What brings the tables of the format before to this one."""
