"""The bundled model: one small encoder whose single pass gives sentiment, emotion, toxicity and embedding.

One ONNX file holds everything: weights, tokenizer, calibration and the identity under which its
vectors are stored. It is made by ``hikari_ml.learning``.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any, Final, NamedTuple, Self

import numpy as np
import onnxruntime
from tokenizers import Tokenizer

from hikari_ml.config import Device
from hikari_ml.errors import ModelDamagedError, ModelMissingError
from hikari_ml.models.passes import Pass, ProcessorPass, Said, on_gpu
from hikari_ml.models.reading import TASKS, Languages, Reading, Vector, sentiment_score
from hikari_ml.results import TOXICITY_LABELS
from hikari_ml.text.disguise import MIN_LETTERS, undisguised
from hikari_ml.text.lexical import rated_words
from hikari_ml.text.normalize import clean, for_model

FORMAT: Final = 1
"""Version of the file's layout: graph inputs and outputs, and the metadata beside them."""

MAX_WINDOWS: Final = 8
"""Windows of a long text that are read: about as much as an analyser takes of a message."""

HEAD: Final = 4_000
"""Characters of a text that are put into the model's form first. Tokenizing holds up every other thread; of
100,000 emoji it takes a second, nearly all of it for what is not read."""

SPARE: Final = 64
"""Tokens before the end of a head that may be others there than in the whole text."""

PARTS_OF_TOXIC: Final = frozenset({"severe_toxic", "threat"})
METADATA_KEY: Final = "hikari_ml"

ATTENTION_HEADS: Final = 12
"""Those of a file that does not say."""


class _Form(NamedTuple):
    """A text as tokens: ``windows`` of alike length, ``cut`` if there were more than are read."""

    windows: list[list[int]]
    cut: bool


class ChatEncoder:
    """The four answers of one pass; see :class:`~hikari_ml.models.reading.ChatReader`.

    Texts are cleaned and put into the model's form (:func:`~hikari_ml.text.normalize.for_model`) here, so
    that nobody can feed it anything else.
    """

    def __init__(self, run: Pass, about: dict[str, Any], checksum: str) -> None:
        self.name = str(about["name"])
        self.model_id = f"{self.name}:{checksum[:12]}"
        self.embedding_id = self.model_id
        self.languages: Languages = {task: frozenset(about["languages"][task]) for task in TASKS}
        self.dim = int(about["dim"])
        self._run = run
        self._max_tokens = int(about["max_tokens"])
        self._tokenizer = Tokenizer.from_str(json.dumps(about["tokenizer"]))
        self._tokenizer.no_padding()
        self._tokenizer.no_truncation()
        self._words = frozenset(filter(_is_word, self._tokenizer.get_vocab())) | rated_words()

    @classmethod
    def load(
        cls,
        path: Path,
        *,
        sha256: str | None,
        threads: int,
        name: str = "bundled",
        device: Device = "cpu",
    ) -> Self:
        """Open the file at ``path``, checking it against ``sha256`` (None trusts it).

        Raises:
            ModelMissingError: there is no such file.
            ModelDamagedError: it is not what was shipped, or not such a model at all.
            ModelError: there is no such device.
            MissingExtraError: it is to run on a GPU, and the packages of the ``cuda`` extra are missing.
        """
        try:
            data = path.read_bytes()
        except FileNotFoundError as error:
            raise ModelMissingError(name, path) from error
        checksum = hashlib.sha256(data).hexdigest()
        if sha256 is not None and checksum != sha256:
            raise ModelDamagedError(
                name, f"{path} has SHA-256 {checksum[:12]}…, expected {sha256[:12]}…; reinstall"
            )
        try:
            session = onnxruntime.InferenceSession(
                data, _options(threads), providers=["CPUExecutionProvider"]
            )
            about = json.loads(session.get_modelmeta().custom_metadata_map[METADATA_KEY])
        except Exception as error:  # onnxruntime raises a type of its own for every kind of damage
            raise ModelDamagedError(name, f"{path} is no chat encoder: {error}") from error
        if about["format"] > FORMAT:
            raise ModelDamagedError(name, f"{path} has format {about['format']}, this version reads {FORMAT}")
        if device == "cuda":
            run: Pass = on_gpu(path, about.get("attention_heads", ATTENTION_HEADS), name)
        else:
            run = ProcessorPass(session)
        return cls(run, about, checksum)

    def read(self, texts: Sequence[str]) -> list[Reading]:
        """Read ``texts`` (without emotes, for chat), in order."""
        asked = [self._forms(self._formed(clean(text))) for text in texts]
        said = iter(self._run([window for forms in asked for form in forms for window in form.windows]))
        return [_meant(*(_one(form, said) for form in forms)) for forms in asked]

    def embed(self, texts: Sequence[str]) -> Vector:
        """Embeddings of ``texts``: [N, dim], each of length 1."""
        if not texts:
            return np.zeros((0, self.dim), np.float32)
        return np.stack([reading.embedding for reading in self.read(texts)])

    def _formed(self, text: str) -> str:
        """Cleaned ``text`` in the model's form: a little more of it than is read, disguised or not."""
        most = (self._max_tokens - 2) * MAX_WINDOWS
        size = HEAD
        while size < len(text):
            form = for_model(text[:size])
            if all(len(self._tokenizer.encode(each)) > most + SPARE for each in self._written(form)):
                return form
            size *= 4
        return for_model(text)

    def _forms(self, text: str) -> list[_Form]:
        """A text as it was written, and where words in it are disguised also as it is meant."""
        return [self._form(form) for form in self._written(text)]

    def _written(self, text: str) -> list[str]:
        return list(dict.fromkeys((text, undisguised(text, self._words))))

    def _form(self, text: str) -> _Form:
        start, *body, end = self._tokenizer.encode(text).ids
        room = self._max_tokens - 2
        kept = body[: room * MAX_WINDOWS]
        count = max(1, math.ceil(len(kept) / room))
        size = max(1, math.ceil(len(kept) / count))
        windows = [[start, *kept[at : at + size], end] for at in range(0, max(1, len(kept)), size)]
        return _Form(windows, len(body) > len(kept))


