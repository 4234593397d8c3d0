"""ViewerEngagementPredictor: how busy chat will be in the next minutes, by LSTM and attention.

Two LSTM layers read the last half hour minute by minute, multi-head attention (Vaswani et al., 2017) looks
back over them from the last minute, and one output a horizon gives ln(1 + messages).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final, Self

import numpy as np
import numpy.typing as npt
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from hikari_ml.errors import InputError, ModelDamagedError, ModelMissingError
from hikari_ml.realtime_analytics.timeline import Minute

FORMAT: Final = 1
HORIZONS: Final = (5, 15, 30, 60)
"""Minutes ahead."""

WINDOW: Final = 30
"""Minutes looked back."""

FEATURES: Final = ("messages", "chatters", "newcomers", "toxic", "repeated", "emotes", "mood")

Rows = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class FitReport:
    """How training went: windows trained on and validated on, and mean absolute error a horizon there."""

    train_windows: int
    validation_windows: int
    epochs: int
    mae: dict[int, float]


@dataclass(frozen=True, slots=True)
class Shape:
    """The sizes that make a predictor."""

    input_dim: int = len(FEATURES)
    hidden_dim: int = 32
    num_layers: int = 2
    num_heads: int = 8
    dropout: float = 0.2
    horizons: tuple[int, ...] = HORIZONS
    window: int = WINDOW


class ViewerEngagementPredictor(nn.Module):
    """Predicts the number of messages within each horizon.

    ``predict`` needs a trained predictor: :meth:`fit` it, or :meth:`load` one.

    Raises:
        InputError: ``hidden_dim`` is not a multiple of ``num_heads``.
    """

    def __init__(self, shape: Shape | None = None, **sizes: Any) -> None:
        super().__init__()
        self.shape = shape or Shape(**sizes)
        if self.shape.hidden_dim % self.shape.num_heads:
            raise InputError(
                "hidden_dim", self.shape.hidden_dim, f"give a multiple of {self.shape.num_heads}"
            )
        self.lstm = nn.LSTM(
            self.shape.input_dim,
            self.shape.hidden_dim,
            self.shape.num_layers,
            dropout=self.shape.dropout if self.shape.num_layers > 1 else 0.0,
            batch_first=True,
        )
        self.attention = nn.MultiheadAttention(self.shape.hidden_dim, self.shape.num_heads, batch_first=True)
        self.output = nn.Linear(2 * self.shape.hidden_dim, len(self.shape.horizons))
        self.center: Tensor
        self.scale: Tensor
        self.error: Tensor
        self.register_buffer("center", torch.zeros(self.shape.input_dim))
        self.register_buffer("scale", torch.ones(self.shape.input_dim))
        self.register_buffer("error", torch.full((len(self.shape.horizons),), float("nan")))

    @property
    def is_trained(self) -> bool:
        """Whether it has been fitted, here or before it was saved."""
        return not bool(self.error.isnan().any())

    def forward(self, rows: Tensor) -> Tensor:
        """ln(1 + messages) a horizon: [B, T, features] to [B, horizons], or [T, features] to [horizons]."""
        single = rows.dim() == 2
        batch = rows.unsqueeze(0) if single else rows
        states, _ = self.lstm((batch - self.center) / self.scale)
        last = states[:, -1:, :]
        seen, _ = self.attention(last, states, states, need_weights=False)
        logs: Tensor = self.output(torch.cat([last, seen], dim=-1).squeeze(1))
        return logs.squeeze(0) if single else logs

    def fit(
        self,
        minutes: Sequence[Minute],
        *,
        epochs: int = 30,
        validation: float = 0.2,
        seed: int = 0,
        on_epoch: Callable[[int, float], None] = lambda epoch, loss: None,
    ) -> FitReport:
        """Train on the past of a channel; the last part validates, and its errors set the intervals.

        Raises:
            InputError: ``minutes`` is too short to train on and to validate.
        """
        rows, targets = windows(minutes, self.shape.window, self.shape.horizons)
        split = int(len(rows) * (1 - validation))
        gap = max(self.shape.horizons)  # so that no training target reaches into the validation part
        if split - gap < 32 or len(rows) - split < 8:
            needed = self.shape.window + 2 * gap + 100
            raise InputError("minutes", f"{len(minutes)} minutes", f"give at least {needed}")
        torch.manual_seed(seed)
        train_x, train_y = torch.from_numpy(rows[: split - gap]), torch.from_numpy(targets[: split - gap])
        check_x, check_y = torch.from_numpy(rows[split:]), torch.from_numpy(targets[split:])
        flat = train_x.reshape(-1, self.shape.input_dim)
        self.center.copy_(flat.mean(dim=0))
        self.scale.copy_(flat.std(dim=0).clamp(min=1e-3))
        self._train(train_x, train_y, check_x, check_y, epochs, on_epoch)
        with torch.inference_mode():
            self.error.copy_((self(check_x) - check_y).abs().quantile(0.8, dim=0))
            miss = (self(check_x).expm1() - check_y.expm1()).abs().mean(dim=0)
        mae = dict(zip(self.shape.horizons, miss.tolist(), strict=True))
        return FitReport(len(train_x), len(check_x), epochs, mae)

    def predict(self, minutes: Sequence[Minute]) -> dict[int, tuple[float, float, float]]:
        """Messages within each horizon after the last minute: horizon -> (expected, lower, upper).

        The interval is meant to hold 80 %.

        Raises:
            InputError: the predictor is not trained, or there are fewer minutes than its window.
        """
        if not self.is_trained:
            raise InputError("predictor", "untrained", "fit it or load a trained one first")
        if len(minutes) < self.shape.window:
            raise InputError("minutes", f"{len(minutes)} minutes", f"give at least {self.shape.window}")
        rows = torch.from_numpy(feature_rows(minutes[-self.shape.window :]))
        with torch.inference_mode():
            logs = self(rows)
        low, high = (logs - self.error).expm1().clamp(min=0), (logs + self.error).expm1().clamp(min=0)
        middle = logs.expm1().clamp(min=0)
        return {
            horizon: (middle[i].item(), low[i].item(), high[i].item())
            for i, horizon in enumerate(self.shape.horizons)
        }

    def save(self, path: str | Path) -> None:
        """Write weights and sizes as one safetensors file."""
        about = {"format": str(FORMAT), "shape": json.dumps(asdict(self.shape))}
        beside = Path(f"{path}.tmp")
        save_file({k: v.contiguous() for k, v in self.state_dict().items()}, beside, metadata=about)
        beside.replace(path)

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Read what :meth:`save` wrote.

        Raises:
            ModelMissingError: there is no such file.
            ModelDamagedError: it is not such a file.
        """
        try:
            with safe_open(path, framework="pt") as file:
                about = file.metadata() or {}
                sizes = json.loads(about["shape"])
                weights = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        except FileNotFoundError as error:
            raise ModelMissingError("predictor", Path(path)) from error
        except (SafetensorError, KeyError, ValueError) as error:
            raise ModelDamagedError("predictor", f"{path} is no saved predictor: {error}") from error
        if int(about.get("format", "0")) > FORMAT:
            raise ModelDamagedError("predictor", f"{path} was written by a newer version")
        predictor = cls(Shape(**{**sizes, "horizons": tuple(sizes["horizons"])}))
        predictor.load_state_dict(weights)
        return predictor.eval()

    def _train(
        self,
        rows: Tensor,
        targets: Tensor,
        check_rows: Tensor,
        check_targets: Tensor,
        epochs: int,
        on_epoch: Callable[[int, float], None],
    ) -> None:
        """AdamW on the L1 error of logs, keeping the weights of the best validated epoch."""
        optimizer = torch.optim.AdamW(self.parameters(), lr=3e-3, weight_decay=1e-3)
        best, kept = float("inf"), {}
        for epoch in range(epochs):
            self.train()
            for batch in torch.split(torch.randperm(len(rows)), 64):
                optimizer.zero_grad()
                loss = nn.functional.l1_loss(self(rows[batch]), targets[batch])
                loss.backward()  # type: ignore[no-untyped-call]
                nn.utils.clip_grad_norm_(self.parameters(), 1.0)
                optimizer.step()
            self.eval()
            with torch.inference_mode():
                checked = nn.functional.l1_loss(self(check_rows), check_targets).item()
            on_epoch(epoch + 1, checked)
            if checked < best:
                best = checked
                kept = {name: value.clone() for name, value in self.state_dict().items()}
        self.load_state_dict(kept)
        self.eval()


