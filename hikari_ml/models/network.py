"""The chat model as a torch network: one small encoder, three heads and the sentence embedding.

It is what is trained, and what runs on a GPU.

Each head pools the encoder's last layer by an attention of its own. The embedding is a linear map of the mean
of every layer: the lower layers still hold what training on the tasks takes from the last.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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

EMBEDDINGS: Final = "encoder.embeddings"


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
    """A BERT-shaped encoder with a head a task and a map from all its layers to the original embedding space.

    ``temperature`` (one a head) divides the logits; training leaves it at 1 and calibration sets it.
    """

    def __init__(self, encoder: BertModel) -> None:
        super().__init__()
        hidden = encoder.config.hidden_size
        self.encoder = encoder
        self.heads = nn.ModuleDict(
            {task: AttentionHead(hidden, classes) for task, classes in HEAD_SIZES.items()}
        )
        layers = encoder.config.num_hidden_layers + 1
        self.embedding = nn.Linear(layers * hidden, hidden)
        nn.init.zeros_(self.embedding.bias)
        nn.init.zeros_(self.embedding.weight)
        nn.init.eye_(self.embedding.weight[:, -hidden:])
        self.temperature: Tensor
        self.register_buffer("temperature", torch.ones(len(HEAD_SIZES)))

    @classmethod
    def from_folder(cls, folder: Path, *, dropout: float = 0.0) -> ChatEncoderNetwork:
        """Start from a transformers BERT folder (``config.json`` and ``model.safetensors``).

        ``dropout`` is that of the token states while training; attention weights are never dropped.
        """
        config = BertConfig.from_pretrained(folder)
        config.hidden_dropout_prob, config.attention_probs_dropout_prob = dropout, 0.0
        return cls(BertModel.from_pretrained(folder, config=config, add_pooling_layer=False))

    @classmethod
    def from_weights(cls, weights: Mapping[str, Tensor], attention_heads: int) -> ChatEncoderNetwork:
        """The network whose state dict ``weights`` is; all of its shape but the heads shows there."""
        vocabulary, hidden = weights[f"{EMBEDDINGS}.word_embeddings.weight"].shape
        config = BertConfig(
            vocab_size=vocabulary,
            hidden_size=hidden,
            num_hidden_layers=weights["embedding.weight"].shape[1] // hidden - 1,
            num_attention_heads=attention_heads,
            intermediate_size=weights["encoder.encoder.layer.0.intermediate.dense.weight"].shape[0],
            max_position_embeddings=weights[f"{EMBEDDINGS}.position_embeddings.weight"].shape[0],
        )
        network = cls(BertModel(config, add_pooling_layer=False))
        network.load_state_dict(weights)
        return network.eval()

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Readings:
        """Read token ids [B, T] whose mask [B, T] is 0 at padding."""
        layers = self.layers(input_ids, attention_mask)
        sentiment, emotion, toxicity = (
            head(layers[-1], attention_mask) / self.temperature[position]
            for position, head in enumerate(self.heads.values())
        )
        embedding = self.embedding(pooled(layers, attention_mask))
        return Readings(sentiment, emotion, toxicity, nn.functional.normalize(embedding, dim=-1))

    def layers(self, input_ids: Tensor, attention_mask: Tensor) -> tuple[Tensor, ...]:
        """The token states [B, T, H] below, between and above the encoder's layers."""
        states: tuple[Tensor, ...] = self.encoder(
            input_ids=input_ids, attention_mask=attention_mask, output_hidden_states=True
        ).hidden_states
        return states


def pooled(layers: Sequence[Tensor], mask: Tensor) -> Tensor:
    """The mean of each of L layers side by side: L of [B, T, H] and [B, T] to [B, L * H]."""
    return torch.cat([mean_pool(states, mask) for states in layers], dim=-1)


def mean_pool(tokens: Tensor, mask: Tensor) -> Tensor:
    """Mean of the unmasked tokens: [B, T, H] and [B, T] to [B, H]."""
    weights = mask.unsqueeze(-1).to(tokens.dtype)
    return (tokens * weights).sum(dim=1) / weights.sum(dim=1).clamp(min=1e-9)
