"""Viewers are known by what they do."""

import struct
from zoneinfo import ZoneInfo

import msgpack
import pytest

from hikari_ml.realtime_analytics.audience.viewers import Viewer, Viewers
from hikari_ml.realtime_analytics.features import measure
from tests.support import START, at

UTC = ZoneInfo("UTC")


def message(text, second=0.0, username="anna", topics=()):
    return measure(username, text, at(second), None, tuple(topics), 0)


def viewer_of(*messages):
    viewer = Viewer("anna", START, START)
    for said in messages:
        viewer.add(said, UTC)
    return viewer


def test_topics_are_bounded():
    viewer = viewer_of(*(message("x", i, topics=[f"topic{i}"]) for i in range(200)))
    assert len(viewer.topics) <= 32


def test_hours_are_those_of_the_streamer():
    viewer = Viewer("anna", START, START)
    viewer.add(message("hi"), ZoneInfo("Asia/Tokyo"))
    assert viewer.hours.index(1) == 5


def test_taking_back():
    viewer = viewer_of(message("hello", 1, topics=["a"]), message("love 😂", 2, topics=["b"]))
    viewer.retract(message("love 😂", 2, topics=["b"]), UTC)
    assert viewer.messages == 1
    assert viewer.mood_count == 0
    assert {topic for topic, weight in viewer.topics.items() if weight > 0} == {"a"}
    assert len(viewer.lines) == 1


def test_names_are_the_same_in_any_case():
    viewers = Viewers(UTC, 10)
    viewers.seen(message("hi", username="Anna"))
    viewers.seen(message("hi", username="anna"))
    assert len(viewers) == 1
    assert viewers.get("ANNA").messages == 2


def test_the_least_recently_seen_makes_room():
    viewers = Viewers(UTC, 3)
    for i, name in enumerate(["a", "b", "c", "a", "d"]):
        viewers.seen(message("hi", i, username=name))
    assert viewers.get("b") is None
    assert viewers.get("a") is not None


def test_asking_for_a_stranger_creates_nobody():
    viewers = Viewers(UTC, 3)
    assert viewers.get("stranger") is None
    assert len(viewers) == 0


def test_what_is_packed_comes_back():
    viewers, other = Viewers(UTC, 10), Viewers(UTC, 10)
    for i in range(20):
        viewers.seen(message(f"I love this {i}", i * 3600, f"user{i % 4}", ["tea"]))
    other.unpack(viewers.pack())
    assert list(other.pack()) == list(viewers.pack())
    assert other.get("user1").messages == 5


def test_engagement_and_repetition_outlive_a_restart():
    viewers, other = Viewers(UTC, 10), Viewers(UTC, 10)
    for i in range(20):
        viewers.seen(message(f"what is thought number {i}?", i * 60))
    other.unpack(viewers.pack())
    before, after = viewers.get("anna"), other.get("anna")
    assert after.engagement() == before.engagement() > 0.5
    line = message("what is thought number 19?").gist
    assert after.lines.repeats(line, at(19 * 60).timestamp()) == 1
    after.retract(message("what is thought number 19?", 19 * 60), UTC)
    assert after.lines.repeats(line, at(19 * 60).timestamp()) == 0


def test_what_people_wrote_is_not_in_what_is_kept():
    viewers = Viewers(UTC, 10)
    viewers.seen(message("my secret is out", topics=["tea"]))
    assert b"secret" not in msgpack.packb(list(viewers.pack()))


def test_who_is_forgotten_while_the_rest_is_packed_is_not_packed():
    viewers = Viewers(UTC, 10)
    for name in ("anna", "ben"):
        viewers.seen(message("hi", username=name))
    rows = viewers.pack()
    next(rows)
    viewers.forget("ben")
    assert list(rows) == []


def older_row(*rest):
    return [
        "Anna",
        START.timestamp(),
        START.timestamp(),
        3,
        0,
        0.0,
        0,
        [3] + [0] * 23,
        [739_000],
        {"tea": 1.0},
        *rest,
    ]


def test_viewers_kept_by_older_formats_are_read():
    viewers = Viewers(UTC, 10)
    viewers.unpack([older_row()])
    first = viewers.get("anna")
    assert (first.messages, len(first.visits), len(first.lines)) == (3, 1, 0)
    viewers.unpack([older_row(struct.pack("<d8s?", START.timestamp(), b"12345678", True))])
    second = viewers.get("anna")
    assert (second.messages, len(second.lines)) == (3, 1)
    viewers.seen(message("hi again"))
    assert viewers.get("anna").messages == 4


def test_who_had_to_make_room_leaves_the_day_since_when_all_are_known():
    viewers = Viewers(UTC, 2)
    for i, name in enumerate(["a", "b"]):
        viewers.seen(message("hi", i * 86_400, username=name))
    assert viewers.dropped_until == -1
    viewers.seen(message("hi", 5 * 86_400, username="c"))
    assert viewers.dropped_until == viewers.get("b").visits.days[0] - 1


def test_a_smaller_bound_holds_for_what_is_read_too():
    viewers, other = Viewers(UTC, 10), Viewers(UTC, 3)
    for i in range(8):
        viewers.seen(message("hi", i, username=f"user{i}"))
    other.unpack(viewers.pack())
    assert len(other) == 3
    assert other.get("user7") is not None


def test_a_viewer_of_ten_years_takes_few_bytes():
    viewers = Viewers(UTC, 10)
    for i in range(0, 3650, 2):
        viewers.seen(message(f"line number {i}", i * 86_400, topics=[f"topic{i}", f"other{i}"]))
    assert len(msgpack.packb(list(viewers.pack()))) < 3000


def test_taking_lines_back_leaves_the_days_that_are_left():
    said = [message(f"what is thought number {i}?", 86_400 * (i // 10) + i) for i in range(60)]
    viewer = viewer_of(*said)
    for gone in reversed(said[20:]):
        viewer.retract(gone, UTC)
    assert (viewer.messages, len(viewer.visits), len(viewer.lines)) == (20, 2, 0)
    assert 0.1 < viewer.engagement() < 0.3, "two days of presence, without any line to tell more"


def test_the_last_line_taken_back_was_not_the_last_seen():
    first, last = message("hello there"), message("now I am here", 600)
    viewer = viewer_of(first, last)
    viewer.retract(last, UTC)
    assert viewer.last_seen == first.at


def test_topics_fade_alike_before_and_after_a_restart():
    viewers, other = Viewers(UTC, 10), Viewers(UTC, 10)
    for i in range(3000):  # far enough for what fades to be written anew
        viewers.seen(message(f"line {i}", i, topics=["tea" if i % 3 else "coffee"]))
    other.unpack(msgpack.unpackb(msgpack.packb(list(viewers.pack()))))
    for found in (viewers, other):
        found.seen(message("one more", 4000, topics=["milk"]))
    before, after = (found.get("anna") for found in (viewers, other))
    assert before.topics["tea"] / before.topic_unit == pytest.approx(33.3, abs=1)
    for topic in ("tea", "coffee", "milk"):
        shares = [viewer.topics[topic] / viewer.topic_unit for viewer in (before, after)]
        assert shares[0] == pytest.approx(shares[1])
