"""``hikari-ml train``: making the bundled model, or one of one's own."""

from __future__ import annotations

import logging
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hikari_ml.cli.output import out, progress_bar

if TYPE_CHECKING:
    from hikari_ml.learning.trainer import Progress

app = typer.Typer(help="Train models on labelled chat.", no_args_is_help=True)

SAY_SECONDS = 15.0
"""Between two lines that say how far it is."""


@app.callback()
def about() -> None:
    """Train models on labelled chat."""


@app.command("chat-model")
def chat_model(
    data: Annotated[
        Path, typer.Option(help="Folder with sentiment, emotion and toxicity .jsonl[.gz] files.")
    ],
    out_folder: Annotated[
        Path, typer.Option("--out", help="Folder for checkpoints, the model and its report.")
    ],
    plan_file: Annotated[
        Path | None, typer.Option("--plan", help="TOML file with what should differ from the default plan.")
    ] = None,
    start: Annotated[
        Path | None,
        typer.Option(
            help="Go on from this: network.safetensors of an earlier run, a model file, or the word bundled."
        ),
    ] = None,
    teachers: Annotated[
        list[Path] | None,
        typer.Option(
            "--teacher",
            help="An earlier run's network.safetensors to learn from; may be given several times.",
        ),
    ] = None,
) -> None:
    """Train the chat model: sentiment, emotion, toxicity and embedding in one pass.

    A run that is interrupted goes on where it was when it is started again with the same folder.
    """
    from hikari_ml.learning.recipe import read_plan, train_chat_model
    from hikari_ml.learning.trainer import TrainingPlan
    from hikari_ml.models.catalog import BUNDLED_PATH

    _hush_libraries()
    start = BUNDLED_PATH if start == Path("bundled") else start
    plan = read_plan(plan_file) if plan_file else TrainingPlan()
    with progress_bar("steps") as bar:
        task = bar.add_task("training", total=None, rate=0.0)
        began = time.monotonic()
        first: list[int] = []
        said = [began]

        def show(progress: Progress) -> None:
            first[:1] = first or [progress.step]
            rate = (progress.step - first[0]) / max(1e-9, time.monotonic() - began)
            bar.update(task, total=progress.steps, completed=progress.step, rate=rate)
            if time.monotonic() - said[0] >= SAY_SECONDS:
                said[0] = time.monotonic()
                out.print(f"step {progress.step}/{progress.steps} loss {progress.loss:.3f}", highlight=False)

        path = train_chat_model(
            data,
            out_folder,
            plan,
            start=start,
            teachers=teachers or (),
            on_progress=show,
            on_stage=lambda stage: out.print(stage, highlight=False),
        )
    out.print(f"wrote {path} and {out_folder / 'report.json'}", markup=False, highlight=False)


def _hush_libraries() -> None:
    """Keep back what transformers, torch and (through the root) onnxruntime warn of: nobody here needs it."""
    from transformers.utils.logging import disable_progress_bar

    disable_progress_bar()
    logging.getLogger("hikari_ml").setLevel(logging.WARNING)
    for name in ("transformers", "torch.onnx", None):
        logging.getLogger(name).setLevel(logging.ERROR)


@app.command("chat-rate")
def chat_rate(
    out_file: Annotated[Path, typer.Option("--out", help="File for the predictor (safetensors).")],
    streams: Annotated[int | None, typer.Option(min=1, help="Simulated streams to train on.")] = None,
    epochs: Annotated[int | None, typer.Option(min=1, help="Epochs at most.")] = None,
) -> None:
    """Train the predictor of chat that a channel without a past begins with, on simulated streams alone."""
    from hikari_ml.realtime_analytics.prediction import rehearsal

    report = rehearsal.train_default(
        out_file,
        count=streams or rehearsal.STREAMS,
        epochs=epochs or rehearsal.EPOCHS,
        on_epoch=lambda epoch, loss: out.print(f"epoch {epoch} loss {loss:.4f}", highlight=False),
    )
    errors = ", ".join(f"{horizon} min {error:.1f}" for horizon, error in report.mae.items())
    out.print(f"wrote {out_file}; mean absolute error {errors}", markup=False, highlight=False)
