"""Which words of the channel are about the same: words grouped by what their lines mean; pure.

Lines are put to the nearest of a bounded number of cluster centres, or found a new one (leader clustering,
J. A. Hartigan, "Clustering Algorithms", 1975, ch. 3). A word belongs to the cluster that most of its lines
went to. Clusters have no names but their words; of a word
that one viewer alone has said there is a digest of who, so that it can be forgotten with them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from hikari_ml.realtime_analytics.features import MAX_LENGTH, digest
from hikari_ml.text.cues import find_cues, without
from hikari_ml.text.keywords import keywords
from hikari_ml.text.language import detect_language
from hikari_ml.text.normalize import clean

MOST: Final = 48
"""Clusters of a channel."""
NEAR: Final = 0.55
"""Cosine from which a line belongs to a cluster."""
MEMORY: Final = 200.0
"""Lines a centre is the mean of at most: it follows what the chat comes to talk about."""
WORDS: Final = 24
"""Words kept of a cluster."""
KEPT: Final = 0.995
"""Share of a cluster's weight left after each further line of the channel that has words."""
CLEAR: Final = 0.6
"""Share of a word's lines that must have gone to one cluster for the word to belong to it."""
LEAST: Final = 1.5
"""Lines, faded, behind a word that belongs to a cluster."""


class Topics:
    """Clusters of a channel's lines; 48 centres and 24 words each, whatever comes."""

    def __init__(self) -> None:
        self._centres = np.zeros((0, 0), np.float32)
        self._weights: list[float] = []
        self._lines: list[float] = []
        self._words: list[dict[str, float]] = []
        self._sole: dict[str, bytes] = {}

    def __len__(self) -> int:
        return len(self._weights)

    def learn(self, words: Sequence[str], embedding: npt.NDArray[np.float32], who: str = "") -> None:
        """Put a line of ``who`` with these words and this embedding, shape (d,), where it belongs.

        Another d than before is another model: what was learned with the old one is left behind.
        """
        length = float(np.linalg.norm(embedding))
        if not words or not length:
            return
        if self._centres.shape[1] != len(embedding):
            self.__init__()  # type: ignore[misc]
            self._centres = np.zeros((0, len(embedding)), np.float32)
        self._weights = [weight * KEPT for weight in self._weights]
        place = self._place(embedding / length)
        self._weights[place] += 1
        known = self._words[place]
        for word in words:
            self._said(word, digest(who))
            known[word] = known.get(word, 0.0) + 1
        while len(known) > WORDS:
            del known[min(known, key=lambda word: (known[word], word))]

    def _said(self, word: str, key: bytes) -> None:
        """Remember who alone has said a word, until somebody else does."""
        if not any(word in known for known in self._words):
            self._sole[word] = key
        elif self._sole.get(word, key) != key:
            del self._sole[word]
        if len(self._sole) > 2 * MOST * WORDS:
            standing = {word for known in self._words for word in known}
            self._sole = {word: by for word, by in self._sole.items() if word in standing}

    def _place(self, unit: npt.NDArray[np.float32]) -> int:
        """The cluster of a line of unit length, moved towards it; a new one if none is near."""
        near = self._centres @ unit if len(self) else np.zeros(0, np.float32)
        best = int(near.argmax()) if len(near) else -1
        if best >= 0 and near[best] >= NEAR:
            self._lines[best] = min(MEMORY, self._lines[best] + 1)
            moved = self._centres[best] + (unit - self._centres[best]) / self._lines[best]
            self._centres[best] = moved / np.linalg.norm(moved)
            return best
        if len(self) < MOST:
            self._centres = np.vstack([self._centres, unit[None]]).astype(np.float32)
            self._weights.append(0.0)
            self._lines.append(1.0)
            self._words.append({})
            return len(self) - 1
        worst = min(range(len(self)), key=lambda at: (self._weights[at], at))
        self._centres[worst] = unit
        self._weights[worst], self._lines[worst], self._words[worst] = 0.0, 1.0, {}
        return worst

    def cluster(self, word: str) -> int | None:
        """The cluster most lines with ``word`` went to; None where no one holds it clearly."""
        votes = {at: words[word] for at, words in enumerate(self._words) if word in words}
        if not votes:
            return None
        best = max(votes, key=lambda at: (votes[at], -at))
        clear = votes[best] >= max(LEAST, CLEAR * sum(votes.values()))
        return best if clear else None

    def merged(self, weights: Mapping[str, float], most: int = 5) -> list[tuple[str, float]]:
        """A viewer's words as topics: those of one cluster are one, named by its two strongest words.

        Weights lie in (0, 1], the strongest is 1. Words that belong to no cluster stand for themselves.
        """
        groups: dict[int | str, list[str]] = {}
        for word in sorted(weights, key=lambda word: (-weights[word], word)):
            if weights[word] > 0:
                place = self.cluster(word)
                groups.setdefault(word if place is None else place, []).append(word)
        named = [(" ".join(words[:2]), sum(weights[word] for word in words)) for words in groups.values()]
        named = sorted(named, key=lambda item: (-item[1], item[0]))[:most]
        return [(name, weight / named[0][1]) for name, weight in named]

    def forget(self, who: str) -> None:
        """Drop the words that ``who`` alone has said, and the one that is their name."""
        key = digest(who)
        gone = {who, *(word for word, by in self._sole.items() if by == key)}
        for word in gone:
            self._sole.pop(word, None)
            for words in self._words:
                words.pop(word, None)

    def pack(self) -> dict[str, Any]:
        """As plain values; centres in half precision."""
        return {
            "size": int(self._centres.shape[1]),
            "centres": self._centres.astype(np.float16).tobytes(),
            "weights": list(self._weights),
            "lines": list(self._lines),
            "words": [dict(words) for words in self._words],
            "sole": dict(self._sole),
        }

    def unpack(self, state: Mapping[str, Any]) -> None:
        """From what :meth:`pack` gave."""
        flat = np.frombuffer(state["centres"], np.float16).astype(np.float32)
        self._weights, self._lines = list(state["weights"]), list(state["lines"])
        self._words = [dict(words) for words in state["words"]]
        self._sole = dict(state["sole"])
        self._centres = flat.reshape(len(self._weights), state["size"])


def topics_of(text: str) -> tuple[str, ...]:
    """The words that a message is about, for one that no analyser has read."""
    cleaned = clean(text[:MAX_LENGTH])
    words = without(cleaned, find_cues(cleaned))
    return tuple(keywords(words, detect_language(words)))
