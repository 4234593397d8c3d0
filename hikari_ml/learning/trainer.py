"""The training loop of the chat model: seeded, resumable, and the same on a CPU and a GPU."""

from __future__ import annotations

import itertools
import json
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from hashlib import blake2b
from pathlib import Path
from random import Random
from typing import Any, Final

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from tokenizers import Tokenizer
from torch import nn
from torch.optim.swa_utils import AveragedModel

from hikari_ml.errors import InputError
from hikari_ml.learning.batches import Batch, batches, encode
from hikari_ml.learning.examples import Example
from hikari_ml.learning.objective import ClassWeights, task_loss, taught_loss
from hikari_ml.models.network import HEAD_SIZES, ChatEncoderNetwork, Readings
from hikari_ml.models.reopen import reopen

CHECKPOINT: Final = "checkpoint.pt"
LATIN_SCRIPT: Final = ("en", "de", "fr", "es", "pt", "it", "ro", "sv")
"""Languages the encoder's English word pieces can spell; others teach it little but noise."""


@dataclass(frozen=True, slots=True)
class TrainingPlan:
    """Everything a run depends on besides its data; saved beside the checkpoint.

    ``passes`` says how often an epoch sees a source, where that is not once, and ``own_lines`` how often the
    lines that come with this project. ``dropout`` is that of the token states. ``layer_decay`` is the ratio
    of a layer's learning rate to that of the layer above: what lies low is general and is moved least. Every
    ``average_every`` steps the weights join an exponential average with the decay ``averaging``, and that
    average is what a run returns (P. Izmailov et al., "Averaging Weights Leads to Wider Optima and Better
    Generalization", UAI 2018). ``drawn_back`` is the share of the way that it is then drawn back to the
    weights it started from: most of what is new stays, and most of what was forgotten returns (M. Wortsman
    et al., "Robust Fine-tuning of Zero-shot Models", CVPR 2022). ``heads`` names those that learn alone: the
    encoder, the embedding and the other heads stay bit for bit what the start has. ``taught`` is the share of
    the loss that is the distance from what the teachers say rather than from the labels: they answer all
    three tasks for every text (T. Furlanello et al., "Born-Again Neural Networks", ICML 2018).

    Raises:
        InputError: a number is out of its range.
    """

    epochs: int = 2
    batch_size: int = 48
    max_tokens: int = 80
    learning_rate: float = 8e-5
    head_learning_rate: float = 8e-4
    warmup: float = 0.06
    weight_decay: float = 0.01
    dropout: float = 0.1
    layer_decay: float = 0.85
    averaging: float = 0.98
    average_every: int = 20
    drawn_back: float = 0.0
    taught: float = 0.0
    heads: tuple[str, ...] = ()
    held_out: float = 0.02
    languages: tuple[str, ...] = LATIN_SCRIPT
    own_lines: float = 3.0
    passes: Mapping[str, float] = field(default_factory=dict)
    checkpoint_every: int = 500
    seed: int = 17

    def __post_init__(self) -> None:
        counts = ("epochs", "batch_size", "max_tokens", "average_every", "checkpoint_every")
        shares = ("warmup", "dropout", "averaging", "drawn_back", "taught", "held_out")
        rates = ("learning_rate", "head_learning_rate", "weight_decay", "layer_decay", "own_lines")
        for name in (*counts, *shares, *rates):
            value = getattr(self, name)
            if name in counts and value < 1:
                raise InputError(f"plan.{name}", value, "it has to be at least 1")
            if name in shares and not 0 <= value < 1:
                raise InputError(f"plan.{name}", value, "it has to be at least 0 and below 1")
            if name in rates and not 0 <= value < math.inf:
                raise InputError(f"plan.{name}", value, "it has to be a number of at least 0")
        for head in self.heads:
            if head not in HEAD_SIZES:
                raise InputError("plan.heads", head, f"the heads are {', '.join(HEAD_SIZES)}")
        for source, times in self.passes.items():
            if not 0 <= times < math.inf:
                raise InputError(f"plan.passes.{source}", times, "it has to be a number of at least 0")


@dataclass(frozen=True, slots=True)
class Progress:
    """Where a run stands; ``loss`` is a running mean."""

    step: int
    steps: int
    loss: float

    def after(self, loss: float, *, first: bool) -> Progress:
        """One step on."""
        rate = 1.0 if first else 0.01
        return Progress(self.step + 1, self.steps, self.loss + rate * (loss - self.loss))