def feature_rows(minutes: Sequence[Minute]) -> Rows:
    """Numbers of each minute in the order of :data:`FEATURES`: [N, 7]; counts as ln(1 + n)."""
    return np.array(
        [
            [
                np.log1p(m.messages),
                np.log1p(m.chatters),
                np.log1p(m.newcomers),
                np.log1p(m.toxic),
                np.log1p(m.repeated),
                np.log1p(m.with_cue),
                0.5 if m.mood is None else m.mood,
            ]
            for m in minutes
        ],
        np.float32,
    )


def windows(minutes: Sequence[Minute], width: int, horizons: Sequence[int]) -> tuple[Rows, Rows]:
    """Training pairs: [N, width, features], and ln(1 + messages) in each horizon after: [N, horizons]."""
    rows = feature_rows(minutes)
    sums = np.concatenate([[0.0], np.cumsum([m.messages for m in minutes])])
    last = len(minutes) - max(horizons)
    ends = range(width, last + 1)
    if not ends:
        return np.zeros((0, width, len(FEATURES)), np.float32), np.zeros((0, len(horizons)), np.float32)
    targets = [[np.log1p(sums[end + h] - sums[end]) for h in horizons] for end in ends]
    return (
        np.stack([rows[end - width : end] for end in ends]).astype(np.float32),
        np.array(targets, np.float32),
    )
