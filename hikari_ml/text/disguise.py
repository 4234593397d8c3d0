"""Words written so that a filter does not know them: "h4te", "h a t e", "hаte" with a Cyrillic letter.

Spaced-out letters, and digits and signs among letters, are only read as a word where that word is known,
and an emote, a number or an innocent word that holds another one ("Scunthorpe") stays what it is. A letter
that is drawn like a Latin one is read as that one wherever it stands among Latin letters.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Container, Iterator
from functools import cache
from itertools import product
from typing import Final

from hikari_ml.text.cues import emote_ratings

MIN_LETTERS: Final = 3
"""Letters of a word that can be disguised; shorter ones are too often abbreviations ("m8", "b2b")."""

MAX_READINGS: Final = 16
"""Readings of one word that are tried."""

LEET: Final = {
    "0": "o", "1": "il", "3": "e", "4": "a", "5": "s", "7": "t", "8": "b", "9": "g",
    "@": "a", "$": "s", "!": "i", "|": "l", "+": "t", "€": "e",
}  # fmt: skip
"""What digits and signs stand for."""

LOOKALIKES: Final = str.maketrans(
    "аеорсухікѕјԁһɡոυνωαβγδεικορστχηАВЕКМНОРСТУХΑΒΕΖΗΙΚΜΝΟΡΤΥΧ",
    "aeopcyxiksjdhgnuvwabydeikopotxnABEKMHOPCTYXABEZHIKMNOPTYX",
)
"""Cyrillic, Greek and other letters that are drawn like Latin ones."""

_TOKEN = re.compile(r"\S+")
_EDGES = re.compile(r"^[\"'(\[{.,;:?!-]*|[\"')\]}.,;:?!-]*$")
_LATIN = re.compile(r"[A-Za-z]")
_SPACED = re.compile(r"(?<![^\W_])[A-Za-z](?:[ .\-_*][A-Za-z]){2,}(?![^\W_])")
_SIGNS = re.compile(r"[013457890@$!|+€]")


def undisguised(text: str, words: Container[str]) -> str:
    """``text`` with disguised words as they are meant; the same text if there are none.

    ``words`` are known words in lower case.
    """
    if not text.isascii():
        text = _TOKEN.sub(lambda match: _latin(match.group()), text)
    text = _SPACED.sub(lambda match: _closed_up(match.group(), words), text)
    if _SIGNS.search(text):
        text = _TOKEN.sub(lambda match: _decoded(match.group(), words), text)
    return text


def _latin(token: str) -> str:
    """A token of Latin letters and lookalikes in Latin letters alone; in one foreign script, as it is."""
    folded = "".join(map(_folded, token))
    return folded.translate(LOOKALIKES) if _LATIN.search(folded) else token


def _folded(character: str) -> str:
    """A letter of full width or fancy type as the plain one; anything else as it is."""
    plain = unicodedata.normalize("NFKC", character)
    return plain if plain.isascii() and plain.isalpha() else character


def _closed_up(run: str, words: Container[str]) -> str:
    """A spaced-out word in one; "I" or "a" before it may be a word of its own."""
    joined = run[::2]
    if joined.lower() in words:
        return joined
    rest = joined[1:].lower()
    if joined[0] in "Ia" and len(rest) >= MIN_LETTERS and rest in words:
        return f"{joined[0]} {joined[1:]}"
    return run


def _decoded(token: str, words: Container[str]) -> str:
    core = _EDGES.sub("", token)
    if not core or not _SIGNS.search(core) or _is_plain(core, words):
        return token
    for reading in _readings(core.lower()):
        if len(reading) > MIN_LETTERS and reading.isalpha() and reading in words:
            return token.replace(core, reading.upper() if core.isupper() else reading)
    return token


def _is_plain(core: str, words: Container[str]) -> bool:
    """Whether ``core`` is what it seems: an emote, too few letters, or a word with a number behind it."""
    if core.lower() in _emotes():
        return True
    letters = sum(map(str.isalpha, core))
    bare = core.lower().rstrip("0123456789!+")
    return letters < MIN_LETTERS or (bare.isalpha() and bare != core.lower() and bare in words)


@cache
def _emotes() -> frozenset[str]:
    return frozenset(map(str.lower, emote_ratings()))


def _readings(core: str) -> Iterator[str]:
    """What ``core`` may stand for, the likelier first."""
    choices = [LEET.get(character, character) for character in core]
    for i, reading in enumerate(product(*choices)):
        if i >= MAX_READINGS:
            return
        yield "".join(reading)
