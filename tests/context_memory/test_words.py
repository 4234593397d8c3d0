"""The word index ranks by BM25."""

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hikari_ml.context_memory.words import K1, B, WordIndex, terms, words_of

TEXTS = {
    1: "I love my cats",
    2: "the cat is running from the dogs",
    3: "東京タワーが好き",
    4: "cats cats cats",
    5: "",
}


def search(index, query, k, inside=None, names=""):
    return index.search(index.asked(query, names), k, inside)


@pytest.fixture
def index():
    found = WordIndex()
    for key, text in TEXTS.items():
        found.add(key, words_of(text))
    return found


def test_word_forms_are_one_word(index):
    assert {key for key, _ in search(index, "a cat", 10)} == {1, 2, 4}
    assert [key for key, _ in search(index, "run", 10)] == [2]


def test_what_questions_are_made_of_finds_nothing_while_there_is_more(index):
    index.add(9, words_of("it is too hard for me"))
    assert {key for key, _ in search(index, "tell me about a cat", 10)} == {1, 2, 4}
    assert [key for key, _ in search(index, "me", 10)] == [9], "what is all there is counts"


def test_scores_are_bm25(index):
    (_, score), *_ = search(index, "love", 10)
    lengths = [len(terms(text)) for text in TEXTS.values()]
    mean = sum(lengths) / len(lengths)
    idf = math.log(1 + (5 - 1 + 0.5) / (1 + 0.5))
    expected = idf * 1 * (K1 + 1) / (1 + K1 * (1 - B + B * lengths[0] / mean))
    assert score == pytest.approx(expected)


def test_unspaced_scripts_are_found_by_pairs(index):
    assert [key for key, _ in search(index, "東京", 5)] == [3]


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ("猫", "猫を二匹飼っています 🐈"),
        ("猫の名前", "猫はモチといいます"),
        ("人", "人々が来た"),
        ("〆", "〆切は明日"),
        ("𠮟", "先生に𠮟られた"),
        ("hades", "Hadesが好き"),
        ("好き", "Hadesが好き"),
        ("匹", "2匹います"),
        ("2", "猫が2匹"),
        ("ハデス", "ﾊﾃﾞｽをやる"),
        ("ﾊﾃﾞｽ", "ハデスをやる"),
        ("Hades", "Ｈａｄｅｓ is great"),
        ("ｗｏｒｄ１", "word1"),
    ],
)
def test_a_word_is_found_whatever_script_stands_beside_it(query, text):
    index = WordIndex()
    index.add(1, words_of(text))
    assert [key for key, _ in search(index, query, 5)] == [1]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("猫", ["猫"]),
        ("好き", ["好", "好き"]),
        ("ねこ", ["ねこ"]),
        ("ー", ["ー"]),
        ("時々", ["時", "時々"]),
        ("the猫 running", ["猫", "run"]),
        ("カフェ・猫", ["カフ", "フェ", "猫"]),
        ("ＯＫ！", ["ok"]),
        ("고양이 café naïve", ["고양이", "café", "naïv"]),
    ],
)
def test_terms_of_other_scripts(text, found):
    assert terms(text) == found


def test_plain_text_gives_words_alone():
    assert terms("The 2 cats are running_away!!! soooo GOOD, user_1") == [
        "2",
        "cat",
        "running_away",
        "soo",
        "good",
        "user_1",
    ]


def test_a_scope_limits(index):
    assert [key for key, _ in search(index, "cats", 5, index.scope([2, 3]))] == [2]
    assert search(index, "cats", 5, index.scope([])) == []


def test_what_was_removed_is_not_found(index):
    index.remove([4, 99])
    assert 4 not in {key for key, _ in search(index, "cats", 5)}


@pytest.mark.parametrize("query", ["", "the of and", "?!", "zebra"])
def test_a_query_without_known_words_finds_nothing(index, query):
    assert search(index, query, 5) == []


def test_an_empty_index_finds_nothing():
    assert search(WordIndex(), "cats", 5) == []


