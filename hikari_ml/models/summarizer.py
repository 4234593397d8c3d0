"""Short summaries: T5 through transformers where its weights are, else the most central sentences."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np

from hikari_ml.errors import ModelError
from hikari_ml.models.hub import only_here
from hikari_ml.models.reading import Vector

BETWEEN = " · "
MIN_TAIL = 20
"""Characters below which a cut sentence is not worth showing."""


class Summarizer(Protocol):
    """Makes one text of several; ``method`` names how, for the result."""

    method: str

    def summarize(self, texts: Sequence[str], vectors: Vector, max_length: int) -> str:
        """At most ``max_length`` characters about ``texts``, whose embeddings are ``vectors`` [N, dim]."""
        ...


class ExtractiveSummarizer:
    """Picks the most central texts, each new to what was picked before, and keeps their order.

    Centrality is the mean cosine similarity to all texts; a pick lowers its neighbours (maximal
    marginal relevance, Carbonell and Goldstein 1998).
    """

    method = "extractive"

    def __init__(self, novelty: float = 0.5) -> None:
        self._novelty = novelty

    def summarize(self, texts: Sequence[str], vectors: Vector, max_length: int) -> str:
        """At most ``max_length`` characters of whole texts; one too long is cut at a word."""
        if not texts:
            return ""
        similarity = vectors @ vectors.T
        score = similarity.mean(axis=1)
        picked: list[int] = []
        room = max_length
        while len(picked) < len(texts):
            best = _best(score, picked)
            cost = len(texts[best]) + (len(BETWEEN) if picked else 0)
            if cost > room:
                break
            picked.append(best)
            room -= cost
            score = score - self._novelty * np.maximum(similarity[best], 0)
        if not picked:
            return shorten(texts[_best(score, [])], max_length)
        return BETWEEN.join(texts[i] for i in sorted(picked))


class T5Summarizer:
    """Abstractive summaries by a T5 model, by hub name or local folder.

    Raises:
        ModelError: it cannot be loaded.
    """

    method = "t5"

    def __init__(self, source: str, *, device: str = "cpu") -> None:
        from transformers import AutoModelForSeq2SeqLM, AutoTokenizer

        try:
            here = only_here(source)
            self._tokenizer = AutoTokenizer.from_pretrained(source, local_files_only=here)
            network = AutoModelForSeq2SeqLM.from_pretrained(source, local_files_only=here)
            self._network = network.eval().to(device)
        except (OSError, ValueError) as error:
            raise ModelError(source, f"it cannot be loaded ({str(error).splitlines()[0]})") from error
        self._device = device

    def summarize(self, texts: Sequence[str], vectors: Vector, max_length: int) -> str:
        """At most ``max_length`` characters written by the model; ``vectors`` are not used."""
        import torch

        if not texts:
            return ""
        prompt = "summarize: " + ". ".join(text.rstrip(".") for text in texts)
        tokens = self._tokenizer(prompt, truncation=True, max_length=512, return_tensors="pt")
        with torch.inference_mode():
            written = self._network.generate(
                **tokens.to(self._device), max_new_tokens=max(8, max_length // 4), num_beams=2
            )
        return shorten(self._tokenizer.decode(written[0], skip_special_tokens=True), max_length)


def shorten(text: str, max_length: int) -> str:
    """``text`` cut at a word, with an ellipsis, to at most ``max_length`` characters."""
    if len(text) <= max_length:
        return text
    if max_length <= 1:
        return text[:max_length]
    cut = text[: max_length - 1]
    space = cut.rfind(" ")
    return f"{cut[:space] if space > MIN_TAIL else cut}…"


def _best(score: Vector, picked: Sequence[int]) -> int:
    left = score.copy()
    left[list(picked)] = -np.inf
    return int(left.argmax())
