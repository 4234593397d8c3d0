"""A language is named where it can be told, and not guessed where it cannot."""

import pytest

from hikari_ml.text.language import detect_language


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
