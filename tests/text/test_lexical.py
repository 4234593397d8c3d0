"""VADER is asked only what it can answer."""

import pytest
from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

from hikari_ml.text.cues import find_cues, without
from hikari_ml.text.lexical import vader_score


def test_it_has_no_opinion_without_a_word_it_knows():
    assert vader_score("the table stands there", "en") is None
    assert vader_score("", "en") is None


@pytest.mark.parametrize("language", ["de", "ja", "fr"])
def test_it_is_not_asked_about_other_languages(language):
    assert vader_score("die Katze ist super love", language) is None


def test_question_marks_are_not_made_exclamations():
    raw = SentimentIntensityAnalyzer().polarity_scores("good???")["compound"]
    assert vader_score("good???", "en") == pytest.approx((raw + 1) / 2)
    assert vader_score("really???", "en") is None


def test_emoji_names_never_reach_it():
    text = "😂 well"
    assert vader_score(without(text, find_cues(text)), "en") == vader_score("well", "en")


@pytest.mark.parametrize(
    ("positive", "negative"),
    [
        ("poggers", "cringe"),
        ("what a clutch", "so laggy"),
        ("he is cracked", "this is rigged"),
        ("ggwp", "kys"),
    ],
)
def test_chat_words_mean_what_chat_means(positive, negative):
    assert vader_score(positive, "en") > 0.5 > vader_score(negative, "en")


@pytest.mark.parametrize("callout", ["kill mid", "shoot the boss", "attack now", "bomb site b"])
def test_game_words_are_not_violence(callout):
    score = vader_score(callout, "en")
    assert score is None or score == pytest.approx(0.5, abs=0.05)


def test_numbers_are_no_words():
    assert vader_score("line 86 about tea", "en") is None
