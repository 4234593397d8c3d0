"""People are taken at their own word, and only at that."""

import pytest

from hikari_ml.context_memory.relations import relations


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
        ("I'm from Brazil btw", [("lives in", "Brazil")]),
        ("my cat is called Luna", [("has cat", "Luna")]),
        ("I study biology, and i work as a nurse", [("works as", "nurse"), ("studies", "biology")]),
        ("call me Ishmael", [("is called", "Ishmael")]),
        ("my dog Rex is 5 years old", [("has dog", "Rex")]),
        ("my mom is in hospital", [("has mom", "in hospital")]),
        ("I'm a nurse", [("is", "nurse")]),
        ("i'm vegan btw", [("is", "vegan")]),
        ("I'm a Basketball fan tbh", [("is", "Basketball fan")]),
        ("I don't like it when it rains, but I'm from Bonn", [("lives in", "Bonn")]),
        ("I am 16 years old", [("is", "16 years old")]),
        ("i speak Portuguese", [("speaks", "Portuguese")]),
        ("my birthday is on May 5th", [("has birthday", "May 5th")]),
        ("I just got a new job!", [("has", "new job")]),
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
    ],
)
def test_what_they_do_not_say(text):
    assert relations(text) == []
