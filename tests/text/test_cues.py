"""Emoji are graphemes, emotes are words, and a cue counts once."""

import pytest

from hikari_ml.chat import EmoteSpan
from hikari_ml.results import EMOTIONS
from hikari_ml.text.cues import (
    emoji_ratings,
    emote_ratings,
    emotion_distribution,
    find_cues,
    kaomoji_ratings,
    masked,
    valence_score,
    without,
)


def tokens(text, *marked):
    return [cue.token for cue in find_cues(text, marked)]


@pytest.mark.parametrize("variants", [("❤️", "❤"), ("👍", "👍🏽", "👍🏿"), ("🤷‍♀️", "🤷‍♀", "🤷🏽‍♀️")])
def test_variants_of_an_emoji_score_alike_and_count_once(variants):
    scores = {valence_score(find_cues(f"ok {variant}")) for variant in variants}
    assert len(scores) == 1
    assert scores != {None}
    assert valence_score(find_cues(" ".join(variants))) in scores
    assert all(len(tokens(variant)) == 1 for variant in variants)


def test_a_family_is_one_emoji_and_not_three():
    assert tokens("👩‍👩‍👧 hi") == ["👩‍👩‍👧"]


def test_repeating_an_emoji_does_not_change_the_score():
    assert valence_score(find_cues("😡")) == valence_score(find_cues("😡😡😡😡"))


def test_emoji_glued_to_words_are_found():
    assert tokens("nice😂😂one") == ["😂", "😂"]


def test_emotes_are_whole_words_exact_in_case():
    assert tokens("LUL PogChamp") == ["LUL", "PogChamp"]
    assert tokens("lul pogchamp LULing") == []


def test_a_marked_emote_nobody_rated_is_a_cue_without_valence():
    text = "hikariWave hello"
    (cue,) = find_cues(text, [EmoteSpan("hikariWave", 0, 10)])
    assert cue.valence is None
    assert valence_score([cue]) is None
    assert without(text, [cue]) == "hello"


@pytest.mark.parametrize("token", ["annaHype", "greats8Dab", "negaHEART"])
def test_a_channel_emote_is_no_word_even_without_a_mark(token):
    (cue,) = find_cues(f"hello {token} there")
    assert (cue.token, cue.kind, cue.valence) == (token, "emote", None)


@pytest.mark.parametrize("text", ["iPhone", "YouTube", "eBay", "McDonalds", "HELLO", "hello", "annaHype!"])
def test_what_only_looks_like_a_channel_emote_is_a_word(text):
    assert find_cues(text) == []


def test_marks_win_over_the_lexicon_without_counting_twice():
    assert tokens("Kappa LUL", EmoteSpan("Kappa", 0, 5)) == ["Kappa", "LUL"]


def test_a_mark_beyond_the_text_is_ignored():
    assert tokens("hi", EmoteSpan("Kappa", 50, 55)) == []


@pytest.mark.parametrize("face", ["(T_T)", "¯\\_(ツ)_/¯", "UwU", "T_T", "(╯°□°）╯︵┻━┻"])
def test_kaomoji_are_found(face):
    assert tokens(f"oh {face}") == [face]


@pytest.mark.parametrize(
    ("text", "found"), [("それは草", ["草"]), ("すごいwww", ["www"]), ("ナイス8888", ["8888"])]
)
def test_japanese_laughter_and_applause(text, found):
    assert tokens(text) == found


@pytest.mark.parametrize("text", ["www.example.com", "草原を走る", "score 88888", "wwf"])
def test_what_only_looks_like_laughter_is_left_alone(text):
    assert tokens(text) == []


def test_masking_keeps_every_position():
    text = "go 😂 now Kappa"
    assert masked(text, find_cues(text)) == "go   now      "


def test_removing_cues_leaves_the_words():
    assert without("LUL that was 😂 good Kappa", find_cues("LUL that was 😂 good Kappa")) == "that was good"


def test_emotions_sum_to_one():
    for text in ("😂", "😂 😡", "Kappa", "BibleThump 😂 monkaS"):
        scores = emotion_distribution(find_cues(text))
        assert sum(scores.values()) == pytest.approx(1)
    assert emotion_distribution([]) is None


@pytest.mark.parametrize("ratings", [emoji_ratings, emote_ratings, kaomoji_ratings])
def test_lexicons_are_within_their_ranges(ratings):
    assert len(ratings()) > 50
    for token, rating in ratings().items():
        assert -1 <= rating.valence <= 1, token
        assert rating.emotion in EMOTIONS
        assert token.strip() == token
