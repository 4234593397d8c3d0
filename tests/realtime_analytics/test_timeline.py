"""The stream in time: what is counted is counted once, in its place, and can be taken back."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hikari_ml.realtime_analytics.features import measure
from hikari_ml.realtime_analytics.timeline import BUCKET, STREAM_GAP, Share, Timeline
from tests.support import START, at

ZERO = START.timestamp()


def add(timeline, second, username="anna", text="hello there"):
    bucket = timeline.place(ZERO + second)
    if bucket is None:
        return None
    share = Share(bucket, measure(username, text, at(second), None, ("topic",), 0), False, False)
    timeline.add(share, ZERO + second)
    return share


def test_a_window_counts_what_lies_in_it():
    timeline = Timeline(60)
    for second in range(0, 100, 5):
        add(timeline, second, f"user{second % 3}")
    window = timeline.window(ZERO + 99.9, 60)
    assert window.messages == 12
    assert len(window.chatters) == 3
    assert window.topics["topic"] == 12


def test_counts_are_by_bucket_with_silence_as_zero():
    timeline = Timeline(60)
    for second in (0, 1, 25, 26, 27, 41):
        add(timeline, second)
    assert timeline.counts(ZERO + 45, 50) == [2, 0, 3, 0, 1]


def test_a_straggler_is_counted_in_its_place_within_the_lateness():
    timeline = Timeline(60)
    add(timeline, 100)
    assert add(timeline, 45) is not None
    assert add(timeline, 30) is None
    assert timeline.late == 1
    assert timeline.counts(ZERO + 100, 70) == [1, 0, 0, 0, 0, 0, 1]


@settings(deadline=None)
@given(st.lists(st.integers(0, 55), min_size=1, max_size=60), st.randoms())
def test_order_of_arrival_within_the_lateness_does_not_matter(seconds, random):
    shuffled = list(seconds)
    random.shuffle(shuffled)
    in_order, disordered = Timeline(60), Timeline(60)
    for second in sorted(seconds):
        add(in_order, second)
    for second in shuffled:
        add(disordered, second)
    assert in_order.history() == disordered.history()
    assert in_order.counts(ZERO + 60, 60) == disordered.counts(ZERO + 60, 60)


def test_taking_back_leaves_no_trace():
    timeline, empty = Timeline(60), Timeline(60)
    add(empty, 0)
    add(timeline, 0)
    share = add(timeline, 3, "ben", "I love this 😂")
    assert timeline.retract(share)
    assert timeline.window(ZERO + 9, 60) == empty.window(ZERO + 9, 60)


def test_what_has_become_history_cannot_be_taken_back():
    timeline = Timeline(60)
    share = add(timeline, 0)
    add(timeline, 3 * 3600)
    assert not timeline.retract(share)


def test_old_buckets_become_minutes_and_nothing_is_lost():
    timeline = Timeline(60)
    for minute in range(0, 180, 2):
        add(timeline, minute * 60)
        add(timeline, minute * 60 + 30, "ben")
    minutes = timeline.history()
    assert sum(m.messages for m in minutes) == 180
    assert len(timeline._buckets) <= 362
    assert [m.start for m in minutes] == list(range(minutes[0].start, minutes[-1].start + 60, 60))
    assert minutes[1].messages == 0


def test_the_pause_between_two_streams_is_not_filled_with_silence():
    timeline = Timeline(60)
    add(timeline, 0)
    add(timeline, STREAM_GAP + 120)
    assert len(timeline.history()) == 2


def test_what_is_packed_comes_back():
    timeline, other = Timeline(60), Timeline(60)
    for second in range(0, 600, 7):
        add(timeline, second)
    other.unpack(timeline.pack())
    assert other.history() == timeline.history()


def test_a_name_can_be_taken_out():
    timeline = Timeline(60)
    add(timeline, 0, "Anna")
    add(timeline, 1, "ben")
    timeline.rename("anna", "")
    assert set(timeline.window(ZERO + 5, 60).chatters) == {"", "ben"}


@pytest.mark.parametrize("second", [0, BUCKET - 0.001, BUCKET])
def test_a_bucket_begins_at_its_start(second):
    timeline = Timeline(60)
    assert timeline.place(ZERO + second) == ZERO + (second // BUCKET) * BUCKET
