"""A value shows by how it is written that it fills a slot, and by what is around it that it does now."""

import pytest

from hikari_ml.context_memory.evidence import DATE, capitals, day_of, framed, holds, width_of


@pytest.mark.parametrize(
    ("slot", "value", "found"),
    [
        ("home", "Berlin now", "Berlin"),
        ("home", "the UK", "the UK"),
        ("home", "New York City Centre", "New York City"),
        ("home", "Diamond", ""),
        ("home", "munich", ""),
        ("employer", "Google lol", "Google"),
        ("employer", "money", ""),
        ("name", "Anna Lee", "Anna Lee"),
        ("name of dog", "good boy", ""),
        ("job", "a nurse now", "a nurse"),
        ("job", "hard as i can", ""),
        ("favourite food", "pizza btw", "pizza"),
        ("favourite food", "on sale", ""),
        ("main", "Lee Sin tho", "Lee Sin"),
        ("main", "ahri", ""),
        ("main", "EUW", ""),
        ("main", "Silver 2", ""),
        ("main", "Nerfed again", ""),
    ],
)
def test_what_of_a_value_is_one(slot, value, found):
    assert value[: width_of(slot, value, "I moved to")] == found


@pytest.mark.parametrize(("value", "found"), [("munich", "munich"), ("hoodies", ""), ("paris", "paris")])
def test_in_lower_case_only_a_word_that_is_lived_in_is_a_home(value, found):
    assert value[: width_of("home", value, f"i live in {value}")] == found


def test_so_many_words_with_a_capital():
    assert [capitals("Rio de Janeiro and Oslo", most) for most in (1, 2)] == [3, 14]


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("the 1st of may", "May 1st"),
        ("december 12", "December 12th"),
        ("Sept 22nd", "September 22nd"),
        ("22/05", "May 22nd"),
        ("05/05", "May 5th"),
        ("05/06", "5/6"),
        ("may 32", ""),
        ("13/13", ""),
        ("level 5", ""),
    ],
)
def test_a_day_has_one_form(text, day):
    match = DATE.match(text)
    assert match is not None
    assert day_of(match) == day


@pytest.mark.parametrize("after", ["", " now lol", " last month!", " in June", " and I love it"])
def test_what_may_follow(after):
    assert holds(after, 0, len(after))


@pytest.mark.parametrize("after", [" from CS", " in 2005", ", in the sims", " and more in a game"])
def test_what_may_not_follow(after):
    assert not holds(after, 0, len(after))


@pytest.mark.parametrize(("before", "found"), [("in a dream", True), ("hi all", False)])
def test_what_is_said_before(before, found):
    assert framed(before) == found