def test_adding_again_replaces(index):
    index.add(1, words_of("only horses now"))
    assert 1 not in {key for key, _ in search(index, "love", 5)}
    assert 1 in {key for key, _ in search(index, "horse", 5)}


def test_what_was_removed_makes_no_word_common():
    index = WordIndex()
    for key in range(101):
        index.add(key, words_of("pizza tonight"))
    index.add(200, words_of("something else"))
    before = WordIndex()
    before.add(100, words_of("pizza tonight"))
    before.add(200, words_of("something else"))
    index.remove(range(100))
    assert search(index, "pizza", 5) == search(before, "pizza", 5) != []


def test_few_removals_count_at_once():
    index = WordIndex()
    for key in range(1, 11):
        index.add(key, words_of("pizza"))
    index.remove(range(1, 10))
    assert [key for key, _ in search(index, "pizza", 5)] == [10]


def test_postings_of_what_was_removed_go():
    index = WordIndex()
    for key in range(5000):
        index.add(key, words_of(f"pizza number{key}"))
        index.remove([key - 10])
    assert [key for key, _ in search(index, "pizza", 20)] == list(range(4990, 5000))
    assert len(index._keys) < 200
    assert len(index._postings["pizza"][0]) < 200
    assert len(index._postings) < 200
    assert [key for key, _ in search(index, "number4995", 5)] == [4995]


def chained(lines):
    index = WordIndex()
    for key, text in enumerate(lines, start=1):
        index.add(key, words_of(text), key - 1 if key > 1 else None)
    return index


def windows(index, query, reach, inside=None):
    """All windows that have a word of ``query``."""
    lines = [key for key, _ in search(index, query, 999, inside)]
    return index.search_windows(index.asked(query), 999, lines, reach, inside)


def test_a_window_is_found_by_the_words_of_its_neighbours():
    index = chained(["red apple", "yes", "blue sky", "sure", "green tea"])
    assert windows(index, "apple tea", 2)[0][0] == 3
    assert {key for key, _ in windows(index, "apple", 1)} == {1, 2}
    assert {key for key, _ in windows(index, "apple", 2)} == {1, 2, 3}
    assert {key for key, _ in search(index, "apple", 9)} == {1}


def test_windows_of_a_scope_read_only_its_lines():
    index = chained(["red apple", "yes", "blue sky"])
    assert windows(index, "apple", 2, index.scope([2, 3])) == []
    assert {key for key, _ in windows(index, "apple", 2, index.scope([1, 3]))} == {1, 3}
    assert {key for key, _ in windows(index, "apple sky", 2, index.scope(None, [1]))} == {2, 3}


def test_only_windows_of_the_given_lines_are_searched():
    index = chained(["red apple", "yes", "no", "well", "green apple"])
    assert {key for key, _ in index.search_windows(index.asked("apple"), 9, [5], 1)} == {4, 5}
    assert {key for key, _ in index.search_windows(index.asked("apple"), 9, [3, 99], 1)} == {2, 4}
    assert index.search_windows(index.asked("apple"), 9, [99], 1) == []
    assert [key for key, _ in index.search_windows(index.asked("apple"), 1, [1, 5], 1)] == [1]


def test_windows_are_given_as_keys():
    index = chained(["one", "two", "three", "four"])
    index.add(9, words_of("alone"))
    middles, lines = index.windows([2, 9, 99], 2, 0)
    assert middles.tolist() == [2, 3, 4, 9]
    assert lines.tolist() == [[0, 1, 2], [1, 2, 3], [2, 3, 4], [0, 0, 9]]
    middles, lines = index.windows([2], 2, 0, index.scope([2, 4]))
    assert middles.tolist() == [2, 4]
    assert lines.tolist() == [[0, 0, 2], [2, 0, 4]]
    assert index.windows([], 2, 0)[0].tolist() == []


