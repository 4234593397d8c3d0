"""Return is learned from the past alone, and said to be a prior where that teaches too little."""

import random

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from hikari_ml.realtime_analytics.audience.returning import (
    FEATURES,
    HORIZON,
    MAX_ROWS,
    Crowd,
    features,
    history,
    joined,
    learn,
    prior,
    rows_at,
    seen_between,
)
from hikari_ml.realtime_analytics.audience.visits import MAX_DAYS, Visits

TODAY = 20_140


def came(days):
    visits = Visits()
    for day in days:
        visits.add(day)
    return visits


def channel(seed=0, people=500, length=140):
    """Viewers who come at a rate of their own until, for some, they stop."""
    rng, some = random.Random(seed), []
    for _ in range(people):
        rate, begin = rng.betavariate(0.5, 2), TODAY - rng.randrange(length)
        end = min(TODAY, begin + int(rng.expovariate(1 / 60)) + 1)
        some.append(came([begin] + [day for day in range(begin + 1, end) if rng.random() < rate]))
    return some


def test_the_future_is_not_seen():
    whole = channel()
    cutoff = TODAY - 30
    known = [came([day for day in visits.days if day <= cutoff]) for visits in whole]
    some = [at for at, visits in enumerate(known) if visits.days]
    here, there = history(whole), history(known)
    crowd = Crowd.of(there, cutoff)
    assert np.array_equal(features(here, cutoff, crowd)[some], features(there, cutoff, crowd))
    assert np.array_equal(prior(here, cutoff)[some], prior(there, cutoff))


def test_a_model_does_not_change_by_what_comes_on_its_day_or_later():
    before = learn(history(channel()), TODAY - 20)
    cut = [came([day for day in visits.days if day < TODAY - 20]) for visits in channel()]
    after = learn(history(cut), TODAY - 20)
    assert before is not None
    assert np.allclose(before.weights, after.weights, atol=1e-6)


def test_features_say_what_they_are_named():
    past = history([came([TODAY - 40, TODAY - 3, TODAY - 3, TODAY]), came([TODAY - 10])])
    rows = features(past, TODAY, Crowd.of(past, TODAY))
    assert rows.shape == (2, len(FEATURES))
    assert np.isfinite(rows).all()
    one, other = (dict(zip(FEATURES, row, strict=True)) for row in rows)
    assert np.expm1(one["recency"]) == pytest.approx(0)
    assert np.expm1(other["recency"]) == pytest.approx(10)
    assert np.expm1(one["days_7"]) == pytest.approx(2)
    assert np.expm1(one["days_ever"]) == pytest.approx(3)
    assert np.expm1(one["messages_28"]) == pytest.approx(3)
    assert np.expm1(other["recency_in_channel_days"]) == pytest.approx(2), "the channel was live on two since"
    assert (one["once"], other["once"]) == (0, 1)


def test_days_no_longer_kept_are_still_counted():
    visits = came(range(TODAY - 2 * MAX_DAYS, TODAY + 1))
    past = history([visits])
    row = dict(zip(FEATURES, features(past, TODAY, Crowd.of(past, TODAY))[0], strict=True))
    assert np.expm1(row["days_ever"]) == pytest.approx(2 * MAX_DAYS + 1)
    assert np.expm1(row["tenure"]) == pytest.approx(2 * MAX_DAYS)


def test_histories_are_joined_in_order():
    some = channel(people=50)
    whole, pieces = history(some), joined([history(some[:20]), history([]), history(some[20:])])
    for one, other in zip(whole, pieces, strict=True):
        assert np.array_equal(one, other)


def test_what_is_learned_beats_the_prior_and_is_calibrated():
    past = history(channel(people=3000))
    today = TODAY - HORIZON
    model = learn(past, today)
    assert model is not None
    who = seen_between(past, today - 42, today)
    chances, answers = model.chances(past, today)[who], seen_between(past, today, TODAY)[who]
    assert roc_auc_score(answers, chances) > roc_auc_score(answers, prior(past, today)[who])
    assert chances.mean() == pytest.approx(answers.mean(), abs=0.04)


@pytest.mark.parametrize(
    "some", [[], channel(people=20), [came([TODAY])] * 500, [came(range(TODAY - 60, TODAY))] * 500]
)
def test_too_little_to_learn_from_teaches_nothing(some):
    assert learn(history(some), TODAY) is None


def test_a_past_without_those_who_were_dropped_does_not_fool_it():
    some, until = channel(people=3000), TODAY - 80
    kept = [visits for visits in some if visits.days[-1] > until]
    whole, half = history(some), history(kept)
    crowd = Crowd.of(whole, TODAY - 1)
    cutoff = until + 20
    fooled = rows_at(half, cutoff, crowd, -1).came.mean()
    told = rows_at(half, cutoff, crowd, until)
    lately = seen_between(whole, until, cutoff)
    truth = seen_between(whole, cutoff, cutoff + HORIZON)[lately].mean()
    assert told.came.mean() == pytest.approx(truth)
    assert fooled > rows_at(whole, cutoff, crowd, -1).came.mean()


def test_rows_are_bounded():
    past = history(channel(people=400))
    crowd = Crowd.of(past, TODAY)
    assert len(rows_at(past, TODAY - 8, crowd, -1, most=50).came) <= 50
    assert MAX_ROWS <= 100_000


def test_coming_often_makes_returning_likelier_and_silence_less():
    once, weekly, daily = (
        came([TODAY - 27]),
        came([TODAY - 7 * n for n in range(4)]),
        came(range(TODAY - 27, TODAY + 1)),
    )
    chances = prior(history([once, weekly, daily]), TODAY)
    assert 0 < chances[0] < chances[1] < chances[2] < 1
    assert chances[0] < 0.3
    assert chances[2] > 0.9
    later = [float(prior(history([daily]), TODAY + days)[0]) for days in (1, 10, 40, 200)]
    assert later == sorted(later, reverse=True)


def test_a_channel_that_was_away_is_no_mistake():
    past = history(channel())
    far = TODAY + 3650
    model = learn(past, TODAY)
    assert model is not None
    assert np.isfinite(model.chances(past, far)).all()
    assert learn(past, far) is None
