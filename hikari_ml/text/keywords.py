"""The words of a message that carry its topic; pure."""

from __future__ import annotations

import re
import runpy
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Final

MAX_KEYWORDS: Final = 5
MAX_LENGTH: Final = 2000
"""Characters looked at; a chat line is shorter, a pasted wall of text need not be read whole."""

MAX_UNSPACED: Final = 6
"""Characters of an unspaced run still taken for one expression; chat in Chinese is full of them."""

_WORD = re.compile(r"[^\W\d_][\w'’-]*")
_CONTRACTED = re.compile(r"(?:n['’]t|['’](?:m|re|ve|ll|d|s))$")
_LINK_OR_MENTION = re.compile(r"(?:https?://|www\.)\S+|(?<![\w@])@\w+", re.IGNORECASE)
_UNSPACED = re.compile(r"[\u3040-\u30ff\u4e00-\u9fff\u0e00-\u0e7f]")
_CHAT_STOP_WORDS: Final = frozenset(
    """
    u ur r im ive dont cant wont didnt doesnt isnt thats whats hes shes theyre youre lets lol lmao lmfao
    rofl xd haha hahaha hehe gg wp ggs ez pog poggers omg wtf bruh bro dude man guys chat stream streamer
    yeah yea yep yes no nah nope ok okay pls plz please thx ty thanks hi hello hey yo o gonna wanna gotta
    really just like got get one know think good nice com user
    """.split()
)
_CHAT_FILLERS: Final = {
    "de": "mal hab halt echt leute leude moin einfach naja nich ned nen genau eher eigentlich klar bitte hallo",
}
"""What spaCy's lists of written language do not know of chat."""


def keywords(text: str, language: str = "en", most: int = MAX_KEYWORDS) -> list[str]:
    """Content words of ``text`` in their order, lower-cased, without repeats; at most ``most``.

    ``text`` should hold no emotes. English stop words are dropped whatever the language.
    """
    known = stop_words(language) | stop_words("en")
    text = _LINK_OR_MENTION.sub(" ", text[:MAX_LENGTH])
    words = (_CONTRACTED.sub("", match.group().casefold().strip("'’-")) for match in _WORD.finditer(text))
    kept = dict.fromkeys(word for word in words if _can_be_word(word) and word not in known)
    return list(kept)[:most]


@cache
def stop_words(language: str) -> frozenset[str]:
    """Words that carry no topic in ``language`` (spaCy's list, where it has one), chat's own included."""
    # Read as a file: importing it as a module would import all of spaCy with it.
    spacy = find_spec("spacy")
    assert spacy is not None
    assert spacy.submodule_search_locations is not None
    path = Path(spacy.submodule_search_locations[0]) / "lang" / language / "stop_words.py"
    known: set[str] = runpy.run_path(str(path))["STOP_WORDS"] if path.is_file() else set()
    return frozenset(known) | _CHAT_STOP_WORDS | frozenset(_CHAT_FILLERS.get(language, "").split())


def _can_be_word(word: str) -> bool:
    """Long enough to mean something; in scripts without spaces, short enough to be one expression."""
    if _UNSPACED.search(word):
        return 2 <= len(word) <= MAX_UNSPACED
    return 2 < len(word) <= 40
