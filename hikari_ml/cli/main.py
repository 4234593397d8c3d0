"""``hikari-ml``: the commands and how they end. Exit codes: 0 done, 1 failed, 2 wrong usage."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable

import typer

from hikari_ml import __version__
from hikari_ml.cli import analyze, demo, doctor, erase, memory, replay, serve, train, watch
from hikari_ml.cli.output import err, fail, whole_output
from hikari_ml.errors import HikariError

app = typer.Typer(
    name="hikari-ml",
    help="The intelligence layer of a live-stream companion: it reads chat, remembers people and tells "
    "what is going on, on this machine alone.\n\nStart with [bold]hikari-ml demo[/bold].",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    add_completion=False,
)
app.command("demo")(demo.demo)
app.command("analyze")(analyze.analyze)
app.command("replay")(replay.replay)
app.command("watch")(watch.watch)
app.command("serve")(serve.serve)
app.add_typer(memory.app, name="memory")
app.command("erase")(erase.erase)
app.add_typer(train.app, name="train")
app.command("doctor")(doctor.doctor)


def _version(asked: bool) -> None:
    if asked:
        print(f"hikari-ml {__version__}")
        raise typer.Exit


@app.callback()
def about(
    version: bool = typer.Option(
        False, "--version", callback=_version, is_eager=True, help="Print the version and end."
    ),
) -> None:
    """Options of every command."""


def _told_once() -> Callable[..., None]:
    """What shows a warning in one line, and the same one only once, from wherever it comes."""
    told: set[str] = set()

    def show(message: Warning | str, *_: object, **__: object) -> None:
        if (text := f"warning: {message}") not in told:
            told.add(text)
            err.print(text, markup=False, highlight=False, soft_wrap=True)

    return show


def run() -> None:
    """Run the command line; an error of ours is told in one sentence, without a traceback."""
    warnings.showwarning = _told_once()
    try:
        with whole_output():
            app()
    except HikariError as error:
        fail(str(error))
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:  # the reader of our output has gone, and that is its right
        sys.stderr.close()
