"""Of what people have one at a time, the latest holds; the past stays readable, in whatever order it came."""

import itertools

import pytest

from hikari_ml import NeuralMemorySystem
from hikari_ml.context_memory.record import Record
from hikari_ml.context_memory.validity import _TELLING, KEPT, TELLING, Validity
from hikari_ml.context_memory.words import WordIndex, words_of


def record(key, content, moment=None, user="anna", said=()):
    made = said[0] if said else key * 10 if moment is None else moment
    return Record(
        key, f"mem-{key}", content, "fact", {"user": user}, 0.5, "short_term", made, made, said=said
    )


def table(*records):
    found = Validity()
    for each in records:
        found.put(each)
    return found


@pytest.mark.parametrize(
    ("older", "newer"),
    [
        ("I live in Munich", "I moved to Berlin last month"),
        ("I live in Munich", "I'm living in Berlin now"),
        ("my cat's name is Luna", "my cat is called Mochi"),
        ("my favourite game is Celeste", "my favorite game is Hades"),
        ("my main game is Valorant", "my main game is Hades"),
        ("my favourite game is Hades", "now my favourite game is Celeste"),
        ("my favourite game is Hades", "and right now my favorite game is 7 Days to Die"),
        ("my favourite game is Hades", "my favourite game now is Celeste"),
        ("my favourite game is Hades", "my favourite game rn is celeste"),
        ("my favourite game is Hades", "Actually my favourite game is Celeste"),
        ("my favourite game is Hades", "actually now my fav game is Celeste lol"),
        ("my favourite game is Hades", "my fav game is celeste"),
        ("my fav game is Hades", "my favourite game is now Celeste"),
        ("my favourite food is pizza", "my fave food is ramen"),
        ("my favourite food is pizza", "actually my favourite food is ramen"),
        ("my favorite color is red", "my favourite colour is blue"),
        ("my favourite colour is red", "my fave color is blue"),
        ("My main is Jinx", "My main is Ahri"),
        ("My main is Jinx", "now my main is Lee Sin"),
        ("My main is now Jinx", "my main rn is Ahri and I love her"),
        ("I work as a nurse", "I got a new job as a teacher"),
        ("I work at Google", "I work for Spotify now"),
        ("I'm 16 years old", "I turned 17 today"),
        ("I'm single", "I just got engaged!!"),
        ("I'm engaged", "we got married in June"),
        ("my name is Anna", "call me Ann"),
        ("I live in Munich", "I don't live in Munich anymore"),
        ("I work as a nurse", "I quit my job"),
        ("I live in Munich", "just moved to Tokyo"),
        ("I work as a nurse", "I got fired"),
        ("I work at Google", "just got laid off :("),
        ("I work at Google", "I've lost my job"),
        ("I work at Google", "I got fired from Google"),
        ("I'm engaged", "we broke up"),
        ("I'm engaged", "I broke up with my boyfriend"),
        ("we got married in June", "I got divorced"),
        ("I'm 16 years old", "I'm 17 now"),
        ("I turned 16", "im 17 now"),
        ("my dog's name is Rex", "my dog Rex passed away"),
        ("my favourite game is Celeste", "my favourite game is dead cells"),
        ("my favourite game is Celeste", "my favourite game is Dead by Daylight"),
        ("my favourite game is Celeste", "my favourite game is 7 Days to Die"),
        ("I work at Google", "I quit my job at Google"),
        ("I work as a nurse", "I quit my job as a nurse"),
        ("I work at Google", "I quit my job today"),
    ],
)
def test_the_newer_takes_the_place_of_the_older(older, newer):
    found = table(record(1, older), record(2, newer))
    assert set(found.superseded()) == {1}
    assert found.until(1) == (20, 2)
    assert found.until(2) == (None, None)
    assert set(found.superseded(19)) == set()
    assert set(found.superseded(20)) == {1}


