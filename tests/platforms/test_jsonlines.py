"""Any program can be a source: JSON lines from a file, a pipe, or whatever else can be read."""

import asyncio
import json
import os
import threading
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hikari_ml.chat import ChatMessage, MessageDeleted, Raid, StreamState, UserCleared, ViewerCount
from hikari_ml.errors import HikariError, InputError, SourceError
from hikari_ml.platforms.jsonlines import CHUNK, JsonLinesSource, read_row
from hikari_ml.platforms.replay import MAX_LINE
from tests.support import START, at

WHEN = "2026-01-10T20:00:05Z"


@pytest.mark.parametrize(
    ("row", "event"),
    [
        ({"username": "anna", "text": "hi"}, ChatMessage("anna", "hi", START, channel="c")),
        (
            {
                "type": "message", "username": "anna", "text": "Kappa", "timestamp": WHEN,
                "id": 7, "user_id": 8, "emotes": ["Kappa"], "bits": 5, "reply_to": "6", "first_message": True,
            },
            None,
        ),
        ({"type": "deleted", "message_id": 7, "timestamp": WHEN}, MessageDeleted(at(5), "7", channel="c")),
        ({"type": "cleared", "username": None}, UserCleared(START, channel="c")),
        (
            {"type": "cleared", "username": "anna", "seconds": 600, "user_id": 8},
            UserCleared(START, "anna", 600, user_id="8", channel="c"),
        ),
        ({"type": "raid", "username": "carl", "viewers": 12}, Raid(START, "carl", 12, channel="c")),
        ({"type": "viewers", "value": 12.0}, ViewerCount(START, 12.0, channel="c")),
        (
            {"type": "stream", "live": True, "title": "t", "game": None},
            StreamState(START, live=True, title="t", channel="c"),
        ),
    ],
)  # fmt: skip
def test_every_kind_of_line(row, event):
    found = read_row(row, "c", START)
    if event is not None:
        assert found == event
    else:
        assert (found.timestamp, found.id, found.user_id, found.bits) == (at(5), "7", "8", 5)
        assert (found.emotes[0].name, found.reply_to, found.first_message) == ("Kappa", "6", True)


@pytest.mark.parametrize(
    "row",
    [
        [],
        {},
        {"username": "anna"},
        {"type": "dance"},
        {"type": ["message"], "username": "a", "text": "b"},
        {"type": "deleted"},
        {"type": "deleted", "message_id": None},
        {"type": "cleared"},
        {"type": "cleared", "username": ""},
        {"type": "cleared", "username": "a", "seconds": -1},
        {"type": "raid", "username": "a"},
        {"type": "raid", "username": "a", "viewers": 1.5},
        {"type": "viewers", "value": float("nan")},
        {"type": "viewers", "value": True},
        {"type": "stream", "live": "yes"},
        {"username": "a", "text": "b", "timestamp": "yesterday"},
        {"username": "a", "text": "b", "bits": -1},
        {"username": "a", "text": "b", "bits": "many"},
    ],
)
def test_what_is_no_event_is_refused(row):
    with pytest.raises(InputError):
        read_row(row, "c", START)


VALUE = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4) | st.lists(st.none())
NAMES = st.sampled_from(
    "type username text id message_id seconds viewers value live bits user_id emotes".split()
)


@given(
    st.dictionaries(NAMES, VALUE),
    st.sampled_from(["message", "deleted", "cleared", "raid", "viewers", "stream"]),
)
def test_any_row_is_an_event_or_an_error_of_ours(row, kind):
    with suppress(HikariError):
        read_row({"type": kind, **row}, "c", START)


def written(path, *lines):
    path.write_bytes(
        b"\n".join(line if isinstance(line, bytes) else json.dumps(line).encode() for line in lines)
    )
    return JsonLinesSource(path, "c")


async def test_a_file_is_read_to_its_end_and_bad_lines_are_named(tmp_path):
    hi = {"username": "anna", "text": "hi"}
    lines = [hi, b"broken", b"", b"[1]", b"x" * (MAX_LINE + 5), b'{"username": "\xff", "text": ""}', hi]
    async with written(tmp_path / "a.jsonl", *lines) as source:
        events = [event async for event in source]
    assert [event.text for event in events] == ["hi", "hi"]
    assert [problem.split(":")[0] for problem in source.counts.problems] == [
        "line 2",
        "line 4",
        "line 5",
        "line 6",
    ]
    assert source.counts.malformed == 4


async def test_messages_without_an_id_get_one(tmp_path):
    hi = {"username": "anna", "text": "hi"}
    async with written(tmp_path / "a.jsonl", hi, hi, {**hi, "id": "own"}) as source:
        ids = [event.id async for event in source]
    assert len(set(ids)) == 3
    assert ids[2] == "own"


async def test_a_large_file_loses_nothing_however_slowly_it_is_read(tmp_path):
    rows = [{"username": "anna", "text": "x" * 500, "id": str(i)} for i in range(2000)]
    async with written(tmp_path / "a.jsonl", *rows) as source:
        assert (tmp_path / "a.jsonl").stat().st_size > 10 * CHUNK
        source._handover._capacity = 10
        ids = [event.id async for event in source]
    assert ids == [row["id"] for row in rows]
    assert source.counts.dropped == 0


async def test_a_pipe_is_read_as_it_is_written(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    async with JsonLinesSource(pipe, "c") as source:
        writer = await asyncio.to_thread(open, pipe, "wb", 0)
        with writer:
            for part in ('{"username": "anna", "te', 'xt": "😀 one"}\n'):
                for byte in part.encode():
                    writer.write(bytes([byte]))
            assert (await source.take())[0].text == "😀 one"
            writer.write(b'{"username": "anna", "text": "without an end"}')
        assert (await source.take())[0].text == "without an end"
        assert await source.take() == []


async def test_closing_does_not_wait_for_a_silent_pipe(tmp_path):
    reading, writing = os.pipe()
    async with JsonLinesSource(f"/dev/fd/{reading}", "c") as source:
        waiting = asyncio.create_task(source.take())
        await asyncio.sleep(0.05)
        await source.aclose()
        assert await waiting == []
    os.close(writing)
    for thread in threading.enumerate():
        if thread.name.startswith("hikari-jsonl"):
            thread.join(5)
            assert not thread.is_alive()
    os.close(reading)


@pytest.mark.parametrize(("name", "reason"), [("gone", "No such file"), (".", "Is a directory")])
async def test_what_cannot_be_read_is_said_so(tmp_path, name, reason):
    async with JsonLinesSource(tmp_path / name, "c") as source:
        with pytest.raises(SourceError, match=reason):
            await source.take()
