"""An engine whose clock stands still until a test moves it."""

import pytest

from hikari_ml import StreamAnalyticsEngine
from hikari_ml.runtime.clock import ManualClock
from tests.support import START


@pytest.fixture
def clock():
    return ManualClock(START)


@pytest.fixture
async def engine(clock):
    async with StreamAnalyticsEngine(clock=clock) as found:
        yield found
