"""What is measured of a message."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hikari_ml.realtime_analytics.features import CHORUS_LINES, NUMERIC, measure
from tests.support import at


def measured(text, own_rate=0):
    return measure("anna", text, at(0), None, (), own_rate)


@given(st.text(st.characters(codec=None), max_size=300))
def test_every_number_is_finite_and_shares_are_shares(text):
    message = measured(text)
    assert len(message.vector()) == len(NUMERIC)
    assert all(math.isfinite(number) for number in message.vector())
    for share in (message.caps, message.symbols, message.repetition):
        assert 0 <= share <= 1
    assert message.mood is None or 0 <= message.mood <= 1


@pytest.mark.parametrize(
    ("text", "name", "value"),
    [
        ("HELLO THERE", "caps", 1.0),
        ("hello", "caps", 0.0),
        ("spam spam spam spam", "repetition", 0.75),
        ("LUL LUL hi", "emotes", 2),
        ("see https://x.com and www.y.de", "links", 2),
        ("Buy followers at bigfollows.com/12345 now", "links", 1),
        ("bigfollows.com", "links", 1),
        ("cheap-views.co.uk, (twitch.tv/mika)", "links", 2),
        ("https://bigfollows.com/ WWW.BIGFOLLOWS.COM BigFollows.Com", "links", 3),
        ("discord.gg/abc youtu.be/abc t.me/abc", "links", 3),
        ("nice.that was 3.5, e.g. a lot ok...next", "links", 0),
        ("close.gg ok.no wait.so... go.to/ bed", "links", 0),
        ("mika@bigfollows.com a..com .com", "links", 0),
        ("@anna @ben hi", "mentions", 2),
        ("what is this?", "question", True),
        ("???", "question", False),
        ("", "length", 0.0),
    ],
)
def test_plain_cases(text, name, value):
    assert getattr(measured(text), name) == pytest.approx(value)


def test_mood_comes_from_the_lexicons_without_an_analysis():
    assert measured("this is wonderful").mood > 0.6
    assert measured("😡").mood < 0.3
    assert measured("the table").mood is None


def test_caps_of_emotes_are_no_shouting():
    assert measured("PogChamp LUL").caps == 0


def test_who_is_spoken_to():
    assert measured("@ben hi").engages
    assert measured("why?").engages
    assert not measured("lol").engages


def test_a_short_line_may_be_one_of_a_chorus():
    for text, line in (
        ("GG", "gg"),
        ("W!", "w"),
        ("gg  wp", "gg wp"),
        ("GG PogChamp", "gg"),
        ("PogChamp", ""),
    ):
        assert measured(text).chorus == line
    for text in ("what a great play", "@ben hi", "https://qux.example", "!join", "q" * 30 + "uxabcd" * 5):
        assert measured(text).chorus == "", text


def test_somebody_alone_is_no_chorus():
    assert measured("gg", own_rate=CHORUS_LINES - 1).chorus == "gg"
    assert measured("gg", own_rate=CHORUS_LINES).chorus == ""
