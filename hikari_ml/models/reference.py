"""Any transformers text classifier in the sentiment, emotion or toxicity role, and the seed's trio of them.

The seed's models, by their names on the Hugging Face hub (a local folder does as well):

=========  =============================================================
sentiment  nlptown/bert-base-multilingual-uncased-sentiment (1 to 5 stars)
emotion    j-hartmann/emotion-english-distilroberta-base (7 classes)
toxicity   unitary/toxic-bert (6 labels)
=========  =============================================================
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from hashlib import blake2b
from typing import Any, Final, Literal

import numpy as np
import numpy.typing as npt

from hikari_ml.errors import ModelError
from hikari_ml.models.embedder import Embedder
from hikari_ml.models.hub import only_here
from hikari_ml.models.reading import TASKS, ChatReader, Languages, Reading, sentiment_score
from hikari_ml.results import EMOTIONS, SENTIMENT_CLASSES, TOXICITY_LABELS

ClassifierRole = Literal["sentiment", "emotion", "toxicity"]
Scores = npt.NDArray[np.float32]

TRIO: Final[Mapping[ClassifierRole, str]] = {
    "sentiment": "nlptown/bert-base-multilingual-uncased-sentiment",
    "emotion": "j-hartmann/emotion-english-distilroberta-base",
    "toxicity": "unitary/toxic-bert",
}
ENGLISH: Final = frozenset({"en"})
"""What a model brought in is trusted with; its makers may know more, this project measured no more."""

_STARS = re.compile(r"^([1-5]) stars?$")
_SYNONYMS: Final = {
    "pos": "positive",
    "neg": "negative",
    "neu": "neutral",
    "angry": "anger",
    "happy": "joy",
    "happiness": "joy",
    "sad": "sadness",
    "severe_toxicity": "severe_toxic",
    "toxicity": "toxic",
    "identity_attack": "identity_hate",
}


class TransformersClassifier:
    """A sequence classifier in one role; its label names are checked when it is loaded.

    Sentiment takes three classes (negative, neutral, positive) or five star ratings; emotion takes
    labels among the seven; toxicity takes labels among the six, of which ``toxic`` must be one.

    Raises:
        ModelError: it cannot be loaded, or its labels do not fit the role.
    """

    def __init__(
        self,
        source: str,
        role: ClassifierRole,
        *,
        device: str = "cpu",
        dtype: str = "float32",
        batch_size: int = 32,
        max_tokens: int = 128,
    ) -> None:
        self.source = source
        self.role = role
        self._batch_size = batch_size
        self._max_tokens = max_tokens
        self._device = device
        self._tokenizer, self._network = _load(source, device, dtype)
        labels = self._network.config.id2label
        self._labels = [_canonical(labels[i]) for i in range(len(labels))]
        _check_labels(self._labels, role, source)

    def probabilities(self, texts: Sequence[str]) -> Scores:
        """[N, classes]: softmax, or sigmoid for toxicity, in the order of the model's labels.

        Texts of alike length share a batch, so that few tokens are padding.
        """
        import torch

        order = sorted(range(len(texts)), key=lambda i: len(texts[i]))
        found = []
        for at in range(0, len(texts), self._batch_size):
            batch = self._tokenizer(
                [texts[i] for i in order[at : at + self._batch_size]],
                padding=True,
                truncation=True,
                max_length=self._max_tokens,
                return_tensors="pt",
            ).to(self._device)
            with torch.inference_mode():
                logits = self._network(**batch).logits.float()
            found.append(logits.sigmoid() if self.role == "toxicity" else logits.softmax(-1))
        rows = torch.cat(found).cpu().numpy().astype(np.float32)
        return rows[np.argsort(order)]

    def sentiment(self, texts: Sequence[str]) -> list[tuple[float, float]]:
        """(score, certainty) of each text.

        Stars: (E[stars] - 1) / 4, so that even stars give 0.5; classes: see
        :func:`~hikari_ml.models.reading.sentiment_score`.
        """
        if not _STARS.match(self._labels[0]):
            classes = self.named(texts, SENTIMENT_CLASSES)
            return [(sentiment_score(*map(float, row)), float(row.max())) for row in classes]
        places = np.array([_star_place(label) for label in self._labels], np.float32)
        return [(float(row @ places), float(row.max())) for row in self.probabilities(texts)]

    def named(self, texts: Sequence[str], names: Sequence[str]) -> Scores:
        """[N, len(names)]: the probabilities put in the order of ``names``, 0 where a label is missing."""
        rows = self.probabilities(texts)
        ordered = np.zeros((len(texts), len(names)), np.float32)
        for column, label in enumerate(self._labels):
            ordered[:, names.index(label)] = rows[:, column]
        return ordered


class ComposedReader:
    """A :class:`~hikari_ml.models.reading.ChatReader` put together from a model a role.

    A role without a model of its own is read by ``rest`` (the bundled model).
    """

    def __init__(
        self,
        rest: ChatReader,
        classifiers: Mapping[ClassifierRole, TransformersClassifier],
        embedder: Embedder | None = None,
    ) -> None:
        self._rest = rest
        self._classifiers = classifiers
        self._embedder = embedder
        parts = [f"{role}={model.source}" for role, model in sorted(classifiers.items())]
        digest = blake2b("|".join([rest.model_id, *parts]).encode(), digest_size=6).hexdigest()
        self.model_id = f"composed:{digest}"
        self.embedding_id = embedder.model_id if embedder else rest.embedding_id
        self.dim = embedder.dim if embedder else rest.dim
        self.languages: Languages = {
            task: ENGLISH if task in classifiers else rest.languages[task] for task in TASKS
        }

    def read(self, texts: Sequence[str]) -> list[Reading]:
        """Read ``texts`` (cleaned, without emotes), in order."""
        if not texts:
            return []
        readings = self._rest.read(texts)
        sentiment = [(reading.sentiment, reading.certainty) for reading in readings]
        emotion = [reading.emotion for reading in readings]
        toxicity = [reading.toxicity for reading in readings]
        embedding = [reading.embedding for reading in readings]
        if model := self._classifiers.get("sentiment"):
            sentiment = model.sentiment(texts)
        if model := self._classifiers.get("emotion"):
            emotion = [tuple(row.tolist()) for row in model.named(texts, EMOTIONS)]
        if model := self._classifiers.get("toxicity"):
            toxicity = [tuple(row.tolist()) for row in model.named(texts, TOXICITY_LABELS)]
        if self._embedder:
            embedding = list(self._embedder.embed(texts))
        return [
            Reading(score, certainty, emotion[i], toxicity[i], embedding[i], readings[i].truncated)
            for i, (score, certainty) in enumerate(sentiment)
        ]


def _load(source: str, device: str, dtype: str) -> tuple[Any, Any]:
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    try:
        here = only_here(source)
        tokenizer = AutoTokenizer.from_pretrained(source, local_files_only=here)
        network = AutoModelForSequenceClassification.from_pretrained(
            source, dtype=dtype, local_files_only=here
        )
    except (OSError, ValueError) as error:
        raise ModelError(
            source,
            "it cannot be loaded; give a local folder, or a hub name on a machine that reaches the hub"
            f" ({str(error).splitlines()[0]})",
        ) from error
    try:
        return tokenizer, network.eval().to(device)
    except (RuntimeError, AssertionError) as error:  # torch's words for no such device
        raise ModelError(source, f"it cannot run on {device!r} ({str(error).splitlines()[0]})") from error


def _canonical(label: str) -> str:
    name = label.strip().casefold().replace(" ", "_") if not _STARS.match(label) else label
    return _SYNONYMS.get(name, name)


def _check_labels(labels: Sequence[str], role: ClassifierRole, source: str) -> None:
    known: dict[ClassifierRole, frozenset[str]] = {
        "sentiment": frozenset(SENTIMENT_CLASSES),
        "emotion": frozenset(EMOTIONS),
        "toxicity": frozenset(TOXICITY_LABELS),
    }
    stars = role == "sentiment" and all(_STARS.match(label) for label in labels)
    strange = [] if stars else sorted(set(labels) - known[role])
    if strange:
        raise ModelError(
            source, f"labels {strange} do not fit the {role} role, which knows {sorted(known[role])}"
        )
    if role == "toxicity" and "toxic" not in labels:
        raise ModelError(source, "the toxicity role needs a label 'toxic'")


def _star_place(label: str) -> float:
    stars = _STARS.match(label)
    assert stars is not None
    return (int(stars.group(1)) - 1) / 4
