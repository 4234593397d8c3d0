"""How hits of several searches become one ranking; pure.

Reciprocal-rank fusion: G. Cormack, C. Clarke, S. Büttcher, "Reciprocal rank fusion outperforms
Condorcet and individual rank learning methods", SIGIR 2009, with k = 10, which measured better than the
paper's 60 on conversations.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

RANK_CONSTANT: Final = 10
DEPTH: Final = 60
"""How deep each list is read, at least."""

WINDOW_SHARE: Final = 0.5
"""How much of a neighbour's score a line of a conversation gets of what it lacks itself."""

Ranking = Sequence[tuple[int, float]]
"""Keys with their scores, best first."""


@dataclass(frozen=True, slots=True)
class Hit:
    """A fused hit: ``score`` in [0, 1] is 1 for what every list ranks first.

    ``ranks`` counts from 1 in each list that found it, ``scores`` are that list's own.
    """

    key: int
    score: float
    ranks: dict[str, int]
    scores: dict[str, float]


def fuse(lists: Mapping[str, Ranking], constant: int = RANK_CONSTANT) -> list[Hit]:
    """Fuse rankings: a hit is worth ``(constant + 1) / (constant + rank)`` in each list, averaged.

    A key ranked above another in every list comes above it; ties go to the smaller key.
    """
    ranks: dict[int, dict[str, int]] = {}
    scores: dict[int, dict[str, float]] = {}
    for name, ranking in lists.items():
        for rank, (key, score) in enumerate(ranking, start=1):
            ranks.setdefault(key, {})[name] = rank
            scores.setdefault(key, {})[name] = score
    hits = [
        Hit(key, _fused(by_list.values(), len(lists), constant), by_list, scores[key])
        for key, by_list in ranks.items()
    ]
    return _best_first(hits)


def with_windows(
    hits: Sequence[Hit], neighbours: Callable[[int], Iterable[int]], matches: Callable[[Hit], bool]
) -> list[Hit]:
    """Raise lines of conversations whose neighbour matches: an answer rarely repeats its question.

    A line gets ``WINDOW_SHARE * window`` of what its score lacks to 1, where ``window``, kept among its
    scores, is the score of its best matching neighbour. Neighbours no list has found come in as well.
    """
    windows: dict[int, float] = {}
    for hit in filter(matches, hits):
        for key in neighbours(hit.key):
            windows[key] = max(windows.get(key, 0.0), hit.score)
    found = {hit.key: hit for hit in hits}
    for key, window in windows.items():
        hit = found.get(key, Hit(key, 0.0, {}, {}))
        score = hit.score + WINDOW_SHARE * window * (1 - hit.score)
        found[key] = replace(hit, score=score, scores={**hit.scores, "window": window})
    return _best_first(found.values())


def _best_first(hits: Iterable[Hit]) -> list[Hit]:
    return sorted(hits, key=lambda hit: (-hit.score, hit.key))


def _fused(ranks: Iterable[int], lists: int, constant: int) -> float:
    return sum((constant + 1) / (constant + rank) for rank in ranks) / lists
