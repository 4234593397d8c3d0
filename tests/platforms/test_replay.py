"""A recording gives what can be read of it, and names what cannot."""

import gzip
import json
from datetime import UTC, datetime

import pytest

from hikari_ml.chat import EmoteSpan
from hikari_ml.errors import RecordingError
from hikari_ml.platforms.replay import MAX_LINE, Recording, read_viewers
from hikari_ml.times import iso
from tests.support import at


def line(text="hi", second=0, username="anna", **more):
    return json.dumps({"timestamp": iso(at(second)), "username": username, "text": text, **more})


def write(path, *lines):
    path.write_bytes(b"\n".join(part if isinstance(part, bytes) else part.encode() for part in lines) + b"\n")
    return Recording(path)


def test_lines_become_messages(tmp_path):
    recording = write(
        tmp_path / "chat.jsonl",
        line("hello", 1, id="m1", badges=["vip/1"], roles=["moderator"], role="ignored", extra={"x": 1}),
        line("", 2),
    )
    first, second = recording
    assert (first.text, first.id, first.badges, first.roles) == ("hello", "m1", ("vip/1",), ("moderator",))
    assert first.timestamp == at(1)
    assert second.text == ""
    assert (recording.skipped, recording.lines) == (0, 2)


def test_gzip_and_plain_are_read_alike(tmp_path):
    lines = "\n".join(line(f"text {i}", i) for i in range(50))
    (tmp_path / "a.jsonl").write_text(lines)
    (tmp_path / "b.jsonl.gz").write_bytes(gzip.compress(lines.encode()))
    plain, packed = Recording(tmp_path / "a.jsonl"), Recording(tmp_path / "b.jsonl.gz")
    assert list(plain) == list(packed)
    assert plain.count_lines() == packed.count_lines() == 50


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        ("not json", "not JSON"),
        ("{", "not JSON"),
        ("[1, 2]", "JSON object"),
        ('"text"', "JSON object"),
        ('{"username": "a", "text": "x"}', "lacks 'timestamp'"),
        (line(username=None), "username"),
        (line(username=""), "username"),
        (line(text=None), "text"),
        (line(text=5), "text"),
        ('{"timestamp": "yesterday", "username": "a", "text": "x"}', "timestamp"),
        ('{"timestamp": 5, "username": "a", "text": "x"}', "timestamp"),
        (line(badges="vip"), "badges"),
        (line(emotes=[["Kappa", 5, 1]]), "emotes"),
        (line(emotes={"a": 1}), "emotes"),
        (line(id={"n": 7}), "id"),
        (b'{"timestamp": "\xff\xfe"}', "not JSON"),
        ("[" * 100_000, "not JSON"),
        (b"x" * (MAX_LINE + 10), "longer than"),
    ],
)
def test_a_bad_line_is_named_and_skipped(tmp_path, bad, reason):
    recording = write(tmp_path / "chat.jsonl", line("one"), bad, "", line("two"))
    assert [message.text for message in recording] == ["one", "two"]
    (problem,) = recording.problems
    assert problem.line == 2
    assert reason in problem.reason
    assert len(problem.reason) < 300
    assert recording.skipped == 1


