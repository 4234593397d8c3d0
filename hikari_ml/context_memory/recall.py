"""How a query is taken apart, and how hits of several searches become one ranking; pure.

Four lists are fused: what a line means and says, and what its surroundings in the conversation mean and say.
Then come two preferences, for the answer to a matching question and for people who are named. Neither how
recent nor how important a memory is changes its rank. Every constant was chosen on five conversations and
reported on five others (``benchmarks/quality/locomo.py``).

Reciprocal-rank fusion: G. Cormack, C. Clarke, S. Büttcher, "Reciprocal rank fusion outperforms
Condorcet and individual rank learning methods", SIGIR 2009, with k = 10, which measured better than the
paper's 60 on conversations.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, zip_longest
from operator import attrgetter
from typing import Final, NamedTuple

from hikari_ml.chat import user_key
from hikari_ml.context_memory.words import ASKING_TERMS, terms

RANK_CONSTANT: Final = 10
DEPTH: Final = 60
"""How deep each list is read, at least."""

MEANT_BEFORE: Final = 2
"""Lines before a memory that are read with it when its surroundings are searched by meaning."""

SAID_AROUND: Final = 2
"""Lines to either side that are read with it when they are searched by word."""

MOST_WINDOWS: Final = 1000
"""Lines whose windows are searched by meaning, however many memories are asked for."""

SAID_LINES: Final = 150
"""Lines, the best by word, whose windows are searched by word."""

RELEVANT: Final = 0.3
"""Cosine similarity from which a hit has to do with what was asked."""

ANSWER_SHARE: Final = 0.3
"""How much of a matching question's score the line after it gets of what it lacks itself."""

OTHERS_SHARE: Final = 0.77
"""What is left of the score of other people's lines where a query names somebody."""

STRANGERS_SHARE: Final = 0.05
"""What is left of the score of lines that neither are theirs nor name them where it asks of nothing else."""

MOST_NAME_WORDS: Final = 3
"""Longest name that is looked for in a query, in words."""

_ASKING: Final = ASKING_TERMS | set(
    terms(
        "know known remember recall remind think thought say said who what anything everything something more"
    )
)
"""What may stand beside a name in a query that asks of nothing but the person."""

_WORD = re.compile(r"\w+")
_POSSESSIVE = re.compile(r"['’]s\b", re.IGNORECASE)

Ranking = Sequence[tuple[int, float]]
"""Keys with their scores, best first."""


class Hit(NamedTuple):
    """A fused hit: ``score`` in [0, 1] is 1 for what every list ranks first.

    ``ranks`` counts from 1 in each list that found it, ``scores`` are that list's own.
    """

    key: int
    score: float
    ranks: dict[str, int]
    scores: dict[str, float]


@dataclass(frozen=True, slots=True)
class Wanted:
    """A query taken apart: what is searched by meaning, the names in it, and whose they are as user keys.

    ``alone`` says that it asks of nothing but the people: "what do you know about anna?".
    """

    text: str
    names: str
    people: frozenset[str]
    alone: bool = False


def fuse(lists: Mapping[str, Ranking], constant: int = RANK_CONSTANT) -> list[Hit]:
    """Fuse rankings: a hit is worth ``(constant + 1) / (constant + rank)`` in each list, averaged.

    A key ranked above another in every list comes above it; ties go to the smaller key.
    """
    ranks: dict[int, dict[str, int]] = defaultdict(dict)
    scores: dict[int, dict[str, float]] = defaultdict(dict)
    worth: dict[int, float] = defaultdict(float)
    for name, ranking in lists.items():
        for rank, (key, score) in enumerate(ranking, start=1):
            ranks[key][name] = rank
            scores[key][name] = score
            worth[key] += (constant + 1) / (constant + rank)
    return _best_first(Hit(key, total / len(lists), ranks[key], scores[key]) for key, total in worth.items())


def is_relevant(scores: Mapping[str, float | int | str | None]) -> bool:
    """Whether a hit with these scores has to do with what was asked, rather than being merely the nearest."""
    meaning = scores.get("meaning")
    near = isinstance(meaning, float) and meaning >= RELEVANT
    return near or scores.get("words") is not None


