"""A run can be interrupted and goes on; a seed is a run."""

from dataclasses import replace

import pytest
import torch
from safetensors.torch import save_file
from tokenizers import Tokenizer

from hikari_ml.errors import InputError
from hikari_ml.learning.batches import encode
from hikari_ml.learning.examples import Example
from hikari_ml.learning.trainer import Trainer, TrainingPlan, _averaging, fast_bf16, pick_device
from hikari_ml.models.network import ChatEncoderNetwork
from tests.models import tiny

PLAN = TrainingPlan(
    epochs=6,
    batch_size=8,
    max_tokens=16,
    learning_rate=3e-3,
    head_learning_rate=1e-2,
    checkpoint_every=10,
    average_every=5,
)


def examples():
    good = [
        Example(f"i love this {w}", sentiment=2, toxicity=(0.0,) * 6)
        for w in ("stream", "game", "cats", "dogs")
    ]
    bad = [
        Example(f"i hate this {w}", sentiment=0, toxicity=(1.0,) + (0.0,) * 5)
        for w in ("stream", "game", "cats", "dogs")
    ]
    return (good + bad) * 6


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    return tiny.bert_encoder(tmp_path_factory.mktemp("base"))


class StoppedError(Exception):
    pass


def weights(network):
    return torch.cat([p.flatten().cpu() for p in network.state_dict().values() if p.dtype == torch.float32])


def test_it_learns(base, tmp_path):
    seen = []
    Trainer(PLAN, base, tmp_path, on_progress=seen.append).run(examples())
    assert seen[-1].step == seen[-1].steps == 36
    assert seen[-1].loss < seen[0].loss


def test_an_interrupted_run_ends_where_a_whole_one_does(base, tmp_path):
    def stop(progress):
        if progress.step == 25:
            raise StoppedError

    whole = Trainer(PLAN, base, tmp_path / "whole").run(examples())
    with pytest.raises(StoppedError):
        Trainer(PLAN, base, tmp_path / "parts", on_progress=stop).run(examples())
    steps = []
    go_on = Trainer(PLAN, base, tmp_path / "parts", on_progress=lambda p: steps.append(p.step))
    resumed = go_on.run(examples())
    assert steps[0] == 21, "it went on from its last checkpoint"
    assert torch.allclose(weights(resumed), weights(whole), atol=1e-6)


def test_it_goes_on_from_another_run(base, tmp_path):
    first = Trainer(PLAN, base, tmp_path / "first").run(examples())
    first.temperature.fill_(1.5)
    save_file(first.state_dict(), tmp_path / "network.safetensors")
    gentle = replace(PLAN, epochs=1, learning_rate=0.0, head_learning_rate=0.0)
    second = Trainer(gentle, base, tmp_path / "second", tmp_path / "network.safetensors").run(examples())
    assert (second.temperature == 1).all(), "calibration starts from plain logits"
    first.temperature.fill_(1)
    assert torch.allclose(weights(second), weights(first), atol=1e-6)


def test_a_short_run_does_not_end_where_it_began():
    average, mean = _averaging(0.98), torch.zeros(1)
    for count in range(1, 10):
        mean = average(mean, torch.ones(1), count)
    assert mean.item() > 0.95


def test_low_layers_move_least(base, tmp_path):
    plan = replace(PLAN, epochs=1, layer_decay=0.0)
    before = ChatEncoderNetwork.from_folder(base).encoder
    after = Trainer(plan, base, tmp_path).run(examples()).cpu().encoder
    lowest, highest = (
        (a.attention.self.query.weight - b.attention.self.query.weight).abs().max().item()
        for a, b in zip(after.encoder.layer, before.encoder.layer, strict=True)
    )
    assert lowest == 0 < highest


def test_another_seed_is_another_run(base, tmp_path):
    one = Trainer(PLAN, base, tmp_path / "1").run(examples())
    other = Trainer(replace(PLAN, seed=1), base, tmp_path / "2")
    assert not torch.allclose(weights(one), weights(other.run(examples())))


def test_a_folder_with_another_plan_is_refused(base, tmp_path):
    plan = TrainingPlan(epochs=1, batch_size=8, max_tokens=16, checkpoint_every=2)
    Trainer(plan, base, tmp_path).run(examples())
    with pytest.raises(InputError, match="another plan"):
        Trainer(TrainingPlan(epochs=2, batch_size=8, max_tokens=16), base, tmp_path).run(examples())


def test_a_folder_with_other_data_is_refused(base, tmp_path):
    Trainer(PLAN, base, tmp_path).run(examples())
    with pytest.raises(InputError, match="another data"):
        Trainer(PLAN, base, tmp_path).run(examples()[1:])


def test_it_knows_where_it_runs():
    assert pick_device().type in ("cpu", "cuda")
    assert fast_bf16(torch.device("cpu")) in (True, False)


def test_a_run_from_another_start_is_another_run(base, tmp_path):
    first = Trainer(PLAN, base, tmp_path / "first").run(examples())
    save_file(first.state_dict(), tmp_path / "network.safetensors")
    Trainer(PLAN, base, tmp_path / "second", tmp_path / "network.safetensors").run(examples())
    with pytest.raises(InputError, match="another start"):
        Trainer(PLAN, base, tmp_path / "second").run(examples())


