"""Moods are remembered within bounds, and reading them creates nothing."""

from datetime import timedelta

import numpy as np
import pytest

from hikari_ml.sentiment_analysis.trends import MoodHistory
from tests.support import at


@pytest.fixture
def history():
    return MoodHistory(window=timedelta(minutes=10), per_user=6, overall=50, max_users=3)


def fill(history, username, scores, step=1.0, begin=0.0):
    for i, score in enumerate(scores):
        history.add(username, at(begin + i * step), score)


def unit(*values):
    vector = np.array(values, np.float32)
    return vector / np.linalg.norm(vector)


@pytest.mark.parametrize(
    ("scores", "trend"),
    [
        ([0.1, 0.2, 0.8, 0.9], "improving"),
        ([0.9, 0.8, 0.2, 0.1], "declining"),
        ([0.5, 0.52, 0.5, 0.49], "stable"),
    ],
)
def test_the_later_half_is_held_against_the_earlier(history, scores, trend):
    fill(history, "anna", scores)
    found = history.user_trend("anna", at(10))
    assert found["trend"] == trend
    assert found["change"] == pytest.approx(sum(scores[2:]) / 2 - sum(scores[:2]) / 2)


def test_too_few_messages_are_no_trend(history):
    fill(history, "anna", [0.1, 0.9])
    assert history.user_trend("anna", at(5)) == {
        "trend": "insufficient_data", "change": 0.0, "messages": 2, "mean": 0.5, "degraded": []
    }  # fmt: skip


def test_what_left_the_window_no_longer_counts(history):
    fill(history, "anna", [0.0, 0.0, 0.0, 0.0])
    fill(history, "anna", [0.9, 0.9], begin=650)
    assert history.user_trend("anna", at(660))["messages"] == 2


def test_order_of_arrival_does_not_matter_order_of_time_does(history):
    for second, score in ((3, 0.9), (0, 0.1), (2, 0.8), (1, 0.2)):
        history.add("anna", at(second), score)
    assert history.user_trend("anna", at(5))["trend"] == "improving"


def test_asking_about_a_stranger_creates_nobody(history):
    assert history.user_trend("stranger", at(0))["messages"] == 0
    assert history.users == 0


def test_the_least_recently_seen_user_makes_room(history):
    for i, name in enumerate("abcd"):
        history.add(name, at(i), 0.5)
    assert history.users == 3
    assert history.user_trend("a", at(5))["messages"] == 0


def test_a_user_keeps_a_bounded_number_of_messages(history):
    fill(history, "anna", [0.5] * 40)
    assert history.user_trend("anna", at(41))["messages"] == 6


def test_the_chat_as_a_whole_has_a_trend(history):
    for i, name in enumerate("abcdef"):
        history.add(name, at(i), i / 5)
    assert history.global_trend(at(10))["trend"] == "improving"


def test_a_near_message_is_carried_on(history):
    history.say("anna", at(0), "what about cats", unit(1, 0, 0))
    found = history.context("cats are best", unit(0.95, 0.1, 0), at(5))
    assert found.is_continuation
    assert found.continues == "what about cats"
    assert found.participants == 1


def test_a_chorus_is_no_conversation(history):
    history.say("anna", at(0), "pog", unit(1, 0, 0))
    assert not history.context("pog", unit(1, 0, 0), at(1)).is_continuation


def test_context_ends_with_the_window(history):
    history.say("anna", at(0), "what about cats", unit(1, 0, 0))
    found = history.context("cats are best", unit(1, 0, 0), at(700))
    assert (found.similarity, found.messages) == (0.0, 0)


def test_forgetting_a_user_leaves_nothing_of_them(history):
    fill(history, "anna", [0.5, 0.6])
    history.say("anna", at(0), "my secret", unit(1, 0, 0))
    assert history.forget("anna") == 3
    assert history.user_trend("anna", at(5))["messages"] == 0
    assert history.context("my secret?", unit(1, 0, 0), at(5)).continues is None
