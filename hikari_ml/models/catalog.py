"""Which models there are, and how one is opened; nothing loads on import.

``bundled`` is the model in this package. ``reference`` is the seed's trio through transformers. The path of
an ``.onnx`` file is a model that ``hikari-ml train chat-model`` wrote. A mapping by role puts any model in a
role and leaves the others to the bundled one::

    {"sentiment": "path/or/hub-name", "embedding": "path/or/hub-name"}
"""

from __future__ import annotations

import threading
import weakref
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal, cast

from hikari_ml.errors import InputError
from hikari_ml.models.chat_encoder import ChatEncoder
from hikari_ml.models.reading import ChatReader

if TYPE_CHECKING:
    from hikari_ml.models.reference import ClassifierRole

Models = Literal["bundled", "reference"] | Path | Mapping[str, str]

BUNDLED_PATH: Final = Path(__file__).parent / "weights" / "chat_encoder.onnx"
BUNDLED_SHA256: Final = "ca22e376af2e64a0e15b26a9caf03d3abc976540df17578299727194dde613cc"

ROLES: Final = ("sentiment", "emotion", "toxicity", "embedding")

_loaded: weakref.WeakValueDictionary[int, ChatEncoder] = weakref.WeakValueDictionary()
_loading = threading.Lock()


def bundled_encoder(threads: int = 2) -> ChatEncoder:
    """The bundled model, one in the process however many parts use it.

    Raises:
        ModelMissingError: its file is not in the package.
        ModelDamagedError: its file is not what was shipped.
    """
    with _loading:
        encoder = _loaded.get(threads)
        if encoder is None:
            encoder = ChatEncoder.load(BUNDLED_PATH, sha256=BUNDLED_SHA256, threads=threads)
            _loaded[threads] = encoder
        return encoder


def check_models(models: object) -> Models:
    """Return ``models`` if it names models; says nothing about whether they can be loaded.

    Raises:
        InputError: it is neither a known name nor a mapping of roles to names.
    """
    if models in ("bundled", "reference"):
        return cast("Models", models)
    if isinstance(models, str | Path) and Path(models).suffix == ".onnx":
        return Path(models)
    if isinstance(models, Mapping):
        strange = sorted(str(role) for role in models if role not in ROLES)
        if not strange and all(isinstance(source, str) for source in models.values()):
            return dict(models)
        raise InputError("models", dict(models), f"map roles among {', '.join(ROLES)} to names")
    raise InputError("models", models, "give 'bundled', 'reference', an .onnx file or a mapping by role")


def open_reader(models: Models, threads: int = 2) -> ChatReader:
    """Load what ``models`` names; blocking, so call it from a worker thread.

    Raises:
        ModelError: a model cannot be loaded or does not fit its role.
    """
    if isinstance(models, Path):
        return ChatEncoder.load(models, sha256=None, threads=threads, name=str(models))
    bundled = bundled_encoder(threads)
    if models == "bundled":
        return bundled
    from hikari_ml.models.embedder import SentenceTransformerEmbedder
    from hikari_ml.models.reference import TRIO, ComposedReader, TransformersClassifier

    named: Mapping[str, str] = TRIO if isinstance(models, str) else models  # type: ignore[assignment]
    classifiers = {
        role: TransformersClassifier(source, role)
        for role, source in cast("Mapping[ClassifierRole, str]", named).items()
        if role in TRIO
    }
    embedding = named.get("embedding")
    embedder = SentenceTransformerEmbedder(embedding) if embedding else None
    return ComposedReader(bundled, classifiers, embedder)
