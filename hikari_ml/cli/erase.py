"""``hikari-ml erase``: a viewer out of everything that a channel keeps, while nothing runs."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from hikari_ml.cli.memory_tables import show_degraded
from hikari_ml.cli.output import fail, out, print_json
from hikari_ml.cli.serve import REDIS_FOLDER

if TYPE_CHECKING:
    from hikari_ml.config import Settings

KEPT: Final = ("memory/data.mdb", "analytics.msgpack", "emotes.msgpack")
"""Files by which a folder is a channel's."""


def erase(
    user: Annotated[str, typer.Argument(help="The viewer, as the chat writes the name.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    channel: Annotated[
        str | None,
        typer.Option(help="Whose chat, else [bold]default[/bold]; its folder lies in the data folder."),
    ] = None,
    path: Annotated[
        Path | None, typer.Option(help="The channel's folder, where it lies elsewhere.", file_okay=False)
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Remove a viewer from memory, profiles, topics, emotes and kept answers of a channel, for good.

    While the channel is served or watched it refuses: there the call [bold]erase_user[/bold] does it.

    Example: hikari-ml erase mika --channel luna
    """
    from hikari_ml.config import Settings
    from hikari_ml.errors import StoreLockedError

    settings = Settings()
    channel = channel or (path.name if path is not None else "default")
    folder = path or settings.channel_dir(channel)
    if not any((folder / name).is_file() for name in KEPT):
        fail(f"nothing of a channel is kept in {folder}")
    if not yes:
        typer.confirm(f"Erase everything of {user} in {folder}, for good?", abort=True, err=True)
    local = folder.parent / REDIS_FOLDER
    try:
        proof = asyncio.run(_erase(user, channel, folder, local if local.is_dir() else None, settings))
    except StoreLockedError:
        fail(f"{channel} is served or watched now: the call erase_user does it, or this when that has ended")
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


async def _erase(
    user: str, channel: str, folder: Path, local: Path | None, settings: Settings
) -> dict[str, Any]:
    from redis.exceptions import RedisError

    from hikari_ml.errors import StoreError
    from hikari_ml.pipeline.hikari import Hikari

    async with Hikari(settings, channel=channel, folder=folder) as hikari:
        proof = await hikari.erase_user(user)
    try:
        await _forget_calls(channel.casefold(), local, settings)
    except (RedisError, OSError, StoreError) as error:
        proof["degraded"].append(f"what calls said stays in Redis: {error}")
    return proof


async def _forget_calls(channel: str, local: Path | None, settings: Settings) -> None:
    """Keep no answer to a call and none that was laid aside, in the Redis that serve would use."""
    from hikari_ml.bridge.answers import forget_calls
    from hikari_ml.bridge.connection import connect, reached
    from hikari_ml.bridge.local_redis import LocalRedis

    async with AsyncExitStack() as stack:
        if settings.bridge.redis is not None:
            url = settings.bridge.redis.get_secret_value()
        elif local is not None:
            chosen = settings.bridge
            own = LocalRedis(local, chosen.redis_port, chosen.redis_memory_mb)
            url = (await stack.enter_async_context(own)).url
        else:
            return
        redis = await stack.enter_async_context(connect(url))
        await reached(redis, "Redis")
        await forget_calls(redis, channel)
