"""EventSub's frames become chat events; what should not come is an InputError and nothing else."""

import json
from contextlib import suppress
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hikari_ml.chat import ChatMessage, EmoteSpan, MessageDeleted, Raid, StreamState, UserCleared
from hikari_ml.errors import HikariError, InputError
from hikari_ml.platforms.eventsub_frames import Frame, keepalive_seconds, read_event, read_frame, wanted
from tests.platforms.eventsub import CHAT_EVENT, notification, welcome
from tests.support import START

AT = datetime(2026, 1, 10, 20, 0, 0, 123456, tzinfo=UTC)


def event_of(about, event):
    return read_event(read_frame(notification(about, event)), "hikari")


def test_a_message_in_full():
    assert event_of("channel.chat.message", CHAT_EVENT) == ChatMessage(
        "Anna",
        "hey 😀 Kappa cheer100",
        AT,
        id="m-1",
        channel="hikari",
        badges=("moderator/1", "subscriber/12"),
        roles=("moderator", "subscriber"),
        emotes=(EmoteSpan("Kappa", 6, 11),),
        platform="twitch",
        user_id="77",
        bits=100,
        reply_to="m-0",
    )


def test_deletions_raids_and_the_stream():
    target = {"target_user_id": "77", "target_user_login": "anna", "target_user_name": "Anna"}
    raider = {"from_broadcaster_user_login": "carl", "from_broadcaster_user_name": "Carl", "viewers": 120}
    expected = [
        (
            "channel.chat.message_delete",
            {**target, "message_id": "m-1"},
            MessageDeleted(AT, "m-1", channel="hikari"),
        ),
        ("channel.chat.clear", {}, UserCleared(AT, channel="hikari")),
        ("channel.chat.clear_user_messages", target, UserCleared(AT, "anna", user_id="77", channel="hikari")),
        ("channel.raid", raider, Raid(AT, "Carl", 120, channel="hikari")),
        ("stream.online", {"type": "live"}, StreamState(AT, live=True, channel="hikari")),
        ("stream.offline", {}, StreamState(AT, live=False, channel="hikari")),
        (
            "channel.update",
            {"title": "evening", "category_name": "Elden Ring"},
            StreamState(AT, title="evening", game="Elden Ring", channel="hikari"),
        ),
        ("channel.follow", {}, None),
    ]
    for about, event, meant in expected:
        assert event_of(about, event) == meant, about


def test_the_subscriptions_cover_every_event_that_is_read():
    names = {subscription["type"] for subscription in wanted("1", "2")}
    assert len(names) == 8
    for name in names:
        with pytest.raises(InputError):
            read_event(read_frame(notification(name, None)), "hikari")


def test_a_welcome():
    assert keepalive_seconds(read_frame(welcome("s", 30))) == 30.0
    for odd in (None, "10", -1, 0, 1e9):
        assert keepalive_seconds(read_frame(welcome("s", odd))) is None


@pytest.mark.parametrize(
    "change",
    [
        {"chatter_user_login": None},
        {"message": "text"},
        {"message": {"text": 5}},
        {"cheer": {"bits": -1}},
        {"cheer": {"bits": True}},
        {"message_id": 7},
        {"reply": {}},
    ],
)
def test_a_part_that_is_not_what_it_has_to_be(change):
    with pytest.raises(InputError):
        event_of("channel.chat.message", {**CHAT_EVENT, **change})


def test_fragments_that_are_not_the_text_give_no_emotes():
    message = {
        "text": "Kappa",
        "fragments": [{"type": "emote", "text": "Kappa"}, {"type": "text", "text": "x"}],
    }
    assert event_of("channel.chat.message", {**CHAT_EVENT, "message": message}).emotes == ()


@pytest.mark.parametrize(
    "text", ["", "x", "[]", "{}", '{"metadata":{},"payload":{}}', "[" * 100_000, b"\xff"]
)
def test_what_is_no_frame_is_refused(text):
    with pytest.raises(InputError):
        read_frame(text)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(st.sampled_from(sorted(CHAT_EVENT)), JSON)
def test_any_json_in_any_place_is_an_event_or_an_error_of_ours(name, value):
    frame = Frame("1", "notification", "channel.chat.message", START, {"event": {**CHAT_EVENT, name: value}})
    with suppress(HikariError):
        assert isinstance(read_event(frame, "hikari"), ChatMessage)
    with suppress(HikariError):
        read_frame(json.dumps({"metadata": value, "payload": value}))
