"""Experiments are kept in order, bounded, and come back as they were."""

import math

import numpy as np
import pytest

from hikari_ml.errors import InputError
from hikari_ml.realtime_analytics.trials import experiments as module
from hikari_ml.realtime_analytics.trials.bandit import Bandit
from hikari_ml.realtime_analytics.trials.blocks import Block, Measured, measure, own_readings
from hikari_ml.realtime_analytics.trials.experiments import MAX_RUNNING, Experiment, Experiments, result
from tests.realtime_analytics.trials.test_blocks import START, chat, minute, plan


def measured(experiment, known):
    readings = own_readings(experiment.plan.metric, known)
    return measure(experiment.plan, experiment.notes, readings, experiment.settled, readings.end)


def lively(of, minutes, more=2.0):
    """Chat in which the second arm draws more."""
    return [minute(at, round((8 + at % 5) * (more if of.arm(at // 5) == 1 else 1))) for at in range(minutes)]


def test_what_stands_out_is_found():
    experiment = Experiment(plan())
    found = result(experiment, measured(experiment, lively(experiment.plan, 400)))
    (garden,) = found["comparisons"]
    assert garden["decided"]
    assert garden["low"] < 2 < garden["high"] or garden["estimate"] == pytest.approx(2, rel=0.1)
    assert [arm["blocks"] for arm in found["arms"]] == [40, 40]
    assert found["arms"][1]["mean"] > found["arms"][0]["mean"]
    assert found["blocks"] == 80
    assert found["verdict"] == garden["verdict"]
    assert found["strayed"] == 0
    assert found["degraded"] == []


@pytest.mark.parametrize("seed", range(4))
def test_on_a_quiet_chat_the_interval_holds_what_is_there(seed):
    experiment = Experiment(plan(seed=seed))
    of, drawn = experiment.plan, np.random.default_rng(seed)
    rates = [0.1 * (4 if of.arm(at // 5) == 1 else 1) for at in range(60 * 60)]
    known = [minute(at, int(drawn.poisson(rate)), 1) for at, rate in enumerate(rates)]
    found = result(experiment, measured(experiment, known))
    (garden,) = found["comparisons"]
    assert garden["decided"]
    assert garden["low"] < 4 < garden["high"]
    assert garden["low"] < found["arms"][1]["mean"] / found["arms"][0]["mean"] < garden["high"]
    assert garden["estimate"] == pytest.approx(4, rel=0.35)
    assert found["degraded"][0].startswith("few: blocks hold few messages")


def test_a_silent_arm_has_no_farther_bound():
    experiment = Experiment(plan(block_minutes=1, washout_minutes=0))
    known = [minute(at, experiment.plan.arm(at)) for at in range(120)]
    found = result(experiment, measured(experiment, known))
    (garden,) = found["comparisons"]
    assert garden["high"] is None
    assert "garden draws at least" in garden["verdict"]


def test_an_arm_without_data_has_no_effect():
    experiment = Experiment(plan(arms=("a", "b", "c")))
    experiment.note(START, "a")
    found = result(experiment, measured(experiment, chat(range(60))))
    assert [arm["blocks"] for arm in found["arms"]] == [12, 0, 0]
    assert found["arms"][1]["mean"] is None
    assert [one["estimate"] for one in found["comparisons"]] == [None, None]
    assert "no round had blocks of both b and a" in found["verdict"]


def test_straying_from_the_plan_is_counted_and_warned_of():
    experiment = Experiment(plan())
    for slot in range(20):
        arm = experiment.plan.arm(slot)
        experiment.note(START + 300 * slot, experiment.plan.arms[1 - arm if slot % 4 == 0 else arm])
    found = result(experiment, measured(experiment, chat(range(100))))
    assert found["strayed"] == pytest.approx(0.25)
    assert found["degraded"][0].startswith("strayed: in 25 %")


def test_an_effect_that_turned_is_told_of():
    experiment = Experiment(plan())
    of = experiment.plan
    known = [minute(at, 20 * (1 + 4 * (of.arm(at // 5) == (at < 400))) + at * 7 % 3) for at in range(1000)]
    found = result(experiment, measured(experiment, known))
    assert found["degraded"] == ["changed: no single effect of garden fits the whole experiment"]


def test_a_bandit_has_no_p_values():
    experiment = Experiment(plan(), Bandit())
    experiment.take(START, 1)
    found = result(experiment, measured(experiment, chat(range(60))))
    assert found["kind"] == "bandit"
    assert found["comparisons"] == []
    assert found["strayed"] == 0
    assert "no significance test" in found["verdict"]


def test_a_bandit_chooses_once_a_block_and_time_may_go_back():
    experiment = Experiment(plan(), Bandit())
    assert experiment.current(START) is None
    experiment.take(START + 310, 1)
    assert experiment.current(START + 599) == 1
    assert experiment.current(START) == 1
    assert experiment.current(START + 600) is None
    experiment.take(START + 100, 0)
    assert [at for at, _ in experiment.notes] == [START + 310, START + 310]


def test_a_choice_for_a_far_future_does_not_hold_until_then():
    experiment = Experiment(plan(), Bandit())
    experiment.take(START + 10**9, 1)
    assert experiment.current(START) is None


def test_the_plan_says_whose_turn_it_is():
    experiment = Experiment(plan())
    assert [experiment.current(START + 300 * slot) for slot in range(20)] == [
        experiment.plan.arm(slot) for slot in range(20)
    ]
    assert experiment.current(START - 9999) == experiment.plan.arm(0)


def test_notes_are_in_order_and_of_arms_there_are():
    experiment = Experiment(plan())
    experiment.note(START, "desk")
    experiment.note(START + 60, "desk")
    assert experiment.notes == [(START, 0)]
    with pytest.raises(InputError, match="this experiment has desk, garden"):
        experiment.note(START + 70, "attic")
    experiment.note(START + 70, None)
    with pytest.raises(InputError, match="note them in order"):
        experiment.note(START + 69, "garden")


def test_settling_forgets_switches_that_no_block_needs():
    experiment = Experiment(plan())
    for slot in range(40):
        experiment.note(START + 300 * slot, experiment.plan.arms[slot % 2])
    whole = measured(experiment, chat(range(200)))
    readings = own_readings("chat_rate", chat(range(200)))
    experiment.settle(measure(experiment.plan, experiment.notes, readings, Measured(), START + 6000))
    assert len(experiment.notes) < 25
    assert measured(experiment, chat(range(200))) == whole
    experiment.settle(Measured())  # an older look changes nothing
    assert experiment.settled.next_slot == 20


def test_notes_are_bounded(monkeypatch):
    monkeypatch.setattr(module, "MAX_NOTES", 5)
    experiment = Experiment(plan())
    for at in range(20):
        experiment.note(START + at, experiment.plan.arms[at % 2])
    experiment.settle(Measured())
    assert len(experiment.notes) == 5


def test_names_are_unique_while_they_run_and_bounded():
    known = Experiments()
    known.add(Experiment(plan()))
    with pytest.raises(InputError, match="end it first"):
        known.add(Experiment(plan()))
    for n in range(MAX_RUNNING - 1):
        known.add(Experiment(plan(name=f"e{n}")))
    with pytest.raises(InputError, match="at most 20"):
        known.add(Experiment(plan(name="one more")))
    with pytest.raises(InputError, match="running now: scene, e0"):
        known.get("sceen")


def test_the_oldest_ended_one_makes_room(monkeypatch):
    monkeypatch.setattr(module, "MAX_ENDED", 3)
    known = Experiments()
    for n in range(5):
        experiment = Experiment(plan(name=f"e{n}"))
        known.add(experiment)
        known.end(f"e{n}", result(experiment, Measured(), START + 60.0))
    assert list(known.ended) == ["e2", "e3", "e4"]
    assert known.running == {}
    with pytest.raises(InputError, match="it has ended"):
        known.get("e4")
    with pytest.raises(InputError, match="its result is kept"):
        known.add(Experiment(plan(name="e4")))


def test_everything_comes_back():
    known = Experiments()
    test, chooser = Experiment(plan()), Experiment(plan(name="game"), Bandit("ucb", "gaussian"))
    test.note(START + 30, "garden")
    test.settle(measured(test, chat([*range(60), *range(100, 120)])))
    chooser.take(START + 300, 1)
    for experiment in (test, chooser):
        known.add(experiment)
    known.end("old", result(test, test.settled, START + 600.0))
    other = Experiments()
    other.unpack(known.pack())
    assert other == known
    assert other.running["scene"].settled.blocks
    empty = Experiments()
    empty.unpack({})
    assert empty == Experiments()


def test_a_block_too_large_to_be_computed_with_does_not_come_back():
    experiment = Experiment(plan(metric="tips", effect="difference"))
    experiment.settle(Measured(3, (Block(0, 0, 1.7e308, 4), Block(1, 1, 1.7e308, 4), Block(2, 0, 3.0, 4))))
    assert Experiment.unpack(experiment.pack()).settled.blocks == (Block(2, 0, 3.0, 4),)


def test_results_are_numbers_and_not_nan():
    experiment = Experiment(plan())
    found = result(experiment, measured(experiment, lively(experiment.plan, 100)))
    (one,) = found["comparisons"]
    assert all(not math.isnan(one[key]) for key in ("estimate", "p_value"))