def test_a_run_can_be_drawn_back_to_its_start(base, tmp_path):
    first = Trainer(PLAN, base, tmp_path / "first").run(examples())
    save_file(first.state_dict(), tmp_path / "network.safetensors")
    plan = replace(PLAN, epochs=1)
    ends = {
        share: weights(
            Trainer(
                replace(plan, drawn_back=share),
                base,
                tmp_path / f"back {share}",
                tmp_path / "network.safetensors",
            ).run(examples())
        )
        for share in (0.0, 0.25)
    }
    whole, part = (end - weights(first) for end in ends.values())
    assert whole.abs().max() > 1e-3
    assert torch.allclose(part, 0.75 * whole, atol=1e-5)
    with pytest.raises(InputError, match="needs a start"):
        Trainer(replace(plan, drawn_back=0.25), base, tmp_path / "nowhere").run(examples())


def test_a_head_can_be_trained_alone(base, tmp_path):
    first = Trainer(PLAN, base, tmp_path / "first").run(examples())
    first.temperature.fill_(1.5)
    save_file(first.state_dict(), tmp_path / "network.safetensors")
    plan = replace(PLAN, heads=("toxicity",), weight_decay=0.5)
    clean = [Example(example.text, toxicity=(0.0,) * 6) for example in examples()]
    second = Trainer(plan, base, tmp_path / "second", tmp_path / "network.safetensors").run(clean)
    moved = {
        name
        for name, value in second.state_dict().items()
        if not torch.equal(value, first.state_dict()[name])
    }
    assert all(name.startswith("heads.toxicity.") for name in moved - {"temperature"})
    assert len(moved) > 4
    assert second.temperature.tolist() == [1.5, 1.5, 1.0]
    with pytest.raises(InputError, match=r"plan\.heads: .*needs a start"):
        Trainer(plan, base, tmp_path / "nowhere").run(clean)


@pytest.mark.parametrize("what", ["missing", "broken", "another"])
def test_a_start_that_is_none_is_named(base, tmp_path, what):
    path = tmp_path / "network.safetensors"
    if what == "broken":
        path.write_bytes(b"no network")
    elif what == "another":
        save_file({"weight": torch.ones(2)}, path)
    with pytest.raises(InputError, match="start: "):
        Trainer(PLAN, base, tmp_path / "out", path).run(examples())


@pytest.mark.parametrize(
    "plan",
    [
        {"epochs": 0},
        {"batch_size": 0},
        {"average_every": 0},
        {"averaging": float("nan")},
        {"held_out": 1.0},
        {"learning_rate": -1.0},
        {"passes": {"mine": -0.5}},
        {"heads": ("sarcasm",)},
    ],
)
def test_a_plan_that_cannot_be_is_named(plan):
    with pytest.raises(InputError, match=rf"plan\.{next(iter(plan))}"):
        TrainingPlan(**plan)


def test_a_teacher_is_learned_from_where_no_label_is(base, tmp_path):
    teacher = Trainer(PLAN, base, tmp_path / "teacher").run(examples()).cpu()
    save_file(teacher.state_dict(), tmp_path / "teacher.safetensors")
    unlabelled = [Example(example.text) for example in examples()]
    plan = replace(PLAN, taught=0.9)
    taught = Trainer(plan, base, tmp_path / "taught", teachers=[tmp_path / "teacher.safetensors"])
    student = taught.run(unlabelled).cpu()
    tokens = encode(
        Tokenizer.from_file(str(base / "tokenizer.json")), ["i love this game", "i hate this game"], 16
    )
    ids = torch.tensor(tokens)
    for head in ("sentiment", "toxicity"):
        said, meant = (getattr(network(ids, torch.ones_like(ids)), head) for network in (student, teacher))
        assert torch.equal(said[:, 0] > said[:, -1], meant[:, 0] > meant[:, -1]), head
        assert (said - meant).abs().max() < 1, head


def test_teachers_and_their_share_go_together(base, tmp_path):
    with pytest.raises(InputError, match="taught"):
        Trainer(replace(PLAN, taught=0.5), base, tmp_path).run(examples())
    with pytest.raises(InputError, match="taught"):
        Trainer(PLAN, base, tmp_path, teachers=[tmp_path / "teacher.safetensors"]).run(examples())


def test_a_run_with_other_teachers_is_another_run(base, tmp_path):
    plan = replace(PLAN, taught=0.5, epochs=2)
    paths = [tmp_path / "1.safetensors", tmp_path / "2.safetensors"]
    for seed, path in enumerate(paths):
        torch.manual_seed(seed)
        save_file(ChatEncoderNetwork.from_folder(base).state_dict(), path)
    Trainer(plan, base, tmp_path / "out", teachers=paths[:1]).run(examples())
    with pytest.raises(InputError, match="another teachers"):
        Trainer(plan, base, tmp_path / "out", teachers=paths[1:]).run(examples())
