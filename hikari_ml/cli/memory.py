"""``hikari-ml memory``: look at what is remembered, carry it over, erase, check and shrink it.

What only looks works beside a running stream that has the memory open; what changes it does not.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from hikari_ml.cli import memory_tables as tables
from hikari_ml.cli.output import err, out, print_json, write_file
from hikari_ml.errors import InputError

if TYPE_CHECKING:
    from hikari_ml.context_memory.protocol import MemorySystem
    from hikari_ml.report.memory_view import MemoryView
    from hikari_ml.results import Relation, Verification

T = TypeVar("T")

Folder = Annotated[
    str | None,
    typer.Option(
        "--path",
        metavar="DIR|URL",
        help="Folder of the memory, or the postgresql:// address of its database; else the channel's folder.",
    ),
]
Channel = Annotated[
    str | None,
    typer.Option(
        help="Whose memory in the data folder, else [bold]default[/bold]; in a database the schema, "
        "else [bold]hikari[/bold]."
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]

app = typer.Typer(
    help="Look at what is remembered, carry it over, erase, check and shrink it.",
    no_args_is_help=True,
    rich_markup_mode="rich",
)


@app.callback()
def about() -> None:
    """Look at what is remembered, carry it over, erase, check and shrink it.

    search, stats, graph, themes, inspect, export and verify work while a stream is running on the same
    memory; import, erase and compact need it for themselves.
    """


@app.command()
def search(
    text: Annotated[str, typer.Argument(help="What to look for, in quotes.")],
    k: Annotated[int, typer.Option("-k", help="How many memories.", min=1)] = 5,
    user: Annotated[str | None, typer.Option(help="Only what was stored of this viewer.")] = None,
    memory_type: Annotated[str | None, typer.Option("--type", help="Only memories of this type.")] = None,
    as_of: Annotated[
        str | None,
        typer.Option("--as-of", metavar="TIME", help="Only what was known by then: 2026-01-31T20:15:00Z."),
    ] = None,
    path: Folder = None,
    channel: Channel = None,
    as_json: AsJson = False,
) -> None:
    """Recall by meaning and by word, best first; nothing is strengthened by it.

    It always lists the nearest, and says of which that they have little to do with what you ask.

    Example: hikari-ml memory search "who has a cat?" -k 3
    """
    if not text.strip():
        raise typer.BadParameter("ask for something", param_hint="TEXT")
    moment = _moment(as_of)
    types = None if memory_type is None else [memory_type]
    found = _looking(path, channel, lambda m: m.retrieve_memories(text, k, types, user=user, as_of=moment))
    if as_json:
        print_json(found)
    elif found:
        tables.show_memories(found)
    else:
        out.print("nothing is remembered of that")


@app.command()
def stats(path: Folder = None, channel: Channel = None, as_json: AsJson = False) -> None:
    """Say how much is remembered, of how many people, and since when."""
    result = _looking(path, channel, lambda memory: memory.get_memory_stats())
    if as_json:
        print_json(result)
    else:
        tables.show_stats(result)


@app.command()
def graph(
    to: Annotated[
        Path | None,
        typer.Option("--out", help="Write the whole graph as GraphML, for Gephi, yEd or networkx."),
    ] = None,
    k: Annotated[int, typer.Option("-k", help="How many relations.", min=1)] = 20,
    stated: Annotated[
        bool, typer.Option("--stated", help="Only what people said of themselves, nothing merely named.")
    ] = False,
    path: Folder = None,
    channel: Channel = None,
    as_json: AsJson = False,
) -> None:
    """Show who and what belong together: the strongest relations, or all of them as a file.

    Example: hikari-ml memory graph --stated -k 50
    """
    if to is None:
        relations, total = _looking(path, channel, lambda memory: _strongest(memory, k, stated))
        print_json(relations) if as_json else tables.show_relations(relations, total)
        return
    if stated:
        raise typer.BadParameter("a file holds the whole graph", param_hint="--stated")
    count = _looking(path, channel, lambda memory: memory.export_graph(to))
    _tell_written({"path": str(to), "relations": count}, as_json, f"wrote {count:,} relations to {to}")


@app.command()
def themes(
    k: Annotated[int, typer.Option("-k", help="How many themes.", min=1)] = 10,
    path: Folder = None,
    channel: Channel = None,
    as_json: AsJson = False,
) -> None:
    """Say what the memories are about: those that mean much the same, named by their most telling words."""
    found = _looking(path, channel, lambda memory: memory.themes(k))
    if as_json:
        print_json(found)
    elif found:
        tables.show_themes(found)
    else:
        out.print("no three memories are about the same thing")


@app.command()
def inspect(
    to: Annotated[Path, typer.Option("--out", help="The page to write: one HTML file, no network needed.")],
    path: Folder = None,
    channel: Channel = None,
    as_json: AsJson = False,
) -> None:
    """Draw a page of a memory: how it grew and fades, who belongs with what, themes, episodes, every line.

    Example: hikari-ml memory inspect --out memory.html
    """
    from hikari_ml.report.memory_page import render

    place = _where(path, channel)
    if place.keeps(to):
        raise InputError("path", str(to), "this file is part of the memory itself")
    view = asyncio.run(place.seen())
    write_file(to, render(view))
    total = view.stats["total"]
    _tell({"path": str(to), "memories": total}, as_json, f"wrote a page of {total:,} memories to {to}")


@app.command()
def export(
    file: Annotated[
        Path,
        typer.Argument(help="The file to write, - for stdout: one memory a line, as JSON.", allow_dash=True),
    ],
    path: Folder = None,
    channel: Channel = None,
    as_json: AsJson = False,
) -> None:
    """Write every memory to a file; an import of it gives the same memories."""
    file = _named(file, "/dev/stdout")
    count = _looking(path, channel, lambda memory: memory.export(file))
    _tell_written({"path": str(file), "memories": count}, as_json, f"wrote {count:,} memories to {file}")


@app.command("import")
def import_(
    file: Annotated[Path, typer.Argument(help="An export, - for stdin.")],
    path: Folder = None,
    channel: Channel = None,
    as_json: AsJson = False,
) -> None:
    """Add the memories of an export: all of the file or, if a line is wrong, nothing.

    A memory that is already there is left as it is.
    """
    place, file = _where(path, channel), _named(file, "/dev/stdin")
    read_once = file.is_fifo() or file.is_char_device()
    if not read_once and not place.is_there():
        _check_export(file)

    async def act(memory: MemorySystem) -> tuple[int, int]:
        return await memory.import_(file), (await memory.get_memory_stats())["total"]

    new, total = _changing(path, channel, act, create=True)
    said = f"{new:,} new memories of {file}; {total:,} are remembered now"
    _tell({"path": str(file), "new": new, "total": total}, as_json, said)


@app.command()
def erase(
    user: Annotated[str, typer.Argument(help="The viewer, as the chat writes the name.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    path: Folder = None,
    channel: Channel = None,
    as_json: AsJson = False,
) -> None:
    """Remove everything that a memory holds of a viewer, for good, and print what was removed where.

    Memories of others that mention the viewer stay. [bold]hikari-ml erase[/bold] takes the profile too.
    """
    if not yes:
        place = _where(path, channel)
        typer.confirm(f"Erase everything of {user} in {place}, for good?", abort=True, err=True)
    proof = _changing(path, channel, lambda memory: memory.erase_user(user))
    said = (
        f"nothing was stored of {user}"
        if not proof["memories"]
        else (
            f"erased of {user}: {proof['memories']:,} memories, {proof['vectors']:,} vectors, "
            f"{proof['edges']:,} relations; {proof['episodes']:,} episodes told anew\n"
            f"the file was rewritten without them: {_bytes(proof['bytes_before'], proof['bytes_after'])}"
        )
    )
    _tell(proof, as_json, said)
    tables.show_degraded(proof["degraded"])


@app.command()
def verify(path: Folder = None, channel: Channel = None, as_json: AsJson = False) -> None:
    """Read every row and list what is wrong, by table and key; ends with 1 if anything is."""
    result = _where(path, channel).verified()
    if as_json:
        print_json(result)
    else:
        tables.show_verification(result)
    if result["faults"]:
        raise typer.Exit(1)


@app.command()
def compact(path: Folder = None, channel: Channel = None, as_json: AsJson = False) -> None:
    """Rewrite the file without the room that what was forgotten left in it."""
    result = _changing(path, channel, lambda memory: memory.compact())
    _tell(result, as_json, _bytes(result["bytes_before"], result["bytes_after"]))


class _Folder:
    """A memory in a folder."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __str__(self) -> str:
        return str(self._path)

    def opened(self, *, read_only: bool, create: bool) -> MemorySystem:
        """The memory, which must exist unless it may be created."""
        from hikari_ml.context_memory.snapshot import check_memory
        from hikari_ml.context_memory.system import NeuralMemorySystem

        if not create and not read_only:
            check_memory(self._path)
        return NeuralMemorySystem(self._path, read_only=read_only)

    def is_there(self) -> bool:
        """Whether opening it makes nothing."""
        from hikari_ml.context_memory.store import DATA

        return (self._path / DATA).exists()

    def verified(self) -> Verification:
        """Without a memory system above it: a store need not be whole to be looked at."""
        from hikari_ml.context_memory.snapshot import Snapshot
        from hikari_ml.context_memory.verify import verify as check

        with closing(Snapshot(self._path)) as view:
            view.check_readable()
            return view.read(check)

    def keeps(self, file: Path) -> bool:
        """Whether the memory keeps something in ``file``."""
        from hikari_ml.context_memory.transfer import is_own

        return is_own(file, self._path)

    async def seen(self) -> MemoryView:
        """All that a page of it shows."""
        from hikari_ml.report.memory_view import look

        return await look(self._path)


