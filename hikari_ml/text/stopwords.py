"""Words that hold a language together and carry no topic, from spaCy's lists."""

from __future__ import annotations

import runpy
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Final

_CHAT: Final = frozenset(
    """
    u ur r im ive dont cant wont didnt doesnt isnt thats whats hes shes theyre youre lets lol lmao lmfao
    rofl xd haha hahaha hehe gg wp ggs ez pog poggers omg wtf bruh bro dude man guys chat stream streamer
    yeah yea yep yes no nah nope ok okay pls plz please thx ty thanks hi hello hey yo o gonna wanna gotta
    really just like got get one know think good nice com user
    """.split()
)
_CHAT_FILLERS: Final = {
    "de": "mal hab halt echt leute moin einfach naja nich ned nen genau eher eigentlich klar bitte hallo",
}
"""What lists of written language do not know of chat."""


@cache
def stop_words(language: str) -> frozenset[str]:
    """Words that carry no topic in ``language``, those of chat included."""
    return function_words(language) | _CHAT


@cache
def function_words(language: str) -> frozenset[str]:
    """The stop words of ``language`` itself (ISO 639-1); empty where spaCy has no list."""
    # Read as a file: importing it as a module would import all of spaCy with it.
    spacy = find_spec("spacy")
    assert spacy is not None
    assert spacy.submodule_search_locations is not None
    path = Path(spacy.submodule_search_locations[0]) / "lang" / language / "stop_words.py"
    known: set[str] = runpy.run_path(str(path))["STOP_WORDS"] if path.is_file() else set()
    return frozenset(known) | frozenset(_CHAT_FILLERS.get(language, "").split())


def chat_words() -> frozenset[str]:
    """Words of English-speaking chat that carry no topic."""
    return _CHAT
