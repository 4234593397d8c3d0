"""Forecasts by other libraries, for the benchmark of forecasts.

statsforecast (``pip install statsforecast scikit-learn``) asks for an older pandas than
this package, so it runs by an interpreter of its own, which is named on the command line.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence

import numpy as np
import pandas as pd

Question = tuple[np.ndarray, int]
"""A series and how many steps come next."""

WORKER = """
import json, sys, time, warnings
import numpy as np
from statsforecast.models import MFLES, AutoARIMA, AutoETS
warnings.simplefilter("ignore")
models = {"AutoARIMA": AutoARIMA(season_length=24), "AutoETS": AutoETS(season_length=24),
          "MFLES": MFLES(season_length=[24, 168])}
asked = json.load(sys.stdin)
model = models[asked["model"]]
found = []
for values, periods in asked["questions"]:
    found.append([float(v) for v in model.forecast(y=np.array(values), h=periods)["mean"]])
json.dump(found, sys.stdout)
"""


def statsforecast(python: str, model: str, questions: Sequence[Question]) -> list[np.ndarray]:
    """Forecasts by AutoARIMA, AutoETS or MFLES, hourly with a season of a day (MFLES: and a week)."""
    asked = {"model": model, "questions": [(values.tolist(), periods) for values, periods in questions]}
    done = subprocess.run(
        [python, "-c", WORKER], input=json.dumps(asked), capture_output=True, text=True, check=True
    )
    return [np.array(run) for run in json.loads(done.stdout)]


def default_prophet(questions: Sequence[Question]) -> list[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Prophet as it comes: forecast and both ends of its 80 % interval."""
    from prophet import Prophet

    found = []
    for values, periods in questions:
        times = pd.date_range("2016-01-04", periods=len(values) + periods, freq="h")
        model = Prophet()
        model.fit(pd.DataFrame({"ds": times[: len(values)], "y": values}))
        said = model.predict(pd.DataFrame({"ds": times[len(values) :]}))
        found.append(tuple(said[name].to_numpy() for name in ("yhat", "yhat_lower", "yhat_upper")))
    return found