def test_a_gzip_cut_short_gives_what_was_before(tmp_path):
    data = gzip.compress("\n".join(line(f"text number {i}", i) for i in range(5000)).encode())
    (tmp_path / "cut.jsonl.gz").write_bytes(data[: len(data) * 2 // 3])
    recording = Recording(tmp_path / "cut.jsonl.gz")
    texts = [message.text for message in recording]
    assert 1000 < len(texts) < 5000
    assert texts == [f"text number {i}" for i in range(len(texts))]
    assert "cut short" in recording.problems[-1].reason
    assert recording.is_cut
    assert recording.problems[-1].line == recording.lines + 1


@pytest.mark.filterwarnings("ignore:timestamp has no time zone")
def test_a_gzip_with_a_flipped_bit_is_named(tmp_path):
    data = bytearray(gzip.compress("\n".join(line(f"text number {i}", i) for i in range(5000)).encode()))
    data[len(data) // 2] ^= 0xFF
    (tmp_path / "flip.jsonl.gz").write_bytes(bytes(data))
    recording = Recording(tmp_path / "flip.jsonl.gz")
    texts = [message.text for message in recording]
    assert len(texts) >= 2000
    assert "damaged" in recording.problems[-1].reason


@pytest.mark.parametrize("name", ["gone.jsonl", "gone.jsonl.gz"])
def test_a_file_that_is_not_there_is_a_clear_error(tmp_path, name):
    with pytest.raises(RecordingError, match="cannot be opened: No such file"):
        list(Recording(tmp_path / name))


def test_a_folder_is_no_file(tmp_path):
    with pytest.raises(RecordingError, match="cannot be opened"):
        list(Recording(tmp_path))


def test_problems_are_bounded_but_all_are_counted(tmp_path):
    recording = write(tmp_path / "chat.jsonl", *(["broken"] * 500))
    assert list(recording) == []
    assert (recording.skipped, len(recording.problems)) == (500, 100)


def test_emotes_in_each_of_their_forms(tmp_path):
    recording = write(
        tmp_path / "chat.jsonl",
        line("Kappa hi Kappa", emotes=["Kappa"]),
        line("Kappa hi", emotes=[["Kappa", 0, 5]]),
        line("Kappa hi", emotes=[{"name": "Kappa", "start": 0, "end": 5}]),
    )
    by_name, by_list, by_object = recording
    assert by_name.emotes == (EmoteSpan("Kappa", 0, 5), EmoteSpan("Kappa", 9, 14))
    assert by_list.emotes == by_object.emotes == (EmoteSpan("Kappa", 0, 5),)


def test_odd_text_is_a_message(tmp_path):
    texts = ["\ud800", "\u200b", "x" * 10_000, "😀" * 100, "\x00", "مرحبا 你好"]
    assert [m.text for m in write(tmp_path / "chat.jsonl", *(line(text) for text in texts))] == texts


def test_viewer_counts(tmp_path):
    (tmp_path / "v.csv").write_text("t_utc,viewers\n2026-01-10T20:02:00Z,12\n2026-01-10T20:00:00Z,10\n")
    assert read_viewers(tmp_path / "v.csv") == [
        (datetime(2026, 1, 10, 20, 0, tzinfo=UTC), 10.0),
        (at(120), 12.0),
    ]


def test_viewer_counts_of_one_of_several_recordings(tmp_path):
    (tmp_path / "v.csv").write_text(
        "log,timestamp,viewer_count\none,2026-01-10T20:00:00Z,10\ntwo,2026-01-10T20:00:00Z,99\n"
    )
    assert read_viewers(tmp_path / "v.csv", tmp_path / "two.jsonl.gz") == [(at(0), 99.0)]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("a,b\n1,2\n", "line 1: needs a column"),
        ("timestamp,viewers\nyesterday,5\n", "line 2: not a time and a number"),
        ("timestamp,viewers\n2026-01-10T20:00:00Z,many\n", "line 2: not a time and a number"),
        ("timestamp,viewers\n2026-01-10T20:00:00Z,nan\n", "line 2: not a time and a number"),
        ("timestamp,viewers\n2026-01-10T20:00:00Z\n", "line 2: not a time and a number"),
        ("", "line 1: needs a column"),
    ],
)
def test_viewer_counts_that_are_none(tmp_path, content, reason):
    (tmp_path / "v.csv").write_text(content)
    with pytest.raises(RecordingError, match=reason):
        read_viewers(tmp_path / "v.csv")


def test_a_viewers_file_that_is_not_there(tmp_path):
    with pytest.raises(RecordingError, match="cannot be read"):
        read_viewers(tmp_path / "gone.csv")


def test_a_line_far_ahead_of_its_neighbours_is_skipped(tmp_path):
    lines = [line("one"), line("astray", 3e9), line("two", 5), line("three", 90_000)]
    recording = write(tmp_path / "chat.jsonl", *lines)
    assert [message.text for message in recording] == ["one", "two", "three"]
    assert recording.problems[0].line == 2
    assert "far from the lines around it" in recording.problems[0].reason


@pytest.mark.parametrize("seconds", [86_400, -86_400, -3e8])
def test_a_line_of_another_day_is_skipped(tmp_path, seconds):
    lines = [line("one"), line("two", 5), line("astray", seconds), line("three", 9), line("four", 12)]
    recording = write(tmp_path / "chat.jsonl", *lines)
    assert [message.text for message in recording] == ["one", "two", "three", "four"]
    assert recording.problems[0].line == 3


@pytest.mark.parametrize(("name", "pack"), [("chat.jsonl", gzip.compress), ("chat.jsonl.gz", bytes)])
def test_what_a_file_holds_counts_and_not_its_name(tmp_path, name, pack):
    (tmp_path / name).write_bytes(pack(line("one").encode()))
    assert [message.text for message in Recording(tmp_path / name)] == ["one"]


def test_a_long_pause_is_no_mistake(tmp_path):
    recording = write(tmp_path / "chat.jsonl", line("one"), line("two", 3e7), line("three", 3e7 + 5))
    assert [message.text for message in recording] == ["one", "two", "three"]


def test_a_number_can_be_an_id(tmp_path):
    assert [message.id for message in write(tmp_path / "chat.jsonl", line(id=7))] == ["7"]


def test_a_name_that_cannot_be_written_is_named_and_skipped(tmp_path):
    recording = write(tmp_path / "chat.jsonl", line(username="\ud800"), line("two"))
    assert [message.text for message in recording] == ["two"]
    assert "username" in recording.problems[0].reason