class _Database:
    """A memory in a schema of a PostgreSQL database."""

    def __init__(self, dsn: str, schema: str) -> None:
        self._dsn, self._schema = dsn, schema

    def __str__(self) -> str:
        from hikari_ml.context_memory.postgres.system import PostgresMemory

        return PostgresMemory(self._dsn, schema=self._schema).address

    def opened(self, *, read_only: bool, create: bool) -> MemorySystem:
        """The memory, which must exist unless it may be created."""
        from hikari_ml.context_memory.postgres.system import PostgresMemory

        return PostgresMemory(self._dsn, schema=self._schema, read_only=read_only, create=create)

    def is_there(self) -> bool:
        """Never for sure: to find out takes a connection, and a schema may be there without its tables."""
        return False

    def verified(self) -> Verification:
        """What the memory itself finds."""
        return asyncio.run(_with_memory(self, lambda memory: memory.verify(), read_only=True))

    def keeps(self, file: Path) -> bool:
        """Whether the memory keeps something in ``file``."""
        return False

    async def seen(self) -> MemoryView:
        """All that a page of it shows."""
        from hikari_ml.context_memory.postgres.system import PostgresMemory
        from hikari_ml.report.memory_view import before_everything, look_into

        clock = before_everything()
        memory = PostgresMemory(self._dsn, schema=self._schema, read_only=True, clock=clock)
        return await look_into(memory, clock, self._schema)


