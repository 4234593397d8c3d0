"""The first signal asks to end; the second ends."""

import asyncio
import os
import signal

import pytest

from hikari_ml.cli.stopping import stop_on_signals


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_the_first_signal_asks_and_the_second_is_as_usual(number):
    before = signal.getsignal(number)
    stop = stop_on_signals()
    os.kill(os.getpid(), number)
    async with asyncio.timeout(5):
        await stop.wait()
    assert signal.getsignal(number) in (before, signal.default_int_handler, signal.SIG_DFL)