@pytest.mark.parametrize(
    ("older", "newer"),
    [
        ("I love cats", "I love dogs"),
        ("I have two cats", "I have a dog"),
        ("my brother's name is Tom", "my brother's name is Max"),
        ("my favourite game is Celeste", "my favourite game was Hades"),
        ("my favourite game is Celeste", "my favourite food is pizza"),
        ("I live in Munich", "I live in munich"),
        ("I live in Munich", "I'm from Berlin"),
        ("I live in Munich", "do I live in Berlin?"),
        ("I live in Munich", "I'm moving to Berlin next month"),
        ("I live in Munich", "I don't live in Berlin"),
        ("I live in Munich", "I live in a society"),
        ("I live in Munich", "she said I live in Berlin"),
        ("my cat's name is Luna", "I got a new cat, her name is Mochi"),
        ("I live in Munich and I love cats", "I moved to Berlin"),
        ("I live in Berlin", "I live in Germany"),
        ("I live in Berlin", "I live in Berlin Germany"),
        ("I work as a nurse", "I work as a barista"),
        ("I work as a nurse", "I also work as a barista now"),
        ("I live in Berlin", "in my dream, I moved to Mars"),
        ("I live in Berlin", "I moved to ranked"),
        ("I'm single", "I got married in Stardew Valley"),
        ("my name is Anna", "call me crazy but I like pineapple"),
        ("my birthday is May 5th", "my birthday is today!"),
        ("my birthday is May 5th", "my birthday is the 5th of May"),
        ("my dog is called Rex", "my dog is called a good boy by everyone"),
        ("I live in Munich", "@anna just moved to Tokyo"),
        ("I live in Munich", "just moved to Tokyo, he told us"),
        ("I live in Munich", "just moved to Diamond"),
        ("I'm 16 years old", "I'm 17 kills now"),
        ("I'm 16 years old", "I'm 5 minutes late now"),
        ("I'm 16 years old", "level 20 was easy, I'm 21 now"),
        ("I'm 16 years old", "I'm 17 now on the leaderboard"),
        ("I'm single", "we broke up"),
        ("I'm divorced", "my boyfriend broke up with me"),
        ("we got married", "I broke up with my girlfriend"),
        ("I'm engaged", "we broke up the fight"),
        ("I work at Google", "I got fired up"),
        ("I work at Google", "I got fired from McDonalds"),
        ("my cat's name is Mochi", "my cat died"),
        ("my dog's name is Rex", "my dog Max died"),
        ("my mom's name is Eva", "my mom passed away"),
        ("I live in Munich because my sister Eva needs me, she has cancer", "I moved to Berlin"),
        ("I'm 16 years old and my peanut allergy nearly killed me last year", "I turned 17 today"),
        ("my favourite game is Hades", "my favourite game is dead"),
        ("my favourite game is Hades", "my favourite game is free"),
        ("my favourite game is Hades", "my favourite game is trash"),
        ("my favourite game is Hades", "my favourite game is underrated"),
        ("my favourite game is Hades", "my favourite game is broken again"),
        ("my favourite game is Hades", "my favourite game is 5 years old"),
        ("my favourite game is Hades", "my favourite game is also Celeste"),
        ("my favourite food is pizza", "my favourite food is sold out"),
        ("my favourite food is pizza", "my favourite food is gone from the store"),
        ("my favourite food is pizza", "my favourite food is whatever you cook"),
        ("my favourite game is Hades", "is my fav game now Celeste?"),
        ("my favourite game is Hades", "now my favourite game is losing at chess"),
        ("my favourite game is Hades", "my favourite game is now losing at chess"),
        ("my favourite game is Hades", "my favourite game is now free"),
        ("my favourite game is Hades", "my favourite game is now"),
        ("my favourite game is Hades", "she said now my favourite game is Celeste"),
        ("my favourite game is Hades", "she said, now my fav game is Celeste"),
        ("my favourite game is Hades", "in my dream, now my favourite game is Celeste"),
        ("my favourite game is Hades", "if now my favourite game is Celeste then what"),
        ("my favourite game is Hades", "now my favourite game is Celeste, jk"),
        ("my favourite game is Hades", "actually my favourite game isn't Celeste"),
        ("my favourite game is Hades", "actually my favourite game is not Celeste"),
        ("my favourite game is Hades", "my favourite game now was Celeste"),
        ("my favourite game is Hades", "my fav game is on sale"),
        ("my favourite game is Hades", "my fav is Celeste"),
        ("my favourite game is Hades", "now my favourite game is Hades"),
        ("my favourite color is red", "my favourite colour is red"),
        ("my favourite player is Faker", "now my favourite player is injured"),
        ("my favourite player is Faker", "NOW MY FAVOURITE PLAYER IS INJURED"),
        ("I live in Berlin", "now I live in Munich"),
        ("I live in Berlin", "actually I live in Munich"),
        ("My main is Jinx", "is my main Ahri?"),
        ("My main is Jinx", "My main was Ahri"),
        ("My main is Jinx", "My main is not Ahri"),
        ("My main is Jinx", "my main is dead"),
        ("My main is Jinx", "My Main Is Broken"),
        ("My main is Jinx", "My main is Getting nerfed"),
        ("My main is Jinx", "my main is a tank"),
        ("My main is Jinx", "my main is level 80"),
        ("My main is Jinx", "my main is Diamond"),
        ("My main is Jinx", "my main is on EUW"),
        ("My main is Jinx", "my main is ADC"),
        ("My main is Jinx", "my main is Ahri in ranked"),
        ("My main is Jinx", "my main is Ahri and Lux"),
        ("My main is Jinx", "my main is Ahri, Lux"),
        ("My main is Jinx", "my main is Ahri or Lux"),
        ("My main is Jinx", "my main is Dr. Mundo"),
        ("My main is Jinx", "she said my main is Ahri"),
        ("My main is Jinx", "if my main is Ahri I lose"),
        ("My main is Jinx", "My main is Ahri, just kidding"),
        ("My main is Jinx", "my main game is Valorant"),
        ("My main is Jinx", "my main problem is Lag"),
        ("my favourite streamer is mika", "my favourite streamer is live"),
        ("my favourite movie is Up", "my favourite movie is out"),
        ("my favourite song is Africa", "my favourite song is next"),
        ("my favourite color is red", "my favourite color is everywhere"),
        ("I live in Berlin", "I moved to Munich, just kidding"),
        ("I live in Berlin", "I moved to Munich NOT"),
        ("I live in Berlin", "I moved to Munich APRIL FOOLS"),
        ("I live in Berlin", "I moved to Munich, I wish"),
        ("I live in Berlin", "I moved to Munich... in Geoguessr"),
        ("I live in Berlin", "I moved to Munich but moved back"),
        ("I live in Berlin", "I moved to Munich and came back"),
        ("I live in Berlin", "I moved to Monday"),
        ("I live in Berlin", "I moved to Munich, then to Berlin"),
        ("I work at Google", "I quit my job last year"),
        ("I work at Google", "I quit my job, just kidding"),
        ("I work at Google", "I quit my job at Spotify"),
        ("I work as a nurse", "I quit my job as a barista"),
        ("I'm married", "I got divorced last year"),
    ],
)
def test_what_takes_nothings_place(older, newer):
    assert not table(record(1, older), record(2, newer)).superseded()


