"""ViewerEngagementPredictor: how busy chat will be in the next minutes, by LSTM and attention.

Two LSTM layers read the hours before, the last of them step by step; multi-head attention (Vaswani et al.,
2017), asked by the newest state and by the calendar, looks back over all of them; and one output a horizon
says how far chat will lie above the level of the moment, as the logarithm of a ratio.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np
import numpy.typing as npt
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from hikari_ml.errors import InputError, ModelDamagedError, ModelMissingError, StoreError
from hikari_ml.realtime_analytics.checks import check_file, check_number, check_whole
from hikari_ml.realtime_analytics.prediction.backtest import MOST_EPOCHS, Bounds, Parts, needed, split
from hikari_ml.realtime_analytics.prediction.context import (
    FEATURES,
    HORIZONS,
    Context,
    Frame,
    Past,
    Times,
    Values,
    check_minutes,
)
from hikari_ml.realtime_analytics.timeline import Minute

FORMAT: Final = 2
"""2: hours before, calendar and the same time on other days. 1 read half an hour and is no longer read."""

BESIDE: Final = "beside."
"""Before the names of arrays that are saved with a predictor and are none of its weights."""

MOST_TRAINED: Final = 30_000
"""Moments trained on at most, spread evenly: neighbouring minutes tell the same."""

BATCH: Final = 256
READ_AT_ONCE: Final = 2_048
"""Moments in a batch of training, and in one that is only read."""

PATIENCE: Final = 6
"""Epochs without a better one after which training ends."""

LEARNING_RATE: Final = 3e-3
FACTS_LIMIT: Final = 4.0
"""Standard deviations at which what is known of a moment is cut off."""

LEAST_KNOWN: Final = 0.05
"""Share of the training in which a fact must be known: a rarer one is not learned, so not listened to."""


DAY_MINUTES: Final = 24 * 60
MOST_HORIZONS: Final = 24
MOST_JUDGED: Final = 0.5

MOST_SAID: Final = 1e30
"""Messages no chat comes near: who says more has weights that are none."""

SIZES: Final = {
    "hidden_dim": (1, 1_024),
    "num_layers": (1, 8),
    "num_heads": (1, 64),
    "step": (1, 60),
    "span": (0, DAY_MINUTES),
    "window": (1, DAY_MINUTES),
    "coarse": (0, DAY_MINUTES),
    "coarse_steps": (1, DAY_MINUTES),
}
"""Least and most of each size of a :class:`Shape`."""


@dataclass(frozen=True, slots=True)
class FitReport:
    """How training went: the moments of its three parts, and mean absolute error a horizon in the last.

    ``validation_windows`` are those it was judged by: neither training nor the choice of the best epoch,
    made on ``selection_windows``, had seen a minute of their targets. ``epochs`` is how many were best.
    """

    train_windows: int
    selection_windows: int
    validation_windows: int
    epochs: int
    mae: dict[int, float]


@dataclass(frozen=True, slots=True)
class Shape:
    """The sizes that make a predictor, what it reads (:class:`Frame`), and the streamer's zone.

    ``dropout`` is in [0, 1). Every horizon is a whole number of steps, at most a day.

    Raises:
        InputError: a size cannot be used, ``hidden_dim`` is not a multiple of ``num_heads``, or the zone is
            unknown.
    """

    hidden_dim: int = 32
    num_layers: int = 2
    num_heads: int = 8
    dropout: float = 0.2
    horizons: tuple[int, ...] = HORIZONS
    step: int = 1
    span: int = 0
    window: int = 30
    coarse: int = 24
    coarse_steps: int = 6
    zone: str = "UTC"

    def __post_init__(self) -> None:
        for name, (low, high) in SIZES.items():
            check_whole(getattr(self, name), name, low, high)
        if self.hidden_dim % self.num_heads:
            raise InputError("hidden_dim", self.hidden_dim, f"give a multiple of {self.num_heads}")
        if not 0 <= check_number(self.dropout, "dropout") < 1:
            raise InputError("dropout", self.dropout, "give a share from 0 to less than 1")
        if not isinstance(self.horizons, tuple | list) or not 1 <= len(self.horizons) <= MOST_HORIZONS:
            raise InputError("horizons", self.horizons, f"give a tuple of 1 to {MOST_HORIZONS} whole numbers")
        for horizon in self.horizons:
            if check_whole(horizon, "horizons", 1, DAY_MINUTES) % self.step:
                raise InputError("horizons", horizon, f"give multiples of the step of {self.step} minutes")
        try:
            ZoneInfo(self.zone)
        except (ZoneInfoNotFoundError, ValueError, TypeError, OSError) as error:
            raise InputError("zone", self.zone, "give an IANA name such as Europe/Berlin") from error

    @property
    def frame(self) -> Frame:
        """What is predicted from what."""
        return Frame(self.horizons, self.step, self.span, self.window, self.coarse, self.coarse_steps)

    def past(self, minutes: Sequence[Minute]) -> Past:
        """``minutes`` as it reads them."""
        return Past(minutes, self.frame, ZoneInfo(self.zone))


class ViewerEngagementPredictor(nn.Module):
    """Predicts the number of messages of each horizon.

    ``predict`` needs a trained predictor: :meth:`fit` it, or :meth:`load` one.

    Raises:
        InputError: a size cannot be used, see :class:`Shape`.
    """

    def __init__(self, shape: Shape | None = None, **sizes: Any) -> None:
        super().__init__()
        self.shape = shape or Shape(**sizes)
        width, facts, horizons = self.shape.hidden_dim, self.shape.frame.facts, len(self.shape.horizons)
        dropout = self.shape.dropout
        between = dropout if self.shape.num_layers > 1 else 0.0
        self.lstm = nn.LSTM(len(FEATURES), width, self.shape.num_layers, dropout=between, batch_first=True)
        self.attention = nn.MultiheadAttention(width, self.shape.num_heads, batch_first=True)
        self.circumstances = nn.Sequential(nn.Linear(2 * facts, 2 * width), nn.GELU(), nn.Dropout(dropout))
        self.question = nn.Linear(2 * width, width)
        self.output = nn.Sequential(
            nn.Linear(4 * width, 2 * width), nn.GELU(), nn.Dropout(dropout), nn.Linear(2 * width, horizons)
        )
        self.center: Tensor
        self.scale: Tensor
        self.facts_center: Tensor
        self.facts_scale: Tensor
        self.bounds: Tensor
        self.register_buffer("center", torch.zeros(len(FEATURES)))
        self.register_buffer("scale", torch.ones(len(FEATURES)))
        self.register_buffer("facts_center", torch.full((facts,), math.nan))  # NaN: a fact not listened to
        self.register_buffer("facts_scale", torch.ones(facts))
        self.register_buffer("bounds", torch.full((horizons, 2), math.nan))

    @property
    def is_trained(self) -> bool:
        """Whether it has been fitted, here or before it was saved."""
        return not bool(self.bounds.isnan().any())

    def forward(self, steps: Tensor, facts: Tensor) -> Tensor:
        """ln(1 + messages a step) against the level: [B, T, features] and [B, facts] to [B, horizons].

        A single moment may come without B and goes without it. Facts may be NaN where they are unknown.
        """
        if steps.dim() == 2:
            single: Tensor = self(steps.unsqueeze(0), facts.unsqueeze(0)).squeeze(0)
            return single
        known = (facts - self.facts_center) / self.facts_scale
        told = torch.cat([known.nan_to_num(0.0).clamp(-FACTS_LIMIT, FACTS_LIMIT), known.isnan().float()], -1)
        around = self.circumstances(told)
        states, _ = self.lstm((steps - self.center) / self.scale)
        last = states[:, -1]
        question = (last + self.question(around)).unsqueeze(1)
        seen, _ = self.attention(question, states, states, need_weights=False)
        ratios: Tensor = self.output(torch.cat([last, seen.squeeze(1), around], dim=-1))
        return ratios

    def fit(
        self,
        minutes: Sequence[Minute],
        *,
        epochs: int = 30,
        validation: float = 0.2,
        seed: int = 0,
        on_epoch: Callable[[int, float], None] = lambda epoch, loss: None,
    ) -> FitReport:
        """Train on the past of a channel: once to be judged, then once more on all of it.

        In three parts of time, the first is trained on, the second says which epoch was the best, and the
        last, a share of ``validation``, judges: its errors are the report and set the intervals. Then it is
        trained anew on the whole past, for as many epochs as were best. ``on_epoch`` is told the number of
        the epoch, counted on through both trainings, and the loss. ``minutes`` are full ones, as for
        :meth:`predict`.

        Raises:
            InputError: ``minutes`` cannot be used or are too few to train on and to validate, ``epochs`` is
                not 1 to 10,000, or ``validation`` no share above 0 and at most a half.
        """
        check_whole(epochs, "epochs", 1, MOST_EPOCHS)
        check_whole(seed, "seed")
        if not 0 < check_number(validation, "validation") <= MOST_JUDGED:
            raise InputError("validation", validation, f"give a share above 0 and at most {MOST_JUDGED}")
        check_minutes(minutes)
        past = self.shape.past(minutes)
        parts = split(past, validation)
        if parts is None:
            least = needed(self.shape.frame, validation)
            raise InputError("minutes", f"{len(minutes)} minutes", f"give at least {least} of one stream")
        return self.fit_parts(past, parts, epochs=epochs, seed=seed, on_epoch=on_epoch)[0]

    def fit_parts(
        self,
        past: Past,
        parts: Parts,
        *,
        epochs: int,
        seed: int = 0,
        on_epoch: Callable[[int, float], None] = lambda epoch, loss: None,
    ) -> tuple[FitReport, Values]:
        """:meth:`fit` on parts that are given; also what it had said of those that judge, [N, horizons].

        Raises:
            InputError: ``epochs`` is not 1 to 10,000.
        """
        check_whole(epochs, "epochs", 1, MOST_EPOCHS)
        frame = self.shape.frame
        began = {name: value.clone() for name, value in self.state_dict().items()}
        train = _thin(parts.train)
        best = self._train(past, train, parts.select, epochs, epochs, seed, on_epoch)
        truth = past.targets(parts.judge)
        said = self.counts(past.context(parts.judge))
        limits = Bounds.measured(said, truth, frame).values
        self.load_state_dict(began)
        self._train(
            past, _thin(parts.every), None, best, epochs, seed, lambda n, loss: on_epoch(epochs + n, loss)
        )
        self.bounds.copy_(torch.from_numpy(limits.astype(np.float32)))
        miss = np.abs(said - truth).mean(axis=0)
        mae = dict(zip(self.shape.horizons, map(float, miss), strict=True))
        return FitReport(len(train), len(parts.select), len(parts.judge), best, mae), said

    def counts(self, context: Context) -> Values:
        """Messages of each horizon at every moment of ``context``: [N, horizons], not negative.

        Raises:
            ModelDamagedError: the weights are so large that what comes of them is no count.
        """
        found = []
        self.eval()
        with torch.inference_mode(), np.errstate(over="ignore", invalid="ignore"):
            for at in range(0, len(context), READ_AT_ONCE):
                part = context[at : at + READ_AT_ONCE]
                ratios = self(torch.from_numpy(part.steps), torch.from_numpy(part.facts)).numpy()
                found.append(self.shape.frame.counts(ratios, part.level))
        said = np.concatenate(found) if found else np.zeros((0, len(self.shape.horizons)))
        if not (said <= MOST_SAID).all():
            raise ModelDamagedError("predictor", "its weights are far too large: what it says is no count")
        return said

    def predict(self, minutes: Sequence[Minute]) -> dict[int, tuple[float, float, float]]:
        """Messages of each horizon after the last minute: horizon -> (expected, lower, upper).

        The interval is meant to hold 80 %. Give full minutes alone, ``engine.all_minutes()[:-1]``: the newest
        is taken for a whole one. The more of the channel's past they hold the better: the same time on the
        days and weeks before is looked up in it.

        Raises:
            InputError: the predictor is not trained, ``minutes`` cannot be used, or the stream has fewer of
                them than the predictor's window.
            ModelDamagedError: see :meth:`counts`.
        """
        if not self.is_trained:
            raise InputError("predictor", "untrained", "fit it or load a trained one first")
        check_minutes(minutes)
        past = self.shape.past(minutes)
        end = past.ends()[-1:]
        if not len(end) or end[0] != past.newest:
            raise InputError(
                "minutes", f"{len(minutes)} minutes", f"give at least {self.shape.window} of one stream"
            )
        found = self.counts(past.context(end))
        return Bounds(self.bounds.numpy()).around(found[0], self.shape.frame)

    def save(
        self,
        path: str | Path,
        notes: Mapping[str, str] | None = None,
        arrays: Mapping[str, npt.NDArray[Any]] | None = None,
    ) -> None:
        """Write weights, sizes, ``notes`` and ``arrays`` as one safetensors file, durably.

        Raises:
            InputError: ``path`` is none.
            StoreError: it could not be written.
        """
        file = check_file(path)
        about = {
            "format": str(FORMAT),
            "shape": json.dumps(asdict(self.shape)),
            "notes": json.dumps(dict(notes or {})),
        }
        tensors = {name: value.contiguous() for name, value in self.state_dict().items()}
        for name, array in (arrays or {}).items():
            tensors[f"{BESIDE}{name}"] = torch.from_numpy(np.ascontiguousarray(array))
        beside = Path(f"{file}.tmp")
        try:
            save_file(tensors, beside, metadata=about)
            with beside.open("rb") as written:
                os.fsync(written.fileno())
            beside.replace(file)
        except (OSError, SafetensorError) as error:
            with suppress(OSError):
                beside.unlink(missing_ok=True)
            raise StoreError(file, f"cannot be written: {error}") from error

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Read what :meth:`save` wrote.

        Raises:
            InputError: ``path`` is none.
            ModelMissingError: there is no such file.
            ModelDamagedError: it is not such a file, or another version of this package wrote it.
        """
        return cls.load_with_notes(path)[0]

    @classmethod
    def load_with_notes(cls, path: str | Path) -> tuple[Self, dict[str, str], dict[str, npt.NDArray[Any]]]:
        """:meth:`load`, and the notes and arrays it was saved with."""
        check_file(path)
        try:
            with safe_open(path, framework="pt") as file:
                about = file.metadata() or {}
                weights = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
            version = int(about.get("format", "0"))
        except FileNotFoundError as error:
            raise ModelMissingError("predictor", Path(path)) from error
        except (SafetensorError, OSError, ValueError) as error:
            raise ModelDamagedError("predictor", f"{path} is no saved predictor: {error}") from error
        if version > FORMAT:
            raise ModelDamagedError("predictor", f"{path} was written by a newer version")
        if 0 < version < FORMAT:
            raise ModelDamagedError("predictor", f"{path} is of an older version: train it again")
        try:
            arrays = {name: weights.pop(name).numpy() for name in list(weights) if name.startswith(BESIDE)}
            sizes = json.loads(about["shape"])
            predictor = cls(Shape(**{**sizes, "horizons": tuple(sizes["horizons"])}))
            predictor.load_state_dict(weights)
            predictor._check_numbers()
            notes = dict(json.loads(about.get("notes", "{}")))
        except (KeyError, TypeError, ValueError, RuntimeError, InputError) as error:
            raise ModelDamagedError("predictor", f"{path} is no saved predictor: {error}") from error
        return predictor.eval(), notes, {name.removeprefix(BESIDE): found for name, found in arrays.items()}

    def _check_numbers(self) -> None:
        """Refuse weights that make no predictions.

        Raises:
            ValueError: one is no number, a scale not above zero, or an interval's ends are swapped.
        """
        for name, value in self.state_dict().items():
            unknown = (
                value.isnan() if name in ("facts_center", "bounds") else torch.zeros(1, dtype=torch.bool)
            )
            if not bool((value.isfinite() | unknown).all()):
                raise ValueError(f"{name} holds what is no number")
        if not bool((self.scale > 0).all() and (self.facts_scale > 0).all()):
            raise ValueError("a scale is not above zero")
        if not bool(self.bounds.isnan().all()) and not Bounds(self.bounds.double().numpy()).usable:
            raise ValueError("the bounds are none")

    def _train(
        self,
        past: Past,
        ends: Times,
        select: Times | None,
        epochs: int,
        planned: int,
        seed: int,
        on_epoch: Callable[[int, float], None],
    ) -> int:
        """AdamW on the L1 error of logs, its rate falling along a cosine over ``planned`` epochs.

        With ``select`` the weights of the epoch that is best there are kept; its number is returned.
        """
        steps, facts, targets = self._tensors(past, ends)
        self._learn_scales(steps, facts)
        judged = self._tensors(past, select) if select is not None else None
        optimizer = torch.optim.AdamW(self.parameters(), lr=LEARNING_RATE, weight_decay=1e-2)
        pace = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, planned, eta_min=LEARNING_RATE / 30)
        best, kept, number = math.inf, None, epochs
        with reproducible(seed):
            for epoch in range(1, epochs + 1):
                checked = self._epoch(optimizer, steps, facts, targets)
                pace.step()
                if judged is not None:
                    with torch.inference_mode():
                        checked = nn.functional.l1_loss(self(judged[0], judged[1]), judged[2]).item()
                    if checked < best:
                        best, number = checked, epoch
                        kept = {name: value.clone() for name, value in self.state_dict().items()}
                on_epoch(epoch, checked)
                if kept is not None and epoch - number >= PATIENCE:
                    break
        if kept is not None:
            self.load_state_dict(kept)
        return number

    def _epoch(
        self, optimizer: torch.optim.Optimizer, steps: Tensor, facts: Tensor, targets: Tensor
    ) -> float:
        """Once through all moments in chance order; the mean loss."""
        self.train()
        losses = []
        size = min(BATCH, max(16, len(steps) // 16))
        for batch in torch.split(torch.randperm(len(steps)), size):
            optimizer.zero_grad()
            loss = nn.functional.l1_loss(self(steps[batch], facts[batch]), targets[batch])
            loss.backward()  # type: ignore[no-untyped-call]
            nn.utils.clip_grad_norm_(self.parameters(), 1.0)
            optimizer.step()
            losses.append(loss.item())
        self.eval()
        return sum(losses) / len(losses)

    def _tensors(self, past: Past, ends: Times) -> tuple[Tensor, Tensor, Tensor]:
        context = past.context(ends)
        targets = self.shape.frame.ratios(past.targets(ends), context.level)
        return (
            torch.from_numpy(context.steps),
            torch.from_numpy(context.facts),
            torch.from_numpy(targets.astype(np.float32)),
        )

    def _learn_scales(self, steps: Tensor, facts: Tensor) -> None:
        flat = steps.reshape(-1, len(FEATURES))
        self.center.copy_(flat.mean(dim=0))
        self.scale.copy_(flat.std(dim=0).clamp(min=1e-3))
        known = ~facts.isnan()
        share = known.float().mean(dim=0)
        center = facts.nanmean(dim=0)
        spread = (facts - center).square().nanmean(dim=0).sqrt()
        rare = share < LEAST_KNOWN
        self.facts_center.copy_(torch.where(rare, math.nan, center))
        self.facts_scale.copy_(spread.nan_to_num(1.0).clamp(min=1e-3))


def _thin(ends: Times) -> Times:
    """At most :data:`MOST_TRAINED` of ``ends``, evenly spread."""
    if len(ends) <= MOST_TRAINED:
        return ends
    found: Times = ends[np.linspace(0, len(ends) - 1, MOST_TRAINED).round().astype(int)]
    return found


@contextmanager
def reproducible(seed: int) -> Iterator[None]:
    """Chance in torch from ``seed`` on, and afterwards as if nothing had been drawn."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        yield
