"""Both summarizers keep to the length and say what they are; one contract for both."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hikari_ml.errors import ModelError
from hikari_ml.models.summarizer import ExtractiveSummarizer, T5Summarizer, shorten
from tests.models import tiny

TEXTS = ["i love cats", "i love dogs", "the game is good", "i love cats and dogs"]


def vectors_of(texts):
    rows = np.array(
        [[text.count(letter) + 0.1 for letter in "abcdefghijklmnop"] for text in texts], np.float32
    )
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


@pytest.fixture(scope="module", params=["extractive", "t5"])
def summarizer(request, tmp_path_factory):
    if request.param == "extractive":
        return ExtractiveSummarizer()
    return T5Summarizer(str(tiny.t5(tmp_path_factory.mktemp("t5"))))


@pytest.mark.parametrize("length", [5, 20, 60, 500])
def test_it_keeps_to_the_length(summarizer, length):
    assert len(summarizer.summarize(TEXTS, vectors_of(TEXTS), length)) <= length


def test_it_says_how_it_works(summarizer):
    assert summarizer.method in ("extractive", "t5")


def test_nothing_gives_nothing(summarizer):
    assert summarizer.summarize([], np.zeros((0, 16), np.float32), 100) == ""


def test_the_extractive_one_quotes_whole_texts_in_their_order():
    text = ExtractiveSummarizer().summarize(TEXTS, vectors_of(TEXTS), 45)
    parts = text.split(" · ")
    assert len(parts) > 1
    assert parts == sorted(parts, key=TEXTS.index)


def test_the_extractive_one_does_not_say_the_same_twice():
    texts = ["cats are great"] * 3 + ["the boss was hard"]
    text = ExtractiveSummarizer().summarize(texts, vectors_of(texts), 34)
    assert text == "cats are great · the boss was hard"


def test_a_model_that_is_not_there_is_a_named_error(tmp_path):
    with pytest.raises(ModelError, match="cannot be loaded"):
        T5Summarizer(str(tmp_path / "nothing"))


@given(st.text(max_size=80), st.integers(0, 60))
def test_a_shortened_text_fits_and_begins_the_same(text, length):
    short = shorten(text, length)
    assert len(short) <= length or short == text
    assert text.startswith(short.removesuffix("…").rstrip("…"))
