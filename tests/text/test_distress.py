"""Who says that they want to die is heard; who says it of a boss, or to others, is something else."""

import pytest

from hikari_ml.text.distress import is_distress


@pytest.mark.parametrize(
    "line",
    [
        "please help me I want to die",
        "i wanna kill myself",
        "I’m going to end it all tonight",
        "i don't want to live anymore",
        "honestly i feel suicidal",
        "i wish i was dead",
        "sometimes I just want to hurt myself",
    ],
)
def test_a_cry_for_help_is_heard(line):
    assert is_distress(line)


@pytest.mark.parametrize(
    "line",
    [
        "kill yourself",
        "I want to kill this boss",
        "you will die",
        "i don't want to die here",
        "I'm gonna die lol",
        "i don't want to live in Berlin",
        "die die die",
        "",
    ],
)
def test_what_is_none_is_none(line):
    assert not is_distress(line)
