"""Threads and the loop meet here, and a loop that is debugged refuses what comes from another thread."""

import asyncio

import pytest


@pytest.fixture(autouse=True)
async def _debugged_loop() -> None:
    asyncio.get_running_loop().set_debug(True)
