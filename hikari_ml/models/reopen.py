"""From the file that ships back to a network that can be trained on."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import torch
from torch import Tensor

from hikari_ml.errors import InputError, MissingExtraError
from hikari_ml.models.chat_encoder import FORMAT, METADATA_KEY
from hikari_ml.models.network import HEAD_SIZES

if TYPE_CHECKING:
    import onnx

QUANTISED: Final = "_quantized"
ROOT: Final = "network."


def reopen(path: Path, *, extra: str = "train") -> dict[str, Tensor]:
    """The weights in an exported model, as a state dict of the network.

    Each weight comes back as int8 has rounded it: W = scale * (q - zero point). One that equals another's,
    as before training, is not found: the exporter writes it once.

    Raises:
        InputError: ``path`` is no model that :func:`~hikari_ml.learning.export.export` wrote.
        MissingExtraError: the packages of ``extra`` are not installed.
    """
    try:
        import onnx
    except ImportError as error:
        raise MissingExtraError("taking the weights out of a model file", extra) from error
    try:
        model = onnx.load(path)
        about = json.loads({prop.key: prop.value for prop in model.metadata_props}[METADATA_KEY])
    except Exception as error:  # protobuf raises a type of its own for what is no model
        raise InputError("start", str(path), f"it is no exported chat model: {error!r}") from error
    if about.get("format") != FORMAT:
        raise InputError("start", str(path), f"its format is not {FORMAT}, which this version reads")
    return dict(_weights(model))


def _weights(model: onnx.ModelProto) -> Iterator[tuple[str, Tensor]]:
    from onnx import numpy_helper

    kept = {tensor.name: numpy_helper.to_array(tensor) for tensor in model.graph.initializer}
    for name, value in kept.items():
        if name.startswith(ROOT) and value.dtype == np.float32 and not name.endswith("_scale"):
            yield name.removeprefix(ROOT), torch.tensor(value)
        elif name.startswith(f"{ROOT}encoder.embeddings") and name.endswith(QUANTISED):
            whole = name.removesuffix(QUANTISED)
            yield whole.removeprefix(ROOT), torch.tensor(_exact(kept, whole))
    yield "temperature", torch.tensor(_temperatures(model, kept))
    for bias, weight in _products(model, kept):
        name = bias.removeprefix(ROOT).removesuffix("bias") + "weight"
        yield name, torch.tensor(_exact(kept, weight).T.copy())


def _temperatures(model: onnx.ModelProto, kept: dict[str, Any]) -> list[float]:
    """What the logits of each head are divided by; the exporter leaves out a division by 1."""
    readers = {name: node for node in model.graph.node for name in node.input}
    found = []
    for head in HEAD_SIZES:
        last = readers.get(f"{ROOT}heads.{head}.classes.bias")
        after = readers.get(last.output[0]) if last is not None else None
        found.append(float(kept[after.input[1]]) if after is not None and after.op_type == "Div" else 1.0)
    return found


def _products(model: onnx.ModelProto, kept: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Of each linear layer, the name of its bias and of its weight; the exporter renames only weights."""
    makers = {output: node for node in model.graph.node for output in node.output}
    for node in model.graph.node:
        bias = next((name for name in node.input if name.startswith(ROOT) and name in kept), None)
        if node.op_type != "Add" or bias is None:
            continue
        before = next(name for name in node.input if name != bias)
        while before in makers and makers[before].op_type in ("Mul", "Cast"):
            before = makers[before].input[0]
        if before in makers and makers[before].op_type == "MatMulInteger":
            yield bias, makers[before].input[1].removesuffix(QUANTISED)


def _exact(kept: dict[str, Any], name: str) -> Any:
    whole = kept[name + QUANTISED].astype(np.float32) - kept[f"{name}_zero_point"].astype(np.float32)
    return whole * kept[f"{name}_scale"]
