"""Sentence embeddings: from the bundled model, or from any sentence-transformers model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np

from hikari_ml.errors import ModelError
from hikari_ml.models.hub import only_here
from hikari_ml.models.reading import Vector


class Embedder(Protocol):
    """Turns texts into vectors of length 1; ``model_id`` is kept beside every stored vector."""

    model_id: str
    dim: int

    def embed(self, texts: Sequence[str]) -> Vector:
        """[N, dim], rows of length 1."""
        ...


class SentenceTransformerEmbedder:
    """Any sentence-transformers model, by hub name or local folder.

    Raises:
        ModelError: it cannot be loaded.
    """

    def __init__(
        self, source: str, *, device: str = "cpu", dtype: str = "float32", batch_size: int = 32
    ) -> None:
        from sentence_transformers import SentenceTransformer

        self._batch_size = batch_size
        try:
            self._model = SentenceTransformer(
                source,
                device=device,
                model_kwargs={"dtype": dtype},
                local_files_only=only_here(source),
            )
        except (
            OSError,
            ValueError,
            RuntimeError,
            AssertionError,
        ) as error:  # torch's words for no such device
            raise ModelError(source, f"it cannot be loaded ({str(error).splitlines()[0]})") from error
        dim = self._model.get_embedding_dimension()
        if dim is None:
            raise ModelError(source, "it does not say how long its vectors are")
        self.dim = int(dim)
        self.model_id = f"sentence-transformers:{source}"

    def embed(self, texts: Sequence[str]) -> Vector:
        """[N, dim], rows of length 1."""
        if not texts:
            return np.zeros((0, self.dim), np.float32)
        found = self._model.encode(
            list(texts),
            batch_size=self._batch_size,
            normalize_embeddings=True,
            show_progress_bar=False,
            convert_to_numpy=True,
        )
        return np.asarray(found, np.float32)
