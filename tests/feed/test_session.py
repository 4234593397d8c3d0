"""A client that follows snapshot and deltas always has the state, or knows that it has not."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hikari_ml.errors import InputError
from hikari_ml.feed.session import (
    KEPT,
    KEPT_SECONDS,
    RESUME_BYTES,
    FeedState,
    apply_patch,
    merge_patch,
    same,
    without_nulls,
)

names = st.text("abc", max_size=2)
values = st.recursive(
    st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=5)
    | st.lists(st.integers(0, 1) | st.booleans() | st.floats(0, 1) | st.none(), max_size=3),
    lambda inner: st.dictionaries(names, inner, max_size=3),
    max_leaves=10,
)
states = st.dictionaries(names, values, max_size=4)


@given(states, states)
def test_a_patch_leads_from_one_state_to_the_other(old, new):
    assert same(apply_patch(old, merge_patch(old, new)), new)


@given(states)
def test_no_change_is_no_patch(state):
    assert merge_patch(state, state) == {}


@given(st.lists(states, min_size=1, max_size=12))
def test_snapshot_and_deltas_give_the_state(history):
    feed = FeedState()
    feed.update(history[0])
    (snapshot,) = feed.open()
    state, seq = snapshot["data"], snapshot["seq"]
    for new in history[1:]:
        frame = feed.update(new)
        if frame:
            assert frame["seq"] == seq + 1
            state, seq = apply_patch(state, frame["data"]), frame["seq"]
    assert state == feed.state


@given(st.lists(states, min_size=2, max_size=12), st.integers(0, 11))
def test_a_resume_tells_exactly_what_was_missed(history, left_after):
    feed, states_by_seq = FeedState(), {0: {}}
    for new in history:
        feed.update(new)
        states_by_seq[feed.seq] = feed.state
    seq = min(left_after, feed.seq)
    first, *missed = feed.open(feed.epoch, seq)
    assert first == {"type": "resumed", "epoch": feed.epoch, "seq": seq, "recovered": True}
    state = states_by_seq[seq]
    for frame in missed:
        state = apply_patch(state, frame["data"])
    assert state == feed.state


def test_what_cannot_be_told_exactly_is_a_snapshot_and_says_so():
    feed = FeedState()
    for i in range(KEPT + 10):
        feed.update({"n": i})
    for epoch, seq in (
        ("other", 5),
        (feed.epoch, 1),
        (feed.epoch, 10_000),
        (feed.epoch, "5"),
        (feed.epoch, None),
    ):
        (frame,) = feed.open(epoch, seq)
        assert frame["type"] == "snapshot"
        assert frame["recovered"] is False
        assert frame["data"] == {"n": KEPT + 9}


def test_what_is_withdrawn_is_not_told_to_who_comes_back():
    feed = FeedState()
    feed.update({"chat": ["where I live"]})
    feed.event("memory", {"content": "where I live"})
    feed.withdraw()
    feed.event("retracted", {"message_id": "m1"})
    feed.update({"chat": []})
    for seq in (0, 1):
        (frame,) = feed.open(feed.epoch, seq)
        assert (frame["recovered"], frame["data"]) == (False, {"chat": []})
    assert [frame["seq"] for frame in feed.since(1)] == [2, 3, 4], "who follows goes on"
    assert [frame["type"] for frame in feed.open(feed.epoch, 2)] == ["resumed", "event", "delta"]


def test_events_count_but_change_no_state():
    feed = FeedState()
    feed.update({"n": 1})
    event = feed.event("moment", {"reason": "clutch", "extra": None})
    assert (event["seq"], event["event"], event["data"]) == (2, "moment", {"reason": "clutch"})
    assert feed.state == {"n": 1}


def test_epochs_differ():
    assert FeedState().epoch != FeedState().epoch


def test_what_is_unknown_is_absent():
    assert without_nulls({"a": None, "b": {"c": None, "d": 1}, "e": [None]}) == {"b": {"d": 1}, "e": [None]}


@pytest.mark.parametrize(
    ("old", "new"), [(1, True), (0, 0.0), (0.0, -0.0), ([1], [True]), ([{"a": 1}], [{"a": 1.0}])]
)
def test_equal_values_that_are_written_differently_are_told(old, new):
    feed = FeedState()
    feed.update({"x": old})
    assert json.dumps(feed.update({"x": new})["data"]["x"]) == json.dumps(new)


@pytest.mark.parametrize("bad", [{"x": "\ud800"}, {"x": float("nan")}, {"x": 2**70}, {1: 2}, {"x": [{1: 2}]}])
def test_what_cannot_be_written_changes_nothing(bad):
    feed = FeedState()
    feed.update({"n": 1})
    with pytest.raises(InputError):
        feed.update(bad)
    with pytest.raises(InputError):
        feed.event("raid", bad)
    assert (feed.seq, feed.state) == (1, {"n": 1})
    assert feed.update({"n": 2})["seq"] == 2


def test_a_list_changed_in_place_is_seen():
    feed, points = FeedState(), [1]
    feed.update({"points": points})
    points.append(2)
    assert feed.update({"points": points})["data"] == {"points": [1, 2]}


def test_old_frames_are_forgotten():
    feed = FeedState()
    feed.update({"n": 1}, 0.0)
    feed.update({"n": 2}, 100.0)
    assert feed.open(feed.epoch, 0, KEPT_SECONDS)[0]["type"] == "resumed"
    assert feed.open(feed.epoch, 0, KEPT_SECONDS + 1)[0]["recovered"] is False
    assert [frame["seq"] for frame in feed.open(feed.epoch, 1, KEPT_SECONDS + 1)] == [1, 2]


def test_more_than_a_megabyte_is_not_told_again():
    feed = FeedState()
    for letter in "ab":
        feed.update({"x": letter * (RESUME_BYTES // 2)})
    assert feed.open(feed.epoch, 1)[0]["type"] == "resumed"
    assert feed.open(feed.epoch, 0)[0]["recovered"] is False


@pytest.mark.parametrize("seq", [True, -1, 2**70, 1.0, [], "0"])
def test_a_place_that_is_none_is_no_place(seq):
    feed = FeedState()
    feed.update({"n": 1})
    assert feed.open(feed.epoch, seq)[0]["recovered"] is False


def test_the_first_frame_says_what_the_feed_does():
    feed = FeedState(welcome={"interval_ms": 500})
    feed.update({"n": 1})
    assert feed.open()[0]["interval_ms"] == feed.open(feed.epoch, 1)[0]["interval_ms"] == 500
    assert feed.open()[0] is feed.open()[0], "made once for everybody"
