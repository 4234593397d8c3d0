"""The loss: three tasks, each over what is known of a text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor
from torch.nn import functional

from hikari_ml.learning.batches import Batch
from hikari_ml.learning.examples import Example
from hikari_ml.models.network import Readings

MAX_CLASS_WEIGHT: Final = 5.0


@dataclass(frozen=True, slots=True)
class ClassWeights:
    """How much a positive of each class counts: the square root of its rarity, at most 5."""

    sentiment: Tensor  # [3]
    emotion: Tensor  # [7]
    toxicity: Tensor  # [6]

    @classmethod
    def of(cls, examples: Sequence[Example]) -> ClassWeights:
        """Count the labels of ``examples``."""
        labelled = torch.tensor([e.sentiment for e in examples if e.sentiment >= 0], dtype=torch.int64)
        counts = torch.bincount(labelled, minlength=3).clamp(min=1).float()
        return cls(
            (counts.mean() / counts).sqrt().clamp(max=MAX_CLASS_WEIGHT),
            _rarity(torch.tensor([e.emotion for e in examples])),
            _rarity(torch.tensor([e.toxicity for e in examples])),
        )

    def to(self, device: torch.device) -> ClassWeights:
        """Copy to ``device``."""
        return ClassWeights(self.sentiment.to(device), self.emotion.to(device), self.toxicity.to(device))


def task_loss(readings: Readings, batch: Batch, weights: ClassWeights) -> Tensor:
    """Sum of the three task losses, each the mean over its known labels; scalar."""
    known = batch.sentiment >= 0
    loss = readings.sentiment.new_zeros(())
    if known.any():
        loss = loss + functional.cross_entropy(
            readings.sentiment[known], batch.sentiment[known], weights.sentiment
        )
    loss = loss + _masked_bce(readings.emotion, batch.emotion, weights.emotion)
    return loss + _masked_bce(readings.toxicity, batch.toxicity, weights.toxicity)


def taught_loss(readings: Readings, teachers: Sequence[Readings]) -> Tensor:
    """Cross entropy of the three tasks with the mean probabilities of ``teachers``, of every text; scalar."""
    sentiment = torch.stack([said.sentiment.softmax(-1) for said in teachers]).mean(0)
    emotion = torch.stack([said.emotion.sigmoid() for said in teachers]).mean(0)
    toxicity = torch.stack([said.toxicity.sigmoid() for said in teachers]).mean(0)
    loss = functional.cross_entropy(readings.sentiment, sentiment)
    for logits, target in ((readings.emotion, emotion), (readings.toxicity, toxicity)):
        # Sum over classes, mean over rows, as for labels.
        loss = loss + functional.binary_cross_entropy_with_logits(logits, target) * target.shape[1]
    return loss


def _masked_bce(logits: Tensor, labels: Tensor, weight: Tensor) -> Tensor:
    known = ~labels.isnan()
    if not known.any():
        return logits.new_zeros(())
    losses = functional.binary_cross_entropy_with_logits(
        logits, labels.nan_to_num(), pos_weight=weight, reduction="none"
    )
    # Sum over classes, mean over rows: a row that knows six labels teaches more than one that knows one.
    return (losses * known).sum() / known.any(dim=-1).sum()


def _rarity(labels: Tensor) -> Tensor:
    positive = (labels == 1).sum(dim=0).clamp(min=1).float()
    negative = (labels == 0).sum(dim=0).float()
    return (negative / positive).sqrt().clamp(1.0, MAX_CLASS_WEIGHT)
