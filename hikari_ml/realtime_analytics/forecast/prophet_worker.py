"""Prophet in a process of its own: its fit holds the interpreter, takes every core, and may hang in a thread.

Run as ``python -m hikari_ml.realtime_analytics.forecast.prophet_worker``: jobs come as one msgpack list on
standard input, forecasts go out as one msgpack list on standard output.
"""

from __future__ import annotations

import asyncio
import logging
import math
import os
import signal
import sys
from contextlib import suppress
from typing import Any, Final
from weakref import WeakKeyDictionary

import msgpack

from hikari_ml.errors import HikariError

WEEKLY_ORDER: Final = 60
"""Fourier terms of the weekly season at most: an hour-of-week profile needs many."""

DAILY_ORDER: Final = 10
YEARLY_ORDER: Final = 10

TREND_CHANGE: Final = 0.005
"""Prior scale of changes of the trend, a tenth of Prophet's own: a month of evenings is no trend."""

SEASON: Final = 0.1
"""Prior scale of the seasons, a hundredth of Prophet's own: it smooths the many weekly terms."""

FEWEST: Final = 2
"""Values without which Prophet refuses to fit; the start of a series with long gaps may hold fewer."""


class ProphetFailedError(HikariError):
    """The worker died, hung, or answered nothing that can be used."""

    code = "unavailable"


_turns: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Semaphore] = WeakKeyDictionary()
"""One worker at a time for each event loop, of which a process mostly has one."""


async def run(jobs: list[dict[str, Any]], seconds: float) -> list[list[float]]:
    """Have a worker process forecast ``jobs`` within ``seconds``, counted from when its turn has come.

    Raises:
        ProphetFailedError: it did not.
    """
    async with _turns.setdefault(asyncio.get_running_loop(), asyncio.Semaphore(1)):
        answer = await ask([sys.executable, "-m", __name__], msgpack.packb(jobs), seconds)
    return read_answer(answer, jobs)


async def ask(command: list[str], question: bytes, seconds: float) -> bytes:
    """What ``command`` answers on standard output; when it fails, whatever it has started ends with it.

    Raises:
        ProphetFailedError: it did not start, did not end in time, or ended with another status than 0.
    """
    try:
        worker = await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            env={**os.environ, "OMP_NUM_THREADS": "1"},
            start_new_session=True,  # a group of its own: CmdStan is a child of the child
        )
    except OSError as error:
        raise ProphetFailedError(f"the Prophet process did not start: {error}") from error
    try:
        answer, _ = await asyncio.wait_for(worker.communicate(question), seconds)
    except TimeoutError as error:
        raise ProphetFailedError(f"Prophet did not answer within {seconds:.0f} s") from error
    finally:
        if worker.returncode != 0:
            _end(worker)
            await worker.wait()
    if worker.returncode != 0:
        raise ProphetFailedError(f"the Prophet process ended with status {worker.returncode}")
    return answer


def _end(worker: asyncio.subprocess.Process) -> None:
    with suppress(ProcessLookupError):
        if sys.platform == "win32":
            worker.kill()
        else:
            os.killpg(worker.pid, signal.SIGKILL)


def read_answer(answer: bytes, jobs: list[dict[str, Any]]) -> list[list[float]]:
    """The forecasts in ``answer``: one for each job, a finite number for each moment it asked for.

    Raises:
        ProphetFailedError: they are not.
    """
    try:
        forecasts = [[float(value) for value in run] for run in msgpack.unpackb(answer)]
    except (ValueError, TypeError, msgpack.UnpackException) as error:
        raise ProphetFailedError("Prophet's answer cannot be read") from error
    lengths = [len(run) for run in forecasts]
    if lengths != [len(job["future"]) for job in jobs]:
        raise ProphetFailedError("Prophet answered something else than it was asked")
    if not all(math.isfinite(value) for run in forecasts for value in run):
        raise ProphetFailedError("Prophet forecast no finite number")
    return forecasts


def forecast(job: dict[str, Any]) -> list[float]:
    """Fit one series and forecast it; see :mod:`prophet_jobs` for the fields."""
    import numpy as np
    import pandas as pd
    from prophet import Prophet

    y = np.array(job["y"])
    if len(y) < FEWEST:
        return [float(y.mean()) if len(y) else 0.0] * len(job["future"])
    model = Prophet(
        daily_seasonality=DAILY_ORDER if job["daily"] and not job["weekly"] else False,
        weekly_seasonality=min(WEEKLY_ORDER, job["weekly"]) or False,
        yearly_seasonality=YEARLY_ORDER if job["yearly"] else False,
        changepoint_prior_scale=TREND_CHANGE,
        seasonality_prior_scale=SEASON,
        uncertainty_samples=0,
    )
    if job["country"]:
        model.add_country_holidays(job["country"])
    past = pd.DataFrame({"ds": _naive(job["ds"]), "y": np.log1p(y) if job["log"] else y})
    model.fit(past)
    yhat = model.predict(pd.DataFrame({"ds": _naive(job["future"])}))["yhat"].to_numpy()
    if job["log"]:
        # A runaway trend must not overflow: nothing is forecast beyond ten times the largest value seen.
        yhat = np.expm1(np.minimum(yhat, np.log1p(10 * max(1.0, float(y.max())))))
    return [float(value) for value in yhat]


def _naive(seconds: list[float]) -> Any:
    import pandas as pd

    return pd.to_datetime(seconds, unit="s")


def main() -> None:
    """Answer the jobs on standard input."""
    for name in ("prophet", "cmdstanpy"):
        logging.getLogger(name).setLevel(logging.ERROR)
    jobs = msgpack.unpackb(sys.stdin.buffer.read())
    sys.stdout.buffer.write(msgpack.packb([forecast(job) for job in jobs]))


if __name__ == "__main__":
    main()
