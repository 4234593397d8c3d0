"""The file that ships says what the network says, within a stated tolerance."""

import json

import numpy as np
import onnxruntime
import pytest
import torch

from hikari_ml.learning.export import export, export_exact
from hikari_ml.models.chat_encoder import FORMAT, METADATA_KEY, ChatEncoder
from hikari_ml.models.network import ChatEncoderNetwork
from hikari_ml.models.passes import OUTPUTS
from tests.models import tiny

EXACT = 1e-5
"""Largest difference of a float32 file from torch."""

SMALL = 0.05
"""Largest difference of an int8 file from torch, on a network that was never trained for it."""

ABOUT = {
    "name": "tiny",
    "languages": {"sentiment": ["en"], "emotion": ["en"], "toxicity": ["en"]},
    "max_tokens": 32,
}
SHAPES = [(1, 3), (1, 9), (2, 5), (5, 17)]


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    return tiny.bert_encoder(tmp_path_factory.mktemp("base"))


@pytest.fixture(scope="module")
def network(base):
    return ChatEncoderNetwork.from_folder(base).eval()


def torch_says(network, ids):
    with torch.inference_mode():
        found = network(torch.from_numpy(ids), torch.ones(ids.shape, dtype=torch.int64))
    return [found.sentiment.softmax(-1), found.emotion.sigmoid(), found.toxicity.sigmoid(), found.embedding]


def file_says(path, ids):
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    return session.run(OUTPUTS, {"input_ids": ids, "attention_mask": np.ones_like(ids)})


@pytest.fixture(scope="module")
def files(network, base, tmp_path_factory):
    folder = tmp_path_factory.mktemp("files")
    export_exact(network, folder / "exact.onnx")
    export(network, base, folder / "small.onnx", ABOUT)
    return folder / "exact.onnx", folder / "small.onnx"


@pytest.mark.parametrize("shape", SHAPES)
def test_both_files_agree_with_torch(network, files, shape):
    ids = np.random.default_rng(0).integers(6, 20, shape)
    for path, tolerance in zip(files, (EXACT, SMALL), strict=True):
        for ours, theirs in zip(file_says(path, ids), torch_says(network, ids), strict=True):
            assert np.abs(ours - theirs.numpy()).max() < tolerance


def test_different_texts_have_different_answers(files):
    for path in files:
        one, other = (file_says(path, np.array([row]))[0] for row in ([2, 6, 7, 3], [2, 8, 9, 3]))
        assert not np.allclose(one, other, atol=1e-6)


def test_the_file_holds_everything_it_needs(files, base):
    encoder = ChatEncoder.load(files[1], sha256=None, threads=1)
    assert encoder.name == "tiny"
    assert encoder.dim == 32
    assert encoder.languages["toxicity"] == {"en"}
    (reading,) = encoder.read(["i love this stream"])
    assert 0 <= reading.sentiment <= 1
    assert encoder.read([" ".join(tiny.WORDS) * 40])[0].truncated
    session = onnxruntime.InferenceSession(files[1], providers=["CPUExecutionProvider"])
    about = json.loads(session.get_modelmeta().custom_metadata_map[METADATA_KEY])
    assert about["format"] == FORMAT


def test_the_file_does_not_tell_where_it_was_made(files):
    assert b".py" not in files[1].read_bytes()


def test_small_is_small(files):
    assert files[1].stat().st_size < files[0].stat().st_size
