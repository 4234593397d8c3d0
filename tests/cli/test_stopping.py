"""The first signal asks to end; the second ends."""

import asyncio
import os
import signal

import pytest

from hikari_ml.cli.stopping import ECHO_SECONDS, stop_on_signals, unless


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_the_first_signal_asks_and_the_second_is_as_usual(number):
    before = signal.getsignal(number)
    stop = stop_on_signals()
    os.kill(os.getpid(), number)
    async with asyncio.timeout(5):
        await stop.wait()
        for again in (signal.SIGINT, signal.SIGTERM):  # passed on by what has started us
            os.kill(os.getpid(), again)
        await asyncio.sleep(ECHO_SECONDS + 0.1)
    assert signal.getsignal(number) in (before, signal.default_int_handler, signal.SIG_DFL)


async def test_work_goes_on_unless_it_is_told_to_stop_and_then_ends_in_its_own_time():
    stop, ends = asyncio.Event(), []

    async def work():
        try:
            await asyncio.sleep(60)
        finally:
            await asyncio.sleep(0.05)
            ends.append("work")

    async def fails():
        raise ValueError("no")

    assert await unless(stop, asyncio.sleep(0, "done")) == "done"
    with pytest.raises(ValueError, match="no"):
        await unless(stop, fails())
    working = asyncio.create_task(unless(stop, work()))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    stop.set()
    assert await working is None
    assert ends == ["work"]
