"""A chat message is checked when it is made."""

import dataclasses
from datetime import UTC, datetime

import pytest

from hikari_ml import ChatMessage, EmoteSpan, HikariError
from hikari_ml.chat import MessageDeleted, Money, Raid, SourceState, StreamState, UserCleared, ViewerCount
from hikari_ml.errors import InputError

NOW = datetime(2026, 1, 10, 20, tzinfo=UTC)


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


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        ({"bits": -1}, "bits"),
        ({"bits": True}, "bits"),
        ({"bits": 1.5}, "bits"),
        ({"money": 5.0}, "money"),
        ({"user_id": 7}, "user_id"),
        ({"platform": b"x"}, "platform"),
        ({"reply_to": 7}, "reply_to"),
    ],
)
def test_what_a_platform_tells_is_checked_too(arguments, field):
    with pytest.raises(InputError) as caught:
        ChatMessage("anna", "hi", **arguments)
    assert caught.value.field == field


@pytest.mark.parametrize(
    "make",
    [
        lambda: Money(-1, "EUR"),
        lambda: Money(float("nan"), "EUR"),
        lambda: Money(1, ""),
        lambda: MessageDeleted(NOW, 7),
        lambda: MessageDeleted("now", "m"),
        lambda: UserCleared(NOW, ""),
        lambda: UserCleared(NOW, "anna", -1),
        lambda: UserCleared(NOW, user_id=7),
        lambda: Raid(NOW, "", 5),
        lambda: Raid(NOW, "carl", 5.0),
        lambda: ViewerCount(NOW, float("inf")),
        lambda: ViewerCount(NOW, -1),
        lambda: StreamState(NOW, live=1),
        lambda: StreamState(NOW, title=5),
        lambda: SourceState(NOW, "broken"),
        lambda: SourceState(NOW, "gap", None),
        lambda: SourceState(NOW, "gap", channel=""),
    ],
)
def test_other_events_are_checked_when_they_are_made(make):
    with pytest.raises(InputError):
        make()


def test_events_have_utc_times_and_cannot_be_changed():
    event = ViewerCount(datetime.fromisoformat("2026-01-10T21:00:00+01:00"), 5)
    assert event.at == datetime(2026, 1, 10, 20, tzinfo=UTC)
    assert event.at.tzinfo is UTC
    with pytest.raises(dataclasses.FrozenInstanceError):
        event.value = 6


@pytest.mark.parametrize(
    ("cleared", "message", "covered"),
    [
        ({}, {"username": "anna"}, True),
        ({"username": "ANNA"}, {"username": "anna"}, True),
        ({"username": "anna"}, {"username": "ben"}, False),
        ({"username": "anna", "user_id": "7"}, {"username": "renamed", "user_id": "7"}, True),
        ({"username": "anna", "user_id": "7"}, {"username": "anna", "user_id": "8"}, False),
        ({"username": "anna", "user_id": "7"}, {"username": "anna"}, True),
        ({"user_id": "7"}, {"username": "anna"}, False),
    ],
)
def test_whom_a_clearing_covers(cleared, message, covered):
    given = {"text": "hi", **message}
    assert UserCleared(NOW, **cleared).covers(ChatMessage(**given)) is covered


@pytest.mark.parametrize(
    "made", [lambda naive: ChatMessage("anna", "hi", naive), lambda naive: Raid(naive, "anna", 5)]
)
def test_a_naive_moment_is_warned_of_where_it_is_written(made):
    with pytest.warns(UserWarning, match="no time zone") as told:
        made(datetime(2026, 7, 1, 12))
    assert told[0].filename == __file__
