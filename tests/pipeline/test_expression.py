"""What is shown is told when it changes, and once; who asks in between changes nothing of it."""

import itertools

from hypothesis import given
from hypothesis import strategies as st

from hikari_ml.pipeline.expression import STEP, Expression
from hikari_ml.pipeline.looks import read_looks
from tests.pipeline.felt import reading
from tests.pipeline.test_face import MESSAGES

LOOKS = read_looks()
START = 1_768_075_200.0


def expression():
    return Expression(LOOKS, 5.0)


def told_of(messages, asked=()):
    """Everything told over a stream and the two minutes after it, by somebody who also asks at ``asked``."""
    shown, at, told = expression(), START, []
    for gap, analysis in messages:
        for moment in sorted(asked):
            if moment < gap:
                told += shown.until(at + moment)
        at += gap
        told += shown.feel(analysis, at)
    return told + shown.until(at + 120)


def cheer(shown, seconds=20):
    told = []
    for i in range(2 * seconds):
        told += shown.feel(reading("joy"), START + i / 2)
    return told


def test_a_quiet_chat_is_told_nothing():
    assert told_of([(1.0, reading())] * 20) == []


def test_a_cheering_chat_is_told_in_steps_and_left_again():
    shown = expression()
    told = cheer(shown)
    assert [state["dominant"] for _, state in told] == ["joy"] * len(told)
    assert told[-1][1]["avatar"]["hotkey"] == "Laugh"
    assert told[-1][1]["intensity"] > 0.9
    ended = shown.until(START + 200)
    assert ended[-1][1]["dominant"] == "neutral"
    assert ended[-1][1]["avatar"] == LOOKS.avatar("neutral", 0)
    assert shown.until(START + 10_000) == []
    assert len(told) < 12
    assert len(ended) < 15


def test_it_says_since_when_in_the_form_of_all_times():
    shown = expression()
    assert shown.at(START)["since"] is None
    cheer(shown)
    assert shown.at()["since"].startswith("2026-01-10T20:00:0")


@given(MESSAGES)
def test_what_is_told_rises_in_time_and_each_time_says_something_new(messages):
    told = told_of(messages)
    assert [at for at, _ in told] == sorted(at for at, _ in told)
    for (_, one), (_, other) in itertools.pairwise(told):
        moved = abs(one["intensity"] - other["intensity"])
        assert one["because"] != other["because"] or moved >= STEP or other["intensity"] == 0 < moved


@given(MESSAGES, st.lists(st.floats(0, 12), max_size=8))
def test_who_asks_in_between_changes_nothing_of_what_is_told(messages, asked):
    assert told_of(messages, asked) == told_of(messages)
