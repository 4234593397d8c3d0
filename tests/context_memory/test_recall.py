"""Fusion keeps what every list agrees on."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hikari_ml.context_memory.recall import Hit, fuse, with_windows

keys = st.lists(st.integers(0, 30), unique=True, max_size=20)


def ranking(found):
    return [(key, 1.0 - i / 100) for i, key in enumerate(found)]


@given(keys, keys)
def test_nothing_is_lost_and_nothing_invented(one, other):
    hits = fuse({"a": ranking(one), "b": ranking(other)})
    assert {hit.key for hit in hits} == {*one, *other}
    assert len(hits) == len({hit.key for hit in hits})


@given(keys, keys)
def test_scores_fall_and_stay_in_range(one, other):
    scores = [hit.score for hit in fuse({"a": ranking(one), "b": ranking(other)})]
    assert scores == sorted(scores, reverse=True)
    assert all(0 < score <= 1 for score in scores)


@given(keys, keys)
def test_above_in_every_list_is_above_in_the_fusion(one, other):
    hits = [hit.key for hit in fuse({"a": ranking(one), "b": ranking(other)})]
    common = [key for key in one if key in other]
    for better in common:
        for worse in common:
            if one.index(better) < one.index(worse) and other.index(better) < other.index(worse):
                assert hits.index(better) < hits.index(worse)


@given(keys)
def test_one_list_keeps_its_order(found):
    assert [hit.key for hit in fuse({"a": ranking(found)})] == found


@given(keys, keys)
def test_the_order_of_lists_does_not_matter(one, other):
    assert [h.key for h in fuse({"a": ranking(one), "b": ranking(other)})] == [
        h.key for h in fuse({"b": ranking(other), "a": ranking(one)})
    ]


def test_first_everywhere_scores_one():
    assert fuse({"a": ranking([5, 1]), "b": ranking([5, 2])})[0].score == pytest.approx(1)


def test_a_hit_knows_where_it_came_from():
    (hit,) = fuse({"a": [(7, 0.4)], "b": [(7, 12.0)]})
    assert hit.ranks == {"a": 1, "b": 1}
    assert hit.scores == {"a": 0.4, "b": 12.0}


NEXT_TO = {1: [2], 2: [1, 3], 3: [2]}


def windowed(hits, matching):
    return with_windows(hits, lambda key: NEXT_TO.get(key, []), lambda hit: hit.key in matching)


def test_a_neighbour_of_a_match_rises_and_says_by_how_much():
    hits = [Hit(1, 0.8, {}, {"meaning": 0.9}), Hit(9, 0.75, {}, {}), Hit(2, 0.5, {}, {"meaning": 0.1})]
    found = windowed(hits, {1, 9})
    assert [hit.key for hit in found] == [1, 9, 2]
    assert found[2].score == pytest.approx(0.5 + 0.5 * 0.8 * 0.5)
    assert found[2].scores == {"meaning": 0.1, "window": 0.8}
    assert found[:2] == hits[:2]


def test_a_neighbour_nothing_found_comes_in():
    assert [hit.key for hit in windowed([Hit(3, 1.0, {}, {})], {3})] == [3, 2]


def test_the_best_neighbour_counts():
    found = windowed([Hit(1, 0.9, {}, {}), Hit(3, 0.4, {}, {})], {1, 3})
    assert next(hit for hit in found if hit.key == 2).scores["window"] == 0.9


def test_what_does_not_match_lends_nothing():
    hits = [Hit(1, 0.9, {}, {}), Hit(9, 0.1, {}, {})]
    assert windowed(hits, set()) == hits


@given(st.lists(st.floats(0, 1), min_size=4, max_size=4))
def test_windows_keep_scores_in_range_and_lower_none(scores):
    hits = [Hit(key, score, {}, {}) for key, score in enumerate(scores)]
    found = windowed(hits, {0, 1, 2, 3})
    assert all(hits[hit.key].score <= hit.score <= 1 for hit in found)
    assert [hit.score for hit in found] == sorted((hit.score for hit in found), reverse=True)
