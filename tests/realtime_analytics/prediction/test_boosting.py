"""Trees kept as arrays say what scikit-learn's say."""

import numpy as np
import pytest

from hikari_ml.realtime_analytics.prediction import boosting
from hikari_ml.realtime_analytics.prediction.boosting import Boosting
from hikari_ml.realtime_analytics.prediction.context import Context, Frame, Past
from hikari_ml.realtime_analytics.timeline import Minute

FRAME = Frame((5, 15), window=12, coarse=4)


def known(count=400):
    rng = np.random.default_rng(2)
    return [
        Minute(60 * i, int(rng.poisson(20 + 15 * np.sin(i / 10))), int(rng.integers(1, 9)), 1, 0, 1, 4, 0.5)
        for i in range(count)
    ]


@pytest.fixture
def learned():
    past = Past(known(), FRAME)
    ends = past.ends()
    ends = ends[~np.isnan(past.targets(ends)).any(axis=1)]
    return past.context(ends), past.targets(ends)


def test_it_says_what_scikit_learn_says(learned, monkeypatch):
    context, targets = learned
    grown = []
    flatten = boosting._flatten
    monkeypatch.setattr(boosting, "_flatten", lambda models: grown.extend(models) or flatten(models))
    trees = Boosting.fit(context, targets, FRAME)
    facts = context.facts.copy()
    facts[::3, 4:9] = np.nan  # also where something is unknown that never was in training
    asked = Context(context.steps, facts, context.level)
    own = FRAME.ratios(trees.counts(asked), asked.level)
    theirs = np.stack([model.predict(boosting._columns(asked)) for model in grown], axis=1)
    above_silence = theirs + asked.level[:, None] > 0
    assert above_silence.mean() > 0.9
    assert own[above_silence] == pytest.approx(theirs[above_silence], abs=1e-5)


def test_it_learns(learned):
    context, targets = learned
    error = np.abs(Boosting.fit(context, targets, FRAME).counts(context) - targets).mean(axis=0)
    assert (error < np.abs(np.median(targets, axis=0) - targets).mean(axis=0) / 2).all()


def test_the_same_past_grows_the_same_trees(learned):
    one, other = (Boosting.fit(*learned, FRAME) for _ in range(2))
    assert all(np.array_equal(one.arrays[name], other.arrays[name]) for name in one.arrays)


def test_nothing_asked_is_nothing_said(learned):
    context, targets = learned
    assert Boosting.fit(context, targets, FRAME).counts(context[:0]).shape == (0, 2)


@pytest.fixture(scope="module")
def kept():
    past = Past(known(), FRAME)
    ends = past.ends()
    ends = ends[~np.isnan(past.targets(ends)).any(axis=1)]
    return Boosting.fit(past.context(ends), past.targets(ends), FRAME).arrays


def test_what_was_kept_comes_back(kept):
    assert Boosting.unpack(FRAME, kept).arrays == kept


@pytest.mark.parametrize("name", ["feature", "left", "right", "roots", "depth"])
@pytest.mark.parametrize("place", [-1, 10**6])
def test_a_node_that_leads_nowhere_is_refused(kept, name, place):
    with pytest.raises(ValueError, match="no trees"):
        Boosting.unpack(FRAME, {**kept, name: np.full_like(kept[name], place)})


@pytest.mark.parametrize(
    "name", ["feature", "threshold", "left_if_unknown", "left", "value", "roots", "base"]
)
def test_trees_of_which_a_part_is_missing_are_refused(kept, name):
    for changed in (kept[name][:1], kept[name].astype(np.float16)):
        with pytest.raises(ValueError, match="no trees"):
            Boosting.unpack(FRAME, {**kept, name: changed})
    with pytest.raises(ValueError, match="no trees"):
        Boosting.unpack(FRAME, {one: array for one, array in kept.items() if one != name})


@pytest.mark.parametrize("name", ["threshold", "value", "base"])
def test_a_number_that_is_none_is_refused(kept, name):
    with pytest.raises(ValueError, match="no trees"):
        Boosting.unpack(FRAME, {**kept, name: np.full_like(kept[name], np.nan)})


def test_trees_of_other_horizons_are_refused(kept):
    with pytest.raises(ValueError, match="no trees"):
        Boosting.unpack(Frame((5,), window=12, coarse=4), kept)
