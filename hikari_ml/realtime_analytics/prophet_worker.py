"""Prophet in a process of its own: its fit holds the interpreter, takes every core, and may hang in a thread.

Run as ``python -m hikari_ml.realtime_analytics.prophet_worker``: jobs come as one msgpack list on standard
input, forecasts go out as one msgpack list on standard output.
"""

from __future__ import annotations

import asyncio
import logging
import os
import sys
from typing import Any, Final

import msgpack

from hikari_ml.errors import HikariError

WEEKLY_ORDER: Final = 60
"""Fourier terms of the weekly season: an hour-of-week profile needs many."""


class ProphetFailedError(HikariError):
    """The worker died, hung, or answered nothing that can be used."""

    code = "unavailable"


async def run(jobs: list[dict[str, Any]], seconds: float) -> list[list[float]]:
    """Have a worker process forecast ``jobs`` within ``seconds``.

    Raises:
        ProphetFailedError: it did not.
    """
    worker = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        __name__,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    try:
        answer, _ = await asyncio.wait_for(worker.communicate(msgpack.packb(jobs)), seconds)
    except TimeoutError as error:
        raise ProphetFailedError(f"Prophet did not answer within {seconds:.0f} s") from error
    finally:
        if worker.returncode is None:
            worker.kill()
            await worker.wait()
    if worker.returncode != 0:
        raise ProphetFailedError(f"the Prophet process ended with status {worker.returncode}")
    forecasts: list[list[float]] = msgpack.unpackb(answer)
    return forecasts


def forecast(job: dict[str, Any]) -> list[float]:
    """Fit one series and forecast it; see ``forecasts.prophet_job`` for the fields."""
    import numpy as np
    import pandas as pd
    from prophet import Prophet

    model = Prophet(
        daily_seasonality=10 if job["daily"] and not job["weekly"] else False,
        weekly_seasonality=WEEKLY_ORDER if job["weekly"] else False,
        yearly_seasonality=False,
        uncertainty_samples=0,
    )
    y = np.array(job["y"])
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
