"""What a model says of a text, and what every model that reads chat must offer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Final, Literal, Protocol

import numpy as np
import numpy.typing as npt
from cachetools import LRUCache

Vector = npt.NDArray[np.float32]
Task = Literal["sentiment", "emotion", "toxicity"]
Languages = Mapping[Task, frozenset[str]]
"""The languages (ISO 639-1) each task was measured in; elsewhere its answer is not worth showing."""

OUTSIDE: Final = 0.601
"""Least score of what is positive, and 1 minus the greatest of what is negative."""

TASKS: Final[tuple[Task, ...]] = ("sentiment", "emotion", "toxicity")


@dataclass(frozen=True, slots=True)
class Reading:
    """The answers of one neural pass over one text; all numbers lie in [0, 1].

    ``sentiment`` is what :func:`sentiment_score` makes of three classes, or the like; ``certainty`` the
    largest class probability behind it. ``emotion`` follows ``EMOTIONS`` and sums to 1, ``toxicity`` follows
    ``TOXICITY_LABELS``. ``embedding`` has length 1. ``truncated``: the text was longer than the model reads.
    """

    sentiment: float
    certainty: float
    emotion: tuple[float, ...]
    toxicity: tuple[float, ...]
    embedding: Vector
    truncated: bool


class ChatReader(Protocol):
    """A model, or several, that read chat lines."""

    model_id: str
    embedding_id: str
    dim: int
    languages: Languages

    def read(self, texts: Sequence[str]) -> list[Reading]:
        """Read ``texts`` (cleaned, without emotes), in order."""
        ...


class Shelf(Protocol):
    """Where readings lie for several processes, by :func:`cache_key`; it blocks, briefly; it never raises."""

    def take(self, keys: Sequence[str]) -> list[Reading | None]:
        """What lies under each of ``keys``."""
        ...

    def put(self, readings: Mapping[str, Reading]) -> None:
        """Lay ``readings`` down."""
        ...


class CachedReader:
    """A reader that keeps what it read: half of a busy chat is repetition.

    Only model outputs are kept, never anything of a viewer; on the ``shelf``, for other processes too. Not
    safe to share between threads.
    """

    def __init__(self, reader: ChatReader, size: int, shelf: Shelf | None = None) -> None:
        self.reader = reader
        self._shelf = shelf
        self.model_id = reader.model_id
        self.embedding_id = reader.embedding_id
        self.dim = reader.dim
        self.languages = reader.languages
        self._kept: LRUCache[str, Reading] = LRUCache(maxsize=size)

    def read(self, texts: Sequence[str]) -> list[Reading]:
        """Read ``texts``, asking the model once for each text it has not kept."""
        keys = [cache_key(self.model_id, text) for text in texts]
        readings = {key: self._kept[key] for key in keys if key in self._kept}
        missing = {key: text for key, text in zip(keys, texts, strict=True) if key not in readings}
        if missing:
            fresh = self._fresh(missing)
            readings.update(fresh)
            if self._kept.maxsize:
                self._kept.update(fresh)
        return [readings[key] for key in keys]

    def _fresh(self, missing: Mapping[str, str]) -> dict[str, Reading]:
        """From the shelf where it is there, else from the model."""
        if self._shelf is None:
            return dict(zip(missing, self.reader.read(list(missing.values())), strict=True))
        lying = dict(zip(missing, self._shelf.take(list(missing)), strict=True))
        unread = [key for key, reading in lying.items() if reading is None]
        read = (
            dict(zip(unread, self.reader.read([missing[key] for key in unread]), strict=True))
            if unread
            else {}
        )
        if read:
            self._shelf.put(read)
        return {key: reading for key, reading in lying.items() if reading is not None} | read


def sentiment_score(negative: float, neutral: float, positive: float) -> float:
    """Probabilities of three classes as one score in [0, 1] that keeps the likeliest of them.

    Where neutral is likeliest the score lies in [0.4, 0.6], by how much more positive the rest is than
    negative; elsewhere below 0.4 or above 0.6, by the margin over the second likeliest. The plain mean,
    P(positive) + P(neutral) / 2, leaves [0.4, 0.6] for many a text that is most likely neutral: read by the
    labels' cuts it was two points of macro recall worse on TweetEval's validation part.
    """
    if neutral >= max(negative, positive):
        return 0.5 + 0.2 * (positive - negative)
    if positive > negative:
        return min(1.0, OUTSIDE + (1 - OUTSIDE) * (positive - max(neutral, negative)))
    return max(0.0, (1 - OUTSIDE) * (1 - (negative - max(neutral, positive))))


def cache_key(model_id: str, text: str) -> str:
    """A key that is equal in every process, unlike Python's salted ``hash``."""
    return blake2b(f"{model_id}\0{text}".encode(), digest_size=16).hexdigest()
