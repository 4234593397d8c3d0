"""Whether two lines say the same in almost the same words; pure.

Meaning alone cannot tell: to an embedding "I have 2 cats" and "I have 3 cats" are all but one. So words
decide first, and may differ in nothing but fillers, articles, contractions and the spelling of a few of them.
A number, a name, a "not", an emoji or another order of the words makes another statement. So does a filler
with a capital within the line: "A" may be a grade, and "An" a name.
"""

from __future__ import annotations

import re
import unicodedata
from itertools import pairwise
from typing import Final

from hikari_ml.text.normalize import clean, collapse_elongation

FEWEST: Final = 2
"""Words that must be left of a line without its fillers for it to be compared."""

_TOKEN = re.compile(r"\d+(?:[.,]\d+)+|\w+(?:'\w+)?|[^\w\s]")
_DECIMAL = re.compile(r"\d+[.,]\d")
_RUN = re.compile(r"([^\W\d_])\1{2,}")
_POINTS: Final = frozenset(".,!;\"'…")
_FILLERS: Final = frozenset(
    """
    a an the just very really actually literally totally honestly basically definitely also oh um uh ah
    yeah yea hey lol lmao lmfao rofl haha hahaha hahahaha hehe xd btw tbh imo imho ngl fr omg bro dude
    """.split()
)
_SPELLED: Final = {
    "i'm": "i am",
    "im": "i am",
    "i've": "i have",
    "ive": "i have",
    "it's": "it is",
    "that's": "that is",
    "thats": "that is",
    "we're": "we are",
    "they're": "they are",
    "you're": "you are",
    "don't": "do not",
    "dont": "do not",
    "doesn't": "does not",
    "doesnt": "does not",
    "didn't": "did not",
    "didnt": "did not",
    "can't": "can not",
    "cant": "can not",
    "cannot": "can not",
    "won't": "will not",
    "isn't": "is not",
    "wasn't": "was not",
    "favourite": "favorite",
    "fav": "favorite",
    "u": "you",
    "ur": "your",
    "luv": "love",
}
_VARIED: Final = frozenset(word for full in _SPELLED.values() for word in full.split())
"""Words that may be spelled in another way."""


def same_sense(first: str, second: str) -> bool:
    """Whether two lines have the same words in the same order, fillers left out."""
    words = _telling(first)
    return len(words) >= FEWEST and words == _telling(second)


def sure_words(text: str) -> list[str]:
    """Words that the word index has of every line that says the same, as far as that is sure.

    They are those of ASCII text: elsewhere a letter has several forms. An elongated word may be written
    shorter, and "2.5kg" and "2.5 kg" are the same sense, but other words to the index.
    """
    found: list[str] = []
    words = _telling(text) if text.isascii() else []
    plain = _is_plain(" ".join(words))  # most lines are, and then so is each word
    for before, word in pairwise(["", *words]):
        glued = _DECIMAL.match(before) or _DECIMAL.match(word)
        if word[0].isalnum() and not glued and word not in _VARIED and (plain or _is_plain(word)):
            found.append(word)
    return found


def _is_plain(text: str) -> bool:
    return collapse_elongation(text) == text


def _telling(text: str) -> list[str]:
    """The words of a line that tell it from another."""
    plain = unicodedata.normalize("NFKC", clean(text)).replace("’", "'")
    found: list[str] = []
    shouted, runs = plain.isupper(), _RUN.search(plain.casefold()) is not None
    for place, token in enumerate(_TOKEN.findall(plain)):
        word = token.casefold()
        named = place > 0 and token[0].isupper() and not shouted
        shortened = _RUN.sub(r"\1", word) if runs else word
        if token not in _POINTS and (named or shortened not in _FILLERS):
            found += _SPELLED.get(word, word).split()
    return found
