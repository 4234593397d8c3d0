"""Every embedder gives rows of length 1 under a name; one contract for both."""

import numpy as np
import pytest

from hikari_ml.errors import ModelError
from hikari_ml.models.catalog import bundled_encoder
from hikari_ml.models.embedder import SentenceTransformerEmbedder
from tests.models import tiny


@pytest.fixture(scope="module", params=["bundled", "sentence-transformers"])
def embedder(request, tmp_path_factory):
    if request.param == "bundled":
        return bundled_encoder()
    return SentenceTransformerEmbedder(str(tiny.sentence_transformer(tmp_path_factory.mktemp("st"))))


def test_rows_have_length_one(embedder):
    vectors = embedder.embed(["i love this stream", "cats"])
    assert vectors.shape == (2, embedder.dim)
    assert vectors.dtype == np.float32
    assert np.linalg.norm(vectors, axis=1) == pytest.approx([1, 1], abs=1e-4)


def test_the_same_text_has_the_same_row(embedder):
    one, other = embedder.embed(["i love this stream", "i love this stream"])
    assert np.allclose(one, other)


def test_no_text_is_no_row(embedder):
    assert embedder.embed([]).shape == (0, embedder.dim)


def test_it_has_a_name(embedder):
    assert embedder.model_id


def test_a_model_that_is_not_there_is_a_named_error(tmp_path):
    with pytest.raises(ModelError, match="cannot be loaded"):
        SentenceTransformerEmbedder(str(tmp_path / "nothing"))