def _meant(written: Reading, undisguised: Reading | None = None) -> Reading:
    """A text's reading from that of what was written and of what is meant.

    What is meant is read undisguised; it is as toxic as either form, and its embedding is of what was
    written, so that equal vectors stay equal.
    """
    if undisguised is None:
        return written
    toxicity = tuple(map(max, written.toxicity, undisguised.toxicity))
    return replace(undisguised, toxicity=toxicity, embedding=written.embedding, truncated=written.truncated)


def _one(form: _Form, said: Iterator[Said]) -> Reading:
    """The reading of one form, whose windows are the next of those ``said`` tells of.

    What is said of a text of several windows is the mean of what is said of each; its toxicity lies
    midway between that and its worst window, so that calm company does not hide an insult.
    """
    sentiments, emotions, toxicities, embeddings = zip(*islice(said, len(form.windows)), strict=True)
    sentiment, emotion = np.mean(sentiments, axis=0), np.mean(emotions, axis=0)
    toxicity = (np.mean(toxicities, axis=0) + np.max(toxicities, axis=0)) / 2
    embedding = np.mean(embeddings, axis=0)
    negative, neutral, positive = sentiment.tolist()
    return Reading(
        sentiment=sentiment_score(negative, neutral, positive),
        certainty=max(negative, neutral, positive),
        emotion=tuple((emotion / emotion.sum()).tolist()),
        toxicity=_nested(toxicity.tolist()),
        embedding=embedding if len(form.windows) == 1 else embedding / np.linalg.norm(embedding),
        truncated=form.cut,
    )


def _is_word(piece: str) -> bool:
    return piece.isalpha() and len(piece) >= MIN_LETTERS


def _nested(toxicity: list[float]) -> tuple[float, ...]:
    """Hold what is toxic by definition to how toxic the text is.

    The two rare labels have few training examples and would otherwise call harmless lines threats.
    """
    most = toxicity[TOXICITY_LABELS.index("toxic")]
    return tuple(
        min(value, most) if label in PARTS_OF_TOXIC else value
        for label, value in zip(TOXICITY_LABELS, toxicity, strict=True)
    )


def _options(threads: int) -> onnxruntime.SessionOptions:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    # Spinning threads would take the core that everything else on the machine is waiting for.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return options
