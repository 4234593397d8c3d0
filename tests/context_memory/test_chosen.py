"""The models of a memory: those that the settings name, and no other is loaded."""

import pytest

from hikari_ml import Settings
from hikari_ml.context_memory.chosen import Chosen
from hikari_ml.errors import ModelError
from hikari_ml.models import catalog
from hikari_ml.models.catalog import bundled_encoder
from tests.models import tiny


def test_without_a_word_it_is_the_bundled_model_and_sentences_of_the_memories():
    found = Chosen.load(Settings())
    assert found.embedder is bundled_encoder()
    assert found.summarizer.method == "extractive"
    assert [entity.text for entity in found.entities.find("I saw Paris in June")]


def test_the_bundled_model_is_not_loaded_where_another_is_configured(tmp_path, monkeypatch):
    model = tiny.sentence_transformer(tmp_path / "st")
    monkeypatch.setattr(catalog, "bundled_encoder", None)
    found = Chosen.load(Settings(memory={"embedder": str(model)}))
    assert found.embedder.model_id == f"sentence-transformers:{model}"


def test_a_t5_model_summarises_where_it_is_named(tmp_path):
    settings = Settings(memory={"summarizer": str(tiny.t5(tmp_path / "t5"))})
    assert Chosen.load(settings).summarizer.method == "t5"


@pytest.mark.parametrize("role", ["summarizer", "embedder"])
def test_a_model_that_is_named_and_not_there_is_an_error(role, tmp_path):
    with pytest.raises(ModelError, match="nothing"):
        Chosen.load(Settings(memory={role: str(tmp_path / "nothing")}))
