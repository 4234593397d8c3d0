"""Engagement is fair to short messages and not won by spam; moods have trends only with evidence."""

import random
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hikari_ml.realtime_analytics.audience.engagement import contributions, mood_trend
from hikari_ml.realtime_analytics.audience.lines import Line
from hikari_ml.realtime_analytics.audience.viewers import Viewer
from hikari_ml.realtime_analytics.features import digest, measure
from tests.support import START

UTC = ZoneInfo("UTC")

DAY = 86_400
SHORT = ["gg", "lol", "LUL", "nice", "wow", "yes", "😂", "pog"]


def said(text, second):
    return measure("anna", text, START + timedelta(seconds=second), None, (), 0)


def score(*lines):
    viewer = Viewer("anna", START, START)
    for text, second in sorted(lines, key=lambda item: item[1]):
        viewer.add(said(text, second), UTC)
    return viewer.engagement()


texts = st.sampled_from(["gg", "what is that?", "@ben hi", "LUL LUL LUL", "", "a long line about nothing"])


@settings(max_examples=40)
@given(st.lists(st.tuples(texts, st.integers(0, 90 * DAY)), max_size=90))
def test_engagement_is_a_share(lines):
    assert 0 <= score(*lines) <= 1


@settings(max_examples=40)
@given(
    texts.filter(bool),
    st.integers(30, 200),
    st.floats(0.2, 20),
    st.integers(1, 5),
)
def test_flooding_one_line_wins_nothing_over_saying_it_once(text, times, gap, days):
    flood = [(text, day * DAY + i * gap) for day in range(days) for i in range(times)]
    once = [(text, day * DAY) for day in range(days)]
    assert score(*flood) <= score(*once)


@settings(max_examples=40)
@given(st.integers(0, 1000), st.integers(40, 120))
def test_a_flood_of_different_nonsense_loses_to_a_quiet_talker(seed, lines):
    rng = random.Random(seed)
    nonsense = [("".join(rng.choices("asdfjklö ", k=12)), i * 0.5) for i in range(lines)]
    talker = [(f"thought number {i}", i * 90) for i in range(10)]
    assert score(*nonsense) < score(*talker) * 0.75


@settings(max_examples=40)
@given(st.integers(5, 60), st.sampled_from(["LUL", "😂", "Kappa", "PogChamp"]))
def test_a_wall_of_emotes_is_one_line_however_long_each_is(walls, emote):
    wall = [(" ".join([emote] * (1 + i)), i * 5.0) for i in range(walls)]
    assert score(*wall) <= score((emote, 0.0))


@settings(max_examples=40)
@given(st.permutations(SHORT))
def test_short_lines_count_like_long_ones(order):
    short = [(text, i * 60) for i, text in enumerate(order)]
    long = [
        (f"{text} and many more words to say the very same thing {i}", i * 60) for i, text in enumerate(order)
    ]
    assert score(*short) == pytest.approx(score(*long))


def test_the_same_short_line_on_every_evening_is_no_spam():
    faithful = [("gg", day * DAY) for day in range(30)]
    wordy = [(f"good game everyone, evening {day}", day * DAY) for day in range(30)]
    assert score(*faithful) == pytest.approx(score(*wordy))


def test_the_same_advertisement_on_every_evening_is_spam():
    spam = [("buy cheap followers at my page", day * DAY) for day in range(30)]
    assert score(*spam) < 0.1


def test_staying_away_fades():
    viewer = Viewer("anna", START, START)
    for i in range(10):
        viewer.add(said(f"thought {i}", i * DAY), UTC)
    last = viewer.visits.days[-1]
    scores = [viewer.engagement(last + days) for days in (0, 7, 30, 365)]
    assert scores == sorted(scores, reverse=True)
    assert scores[-1] < 0.1


def test_talking_to_others_and_coming_on_more_days_count():
    alone = [(f"line {i}", i * 60) for i in range(6)]
    assert score(*((f"@ben {text}?", second) for text, second in alone)) > score(*alone)
    assert score(*((text, i * DAY) for i, (text, _) in enumerate(alone))) > score(*alone)


def test_contributions_are_different_lines_at_a_human_pace():
    def lines(*said):
        return [Line(second, digest(text), 1 + 2 * (len(text.split()) < 3), 0.5) for text, second in said]

    assert contributions(lines(("gg", 0), ("gg", 100), ("gg", 2000))) == (2, 2)
    assert contributions(lines(("one longer line", 0), ("one longer line", 9000))) == (1, 1)
    assert contributions(lines(*((f"x{i}", i) for i in range(20)))) == (6, 6)


def moods(*values):
    return [Line(float(i), digest(str(i)), 0, mood) for i, mood in enumerate(values)]


def test_a_mood_has_a_trend_with_evidence_only():
    assert mood_trend(moods(0.1, 0.3, 0.9)) is None
    assert mood_trend(moods(*[float("nan")] * 30, 0.1, 0.9)) is None
    assert mood_trend(moods(*(0.1 + i / 20 for i in range(12)))) == "rising"
    assert mood_trend(moods(*(0.9 - i / 20 for i in range(12)))) == "falling"
    assert mood_trend(moods(*[0.5] * 20)) == "steady"
    assert mood_trend(moods(*(0.5 + i / 1000 for i in range(20)))) == "steady", (
        "clear, and too small to matter"
    )
    assert mood_trend(moods(*[0.8] * 19, 0.0)) == "steady", "one angry line is no trend"


def test_moods_at_random_seldom_have_a_trend():
    rng = random.Random(0)
    found = [mood_trend(moods(*(rng.random() for _ in range(40)))) for _ in range(200)]
    assert found.count("steady") >= 180
