"""Prophet runs in a process of its own, and its failure is a named one."""

import asyncio
import math
import sys
from pathlib import Path

import msgpack
import numpy as np
import pytest

from hikari_ml.realtime_analytics.forecast import prophet_worker
from hikari_ml.realtime_analytics.forecast.prophet_jobs import prophet_jobs
from hikari_ml.realtime_analytics.forecast.series import check_freq, resample

ZERO = 1_767_225_600.0


def job(values, periods=24):
    points = [(ZERO + i * 3600, float(value)) for i, value in enumerate(values)]
    return prophet_jobs(resample(points, check_freq("h")), periods)[-1]


async def test_it_learns_a_daily_rhythm():
    values = [100 + 50 * np.sin(2 * np.pi * (h % 24) / 24) for h in range(24 * 8)]
    ((*found,),) = await prophet_worker.run([job(values)], 120)
    assert np.abs(np.array(found) - values[:24]).mean() < 8


async def test_a_worker_that_takes_too_long_is_ended():
    with pytest.raises(prophet_worker.ProphetFailedError, match="did not answer"):
        await prophet_worker.run([job([1.0] * 60)], 0.01)


async def test_a_worker_that_breaks_is_a_named_error():
    with pytest.raises(prophet_worker.ProphetFailedError, match="status 1"):
        await prophet_worker.run([{"nonsense": True}], 60)


async def test_a_forecast_never_runs_away():
    (found,) = await prophet_worker.run([job([2.0**i for i in range(48)], periods=200)], 120)
    assert max(found) <= 10 * 2.0**47 * 1.01


async def test_a_holiday_that_came_before_is_known():
    values = [900.0] + [100.0] * 364  # New Year's Day of 2026; that of 2027 is asked for
    points = [(ZERO + i * 86_400, value) for i, value in enumerate(values)]
    question = prophet_jobs(resample(points, check_freq("D")), 1, "DE")[-1]
    plain = {**question, "country": None}
    known, unknown = await prophet_worker.run([question, plain], 120)
    assert np.mean(known) > 300 > np.mean(unknown)


async def test_a_past_of_nothing_is_answered():
    question = job([1.0] * 60, 5)
    bare, single = {**question, "ds": [], "y": []}, {**question, "ds": question["ds"][:1], "y": [7.0]}
    assert await prophet_worker.run([bare, single], 120) == [[0.0] * 5, [7.0] * 5]


GRANDCHILD = """
import subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
print(child.pid, file=open(sys.argv[1], "w"), flush=True)
time.sleep(60)
"""


def runs(pid):
    status = Path(f"/proc/{pid}/stat")
    return status.exists() and status.read_text().rsplit(")", 1)[1].split()[0] != "Z"


@pytest.mark.skipif(not Path("/proc").exists(), reason="looks into /proc")
async def test_what_the_worker_started_ends_with_it(tmp_path):
    told = tmp_path / "pid"
    with pytest.raises(prophet_worker.ProphetFailedError, match="did not answer"):
        await prophet_worker.ask([sys.executable, "-c", GRANDCHILD, str(told)], b"", 3)
    pid = int(told.read_text())
    for _ in range(100):
        if not runs(pid):
            return
        await asyncio.sleep(0.05)
    pytest.fail("the grandchild hangs on")


async def test_a_worker_that_cannot_start_is_a_named_error(tmp_path):
    with pytest.raises(prophet_worker.ProphetFailedError, match="did not start"):
        await prophet_worker.ask([str(tmp_path / "nothing")], b"", 3)


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"\xc1",
        b"Importing plotly failed.",
        msgpack.packb(None),
        msgpack.packb([["much"]]),
        msgpack.packb([[1.0, 2.0]]),
        msgpack.packb([[math.nan]]),
        msgpack.packb([]),
    ],
)
def test_an_answer_that_is_none_is_a_named_error(answer):
    with pytest.raises(prophet_worker.ProphetFailedError):
        prophet_worker.read_answer(answer, [{"future": [0.0]}])


def test_an_answer_is_read():
    assert prophet_worker.read_answer(msgpack.packb([[1.5]]), [{"future": [0.0]}]) == [[1.5]]


async def test_workers_run_one_after_the_other(monkeypatch):
    at_once, most = 0, 0

    async def answer(command, question, seconds):
        nonlocal at_once, most
        at_once += 1
        most = max(most, at_once)
        await asyncio.sleep(0.01)
        at_once -= 1
        return msgpack.packb([[1.0]])

    monkeypatch.setattr(prophet_worker, "ask", answer)
    await asyncio.gather(*(prophet_worker.run([{"future": [0.0]}], 1) for _ in range(4)))
    assert most == 1