def test_what_has_all_words_is_told():
    index = WordIndex()
    for key, text in enumerate(["my cat sleeps", "my cat", "cats sleep", ""], start=1):
        index.add(key, words_of(text))
    index.remove([2])
    assert index.with_all(["cat", "sleep"], [1, 2, 3, 4, 99]) == [1, 3]
    assert index.with_all(["cat", "sleep"], [3, 2]) == [3]
    assert index.with_all(["cat"], []) == []
    assert index.with_all(["zebra"], [1, 3]) == []
    assert index.with_all([], [4, 1]) == [4, 1]


def test_names_count_but_find_nothing_by_themselves():
    index = WordIndex()
    for key, text in enumerate(["anna is great", "my brother left", "I am anna's brother"], start=1):
        index.add(key, words_of(text))
    assert [key for key, _ in search(index, "brother", 9, names="anna")] == [3, 2]
    assert [key for key, _ in search(index, "anna", 9, names="anna")] == [1, 3]
    assert search(index, "sister", 9, names="anna") == []


def by_hand(index_lines, order, query, reach):
    """BM25 of windows read as one text, words weighed by the lines they stand in."""
    counts = {key: terms(index_lines[key]) for key in order}
    windows = {
        key: [t for near in order[max(0, i - reach) : i + reach + 1] for t in counts[near]]
        for i, key in enumerate(order)
    }
    asked = set(terms(query))
    windows = {key: words for key, words in windows.items() if asked & set(words)}
    mean = max(1.0, sum(map(len, windows.values())) / max(1, len(windows)))
    scores = dict.fromkeys(windows, 0.0)
    for term in asked:
        rows = sum(term in words for words in counts.values())
        idf = math.log(1 + (len(order) - rows + 0.5) / (rows + 0.5))
        for key, words in windows.items():
            many = words.count(term)
            scores[key] += idf * many * (K1 + 1) / (many + K1 * (1 - B + B * len(words) / mean))
    return {key: score for key, score in scores.items() if score > 0}


@given(st.integers(0, 10_000), st.integers(1, 3))
def test_windows_are_scored_as_if_their_lines_were_one_text(seed, reach):
    """Whatever was put between others, removed and put again, rows closed up in between."""
    rng = random.Random(seed)
    index, lines, order = WordIndex(), {}, []
    for key in range(1, 151):
        text = " ".join(rng.choices(["cat", "dog", "pizza", "boss", "tea", "the"], k=rng.randrange(5)))
        at = rng.randrange(len(order) + 1)
        before, after = order[at - 1] if at else None, order[at] if at < len(order) else None
        index.add(key, words_of(text), before, after)
        order.insert(at, key)
        lines[key] = text
        while len(order) > 20 and rng.random() < 0.7:
            index.remove([order.pop(rng.randrange(len(order)))])
    assert dict(windows(index, "cat and tea", reach)) == pytest.approx(
        by_hand(lines, order, "cat and tea", reach)
    )


@given(st.integers(0, 10_000))
def test_filled_at_once_it_is_as_if_filled_one_by_one(seed):
    rng = random.Random(seed)
    one, all_ = WordIndex(), WordIndex()
    lines = [
        (key, words_of(" ".join(rng.choices(["cat", "dog", "pizza", "the", "tea"], k=rng.randrange(6)))))
        for key in range(3, 60)
    ]
    talks = [[key for key, _ in lines if key % 3 == which] for which in (0, 1)]
    for key, words in lines:
        one.add(key, words, key - 3 if key % 3 < 2 and key > 5 else None)
    all_.fill(lines, talks)
    for index in (one, all_):
        index.add(99, words_of("cat tea tea"), talks[0][-1])
        index.remove([7, 12])
    assert search(all_, "cat or tea", 99) == search(one, "cat or tea", 99)
    for reach in (1, 2):
        assert windows(all_, "cat or tea", reach) == windows(one, "cat or tea", reach)


def test_an_index_can_be_filled_with_nothing():
    index = WordIndex()
    index.fill([], [])
    index.fill([(1, b"")], [])
    assert search(index, "cat", 5) == []
    index.add(2, words_of("a cat"))
    assert [key for key, _ in search(index, "cat", 5)] == [2]
