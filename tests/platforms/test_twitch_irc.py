"""What Twitch says over IRC becomes chat events; what it should not say is counted."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hikari_ml.chat import ChatMessage, EmoteSpan, MessageDeleted, Raid, UserCleared
from hikari_ml.errors import InputError, SourceError
from hikari_ml.platforms.source import Counts, RecentIds
from hikari_ml.platforms.twitch_irc import TwitchChat, channel_name, emotes_of, opening, shown_name
from tests.support import START

MOMENT = datetime.fromtimestamp(1_700_000_000.5, UTC)
TAGS = (
    "badge-info=subscriber/18;badges=moderator/1,subscriber/12,bits/100;bits=50;display-name=Anna;"
    "emotes=25:0-4,12-16/1902:6-10;first-msg=1;id=m-1;reply-parent-msg-id=m-0;tmi-sent-ts=1700000000500;"
    "user-id=77"
)


def chat(channel="hikari"):
    counts = Counts()
    return TwitchChat(channel, counts, RecentIds()), counts


def heard(line, channel="hikari"):
    reader, counts = chat(channel)
    return reader.feed(line.encode() + b"\r\n", START), counts


def only(line):
    found, counts = heard(line)
    assert not counts.problems
    (event,) = found.events
    return event


def test_a_message_in_full():
    assert only(f"@{TAGS} :anna!anna@x PRIVMSG #hikari :Kappa Keepo Kappa") == ChatMessage(
        "Anna",
        "Kappa Keepo Kappa",
        MOMENT,
        id="m-1",
        channel="hikari",
        badges=("moderator/1", "subscriber/12", "bits/100"),
        roles=("moderator", "subscriber"),
        emotes=(EmoteSpan("Kappa", 0, 5), EmoteSpan("Keepo", 6, 11), EmoteSpan("Kappa", 12, 17)),
        platform="twitch",
        user_id="77",
        bits=50,
        reply_to="m-0",
        first_message=True,
    )


def test_a_message_without_tags():
    assert only(":anna!anna@x PRIVMSG #hikari :hi") == ChatMessage(
        "anna", "hi", START, channel="hikari", platform="twitch"
    )


def test_emotes_are_counted_in_code_points_and_a_me_is_only_its_text():
    event = only("@emotes=25:2-6 :anna!a@x PRIVMSG #hikari :\x01ACTION 😀 Kappa\x01")
    assert event.text == "😀 Kappa"
    assert event.emotes == (EmoteSpan("Kappa", 2, 7),)


@pytest.mark.parametrize(
    "tag", ["25:0-99", "25:5-2", "x", "25:", "25:-1-3", "25:9999999999-99999999999", "/:,-"]
)
def test_emotes_outside_of_the_text_are_left_out(tag):
    assert emotes_of(tag, "Kappa") == ()


@pytest.mark.parametrize(
    ("display", "login", "shown"),
    [("Anna", "anna", "Anna"), ("安娜", "anna", "anna"), ("", "anna", "anna"), ("annа", "anna", "anna")],
)
def test_people_go_by_their_login(display, login, shown):
    assert shown_name(display, login) == shown


def test_deletions():
    line = (
        "@login=anna;target-msg-id=m-1;tmi-sent-ts=1700000000500 :tmi.twitch.tv CLEARMSG #hikari :bad words"
    )
    assert only(line) == MessageDeleted(MOMENT, "m-1", channel="hikari")


def test_timeouts_bans_and_a_cleared_chat():
    head = ":tmi.twitch.tv CLEARCHAT #hikari"
    timeout = only(f"@ban-duration=600;target-user-id=77;tmi-sent-ts=1700000000500 {head} :anna")
    assert timeout == UserCleared(MOMENT, "anna", 600.0, user_id="77", channel="hikari")
    assert only(f"@target-user-id=77 {head} :anna").seconds is None
    assert only(f"@room-id=1 {head}") == UserCleared(START, channel="hikari")


def test_raids_and_what_subscribers_write():
    head = ":tmi.twitch.tv USERNOTICE #hikari"
    raid = only(
        f"@msg-id=raid;msg-param-displayName=Carl;msg-param-login=carl;msg-param-viewerCount=120 {head}"
    )
    assert raid == Raid(START, "Carl", 120, channel="hikari")
    sub = only(f"@msg-id=resub;login=anna;display-name=Anna;id=m-2 {head} :one year already")
    assert (sub.username, sub.text, sub.id) == ("Anna", "one year already", "m-2")
    found, counts = heard(f"@msg-id=subgift;login=anna {head}")
    assert (found.events, counts.ignored, counts.malformed) == ([], 1, 0)


def test_pings_are_answered_and_other_wishes_passed_on():
    assert heard("PING :tmi.twitch.tv")[0].answers == [b"PONG :tmi.twitch.tv\r\n"]
    assert heard(":tmi.twitch.tv RECONNECT")[0].reconnect
    assert heard("@room-id=1 :tmi.twitch.tv ROOMSTATE #hikari")[0].joined
    assert heard(":x.tmi.twitch.tv 366 x #hikari :End of /NAMES list")[0].joined
    assert not heard(":tmi.twitch.tv ROOMSTATE #other")[0].joined


@pytest.mark.parametrize(
    "line",
    [
        "@msg-id=msg_channel_suspended :tmi.twitch.tv NOTICE #hikari :This channel does not exist.",
        ":tmi.twitch.tv NOTICE * :Login authentication failed",
    ],
)
def test_a_refusal_is_the_end(line):
    with pytest.raises(SourceError, match="Twitch says"):
        heard(line)


def test_what_is_said_elsewhere_is_not_heard():
    assert heard(":anna!a@x PRIVMSG #other :hi")[0].events == []


def test_a_message_that_comes_twice_is_told_once():
    reader, counts = chat()
    line = b"@id=m-1 :anna!a@x PRIVMSG #hikari :hi\r\n"
    assert len(reader.feed(line * 3, START).events) == 1
    assert counts.duplicates == 2


@pytest.mark.parametrize(
    "line",
    [
        "@id=1 :!x PRIVMSG #hikari :hi",
        "@bits=many :anna!a@x PRIVMSG #hikari :hi",
        "@bits=٣ :anna!a@x PRIVMSG #hikari :hi",
        "@tmi-sent-ts=never :anna!a@x PRIVMSG #hikari :hi",
        "@tmi-sent-ts=999999999999999999999 :anna!a@x PRIVMSG #hikari :hi",
        f"@display-name=;login={'x' * 500} :a!a@x PRIVMSG #hikari :hi",
        ":tmi.twitch.tv CLEARMSG #hikari :x",
        "@msg-id=raid;msg-param-viewerCount=-5 :x USERNOTICE #hikari",
        "@ban-duration=ever :x CLEARCHAT #hikari :anna",
        "\x00\x01\x02",
        "x" * 20_000,
    ],
)
def test_what_cannot_be_used_is_counted_and_skipped(line):
    reader, counts = chat()
    found = reader.feed(line.encode() + b"\r\n:anna!a@x PRIVMSG #hikari :still here\r\n", START)
    assert [event.text for event in found.events] == ["still here"]
    assert counts.malformed == 1
    assert len(counts.problems[0]) < 300


@given(st.lists(st.binary(max_size=200), max_size=8))
def test_no_bytes_break_it(chunks):
    reader, _ = chat()
    for chunk in chunks:
        reader.feed(chunk, START)


@pytest.mark.parametrize(
    ("given_name", "name"), [("Hikari", "hikari"), ("#hikari", "hikari"), (" @A_1 ", "a_1")]
)
def test_names_of_channels(given_name, name):
    assert channel_name(given_name) == name


@pytest.mark.parametrize("name", ["", "#", "a b", "a\r\nJOIN #x", "ä", "x" * 26, "a,b"])
def test_no_name_carries_a_command(name):
    with pytest.raises(InputError, match="Twitch channel"):
        channel_name(name)


def test_the_opening_asks_for_tags_before_it_joins():
    lines = opening("hikari", "justinfan1").decode().split("\r\n")
    assert lines[0] == "CAP REQ :twitch.tv/tags twitch.tv/commands"
    assert lines[-2:] == ["JOIN #hikari", ""]
