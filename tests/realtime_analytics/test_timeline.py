"""The stream in time: what is counted is counted once, in its place, and can be taken back."""

from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hikari_ml.realtime_analytics.features import measure
from hikari_ml.realtime_analytics.timeline import BUCKET, MAX_MINUTES, STREAM_GAP, Minute, Share, Timeline
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


def test_the_crowd_is_the_window_without_what_was_said():
    timeline = Timeline(60)
    for second in range(0, 100, 5):
        add(timeline, second, f"user{second % 3}", "I love this 😂")
    crowd, window = timeline.crowd(ZERO + 99.9, 60), timeline.window(ZERO + 99.9, 60)
    assert window.topics
    assert window.cues
    assert crowd == replace(window, emotions=Counter(), cues=Counter(), topics=Counter(), lines=Counter())


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
    timeline.erase("anna")
    assert set(timeline.window(ZERO + 5, 60).chatters) == {"ben"}


def test_several_who_were_erased_are_several_people_without_names():
    timeline = Timeline(60)
    for second, name in enumerate(("anna", "ben", "carl", "Anna")):
        add(timeline, second, name)
    add(timeline, 15, "ANNA")
    for name in ("anna", "BEN", "stranger"):
        timeline.erase(name)
    window = timeline.window(ZERO + 20, 60)
    assert set(window.chatters) == {"carl"}
    assert (window.messages, window.people) == (5, 3)
    assert timeline.known()[0].chatters == 3


@pytest.mark.parametrize("second", [0, BUCKET - 0.001, BUCKET])
def test_a_bucket_begins_at_its_start(second):
    timeline = Timeline(60)
    assert timeline.place(ZERO + second) == ZERO + (second // BUCKET) * BUCKET


def test_one_person_in_two_spellings_is_one_chatter():
    timeline = Timeline(60)
    add(timeline, 0, "Anna")
    add(timeline, 1, "anna")
    assert timeline.window(ZERO + 5, 60).people == 1


@pytest.mark.parametrize("end", [600, 601, 604.5, 609.9])
def test_the_rate_is_the_true_one_whenever_it_is_asked_for(end):
    timeline = Timeline(60)
    for i in range(int(end * 5)):
        add(timeline, i / 5, f"user{i % 9}")
    assert timeline.rate(ZERO + end) == pytest.approx(300, rel=0.01)


def test_a_late_message_finds_its_place_however_long_the_lateness():
    timeline = Timeline(2 * 3600)
    add(timeline, 3 * 3600)
    assert add(timeline, 3600 + 30) is not None
    add(timeline, 3 * 3600 + 90)
    assert add(timeline, 3600 + 95) is not None
    assert [m.messages for m in timeline.known()] == [1, 1, 1, 1]


def test_a_minute_in_two_parts_is_one_minute():
    before, after = Timeline(60), Timeline(60)
    for second in (0, 10, 20):
        add(before, second)
    after.unpack(before.pack())
    for second in (30, 40):
        add(after, second, "ben", "I love this 😂")
    (minute,) = after.known()
    assert (minute.messages, minute.chatters) == (5, 2)
    add(after, 3 * 3600)
    assert after.known()[0] == minute, "also once it has become history"


def test_the_running_stream_is_padded_with_silence_up_to_now():
    timeline = Timeline(60)
    for minute in range(10):
        add(timeline, minute * 60 + 5)
    found = timeline.current(ZERO + 15 * 60 + 30, 100)
    assert [m.messages for m in found] == [1] * 10 + [0] * 5
    assert [m.start for m in found] == [ZERO + 60 * i for i in range(15)]
    assert [m.messages for m in timeline.current(ZERO + 15 * 60, 7)] == [1, 1, 0, 0, 0, 0, 0]


def test_after_half_an_hour_of_silence_no_stream_runs():
    timeline = Timeline(60)
    for minute in range(10):
        add(timeline, minute * 60 + 5)
    assert timeline.current(ZERO + 39 * 60, 100) != []
    assert timeline.current(ZERO + 41 * 60, 100) == []
    add(timeline, 100 * 60)
    add(timeline, 101 * 60)
    assert [m.messages for m in timeline.current(ZERO + 102 * 60, 100)] == [1, 1], "the next is another"


def test_the_stream_before_a_restart_is_the_same_one_if_it_was_just_now():
    before, after = Timeline(60), Timeline(60)
    for minute in range(10):
        add(before, minute * 60 + 5)
    after.unpack(before.pack())
    assert len(after.current(ZERO + 12 * 60, 100)) == 12
    assert after.current(ZERO + 86_400, 100) == []


def test_summed_up_minutes_follow_what_is_added_and_taken_back():
    timeline = Timeline(60)
    share = add(timeline, 5)
    assert timeline.known()[0].messages == 1
    add(timeline, 6)
    assert timeline.known()[0].messages == 2
    timeline.retract(share)
    assert timeline.known()[0].messages == 1


def test_older_minutes_that_are_read_later_are_put_in_order():
    timeline = Timeline(60)
    timeline.unpack([Minute(120, 1, 1, 0, 0, 0, 0, None), Minute(60, 2, 1, 0, 0, 0, 0, 0.5)])
    timeline.unpack([Minute(60, 2, 1, 0, 0, 0, 0, 1.0)])
    assert [(m.start, m.messages, m.mood) for m in timeline.known()] == [(60, 4, 0.75), (120, 1, None)]


def test_history_ends_after_two_weeks():
    timeline = Timeline(60)
    timeline.unpack([Minute(60 * i, 1, 1, 0, 0, 0, 0, None) for i in range(MAX_MINUTES + 5)])
    assert len(timeline.known()) == MAX_MINUTES
    assert timeline.known()[0].start == 300


def test_a_short_line_is_counted_and_taken_back_like_any_word():
    timeline = Timeline(60)
    shares = [add(timeline, second, f"user{second}", text) for second, text in enumerate(["GG", "gg!", "W"])]
    assert timeline.window(ZERO + 20, 60).lines == {"gg": 2, "w": 1}
    timeline.retract(shares[0])
    timeline.retract(shares[2])
    assert timeline.window(ZERO + 20, 60).lines == {"gg": 1}


def test_an_erasure_takes_short_lines_of_the_erased_and_about_them():
    timeline = Timeline(60)
    add(timeline, 0, "anna_b", "GG")
    add(timeline, 15, "ben", "hi anna_b")
    add(timeline, 16, "ben", "hi anna")
    timeline.erase("Anna_B")
    assert timeline.window(ZERO + 20, 60).lines == {"hi anna": 1}
