"""Which models there are, and how one is opened; nothing loads on import.

``bundled`` is the model in this package. ``reference`` is the seed's trio through transformers. The path of
an ``.onnx`` file is a model that ``hikari-ml train chat-model`` wrote. A mapping by role puts any model in a
role and leaves the others to the bundled one::

    {"sentiment": "path/or/hub-name", "embedding": {"source": "path/or/hub-name", "device": "cuda"}}
"""

from __future__ import annotations

import threading
import weakref
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal, cast, get_args

from pydantic import ValidationError

from hikari_ml.config import Device, ModelChoice, ModelRole
from hikari_ml.errors import InputError
from hikari_ml.models.chat_encoder import ChatEncoder
from hikari_ml.models.embedder import Embedder, SentenceTransformerEmbedder
from hikari_ml.models.reading import ChatReader

if TYPE_CHECKING:
    from hikari_ml.models.reference import ClassifierRole

Models = Literal["bundled", "reference"] | Path | Mapping[str, str | ModelChoice | Mapping[str, Any]]

BUNDLED_PATH: Final = Path(__file__).parent / "weights" / "chat_encoder.onnx"
BUNDLED_SHA256: Final = "7289b99369ed245070c26c5f566f801b58aae367609cdee74bee9801bb996670"

ROLES: Final = get_args(ModelRole)

_loaded: weakref.WeakValueDictionary[tuple[int, str], ChatEncoder] = weakref.WeakValueDictionary()
_loading = threading.Lock()


def bundled_encoder(threads: int = 2, device: Device = "cpu") -> ChatEncoder:
    """The bundled model, one in the process however many parts use it.

    Raises:
        ModelMissingError: its file is not in the package.
        ModelDamagedError: its file is not what was shipped.
        ModelError: there is no such device.
    """
    with _loading:
        encoder = _loaded.get((threads, device))
        if encoder is None:
            encoder = ChatEncoder.load(BUNDLED_PATH, sha256=BUNDLED_SHA256, threads=threads, device=device)
            _loaded[threads, device] = encoder
        return encoder


def open_embedder(name: str, threads: int = 2) -> Embedder:
    """What makes the vectors of a memory: ``bundled``, or a model of sentence-transformers by name or path.

    Raises:
        ModelError: it cannot be loaded.
    """
    return bundled_encoder(threads) if name == "bundled" else SentenceTransformerEmbedder(name)


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
        if not all(role in ROLES for role in models):
            raise InputError("models", dict(models), f"map roles among {', '.join(ROLES)} to names")
        return {role: _choice(role, chosen) for role, chosen in models.items()}
    raise InputError("models", models, "give 'bundled', 'reference', an .onnx file or a mapping by role")


def open_reader(models: Models, threads: int = 2, device: Device = "cpu") -> ChatReader:
    """Load what ``models`` names; blocking, so call it from a worker thread.

    Raises:
        ModelError: a model cannot be loaded or does not fit its role, or there is no such device.
    """
    if isinstance(models, Path):
        return ChatEncoder.load(models, sha256=None, threads=threads, name=str(models), device=device)
    bundled = bundled_encoder(threads, device)
    if models == "bundled":
        return bundled
    from hikari_ml.models.embedder import SentenceTransformerEmbedder
    from hikari_ml.models.reference import TRIO, ComposedReader, TransformersClassifier

    named = cast("Mapping[str, object]", TRIO if isinstance(models, str) else models)
    chosen = {role: _choice(role, choice) for role, choice in named.items()}
    classifiers = {
        cast("ClassifierRole", role): TransformersClassifier(
            choice.source,
            cast("ClassifierRole", role),
            device=choice.device,
            dtype=choice.dtype,
            batch_size=choice.batch_size,
        )
        for role, choice in chosen.items()
        if role in TRIO
    }
    embedder = None
    if embedding := chosen.get("embedding"):
        embedder = SentenceTransformerEmbedder(
            embedding.source,
            device=embedding.device,
            dtype=embedding.dtype,
            batch_size=embedding.batch_size,
        )
    return ComposedReader(bundled, classifiers, embedder)


def _choice(role: str, chosen: object) -> ModelChoice:
    """A model in ``role``, however it was named."""
    if isinstance(chosen, ModelChoice):
        return chosen
    try:
        return ModelChoice.model_validate({"source": chosen} if isinstance(chosen, str) else chosen)
    except ValidationError as error:
        found = error.errors()[0]
        place = ".".join(map(str, found["loc"]))
        raise InputError(f"models[{role!r}]", chosen, f"{place or 'a name'}: {found['msg']}") from error
