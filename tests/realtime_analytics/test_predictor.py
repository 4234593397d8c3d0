"""The predictor gives numbers when it was trained, and says so when it was not."""

import math

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from hikari_ml import ViewerEngagementPredictor
from hikari_ml.errors import InputError, ModelDamagedError, ModelMissingError
from hikari_ml.realtime_analytics.outlook import HORIZONS
from hikari_ml.realtime_analytics.predictor import FEATURES, WINDOW, feature_rows, split, windows
from hikari_ml.realtime_analytics.timeline import Minute


def minutes(count, level=20):
    rng = np.random.default_rng(1)
    return [
        Minute(60 * i, int(max(0, level + 15 * math.sin(i / 10) + rng.normal())), 5, 1, 0, 1, 4, 0.5)
        for i in range(count)
    ]


@pytest.fixture(scope="module")
def trained():
    predictor = ViewerEngagementPredictor()
    report = predictor.fit(minutes(500), epochs=10)
    return predictor, report


def test_one_viewer_and_a_batch_have_the_shapes_they_should():
    predictor = ViewerEngagementPredictor().eval()
    rows = torch.randn(4, WINDOW, len(FEATURES))
    assert predictor(rows).shape == (4, len(HORIZONS))
    assert predictor(rows[0]).shape == (len(HORIZONS),)
    assert torch.allclose(predictor(rows)[2], predictor(rows[2]), atol=1e-5)


def test_untrained_it_says_so():
    predictor = ViewerEngagementPredictor()
    assert not predictor.is_trained
    with pytest.raises(InputError, match="fit it or load"):
        predictor.predict(minutes(60))


def test_trained_it_gives_numbers_in_their_intervals(trained):
    predictor, report = trained
    assert predictor.is_trained
    found = predictor.predict(minutes(60))
    assert set(found) == set(HORIZONS)
    for middle, low, high in found.values():
        assert 0 <= low <= middle <= high < math.inf
    assert set(report.mae) == set(HORIZONS)
    assert report.train_windows > report.validation_windows > 0


def test_training_selecting_and_judging_share_no_minute_to_be_predicted(trained):
    _, report = trained
    total = len(windows(minutes(500), WINDOW, HORIZONS)[0])
    train, select, judge = split(total, max(HORIZONS), 0.2)
    assert report.train_windows == train.stop
    assert report.selection_windows == select.stop - select.start
    assert report.validation_windows == judge.stop - judge.start == total - int(total * 0.8)
    assert select.start - train.stop == judge.start - select.stop == max(HORIZONS)


def test_the_part_that_judges_has_no_say_in_what_is_kept():
    one, other = ViewerEngagementPredictor(), ViewerEngagementPredictor()
    other.load_state_dict(one.state_dict())
    past = minutes(500)
    _, _, judge = split(len(windows(past, WINDOW, HORIZONS)[0]), max(HORIZONS), 0.2)
    first_judged = WINDOW + judge.start
    changed = [*past[:first_judged], *(m._replace(messages=900) for m in past[first_judged:])]
    assert one.fit(past, epochs=4).mae != other.fit(changed, epochs=4).mae
    assert all(torch.equal(one.get_parameter(name), weights) for name, weights in other.named_parameters())


def test_there_must_be_an_epoch():
    with pytest.raises(InputError, match="at least 1"):
        ViewerEngagementPredictor().fit(minutes(500), epochs=0)


def test_as_many_minutes_as_it_asks_for_are_enough():
    with pytest.raises(InputError) as caught:
        ViewerEngagementPredictor().fit(minutes(200))
    needed = int(str(caught.value).rsplit("at least ", 1)[1].split()[0])
    assert needed <= 300
    ViewerEngagementPredictor().fit(minutes(needed), epochs=1)
    with pytest.raises(InputError):
        ViewerEngagementPredictor().fit(minutes(needed - 1), epochs=1)


def test_it_learns(trained):
    predictor, _ = trained
    past = minutes(600)
    truth = sum(m.messages for m in past[540:545])
    assert predictor.predict(past[:540])[5][0] == pytest.approx(truth, rel=0.6)


def test_saved_and_loaded_it_says_the_same(trained, tmp_path):
    predictor, _ = trained
    predictor.save(tmp_path / "p.safetensors")
    loaded = ViewerEngagementPredictor.load(tmp_path / "p.safetensors")
    assert loaded.predict(minutes(60)) == predictor.predict(minutes(60))
    assert loaded.shape == predictor.shape


def test_a_seed_makes_it_the_same_again():
    one, other = ViewerEngagementPredictor(), ViewerEngagementPredictor()
    other.load_state_dict(one.state_dict())
    assert one.fit(minutes(300), epochs=1) == other.fit(minutes(300), epochs=1)


@pytest.mark.parametrize("count", [0, 10, 150])
def test_too_little_to_train_on_says_how_much_is_needed(count):
    with pytest.raises(InputError, match="give at least"):
        ViewerEngagementPredictor().fit(minutes(count))


def test_too_little_to_predict_from_is_refused(trained):
    with pytest.raises(InputError, match=f"at least {WINDOW}"):
        trained[0].predict(minutes(WINDOW - 1))


def test_heads_must_fit():
    with pytest.raises(InputError, match="hidden_dim"):
        ViewerEngagementPredictor(hidden_dim=30)


def test_files_that_are_none(tmp_path):
    with pytest.raises(ModelMissingError):
        ViewerEngagementPredictor.load(tmp_path / "gone")
    (tmp_path / "text").write_text("no weights here")
    with pytest.raises(ModelDamagedError):
        ViewerEngagementPredictor.load(tmp_path / "text")


@pytest.mark.parametrize(
    "about",
    [
        {},
        {"format": "new"},
        {"format": "99", "shape": "{}"},
        {"format": "1", "shape": "{}"},
        {"format": "1", "shape": '{"horizons": [5], "hidden_dim": 8}'},
        {"format": "1", "shape": '{"horizons": [5], "colour": 8}'},
    ],
)
def test_weights_without_the_right_words_about_them_are_damaged(tmp_path, about):
    save_file({"center": torch.zeros(7)}, tmp_path / "p", metadata=about)
    with pytest.raises(ModelDamagedError):
        ViewerEngagementPredictor.load(tmp_path / "p")


def test_rows_follow_their_names():
    rows = feature_rows([Minute(0, 10, 4, 1, 2, 3, 5, None)])
    assert rows.shape == (1, len(FEATURES))
    assert rows[0] == pytest.approx([math.log1p(n) for n in (10, 4, 1, 2, 3, 5)] + [0.5])


def test_targets_are_the_messages_after_the_window():
    past = [Minute(60 * i, i, 1, 0, 0, 0, 0, None) for i in range(100)]
    _, targets = windows(past, WINDOW, (5,))
    assert math.expm1(targets[0][0]) == pytest.approx(sum(range(WINDOW, WINDOW + 5)), rel=1e-5)
