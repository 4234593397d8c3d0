"""Almost the same words say the same; a number, a name, a "not" or another order do not."""

import pytest

from hikari_ml.context_memory.sameness import same_sense, sure_words
from hikari_ml.context_memory.words import WordIndex, words_of


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
        ("I bought 2.5kg of rice", "I just bought 2.5 kg of rice"),
        ("my class starts at 7.30pm daily", "my class actually starts at 7.30pm daily"),
        ("I weigh 1,5kg more & more", "I really weigh 1,5kg more & more"),
        ("I play Skyrim™ daily", "I really play Skyrim™ daily"),
        ("I love the cafe\u0301 here", "I really love the caf\u00e9 here"),
        ("ｶﾀｶﾅ 好き だよ", "ｶﾀｶﾅ 好き だよ lol"),
        ("Mmm that cake is good", "mmm that cake is really good"),
        ("Ooof that run hurt", "ooof that run really hurt"),
    ],
)
def test_the_same(first, second):
    assert same_sense(first, second)
    assert same_sense(second, first)
    for one, other in ((first, second), (second, first)):
        index = WordIndex()
        index.add(1, words_of(one))
        assert index.with_all(sure_words(other), [1]) == [1], "the word index finds who says the same"


def test_a_sure_word_is_spelled_in_one_way():
    assert sure_words("I really luv my 2 cats, but they don't!") == ["my", "2", "cats", "but"]
    assert sure_words("I am what u are") == ["what"]
    assert sure_words("hmmm 2.5kg of rice") == ["of", "rice"]
    assert sure_words("I love my café") == []


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
