"""Keywords are the content words of a line."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hikari_ml.text.keywords import MAX_KEYWORDS, keywords


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("do you play Elden Ring with Anna?", ["play", "elden", "ring", "anna"]),
        ("lol gg chat pls", []),
        ("@anna https://example.com/minecraft", []),
        ("the the the cat", ["cat"]),
        ("顯靈啦", ["顯靈啦"]),
        ("", []),
    ],
)
def test_content_words_in_order(text, found):
    assert keywords(text) == found


def test_stop_words_of_the_language_go():
    assert keywords("das ist eine schöne katze", "de") == ["schöne", "katze"]


@given(st.text(max_size=300))
def test_few_different_and_folded(text):
    found = keywords(text)
    assert len(found) <= MAX_KEYWORDS
    assert len(set(found)) == len(found)
    assert all(word == word.casefold() for word in found)


def test_contractions_are_stop_words_or_their_first_part():
    assert keywords("I'm sure it's Anna's fault, don't you think they’ll crash") == [
        "sure",
        "anna",
        "fault",
        "crash",
    ]


def test_drawn_out_letters_are_shortened():
    assert keywords("awwwww so cuteeeee, coooool cat, buzz") == ["cute", "cool", "cat", "buzz"]
    assert keywords("蹦蹦蹦") == ["蹦蹦蹦"]
