"""Rows: every text comes back, words of any length fit an index."""

import numpy as np
from hypothesis import given as drawn
from hypothesis import strategies as st

from hikari_ml.context_memory.postgres.rows import counted, digest, given, node, stored, term, vector_text


@drawn(st.text(st.sampled_from("a\0\uffff01é")))
def test_every_text_comes_back_and_none_has_a_nul(text):
    assert "\0" not in stored(text)
    assert given(stored(text)) == text


@drawn(st.text(st.sampled_from("a\0\uffff01")), st.text(st.sampled_from("a\0\uffff01")))
def test_two_texts_never_become_one(one, other):
    assert (stored(one) == stored(other)) == (one == other)


def test_long_words_are_short_and_still_tell_apart():
    assert term("cat") == "cat"
    assert len(term("x" * 10_000)) < 40
    assert term("x" * 10_000) != term("x" * 10_001)
    assert counted("cats and a cat") == {"cat": 2}


def test_names_are_nodes_whatever_their_case():
    assert node("STRASSE") == node("straße")
    assert len(digest("x" * 100_000)) == 16


def test_a_vector_is_written_to_the_last_bit():
    row = np.random.default_rng(1).normal(size=8).astype(np.float32)
    read = np.array([float(number) for number in vector_text(row)[1:-1].split(",")], np.float32)
    assert (read == row).all()
