"""The rankings of a search, made in the database: by meaning and by word, of lines and of windows.

They are the lists of :class:`~hikari_ml.context_memory.core.MemoryCore`, exact in every scope: the scope is
in the WHERE of each statement, and there is no approximate index (``docs/how-to/postgres.md`` has what one
costs).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from hikari_ml.chat import user_key
from hikari_ml.context_memory.core import Question
from hikari_ml.context_memory.postgres.connection import Connection
from hikari_ml.context_memory.postgres.rows import stored, term, vector_text
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
    take_apart,
    with_answers,
)
from hikari_ml.context_memory.words import K1, B, asked_terms, terms
from hikari_ml.models.reading import Vector

_INSIDE: Final = """
    (%(user)s::text IS NULL OR m.user_key = %(user)s::text)
    AND (%(types)s::text[] IS NULL OR m.type = ANY(%(types)s::text[]))
    AND CASE WHEN %(as_of)s::bigint IS NULL THEN NOT m.superseded
        ELSE m.created_at <= %(as_of)s::bigint AND (
            NOT m.slots_only OR NOT EXISTS (SELECT FROM spans s WHERE s.key = m.key) OR EXISTS (
                SELECT FROM spans s WHERE s.key = m.key AND s.started <= %(as_of)s::bigint
                AND (s.ended IS NULL OR %(as_of)s::bigint < s.ended)
            )
        ) END
"""
"""Whether ``m`` is in the scope. Every statement is planned with its values, and what is NULL falls out."""

_BEFORE: Final = """
    SELECT n.key FROM memories n
    WHERE n.conversation = m.conversation AND (n.created_at, n.key) < (m.created_at, m.key)
    ORDER BY n.created_at DESC, n.key DESC LIMIT %(before)s
"""
_AFTER: Final = """
    SELECT n.key FROM memories n
    WHERE n.conversation = m.conversation AND (n.created_at, n.key) > (m.created_at, m.key)
    ORDER BY n.created_at, n.key LIMIT %(after)s
"""

_WINDOWS: Final = f"""
    near AS MATERIALIZED (
        SELECT DISTINCT n.key FROM memories m CROSS JOIN LATERAL (
            SELECT m.key UNION ALL ({_BEFORE.replace("%(before)s", "%(reached_before)s")})
            UNION ALL ({_AFTER.replace("%(after)s", "%(reached_after)s")})
        ) n WHERE m.key = ANY(%(lines)s)
    ),
    part AS MATERIALIZED (
        SELECT m.key AS middle, p.key FROM near JOIN memories m USING (key) CROSS JOIN LATERAL (
            SELECT m.key UNION ALL ({_BEFORE}) UNION ALL ({_AFTER})
        ) p WHERE {_INSIDE}
    ),
    held AS MATERIALIZED (
        SELECT m.key, m.length FROM (SELECT DISTINCT key FROM part) once JOIN memories m USING (key)
        WHERE {_INSIDE}
    ),
    member AS MATERIALIZED (
        SELECT part.middle, held.key, held.length FROM part JOIN held USING (key)
    )
"""  # noqa: S608  # put together of constants
"""The windows that hold one of ``lines``, by their middle, and the lines of each that are in the scope.

Windows overlap, so what they hold is looked up once, in ``held``, and not once a window.

