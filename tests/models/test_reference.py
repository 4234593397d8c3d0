"""The seed's trio, and any classifier, in their roles; on tiny models of the same architectures."""

import numpy as np
import pytest

from hikari_ml.errors import ModelError
from hikari_ml.models.catalog import bundled_encoder
from hikari_ml.models.embedder import SentenceTransformerEmbedder
from hikari_ml.models.reference import ComposedReader, TransformersClassifier
from tests.models import tiny

TEXTS = ["i love this stream", "i hate this game", "cats and dogs", "unheard words"]


@pytest.fixture(scope="module")
def trio(tmp_path_factory):
    folder = tmp_path_factory.mktemp("trio")
    return {
        "sentiment": TransformersClassifier(str(tiny.bert_classifier(folder / "s", tiny.STARS)), "sentiment"),
        "emotion": TransformersClassifier(
            str(tiny.roberta_classifier(folder / "e", tiny.EMOTIONS)), "emotion"
        ),
        "toxicity": TransformersClassifier(
            str(tiny.bert_classifier(folder / "t", tiny.TOXICITY)), "toxicity"
        ),
    }


def test_even_stars_are_neutral(tmp_path):
    model = TransformersClassifier(str(tiny.bert_classifier(tmp_path, tiny.STARS, even=True)), "sentiment")
    for score, certainty in model.sentiment(TEXTS):
        assert score == pytest.approx(0.5, abs=1e-6)
        assert certainty == pytest.approx(0.2, abs=1e-6)


def test_one_star_is_zero_and_five_are_one(trio):
    model = trio["sentiment"]
    model.probabilities = lambda texts: np.eye(5, dtype=np.float32)
    try:
        assert [score for score, _ in model.sentiment(TEXTS)] == [0, 0.25, 0.5, 0.75, 1]
    finally:
        del model.probabilities


@pytest.mark.parametrize(
    "labels", [{0: "LABEL_0", 1: "LABEL_1"}, {0: "1 star", 1: "good"}, {0: "positive", 1: "sarcastic"}]
)
def test_labels_that_do_not_fit_the_role_are_refused_at_load(labels, tmp_path):
    with pytest.raises(ModelError, match="do not fit the sentiment role"):
        TransformersClassifier(str(tiny.bert_classifier(tmp_path, labels)), "sentiment")


def test_toxicity_needs_the_label_toxic(tmp_path):
    path = tiny.bert_classifier(tmp_path, {0: "insult", 1: "threat"})
    with pytest.raises(ModelError, match="needs a label 'toxic'"):
        TransformersClassifier(str(path), "toxicity")


def test_a_model_that_cannot_be_reached_says_what_to_do():
    with pytest.raises(ModelError, match="local folder"):
        TransformersClassifier("nobody/has-this-model", "emotion")


def test_other_spellings_of_labels_are_understood(tmp_path):
    labels = {0: "Anger", 1: "happy", 2: "sad", 3: "neutral"}
    model = TransformersClassifier(str(tiny.bert_classifier(tmp_path, labels)), "emotion")
    rows = model.named(TEXTS, tuple(tiny.EMOTIONS.values()))
    assert rows.shape == (4, 7)
    assert rows.sum(axis=1) == pytest.approx(np.ones(4), abs=1e-5)
    assert (rows[:, 1] == 0).all(), "a label the model lacks is 0"


def test_batches_and_single_texts_agree(trio):
    together = trio["emotion"].probabilities(TEXTS)
    alone = np.concatenate([trio["emotion"].probabilities([text]) for text in TEXTS])
    assert together == pytest.approx(alone, abs=1e-5)


def test_answers_keep_the_order_of_the_texts_whatever_shares_a_batch(tmp_path):
    model = TransformersClassifier(
        str(tiny.bert_classifier(tmp_path, tiny.EMOTIONS)), "emotion", batch_size=2
    )
    texts = [" ".join(tiny.WORDS[:n]) for n in (9, 1, 7, 2, 5)]
    alone = np.concatenate([model.probabilities([text]) for text in texts])
    assert model.probabilities(texts) == pytest.approx(alone, abs=1e-5)
    assert len(np.unique(alone.round(6), axis=0)) == len(texts)


def test_the_composed_reader_takes_each_answer_from_its_model(trio):
    bundled = bundled_encoder()
    reader = ComposedReader(bundled, trio)
    readings = reader.read(TEXTS)
    assert [r.sentiment for r in readings] == pytest.approx(
        [s for s, _ in trio["sentiment"].sentiment(TEXTS)]
    )
    assert readings[0].toxicity == pytest.approx(tuple(trio["toxicity"].probabilities(TEXTS[:1])[0]))
    assert sum(readings[1].emotion) == pytest.approx(1, abs=1e-5)
    assert np.array_equal(readings[0].embedding, bundled.read(TEXTS[:1])[0].embedding)
    assert reader.embedding_id == bundled.embedding_id
    assert reader.model_id != bundled.model_id
    assert reader.languages["emotion"] == {"en"}
    assert reader.read([]) == []


def test_a_role_left_out_is_read_by_the_bundled_model(trio):
    bundled = bundled_encoder()
    reader = ComposedReader(bundled, {"emotion": trio["emotion"]})
    (reading,), (own,) = reader.read(TEXTS[:1]), bundled.read(TEXTS[:1])
    assert reading.sentiment == own.sentiment
    assert reading.toxicity == own.toxicity
    assert reading.emotion != own.emotion


def test_an_embedder_changes_the_identity_of_the_vectors(tmp_path):
    embedder = SentenceTransformerEmbedder(str(tiny.sentence_transformer(tmp_path)))
    reader = ComposedReader(bundled_encoder(), {}, embedder)
    assert reader.dim == 32
    assert reader.embedding_id == embedder.model_id
    assert reader.read(TEXTS)[2].embedding.shape == (32,)
