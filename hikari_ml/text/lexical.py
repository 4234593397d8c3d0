"""VADER, told what chat words mean and kept away from what it cannot read.

VADER: C. J. Hutto and E. Gilbert, "VADER: A Parsimonious Rule-based Model for Sentiment Analysis of
Social Media Text", ICWSM 2014.
"""

from __future__ import annotations

from functools import cache
from importlib import resources

from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

LANGUAGES: frozenset[str] = frozenset({"en", "und"})
"""Languages VADER is asked about; ``und`` (undetermined) is mostly short English-like chat."""


def vader_score(words: str, language: str) -> float | None:
    """VADER's compound score on the [0, 1] scale, or None if no word of it is in the lexicon.

    ``words`` must hold no emoji and no emotes: VADER would read an emoji by the words of its name.
    """
    if language not in LANGUAGES or not words:
        return None
    scores = _analyzer().polarity_scores(words)
    if scores["neg"] == 0 and scores["pos"] == 0:
        return None
    return float(scores["compound"] + 1) / 2


def is_rated(word: str) -> bool:
    """Whether VADER or our chat lexicon knows the lower-case ``word``."""
    return word in _analyzer().lexicon


def rated_words() -> frozenset[str]:
    """The words of letters that VADER or our chat lexicon knows."""
    return frozenset(filter(str.isalpha, _analyzer().lexicon))


@cache
def _analyzer() -> SentimentIntensityAnalyzer:
    analyzer = SentimentIntensityAnalyzer()
    # Numbers are numbers in chat, not the slang of old that VADER takes them for.
    analyzer.lexicon = {word: value for word, value in analyzer.lexicon.items() if not word.isdigit()}
    analyzer.lexicon.update(_chat_words())
    return analyzer


def _chat_words() -> dict[str, float]:
    text = (resources.files("hikari_ml.text") / "lexicons" / "chat_words.tsv").read_text("utf-8")
    rows = (line.split("\t") for line in text.splitlines() if not line.startswith("#"))
    return {word: float(valence) for word, valence in rows}
