import pytest

from hikari_ml.pipeline.advice import CLOSE, advise, is_close


def advised(tone="casual", priority="low", memories=(), **insights):
    heard = {"response_recommendation": {"tone": tone, "priority": priority, "reasons": ["calm"]}}
    found = {"features": {}, "recommendations": [], **insights}
    advice = advise(heard, [{"why": why} for why in memories], found)
    assert heard["response_recommendation"]["reasons"] == ["calm"], "it is given on, not changed"
    return advice["priority"], advice["reasons"][1:]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, ("low", [])),
        ({"memories": [{"meaning": CLOSE}]}, ("low", ["remembers"])),
        ({"memories": [{"meaning": CLOSE - 0.01}, {"words": 0.9}]}, ("low", [])),
        ({"features": {"newcomer": True}}, ("normal", ["first_message"])),
        ({"features": {"newcomer": True}, "priority": "high"}, ("high", ["first_message"])),
        ({"recommendations": ["ignore: the same line again"], "priority": "high"}, ("ignore", ["spam"])),
        (
            {"recommendations": ["ignore: a link"], "features": {"newcomer": True}, "tone": "none"},
            ("low", []),
        ),
    ],
)
def test_memory_and_analytics_add_to_the_advice(given, expected):
    assert advised(**given) == expected


def test_what_was_recalled_by_words_alone_is_not_close():
    assert is_close({"why": {"meaning": 0.9}})
    assert not is_close({"why": {"meaning": None}})
