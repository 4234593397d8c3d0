"""The example that calls over plain Redis, against a worker that runs already."""

import asyncio
import os
import sys
from asyncio.subprocess import PIPE
from pathlib import Path

from tests.bridge.workers import settings_in, worker
from tests.redis_server import redis_process, redis_url  # noqa: F401

ROOT = Path(__file__).parent.parent.parent


async def test_it_calls_the_worker_of_the_redis_that_it_is_told(redis_url, tmp_path):  # noqa: F811
    async with worker(redis_url, settings_in(tmp_path / "d")) as bridge:
        program = await asyncio.create_subprocess_exec(
            sys.executable, "-W", "error", str(ROOT / "examples/redis_call.py"),
            env={**os.environ, "PYTHONPATH": str(ROOT), "HIKARI_BRIDGE__REDIS": redis_url},
            stdout=PIPE, stderr=PIPE,
        )  # fmt: skip
        out, err = await asyncio.wait_for(program.communicate(), 120)
        assert (program.returncode, err) == (0, b"")
        assert "anna said: I have two cats and they hate each other" in out.decode()
        counted = bridge.counts()
        assert (counted["answers.perceive.ok"], counted["answers.retrieve_memories.ok"]) == (1, 1)
