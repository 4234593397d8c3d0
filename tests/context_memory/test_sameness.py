"""Almost the same words say the same; a number, a name, a "not" or another order do not."""

import pytest

from hikari_ml.context_memory.sameness import same_sense, sure_words


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("I love this game", "I really love this game lol"),
        ("my favourite game is Celeste", "my favorite game is Celeste!!"),
        ("I'm a nurse", "i am a nurse"),
        ("I don’t like pineapple", "tbh i do not like pineapple"),
        ("I can't stand spiders", "I cannot stand spiders"),
        ("I play bass guitar", "I actually play the bass guitar"),
        ("I have 2 cats", "I have 2 cats haha"),
        ("yeaaah I love tea", "I love tea"),
        ("I got an A in maths", "I really got an A in maths"),
        ("I have 3.5 cats", "I have 3.5 cats lol"),
        ("I LOVE A GAME", "I love game"),
    ],
)
def test_the_same(first, second):
    assert same_sense(first, second)
    assert same_sense(second, first)
    assert sure_words(first) == sure_words(second)


def test_a_sure_word_is_spelled_in_one_way():
    assert sure_words("I really luv my 2 cats, but they don't!") == ["my", "2", "cats", "but"]
    assert sure_words("I am what u are") == ["what"]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("I have 2 cats", "I have 3 cats"),
        ("my sister is visiting tomorrow", "my sister Ann is visiting tomorrow"),
        ("my sister is visiting tomorrow", "my sister An is visiting tomorrow"),
        ("I got in maths today", "I got an A in maths today"),
        ("3.5 cats", "3 5 cats"),
        ("1,000 cats", "1 000 cats"),
        ("not doing well", "not doing so"),
        ("I am doing well", "I am doing"),
        ("I love it", "I don't love it"),
        ("I love cats", "I hate cats"),
        ("my brother is Tom", "my brother is Tim"),
        ("dogs chase cats", "cats chase dogs"),
        ("I lived in Berlin", "I live in Berlin"),
        ("I love this 👍", "I love this 👎"),
        ("it is -5 degrees", "it is 5 degrees"),
        ("I love it :)", "I love it :("),
        ("I like C++", "I like C#"),
        ("I almost won today", "I won today"),
        ("do you love cats?", "do you love cats"),
        ("I have a cat", "I have cats"),
        ("it is good", "it is god"),
        ("lol", "haha"),
        ("love", "lol love"),
        ("", ""),
    ],
)
def test_another(first, second):
    assert not same_sense(first, second)
    assert not same_sense(second, first)
