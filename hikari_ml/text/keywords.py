"""The words of a message that carry its topic; pure."""

from __future__ import annotations

import re
from typing import Final

from hikari_ml.text.normalize import collapse_elongation, without_links_and_mentions
from hikari_ml.text.stopwords import stop_words

MAX_KEYWORDS: Final = 5
MAX_LENGTH: Final = 2000
"""Characters looked at; a chat line is shorter, a pasted wall of text need not be read whole."""

MAX_UNSPACED: Final = 6
"""Characters of an unspaced run still taken for one expression; chat in Chinese is full of them."""

_WORD = re.compile(r"[^\W\d_][\w'’-]*")
_DRAWN_OUT = re.compile(r"([^\W\d_])\1{2,}$")
_CONTRACTED = re.compile(r"(?:n['’]t|['’](?:m|re|ve|ll|d|s))$")
_UNSPACED = re.compile(r"[\u3040-\u30ff\u4e00-\u9fff\u0e00-\u0e7f]")


def keywords(text: str, language: str = "en", most: int = MAX_KEYWORDS) -> list[str]:
    """Content words of ``text`` in their order, lower-cased, without repeats; at most ``most``.

    ``text`` should hold no emotes. English stop words are dropped whatever the language, and drawn-out
    letters are shortened: "cuteeee" is about the same as "cute".
    """
    known = stop_words(language) | stop_words("en")
    text = without_links_and_mentions(text[:MAX_LENGTH])
    words = (_plain(match.group()) for match in _WORD.finditer(text))
    kept = dict.fromkeys(word for word in words if _can_be_word(word) and word not in known)
    return list(kept)[:most]


def _plain(word: str) -> str:
    """A word without what writing added: case, a contracted verb, letters drawn out in it or at its end."""
    word = _CONTRACTED.sub("", word.casefold().strip("'’-"))
    if _UNSPACED.search(word):  # there a character is a word, and said thrice it is another
        return word
    return collapse_elongation(_DRAWN_OUT.sub(r"\1", word))


def _can_be_word(word: str) -> bool:
    """Long enough to mean something; in scripts without spaces, short enough to be one expression."""
    if _UNSPACED.search(word):
        return 2 <= len(word) <= MAX_UNSPACED
    return 2 < len(word) <= 40
