"""A chat message is checked when it is made."""

import dataclasses
from datetime import UTC, datetime

import pytest

from hikari_ml import ChatMessage, EmoteSpan, HikariError
from hikari_ml.errors import InputError


def test_without_a_timestamp_it_is_now():
    before = datetime.now(UTC)
    message = ChatMessage("anna", "hi")
    assert before <= message.timestamp <= datetime.now(UTC)


def test_it_keeps_what_it_was_given():
    message = ChatMessage(
        "anna",
        "Kappa hi",
        id="1",
        channel="hikari",
        badges=["vip/1"],
        emotes=[EmoteSpan("Kappa", 0, 5)],
        roles=("mod",),
    )
    assert message.badges == ("vip/1",)
    assert message.emotes[0].name == "Kappa"
    assert message.channel == "hikari"


def test_it_cannot_be_changed():
    with pytest.raises(dataclasses.FrozenInstanceError):
        ChatMessage("anna", "hi").text = "bye"


@pytest.mark.parametrize(
    "text", ["", "   ", "x" * 10_000, "😀" * 50, "a\u200bb", "a\ud800b", "привет مرحبا こんにちは"]
)
def test_any_text_is_a_message(text):
    assert ChatMessage("anna", text).text == text


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        ({"username": "", "text": "hi"}, "username"),
        ({"username": "  ", "text": "hi"}, "username"),
        ({"username": 7, "text": "hi"}, "username"),
        ({"username": "x" * 300, "text": "hi"}, "username"),
        ({"username": "a\ud800", "text": "hi"}, "username"),
        ({"username": "anna", "text": "hi", "badges": "vip"}, "badges"),
        ({"username": "anna", "text": "hi", "badges": None}, "badges"),
        ({"username": "anna", "text": "hi", "roles": [1]}, "roles"),
        ({"username": "anna", "text": "hi", "timestamp": datetime.max.replace(tzinfo=UTC)}, "timestamp"),
        ({"username": "anna", "text": None}, "text"),
        ({"username": "anna", "text": b"hi"}, "text"),
        ({"username": "anna", "text": "hi", "timestamp": "now"}, "timestamp"),
        ({"username": "anna", "text": "hi", "id": 5}, "id"),
        ({"username": "anna", "text": "hi", "emotes": ["Kappa"]}, "emotes"),
        ({"username": "anna", "text": "hi", "channel": ""}, "channel"),
    ],
)
def test_what_cannot_be_used_is_refused_by_name(arguments, field):
    with pytest.raises(InputError) as caught:
        ChatMessage(**arguments)
    assert caught.value.field == field
    assert isinstance(caught.value, HikariError)
