"""The network that is trained: one small encoder, three heads and the sentence embedding.

Each head pools the encoder's last layer by an attention of its own, so that the mean pooling which
the embedding needs is left to the embedding alone.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final, NamedTuple

import torch
from torch import Tensor, nn
from transformers import BertConfig, BertModel

from hikari_ml.results import EMOTIONS, SENTIMENT_CLASSES, TOXICITY_LABELS

HEAD_SIZES: Final = {
    "sentiment": len(SENTIMENT_CLASSES),
    "emotion": len(EMOTIONS),
    "toxicity": len(TOXICITY_LABELS),
}


class Readings(NamedTuple):
    """The four answers for a batch of size B; the first three are logits, embeddings have length 1."""

    sentiment: Tensor  # [B, 3]
    emotion: Tensor  # [B, 7]
    toxicity: Tensor  # [B, 6]
    embedding: Tensor  # [B, hidden]


class AttentionHead(nn.Module):
    """Pool tokens by a learned attention, then classify: [B, T, H] and [B, T] to [B, classes]."""

    def __init__(self, hidden: int, classes: int) -> None:
        super().__init__()
        self.attention = nn.Linear(hidden, 1)
        self.hidden = nn.Linear(hidden, hidden)
        self.classes = nn.Linear(hidden, classes)

    def forward(self, tokens: Tensor, mask: Tensor) -> Tensor:
        """Logits of each text."""
        weights = self.attention(tokens).squeeze(-1).masked_fill(mask == 0, -1e4).softmax(dim=-1)
        pooled = (weights.unsqueeze(-1) * tokens).sum(dim=1)
        logits: Tensor = self.classes(nn.functional.gelu(self.hidden(pooled)))
        return logits


class ChatEncoderNetwork(nn.Module):
    """A BERT-shaped encoder with a head a task and a projection back to the original embedding space.

    ``temperature`` (one a head) divides the logits; training leaves it at 1 and calibration sets it.
    """

    def __init__(self, encoder: BertModel) -> None:
        super().__init__()
        hidden = encoder.config.hidden_size
        self.encoder = encoder
        self.heads = nn.ModuleDict(
            {task: AttentionHead(hidden, classes) for task, classes in HEAD_SIZES.items()}
        )
        self.projection = nn.Linear(hidden, hidden, bias=False)
        nn.init.eye_(self.projection.weight)
        self.temperature: Tensor
        self.register_buffer("temperature", torch.ones(len(HEAD_SIZES)))

    @classmethod
    def from_folder(cls, folder: Path) -> ChatEncoderNetwork:
        """Start from a transformers BERT folder (``config.json`` and ``model.safetensors``)."""
        config = BertConfig.from_pretrained(folder)
        config.hidden_dropout_prob = config.attention_probs_dropout_prob = 0.0
        return cls(BertModel.from_pretrained(folder, config=config, add_pooling_layer=False))

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Readings:
        """Read token ids [B, T] whose mask [B, T] is 0 at padding."""
        tokens = self.encoder(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state
        sentiment, emotion, toxicity = (
            head(tokens, attention_mask) / self.temperature[position]
            for position, head in enumerate(self.heads.values())
        )
        embedding = nn.functional.normalize(self.projection(mean_pool(tokens, attention_mask)), dim=-1)
        return Readings(sentiment, emotion, toxicity, embedding)


def mean_pool(tokens: Tensor, mask: Tensor) -> Tensor:
    """Mean of the unmasked tokens: [B, T, H] and [B, T] to [B, H]."""
    weights = mask.unsqueeze(-1).to(tokens.dtype)
    return (tokens * weights).sum(dim=1) / weights.sum(dim=1).clamp(min=1e-9)
