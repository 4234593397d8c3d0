"""Advice follows what was heard."""

from dataclasses import replace

import pytest

from hikari_ml.sentiment_analysis.advice import Heard, recommend

PLAIN = Heard(
    label="neutral",
    confidence=0.9,
    emotion="neutral",
    toxicity=0.0,
    is_toxic=False,
    serious=0.0,
    has_words=True,
    is_question=False,
    is_continuation=False,
)


@pytest.mark.parametrize(
    ("heard", "tone", "priority"),
    [
        ({}, "casual", "normal"),
        ({"label": "very_positive", "emotion": "joy"}, "enthusiastic", "high"),
        ({"label": "positive", "emotion": "neutral"}, "enthusiastic", "normal"),
        ({"label": "negative", "emotion": "sadness"}, "supportive", "high"),
        ({"label": "very_negative", "emotion": "anger"}, "supportive", "high"),
        ({"label": "negative", "emotion": "neutral"}, "supportive", "normal"),
        ({"label": "negative", "emotion": "anger", "toxicity": 0.5}, "calm", "high"),
        ({"is_question": True}, "casual", "high"),
        ({"is_continuation": True}, "casual", "high"),
        ({"label": "very_positive", "emotion": "joy", "has_words": False}, "enthusiastic", "low"),
        ({"label": "very_negative", "emotion": "anger", "confidence": 0.1}, "casual", "normal"),
        ({"is_toxic": True, "toxicity": 0.9, "label": "very_negative"}, "none", "ignore"),
    ],
)
def test_tone_and_priority(heard, tone, priority):
    advice = recommend(replace(PLAIN, **heard))
    assert (advice["tone"], advice["priority"]) == (tone, priority)
    assert advice["response_tone"] == advice["tone"]


def test_a_toxic_message_says_why_it_is_not_answered():
    advice = recommend(replace(PLAIN, is_toxic=True, toxicity=0.95, serious=0.9))
    assert advice["reasons"] == ["toxic_content", "needs_a_look"]


def test_who_wants_to_die_is_answered_whatever_the_scores_say():
    advice = recommend(replace(PLAIN, is_toxic=True, toxicity=0.95, serious=0.9, is_distress=True))
    assert (advice["tone"], advice["priority"]) == ("supportive", "high")
    assert "needs_a_look" in advice["reasons"]


def test_reasons_are_not_repeated():
    advice = recommend(
        replace(PLAIN, label="positive", emotion="joy", is_question=True, is_continuation=True)
    )
    assert len(advice["reasons"]) == len(set(advice["reasons"]))
