"""People are taken at their own word, and only at that."""

import pytest

from hikari_ml.context_memory.relations import introduced, relations, statements


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("I love Elden Ring", [("likes", "Elden Ring")]),
        ("my favourite game is Dark Souls", [("favourite game", "Dark Souls")]),
        ("My favorite food is the ramen from home", [("favourite food", "ramen from home")]),
        ("my fav game is now Celeste", [("favourite game", "Celeste")]),
        ("my favourite movie is Now You See Me", [("favourite movie", "Now You See Me")]),
        ("My main is Lee Sin tho", [("main", "Lee Sin")]),
        ("i really hate spiders", [("dislikes", "spiders")]),
        ("i don't like pineapple", [("dislikes", "pineapple")]),
        ("i like to cook at night", [("likes", "to cook at night")]),
        ("I have two cats", [("has", "two cats")]),
        ("I'm from Brazil btw", [("comes from", "Brazil")]),
        ("my cat is called Luna", [("has cat", "Luna")]),
        ("my cats are called Momo and Kiki", [("has cats", "Momo and Kiki")]),
        ("my two dogs are named Bruno, Rex and Bello", [("has dogs", "Bruno, Rex and Bello")]),
        ("my cats' names are Momo and Kiki lol", [("has cats", "Momo and Kiki")]),
        ("my cats are British and lazy", []),
        ("my cats are called every evening", []),
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
        "my main is broken",
        "my favourite game is now",
        "now I love cats",
        "actually I love cats",
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
        ("she looks like a horse", None),
        ("My friend got a cat", None),
        ("my friend has a cat", None),
        ("I saw a dog", None),
        ('she said "my cat" lol', None),
        ("I've got a dog", "dog"),
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


def test_a_slot_may_be_spelled_in_two_ways():
    (found,) = statements("my favourite colour is red")
    assert (found.kind, found.slot) == ("favourite colour", "favourite color")


def test_what_is_no_longer_so():
    (found,) = statements("I don't live in Berlin anymore")
    assert (found.slot, found.thing, found.ends) == ("home", "Berlin", True)
    assert [found.slot for found in statements("I just lost my job") if found.ends] == ["job", "employer"]


@pytest.mark.parametrize(
    "text",
    [
        "my birthday is today!",
        "my birthday is coming up",
        "my birthday is next week",
        "my birthday is in 3 days",
        "my birthday is in May",
        "my birthday is 5/6",
        "call me crazy but I like pineapple",
        "call me old fashioned",
        "call me an idiot but I like it",
        "call me Ann if you dare",
        "my name is in the credits",
        "my name is so long",
        "I moved to ranked",
        "I moved to Diamond last season",
        "I moved to Valorant from CS",
        "we moved to another server",
        "I live in Minecraft lately",
        "I live in hoodies",
        "in my dream, I moved to Mars",
        "in my dream, I moved to Oslo",
        "I had a dream, I moved to Oslo",
        "she said, I moved to Oslo",
        "I moved to Oslo in 2005",
        "we moved to Oslo when I was 5",
        "we moved to Oslo, when I was 5",
        "when I was 5, we moved to Oslo",
        "back in 2005, I moved to Oslo",
        "I moved to Oslo two years ago",
        "I live in Oslo in the sims",
        "i work as hard as i can",
        "I work as a team player",
        "I work as a nurse on weekends",
        "I work for money",
        "I work for a living",
        "I work at 5am tomorrow",
        "I work at Google on weekends",
        "I got married in Stardew Valley",
        "we got divorced in the sims lmao",
        "I'm married to Elden Ring",
        "my dog is called a good boy by everyone",
        "I'm 5 years old at heart",
        "my favourite game is on sale",
        "I quit my job in the sims",
        "I quit my job in 2005",
        "call me Crazy but I like it",
        "call me Tomorrow",
        "I live in Rocket League",
        "I moved to Mid",
        "I moved to Oslo with my gf last year in a video game",
        "I moved to Oslo and had kids in Stardew Valley",
        "lol I moved to Mars in Surviving Mars",
    ],
)
def test_what_fills_no_slot(text):
    assert [found.slot for found in statements(text) if found.slot] == []


