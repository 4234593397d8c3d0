"""A clause tells of now, in earnest or in jest; a line is read in words."""

import re

import pytest

from hikari_ml.context_memory.statement import Clause, worded


def clause(text):
    return Clause(text, 0, len(text), None, framed=False)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("I'm blind KEKW", "I'm blind lol"),
        ("I'm blind 😂 I missed", "I'm blind lol I missed"),
        ("I'm pregnant 🥰", "I'm pregnant"),
        ("I love meat KappaPride", "I love meat"),
        ("", ""),
    ],
)
def test_a_line_in_words_keeps_its_laughter(text, words):
    assert worded(text) == words


def test_who_laughs_is_not_in_earnest():
    assert clause("I'm deaf now").earnest(8)
    for text in ("I'm deaf lol", "I'm deaf, haha", "I'm deaf, jk"):
        assert clause(text).now(8)
        assert not clause(text).earnest(8)
    assert not clause("I'm deaf to reason").earnest(8)


def test_a_clause_is_matched_where_it_begins():
    found = Clause("well, I won. I left", 6, 12, None, framed=False)
    assert found.said == "I won."
    assert found.match(re.compile("i", re.IGNORECASE)).start() == 6
    assert found.match(re.compile(r"I won\. I")) is None
