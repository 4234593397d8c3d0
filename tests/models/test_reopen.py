"""What ships can be trained on: the weights in it are those that went in, as int8 has rounded them."""

from dataclasses import replace

import onnx
import pytest
import torch

from hikari_ml.errors import InputError
from hikari_ml.learning.export import export
from hikari_ml.learning.trainer import Trainer, TrainingPlan
from hikari_ml.models.catalog import BUNDLED_PATH
from hikari_ml.models.network import ChatEncoderNetwork
from hikari_ml.models.reopen import reopen
from tests.learning.test_export import ABOUT
from tests.learning.test_trainer import examples, weights
from tests.models import tiny

STEPS = 127
"""int8 parts the range of a weight into this many steps each way; a column has a range of its own."""


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    return tiny.bert_encoder(tmp_path_factory.mktemp("base"))


@pytest.fixture(scope="module")
def network(base):
    """As after training: no two weights are alike any more, which the exporter would write once."""
    torch.manual_seed(3)
    network = ChatEncoderNetwork.from_folder(base).eval()
    for value in network.parameters():
        value.data += 0.1 * torch.randn_like(value)
    network.temperature.copy_(torch.tensor([1.3, 1.0, 0.8]))
    return network


@pytest.fixture(scope="module")
def path(network, base, tmp_path_factory):
    path = tmp_path_factory.mktemp("file") / "model.onnx"
    export(network, base, path, ABOUT)
    return path


def test_every_weight_comes_back_within_a_step(network, path):
    found, put = reopen(path), network.state_dict()
    assert found.keys() == put.keys()
    for name, value in found.items():
        assert value.shape == put[name].shape, name
        assert (value - put[name]).abs().max() <= put[name].abs().max() / STEPS, name


def test_the_bundled_model_fits_the_network():
    found = reopen(BUNDLED_PATH)
    assert found["encoder.embeddings.word_embeddings.weight"].shape == (30522, 384)
    assert found["heads.sentiment.classes.weight"].shape == (3, 384)
    assert found["embedding.weight"].shape == (384, 7 * 384)


def test_training_goes_on_from_it(base, path, tmp_path):
    still = TrainingPlan(epochs=1, batch_size=8, max_tokens=16, learning_rate=0.0, head_learning_rate=0.0)
    after = Trainer(still, base, tmp_path / "still", path).run(examples())
    found = reopen(path) | {"temperature": torch.ones(3)}
    given = ChatEncoderNetwork.from_folder(base)
    given.load_state_dict(found)
    assert torch.allclose(weights(after), weights(given), atol=1e-6)
    moved = Trainer(replace(still, learning_rate=1e-3), base, tmp_path / "moved", path).run(examples())
    assert not torch.allclose(weights(moved), weights(given), atol=1e-4)


@pytest.mark.parametrize("what", ["missing", "broken", "another", "newer"])
def test_what_is_no_exported_model_is_named(what, path, tmp_path):
    file = tmp_path / "model.onnx"
    if what == "broken":
        file.write_bytes(b"no model")
    elif what == "another":
        graph = onnx.helper.make_graph([], "empty", [], [])
        onnx.save(onnx.helper.make_model(graph), file)
    elif what == "newer":
        model = onnx.load(path)
        (about,) = model.metadata_props
        about.value = about.value.replace('"format": 1', '"format": 99')
        onnx.save(model, file)
    with pytest.raises(InputError, match="start"):
        reopen(file)
