"""What is taken for a call, and what is not."""

import json
import math

import msgpack
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hikari_ml.bridge import protocol
from hikari_ml.bridge.protocol import BadEnvelopeError, CallError, Request, decode, encode_request
from hikari_ml.errors import InputError, OverloadedError, UnknownMemoryError

WHOLE = {
    "v": 1,
    "id": "r1",
    "method": "health",
    "params": {},
    "reply_to": "me",
    "channel": None,
    "deadline_ms": None,
}


def packed(**changes):
    return msgpack.packb({**WHOLE, **changes})


def test_a_call_comes_back_as_it_was_sent():
    sent = Request("r", "perceive", {"message": {"text": "hi 🎉", "n": [1, 2.5, None]}}, "c", "me", 12)
    assert decode(encode_request(sent)) == sent
    assert decode(packed()) == Request("r1", "health", {}, "default", "me", None)
    assert decode(msgpack.packb({"v": 1, "id": "x", "method": "m"})) == Request("x", "m", {})
    assert decode(packed(more="is ignored")).id == "r1"


@pytest.mark.parametrize(
    ("changes", "code", "said"),
    [
        ({"v": 2}, "unsupported_version", "this speaks 1"),
        ({"v": True}, "unsupported_version", "v:"),
        ({"v": 1.0}, "unsupported_version", "v: 1.0"),
        ({"v": None}, "unsupported_version", "v:"),
        ({"id": 7}, "bad_request", "id:"),
        ({"id": "  "}, "bad_request", "id:"),
        ({"id": "x" * 201}, "bad_request", "id:"),
        ({"method": None}, "bad_request", "method:"),
        ({"params": []}, "bad_request", "params:"),
        ({"params": {"a": math.nan}}, "bad_request", "finite"),
        ({"params": {"a": [{"b": math.inf}]}}, "bad_request", "finite"),
        ({"params": {"a": b"raw"}}, "bad_request", "alone"),
        ({"params": {"a": msgpack.ExtType(5, b"x")}}, "bad_request", "alone"),
        ({"params": {"a": msgpack.Timestamp(1)}}, "bad_request", "alone"),
        ({"deadline_ms": 1.5}, "bad_request", "deadline_ms:"),
        ({"deadline_ms": True}, "bad_request", "deadline_ms:"),
        ({"channel": ""}, "bad_request", "channel:"),
        ({"channel": 5}, "bad_request", "channel:"),
        ({"reply_to": "hikari.requests"}, "bad_request", "reply_to:"),
        ({"reply_to": "hikari.events.default"}, "bad_request", "reply_to:"),
    ],
)
def test_what_is_wrong_with_an_envelope_is_named(changes, code, said):
    with pytest.raises(BadEnvelopeError, match=said) as caught:
        decode(packed(**changes))
    assert caught.value.code == code
    assert caught.value.reply_to == ("me" if "reply_to" not in changes else None)


@pytest.mark.parametrize("data", [b"", b"\xc1", b"[]", msgpack.packb([1]), msgpack.packb({1: 2}), b"x" * 100])
def test_bytes_that_are_no_map_are_refused(data):
    with pytest.raises(BadEnvelopeError):
        decode(data)


def test_what_is_too_large_or_too_deep_is_refused():
    for size, told in ((protocol.MAX_BYTES, "me"), (protocol.MAX_ANSWERED, None)):
        with pytest.raises(BadEnvelopeError, match="are taken") as caught:
            decode(packed(params={"a": "x" * size}))
        assert caught.value.reply_to == told
    deep: dict = {}
    for _ in range(protocol.MAX_DEPTH + 2):
        deep = {"a": deep}
    with pytest.raises(BadEnvelopeError, match="nested deeper"):
        decode(packed(params=deep))
    with pytest.raises(BadEnvelopeError):
        decode(b"\x91" * 5000)


@given(st.binary(max_size=200))
def test_no_bytes_do_anything_but_decode_or_be_refused(data):
    try:
        assert isinstance(decode(data), Request)
    except BadEnvelopeError as error:
        assert error.code in protocol.CODES


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)


@given(JSON)
def test_every_plain_result_can_be_packed(result):
    found = msgpack.unpackb(protocol.reply("r", result))
    assert found["ok"] is True
    assert found["error"] is None


def test_half_a_character_becomes_one_that_can_be_sent():
    found = msgpack.unpackb(protocol.reply("r", {"a\ud800": ["\udc00", ("x",)]}))
    assert found["result"] == {"a\ufffd": ["\ufffd", ["x"]]}


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (CallError("bad_params", "k: x", {"field": "k"}), ("bad_params", {"field": "k"})),
        (InputError("k", -1, "give more"), ("bad_params", {"field": "k", "hint": "give more"})),
        (OverloadedError("it", 30), ("overloaded", {"retry_after_ms": 30})),
        (UnknownMemoryError("mem-1"), ("bad_params", {"field": "memory_id"})),
        (RuntimeError("a secret"), ("internal", {})),
    ],
)
def test_every_error_is_the_one_object(error, told):
    found = msgpack.unpackb(protocol.refusal("r", error))
    assert (found["ok"], found["result"]) == (False, None)
    assert (found["error"]["code"], found["error"]["details"]) == told
    assert "secret" not in json.dumps(found)


def test_an_event_has_its_moment_in_milliseconds():
    found = msgpack.unpackb(
        protocol.event("mood", "2026-01-10T20:00:00.250Z", {"valence": 0.5}, seq=3, epoch="e")
    )
    assert found == {
        "v": 1, "seq": 3, "epoch": "e", "type": "mood", "at": 1768075200250, "data": {"valence": 0.5},
    }  # fmt: skip
