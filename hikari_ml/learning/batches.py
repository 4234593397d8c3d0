"""From labelled texts to padded tensors, in batches of alike length."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random
from typing import Final

import torch
from tokenizers import Tokenizer
from torch import Tensor

from hikari_ml.learning.examples import Example

BUCKET_BATCHES: Final = 64
"""Batches drawn together and sorted by length: large enough to save padding, small enough to stay random."""


@dataclass(frozen=True, slots=True)
class Batch:
    """B texts of at most T tokens; unknown sentiment is -1, other unknown labels are NaN."""

    input_ids: Tensor  # [B, T] int64
    attention_mask: Tensor  # [B, T] int64
    sentiment: Tensor  # [B] int64
    emotion: Tensor  # [B, 7] float32
    toxicity: Tensor  # [B, 6] float32

    def to(self, device: torch.device) -> Batch:
        """Copy every tensor to ``device``."""
        return Batch(
            self.input_ids.to(device),
            self.attention_mask.to(device),
            self.sentiment.to(device),
            self.emotion.to(device),
            self.toxicity.to(device),
        )


def encode(tokenizer: Tokenizer, texts: Sequence[str], max_tokens: int) -> list[list[int]]:
    """Token ids of each text, cut to ``max_tokens``, unpadded."""
    tokenizer.no_padding()
    tokenizer.enable_truncation(max_tokens)
    return [encoding.ids for encoding in tokenizer.encode_batch_fast(list(texts))]


def batches(
    examples: Sequence[Example], tokens: Sequence[list[int]], size: int, rng: Random | None
) -> Iterator[Batch]:
    """Yield every example once; with ``rng`` in random order of batches of alike length."""
    order = list(range(len(examples)))
    if rng is None:
        order.sort(key=lambda i: len(tokens[i]))
        groups = [order[at : at + size] for at in range(0, len(order), size)]
    else:
        rng.shuffle(order)
        groups = []
        for at in range(0, len(order), size * BUCKET_BATCHES):
            bucket = sorted(order[at : at + size * BUCKET_BATCHES], key=lambda i: len(tokens[i]))
            groups += [bucket[start : start + size] for start in range(0, len(bucket), size)]
        rng.shuffle(groups)
    for group in groups:
        yield _collate([examples[i] for i in group], [tokens[i] for i in group])


def _collate(examples: Sequence[Example], tokens: Sequence[list[int]]) -> Batch:
    width = max(len(ids) for ids in tokens)
    input_ids = torch.zeros(len(tokens), width, dtype=torch.int64)
    mask = torch.zeros(len(tokens), width, dtype=torch.int64)
    for row, ids in enumerate(tokens):
        input_ids[row, : len(ids)] = torch.tensor(ids)
        mask[row, : len(ids)] = 1
    return Batch(
        input_ids,
        mask,
        torch.tensor([example.sentiment for example in examples]),
        torch.tensor([example.emotion for example in examples]),
        torch.tensor([example.toxicity for example in examples]),
    )
