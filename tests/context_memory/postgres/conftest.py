"""A memory in a database, open for one test."""

import pytest

from hikari_ml import PostgresMemory
from hikari_ml.runtime.clock import ManualClock
from tests.support import START, entity_rules_once


@pytest.fixture(autouse=True, scope="module")
def _entity_rules_once():
    with entity_rules_once():
        yield


@pytest.fixture
def schema(server):
    return server.fresh()


@pytest.fixture
def clock():
    return ManualClock(START)


@pytest.fixture
async def memory(server, schema, clock):
    async with PostgresMemory(server.dsn, schema=schema, clock=clock) as found:
        yield found