``reached_...`` says how far a window may be from one of the lines, ``before`` and ``after`` what it holds.
"""

_NAMES: Final = f"""
SELECT DISTINCT m.user_key FROM memories m WHERE m.user_key = ANY(%(names)s) AND {_INSIDE}
"""  # noqa: S608
_SAID_BY: Final = f"""
SELECT m.key FROM memories m WHERE m.user_key = ANY(%(people)s) AND {_INSIDE}
ORDER BY m.importance DESC, m.created_at DESC, m.key LIMIT %(depth)s
"""  # noqa: S608
_CONVERSING: Final = "SELECT EXISTS (SELECT FROM memories WHERE conversation IS NOT NULL)"
_COUNTS: Final = "SELECT count(*), coalesce(avg(length), 0)::float8 FROM memories"
_RARENESS: Final = "SELECT term, count(*) FROM words WHERE term = ANY(%s) GROUP BY term"

_MEANING_OF_ALL: Final = """
SELECT v.key, -(v.embedding <#> %(vector)s::vector) FROM vectors v
WHERE v.key NOT IN (SELECT m.key FROM memories m WHERE m.superseded)
ORDER BY v.embedding <#> %(vector)s::vector, v.key LIMIT %(depth)s
"""
_MEANING: Final = f"""
SELECT v.key, -(v.embedding <#> %(vector)s::vector) FROM memories m JOIN vectors v USING (key)
WHERE {_INSIDE} ORDER BY v.embedding <#> %(vector)s::vector, v.key LIMIT %(depth)s
"""  # noqa: S608
_MEANING_OF_WINDOWS: Final = f"""
WITH {_WINDOWS}
SELECT member.middle, 1 - (avg(v.embedding) <=> %(vector)s::vector) AS score
FROM member JOIN vectors v USING (key)
GROUP BY member.middle ORDER BY score DESC, member.middle LIMIT %(depth)s
"""  # noqa: S608

_ASKED: Final = """
asked AS (
    SELECT * FROM unnest(%(terms)s::text[], %(rareness)s::float8[], %(wanted)s::boolean[])
    AS a (term, rareness, wanted)
)
"""
_BM25: Final = (
    f"sum(a.rareness * times * {K1 + 1} / (times + {K1} * ({1 - B} + {B} * length / %s)) ORDER BY term)"
)

_WORDS_OF_ALL: Final = f"""
WITH {_ASKED}
SELECT w.key, {_BM25 % "%(mean)s"} AS score
FROM asked a JOIN words w USING (term)
WHERE w.key NOT IN (SELECT m.key FROM memories m WHERE m.superseded)
GROUP BY key HAVING bool_or(a.wanted) ORDER BY score DESC, key LIMIT %(depth)s
"""  # noqa: S608
_WORDS: Final = f"""
WITH {_ASKED}, found AS (
    SELECT w.* FROM asked JOIN words w USING (term) JOIN memories m USING (key) WHERE {_INSIDE}
)
SELECT key, {_BM25 % "%(mean)s"} AS score
FROM asked a JOIN found USING (term)
GROUP BY key HAVING bool_or(a.wanted) ORDER BY score DESC, key LIMIT %(depth)s
"""  # noqa: S608
_WORDS_OF_WINDOWS: Final = f"""
WITH {_ASKED}, {_WINDOWS},
long AS (SELECT middle, sum(length) AS length FROM member GROUP BY middle),
said AS MATERIALIZED (
    SELECT w.key, w.term, w.times FROM held JOIN words w USING (key) WHERE w.term = ANY(%(terms)s)
),
counted AS (
    SELECT member.middle AS key, said.term, sum(said.times) AS times
    FROM member JOIN said USING (key) GROUP BY 1, 2
),
found AS (
    SELECT counted.*, long.length, greatest(1, (SELECT avg(length)::float8 FROM long)) AS mean
    FROM counted JOIN long ON long.middle = counted.key
)
SELECT key, ({_BM25 % "mean"})::float8 AS score
FROM asked a JOIN found USING (term)
GROUP BY key HAVING bool_or(a.wanted) ORDER BY score DESC, key LIMIT %(depth)s
"""  # noqa: S608

_ANSWERS: Final = f"""
SELECT q.key, m.key, m.user_key FROM memories q CROSS JOIN LATERAL (
    SELECT n.* FROM memories n
    WHERE n.conversation = q.conversation AND (n.created_at, n.key) > (q.created_at, q.key)
    ORDER BY n.created_at, n.key LIMIT 1
) m WHERE q.key = ANY(%(keys)s) AND q.asks AND {_INSIDE}
"""  # noqa: S608
_WHO: Final = "SELECT key, user_key FROM memories WHERE key = ANY(%s) AND user_key = ANY(%s)"


@dataclass(frozen=True, slots=True)
class Lists:
    """What the searches found, and what the preferences have to know of it."""

    lists: dict[str, Ranking]
    answers: dict[int, int]
    """The line after a question, if it is in the scope."""
    theirs: frozenset[int]
    """Keys of what the named people said."""


def names_in(query: str) -> list[str]:
    """The user keys that might be meant by words of ``query``."""
    found: list[str] = []

    def nobody(name: str) -> bool:
        if terms(name):  # a function word names nobody, so the database need not be asked of it
            found.append(name)
        return False

    take_apart(query, nobody)
    return found


async def known(found: Connection, names: list[str], question: Question) -> list[str]:
    """Which of ``names``, as they are stored, have memories in the scope of ``question``."""
    cursor = await found.execute(_NAMES, {"names": names, **scope_of(question)})
    return [name for (name,) in await cursor.fetchall()]


async def search(found: Connection, question: Question, wanted: Wanted, vector: Vector) -> Lists:
    """Every list for ``question``, from one view of the tables."""
    whole = (question.user, question.types, question.as_of) == (None, None, None)
    depth = max(DEPTH, question.k)
    asked: dict[str, Any] = {**scope_of(question), "vector": vector_text(vector), "depth": depth}
    lists = {"meaning": await _ranking(found, _MEANING_OF_ALL if whole else _MEANING, asked)}
    cursor = await found.execute(_CONVERSING)
    conversing = (await cursor.fetchone())[0]
    lines = [key for key, _ in lists["meaning"][:MOST_WINDOWS]]
    if conversing and lines:
        reach = {"reached_before": 0, "reached_after": MEANT_BEFORE, "before": MEANT_BEFORE, "after": 0}
        windows = {**asked, **reach, "lines": lines, "depth": MOST_WINDOWS}
        lists["meaning_window"] = await _ranking(found, _MEANING_OF_WINDOWS, windows)
    words, lines_said = await _words(found, wanted), []
    if words:
        most = {**asked, **words, "depth": max(depth, SAID_LINES)}
        lines_said = await _ranking(found, _WORDS_OF_ALL if whole else _WORDS, most)
    if wanted.alone:
        theirs = await found.execute(_SAID_BY, {**asked, "people": [stored(name) for name in wanted.people]})
        lines_said = list(about([key for (key,) in await theirs.fetchall()], lines_said))
    if lines_said:
        lists["words"] = lines_said[:depth]
        if conversing and words:
            reach = dict.fromkeys(("reached_before", "reached_after", "before", "after"), SAID_AROUND)
            windows = {
                **asked,
                **words,
                **reach,
                "lines": [key for key, _ in lines_said[:SAID_LINES]],
            }
            lists["words_window"] = await _ranking(found, _WORDS_OF_WINDOWS, windows)
    return await _with_preferences(found, question, wanted, {n: ranks for n, ranks in lists.items() if ranks})


def ranked(found: Lists, wanted: Wanted, relevant: Any) -> list[Hit]:
    """The hits of all lists, fused, with answers raised and the named preferred, best first."""
    hits = with_answers(fuse(found.lists), found.answers.get, relevant) if found.lists else []
    return prefer(hits, found.theirs.__contains__, alone=wanted.alone) if wanted.people else hits


def scope_of(question: Question) -> dict[str, Any]:
    """The parameters of a scope."""
    return {
        "user": None if question.user is None else stored(user_key(question.user)),
        "types": None if question.types is None else sorted(map(stored, question.types)),
        "as_of": question.as_of,
    }


async def _ranking(found: Connection, statement: str, asked: Mapping[str, Any]) -> list[tuple[int, float]]:
    cursor = await found.execute(statement, asked)
    return list(await cursor.fetchall())


async def _words(found: Connection, wanted: Wanted) -> dict[str, Any] | None:
    """The words that are searched with how rare they are; None if no line has one that is wanted."""
    text, others = asked_terms(wanted.text), set(terms(wanted.names))
    text = (text - others) or text
    cursor = await found.execute(_RARENESS, (sorted(map(term, text | others)),))
    counts: dict[str, int] = dict(await cursor.fetchall())
    looked_for = frozenset(map(term, text))
    if not looked_for & counts.keys():
        return None
    cursor = await found.execute(_COUNTS)
    count, mean = await cursor.fetchone()
    names = sorted(counts)
    return {
        "terms": names,
        "rareness": [math.log(1 + (count - counts[n] + 0.5) / (counts[n] + 0.5)) for n in names],
        "wanted": [name in looked_for for name in names],
        "mean": max(1.0, mean),
    }


async def _with_preferences(
    found: Connection, question: Question, wanted: Wanted, lists: dict[str, Ranking]
) -> Lists:
    keys = sorted({key for ranking in lists.values() for key, _ in ranking})
    cursor = await found.execute(_ANSWERS, {"keys": keys, **scope_of(question)})
    rows: Sequence[tuple[int, int, str | None]] = await cursor.fetchall()
    theirs: frozenset[int] = frozenset()
    if wanted.people:
        everyone = [*keys, *(answer for _, answer, _ in rows)]
        cursor = await found.execute(_WHO, (everyone, [stored(name) for name in wanted.people]))
        theirs = frozenset(key for key, _ in await cursor.fetchall())
    return Lists(lists, {question_key: answer for question_key, answer, _ in rows}, theirs)
