"""The network reads each text for itself, and its heads do not touch the embedding."""

import pytest
import torch

from hikari_ml.models.network import AttentionHead, ChatEncoderNetwork, mean_pool
from tests.models import tiny


@pytest.fixture(scope="module")
def network(tmp_path_factory):
    return ChatEncoderNetwork.from_folder(tiny.bert_encoder(tmp_path_factory.mktemp("bert"))).eval()


def test_shapes(network):
    readings = network(torch.randint(6, 20, (3, 7)), torch.ones(3, 7, dtype=torch.int64))
    assert [tuple(part.shape) for part in readings] == [(3, 3), (3, 7), (3, 6), (3, 32)]
    assert torch.allclose(readings.embedding.norm(dim=-1), torch.ones(3), atol=1e-5)


def test_padding_changes_nothing(network):
    ids = torch.randint(6, 20, (1, 5))
    padded = torch.cat([ids, torch.zeros(1, 4, dtype=torch.int64)], dim=1)
    mask = torch.tensor([[1] * 5 + [0] * 4])
    alone, with_padding = network(ids, torch.ones_like(ids)), network(padded, mask)
    for one, other in zip(alone, with_padding, strict=True):
        assert torch.allclose(one, other, atol=1e-5)


def test_at_first_the_embedding_is_the_mean_of_the_encoder(network):
    ids = torch.randint(6, 20, (2, 6))
    mask = torch.ones_like(ids)
    states = network.encoder(input_ids=ids, attention_mask=mask).last_hidden_state
    mean = torch.nn.functional.normalize(mean_pool(states, mask), dim=-1)
    assert torch.allclose(network(ids, mask).embedding, mean, atol=1e-5)


def test_temperature_divides_the_logits(network):
    ids = torch.randint(6, 20, (2, 6))
    before = network(ids, torch.ones_like(ids)).emotion
    network.temperature[1] = 2.0
    after = network(ids, torch.ones_like(ids)).emotion
    network.temperature[1] = 1.0
    assert torch.allclose(after * 2, before, atol=1e-5)


def test_a_head_ignores_what_is_masked():
    head = AttentionHead(8, 3)
    tokens, mask = torch.randn(1, 4, 8), torch.tensor([[1, 1, 0, 0]])
    other = tokens.clone()
    other[:, 2:] = 99
    assert torch.allclose(head(tokens, mask), head(other, mask), atol=1e-5)
