"""The first signal asks to end; the second ends."""

import asyncio
import atexit
import os
import signal
import subprocess
import sys

import pytest

from hikari_ml.cli.stopping import ECHO_SECONDS, USUAL, _ignore, stop_on_signals, unless

LATE = """
import asyncio, os, signal, sys, time
from hikari_ml.cli.stopping import ECHO_SECONDS, stop_on_signals

async def main():
    stop = stop_on_signals()
    if sys.argv[1] == "set":
        stop.set()
    os.kill(os.getpid(), signal.SIGINT)
    await stop.wait()

asyncio.run(main())
os.kill(os.getpid(), signal.SIGTERM)  # its echo, when the loop has ended
print("written", flush=True)
time.sleep(ECHO_SECONDS)
os.kill(os.getpid(), signal.SIGTERM)
print("never", flush=True)
"""


LAST = """
class Last:
    def __del__(self, kill=os.kill, pid=os.getpid(), number=signal.SIGTERM):
        kill(pid, number)

last = Last()  # goes when the interpreter does
"""


@pytest.fixture(autouse=True)
def as_before():
    before = {number: signal.getsignal(number) for number in USUAL}
    yield
    atexit.unregister(_ignore)
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_the_first_signal_asks_its_echo_is_no_other_and_what_comes_later_is_as_usual(number):
    stop = stop_on_signals()
    assert not stop.is_set()
    os.kill(os.getpid(), number)
    async with asyncio.timeout(5):
        await stop.wait()
    for echo in USUAL:  # passed on by what has started us
        os.kill(os.getpid(), echo)
    await asyncio.sleep(ECHO_SECONDS)
    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGINT)
    assert {number: signal.getsignal(number) for number in USUAL} == USUAL


@pytest.mark.parametrize("asked", [True, False])
def test_a_process_that_has_ended_well_is_not_killed_by_a_signal(asked):
    program = LATE.partition("os.kill(os.getpid(), signal.SIGTERM)")[0] + LAST
    if not asked:
        program = program.replace("    os.kill(os.getpid(), signal.SIGINT)", "    stop.set()")
    done = subprocess.run(
        [sys.executable, "-c", program, "not"], capture_output=True, timeout=60, check=False
    )
    assert (done.returncode, done.stderr) == (0, b"")


@pytest.mark.parametrize("stopped", ["set", "not"])
def test_an_echo_that_comes_after_the_loop_has_ended_cuts_nothing_short(stopped):
    done = subprocess.run([sys.executable, "-c", LATE, stopped], capture_output=True, timeout=60, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (-signal.SIGTERM, b"written\n", b"")


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
