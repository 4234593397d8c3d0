"""After training the embedding still says what the original encoder's said."""

import random

import pytest
import torch

from hikari_ml.learning.examples import Example
from hikari_ml.learning.retention import fit_embedding
from hikari_ml.models.network import ChatEncoderNetwork
from tests.models import tiny


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    return tiny.bert_encoder(tmp_path_factory.mktemp("base"))


@pytest.fixture(scope="module")
def examples():
    rng = random.Random(3)
    return [Example(" ".join(rng.sample(tiny.WORDS, rng.randint(2, 6)))) for _ in range(400)]


def test_a_changed_encoder_is_mapped_back(base, examples):
    network = ChatEncoderNetwork.from_folder(base)
    torch.manual_seed(0)
    last = network.encoder.encoder.layer[-1]
    for weights in last.parameters():
        weights.data += 0.2 * torch.randn_like(weights)
    found = fit_embedding(network, base, examples, 16)
    assert found.texts == 360
    ids = torch.randint(6, 20, (8, 6))
    mask = torch.ones_like(ids)
    original = ChatEncoderNetwork.from_folder(base)(ids, mask).embedding
    drifted = ChatEncoderNetwork(network.encoder)(ids, mask).embedding
    mapped = network(ids, mask).embedding
    near = (mapped * original).sum(-1).mean().item()
    assert near > (drifted * original).sum(-1).mean().item()
    assert found.cosine > 0.8


def test_an_encoder_that_did_not_change_loses_little(base, examples):
    network = ChatEncoderNetwork.from_folder(base)
    assert fit_embedding(network, base, examples, 16).cosine > 0.9