@dataclass(slots=True)
class Trainer:
    """One run of ``plan`` from the encoder in ``base``, keeping checkpoints in ``out``.

    ``start`` is the network file of an earlier run or an exported model, to go on from with other data or
    another plan. ``teachers`` are such files too; the mean of their probabilities is what is taught.

    Raises:
        InputError: ``out`` holds a checkpoint of another plan, other data, another start or other teachers, a
            file is no network of this trainer, or the plan needs a start or teachers and there are none.
    """

    plan: TrainingPlan
    base: Path
    out: Path
    start: Path | None = None
    on_progress: Callable[[Progress], None] = lambda progress: None
    teachers: Sequence[Path] = ()
    device: torch.device = field(default_factory=lambda: pick_device())
    temperatures: list[float] = field(init=False, default_factory=list)
    """Of each head where the run began: what they stay at where too little is held out to find them anew."""

    def run(self, examples: list[Example]) -> ChatEncoderNetwork:
        """Train on ``examples`` and return the network; continue a checkpoint if ``out`` has one."""
        torch.manual_seed(self.plan.seed)
        network = self._begin().to(self.device)
        began = {name: value.clone() for name, value in network.state_dict().items()}
        teachers = self._teachers()
        tokens = encode(
            Tokenizer.from_file(str(self.base / "tokenizer.json")),
            [example.text for example in examples],
            self.plan.max_tokens,
        )
        steps = self.plan.epochs * math.ceil(len(examples) / self.plan.batch_size)
        run = {"plan": json.dumps(asdict(self.plan)), "data": digest(examples), "start": _weights(network)}
        if teachers:
            run["teachers"] = " ".join(map(_weights, teachers))
        state = _State(
            network,
            average := AveragedModel(network, avg_fn=_averaging(self.plan.averaging)),
            optimizer := self._optimizer(network),
            schedule := torch.optim.lr_scheduler.LambdaLR(optimizer, self._schedule(steps)),
        )
        done = state.restore(self.out / CHECKPOINT, run)
        weights = ClassWeights.of(examples).to(self.device)
        network.train()
        network.encoder.train(not self.plan.heads)  # a head that is trained alone sees what it will be served
        seen = Progress(done, steps, 0.0)
        for batch in itertools.islice(self._stream(examples, tokens), done, None):
            torch.manual_seed(self.plan.seed + seen.step)  # what is dropped follows from the step alone
            loss = self._loss(network, batch.to(self.device), weights, teachers)
            optimizer.zero_grad(set_to_none=True)
            torch.autograd.backward(loss)
            nn.utils.clip_grad_norm_(network.parameters(), 1.0)
            optimizer.step()
            schedule.step()
            seen = seen.after(loss.item(), first=seen.step == done)
            if seen.step % self.plan.average_every == 0 or seen.step == steps:
                average.update_parameters(network)
            self.on_progress(seen)
            if seen.step % self.plan.checkpoint_every == 0:
                state.save(self.out / CHECKPOINT, {**run, "step": seen.step})
        network.load_state_dict(_between(average.module.state_dict(), began, self.plan.drawn_back))
        return network.eval()

    def _begin(self) -> ChatEncoderNetwork:
        """The network before its first step, in which what stays as it is takes no gradient."""
        plan = self.plan
        network = ChatEncoderNetwork.from_folder(self.base, dropout=plan.dropout)
        if self.start is not None:
            _load(network, self.start, "start")
        elif plan.drawn_back or plan.heads:
            name = "drawn_back" if plan.drawn_back else "heads"
            raise InputError(f"plan.{name}", getattr(plan, name), "it needs a start")
        network.requires_grad_(not plan.heads)
        self.temperatures = network.temperature.tolist()
        for place, head in enumerate(HEAD_SIZES):
            if not plan.heads or head in plan.heads:
                network.temperature[place] = 1  # calibration finds it anew, from logits as they come
                network.heads[head].requires_grad_()
        return network

    def _stream(self, examples: list[Example], tokens: list[list[int]]) -> Iterator[Batch]:
        for epoch in range(self.plan.epochs):
            rng = Random(f"{self.plan.seed}/{epoch}")
            yield from batches(examples, tokens, self.plan.batch_size, rng)

    def _teachers(self) -> list[ChatEncoderNetwork]:
        if bool(self.teachers) != (self.plan.taught > 0):
            raise InputError("plan.taught", self.plan.taught, "it goes with teachers, and they with it")
        found = []
        for path in self.teachers:
            found.append(ChatEncoderNetwork.from_folder(self.base).eval().requires_grad_(requires_grad=False))
            _load(found[-1], path, "teachers")
        return [teacher.to(self.device) for teacher in found]

    def _loss(
        self,
        network: ChatEncoderNetwork,
        batch: Batch,
        weights: ClassWeights,
        teachers: Sequence[ChatEncoderNetwork],
    ) -> torch.Tensor:
        said = self._read(network, batch)
        loss = task_loss(said, batch, weights)
        if not teachers:
            return loss
        with torch.no_grad():
            taught = [self._read(teacher, batch) for teacher in teachers]
        return (1 - self.plan.taught) * loss + self.plan.taught * taught_loss(said, taught)

    def _read(self, network: ChatEncoderNetwork, batch: Batch) -> Readings:
        with torch.autocast(self.device.type, torch.bfloat16, enabled=fast_bf16(self.device)):
            readings = network(batch.input_ids, batch.attention_mask)
        return Readings(*(part.float() for part in readings))

    def _optimizer(self, network: ChatEncoderNetwork) -> torch.optim.Optimizer:
        layers: list[nn.Module] = [network.encoder.embeddings, *network.encoder.encoder.layer]
        groups: list[dict[str, Any]] = [
            {
                "params": list(layer.parameters()),
                "lr": self.plan.learning_rate * self.plan.layer_decay**below,
            }
            for below, layer in enumerate(reversed(layers))
        ]
        groups.append({"params": list(network.heads.parameters()), "lr": self.plan.head_learning_rate})
        return torch.optim.AdamW(groups, weight_decay=self.plan.weight_decay, fused=True)

    def _schedule(self, steps: int) -> Callable[[int], float]:
        warmup = max(1, int(steps * self.plan.warmup))

        def factor(step: int) -> float:
            if step < warmup:
                return (step + 1) / warmup
            return 0.5 * (1 + math.cos(math.pi * (step - warmup) / max(1, steps - warmup)))

        return factor


