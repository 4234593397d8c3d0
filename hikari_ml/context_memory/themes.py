"""Themes: what many memories are about, found by DBSCAN over their vectors and named by their words; pure.

M. Ester et al., "A Density-Based Algorithm for Discovering Clusters", 1996: a theme grows from memories
that have enough others near them, and what has not belongs to none. Names come from class-based TF-IDF
(M. Grootendorst, "BERTopic", 2022): words frequent in a theme and rare outside it.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from hikari_ml.chat import user_key
from hikari_ml.context_memory.record import Record, from_ms
from hikari_ml.context_memory.words import PART, terms
from hikari_ml.models.reading import Vector
from hikari_ml.models.summarizer import shorten
from hikari_ml.results import Theme, ThemeScope
from hikari_ml.text.normalize import collapse_elongation, without_links_and_mentions
from hikari_ml.text.stopwords import stop_words
from hikari_ml.times import iso

MOST: Final = 5_000
"""Memories that are looked at, the most important ones: every pair of them is compared."""

FEWEST: Final = 3
"""Memories within reach, itself counted, that make a memory the core of a theme."""

ENOUGH: Final = 100
"""Long-term memories that are worth themes of their own; with fewer, all memories are looked at."""

REACHES: Final = (0.55, 0.5, 0.45, 0.4, 0.35, 0.3, 0.25)
"""Cosine distances tried as DBSCAN's eps, widest first."""

MANY: Final = 1_000
"""Memories from which no reach above 0.45 is tried: among 1,600 it joined a half, and all pairs are kept."""

WIDEST_SHARE: Final = 0.15
"""Share of all memories that one theme may hold before the next reach is tried."""

SMALL: Final = 12
"""Memories that one theme may always hold."""

NAMING_WORDS: Final = 3
KEPT_WORDS: Final = 8
NAME_LENGTH: Final = 60
"""Characters of a name that is a memory's text, where no word tells."""

Labels = npt.NDArray[np.int64]


def themes(records: Sequence[Record], vectors: Vector, k: int, scope: ThemeScope) -> list[Theme]:
    """The ``k`` largest themes of ``records``, whose unit vectors are ``vectors`` [N, dim].

    The same records give the same themes in the same order: by size, then as they are met.
    """
    labels = clusters(vectors)
    words = [_words(record.content) for record in records]
    names = telling_words([set(found) for found in words], labels)
    found = []
    for label in range(int(labels.max(initial=-1)) + 1):
        members = np.flatnonzero(labels == label)
        order = _central_first(vectors[members])
        spoken = Counter(form for at in members for form in words[at].items())
        surface = {stem: form for (stem, form), _ in sorted(spoken.items(), key=lambda item: item[1])}
        told = [surface[stem] for stem in names[label]]
        found.append(_theme([records[members[at]] for at in order], told, len(records), scope))
    return sorted(found, key=lambda theme: -theme["size"])[:k]


def clusters(vectors: Vector) -> Labels:
    """The theme of each vector, numbered from 0 as they are met; -1 for what belongs to none.

    The widest reach is taken at which no theme swallows the rest: chains of neighbours join everything
    once the reach is too wide, and how wide that is depends on how many memories there are.
    """
    if len(vectors) < FEWEST:
        return np.full(len(vectors), -1, np.int64)
    from sklearn.cluster import DBSCAN
    from sklearn.neighbors import NearestNeighbors

    reaches = REACHES if len(vectors) < MANY else REACHES[2:]
    near = NearestNeighbors(metric="cosine", algorithm="brute").fit(vectors)
    graph = near.radius_neighbors_graph(vectors, reaches[0], mode="distance", sort_results=True)
    most = max(SMALL, WIDEST_SHARE * len(vectors))
    labels: Labels = np.zeros(0, np.int64)
    for reach in reaches:
        labels = DBSCAN(eps=reach, min_samples=FEWEST, metric="precomputed").fit_predict(graph)
        if np.bincount(labels[labels >= 0], minlength=1).max() <= most:
            break
    return labels.astype(np.int64)


def telling_words(words: Sequence[set[str]], labels: Labels) -> list[list[str]]:
    """Up to eight stems for each theme, most telling first: each stands in two of its memories at least.

    ``words`` are the stems of each memory. A stem counts once a memory, however often it is repeated in
    it; what belongs to no theme counts as one more, so that words all chat uses tell nothing.
    """
    count = int(labels.max(initial=-1)) + 1
    inside = [Counter[str]() for _ in range(count + 1)]
    for stems, label in zip(words, labels, strict=True):
        inside[label].update(stems)  # -1 is the last
    everywhere: Counter[str] = sum(inside, Counter())
    mean = everywhere.total() / max(1, count + 1)
    found = []
    for counts in inside[:count]:
        weights = {
            stem: n / counts.total() * math.log(1 + mean / everywhere[stem])
            for stem, n in counts.items()
            if n > 1
        }
        found.append(sorted(weights, key=lambda stem: (-weights[stem], stem))[:KEPT_WORDS])
    return found


def _words(text: str) -> dict[str, str]:
    """What each stem of ``text`` that can name a theme was written as."""
    found: dict[str, str] = {}
    plain = collapse_elongation(without_links_and_mentions(text)).casefold()
    for word in PART.findall(plain):
        if word in stop_words("en") or word.isdecimal() or (len(word) < 2 and word.isascii()):
            continue
        stems = [stem for stem in terms(word) if len(stem) > 1 or len(word) == 1]  # pairs tell of a run
        for stem in stems:
            found.setdefault(stem, word if len(stems) == 1 else stem)
    return found


def _central_first(vectors: Vector) -> list[int]:
    nearness = vectors @ vectors.mean(axis=0)
    return [int(at) for at in np.argsort(-nearness, kind="stable")]


def _theme(records: Sequence[Record], words: list[str], among: int, scope: ThemeScope) -> Theme:
    """A theme of ``records``, the most central first."""
    central = records[0]
    times = [record.created_at for record in records]
    return {
        "name": ", ".join(words[:NAMING_WORDS]) or shorten(central.content, NAME_LENGTH),
        "words": words,
        "central": central.content,
        "size": len(records),
        "users": most_active(record.user for record in sorted(records, key=lambda r: r.key)),
        "start": iso(from_ms(min(times))),
        "end": iso(from_ms(max(times))),
        "memories": [record.id for record in records],
        "scope": scope,
        "among": among,
        "degraded": [],
    }


def most_active(users: Iterable[str | None]) -> list[str]:
    """Whose memories these are, who has most of them first, each as last written; ties by key."""
    counts: Counter[str] = Counter()
    written: dict[str, str] = {}
    for user in users:
        if user is not None:
            counts[user_key(user)] += 1
            written[user_key(user)] = user
    return [written[key] for key in sorted(counts, key=lambda key: (-counts[key], key))]
