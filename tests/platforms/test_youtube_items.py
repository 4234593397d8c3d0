"""Items of YouTube's chat become chat events; what should not come is an InputError and nothing else."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hikari_ml.chat import ChatMessage, MessageDeleted, Money, UserCleared
from hikari_ml.errors import HikariError, InputError
from hikari_ml.platforms.youtube_items import items_of, polling_seconds, read_item
from tests.platforms.youtube import item, text_item
from tests.support import START


def read(kind, **details):
    return read_item(item(kind, **details), "video", START)


def test_a_message_in_full():
    found = read_item(
        text_item("hello 😀", "m-1", isChatModerator=True, isVerified=True), "video", START, is_history=True
    )
    assert found == ChatMessage(
        "@anna",
        "hello 😀",
        START,
        id="m-1",
        channel="video",
        badges=("verified/1",),
        roles=("moderator",),
        platform="youtube",
        user_id="UC77",
        is_history=True,
    )


def test_super_chats_are_paid_messages():
    details = {"amountMicros": "5500000", "currency": "EUR", "userComment": "great", "tier": 2}
    found = read("superChatEvent", superChatDetails=details)
    assert (found.text, found.money) == ("great", Money(5.5, "EUR"))
    assert read("superChatEvent", superChatDetails={**details, "userComment": None}).text == ""


def test_milestones_have_a_text():
    assert (
        read("memberMilestoneChatEvent", memberMilestoneChatDetails={"userComment": "a year!"}).text
        == "a year!"
    )


def test_deletions_and_bans():
    deleted = read("messageDeletedEvent", messageDeletedDetails={"deletedMessageId": "m-1"})
    assert deleted == MessageDeleted(START, "m-1", channel="video")
    banned = {"bannedUserDetails": {"channelId": "UC77", "displayName": "@anna"}, "banType": "temporary"}
    found = read("userBannedEvent", userBannedDetails={**banned, "banDurationSeconds": "300"})
    assert found == UserCleared(START, "@anna", 300.0, user_id="UC77", channel="video")
    assert read("userBannedEvent", userBannedDetails=banned).seconds is None


def test_other_types_are_none_of_ours():
    assert read("newSponsorEvent", newSponsorDetails={}) is None


@pytest.mark.parametrize(
    "odd",
    [
        {},
        {"snippet": 5},
        {"snippet": {"type": "textMessageEvent"}},
        item("messageDeletedEvent"),
        item("userBannedEvent", userBannedDetails={}),
        item("superChatEvent", superChatDetails={"amountMicros": "-5", "currency": "EUR"}),
        item("superChatEvent", superChatDetails={"amountMicros": "5", "currency": ""}),
        {**text_item("x", "1"), "authorDetails": {"displayName": "", "channelId": "UC"}},
        {**text_item("x", "1"), "id": None},
    ],
)
def test_what_is_no_item_is_refused(odd):
    with pytest.raises(InputError):
        read_item(odd, "video", START)


@pytest.mark.parametrize(
    ("wait", "seconds"),
    [(5000, 5.0), (10, 1.0), (10**9, 60.0), (None, 5.0), ("x", 5.0), (-1, 5.0), (True, 5.0)],
)
def test_the_pause_is_what_youtube_says_within_reason(wait, seconds):
    assert polling_seconds({"pollingIntervalMillis": wait}) == seconds
    assert items_of({"items": wait}) == []


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(JSON, JSON, st.sampled_from(["textMessageEvent", "superChatEvent", "userBannedEvent", "x"]))
def test_any_json_is_an_event_or_an_error_of_ours(author, details, kind):
    name = {"textMessageEvent": "textMessageDetails"}.get(kind, kind.replace("Event", "Details"))
    with suppress(HikariError):
        read_item({**item(kind, **{name: details}), "authorDetails": author}, "video", START)
