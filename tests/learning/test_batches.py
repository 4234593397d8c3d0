"""Batches hold every example once, alike in length."""

from random import Random

import pytest
import torch
from tokenizers import Tokenizer

from hikari_ml.learning.batches import batches, encode
from hikari_ml.learning.examples import Example
from tests.models import tiny


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tokenizer")
    tiny.save_tokenizer(folder)
    return Tokenizer.from_file(str(folder / "tokenizer.json"))


def examples(count=50):
    return [Example("i love " * (1 + i % 9), sentiment=i % 3) for i in range(count)]


def test_texts_are_cut_and_not_padded(tokenizer):
    ids = encode(tokenizer, ["i love this", "i " * 100], 10)
    assert [len(row) for row in ids] == [5, 10]


@pytest.mark.parametrize("rng", [None, Random(3)])
def test_every_example_once(tokenizer, rng):
    some = examples()
    tokens = encode(tokenizer, [e.text for e in some], 32)
    found = list(batches(some, tokens, 8, rng))
    assert sum(len(batch.sentiment) for batch in found) == 50
    counts = torch.bincount(torch.cat([batch.sentiment for batch in found]))
    assert counts.tolist() == [17, 17, 16]


def test_padding_is_masked(tokenizer):
    some = examples(5)
    (batch,) = batches(some, encode(tokenizer, [e.text for e in some], 32), 8, None)
    assert batch.input_ids.shape == batch.attention_mask.shape
    assert (batch.input_ids[batch.attention_mask == 0] == 0).all()
    assert batch.attention_mask.sum(dim=1).tolist() == [4, 6, 8, 10, 12]


def test_a_seed_is_an_order(tokenizer):
    some = examples(200)
    tokens = encode(tokenizer, [e.text for e in some], 32)
    one, same, other = (list(batches(some, tokens, 8, Random(seed))) for seed in (1, 1, 2))
    assert all(torch.equal(a.input_ids, b.input_ids) for a, b in zip(one, same, strict=True))
    assert any(
        a.input_ids.shape != b.input_ids.shape or not torch.equal(a.sentiment, b.sentiment)
        for a, b in zip(one, other, strict=True)
    )