@pytest.mark.parametrize(
    ("text", "slot", "thing"),
    [
        ("my birthday is May 5th", "birthday", "May 5th"),
        ("my birthday is the 5th of May btw", "birthday", "May 5th"),
        ("my birthday is on 5 may!", "birthday", "May 5th"),
        ("my birthday is 22.05.1990", "birthday", "May 22nd"),
        ("call me Ann, everyone does", "name", "Ann"),
        ("my name is Anna Lee lol", "name", "Anna Lee"),
        ("i live in munich", "home", "munich"),
        ("i live in paris btw", "home", "paris"),
        ("I live in Frankfurt am Main with my gf", "home", "Frankfurt am Main"),
        ("I live in the UK now", "home", "UK"),
        ("well, I moved to New York City last month!", "home", "New York City"),
        ("I moved to Berlin in June and I love it", "home", "Berlin"),
        ("I work as a data engineer because it pays", "job", "data engineer"),
        ("I work for Spotify now", "employer", "Spotify"),
        ("I got married last week lol", "partnership", "married"),
        ("my dog is called Rex haha", "name of dog", "Rex"),
        ("my favourite food is pizza tbh", "favourite food", "pizza"),
    ],
)
def test_what_fills_a_slot(text, slot, thing):
    assert [(found.slot, found.thing) for found in statements(text) if found.slot] == [(slot, thing)]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("just moved to Tokyo", [("lives in", "Tokyo", "home")]),
        ("  finally moved to Tokyo lol", [("lives in", "Tokyo", "home")]),
        ("just got married!", [("is", "married", "partnership")]),
        ("just turned 17 today", [("is", "17 years old", "age")]),
        ("just got a new job as a nurse", [("works as", "nurse", "job")]),
        ("just moved to Diamond", [("lives in", "Diamond", None)]),
        ("just moved to Firefox", [("lives in", "Firefox", None)]),
        ("just moved to ranked", []),
        ("just moved to Tokyo?", []),
        ("moved to Tokyo", []),
        ("bro just moved to Tokyo", []),
        ("@anna just moved to Tokyo", []),
        ("just moved to Tokyo @anna", []),
        ("just got fired and he is mad", []),
        ("my brother called. just moved to Tokyo", []),
        ("just got a new highscore", []),
        ("just quit your job", []),
    ],
)
def test_a_line_may_begin_without_its_subject(text, found):
    assert [(each.kind, each.thing, each.slot) for each in statements(text)] == found


def test_without_its_subject_a_statement_stands_where_it_is_said():
    (found,) = statements("just moved to Tokyo!")
    assert "just moved to Tokyo!"[found.start : found.end] == "just moved to Tokyo"


@pytest.mark.parametrize(
    ("text", "age"),
    [
        ("I'm 17 now", "17 years old"),
        ("im 17 now lol", "17 years old"),
        ("I am now 17!", "17 years old"),
        ("I'm 17 kills now", None),
        ("I'm 5 minutes late now", None),
        ("I'm 7 now", None),
        ("I'm 17", None),
        ("I'm now 17 and 3", None),
        ("was 16 yesterday, I'm 17 now", None),
        ("I died a lot on this level, I'm 17 now", None),
        ("I'm 17 now in ranked", None),
        ("in the game, I'm 17 now", None),
    ],
)
def test_a_bare_number_is_an_age_only_where_nothing_else_is_counted(text, age):
    assert [found.thing for found in statements(text) if found.slot == "age"] == ([age] if age else [])


@pytest.mark.parametrize(
    ("text", "beside"),
    [
        ("I live in Berlin", True),
        ("I live in Berlin now", False),
        ("I moved back to Berlin", False),
        ("I work as a nurse", True),
        ("I got a new job as a nurse", False),
        ("I also work as a waiter now", True),
        ("my name is Anna", False),
    ],
)
def test_what_may_stand_beside_another(text, beside):
    (found,) = (each for each in statements(text) if each.slot)
    assert found.beside == beside


@pytest.mark.parametrize(
    "text",
    [
        "I called her twice",
        "we called her Mochi",
        "her name is mochi",
        "his name is Tom from work",
        "we named her after my mom",
    ],
)
def test_a_pronoun_that_gives_no_name(text):
    assert relations(text, "mom") == []


def test_of_a_long_line_only_the_beginning_is_read():
    assert relations("I love tea. " + "x " * 1000 + ". I love coffee") == [("likes", "tea")]
    assert relations("i am. " * 300 + "I live in Berlin") == [("lives in", "Berlin")]
