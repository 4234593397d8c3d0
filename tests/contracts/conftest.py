"""Both memories, opened alike."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from hikari_ml import NeuralMemorySystem, PostgresMemory
from hikari_ml.runtime.clock import ManualClock
from tests.support import START, entity_rules_once

Opened = Callable[..., Any]


@pytest.fixture(autouse=True, scope="module")
def _entity_rules_once():
    with entity_rules_once():
        yield


@pytest.fixture
def clock():
    return ManualClock(START)


@pytest.fixture
def lmdb(tmp_path, clock) -> Opened:
    """Opens a memory in a file; the same name is the same memory."""

    def opened(name="memory", **options):
        return NeuralMemorySystem(tmp_path / name, **{"clock": clock, **options})

    return opened


@pytest.fixture
def postgres(server, clock) -> Opened:
    """Opens a memory in a database; the same name is the same memory."""
    prefix = server.fresh()

    def opened(name="memory", **options):
        return PostgresMemory(server.dsn, schema=f"{prefix} {name}", **{"clock": clock, **options})

    return opened


@pytest.fixture(params=["lmdb", "postgres"])
def opened(request) -> Opened:
    """Each of the two in turn."""
    return request.getfixturevalue(request.param)


@pytest.fixture
async def memory(opened):
    async with opened() as found:
        yield found
