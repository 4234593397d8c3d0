"""Of what people have one at a time, the latest holds; the past stays readable, in whatever order it came."""

import itertools

import pytest

from hikari_ml import NeuralMemorySystem
from hikari_ml.context_memory.record import Record
from hikari_ml.context_memory.validity import _TELLING, TELLING, Validity
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
        ("I work as a nurse", "I got a new job as a teacher"),
        ("I work at Google", "I work for Spotify now"),
        ("I'm 16 years old", "I turned 17 today"),
        ("I'm single", "I just got engaged!!"),
        ("I'm engaged", "we got married in June"),
        ("my name is Anna", "call me Ann"),
        ("I live in Munich", "I don't live in Munich anymore"),
        ("I work as a nurse", "I quit my job"),
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
        ("I live in Munich and I love cats", "I live in Berlin"),
    ],
)
def test_what_takes_nothings_place(older, newer):
    assert not table(record(1, older), record(2, newer)).superseded()


def test_others_supersede_nothing():
    found = table(record(1, "I live in Munich"), record(2, "I live in Berlin", user="ben"))
    assert not found.superseded()
    nobody = Record(3, "mem-3", "I live in Rome", "fact", {}, 0.5, "short_term", 30, 30)
    found.put(nobody)
    assert not found.superseded()
    found.put(record(4, "I live in Oslo", user="ANNA"))
    assert set(found.superseded()) == {1}


def test_a_line_that_says_more_is_kept_in_view_though_its_relation_is_not():
    found = table(record(1, "I live in Munich and I love cats"), record(2, "I live in Berlin"))
    assert not found.superseded()
    assert not found.holds(1, "lives in", "Munich")
    assert found.holds(1, "likes", "cats")
    assert found.holds(2, "lives in", "berlin")


def test_it_does_not_matter_in_which_order_they_come():
    lines = [
        record(1, "I live in Munich", said=(10, 50)),
        record(2, "I live in Berlin", 20),
        record(3, "I live in berlin, it is nice", 30),
        record(4, "I don't live in Berlin anymore", 40),
        record(5, "I live in Rome", 60),
        record(6, "I live in Oslo", 60),
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
    found = table(record(1, "I live in Munich"), record(2, "I live in Berlin"), record(3, "I live in Rome"))
    assert set(found.superseded()) == {1, 2}
    assert found.remove([3]) == {2, 3}
    assert set(found.superseded()) == {1}
    found.remove([2])
    assert not found.superseded()
    found.remove([1, 99])
    assert len(found) == 0


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
        for content in ("I live in Munich", "pizza is great", "I moved to Berlin"):
            await memory.store_memory(content, metadata={"user": "anna"})
        before = await memory.get_memory_stats()
    async with NeuralMemorySystem(tmp_path / "memory") as memory:
        assert (await memory.get_memory_stats())["superseded"] == before["superseded"] == 1
        found = {hit["content"] for hit in await memory.retrieve_memories("where does anna live", 9)}
        assert found == {"pizza is great", "I moved to Berlin"}
