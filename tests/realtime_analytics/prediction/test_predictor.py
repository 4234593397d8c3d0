"""The predictor gives numbers when it was trained, and says so when it was not."""

import math

import numpy as np
import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file

from hikari_ml import ViewerEngagementPredictor
from hikari_ml.errors import InputError, ModelDamagedError, ModelMissingError, StoreError
from hikari_ml.realtime_analytics.prediction.backtest import split
from hikari_ml.realtime_analytics.prediction.context import FEATURES, HORIZONS
from hikari_ml.realtime_analytics.prediction.predictor import Shape, reproducible
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


def fresh(**sizes):
    with reproducible(3):
        return ViewerEngagementPredictor(**sizes)


def test_one_viewer_and_a_batch_have_the_shapes_they_should():
    predictor = ViewerEngagementPredictor().eval()
    steps, facts = torch.randn(4, 54, len(FEATURES)), torch.randn(4, Shape().frame.facts)
    assert predictor(steps, facts).shape == (4, len(HORIZONS))
    assert predictor(steps[0], facts[0]).shape == (len(HORIZONS),)
    assert torch.allclose(predictor(steps, facts)[2], predictor(steps[2], facts[2]), atol=1e-5)


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


def test_the_report_counts_the_three_parts(trained):
    _, report = trained
    parts = split(Shape().past(minutes(500)), 0.2)
    assert report.train_windows == len(parts.train)
    assert report.selection_windows == len(parts.select)
    assert report.validation_windows == len(parts.judge)
    assert 1 <= report.epochs <= 10


def test_what_judges_had_no_say_in_what_is_judged():
    past = minutes(500)
    parts = split(Shape().past(past), 0.2)
    first_judged = int(parts.judge[0]) // 60
    changed = [*past[:first_judged], *(m._replace(messages=900) for m in past[first_judged:])]
    said = []
    for known in (past, changed):
        of = Shape().past(known)
        said.append(fresh().fit_parts(of, split(of, 0.2), epochs=2)[1][0])
    assert np.array_equal(*said), "the first judged moment knows only of what was before"


def test_what_judged_is_learned_from_in_the_end():
    past = minutes(500)
    changed = [*past[:-90], *(m._replace(messages=900) for m in past[-90:])]
    one, other = fresh(), fresh()
    one.fit(past, epochs=2)
    other.fit(changed, epochs=2)
    assert one.predict(past[:400]) != other.predict(past[:400])


@pytest.mark.parametrize("epochs", ["3", None, 2.5, True, 10_001])
def test_epochs_are_a_whole_number(epochs):
    with pytest.raises(InputError, match="epochs"):
        ViewerEngagementPredictor().fit(minutes(500), epochs=epochs)


@pytest.mark.parametrize("validation", [math.nan, 0, -0.1, 0.6, 1.5, "x", None])
def test_what_judges_is_a_share(validation):
    with pytest.raises(InputError, match="validation"):
        ViewerEngagementPredictor().fit(minutes(500), validation=validation)


def test_minutes_that_are_no_past_are_neither_learned_from_nor_predicted_from(trained):
    broken = [m._replace(messages=math.nan) for m in minutes(500)]
    for given in (broken, minutes(500)[::-1]):
        for use in (ViewerEngagementPredictor().fit, trained[0].predict):
            with pytest.raises(InputError, match="minutes"):
                use(given)


def test_there_must_be_an_epoch():
    with pytest.raises(InputError, match="from 1 to"):
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
    predictor.save(tmp_path / "p.safetensors", {"of": "a test"}, {"more": np.arange(3)})
    loaded, notes, arrays = ViewerEngagementPredictor.load_with_notes(tmp_path / "p.safetensors")
    assert loaded.predict(minutes(60)) == predictor.predict(minutes(60))
    assert loaded.shape == predictor.shape
    assert notes == {"of": "a test"}
    assert arrays["more"].tolist() == [0, 1, 2]


