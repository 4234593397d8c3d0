"""IRC lines are read as IRCv3 writes them, and anything else is refused."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hikari_ml.errors import InputError
from hikari_ml.platforms.irc import MAX_TAGS, IrcMessage, parse_line, parse_tags, unescape


def test_a_line_in_full():
    line = b"@id=a;color= :anna!anna@host PRIVMSG #hikari :hello : there"
    assert parse_line(line) == IrcMessage(
        {"id": "a", "color": ""}, "anna", "PRIVMSG", ("#hikari", "hello : there")
    )


@pytest.mark.parametrize(
    ("line", "nick", "command", "params"),
    [
        (b"PING :tmi.twitch.tv", "", "PING", ("tmi.twitch.tv",)),
        (b":tmi.twitch.tv RECONNECT", "tmi.twitch.tv", "RECONNECT", ()),
        (b":a 353 b = #c :d e", "a", "353", ("b", "=", "#c", "d e")),
        (b"ping", "", "PING", ()),
        (b"@a=b  PRIVMSG  #c  :", "", "PRIVMSG", ("#c", "")),
    ],
)
def test_parts_of_a_line(line, nick, command, params):
    found = parse_line(line)
    assert (found.nick, found.command, found.params) == (nick, command, params)


@pytest.mark.parametrize("line", [b"", b" ", b":only", b"@tags", b"@a=b :x", b"\xff\xfe", b"12 x", b"a-b"])
def test_what_is_no_line_is_refused(line):
    with pytest.raises(InputError, match="command"):
        parse_line(line)


@pytest.mark.parametrize(
    ("value", "meant"),
    [
        (r"a\sb", "a b"),
        (r"\:", ";"),
        (r"\\s", r"\s"),
        (r"\r\n", "\r\n"),
        (r"x\q", "xq"),
        ("x\\", "x"),
        ("", ""),
    ],
)
def test_escapes(value, meant):
    assert unescape(value) == meant


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_any_value_survives_escaping(text):
    escaped = text.replace("\\", r"\\").replace(";", r"\:").replace(" ", r"\s")
    assert parse_tags("a=" + escaped.replace("\r", r"\r").replace("\n", r"\n")) == {"a": text}


def test_tags_are_bounded_and_the_last_of_a_name_counts():
    assert parse_tags("a=1;a=2;;=x;b") == {"a": "2", "b": ""}
    assert len(parse_tags(";".join(f"k{i}=v" for i in range(5000)))) == MAX_TAGS


@given(st.binary(max_size=300))
def test_any_bytes_are_a_line_or_an_input_error(data):
    with suppress(InputError):
        assert parse_line(data).command