@dataclass(slots=True)
class _State:
    """All that a step changes, in one file."""

    network: ChatEncoderNetwork
    average: AveragedModel
    optimizer: torch.optim.Optimizer
    schedule: torch.optim.lr_scheduler.LambdaLR

    def save(self, path: Path, about: dict[str, Any]) -> None:
        """Write aside and then in place, so that what is there is of one step."""
        path.parent.mkdir(parents=True, exist_ok=True)
        beside = path.with_name(f"{path.name}.tmp")
        torch.save({**about, **{name: part.state_dict() for name, part in self._parts()}}, beside)
        beside.replace(path)

    def restore(self, path: Path, run: dict[str, str]) -> int:
        """Continue the checkpoint of this very ``run``, if there is one; returns the steps done."""
        if not path.exists():
            return 0
        state = torch.load(path, weights_only=True, map_location="cpu")
        for name, value in run.items():
            if state.get(name) != value:
                raise InputError("out", str(path.parent), f"it holds a checkpoint of another {name}")
        for name, part in self._parts():
            part.load_state_dict(state[name])
        return int(state["step"])

    def _parts(self) -> list[tuple[str, Any]]:
        return [(part.name, getattr(self, part.name)) for part in fields(self)]


def digest(examples: Sequence[Example]) -> str:
    """A checksum of texts and labels in their order."""
    found = blake2b(digest_size=16)
    for example in examples:
        found.update(repr(example).encode("utf-8", "surrogatepass"))
    return found.hexdigest()


def _load(network: ChatEncoderNetwork, path: Path, what: str) -> None:
    try:
        weights = reopen(path) if path.suffix == ".onnx" else load_file(path)
        network.load_state_dict(weights)
    except (OSError, SafetensorError) as error:
        raise InputError(what, str(path), f"it cannot be read: {error}") from error
    except RuntimeError as error:
        raise InputError(what, str(path), "it is no network of this version of the trainer") from error


def _weights(network: ChatEncoderNetwork) -> str:
    """A checksum of what a run starts from."""
    found = blake2b(digest_size=16)
    for value in network.state_dict().values():
        found.update(value.detach().cpu().contiguous().numpy().tobytes())
    return found.hexdigest()


def _between(
    ended: Mapping[str, torch.Tensor], began: Mapping[str, torch.Tensor], share: float
) -> dict[str, torch.Tensor]:
    """The weights that lie ``share`` of the way back from where a run ended to where it began."""
    return {
        name: value.lerp(began[name], share) if value.is_floating_point() else value
        for name, value in ended.items()
    }


def _averaging(decay: float) -> Callable[[torch.Tensor, torch.Tensor, torch.Tensor | int], torch.Tensor]:
    """An exponential average whose decay grows from 2/11: a short run must not end where it began."""

    def average(mean: torch.Tensor, new: torch.Tensor, count: torch.Tensor | int) -> torch.Tensor:
        done = int(count)
        return mean.lerp(new, 1 - min(decay, (1 + done) / (10 + done)))

    return average


def pick_device() -> torch.device:
    """CUDA when there is one, else the CPU."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def fast_bf16(device: torch.device) -> bool:
    """Whether bfloat16 is done in hardware; where it is emulated it is slower than float32."""
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    return bool(torch.cpu._is_avx512_bf16_supported())
