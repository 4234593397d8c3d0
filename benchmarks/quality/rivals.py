"""What a user would pick instead, asked about the same rows: word lists, lexicons and a bag of words.

TF-IDF with logistic regression is trained here, on the same folder that the chat model is trained on.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import Pipeline, make_pipeline

from hikari_ml.learning.examples import Example, read_folder
from hikari_ml.learning.trainer import LATIN_SCRIPT
from hikari_ml.results import TOXICITY_LABELS
from hikari_ml.text.lexical import vader_score
from hikari_ml.text.normalize import clean, for_model

POSITIVE, NEGATIVE = 0.6, 0.4
PATIENCE = 600_000
"""Characters of a set up to which better_profanity is asked; it takes about half a millisecond for each."""

Answers = dict[str, np.ndarray]
"""Answers of each rival, one a row of the set."""


def vader(text: str) -> float:
    """VADER's score in [0, 1]; 0.5 where it knows no word."""
    score = vader_score(clean(text), "en")
    return 0.5 if score is None else score


class Rivals:
    """VADER always, TF-IDF where there is data to train it on, the profanity checkers where installed."""

    def __init__(self, train: Path | None) -> None:
        self.train = train
        self._profane: dict[str, bool] = {}

    def sentiment(self, texts: Sequence[str]) -> Answers:
        """Classes 0 negative, 1 neutral, 2 positive."""
        scores = np.array([vader(text) for text in texts])
        found = {"VADER": np.where(scores < NEGATIVE, 0, np.where(scores <= POSITIVE, 1, 2))}
        if self.train:
            found["TF-IDF"] = self._sentiment.predict(_spoken(texts))
        return found

    def emotion(self, texts: Sequence[str]) -> Answers:
        """Scores of the seven emotions: [N, 7]."""
        return {"TF-IDF": self._emotion.predict_proba(_spoken(texts))} if self.train else {}

    def toxicity(self, texts: Sequence[str], label: str = "toxic") -> Answers:
        """A score of ``label`` in [0, 1]; what knows only one kind of bad gives that."""
        found = {}
        if self.train:
            found["TF-IDF"] = self._toxicity(label).predict_proba(_spoken(texts))[:, 1]
        try:
            from better_profanity import profanity
            from profanity_check import predict_prob
        except ImportError:
            return found
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found["alt-profanity-check"] = np.array(predict_prob(list(texts)))
        if sum(map(len, texts)) <= PATIENCE:
            for text in texts:
                if text not in self._profane:
                    self._profane[text] = profanity.contains_profanity(text)
            found["better_profanity"] = np.array([self._profane[text] for text in texts], float)
        return found

    @cached_property
    def _examples(self) -> list[Example]:
        assert self.train is not None
        return read_folder(self.train, languages=frozenset(LATIN_SCRIPT))

    @cached_property
    def _sentiment(self) -> Pipeline:
        some = [example for example in self._examples if example.sentiment >= 0]
        return _bag(balanced=True).fit([e.text for e in some], [e.sentiment for e in some])

    @cached_property
    def _emotion(self) -> Pipeline:
        some = [example for example in self._examples if not np.isnan(example.emotion).any()]
        words, last = _bag(balanced=False)
        many = make_pipeline(words, OneVsRestClassifier(last))
        return many.fit([e.text for e in some], np.array([e.emotion for e in some], int))

    def _toxicity(self, label: str) -> Pipeline:
        place = TOXICITY_LABELS.index(label)  # type: ignore[arg-type]
        some = [example for example in self._examples if not np.isnan(example.toxicity[place])]
        return _bag(balanced=False).fit([e.text for e in some], [int(e.toxicity[place]) for e in some])


def _bag(*, balanced: bool) -> Pipeline:
    weight = "balanced" if balanced else None
    words = TfidfVectorizer(ngram_range=(1, 2), min_df=3, sublinear_tf=True)
    return make_pipeline(words, LogisticRegression(C=4, max_iter=300, class_weight=weight))


def _spoken(texts: Sequence[str]) -> list[str]:
    return [for_model(clean(text)) for text in texts]
