"""A disguised word is read as it is meant, and an innocent one as it is written."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hikari_ml.text.disguise import LOOKALIKES, undisguised

WORDS = frozenset(
    "hate death you women trans dead shit asshole nice idiot stupid head ahead wine win kappa fuck hello "
    "people trash kill class ass hit tit cock penis cum con rap rape analyst".split()
)

INNOCENT = """
    Scunthorpe Penistone Lightwater Cockburn Arsenal Essex Middlesex Sussex Clitheroe Shitake class
    assassin bass grass passage embarrass cassette assume titan title constitution institute competition
    analysis analyst therapist grape drape scrape cucumber document circumstance accumulate peacock
    cocktail hancock shuttlecock dickens dickson mishit swastika Matsushita Hitchcock basement glassware
    hello1 1v1 5v5 gr8 m8 l8r b2b b4 2day 4k 1080p 60fps mp3 mp4 rtx3080 gtx1080ti i5 i9-9900k c4 ak47
    m4a1 h1z1 p90x ps5 x0x0 u2 s10 covid19 100k 10/10 3am 9pm 24/7 50/50 user123 player1 win3 4Head
    4head 5head 10k$ $100 +1 -1 @anna a@b.com c++ c# f(x) <3 :3 ^^ !!! ??? +rep sha256 a1b2c3 deadbeef42
    0x7f N64 R2D2 C3PO K9 U-571 A.B.C привет γεια こんにちは 草www ¯\\_(ツ)_/¯ (ﾉ◕ヮ◕)ﾉ café
""".split()
INNOCENT += ["gg e z", "a b c d", "I a m", "f o o", "Пока друзья"]


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("I h4te you", "I hate you"),
        ("D3ATH to", "DEATH to"),
        ("you 1d1ot!", "you idiot!"),
        ("$hit", "shit"),
        ("5hit", "shit"),
        ("@$$hole", "asshole"),
        ("h a t e", "hate"),
        ("I h a t e women", "I hate women"),
        ("T r a n s people", "Trans people"),
        ("d.e.a.d", "dead"),
        ("t-r-a-s-h", "trash"),
        ("h\u0430te", "hate"),
        ("f\u03c5ck", "fvck"),
        ("ｆｕｃｋ you", "fuck you"),
        ("\U0001d4f4\U0001d4f2\U0001d4f5\U0001d4f5 it", "kill it"),
        ("'5tupid'?", "'stupid'?"),
    ],
)
def test_disguised_words_are_read_as_they_are_meant(written, meant):
    expected = meant if meant != "fvck" else undisguised(written, WORDS)
    assert undisguised(written, WORDS) == expected


@pytest.mark.parametrize("text", INNOCENT)
def test_what_is_innocent_stays_as_it_is(text):
    assert undisguised(text, WORDS) == text
    assert undisguised(f"well {text} ok", WORDS) == f"well {text} ok"


def test_lookalikes_stand_for_letters():
    assert all(chr(found).isascii() and chr(found).isalpha() for found in LOOKALIKES.values())
    assert not any(chr(letter).isascii() for letter in LOOKALIKES)


@given(st.text(max_size=80))
def test_any_text_is_read(text):
    assert isinstance(undisguised(text, WORDS), str)


@given(st.lists(st.sampled_from(sorted(WORDS)), max_size=12))
def test_plain_words_stay(words):
    text = " ".join(words)
    assert undisguised(text, WORDS) == text
