"""The training loop of the chat model: seeded, resumable, and the same on a CPU and a GPU."""

from __future__ import annotations

import itertools
import json
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from hashlib import blake2b
from pathlib import Path
from random import Random
from typing import Any, Final

import torch
from tokenizers import Tokenizer
from torch import nn

from hikari_ml.errors import InputError
from hikari_ml.learning.batches import Batch, batches, encode
from hikari_ml.learning.examples import Example
from hikari_ml.learning.network import ChatEncoderNetwork, Readings, mean_pool
from hikari_ml.learning.objective import ClassWeights, retention_loss, task_loss

CHECKPOINT: Final = "checkpoint.pt"
LATIN_SCRIPT: Final = ("en", "de", "fr", "es", "pt", "it", "ro", "sv")
"""Languages the encoder's English word pieces can spell; others teach it little but noise."""


@dataclass(frozen=True, slots=True)
class TrainingPlan:
    """Everything a run depends on besides its data; saved beside the checkpoint."""

    epochs: int = 2
    batch_size: int = 48
    max_tokens: int = 80
    learning_rate: float = 8e-5
    head_learning_rate: float = 8e-4
    warmup: float = 0.06
    weight_decay: float = 0.01
    retention_weight: float = 10.0
    held_out: float = 0.02
    languages: tuple[str, ...] = LATIN_SCRIPT
    checkpoint_every: int = 500
    seed: int = 17


@dataclass(frozen=True, slots=True)
class Progress:
    """Where a run stands; ``loss`` and ``retention`` are running means."""

    step: int
    steps: int
    loss: float
    retention: float

    def after(self, loss: float, retention: float, *, first: bool) -> Progress:
        """One step on."""
        rate = 1.0 if first else 0.01
        return Progress(
            self.step + 1,
            self.steps,
            self.loss + rate * (loss - self.loss),
            self.retention + rate * (retention - self.retention),
        )


@dataclass(slots=True)
class Trainer:
    """One run of ``plan`` from the encoder in ``base``, keeping checkpoints in ``out``.

    Raises:
        InputError: ``out`` holds a checkpoint of another plan.
    """

    plan: TrainingPlan
    base: Path
    out: Path
    on_progress: Callable[[Progress], None] = lambda progress: None
    device: torch.device = field(default_factory=lambda: pick_device())

    def run(self, examples: list[Example]) -> ChatEncoderNetwork:
        """Train on ``examples`` and return the network; continue a checkpoint if ``out`` has one."""
        torch.manual_seed(self.plan.seed)
        network = ChatEncoderNetwork.from_folder(self.base).to(self.device)
        original = ChatEncoderNetwork.from_folder(self.base).encoder.eval().to(self.device)
        tokens = encode(
            Tokenizer.from_file(str(self.base / "tokenizer.json")),
            [example.text for example in examples],
            self.plan.max_tokens,
        )
        steps = self.plan.epochs * math.ceil(len(examples) / self.plan.batch_size)
        optimizer = self._optimizer(network)
        schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, self._schedule(steps))
        run = {"plan": json.dumps(asdict(self.plan)), "data": digest(examples)}
        done = self._restore(network, optimizer, schedule, run)
        weights = ClassWeights.of(examples).to(self.device)
        network.train()
        seen = Progress(done, steps, 0.0, 0.0)
        for batch in itertools.islice(self._stream(examples, tokens), done, None):
            loss, retention = self._losses(network, original, batch.to(self.device), weights)
            optimizer.zero_grad(set_to_none=True)
            torch.autograd.backward(loss + self.plan.retention_weight * retention)
            nn.utils.clip_grad_norm_(network.parameters(), 1.0)
            optimizer.step()
            schedule.step()
            seen = seen.after(loss.item(), retention.item(), first=seen.step == done)
            self.on_progress(seen)
            if seen.step % self.plan.checkpoint_every == 0:
                self._save(network, optimizer, schedule, {**run, "step": seen.step})
        return network.eval()

    def _stream(self, examples: list[Example], tokens: list[list[int]]) -> Iterator[Batch]:
        for epoch in range(self.plan.epochs):
            rng = Random(f"{self.plan.seed}/{epoch}")
            yield from batches(examples, tokens, self.plan.batch_size, rng)

    def _losses(
        self,
        network: ChatEncoderNetwork,
        original: nn.Module,
        batch: Batch,
        weights: ClassWeights,
    ) -> tuple[torch.Tensor, torch.Tensor]:
        with torch.autocast(self.device.type, torch.bfloat16, enabled=fast_bf16(self.device)):
            readings = network(batch.input_ids, batch.attention_mask)
            with torch.no_grad():
                states = original(batch.input_ids, batch.attention_mask).last_hidden_state
        readings = Readings(*(part.float() for part in readings))
        target = mean_pool(states.float(), batch.attention_mask)
        return task_loss(readings, batch, weights), retention_loss(readings.embedding, target)

    def _optimizer(self, network: ChatEncoderNetwork) -> torch.optim.Optimizer:
        body = [p for p in network.encoder.parameters() if p.requires_grad]
        heads = [*network.heads.parameters(), *network.projection.parameters()]
        return torch.optim.AdamW(
            [
                {"params": body, "lr": self.plan.learning_rate},
                {"params": heads, "lr": self.plan.head_learning_rate},
            ],
            weight_decay=self.plan.weight_decay,
            fused=True,
        )

    def _schedule(self, steps: int) -> Callable[[int], float]:
        warmup = max(1, int(steps * self.plan.warmup))

        def factor(step: int) -> float:
            if step < warmup:
                return (step + 1) / warmup
            return 0.5 * (1 + math.cos(math.pi * (step - warmup) / max(1, steps - warmup)))

        return factor

    def _save(self, network: nn.Module, optimizer: Any, schedule: Any, about: dict[str, Any]) -> None:
        """Write one file, aside and then in place, so that its parts are of one step."""
        self.out.mkdir(parents=True, exist_ok=True)
        parts = {"network": network, "optimizer": optimizer, "schedule": schedule}
        beside = self.out / f"{CHECKPOINT}.tmp"
        torch.save({**about, **{name: part.state_dict() for name, part in parts.items()}}, beside)
        beside.replace(self.out / CHECKPOINT)

    def _restore(self, network: nn.Module, optimizer: Any, schedule: Any, run: dict[str, str]) -> int:
        """Continue the checkpoint of this very ``run``, if there is one; returns the steps done."""
        if not (self.out / CHECKPOINT).exists():
            return 0
        state = torch.load(self.out / CHECKPOINT, weights_only=True, map_location="cpu")
        for name, value in run.items():
            if state[name] != value:
                raise InputError("out", str(self.out), f"it holds a checkpoint of another {name}")
        network.load_state_dict(state["network"])
        optimizer.load_state_dict(state["optimizer"])
        schedule.load_state_dict(state["schedule"])
        return int(state["step"])


def digest(examples: Sequence[Example]) -> str:
    """A checksum of texts and labels in their order."""
    found = blake2b(digest_size=16)
    for example in examples:
        found.update(repr(example).encode("utf-8", "surrogatepass"))
    return found.hexdigest()


def pick_device() -> torch.device:
    """CUDA when there is one, else the CPU."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def fast_bf16(device: torch.device) -> bool:
    """Whether bfloat16 is done in hardware; where it is emulated it is slower than float32."""
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    return bool(torch.cpu._is_avx512_bf16_supported())
