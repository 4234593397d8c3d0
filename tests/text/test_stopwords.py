"""Stop words belong to their language; those of chat to every one."""

from hikari_ml.text.stopwords import chat_words, function_words, stop_words


def test_a_language_has_its_own():
    assert {"der", "nicht", "mal"} <= function_words("de")
    assert "lol" not in function_words("de")
    assert "lol" in stop_words("de")
    assert "the" not in stop_words("de")


def test_an_unknown_language_has_those_of_chat_alone():
    assert function_words("xx") == frozenset()
    assert stop_words("xx") == chat_words()
