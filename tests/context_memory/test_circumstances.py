"""What must be known of a life is taken from those who say it in earnest, and from nobody who jokes."""

import pytest

from hikari_ml.context_memory.relations import relations, statements


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("I'm pregnant", ("is", "pregnant")),
        ("i'm 5 months pregnant btw", ("is", "pregnant")),
        ("I'm pregnant with twins!", ("is", "pregnant")),
        ("I'm deaf", ("is", "deaf")),
        ("I'm deaf in one ear, so subtitles please", ("is", "deaf")),
        ("I am legally blind", ("is", "blind")),
        ("I'm autistic and I love trains", ("is", "autistic")),
        ("im lactose intolerant", ("is", "lactose intolerant")),
        ("I have diabetes", ("has", "diabetes")),
        ("I have type 1 diabetes", ("has", "type 1 diabetes")),
        ("I was diagnosed with ADHD last year", ("has", "ADHD")),
        ("I've just been diagnosed with breast cancer", ("has", "breast cancer")),
        ("I'm allergic to peanuts", ("is allergic to", "peanuts")),
        ("i'm severely allergic to cats lol", ("is allergic to", "cats")),
        ("I'm allergic to anything with nuts", ("is allergic to", "nuts")),
        ("I'm allergic to herring", ("is allergic to", "herring")),
        ("we had a baby!", ("has", "baby")),
        ("my daughter was born yesterday", ("has", "daughter")),
        ("my grandma passed away this morning", ("mourns", "grandma")),
        ("my mom died of cancer last year", ("mourns", "mom")),
        ("my best friend passed away", ("mourns", "friend")),
        ("my cat died :(", ("mourns", "cat")),
        ("my dog Rex passed away", ("mourns", "Rex")),
        ("we broke up", ("parted from", "partner")),
        ("my dog Lulu passed away", ("mourns", "Lulu")),
        ("my dog Rex just died", ("mourns", "Rex")),
        ("my dog Rex has passed away", ("mourns", "Rex")),
        ("my boyfriend Tom just dumped me", ("parted from", "boyfriend")),
        ("my wife and I have broken up", ("parted from", "wife")),
        ("I'm pregnant, singing lullabies already", ("is", "pregnant")),
        ("my gf broke up with me", ("parted from", "girlfriend")),
        ("my girlfriend and I broke up", ("parted from", "girlfriend")),
        ("I was so done and I broke up with my gf", ("parted from", "girlfriend")),
        ("I got fired", ("left", "job")),
    ],
)
def test_what_must_be_known_of_them(text, found):
    assert relations(text)[0] == found


@pytest.mark.parametrize(
    "text",
    [
        "I'm dead",
        "I'm dead lol",
        "I'm blind lol I missed that",
        "lol I'm blind",
        "I'm blind to your charms",
        "I'm deaf after that scream",
        "I'm pregnant with rage",
        "I have cancer from this chat",
        "I have ADHD haha",
        "I have depression because of this boss lol",
        "I have PTSD from that boss",
        "in my dream, I'm pregnant",
        "I'm pregnant in the sims",
        "she said I'm deaf",
        "are you saying I'm deaf?",
        "I'm allergic to losing",
        "I'm allergic to work",
        "I'm allergic to stupidity",
        "I'm allergic to everything",
        "I'm allergic to bad takes",
        "I'm allergic to gold rank",
        "my partner died",
        "my horse died",
        "I had a baby in the sims",
        "my cat died lol",
        "my cat died in Minecraft",
        "my horse died to the boss",
        "my friend died",
        "my son passed",
        "we broke up the fight",
        "we broke up and got back together",
        "we broke up in high school",
        "we almost broke up",
        "my ex is mad, we broke up",
        "we broke up because he cheated",
        "I got fired up",
        "I got fired at by the boss",
        "I got fired from a cannon",
        "I got fired so many times",
        "I got fired once",
        "I got fired in 2015",
        "I got fired last year",
        "I got laid",
        "if I got fired I would cry",
        "I was fired",
    ],
)
def test_what_is_a_joke_a_game_or_the_past(text):
    assert statements(text) == []


@pytest.mark.parametrize("text", ["my dog Rex just died", "my boyfriend Tom just dumped me"])
def test_who_is_lost_is_not_had_by_the_same_line(text):
    assert not [kind for kind, _ in relations(text) if kind.startswith("has ")]


def ends(text):
    return [(found.slot, found.thing) for found in statements(text) if found.ends]


@pytest.mark.parametrize(
    ("text", "slots"),
    [
        ("I got fired", [("job", ""), ("employer", "")]),
        ("I got laid off today", [("job", ""), ("employer", "")]),
        ("I've just been laid off", [("job", ""), ("employer", "")]),
        ("I got fired from my job", [("job", ""), ("employer", "")]),
        ("I got fired from Google lol", [("employer", "Google")]),
        ("we broke up", [("partnership", "married"), ("partnership", "engaged")]),
        ("I broke up with my boyfriend", [("partnership", "engaged")]),
        ("I dumped my husband", [("partnership", "married"), ("partnership", "engaged")]),
        ("my fiancé Tom broke up with me", [("partnership", "engaged"), ("name of fiancé", "Tom")]),
        ("my dog Rex passed away", [("name of dog", "Rex")]),
        ("my cat died", []),
        ("my brother Tom died", []),
    ],
)
def test_what_is_so_no_longer(text, slots):
    assert ends(text) == slots


def test_an_end_that_only_follows_has_no_place_in_the_line():
    said, *implied = statements("my dog Rex passed away")
    assert (said.start, said.end) == (0, 22)
    assert [(each.start, each.end) for each in implied] == [(0, 0)]
