"""A content is placed among the others, and only where there are others."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hikari_ml.realtime_analytics.trials.contents import FEWEST, MAX_CONTENTS, Contents

numbers = st.floats(-1e6, 1e6)


def filled(values, metric="viewers"):
    contents = Contents()
    for i, value in enumerate(values):
        contents.judge(f"stream-{i}", {metric: value})
    return contents


def test_with_few_others_there_is_no_percentile():
    found = filled([100, 200]).judge("new", {"viewers": 150})
    assert found["percentile"] is None
    assert not found["is_top_performer"]
    assert found["recommendations"] == ["2 more contents are needed before this one can be ranked"]
    assert 0 <= found["performance_score"] <= 1


def test_the_best_of_many_is_a_top_performer():
    found = filled(range(10)).judge("new", {"viewers": 99})
    assert found["percentile"] == pytest.approx(11 / 12)
    assert found["is_top_performer"]
    assert "among its best" in found["recommendations"][0]


def test_a_percentile_is_drawn_to_the_middle_while_others_are_few():
    places = [filled(range(n)).judge("new", {"viewers": 1e6})["performance_score"] for n in (0, 1, 4, 100)]
    assert places == pytest.approx([1 / 2, 2 / 3, 5 / 6, 101 / 102])


def test_it_is_said_how_little_few_others_tell():
    few = filled(range(6)).judge("new", {"viewers": 3.5})
    low, high = few["likely_range"]
    assert low < few["percentile"] < high
    assert "only 6 others have viewers" in few["recommendations"][0]
    assert f"between {100 * low:.0f} and {100 * high:.0f}" in few["recommendations"][0]
    many = filled(range(200)).judge("new", {"viewers": 99.5})
    assert many["likely_range"][1] - many["likely_range"][0] < 0.15
    assert many["recommendations"] == []
    assert filled([]).judge("first", {"viewers": 3})["likely_range"] == [0, 1]


def test_it_is_said_among_how_many_it_was_ranked():
    contents = filled(range(100))
    for i in range(4):
        contents.judge(f"clip-{i}", {"laughs": i})
    one = contents.judge("new", {"laughs": 9})
    assert one["recommendations"][0].startswith("only 4 others have laughs: ")
    contents.judge("new", {"laughs": 9, "viewers": 9})
    assert contents.judge("other", {"laughs": 2.5})["recommendations"][0].startswith("only 5 others have")


def test_the_middle_is_the_middle():
    found = filled([1, 2, 3, 4]).judge("new", {"viewers": 2.5})
    assert found["percentile"] == 0.5
    assert not found["is_top_performer"]


def test_the_weakest_metric_is_named_with_its_numbers():
    contents = Contents()
    for i in range(6):
        contents.judge(f"s{i}", {"viewers": 100 + i, "retention": 0.4 + i / 100})
    found = contents.judge("new", {"viewers": 110, "retention": 0.1})
    assert any(
        "retention is below this channel's median (0.1 against 0.425)" in r for r in found["recommendations"]
    )


def test_judging_again_does_not_compare_a_content_with_itself():
    contents = filled([1, 2, 3, 4, 5])
    assert contents.judge("stream-4", {"viewers": 9})["compared_with"] == 4


def test_metrics_nobody_else_has_are_said_to_be_so():
    found = filled([1, 2, 3, 4, 5]).judge("new", {"laughs": 3})
    assert found["percentile"] is None
    assert "same names" in found["recommendations"][0]


def test_the_oldest_makes_room():
    contents = filled(range(MAX_CONTENTS + 5))
    assert len(contents.pack()) == MAX_CONTENTS
    assert "stream-0" not in contents.pack()


def test_what_is_packed_comes_back():
    contents, other = filled([1, 2, 3, 4, 5]), Contents()
    other.unpack(contents.pack())
    assert other.judge("new", {"viewers": 3}) == contents.judge("new", {"viewers": 3})


@given(st.lists(numbers, max_size=12), numbers)
def test_scores_are_shares(others, value):
    found = filled(others).judge("new", {"viewers": value})
    assert 0 <= found["performance_score"] <= 1
    assert (found["percentile"] is None) == (len(others) < FEWEST)
    low, high = found["likely_range"]
    assert 0 <= low <= found["performance_score"] <= high <= 1


@pytest.mark.parametrize(("low", "high"), [(1, 2), (-5, 0), (0.1, 0.9)])
def test_more_is_never_placed_lower(low, high):
    others = [0.0, 0.5, 1.0, 1.5, -3]
    assert (
        filled(others).judge("n", {"viewers": low})["percentile"]
        <= filled(others).judge("n", {"viewers": high})["percentile"]
    )
