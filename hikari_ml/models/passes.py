"""The one neural pass over windows of tokens: by onnxruntime on a processor, by torch on a GPU.

The file holds int8 weights and quantises activations as they come, which is what a processor is fast at.
A GPU is not: there the same weights run in single precision, many windows at once.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt
import onnxruntime

from hikari_ml.errors import ModelError

if TYPE_CHECKING:
    from torch import Tensor

    from hikari_ml.models.network import ChatEncoderNetwork

OUTPUTS: Final = ("sentiment_probability", "emotion_probability", "toxicity_probability", "text_embedding")

BATCH_TOKENS: Final = 8192
"""Tokens of a batch, padding counted: four times as many took 890 MB of a GPU, which a game wants too."""

Numbers = npt.NDArray[np.float32]


class Said(NamedTuple):
    """What a pass says of one window: probabilities, and an embedding of length 1."""

    sentiment: Numbers  # [3]
    emotion: Numbers  # [7]
    toxicity: Numbers  # [6]
    embedding: Numbers  # [dim]


class Pass(Protocol):
    """The network, wherever it runs."""

    def __call__(self, windows: Sequence[list[int]]) -> list[Said]:
        """Read windows of token ids, in order."""
        ...


class ProcessorPass:
    """Each window by itself: in int8, what a window says would depend on its company in a batch."""

    def __init__(self, session: onnxruntime.InferenceSession) -> None:
        self._session = session

    def __call__(self, windows: Sequence[list[int]]) -> list[Said]:
        """Read windows of token ids, in order."""
        return [self._one(np.array([ids], np.int64)) for ids in windows]

    def _one(self, input_ids: npt.NDArray[np.int64]) -> Said:
        given = {"input_ids": input_ids, "attention_mask": np.ones_like(input_ids)}
        return Said(*(output[0] for output in self._session.run(OUTPUTS, given)))


class TorchPass:
    """Batches of windows of alike length; on a processor company changes what is said by 1e-5 at most."""

    def __init__(self, network: ChatEncoderNetwork, device: str) -> None:
        self._device = device
        self._network = network.to(device)

    def __call__(self, windows: Sequence[list[int]]) -> list[Said]:
        """Read windows of token ids, in order."""
        found: dict[int, Said] = {}
        for group in alike(windows):
            found.update(zip(group, self._batch([windows[at] for at in group]), strict=True))
        return [found[at] for at in range(len(windows))]

    def _batch(self, windows: Sequence[list[int]]) -> Iterator[Said]:
        import torch

        ids, mask = (part.to(self._device) for part in padded(windows))
        with torch.inference_mode():
            said = self._network(ids, mask)
            parts = (
                said.sentiment.softmax(-1),
                said.emotion.sigmoid(),
                said.toxicity.sigmoid(),
                said.embedding,
            )
            return map(Said, *(part.cpu().numpy() for part in parts))


def on_gpu(path: Path, attention_heads: int, name: str) -> TorchPass:
    """The exported model at ``path``, on the first CUDA device.

    Raises:
        ModelError: torch finds no such device.
        InputError: ``path`` is no exported model.
        MissingExtraError: the packages of the ``cuda`` extra are not installed.
    """
    import torch

    from hikari_ml.models.network import ChatEncoderNetwork
    from hikari_ml.models.reopen import reopen

    if not torch.cuda.is_available():
        raise ModelError(
            name, "torch finds no CUDA device here; install a torch with CUDA, or choose device cpu"
        )
    return TorchPass(ChatEncoderNetwork.from_weights(reopen(path, extra="cuda"), attention_heads), "cuda")


def alike(windows: Sequence[list[int]]) -> Iterator[list[int]]:
    """Places of ``windows`` in groups of alike length, none of more than :data:`BATCH_TOKENS` when padded."""
    group: list[int] = []
    for at in sorted(range(len(windows)), key=lambda at: len(windows[at])):
        if group and (len(group) + 1) * len(windows[at]) > BATCH_TOKENS:
            yield group
            group = []
        group.append(at)
    if group:
        yield group


def padded(windows: Sequence[list[int]]) -> tuple[Tensor, Tensor]:
    """Token ids and mask, both [B, T] int64; the mask is 0 where a window is padded with 0."""
    import torch

    rows = [torch.tensor(ids) for ids in windows]
    ids = torch.nn.utils.rnn.pad_sequence(rows, batch_first=True)
    mask = torch.nn.utils.rnn.pad_sequence([torch.ones_like(row) for row in rows], batch_first=True)
    return ids, mask