def test_a_seed_makes_it_the_same_again():
    one, other = fresh(), fresh()
    assert one.fit(minutes(300), epochs=1) == other.fit(minutes(300), epochs=1)
    assert one.predict(minutes(60)) == other.predict(minutes(60))


def test_chance_elsewhere_is_left_as_it_was():
    torch.manual_seed(1)
    expected = torch.rand(3)
    torch.manual_seed(1)
    fresh().fit(minutes(300), epochs=1)
    assert torch.equal(torch.rand(3), expected)


def test_it_stops_when_nothing_gets_better():
    told = []
    fresh().fit(minutes(300, level=0), epochs=60, on_epoch=lambda epoch, loss: told.append(epoch))
    assert told == sorted(told)
    assert len(told) < 120


def test_a_fact_that_training_never_knew_is_not_listened_to(trained):
    predictor, _ = trained
    past = predictor.shape.past(minutes(100))
    context = past.context(past.ends()[-1:])
    unknown = np.isnan(context.facts)
    assert unknown.any()
    before = predictor.counts(context)
    context.facts[unknown] = 3.0
    assert np.array_equal(predictor.counts(context), before)


@pytest.mark.parametrize("count", [0, 10, 150])
def test_too_little_to_train_on_says_how_much_is_needed(count):
    with pytest.raises(InputError, match="give at least"):
        ViewerEngagementPredictor().fit(minutes(count))


def test_too_little_to_predict_from_is_refused(trained):
    with pytest.raises(InputError, match=f"at least {Shape().window}"):
        trained[0].predict(minutes(Shape().window - 1))
    with pytest.raises(InputError, match="of one stream"):
        trained[0].predict([*minutes(60), *(m._replace(start=m.start + 90_000) for m in minutes(9))])


def test_heads_must_fit():
    with pytest.raises(InputError, match="hidden_dim"):
        ViewerEngagementPredictor(hidden_dim=30)


@pytest.mark.parametrize(
    ("size", "value"),
    [
        ("num_heads", 0),
        ("hidden_dim", 0),
        ("hidden_dim", 10**7),
        ("num_layers", 0),
        ("num_layers", True),
        ("dropout", 1.0),
        ("dropout", math.nan),
        ("horizons", ()),
        ("horizons", (0,)),
        ("horizons", ("a", "b")),
        ("horizons", 5),
        ("step", 0),
        ("span", -5),
        ("window", 0),
        ("coarse", -1),
        ("coarse_steps", 0),
    ],
)
def test_a_size_that_cannot_be_is_refused(size, value):
    with pytest.raises(InputError) as caught:
        ViewerEngagementPredictor(**{size: value})
    assert caught.value.field == size


def test_horizons_are_whole_steps():
    with pytest.raises(InputError, match="multiples of the step of 5"):
        ViewerEngagementPredictor(step=5, horizons=(5, 12))


@pytest.mark.parametrize("zone", ["Nowhere/At_all", "", "../etc", 5])
def test_the_zone_must_be_one(zone):
    with pytest.raises(InputError, match="zone"):
        ViewerEngagementPredictor(zone=zone)


def test_one_of_an_older_version_is_named(tmp_path):
    save_file({"center": torch.zeros(7)}, tmp_path / "p", metadata={"format": "1", "shape": "{}"})
    with pytest.raises(ModelDamagedError, match="older version: train it again"):
        ViewerEngagementPredictor.load(tmp_path / "p")


