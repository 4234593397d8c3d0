"""A client that follows snapshot and deltas always has the state, or knows that it has not."""

from hypothesis import given
from hypothesis import strategies as st

from hikari_ml.feed.session import KEPT, FeedState, apply_patch, merge_patch, without_nulls

values = st.recursive(
    st.booleans() | st.integers() | st.text(max_size=5) | st.lists(st.integers(), max_size=3),
    lambda inner: st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=10,
)
states = st.dictionaries(st.text(max_size=3), values, max_size=4)


@given(states, states)
def test_a_patch_leads_from_one_state_to_the_other(old, new):
    assert apply_patch(old, merge_patch(old, new)) == new


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