def test_others_supersede_nothing():
    found = table(record(1, "I live in Munich"), record(2, "I moved to Berlin", user="ben"))
    assert not found.superseded()
    nobody = Record(3, "mem-3", "I moved to Rome", "fact", {}, 0.5, "short_term", 30, 30)
    found.put(nobody)
    assert not found.superseded()
    found.put(record(4, "I moved to Oslo", user="ANNA"))
    assert set(found.superseded()) == {1}


def test_a_line_that_says_more_is_kept_in_view_though_its_relation_is_not():
    found = table(record(1, "I live in Munich and I love cats"), record(2, "I moved to Berlin"))
    assert not found.superseded()
    assert not found.holds(1, "lives in", "Munich")
    assert found.holds(1, "likes", "cats")
    assert found.holds(2, "lives in", "berlin")


def test_it_does_not_matter_in_which_order_they_come():
    lines = [
        record(1, "I moved to Munich", said=(10, 50)),
        record(2, "I moved to Berlin", 20),
        record(3, "I live in berlin, it is nice", 30),
        record(4, "I don't live in Berlin anymore", 40),
        record(5, "I moved to Rome", 60),
        record(6, "I moved to Oslo", 60),
    ]
    expected = {10: {1}, 25: {2}, 35: {2, 3}, 45: {4}, 55: {1, 4}, 60: {4, 6}}
    for order in itertools.permutations(lines):
        found = table(*order)
        for moment, keys in expected.items():
            said = {line.key for line in lines if line.created_at <= moment}
            assert said - set(found.superseded(moment)) == keys
        assert set(found.superseded()) == {1, 2, 3, 5}
        assert found.until(1) == (60, 5)