def relevant(hit: Hit) -> bool:
    """:func:`is_relevant` of a hit."""
    return is_relevant(hit.scores)


def take_apart(query: str, known: Callable[[str], bool]) -> Wanted:
    """Find the names of people in ``query``; ``known`` tells whether a user key is somebody's.

    The longest name counts. A function word names nobody, even if a viewer is called so. Of a query about
    nothing but people their names are searched.
    """
    words = list(_WORD.finditer(query))
    names, rest, at, first = [], "", 0, 0
    while first < len(words):
        last = _end_of_name(query, words, first, known) if words[first].start() >= at else None
        if last is not None:
            start, end = words[first].start(), words[last].end()
            names.append(query[start:end])
            possessive = _POSSESSIVE.match(query, end)
            rest += query[at:start].removesuffix("@")
            at = possessive.end() if possessive else end
        first = (first if last is None else last) + 1
    rest = " ".join((rest + query[at:]).split())
    people, named = frozenset(map(user_key, names)), " ".join(names)
    alone = bool(names) and _ASKING.issuperset(terms(rest))
    return Wanted(named if alone else rest, named, people, alone)


def about(theirs: Iterable[int], named: Ranking) -> Ranking:
    """By turns what people said themselves, the best first, and the lines that name them.

    A line of theirs that does not name them has a score of 0: its speaker is who was asked of.
    """
    scores = dict(named)
    turns = chain.from_iterable(zip_longest(theirs, scores))
    return [(key, scores.get(key, 0.0)) for key in dict.fromkeys(turns) if key is not None]


def with_answers(
    hits: Sequence[Hit], answer: Callable[[int], int | None], matches: Callable[[Hit], bool]
) -> list[Hit]:
    """Raise what follows a matching question in its conversation: an answer rarely repeats it.

    ``answer`` gives the line after a question. It gets ``ANSWER_SHARE * question`` of what its score lacks
    to 1, where ``question``, kept among its scores as ``answers``, is the score of the line it follows. An
    answer no list has found comes in as well.
    """
    found: dict[int, Hit] = {}
    for question in hits:
        key = answer(question.key)
        if key is None or not matches(question):
            continue
        found = found or {hit.key: hit for hit in hits}
        hit = found.get(key, Hit(key, 0.0, {}, {}))
        score = hit.score + ANSWER_SHARE * question.score * (1 - hit.score)
        found[key] = hit._replace(score=score, scores={**hit.scores, "answers": question.score})
    return _best_first(found.values()) if found else list(hits)


def prefer(hits: Sequence[Hit], named: Callable[[int], bool], *, alone: bool = False) -> list[Hit]:
    """Lower what others said than the people a query names to ``OTHERS_SHARE``, which hides none of it.

    If it asks of them ``alone``, what does not even name them is left ``STRANGERS_SHARE``. The share that
    was left stands among the scores of every hit as ``named``.
    """

    def share(hit: Hit) -> float:
        if named(hit.key):
            return 1.0
        return STRANGERS_SHARE if alone and "words" not in hit.scores else OTHERS_SHARE

    shares = {hit.key: share(hit) for hit in hits}
    return _best_first(
        hit._replace(score=hit.score * shares[hit.key], scores={**hit.scores, "named": shares[hit.key]})
        for hit in hits
    )


def _end_of_name(
    query: str, words: Sequence[re.Match[str]], first: int, known: Callable[[str], bool]
) -> int | None:
    """The last word of the longest name that begins at ``words[first]``."""
    for last in reversed(range(first, min(first + MOST_NAME_WORDS, len(words)))):
        name = query[words[first].start() : words[last].end()]
        if known(user_key(name)) and terms(name):
            return last
    return None


def _best_first(hits: Iterable[Hit]) -> list[Hit]:
    by_key = sorted(hits, key=attrgetter("key"))
    return sorted(by_key, key=attrgetter("score"), reverse=True)  # which keeps the order of equal ones
