"""The mood follows the chat without flickering."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hikari_ml.pipeline.mood import HALF_LIFE, Mood
from hikari_ml.results import EMOTIONS


def felt(score, emotion="joy", confidence=1.0):
    scores = {name: float(name == emotion) for name in EMOTIONS}
    return {
        "sentiment": {"aggregate": {"score": score, "confidence": confidence}},
        "emotion": {"scores": scores},
    }


def test_at_first_it_is_neutral():
    assert Mood().state() == {"valence": 0, "arousal": 0, "dominant": "neutral", "intensity": 0}


def test_it_rises_with_many_and_not_with_one():
    mood = Mood()
    first = mood.feel(felt(1.0), 0)["valence"]
    for second in range(1, 30):
        last = mood.feel(felt(1.0), second)["valence"]
    assert first < 0.3 < last < 1
    assert mood.state()["dominant"] == "joy"


def test_it_falls_back_by_half_in_its_half_life():
    mood = Mood()
    for second in range(20):
        mood.feel(felt(1.0), second)
    before = mood._felt.sums["weight"]
    mood.feel(felt(0.5, "neutral", confidence=0.0), 19 + HALF_LIFE)
    assert mood._felt.sums["weight"] == pytest.approx(before / 2)


def test_uncertain_messages_move_nothing():
    assert Mood().feel(felt(0.0, confidence=0.0), 0)["valence"] == 0


def test_a_late_message_counts_as_now():
    mood = Mood()
    mood.feel(felt(1.0), 100)
    mood.feel(felt(1.0), 10)
    assert mood._felt.at == 100


@given(
    st.lists(
        st.tuples(st.floats(0, 1), st.sampled_from(EMOTIONS), st.floats(0, 1), st.floats(0, 1e6)), max_size=40
    )
)
def test_it_stays_in_its_ranges(history):
    mood = Mood()
    for score, emotion, confidence, at in history:
        state = mood.feel(felt(score, emotion, confidence), at)
        assert -1 <= state["valence"] <= 1
        assert 0 <= state["arousal"] <= 1
        assert 0 <= state["intensity"] <= 1
        assert state["dominant"] in EMOTIONS


def test_it_can_be_read_at_any_moment_and_reading_changes_nothing():
    mood = Mood()
    for second in range(20):
        mood.feel(felt(1.0), second)
    then = mood.state(60)
    for second in range(19, 200):
        mood.state(second)
    assert mood.state(60) == then
    assert mood.state(60)["valence"] < mood.state(19)["valence"] == mood.state()["valence"]


def test_in_a_silent_chat_it_comes_to_rest():
    mood = Mood()
    for second in range(60):
        mood.feel(felt(1.0), second)
    state = mood.state(59 + 20 * HALF_LIFE)
    assert state["dominant"] == "neutral"
    assert state["valence"] == pytest.approx(0, abs=1e-3)
