"""Making probabilities mean what they say: one temperature a head, and how far they still are from it.

C. Guo, G. Pleiss, Y. Sun, K. Weinberger, "On Calibration of Modern Neural Networks", ICML 2017.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import torch
from tokenizers import Tokenizer
from torch import Tensor
from torch.nn import functional

from hikari_ml.learning.batches import Batch, batches, encode
from hikari_ml.learning.examples import Example
from hikari_ml.models.network import HEAD_SIZES, ChatEncoderNetwork

BINS: Final = 15
FEWEST: Final = 100
"""Texts with a label that a temperature is fitted to; of fewer it would say little."""

TEMPERATURES: Final = torch.arange(0.5, 3.01, 0.02)


@dataclass(frozen=True, slots=True)
class Calibrated:
    """A head's temperature and its expected calibration error before and after, in [0, 1]."""

    temperature: float
    ece_before: float
    ece_after: float


def calibrate(
    network: ChatEncoderNetwork,
    examples: Sequence[Example],
    tokenizer: Tokenizer,
    max_tokens: int,
    otherwise: Sequence[float] = (1.0, 1.0, 1.0),
) -> dict[str, Calibrated]:
    """Set the network's temperatures to those of least log loss on ``examples``, which it has not seen.

    A head that fewer than 100 examples have a label for gets its temperature of ``otherwise`` and is left
    out of the result.
    """
    if len(examples) < FEWEST:
        network.temperature[:] = torch.tensor(otherwise)
        return {}
    logits, labels = _read(network, examples, encode(tokenizer, [e.text for e in examples], max_tokens))
    found = {}
    for position, head in enumerate(HEAD_SIZES):
        flat_logits, flat_labels = _known(head, logits[head], labels[head])
        if _texts(head, labels[head]) < FEWEST:
            network.temperature[position] = otherwise[position]
            continue
        losses = torch.stack([_loss(head, flat_logits / t, flat_labels) for t in TEMPERATURES])
        best = float(TEMPERATURES[int(losses.argmin())])
        found[head] = Calibrated(
            best,
            expected_calibration_error(head, flat_logits, flat_labels),
            expected_calibration_error(head, flat_logits / best, flat_labels),
        )
        network.temperature[position] = best
    return found


def expected_calibration_error(head: str, logits: Tensor, labels: Tensor) -> float:
    """Mean distance between confidence and accuracy over 15 equal bins of confidence, weighted by size."""
    if head == "sentiment":
        confidence, guess = logits.softmax(dim=-1).max(dim=-1)
        right = (guess == labels).float()
    else:
        confidence, right = logits.sigmoid(), labels
    bins = (confidence * BINS).long().clamp(max=BINS - 1)
    error = 0.0
    for i in range(BINS):
        inside = bins == i
        if inside.any():
            gap = (confidence[inside].mean() - right[inside].mean()).abs().item()
            error += inside.float().mean().item() * gap
    return error


def _read(
    network: ChatEncoderNetwork, examples: Sequence[Example], tokens: Sequence[list[int]]
) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    network.eval()
    parts: list[tuple[Batch, tuple[Tensor, ...]]] = []
    device = network.temperature.device
    with torch.inference_mode():
        for batch in batches(examples, tokens, 64, None):
            moved = batch.to(device)
            parts.append((batch, tuple(network(moved.input_ids, moved.attention_mask)[:3])))
    logits = {head: torch.cat([read[i].cpu() for _, read in parts]) for i, head in enumerate(HEAD_SIZES)}
    labels = {head: torch.cat([getattr(batch, head) for batch, _ in parts]) for head in HEAD_SIZES}
    return logits, labels


def _known(head: str, logits: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
    if head == "sentiment":
        return logits[labels >= 0], labels[labels >= 0]
    return logits[~labels.isnan()], labels[~labels.isnan()]


def _texts(head: str, labels: Tensor) -> int:
    """How many texts have a label."""
    known = labels >= 0 if head == "sentiment" else ~labels.isnan().all(dim=-1)
    return int(known.sum())


def _loss(head: str, logits: Tensor, labels: Tensor) -> Tensor:
    if head == "sentiment":
        return functional.cross_entropy(logits, labels)
    return functional.binary_cross_entropy_with_logits(logits, labels)
