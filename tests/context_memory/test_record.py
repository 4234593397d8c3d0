"""What is stored is checked on the way in and comes out as it was."""

import math

import msgpack
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hikari_ml.context_memory.record import (
    MAX_SAID,
    Record,
    check_content,
    check_importance,
    check_metadata,
    check_type,
    from_ms,
    public_id,
    same_key,
    to_ms,
)
from hikari_ml.errors import InputError
from tests.support import at

json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(
    st.dictionaries(
        st.text().filter(lambda name: name not in ("user", "conversation")), json_values, max_size=4
    )
)
def test_a_record_comes_back_as_it_was(metadata):
    record = Record(7, "mem-7", "hi", "fact", check_metadata(metadata), 0.25, "episodic", 1, 2, 3, 4, 5)
    assert Record.unpack(7, record.pack()) == record


@pytest.mark.parametrize("content", ["", "  ", None, 5, b"x", "x" * 100_001])
def test_content_is_text(content):
    with pytest.raises(InputError, match="content"):
        check_content(content)


def test_lone_surrogates_are_replaced():
    assert check_content("a\ud800b").encode()


@pytest.mark.parametrize("importance", [-0.1, 1.1, math.nan, math.inf, "0.5", None, True])
def test_importance_is_a_share(importance):
    with pytest.raises(InputError, match="importance"):
        check_importance(importance)


@pytest.mark.parametrize(
    ("metadata", "field"),
    [
        ([1], "metadata"),
        ({1: "x"}, "metadata"),
        ({"a": math.nan}, "metadata.a"),
        ({"a": object()}, "metadata.a"),
        ({"a": {"b": {1, 2}}}, "metadata.a.b"),
        ({"a": 2**70}, "metadata.a"),
        ({"user": 5}, "metadata.user"),
        ({"conversation": ["x"]}, "metadata.conversation"),
        ({"user": "an\ud800na"}, "metadata.user"),
        ({"user": " "}, "metadata.user"),
        ({"user": "x" * 201}, "metadata.user"),
        ({"conversation": "c\ud800"}, "metadata.conversation"),
        ({"na\ud800me": 1}, "metadata"),
        ({"a": {"na\ud800me": 1}}, "metadata"),
    ],
)
def test_metadata_is_plain_and_named_where_it_is_not(metadata, field):
    with pytest.raises(InputError) as caught:
        check_metadata(metadata)
    assert caught.value.field == field


def test_metadata_that_never_ends_is_refused():
    endless = {}
    endless["self"] = endless
    with pytest.raises(InputError, match="nest"):
        check_metadata(endless)


def test_metadata_nested_beyond_reason_is_refused():
    deep = {}
    for _ in range(2000):
        deep = {"a": deep}
    with pytest.raises(InputError, match="nest"):
        check_metadata(deep)


@pytest.mark.parametrize("value", ["x" * 1_000_001, [0] * 50_001, [{"b": 1}] * 25_001])
def test_metadata_is_bounded(value):
    with pytest.raises(InputError, match=r"metadata\.a.*at most 1,000,000"):
        check_metadata({"a": value})
    assert check_metadata({"a": value[:20_000]}) == {"a": value[:20_000]}
    with pytest.raises(InputError, match="at most 1,000,000"):
        check_metadata({"a": {"x" * 999_990: 1}})


def test_lone_surrogates_in_values_are_replaced_as_in_contents():
    assert check_metadata({"topic": "a\ud800b", "list": ["\udfff"]}) == {"topic": "a?b", "list": ["?"]}


@pytest.mark.parametrize("kind", ["", " ", "x" * 101, 5, None, "fa\ud800ct"])
def test_a_type_is_a_name(kind):
    with pytest.raises(InputError, match="memory_type"):
        check_type(kind)


def test_an_empty_user_or_conversation_is_none():
    record = Record(1, "mem-1", "hi", "fact", {"user": "", "conversation": ""}, 0.5, "episodic", 1, 2)
    assert (record.user, record.conversation) == (None, None)


@pytest.mark.parametrize(
    ("one", "other"), [("I love C++", "I love C#"), ("pizza 👍", "pizza 👎"), ("दिन", "दान")]
)
def test_what_differs_by_a_symbol_is_not_the_same(one, other):
    assert same_key(one, "fact", "anna") != same_key(other, "fact", "anna")


def test_the_same_words_of_the_same_user_are_one():
    assert same_key("Hello World!", "fact", "anna") == same_key("hello   world", "fact", "ANNA")
    assert len({same_key("hi", k, u) for k in ("fact", "x") for u in ("anna", "ben", None)}) == 6


def test_ids_differ():
    assert len({public_id(k, c, t) for k in (1, 2) for c in ("a", "b") for t in (5, 6)}) == 8


def test_times_are_kept_to_the_millisecond():
    assert from_ms(to_ms(at(1.234))) == at(1.234)


@pytest.mark.parametrize(
    ("content", "asks"), [("who?", True), ("what? ok", True), ("誰？", True), ("ok!", False)]
)
def test_a_record_knows_whether_it_asks(content, asks):
    assert Record(1, "mem-1", content, "fact", {}, 0.5, "episodic", 1, 2).asks == asks


def test_a_row_of_an_earlier_version_is_read():
    row = ["mem-1", "hi", "fact", {"user": "anna"}, 0.5, "episodic", 10, 20, 3, 4, 5]
    found = Record.unpack(1, msgpack.packb(row))
    assert (found.episode, found.arousal, found.said, found.times_said) == (5, 0.0, (), (10,))
    assert Record.unpack(1, found.pack()) == found


def test_when_something_was_said():
    found = Record(1, "mem-1", "hi", "fact", {}, 0.5, "episodic", 10, 10)
    for moment in (30, 5, 20):
        found.say(moment)
    assert (found.said, found.created_at) == ((5, 10, 20, 30), 5)
    assert Record.unpack(1, found.pack()) == found
    found.unsay()
    assert found.said == (5, 10, 20)
    for moment in range(100, 200):
        found.say(moment)
    assert (len(found.said), found.said[0], found.said[-1]) == (MAX_SAID, 5, 199)
    once = Record(1, "mem-1", "hi", "fact", {}, 0.5, "episodic", 10, 10)
    once.unsay()
    assert once.times_said == (10,)
