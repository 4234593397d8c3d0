"""ViewerEngagementPredictor: how busy chat will be in the next minutes, by LSTM and attention.

Two LSTM layers read the last half hour minute by minute, multi-head attention (Vaswani et al., 2017) looks
back over them from the last minute, and one output a horizon gives ln(1 + messages).
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping, Sequence
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
from hikari_ml.realtime_analytics.outlook import HORIZONS
from hikari_ml.realtime_analytics.timeline import Minute

FORMAT: Final = 1
WINDOW: Final = 30
"""Minutes looked back."""

FEWEST_TRAINED: Final = 24
FEWEST_JUDGED: Final = 8
"""Windows that training and judging need at least."""

FEATURES: Final = ("messages", "chatters", "newcomers", "toxic", "repeated", "emotes", "mood")

Rows = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class FitReport:
    """How training went: the windows of its three parts, and mean absolute error a horizon in the last.

    ``validation_windows`` are those it was judged by: neither training nor the choice of the best epoch,
    made on ``selection_windows``, has seen a minute of their targets.
    """

    train_windows: int
    selection_windows: int
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
        """Train on the past of a channel, in three parts of time.

        The first is trained on, the second says which epoch was the best, and the last, a share of
        ``validation``, judges: its errors are the report and set the intervals.

        Raises:
            InputError: ``minutes`` is too short to train on and to validate, or there is no epoch.
        """
        if epochs < 1:
            raise InputError("epochs", epochs, "give at least 1")
        rows, targets = (
            torch.from_numpy(part) for part in windows(minutes, self.shape.window, self.shape.horizons)
        )
        parts = split(len(rows), max(self.shape.horizons), validation)
        if parts is None:
            needed = _needed(self.shape, validation)
            raise InputError("minutes", f"{len(minutes)} minutes", f"give at least {needed}")
        train, select, judge = parts
        torch.manual_seed(seed)
        flat = rows[train].reshape(-1, self.shape.input_dim)
        self.center.copy_(flat.mean(dim=0))
        self.scale.copy_(flat.std(dim=0).clamp(min=1e-3))
        with torch.no_grad():
            self.output.bias.copy_(
                targets[train].mean(dim=0)
            )  # a short past has no steps to waste on the level
        self._train(rows[train], targets[train], rows[select], targets[select], epochs, on_epoch)
        with torch.inference_mode():
            said, truth = self(rows[judge]), targets[judge]
            self.error.copy_((said - truth).abs().quantile(0.8, dim=0))
            miss = (said.expm1() - truth.expm1()).abs().mean(dim=0)
        mae = dict(zip(self.shape.horizons, miss.tolist(), strict=True))
        return FitReport(len(rows[train]), len(rows[select]), len(rows[judge]), epochs, mae)

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

    def save(self, path: str | Path, notes: Mapping[str, str] | None = None) -> None:
        """Write weights, sizes and ``notes`` as one safetensors file, durably and in one piece."""
        about = {
            "format": str(FORMAT),
            "shape": json.dumps(asdict(self.shape)),
            "notes": json.dumps(dict(notes or {})),
        }
        beside = Path(f"{path}.tmp")
        save_file({k: v.contiguous() for k, v in self.state_dict().items()}, beside, metadata=about)
        with beside.open("rb") as file:
            os.fsync(file.fileno())
        beside.replace(path)

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Read what :meth:`save` wrote.

        Raises:
            ModelMissingError: there is no such file.
            ModelDamagedError: it is not such a file, or a newer version wrote it.
        """
        return cls.load_with_notes(path)[0]

    @classmethod
    def load_with_notes(cls, path: str | Path) -> tuple[Self, dict[str, str]]:
        """:meth:`load`, and the notes it was saved with."""
        try:
            with safe_open(path, framework="pt") as file:
                about = file.metadata() or {}
                weights = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
            newer = int(about.get("format", "0")) > FORMAT
        except FileNotFoundError as error:
            raise ModelMissingError("predictor", Path(path)) from error
        except (SafetensorError, OSError, ValueError) as error:
            raise ModelDamagedError("predictor", f"{path} is no saved predictor: {error}") from error
        if newer:
            raise ModelDamagedError("predictor", f"{path} was written by a newer version")
        try:
            sizes = json.loads(about["shape"])
            predictor = cls(Shape(**{**sizes, "horizons": tuple(sizes["horizons"])}))
            predictor.load_state_dict(weights)
            notes = dict(json.loads(about.get("notes", "{}")))
        except (KeyError, TypeError, ValueError, RuntimeError) as error:
            raise ModelDamagedError("predictor", f"{path} is no saved predictor: {error}") from error
        return predictor.eval(), notes

    def _train(
        self,
        rows: Tensor,
        targets: Tensor,
        select_rows: Tensor,
        select_targets: Tensor,
        epochs: int,
        on_epoch: Callable[[int, float], None],
    ) -> None:
        """AdamW on the L1 error of logs, keeping the weights of the epoch best in selection."""
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
                checked = nn.functional.l1_loss(self(select_rows), select_targets).item()
            on_epoch(epoch + 1, checked)
            if checked < best:
                best = checked
                kept = {name: value.clone() for name, value in self.state_dict().items()}
        self.load_state_dict(kept)
        self.eval()


def split(count: int, gap: int, judged: float) -> tuple[slice, slice, slice] | None:
    """``count`` windows as three parts in order of time: train, select, judge; None if they are too few.

    The last ``judged`` share judges and half as many select. ``gap`` windows are left out before each, so
    that no target of one part reaches into the targets of the next.
    """
    judge = int(count * (1 - judged))
    select = judge - gap - int(count * judged / 2)
    train = select - gap
    if train < FEWEST_TRAINED or count - judge < FEWEST_JUDGED or judge - gap <= select:
        return None
    return slice(0, train), slice(select, judge - gap), slice(judge, count)


def _needed(shape: Shape, judged: float) -> int:
    """Minutes from which :func:`split` is possible."""
    gap = max(shape.horizons)
    count = next((n for n in range(2 * gap, 100 * gap) if split(n, gap, judged)), 100 * gap)
    return shape.window + gap - 1 + count


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
