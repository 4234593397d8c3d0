"""From a trained network to the file that ships: ONNX, int8, with everything it needs inside."""

from __future__ import annotations

import json
import tempfile
import warnings
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from hikari_ml.errors import MissingExtraError
from hikari_ml.models.chat_encoder import FORMAT, METADATA_KEY
from hikari_ml.models.network import ChatEncoderNetwork
from hikari_ml.models.passes import OUTPUTS


class _Probabilities(nn.Module):
    """The network as it is served: probabilities instead of logits."""

    def __init__(self, network: ChatEncoderNetwork) -> None:
        super().__init__()
        self.network = network

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> tuple[Tensor, ...]:
        readings = self.network(input_ids, attention_mask)
        return (
            readings.sentiment.softmax(dim=-1),
            readings.emotion.sigmoid(),
            readings.toxicity.sigmoid(),
            readings.embedding,
        )


def export(network: ChatEncoderNetwork, base: Path, out: Path, about: dict[str, Any]) -> None:
    """Write ``network`` as one int8 ONNX file; ``base`` holds its tokenizer.

    Linear layers and the vocabulary are stored as int8 (one scale a column), activations are
    quantised as they come. ``about`` needs ``name``, ``languages`` and ``max_tokens``.

    Raises:
        MissingExtraError: the packages of the ``train`` extra are not installed.
    """
    try:
        import onnx
        from onnxruntime.quantization import QuantType, quantize_dynamic
    except ImportError as error:
        raise MissingExtraError("exporting a model", "train") from error
    with tempfile.TemporaryDirectory() as folder:
        exact, small = Path(folder) / "exact.onnx", Path(folder) / "small.onnx"
        export_exact(network, exact)
        quantize_dynamic(
            exact,
            small,
            weight_type=QuantType.QInt8,
            per_channel=True,
            extra_options={"MatMulConstBOnly": True},
        )
        model = onnx.load(small)
    metadata = {
        "format": FORMAT,
        "dim": network.encoder.config.hidden_size,
        "attention_heads": network.encoder.config.num_attention_heads,
        "tokenizer": _tokenizer(base),
        **about,
    }
    _forget_where(model)
    onnx.helper.set_model_props(model, {METADATA_KEY: json.dumps(metadata, ensure_ascii=False)})
    onnx.save(model, out)


def export_exact(network: ChatEncoderNetwork, out: Path) -> None:
    """Write ``network`` as a float32 ONNX file without metadata."""
    import onnx

    network.encoder.config._attn_implementation = "eager"
    # Two tensors, not one twice: the exporter takes one object for one input.
    input_ids, mask = (torch.ones(2, 12, dtype=torch.int64) for _ in range(2))
    batch, tokens = torch.export.Dim("batch", max=4096), torch.export.Dim("tokens", min=2, max=512)
    shape = {0: batch, 1: tokens}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        program = torch.onnx.export(
            _Probabilities(network.eval()).eval(),
            (input_ids, mask),
            dynamo=True,
            verbose=False,
            input_names=["input_ids", "attention_mask"],
            output_names=list(OUTPUTS),
            dynamic_shapes={"input_ids": shape, "attention_mask": shape},
        )
    assert program is not None
    model = program.model_proto
    del model.graph.value_info[:]  # shapes noted during the export contradict those inferred later
    onnx.save(model, out)


def _forget_where(model: Any) -> None:
    """Remove what the exporter notes of the source files that each node came from: paths of this machine."""
    del model.graph.metadata_props[:]
    for part in (*model.graph.node, *model.graph.value_info, *model.graph.input, *model.graph.output):
        del part.metadata_props[:]
        part.doc_string = ""


def _tokenizer(base: Path) -> dict[str, Any]:
    tokenizer: dict[str, Any] = json.loads((base / "tokenizer.json").read_text(encoding="utf-8"))
    tokenizer["truncation"] = tokenizer["padding"] = None
    return tokenizer
