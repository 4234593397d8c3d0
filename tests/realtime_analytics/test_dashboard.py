"""What a dashboard shows follows from what was counted."""

from collections import Counter

import pytest

from hikari_ml.realtime_analytics.dashboard import (
    LATE_IN_A_ROW,
    current_metrics,
    degraded,
    speed,
    top_topics,
    trends,
)
from hikari_ml.realtime_analytics.timeline import Bucket, Minute, Timeline


def minute(i, messages=10, mood=0.5):
    return Minute(60 * i, messages, 5, 0, 0, 0, 0, mood)


@pytest.mark.parametrize(
    ("rate", "word"),
    [(0, "quiet"), (0.9, "quiet"), (1, "steady"), (5, "active"), (15, "fast"), (30, "hard to follow")],
)
def test_speed_in_words(rate, word):
    assert speed(rate) == word


def test_an_empty_window_has_numbers_and_no_mood():
    found = current_metrics(Bucket(), 0.0, None, 0, 0)
    assert found["mood"] is None
    assert found["viewer_count"] is None
    assert found["toxicity_rate"] == 0
    assert sum(found["emotions"].values()) == 0


def test_viewers_are_not_chatters():
    window = Bucket(messages=3, chatters=Counter(a=1, b=2))
    found = current_metrics(window, 3.0, 250.0, 3, 2)
    assert (found["unique_chatters"], found["viewer_count"]) == (2, 250.0)
    assert current_metrics(window, 3.0, None, 3, 2)["viewer_count"] is None


@pytest.mark.parametrize(
    ("now", "before", "chat"),
    [(20, 10, "increasing"), (10, 20, "decreasing"), (10, 11, "steady"), (0, 0, "steady")],
)
def test_trends_of_the_chat_rate(now, before, chat):
    past = [minute(i, before) for i in range(5)] + [minute(i, now) for i in range(5, 10)]
    assert trends(past)["chat_rate"] == chat


def test_trends_of_the_mood():
    past = [minute(i, mood=0.3) for i in range(5)] + [minute(i, mood=0.7) for i in range(5, 10)]
    assert trends(past)["mood"] == "increasing"
    assert trends([minute(0, mood=None)] * 10)["mood"] == "steady"
    assert trends([]) == {"chat_rate": "steady", "mood": "steady"}


def test_topics_said_once_are_none():
    assert top_topics(Bucket(topics=Counter(cats=4, tea=2, once=1))) == [("cats", 1.0), ("tea", 0.5)]
    assert top_topics(Bucket()) == []


def test_a_few_stragglers_are_no_trouble_and_a_clock_that_stepped_back_is():
    timeline = Timeline(60)
    assert timeline.place(10_000.0) == 10_000
    timeline.newest = 10_000.0
    for _ in range(LATE_IN_A_ROW - 1):
        assert timeline.place(1000.0) is None
    assert degraded({"state": "cannot be written"}, timeline) == ["state: cannot be written"]
    assert timeline.place(1000.0) is None
    (trouble,) = degraded({}, timeline)
    assert trouble.startswith(f"clock: the last {LATE_IN_A_ROW} messages")
    assert timeline.place(10_001.0) == 10_000
    assert degraded({}, timeline) == []
