"""A worker in a process of its own, to be killed: ``python -m tests.bridge.crash_worker URL FOLDER``."""

import asyncio
import sys
from pathlib import Path

from hikari_ml.bridge.redis_bridge import RedisBridge
from tests.bridge.workers import settings_in


async def main(url: str, folder: str) -> None:
    async with RedisBridge(url, settings_in(Path(folder)), channels=["default"]):
        print("ready", flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