Place = _Folder | _Database


def _where(path: str | None, channel: str | None) -> Place:
    if path is not None and path.startswith(("postgresql://", "postgres://")):
        return _Database(path, channel or "hikari")
    if path is not None and channel is not None:
        raise typer.BadParameter("give a path or a channel", param_hint="--path, --channel")
    if path is not None:
        return _Folder(Path(path))
    from hikari_ml.config import Settings

    return _Folder(Settings().channel_dir(channel or "default") / "memory")


def _looking(path: str | None, channel: str | None, act: Callable[[MemorySystem], Awaitable[T]]) -> T:
    """What ``act`` finds in a memory that somebody else may be writing."""
    return asyncio.run(_with_memory(_where(path, channel), act, read_only=True))


def _changing(
    path: str | None,
    channel: str | None,
    act: Callable[[MemorySystem], Awaitable[T]],
    *,
    create: bool = False,
) -> T:
    """What ``act`` does to a memory that exists, unless it may be created."""
    return asyncio.run(_with_memory(_where(path, channel), act, read_only=False, create=create))


async def _strongest(memory: MemorySystem, k: int, stated: bool) -> tuple[list[Relation], int]:
    """The ``k`` strongest relations, and how many there are; with ``stated`` of what people said."""
    total = (await memory.get_memory_stats())["graph"]["edges"]
    if not stated:
        return await memory.list_relations(k), total
    from hikari_ml.context_memory.graph import SEEN

    found = [edge for edge in await memory.list_relations(max(1, total)) if edge["kind"] not in SEEN]
    return found[:k], len(found)


async def _with_memory(
    place: Place, act: Callable[[MemorySystem], Awaitable[T]], *, read_only: bool, create: bool = False
) -> T:
    async with place.opened(read_only=read_only, create=create) as memory:
        return await act(memory)


def _named(file: Path, dash: str) -> Path:
    """``file``, or what a bare dash stands for."""
    return Path(dash) if file == Path("-") else file


def _check_export(file: Path) -> None:
    """Read an export before anything is made for it: a wrong line must not leave an empty memory behind.

    Raises:
        RecordingError: the file cannot be read, or a line of it is not such a line.
        ModelError: the model of the settings cannot be loaded.
    """
    from hikari_ml.config import Settings
    from hikari_ml.context_memory.transfer import read_lines
    from hikari_ml.models.catalog import open_embedder

    settings = Settings()
    embedder = open_embedder(settings.memory.embedder, settings.sentiment.threads)
    read_lines(file, embedder.model_id, embedder.dim, 0)


def _moment(text: str | None) -> datetime | None:
    """A moment; without a zone it is local time."""
    if text is None:
        return None
    try:
        return datetime.fromisoformat(text).astimezone()
    except (ValueError, OverflowError) as error:
        hint = "give a time such as 2026-01-31T20:15:00Z"
        raise typer.BadParameter(hint, param_hint="--as-of") from error


def _tell(result: Any, as_json: bool, said: str) -> None:
    if as_json:
        print_json(result)
    else:
        out.print(said, markup=False, highlight=False)


def _tell_written(result: dict[str, Any], as_json: bool, said: str) -> None:
    """:func:`_tell` what was written, aside where it went into a pipe: that may be where we would tell it."""
    if as_json or Path(result["path"]).is_file():
        _tell(result, as_json, said)
    else:
        err.print(said, markup=False, highlight=False)


def _bytes(before: int, after: int) -> str:
    return f"{before:,} bytes before, {after:,} after"
