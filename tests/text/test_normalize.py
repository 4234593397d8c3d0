"""Chat text is made readable without changing what it says."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hikari_ml.text.normalize import (
    clean,
    collapse_elongation,
    drop_repeats,
    for_model,
    same_statement_key,
    same_text_key,
)

any_text = st.text(st.characters(codec=None), max_size=200)


@pytest.mark.parametrize(
    ("raw", "cleaned"),
    [
        ("a\u200bb", "ab"),
        ("f\u200cu\u200dn", "fun"),
        ("LUL \U000e0000", "LUL"),
        ("\u202eevil", "evil"),
        ("a\ud800b", "ab"),
        ("one\t two\n\nthree", "one two three"),
        ("  ", ""),
        ("cafe\u0301", "café"),
    ],
)
def test_what_nobody_sees_goes(raw, cleaned):
    assert clean(raw) == cleaned


@pytest.mark.parametrize("kept", ["👩‍👩‍👧", "❤️", "👍🏽", "🏴󠁧󠁢󠁳󠁣󠁴󠁿", "می‌خواهم", "क्‍ष", "日本語 テスト"])
def test_what_a_script_or_an_emoji_needs_stays(kept):
    assert clean(kept) == kept


@given(any_text)
def test_cleaning_twice_changes_nothing_more(text):
    assert clean(clean(text)) == clean(text)


@given(any_text)
def test_cleaned_text_has_a_utf8_form_and_no_double_space(text):
    cleaned = clean(text)
    cleaned.encode()
    assert "  " not in cleaned
    assert cleaned == cleaned.strip()


@pytest.mark.parametrize(
    ("raw", "spoken"),
    [
        ("soooooo goooood!!!!!!", "soo good!!!"),
        ("LUL LUL LUL LUL LUL LUL", "LUL LUL LUL"),
        ("@anna look https://example.com/x?y=1", "@user look http"),
        ("nice 🔥🔥🔥🔥🔥", "nice fire fire"),
        ("👍🏽", "thumbs up"),
        ("me@example.com", "me@example.com"),
        ("7777777", "7777777"),
    ],
)
def test_the_model_reads_one_form_of_many(raw, spoken):
    assert for_model(clean(raw)) == spoken


def test_case_and_words_are_left_to_the_model():
    assert for_model("NO you did not") == "NO you did not"


@given(st.lists(st.sampled_from(["a", "b", "LUL"]), max_size=30))
def test_no_word_follows_itself_more_than_three_times(words):
    kept = drop_repeats(" ".join(words)).split()
    assert all(len(set(kept[i : i + 4])) > 1 for i in range(len(kept) - 3))


def test_elongation_ends_at_two_letters_and_three_marks():
    assert collapse_elongation("noooo") == "noo"
    assert collapse_elongation("what?????") == "what???"
    assert collapse_elongation("book") == "book"


@pytest.mark.parametrize(
    ("one", "other"),
    [("Hello, World!", "hello world"), ("noooooo", "noooo"), ("a\u200bb", "ab"), ("GG  WP", "gg wp")],
)
def test_the_same_line_has_the_same_key(one, other):
    assert same_text_key(one) == same_text_key(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [("I have 2 cats", "I have 3 cats"), ("?!", "!!"), ("😀", "😢"), ("god", "good"), ("yes", "no")],
)
def test_different_lines_have_different_keys(one, other):
    assert same_text_key(one) != same_text_key(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Hello World!", "hello world"),
        ("hello world...", "hello  world"),
        ("noooooo", "noooo"),
        ("a\u200bb", "ab"),
        ("ＧＧ", "gg"),
        ("I ❤️ tea", "I ❤ tea"),
        ("Straße", "STRASSE"),
        ("cafe\u0301", "CAFÉ"),
    ],
)
def test_the_same_statement_has_the_same_key(one, other):
    assert same_statement_key(one) == same_statement_key(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("I love C++", "I love C#"),
        ("I love C++", "I love C"),
        ("pizza 👍", "pizza 👎"),
        ("pizza 👍", "pizza"),
        ("दिन", "दान"),
        ("you came", "you came?"),
        ("let's eat, grandma", "let's eat grandma"),
        ("1.5", "15"),
        ("-5 degrees", "5 degrees"),
        ("!!", "?!"),
        ("god", "good"),
    ],
)
def test_different_statements_have_different_keys(one, other):
    assert same_statement_key(one) != same_statement_key(other)


@given(any_text)
def test_a_statement_has_the_key_of_its_key(text):
    assert same_statement_key(same_statement_key(text)) == same_statement_key(text)