def test_what_goes_gives_back_the_place_it_took():
    found = table(record(1, "I live in Munich"), record(2, "I moved to Berlin"), record(3, "I moved to Rome"))
    assert set(found.superseded()) == {1, 2}
    assert found.remove([3]) == {2, 3}
    assert set(found.superseded()) == {1}
    found.remove([2])
    assert not found.superseded()
    found.remove([1, 99])
    assert len(found) == 0


def test_a_line_that_corrects_itself_is_not_its_own_past():
    found = table(record(1, "I live in Berlin. I moved to Munich"))
    assert not found.holds(1, "lives in", "Berlin")
    assert found.holds(1, "lives in", "Munich")
    assert not found.superseded()
    found.put(record(2, "I moved to Berlin"))
    assert set(found.superseded()) == {1}
    assert found.until(1) == (20, 2)


def test_a_home_in_a_country_ends_with_the_move_as_well():
    found = table(record(1, "I live in Berlin"), record(2, "I live in Germany"), record(3, "I moved to Oslo"))
    assert set(found.superseded()) == {1, 2}


def test_what_is_filled_at_once_is_as_what_is_put():
    lines = [record(key, f"I moved to City{key % 7}", said=(key * 10, key * 10 + 5)) for key in range(1, 30)]
    lines.append(record(30, "my cat's name is Luna"))
    one, other = table(*lines), Validity()
    other.fill(reversed(lines))
    for moment in (None, 11, 100, 155):
        assert set(one.superseded(moment)) == set(other.superseded(moment))
    assert [one.until(key) for key in range(1, 31)] == [other.until(key) for key in range(1, 31)]


@pytest.mark.parametrize("at_once", [False, True])
def test_of_very_many_only_the_latest_are_weighed(at_once):
    lines = [record(key, f"call me Number{key}") for key in range(1, 3 * KEPT)]
    found = Validity()
    if at_once:
        found.fill(lines)
    else:
        found = table(*lines)
    last = len(lines)
    assert set(found.superseded()) == set(range(1, last))
    assert found.until(5) == (60, 6)
    found.remove([last])
    assert set(found.superseded()) == set(range(1, last - 1))
    found.put(record(last + 1, "call me Ann", moment=1))
    assert last + 1 in found.superseded(), "older than all that is weighed"
    found.remove(range(1, last + 2))
    assert len(found) == 0
    assert not found._said
    assert not found._spans


def test_who_is_needed_for_another_to_stay_superseded():
    found = table(record(1, "I live in Munich"), record(2, "I moved to Berlin"), record(3, "I moved to Rome"))
    assert found.needed([2]) == {2}
    assert found.needed([2, 3]) == {2, 3}
    assert found.needed([1, 2]) == set()
    assert found.needed([1, 3]) == {3}
    assert found.needed([9]) == set()


@pytest.mark.parametrize(
    "mark", ["", "!!!", "'s", "'", ",", "/", "…", "\u200d", "-", "_not", "\u540d", "\u00e9"]
)
@pytest.mark.parametrize("word", [*TELLING, "NAME'S", "Years", "FAVOURITE", "\u017fingle"])
def test_a_line_that_could_fill_a_slot_is_found_by_its_words(word, mark):
    """Only such lines are looked at when a store is opened."""
    line = f"my {word}{mark} is so gooood"
    index = WordIndex()
    index.add(1, words_of(line))
    assert index.with_any(TELLING) or not _TELLING.search(line)
    if not mark:
        assert _TELLING.search(line)


async def test_what_holds_is_known_again_after_opening(tmp_path):
    async with NeuralMemorySystem(tmp_path / "memory") as memory:
        for content in ("I moved to Munich", "pizza is great", "I moved to Berlin"):
            await memory.store_memory(content, metadata={"user": "anna"})
        before = await memory.get_memory_stats()
    async with NeuralMemorySystem(tmp_path / "memory") as memory:
        assert (await memory.get_memory_stats())["superseded"] == before["superseded"] == 1
        found = {hit["content"] for hit in await memory.retrieve_memories("where does anna live", 9)}
        assert found == {"pizza is great", "I moved to Berlin"}
