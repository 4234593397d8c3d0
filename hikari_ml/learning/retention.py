"""Keeping the embedding: a linear map from all layers of the trained encoder to what the original one said.

Ridge regression in closed form, after training and without touching it: the tasks need not pay for the
embedding with their accuracy.

A. E. Hoerl, R. W. Kennard, "Ridge Regression", Technometrics 12(1), 1970.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import torch
from tokenizers import Tokenizer
from torch import Tensor
from torch.nn import functional

from hikari_ml.learning.batches import batches, encode
from hikari_ml.learning.examples import Example
from hikari_ml.models.network import ChatEncoderNetwork, mean_pool, pooled

RIDGE: Final = 300.0
"""Weight of the penalty, for features of unit variance."""

LEAST_SPREAD: Final = 1e-6
TESTED: Final = 0.1
BATCH: Final = 64


@dataclass(frozen=True, slots=True)
class Retained:
    """Texts the map was fitted to, and its mean ``cosine`` with the original's embedding on others."""

    texts: int
    cosine: float


def fit_embedding(
    network: ChatEncoderNetwork, base: Path, examples: Sequence[Example], max_tokens: int
) -> Retained:
    """Set the network's ``embedding`` so that it says of ``examples`` what the encoder in ``base`` does."""
    device = network.temperature.device
    original = ChatEncoderNetwork.from_folder(base).eval().to(device)
    tokens = encode(Tokenizer.from_file(str(base / "tokenizer.json")), [e.text for e in examples], max_tokens)
    features, targets = _read(network.eval(), original, examples, tokens)
    fitted = len(features) - max(1, int(len(features) * TESTED))
    mean, spread = features[:fitted].mean(0), features[:fitted].std(0).clamp(min=LEAST_SPREAD)
    standard = (features[:fitted] - mean) / spread
    centre = targets[:fitted].mean(0)
    gram = standard.T @ standard + RIDGE * torch.eye(standard.shape[1], dtype=standard.dtype, device=device)
    weight = torch.linalg.solve(gram, standard.T @ (targets[:fitted] - centre)) / spread[:, None]
    network.embedding.weight.data = weight.T.float().contiguous()
    network.embedding.bias.data = (centre - mean @ weight).float()
    said = functional.normalize(features[fitted:] @ weight + centre - mean @ weight, dim=-1)
    return Retained(fitted, float((said * targets[fitted:]).sum(-1).mean()))


@torch.inference_mode()
def _read(
    network: ChatEncoderNetwork,
    original: ChatEncoderNetwork,
    examples: Sequence[Example],
    tokens: Sequence[list[int]],
) -> tuple[Tensor, Tensor]:
    """Pooled layers [N, L * H] and the original's embeddings [N, H], both float64, in random order."""
    features, targets = [], []
    for batch in batches(examples, tokens, BATCH, None):
        ids, mask = (part.to(network.temperature.device) for part in (batch.input_ids, batch.attention_mask))
        features.append(pooled(network.layers(ids, mask), mask).double())
        last = original.layers(ids, mask)[-1]
        targets.append(functional.normalize(mean_pool(last, mask), dim=-1).double())
    order = torch.randperm(len(examples), generator=torch.Generator().manual_seed(0)).to(ids.device)
    return torch.cat(features)[order], torch.cat(targets)[order]
