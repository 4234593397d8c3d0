"""What Prophet is asked, and where its answers belong."""

import numpy as np
import pandas as pd
import pytest

from hikari_ml.realtime_analytics.forecast.backtest import folds
from hikari_ml.realtime_analytics.forecast.prophet_jobs import (
    PROPHET_FITS,
    PROPHET_STEPS,
    by_origin,
    prophet_jobs,
    worth_asking,
)
from hikari_ml.realtime_analytics.forecast.series import check_freq, resample

ZERO = 1_767_225_600.0


def series(values, freq="h", step=3600.0):
    points = [(ZERO + i * step, float(value)) for i, value in enumerate(values) if value is not None]
    return resample(points, check_freq(freq))


def test_a_job_is_plain_and_begins_after_the_past():
    *_, job = prophet_jobs(series(range(16 * 24)), 24, "DE")
    assert {type(value) for value in job.values()} <= {list, bool, int, str}
    assert (job["daily"], job["weekly"], job["yearly"], job["log"]) == (True, 83, False, True)
    assert job["country"] == "DE"
    assert len(job["future"]) == 24
    assert pd.Timestamp(job["future"][0], unit="s") == pd.Timestamp(ZERO + 16 * 24 * 3600, unit="s")


def test_days_have_few_weekly_terms_and_years():
    *_, job = prophet_jobs(series(range(900), "D", 86_400.0), 30)
    assert (job["daily"], job["weekly"], job["yearly"]) == (False, 3, True)


def test_few_fits_answer_for_every_origin():
    values = series(np.arange(1344))
    jobs = prophet_jobs(values, 24)
    assert len(jobs) == PROPHET_FITS + 1
    cut = folds(values, 24)
    answers = [[(moment - ZERO) / 3600 for moment in job["future"]] for job in jobs[:-1]]
    assert by_origin(answers, cut).tolist() == cut.truth(values).tolist()


def test_a_long_past_is_cut():
    *_, job = prophet_jobs(series(range(5000)), 24)
    assert len(job["y"]) == PROPHET_STEPS


def test_gaps_are_left_out():
    values = [5.0 if i % 24 > 20 else None for i in range(24 * 30)]
    for job in prophet_jobs(series(values), 24):
        assert set(job["y"]) == {5.0}
        assert len(job["ds"]) == len(job["y"])


@pytest.mark.parametrize(
    ("length", "step", "freq", "worth"),
    [(400, 3600.0, "h", True), (47, 3600.0, "h", False), (300, 60.0, "min", False)],
)
def test_it_is_asked_where_there_is_a_season(length, step, freq, worth):
    assert worth_asking(series(range(length), freq, step)) is worth


@pytest.mark.parametrize(
    "repeating",
    [
        [i % 24 for i in range(30 * 24)],
        [100 + 20 * (i // 24 % 7) if i % 24 >= 12 else None for i in range(60 * 24)],
    ],
)
def test_of_what_repeats_itself_exactly_nothing_is_asked(repeating):
    assert not worth_asking(series(repeating))
    assert worth_asking(series([*repeating[:-30], 7, *repeating[-29:]]))
