"""A face that follows the chat: no mirror, no flicker, no freezing, and nobody's looking changes it."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hikari_ml.pipeline.face import FEELINGS, Face
from hikari_ml.pipeline.looks import read_looks
from hikari_ml.results import EMOTIONS
from tests.pipeline.felt import reading

HOLD = 5.0
LOOKS = read_looks()
ANSWERS = {feeling: LOOKS.answer(feeling) for feeling in FEELINGS}

MESSAGES = st.lists(
    st.tuples(
        st.floats(0, 12),
        st.builds(
            reading,
            st.sampled_from(EMOTIONS),
            st.floats(0, 1),
            st.sampled_from([0.0, 0.0, 0.9]),
            st.sampled_from([(), (), ("distress",)]),
        ),
    ),
    max_size=60,
)
"""Seconds since the message before, and what it was."""


def face():
    return Face(ANSWERS, HOLD)


def crowd(followed, emotion, start, seconds, **more):
    """Two messages a second of one emotion."""
    for i in range(2 * seconds):
        followed.feel(reading(emotion, **more), start + i / 2)
    return start + seconds


def test_at_first_nothing_is_shown():
    state = face().state(100)
    assert (state["dominant"], state["intensity"], state["tone"]) == ("neutral", 0, "casual")
    assert state["since"] is None


def test_one_message_moves_no_face_and_a_cheering_chat_does():
    followed = face()
    followed.feel(reading("joy", 1.0), 0)
    assert followed.state(3)["dominant"] == "neutral"
    end = crowd(followed, "joy", 10, 20)
    state = followed.state(end)
    assert (state["dominant"], state["tone"], state["because"]) == ("joy", "enthusiastic", "joy")
    assert state["intensity"] > 0.9
    assert state["valence"] > 0.6


@pytest.mark.parametrize("emotion", ["anger", "disgust"])
def test_an_angry_chat_meets_calm(emotion):
    followed = face()
    state = followed.state(crowd(followed, emotion, 0, 20))
    assert (state["dominant"], state["intensity"]) == ("neutral", 0)
    assert (state["tone"], state["because"]) == ("calm", emotion)


def test_abuse_is_met_with_calm_however_merry_it_is():
    followed = face()
    state = followed.state(crowd(followed, "joy", 0, 20, toxicity=0.9))
    assert (state["dominant"], state["tone"], state["because"]) == ("neutral", "calm", "toxicity")


def test_a_sad_chat_makes_her_gentle_and_no_sadder_than_half():
    followed = face()
    state = followed.state(crowd(followed, "sadness", 0, 20))
    assert (state["dominant"], state["tone"]) == ("sadness", "supportive")
    assert 0.3 < state["intensity"] <= 0.5


def test_one_who_wants_to_die_is_turned_to_at_once():
    followed = face()
    end = crowd(followed, "neutral", 0, 20)
    followed.feel(reading("neutral", reasons=["distress"]), end)
    assert followed.state(end)["tone"] == "supportive"


def test_it_rises_and_falls_without_a_jump():
    followed, seen = face(), []
    for emotion, start in (("joy", 0), ("sadness", 15), ("surprise", 30)):
        for i in range(30):
            followed.feel(reading(emotion), start + i / 2)
            seen += [followed.state(start + i / 2 + tenth / 10) for tenth in range(5)]
    for one, other in itertools.pairwise(seen):
        if one["dominant"] == other["dominant"]:
            assert abs(other["intensity"] - one["intensity"]) < 0.08
        assert abs(other["valence"] - one["valence"]) < 0.12
    assert {state["dominant"] for state in seen} == {"neutral", "joy", "sadness", "surprise"}


def test_a_late_message_counts_as_now():
    followed, punctual = face(), face()
    for each in (followed, punctual):
        crowd(each, "joy", 0, 10)
    followed.feel(reading("joy"), 2)
    punctual.feel(reading("joy"), 9.5)
    assert followed.state(12) == punctual.state(12)


def played(messages):
    followed, at = face(), 0.0
    for gap, analysis in messages:
        at += gap
        followed.feel(analysis, at)
    return followed, at


@given(MESSAGES)
def test_it_stays_in_its_ranges_and_changes_no_faster_than_it_holds(messages):
    followed, at, turns = face(), 0.0, []
    for gap, analysis in messages:
        for step in range(5):
            state = followed.state(at + gap * step / 5)
            assert -1 <= state["valence"] <= 1
            assert 0 <= state["arousal"] <= 1
            assert 0 <= state["intensity"] <= 1
            if state["since"] is not None and state["since"] not in turns:
                turns.append(state["since"])
        at += gap
        followed.feel(analysis, at)
    assert all(later - earlier >= HOLD - 1e-6 for earlier, later in itertools.pairwise(turns))


@given(MESSAGES)
def test_it_always_comes_back_to_neutral(messages):
    followed, at = played(messages)
    state = followed.state(at + 120)
    assert (state["dominant"], state["intensity"], state["valence"]) == ("neutral", 0, 0)
    assert state["tone"] == "casual"
    assert followed.is_at_rest(at + 120)


@given(MESSAGES, st.lists(st.floats(0, 700), max_size=30))
def test_how_often_it_is_read_makes_no_difference(messages, moments):
    plain, end = played(messages)
    watched, at = face(), 0.0
    for gap, analysis in messages:
        for moment in moments:
            watched.state(moment)
        at += gap
        watched.feel(analysis, at)
    for later in (0.0, 0.7, 3.0, 11.0, 40.0):
        assert watched.state(end + later) == plain.state(end + later)


@given(MESSAGES, st.floats(0, 60), st.floats(0, 60))
def test_looking_in_between_finds_what_lies_on_the_way(messages, first, then):
    """A message without weight is a look that is kept: the way goes on as if it had not been."""
    plain, end = played(messages)
    stopped, _ = played(messages)
    stopped.feel(reading("neutral", sure=0.0), end + first)
    one, other = stopped.state(end + first + then), plain.state(end + first + then)
    assert one["because"] == other["because"]
    for name in ("intensity", "valence", "arousal"):
        assert one[name] == pytest.approx(other[name], abs=1e-6)
