"""Which hits of a search have to do with what was asked."""

import pytest

from hikari_ml.cli.memory_tables import relevant
from hikari_ml.context_memory.recall import RELEVANT


@pytest.mark.parametrize(
    ("why", "about"),
    [
        ({"meaning": RELEVANT, "words": None}, True),
        ({"meaning": RELEVANT - 0.01, "words": None}, False),
        ({"meaning": 0.1, "words": 2.5}, True),
        ({"meaning": None, "words": None, "answers": 0.4}, True),
        ({"meaning": None, "words": None, "meaning_window": 0.9, "named": 1.0}, False),
        ({}, False),
    ],
)
def test_a_hit_is_about_it_by_meaning_by_a_word_or_as_an_answer(why, about):
    assert relevant({"why": why}) is about
