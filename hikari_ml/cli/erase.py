"""``hikari-ml erase``: a viewer out of everything that a channel keeps, while nothing runs."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from hikari_ml.cli.memory_tables import show_degraded
from hikari_ml.cli.output import fail, out, print_json

KEPT: Final = ("memory/data.mdb", "analytics.msgpack", "emotes.msgpack")
"""Files by which a folder is a channel's."""


def erase(
    user: Annotated[str, typer.Argument(help="The viewer, as the chat writes the name.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    channel: Annotated[str, typer.Option(help="Whose chat; its folder lies in the data folder.")] = "default",
    path: Annotated[
        Path | None, typer.Option(help="The channel's folder, where it lies elsewhere.", file_okay=False)
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Remove a viewer from memory, profiles, topics and emotes of a channel, for good; say what was removed.

    While the channel is served or watched it refuses: there the call [bold]erase_user[/bold] does it.

    Example: hikari-ml erase mika --channel luna
    """
    from hikari_ml.config import Settings

    folder = path or Settings().channel_dir(channel)
    if not any((folder / name).is_file() for name in KEPT):
        fail(f"nothing of a channel is kept in {folder}")
    if not yes:
        typer.confirm(f"Erase everything of {user} in {folder}, for good?", abort=True, err=True)
    proof = asyncio.run(_erase(user, channel, folder))
    if as_json:
        print_json(proof)
        return
    gone = proof["memory"]
    profile = "the profile and what was counted by name" if proof["analytics"] else "no profile was kept"
    out.print(
        f"memory: {gone['memories']:,} memories, {gone['vectors']:,} vectors, {gone['edges']:,} relations\n"
        f"analytics: {profile}",
        highlight=False,
    )
    show_degraded([*gone["degraded"], *proof["degraded"]])


async def _erase(user: str, channel: str, folder: Path) -> dict[str, Any]:
    from hikari_ml.pipeline.hikari import Hikari

    async with Hikari(channel=channel, folder=folder) as hikari:
        return await hikari.erase_user(user)
