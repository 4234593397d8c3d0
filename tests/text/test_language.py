"""A language is named where it can be told, and not guessed where it cannot."""

import pytest

from hikari_ml.text.language import HOME_MESSAGES, HomeLanguage, detect_language, may_be_english


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("what a beautiful play that was", "en"),
        ("das war wirklich ein schönes Spiel", "de"),
        ("c'était vraiment incroyable ce match", "fr"),
        ("qué bonito partido de verdad amigo", "es"),
        ("この配信は面白い", "ja"),
        ("정말 재미있어요", "ko"),
        ("顯靈啦", "zh"),
        ("это было очень круто ребята", "ru"),
        ("สวัสดีครับ", "th"),
    ],
)
def test_it_can_be_told(text, language):
    assert detect_language(text) == language


@pytest.mark.parametrize("text", ["", "gg", "lol", "777", "?!", "@anna https://example.com", "xd gg"])
def test_it_cannot_be_told(text):
    assert detect_language(text) == "und"


def spoken(*languages):
    home = HomeLanguage()
    for language in languages:
        home.settle(language)
    return home


def test_a_chat_that_speaks_one_language_settles_what_is_too_short():
    assert spoken(*["de"] * HOME_MESSAGES).settle("und") == "de"
    assert spoken(*["de"] * HOME_MESSAGES).settle("en") == "en"


@pytest.mark.parametrize(
    "languages",
    [["de"] * (HOME_MESSAGES - 1), ["de", "en"] * HOME_MESSAGES, ["zh"] * HOME_MESSAGES, []],
    ids=["few", "mixed", "other script", "none"],
)
def test_otherwise_it_stays_undetermined(languages):
    assert spoken(*languages).settle("und") == "und"


def test_a_chat_can_change_its_language():
    assert spoken(*["de"] * 300, *["es"] * 200).settle("und") == "es"


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("i hope you die", "en"),
        ("im so done", "en"),
        ("was war das", "de"),
        ("me encanta tu canal", "und"),
        ("f u c k y o u", "und"),
        ("ban für saftschnecke pls", "de"),
        ("what a naïve take", "en"),
        ("Schröck Joker", "und"),
    ],
)
def test_short_lines_are_told_by_their_small_words(text, language):
    assert detect_language(text) == language


@pytest.mark.parametrize(
    ("text", "may_be"),
    [("gg ez", True), ("noobs", True), ("f u c k", True), ("des menschen", False), ("no está mal", False)],
)
def test_what_another_language_knows_better_is_not_taken_for_english(text, may_be):
    assert may_be_english(text) is may_be
