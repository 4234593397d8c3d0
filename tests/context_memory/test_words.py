"""The word index ranks by BM25."""

import math

import pytest

from hikari_ml.context_memory.words import K1, B, WordIndex, terms

TEXTS = {
    1: "I love my cats",
    2: "the cat is running from the dogs",
    3: "東京タワーが好き",
    4: "cats cats cats",
    5: "",
}


@pytest.fixture
def index():
    found = WordIndex()
    for key, text in TEXTS.items():
        found.add(key, text)
    return found


def test_word_forms_are_one_word(index):
    assert {key for key, _ in index.search("a cat", 10)} == {1, 2, 4}
    assert [key for key, _ in index.search("run", 10)] == [2]


def test_scores_are_bm25(index):
    (_, score), *_ = index.search("love", 10)
    lengths = [len(terms(text)) for text in TEXTS.values()]
    mean = sum(lengths) / len(lengths)
    idf = math.log(1 + (5 - 1 + 0.5) / (1 + 0.5))
    expected = idf * 1 * (K1 + 1) / (1 + K1 * (1 - B + B * lengths[0] / mean))
    assert score == pytest.approx(expected)


def test_unspaced_scripts_are_found_by_pairs(index):
    assert [key for key, _ in index.search("東京", 5)] == [3]


def test_a_scope_limits(index):
    assert [key for key, _ in index.search("cats", 5, [2, 3])] == [2]
    assert index.search("cats", 5, []) == []


def test_what_was_removed_is_not_found(index):
    index.remove([4, 99])
    assert 4 not in {key for key, _ in index.search("cats", 5)}


@pytest.mark.parametrize("query", ["", "the of and", "?!", "zebra"])
def test_a_query_without_known_words_finds_nothing(index, query):
    assert index.search(query, 5) == []


def test_an_empty_index_finds_nothing():
    assert WordIndex().search("cats", 5) == []


def test_adding_again_replaces(index):
    index.add(1, "only horses now")
    assert 1 not in {key for key, _ in index.search("love", 5)}
    assert 1 in {key for key, _ in index.search("horse", 5)}


def test_what_was_removed_makes_no_word_common():
    index = WordIndex()
    for key in range(101):
        index.add(key, "pizza tonight")
    index.add(200, "something else")
    before = WordIndex()
    before.add(100, "pizza tonight")
    before.add(200, "something else")
    index.remove(range(100))
    assert index.search("pizza", 5) == before.search("pizza", 5) != []


def test_few_removals_count_at_once():
    index = WordIndex()
    for key in range(10):
        index.add(key, "pizza")
    index.remove(range(9))
    assert [key for key, _ in index.search("pizza", 5)] == [9]


def test_postings_of_what_was_removed_go():
    index = WordIndex()
    for key in range(5000):
        index.add(key, f"pizza number{key}")
        index.remove([key - 10])
    assert [key for key, _ in index.search("pizza", 20)] == list(range(4990, 5000))
    assert len(index._keys) < 200
    assert len(index._postings["pizza"][0]) < 200
    assert len(index._postings) < 200
    assert [key for key, _ in index.search("number4995", 5)] == [4995]