def test_steps_may_be_five_minutes():
    known = [m._replace(start=5 * m.start) for m in minutes(120)]
    predictor = fresh(step=5, span=5, window=6, coarse=4)
    report = predictor.fit(known, epochs=1)
    assert report.validation_windows > 0
    assert set(predictor.predict(known)) == set(HORIZONS)


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
        {"format": "2", "shape": "{}"},
        {"format": "2", "shape": '{"horizons": [5], "hidden_dim": 8}'},
        {"format": "2", "shape": '{"horizons": [5], "colour": 8}'},
        {"format": "2", "shape": '{"horizons": [5], "zone": "Nowhere"}'},
        {"format": "2", "shape": '{"horizons": [5], "num_heads": 0}'},
        {"format": "2", "shape": '{"horizons": ["a"]}'},
        {"format": "2", "shape": '{"horizons": [5], "step": 0}'},
    ],
)
def test_weights_without_the_right_words_about_them_are_damaged(tmp_path, about):
    save_file({"center": torch.zeros(7)}, tmp_path / "p", metadata=about)
    with pytest.raises(ModelDamagedError):
        ViewerEngagementPredictor.load(tmp_path / "p")


@pytest.mark.parametrize("name", ["output.0.weight", "center", "scale", "facts_scale"])
@pytest.mark.parametrize("number", [math.nan, math.inf])
def test_weights_that_are_no_numbers_are_damaged(trained, tmp_path, name, number):
    kept = trained[0].state_dict()
    kept[name] = kept[name].clone()
    kept[name].view(-1)[0] = number
    check_damaged(tmp_path / "p", kept)


def test_swapped_bounds_and_scales_of_zero_are_damaged(trained, tmp_path):
    kept = trained[0].state_dict()
    for name, changed in (
        ("bounds", kept["bounds"].flip(1)),
        ("bounds", torch.tensor([[math.nan, 1.0], *kept["bounds"].tolist()[1:]])),
        ("scale", kept["scale"] * 0),
        ("facts_center", kept["facts_center"] + math.inf),
    ):
        check_damaged(tmp_path / "p", {**kept, name: changed})


def test_bounds_beyond_all_counts_are_damaged(trained, tmp_path):
    check_damaged(tmp_path / "p", {**trained[0].state_dict(), "bounds": trained[0].bounds * 1e30})


def test_an_array_beside_it_that_numpy_does_not_know_is_damaged(tmp_path):
    kept = fresh().state_dict()
    check_damaged(tmp_path / "p", {**kept, "beside.x": torch.ones(3, dtype=torch.bfloat16)})


def test_weights_too_large_to_predict_with_are_told_of(trained, tmp_path):
    huge = ViewerEngagementPredictor()
    huge.load_state_dict(
        {
            name: value * 1e30 if name.startswith("output") else value
            for name, value in trained[0].state_dict().items()
        }
    )
    huge.save(tmp_path / "p")
    with pytest.raises(ModelDamagedError, match="far too large"):
        ViewerEngagementPredictor.load(tmp_path / "p").predict(minutes(60))


def check_damaged(path, kept):
    """Such weights, with the sizes of a usual predictor, are damaged."""
    fresh().save(path)
    with safe_open(path, framework="pt") as file:
        about = file.metadata()
    save_file({name: value.contiguous() for name, value in kept.items()}, path, metadata=about)
    with pytest.raises(ModelDamagedError, match="no saved predictor"):
        ViewerEngagementPredictor.load(path)


def test_an_untrained_one_is_kept_and_is_still_untrained(tmp_path):
    fresh().save(tmp_path / "p")
    assert not ViewerEngagementPredictor.load(tmp_path / "p").is_trained


def test_what_cannot_be_written_is_a_named_error_and_leaves_nothing(trained, tmp_path):
    with pytest.raises(StoreError, match="cannot be written"):
        trained[0].save(tmp_path / "no" / "folder")
    (tmp_path / "taken").mkdir()
    with pytest.raises(StoreError):
        trained[0].save(tmp_path / "taken")
    assert [path.name for path in tmp_path.iterdir()] == ["taken"]


@pytest.mark.parametrize("path", [None, "", 5, "a\0b"])
def test_what_is_no_path_is_refused(trained, path):
    with pytest.raises(InputError, match="path"):
        trained[0].save(path)
    with pytest.raises(InputError, match="path"):
        ViewerEngagementPredictor.load(path)
