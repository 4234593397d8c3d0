"""Frames that can be written in both forms, and strangers' messages."""

import json

import msgpack
import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.client import ClientProtocol
from websockets.frames import Opcode
from websockets.protocol import State
from websockets.uri import parse_uri

from hikari_ml.errors import InputError
from hikari_ml.feed.frames import Close, Frame, read_message

numbers = st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False, allow_infinity=False)
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=5)
plain = st.recursive(
    st.none() | st.booleans() | numbers | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=10,
)


@given(st.dictionaries(st.text("abc", max_size=3), plain, max_size=4))
def test_both_forms_say_the_same(content):
    frame = Frame(content)
    assert json.loads(frame.form(binary=False)) == msgpack.unpackb(frame.form(binary=True)) == content


@pytest.mark.parametrize("size", [0, 100, 125, 126, 65_000, 65_536, 70_000])
@pytest.mark.parametrize("binary", [False, True])
def test_a_message_is_read_as_it_was_meant(size, binary):
    frame = Frame({"text": "x" * size + "\u00e9"})
    client = ClientProtocol(parse_uri("ws://localhost/"), state=State.OPEN)
    client.receive_data(frame.message(binary) * 2)
    received = client.events_received()
    assert len(received) == 2
    for event in received:
        assert event.opcode is (Opcode.BINARY if binary else Opcode.TEXT)
        assert event.data == (frame.packed if binary else frame.text.encode())


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 2**64, "\ud800", object(), {1, 2}, b"\xff"])
def test_what_cannot_be_written_is_refused(value):
    with pytest.raises(InputError, match="cannot be written"):
        Frame({"type": "delta", "data": {"x": value}})


@given(st.binary(max_size=60) | st.text(max_size=60))
def test_no_message_does_harm(raw):
    said = read_message(raw)
    assert said is None or isinstance(said["type"], str)


@pytest.mark.parametrize(
    "raw", ["[" * 4000, b"\x91" * 4000, "{}", '{"type": 1}', b"\xc1", b"\xd9\xff", "null"]
)
def test_what_is_no_message_is_none(raw):
    assert read_message(raw) is None


def test_a_message_is_read_in_both_forms():
    hello = {"type": "hello", "seq": 3}
    assert read_message(json.dumps(hello)) == read_message(msgpack.packb(hello)) == hello


def test_close_codes_are_those_of_applications():
    assert all(4000 <= code < 5000 for code in Close)
