"""Models are named, and a name that means nothing is refused before anything loads."""

import pytest
import torch

from hikari_ml.config import ModelChoice, Settings
from hikari_ml.errors import InputError, ModelError, ModelMissingError
from hikari_ml.models.catalog import BUNDLED_PATH, bundled_encoder, check_models, open_embedder, open_reader
from tests.models import tiny


@pytest.mark.parametrize("models", ["bundled", "reference", {}])
def test_names_that_mean_something(models):
    assert check_models(models) == models


def test_a_role_takes_a_name_or_a_table():
    table = {"source": "z", "device": "cuda", "dtype": "bfloat16", "batch_size": 8}
    found = check_models({"embedding": "y", "toxicity": table, "emotion": ModelChoice(source="x")})
    assert found["embedding"] == ModelChoice(source="y")
    assert found["toxicity"] == ModelChoice(**table)
    assert found["emotion"].batch_size == 32


def test_models_can_be_chosen_in_the_settings(tmp_path):
    emotion = str(tiny.roberta_classifier(tmp_path / "e", tiny.EMOTIONS))
    settings = Settings(sentiment={"models": {"emotion": {"source": emotion, "dtype": "bfloat16"}}})
    reader = open_reader(check_models(settings.sentiment.models))
    assert reader.model_id.startswith("composed:")
    assert sum(reader.read(["i love this"])[0].emotion) == pytest.approx(1, abs=0.02)


def test_a_device_that_is_not_there_is_a_named_error(tmp_path):
    if not torch.cuda.is_available():
        with pytest.raises(ModelError, match="choose device cpu"):
            bundled_encoder(device="cuda")
    toxicity = tiny.bert_classifier(tmp_path / "t", tiny.TOXICITY)
    with pytest.raises(ModelError, match="cannot run on 'nowhere'"):
        open_reader({"toxicity": {"source": str(toxicity), "device": "nowhere"}})
    vectors = tiny.sentence_transformer(tmp_path / "v")
    with pytest.raises(ModelError, match="cannot be loaded"):
        open_reader({"embedding": {"source": str(vectors), "device": "nowhere"}})


@pytest.mark.parametrize(
    "models",
    [
        "gpt",
        None,
        7,
        {"smell": "x"},
        {"emotion": 3},
        ["bundled"],
        {"emotion": ""},
        {"emotion": {"device": "cpu"}},
        {"emotion": {"source": "x", "batch_size": 0}},
        {"emotion": {"source": "x", "size": 1}},
    ],
)
def test_names_that_mean_nothing(models):
    with pytest.raises(InputError, match="models"):
        check_models(models)


def test_a_mapping_opens_what_it_names(tmp_path):
    emotion = tiny.roberta_classifier(tmp_path / "e", tiny.EMOTIONS)
    vectors = tiny.sentence_transformer(tmp_path / "v")
    reader = open_reader({"emotion": str(emotion), "embedding": str(vectors)})
    assert reader.dim == 32
    assert reader.model_id.startswith("composed:")


def test_the_reference_trio_needs_its_weights():
    with pytest.raises(ModelError, match="nlptown"):
        open_reader("reference")


def test_the_reference_trio_opens_when_its_weights_are_there(tmp_path, monkeypatch):
    found = {
        "sentiment": str(tiny.bert_classifier(tmp_path / "s", tiny.STARS)),
        "emotion": str(tiny.roberta_classifier(tmp_path / "e", tiny.EMOTIONS)),
        "toxicity": str(tiny.bert_classifier(tmp_path / "t", tiny.TOXICITY)),
    }
    monkeypatch.setattr("hikari_ml.models.reference.TRIO", found)
    (reading,) = open_reader("reference").read(["i love this"])
    assert 0 <= reading.sentiment <= 1


def test_a_file_of_ones_own_can_be_opened(tmp_path):
    copy = tmp_path / "mine.onnx"
    copy.write_bytes(BUNDLED_PATH.read_bytes())
    reader = open_reader(check_models(str(copy)))
    assert reader.model_id == bundled_encoder().model_id
    with pytest.raises(ModelMissingError, match="nothing"):
        open_reader(check_models(tmp_path / "nothing.onnx"))


def test_what_makes_the_vectors_of_a_memory_is_the_bundled_model_or_one_by_name(tmp_path):
    assert open_embedder("bundled") is bundled_encoder()
    with pytest.raises(ModelError):
        open_embedder(str(tmp_path / "nothing"))
