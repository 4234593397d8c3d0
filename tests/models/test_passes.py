"""The pass says the same wherever it runs, to a stated tolerance, and in the order it was asked."""

import numpy as np
import onnxruntime
import pytest
import torch

from hikari_ml.errors import ModelError
from hikari_ml.models import passes
from hikari_ml.models.catalog import BUNDLED_PATH
from hikari_ml.models.chat_encoder import ATTENTION_HEADS, ChatEncoder
from hikari_ml.models.network import ChatEncoderNetwork
from hikari_ml.models.passes import ProcessorPass, TorchPass, alike, padded
from hikari_ml.models.reopen import reopen

needs_gpu = pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no GPU")

COMPANY = 1e-5
"""Largest difference that other windows in a batch make."""

QUANTISED = 0.12
"""Largest difference in a probability between int8 and float32 activations, on the lines below."""

SAME_MEANING = 0.98
"""Least cosine between both embeddings of a line."""

LINES = [
    "gg",
    "I love this so much!",
    "you are such an idiot",
    "what time is it?",
    "this is terrible, I hate it",
    "the raid starts at nine and everybody should bring food and potions, we will be in there for a while",
    "so proud of you for finishing that without a single hit",
]


@pytest.fixture(scope="module")
def network():
    return ChatEncoderNetwork.from_weights(reopen(BUNDLED_PATH), ATTENTION_HEADS)


@pytest.fixture(scope="module")
def windows():
    encoder = ChatEncoder.load(BUNDLED_PATH, sha256=None, threads=1)
    return [window for line in LINES for window in encoder._form(line).windows]


@pytest.fixture(scope="module")
def in_int8(windows):
    session = onnxruntime.InferenceSession(BUNDLED_PATH, providers=["CPUExecutionProvider"])
    return ProcessorPass(session)(windows)


def assert_near(ones, others, most):
    for one, other in zip(ones, others, strict=True):
        for part, counterpart in zip(one, other, strict=True):
            assert part.shape == counterpart.shape
            assert np.abs(part - counterpart).max() <= most


def assert_same_reading(ones, others):
    for one, other in zip(ones, others, strict=True):
        assert_near([one[:3]], [other[:3]], QUANTISED)
        assert one.sentiment.argmax() == other.sentiment.argmax()
        assert one.embedding @ other.embedding >= SAME_MEANING


def test_torch_reads_as_the_file_does(network, windows, in_int8):
    assert_same_reading(TorchPass(network, "cpu")(windows), in_int8)


def test_company_makes_no_difference(network, windows):
    run = TorchPass(network, "cpu")
    alone = [said for window in windows for said in run([window])]
    assert_near(run(windows), alone, COMPANY)
    assert_near(run(windows[::-1])[::-1], alone, COMPANY)


def test_no_windows_are_no_answers(network):
    assert TorchPass(network, "cpu")([]) == []


def test_groups_are_of_alike_length_and_bounded(monkeypatch):
    monkeypatch.setattr(passes, "BATCH_TOKENS", 12)
    windows = [[1] * size for size in (5, 2, 3, 12, 2, 4)]
    groups = list(alike(windows))
    assert sorted(at for group in groups for at in group) == list(range(len(windows)))
    lengths = [[len(windows[at]) for at in group] for group in groups]
    assert lengths == [[2, 2, 3], [4, 5], [12]]


def test_padding_is_masked():
    ids, mask = padded([[7, 8], [9]])
    assert ids.tolist() == [[7, 8], [9, 0]]
    assert mask.tolist() == [[1, 1], [1, 0]]


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_without_a_gpu_it_is_said_what_to_do():
    with pytest.raises(ModelError, match="choose device cpu"):
        ChatEncoder.load(BUNDLED_PATH, sha256=None, threads=1, device="cuda")


@needs_gpu
def test_a_gpu_reads_as_the_processor_does():
    on_cpu = ChatEncoder.load(BUNDLED_PATH, sha256=None, threads=1)
    on_gpu = ChatEncoder.load(BUNDLED_PATH, sha256=None, threads=1, device="cuda")
    for one, other in zip(on_cpu.read(LINES), on_gpu.read(LINES), strict=True):
        assert one.sentiment == pytest.approx(other.sentiment, abs=0.25)
        assert np.abs(np.subtract(one.toxicity, other.toxicity)).max() <= QUANTISED
        assert one.embedding @ other.embedding >= SAME_MEANING


@needs_gpu
def test_a_gpu_says_what_torch_says_on_the_processor(network, windows):
    on_cpu = TorchPass(network, "cpu")(windows)
    on_gpu = passes.on_gpu(BUNDLED_PATH, ATTENTION_HEADS, "bundled")(windows)
    assert_near(on_gpu, on_cpu, 1e-3)
