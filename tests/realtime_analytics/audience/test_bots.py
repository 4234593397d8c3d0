"""Programs are known by what they do, and eager people are none."""

import random

import pytest

from hikari_ml.realtime_analytics.audience.bots import ANSWERS, Commands, Habits, behaves_like_a_bot
from hikari_ml.realtime_analytics.audience.lines import Line
from hikari_ml.realtime_analytics.features import measure
from tests.support import at

RULES = "please read the rules of this channel"
HOUR = 3600.0


def judged(said, chance=0.0):
    habits, lines = Habits(), []
    for text, second in said:
        lines.append(Line.of(measure("x", text, at(second), None, (), 0)))
        habits.add(at(second).timestamp(), answers=False)
    return behaves_like_a_bot(lines[-40:], habits, chance)


@pytest.mark.parametrize("interval", [60, 300, 900, 1800])
def test_a_timer_is_a_program(interval):
    rng = random.Random(interval)
    said = [(RULES, i * interval + rng.uniform(-0.5, 0.5)) for i in range(8)]
    assert judged(said).startswith("clockwork: ")


def test_a_timer_that_skips_quiet_turns_and_has_two_lines_is_a_program():
    turns = [0, 1, 2, 4, 5, 6, 9, 10, 11]
    said = [(RULES, turn * 600) for turn in turns] + [
        ("follow me on all my pages", turn * 600 + 300) for turn in turns
    ]
    assert judged(sorted(said, key=lambda item: item[1])) is not None


@pytest.mark.parametrize("seed", range(20))
def test_an_eager_human_is_none(seed):
    rng = random.Random(seed)
    second, said = 0.0, []
    for _ in range(2000):
        second += rng.expovariate(1 / 20)
        said.append((rng.choice(["gg", "lol what a play", "LUL", "go left go left", "hi everyone"]), second))
    assert judged(said) is None


@pytest.mark.parametrize("seed", range(20))
def test_somebody_who_pastes_the_same_line_by_hand_is_no_program(seed):
    rng = random.Random(seed)
    said = [(RULES, i * 300 + rng.uniform(-40, 40)) for i in range(30)]
    assert judged(said) is None


def test_gg_after_every_round_is_no_program():
    assert judged([("gg", i * 300) for i in range(30)]) is None


def test_fast_repeats_are_spam_and_no_program():
    assert judged([(RULES, i * 2) for i in range(30)]) is None


def test_two_days_without_sleep_are_a_program_and_a_marathon_is_none():
    def awake(hours):
        return judged([(f"line {i}", i * HOUR / 2) for i in range(hours * 2 + 1)])

    assert awake(30) is None
    assert awake(49).startswith("round the clock: ")


def test_somebody_there_every_day_who_sleeps_is_no_program():
    said = [(f"day {day} line {i}", day * 24 * HOUR + i * HOUR) for day in range(30) for i in range(18)]
    assert judged(said) is None


def answers(count, of, chance=0.1):
    habits = Habits()
    for i in range(of):
        habits.add(1e9 + i * 100, answers=i < count)
    return behaves_like_a_bot((), habits, chance)


def test_who_only_ever_answers_commands_is_a_program():
    assert answers(ANSWERS, ANSWERS).startswith("answers commands: ")
    assert answers(ANSWERS - 1, ANSWERS - 1) is None, "too little evidence"
    assert answers(ANSWERS, 2 * ANSWERS) is None
    assert answers(ANSWERS, ANSWERS, chance=0.5) is None, (
        "where commands are everywhere everybody follows one"
    )


def test_what_follows_a_command():
    commands = Commands()
    assert not commands.follows("anna", 0.0, command=True)
    assert commands.follows("bot", 1.0, command=False)
    assert not commands.follows("anna", 1.5, command=False), "her own"
    assert not commands.follows("bot", 10.0, command=False)
    assert commands.chance == 0.25
