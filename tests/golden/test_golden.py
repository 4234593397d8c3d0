"""The golden messages: bytes and their JSON say the same, and what is sent today has their form."""

import json
from pathlib import Path

import msgpack
import pytest

from hikari_ml.bridge import protocol
from hikari_ml.bridge.methods import METHODS, params_of
from hikari_ml.config import FeedSettings
from hikari_ml.dashboard.server import FORWARDED
from hikari_ml.feed.frames import Frame, read_message
from hikari_ml.feed.server import PING_SECONDS
from hikari_ml.feed.session import apply_patch
from tests.golden.make import CHANNEL, REPLY_TO, messages, twin

FOLDER = Path(__file__).parent
NAMES = sorted(str(path.relative_to(FOLDER).with_suffix("")) for path in FOLDER.glob("*/*.msgpack"))
AGAIN = "if this is meant, run python -m tests.golden.make and tell clients"


def golden(name):
    return (FOLDER / f"{name}.msgpack").read_bytes()


def named(kind):
    return [name for name in NAMES if name.startswith(f"{kind}/")]


def shape(value):
    """The keys and types of a message; what a list holds is taken together."""
    if isinstance(value, dict):
        return {name: shape(item) for name, item in value.items()}
    if isinstance(value, list):
        return sorted({json.dumps(shape(item), sort_keys=True) for item in value})
    return type(value).__name__


@pytest.mark.parametrize("name", NAMES)
def test_bytes_and_json_say_exactly_the_same(name):
    data, text = golden(name), (FOLDER / f"{name}.json").read_text(encoding="utf-8")
    assert msgpack.packb(json.loads(text)) == data
    assert twin(data) == text


def test_there_is_one_of_every_kind():
    methods = {*METHODS, "health"}
    assert {name.removeprefix("request/") for name in named("request")} == methods
    assert methods <= {name.removeprefix("reply/") for name in named("reply")}
    assert {name.removeprefix("error/") for name in named("error")} == protocol.CODES
    types = {msgpack.unpackb(golden(name))["type"] for name in named("feed")}
    assert types == {"hello", "snapshot", "resumed", "delta", "event"}
    assert {*FORWARDED, "message", "mood"} == {name.removeprefix("event/") for name in named("event")}


async def test_what_is_sent_today_has_the_form_of_the_golden_messages():
    fresh = await messages()
    assert sorted(fresh) == NAMES, AGAIN
    for name, data in fresh.items():
        assert shape(msgpack.unpackb(data)) == shape(msgpack.unpackb(golden(name))), f"{name}: {AGAIN}"


@pytest.mark.parametrize("name", named("request"))
def test_a_call_is_read_and_written_again_as_it_was(name):
    request = protocol.decode(golden(name))
    assert (request.method, request.channel) == (name.removeprefix("request/"), CHANNEL)
    assert request.reply_to == REPLY_TO
    assert protocol.encode_request(request) == golden(name)
    if request.method in METHODS:
        params_of(request)


@pytest.mark.parametrize("name", [*named("reply"), *named("error")])
def test_a_reply_is_written_again_as_it_was(name):
    told = msgpack.unpackb(golden(name))
    error = told["error"]
    assert list(told) == ["v", "id", "ok", "result", "error"]
    assert told["ok"] is (error is None)
    if error is None:
        assert protocol.reply(told["id"], told["result"]) == golden(name)
    else:
        assert list(error) == ["code", "message", "details"]
        assert error["code"] == name.removeprefix("error/")
        assert ("retry_after_ms" in error["details"]) is (error["code"] == "overloaded")


@pytest.mark.parametrize("name", named("event"))
def test_an_event_says_what_it_is(name):
    told = msgpack.unpackb(golden(name))
    assert list(told) == ["v", "seq", "epoch", "type", "at", "data"]
    assert told["type"] == name.removeprefix("event/")
    assert isinstance(told["at"], int)


def test_the_frames_lead_from_the_snapshot_to_the_next_state():
    snapshot, resumed, event, delta, later = (
        msgpack.unpackb(golden(f"feed/{name}"))
        for name in ("snapshot", "resumed", "event", "delta", "snapshot_not_recovered")
    )
    first = snapshot["seq"]
    assert [frame["seq"] - first for frame in (resumed, event, delta, later)] == [0, 1, 2, 2]
    assert apply_patch(snapshot["data"], delta["data"]) == later["data"]
    assert (resumed["recovered"], later["recovered"]) == (True, False)


def test_the_first_frame_says_how_the_feed_is():
    settings = FeedSettings()
    for name in ("snapshot", "snapshot_not_recovered", "resumed"):
        told = msgpack.unpackb(golden(f"feed/{name}"))
        assert told["channel"] == CHANNEL
        assert told["interval_ms"] == 1000 * settings.interval_seconds
        assert told["heartbeat_ms"] == 1000 * PING_SECONDS


@pytest.mark.parametrize("name", named("feed"))
def test_the_feed_says_the_same_in_both_forms(name):
    said = msgpack.unpackb(golden(name))
    frame = Frame(said)
    assert frame.form(binary=True) == golden(name)
    assert json.loads(frame.form(binary=False)) == said
    assert read_message(frame.packed) == read_message(frame.text) == said


@pytest.mark.parametrize("name", NAMES)
def test_nothing_but_text_keys_and_plain_values(name):
    assert protocol._fault(msgpack.unpackb(golden(name)), 0) is None
