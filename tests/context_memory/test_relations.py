"""People are taken at their own word, and only at that."""

import pytest

from hikari_ml.context_memory.relations import introduced, relations, statements


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("I love Elden Ring", [("likes", "Elden Ring")]),
        ("my favourite game is Dark Souls", [("favourite game", "Dark Souls")]),
        ("My favorite food is the ramen from home", [("favourite food", "ramen from home")]),
        ("i really hate spiders", [("dislikes", "spiders")]),
        ("i don't like pineapple", [("dislikes", "pineapple")]),
        ("i like to cook at night", [("likes", "to cook at night")]),
        ("I have two cats", [("has", "two cats")]),
        ("I'm from Brazil btw", [("comes from", "Brazil")]),
        ("my cat is called Luna", [("has cat", "Luna")]),
        ("I study biology, and i work as a nurse", [("studies", "biology"), ("works as", "nurse")]),
        ("call me Ishmael", [("is called", "Ishmael")]),
        ("my dog Rex is 5 years old", [("has dog", "Rex")]),
        ("my mom is in hospital", [("has mom", "in hospital")]),
        ("I'm a nurse", [("is", "nurse")]),
        ("i'm vegan btw", [("is", "vegan")]),
        ("I'm a Basketball fan tbh", [("is", "Basketball fan")]),
        ("I don't like it when it rains, but I'm from Bonn", [("comes from", "Bonn")]),
        ("I am 16 years old", [("is", "16 years old")]),
        ("i speak Portuguese", [("speaks", "Portuguese")]),
        ("my birthday is on May 5th", [("has birthday", "May 5th")]),
        ("I just got a new job!", [("has", "new job")]),
        ("I just got engaged!!", [("is", "engaged")]),
        ("we got married in June", [("is", "married")]),
        ("I turned 30 today", [("is", "30 years old")]),
        ("I moved to Berlin two years ago", [("lives in", "Berlin")]),
        ("i just moved to munich with my gf", [("lives in", "munich")]),
        ("I'm living in the UK these days", [("lives in", "UK")]),
        ("moving to Berlin next month!", [("moves to", "Berlin")]),
        ("i'm gonna move to Oslo soon", [("moves to", "Oslo")]),
        ("I live in Berlin and I love cats", [("lives in", "Berlin"), ("likes", "cats")]),
        ("I got a new job as a nurse", [("works as", "nurse")]),
        ("I work at Google", [("works at", "Google")]),
        ("i quit my job today", [("left", "job")]),
        ("my cats name is Luna", [("has cat", "Luna")]),
        ("I got a new cat, her name is Mochi", [("has", "new cat"), ("has cat", "Mochi")]),
        ("my main game is Valorant now", [("main game", "Valorant")]),
        ("My wife and I are expecting a baby", [("expects", "baby")]),
        ("yes, i play bass guitar lol", [("plays", "bass guitar")]),
    ],
)
def test_what_they_say_of_themselves(text, found):
    assert relations(text) == found


@pytest.mark.parametrize(
    "text",
    [
        "do you love Elden Ring?",
        "he said I like pizza",
        "she loves cats",
        "i love it",
        "I'm a bit tired",
        "IM A LIE",
        "I'm a pig, cause I'm delicious",
        "my mom is going to be upset",
        "Quote #112: 'Don't engage, I'm married, I'm married' [Diablo III]",
        "i'm a huge fan",
        "i am married to the game?",
        "I have a question.",
        'Added quote #129: "They are fine. I like smashing garlic."',
        "Cats are insane, Cherry. I have 4 and can't keep up.",
        "i really like your stream",
        "",
        "I like a very long list of things that nobody would ever call one thing",
        "I live in a society",
        "I live in your walls",
        "I'm from a small town",
        "I live in the moment",
        "i moved to the next level",
        "moving to the left side now",
        "I moved to linux",
        "if I live in Berlin, so what",
        "I don't live in Berlin anymore",
        "I used to live in Berlin",
        "I work from home",
        "i work at night",
        "I'm engaged in a war",
        "i'm single handedly winning this",
        "call me maybe",
        "her name is Mochi",
    ],
)
def test_what_they_do_not_say(text):
    assert relations(text) == []


def test_a_pronoun_stands_for_who_was_spoken_of():
    assert relations("her name is Mochi", "cat") == [("has cat", "Mochi")]
    assert relations("we named him Rex lol", "dog") == [("has dog", "Rex")]
    assert relations("my dog is here. her name is Mochi", "cat")[-1] == ("has dog", "Mochi")
    assert relations("her name is so weird", "cat") == []


@pytest.mark.parametrize(
    ("text", "who"),
    [
        ("I got a new cat", "cat"),
        ("my little brother is here", "brother"),
        ("we adopted another dog!", "dog"),
        ("my cat hates my dog", None),
        ("do you have a cat?", None),
        ("cats are great", None),
    ],
)
def test_who_is_spoken_of(text, who):
    assert introduced(text) == who


@pytest.mark.parametrize(
    ("text", "slots"),
    [
        ("my cat's name is Luna", ["name of cat"]),
        ("my cat Luna is cute", [None]),
        ("my brother is called Tom", [None]),
        ("I got a new cat, her name is Mochi", [None, None]),
        ("my favourite game was Celeste", [None]),
        ("I'm 16 years old", ["age"]),
        ("I'm vegan", [None]),
        ("I'm divorced", ["partnership"]),
    ],
)
def test_of_what_people_have_one_at_a_time(text, slots):
    assert [found.slot for found in statements(text)] == slots


def test_what_is_no_longer_so():
    (found,) = statements("I don't live in Berlin anymore")
    assert (found.slot, found.thing, found.ends) == ("home", "Berlin", True)
    assert [found.slot for found in statements("I just lost my job") if found.ends] == ["job", "employer"]
