"""Fusion keeps what every list agrees on."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hikari_ml.context_memory.recall import (
    OTHERS_SHARE,
    STRANGERS_SHARE,
    Hit,
    about,
    fuse,
    prefer,
    take_apart,
    with_answers,
)

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


def test_the_order_is_that_of_scores_alone_whatever_the_number_of_lists():
    lists = {name: ranking([4, 2, 9]) for name in ("a", "b", "c", "d")}
    assert [(hit.key, hit.ranks["d"]) for hit in fuse(lists)] == [(4, 1), (2, 2), (9, 3)]


ANSWERS = {1: 2, 3: 2, 4: 5}


def answered(hits, matching):
    return with_answers(hits, ANSWERS.get, lambda hit: hit.key in matching)


def test_an_answer_rises_with_its_question_and_says_by_how_much():
    hits = [Hit(1, 0.8, {}, {"meaning": 0.9}), Hit(9, 0.75, {}, {}), Hit(2, 0.5, {}, {"meaning": 0.1})]
    found = answered(hits, {1, 9})
    assert [hit.key for hit in found] == [1, 9, 2]
    assert found[2].score == pytest.approx(0.5 + 0.3 * 0.8 * 0.5)
    assert found[2].scores == {"meaning": 0.1, "answers": 0.8}
    assert found[:2] == hits[:2]


def test_an_answer_nothing_found_comes_in():
    assert [hit.key for hit in answered([Hit(4, 1.0, {}, {})], {4})] == [4, 5]


def test_a_question_that_does_not_match_lifts_nothing():
    hits = [Hit(1, 0.9, {}, {}), Hit(9, 0.1, {}, {})]
    assert answered(hits, set()) == hits


@given(st.lists(st.floats(0, 1), min_size=5, max_size=5))
def test_answers_keep_scores_in_range_and_lower_none(scores):
    hits = [Hit(key, score, {}, {}) for key, score in enumerate(scores, start=1)]
    found = answered(hits, {1, 4})
    assert all(hits[hit.key - 1].score <= hit.score <= 1 for hit in found)
    assert [hit.score for hit in found] == sorted((hit.score for hit in found), reverse=True)


def test_the_named_are_preferred_and_nobody_is_hidden():
    hits = [Hit(1, 0.9, {}, {}), Hit(2, 0.8, {}, {}), Hit(3, 0.1, {}, {})]
    found = prefer(hits, lambda key: key in {2, 3})
    assert [hit.key for hit in found] == [2, 1, 3], "a far better line of another stays above"
    assert found[1].score == pytest.approx(0.9 * OTHERS_SHARE)
    assert [hit.scores["named"] for hit in found] == [1.0, OTHERS_SHARE, 1.0]


@given(st.lists(st.floats(0.01, 1), max_size=9), st.sets(st.integers(0, 9)))
def test_a_preference_keeps_every_hit_and_the_order_of_each_side(scores, named):
    hits = [Hit(key, score, {}, {}) for key, score in enumerate(sorted(scores, reverse=True))]
    found = [hit.key for hit in prefer(hits, named.__contains__)]
    assert sorted(found) == [hit.key for hit in hits]
    for side in (True, False):
        assert [key for key in found if (key in named) == side] == [
            hit.key for hit in hits if (hit.key in named) == side
        ]


def test_who_is_asked_of_comes_by_turns_with_who_speaks_of_them():
    assert about([7, 2, 5], [(3, 4.0), (2, 1.5)]) == [(7, 0.0), (3, 4.0), (2, 1.5), (5, 0.0)]
    assert about([], [(3, 4.0)]) == [(3, 4.0)]


def test_asked_of_people_alone_what_does_not_even_name_them_comes_last():
    hits = [Hit(1, 0.9, {}, {}), Hit(2, 0.2, {}, {"words": 1.0}), Hit(3, 0.1, {}, {})]
    found = prefer(hits, lambda key: key == 3, alone=True)
    assert [(hit.key, hit.scores["named"]) for hit in found] == [
        (2, OTHERS_SHARE),
        (3, 1.0),
        (1, STRANGERS_SHARE),
    ]


KNOWN = {"anna", "s", "ben_92", "mr. snow", "what", "アンナ", "anna lee"}


@pytest.mark.parametrize(
    ("query", "text", "people"),
    [
        ("does anna have pets?", "does have pets?", {"anna"}),
        ("Anna's pets", "pets", {"anna"}),
        ("ANNA’S pets", "pets", {"anna"}),
        ("@ben_92 likes pizza", "likes pizza", {"ben_92"}),
        ("pizza with anna and ben_92", "pizza with and", {"anna", "ben_92"}),
        ("Mr. Snow plays chess", "plays chess", {"mr. snow"}),
        ("anna lee plays", "plays", {"anna lee"}),
        ("アンナ plays", "plays", {"アンナ"}),
        ("annabel has a banana", "annabel has a banana", set()),
        ("what pets", "what pets", set()),
        ("who is anna?", "anna", {"anna"}),
        ("what do you know about @anna and ben_92?", "anna ben_92", {"anna", "ben_92"}),
        ("tell me about anna's cats", "tell me about cats", {"anna"}),
        ("anna", "anna", {"anna"}),
        ("", "", set()),
        ("???", "???", set()),
    ],
)
def test_names_are_cut_from_what_is_searched(query, text, people):
    wanted = take_apart(query, KNOWN.__contains__)
    assert (wanted.text or query, wanted.people) == (text, people)


@given(st.text(max_size=40), st.sets(st.text(max_size=8)))
def test_any_query_can_be_taken_apart(query, known):
    wanted = take_apart(query, known.__contains__)
    assert wanted.people <= known
    assert bool(wanted.people) == bool(wanted.names)
    if not wanted.people:
        assert wanted.text.split() == query.split()
