"""What every memory keeps of what was said: what merges, what holds, and what comes to hold again."""

import itertools
import random

import pytest

from hikari_ml import Settings
from hikari_ml.errors import InputError
from tests.support import at

SAID_ALIKE = ["I love this game", "I really love this game", "i love this game lol", "omg I love this game"]


# -- merging ---------------------------------------------------------------------------------------


async def test_a_repetition_counts_and_what_is_new_about_it_is_kept(memory):
    first = await memory.store_memory("I love tea", "fact", {"user": "anna"}, 0.4)
    again = await memory.store_memory("i love TEA!", "fact", {"user": "anna", "mood": "joy"}, 0.7)
    assert again == first
    (found,) = await memory.list_memories()
    assert (found["count"], found["importance"], found["metadata"]["mood"]) == (2, 0.7, "joy")


async def test_what_is_withdrawn_holds_no_longer_than_it_was_said(memory):
    first = await memory.store_memory("I moved to Rome", "fact", {"user": "anna"}, created_at=at(0))
    await memory.store_memory("I moved to Oslo", "fact", {"user": "anna"}, created_at=at(10))
    await memory.store_memory("I moved to Rome", "fact", {"user": "anna"}, created_at=at(20))
    assert not await memory.withdraw_memory(first)
    assert [m["content"] for m in await memory.list_memories()] == ["I moved to Oslo"]
    assert await memory.withdraw_memory(first)
    assert await memory.withdraw_memory(first), "what is gone is gone"
    assert (await memory.get_memory_stats())["superseded"] == 0


async def test_almost_the_same_words_are_one_memory(memory):
    ids = [await memory.store_memory(line, metadata={"user": "anna"}) for line in SAID_ALIKE]
    assert len(set(ids)) == 1
    (found,) = await memory.list_memories()
    assert (found["content"], found["count"]) == ("I love this game", 4), "the first words stay"
    for left in (3, 2, 1):
        assert not await memory.withdraw_memory(ids[0])
        assert (await memory.list_memories())[0]["count"] == left
    assert await memory.withdraw_memory(ids[0])
    assert (await memory.verify())["faults"] == []


async def test_only_of_the_same_user_and_type(memory):
    await memory.store_memory("I love this game", "fact", {"user": "anna"})
    for kind, metadata in (("note", {"user": "anna"}), ("fact", {"user": "ben"}), ("fact", {})):
        await memory.store_memory("I really love this game", kind, metadata)
    assert (await memory.get_memory_stats())["total"] == 4
    assert await memory.store_memory("omg I love this game", "fact", {"user": "ANNA"}) == "mem-" + (
        (await memory.list_memories(user="anna"))[0]["id"].removeprefix("mem-")
    )


async def test_what_differs_in_what_matters_stays_apart(memory):
    lines = ["I have 2 cats", "I have 3 cats", "I love it", "I don't love it", "I love cats", "I hate cats"]
    for line in lines:
        await memory.store_memory(line, metadata={"user": "anna"})
    assert (await memory.get_memory_stats())["total"] == len(lines)


async def test_words_alone_do_not_merge_what_means_something_else(memory):
    for number, line in enumerate(SAID_ALIKE):
        vector = [0.0] * 384
        vector[number] = 1.0
        await memory.store_memory(line, metadata={"user": "anna"}, embedding=vector)
    assert (await memory.get_memory_stats())["total"] == 4


async def test_it_can_be_switched_off(opened):
    settings = Settings(memory={"merge_similar": False})
    async with opened(settings=settings) as memory:
        for line in SAID_ALIKE:
            await memory.store_memory(line, metadata={"user": "anna"})
        assert (await memory.get_memory_stats())["total"] == 4


async def test_what_stirred_fades_more_slowly_and_ranks_no_higher(opened, clock, tmp_path):
    async with opened() as memory:
        await memory.store_memory("the raid was loud", metadata={"user": "ben"})
        await memory.store_memory("the raid was loud", metadata={"user": "anna"}, arousal=0.2)
        await memory.store_memory("the raid was LOUD", metadata={"user": "anna"}, arousal=1.0)
        clock.advance(100 * 86_400)
        calm, stirred = await memory.retrieve_memories("the raid was loud", strengthen=False)
        assert stirred["importance"] == pytest.approx(0.5 * 0.995**50)
        assert calm["importance"] == pytest.approx(0.5 * 0.995**100)
        await memory.export(tmp_path / "out.jsonl")
    async with opened("copy") as copy:
        await copy.import_(tmp_path / "out.jsonl")
        found = await copy.retrieve_memories("the raid was loud", strengthen=False)
        assert [m["importance"] for m in found] == [calm["importance"], stirred["importance"]]


@pytest.mark.parametrize("arousal", [-0.1, 1.1, float("nan"), "much", True])
async def test_arousal_is_a_share(memory, arousal):
    with pytest.raises(InputError, match="arousal"):
        await memory.store_memory("hello", arousal=arousal)


# -- superseding -----------------------------------------------------------------------------------


async def contents(memory, **scope):
    found = await memory.retrieve_memories("where do I live", k=9, strengthen=False, **scope)
    return {m["content"] for m in found}


async def test_only_what_holds_is_found_and_the_past_as_of_its_time(memory):
    old = await memory.store_memory("I moved to Munich", "fact", {"user": "anna"}, created_at=at(0))
    new = await memory.store_memory("I moved to Berlin", "fact", {"user": "anna"}, created_at=at(100))
    await memory.store_memory("I moved to Rome", "fact", {"user": "ben"}, created_at=at(50))
    for scope in ({"user": "anna"}, {"user": "anna", "memory_types": ["fact"]}):
        (found,) = await memory.retrieve_memories("where do I live", k=9, **scope)
        assert (found["id"], found["valid_to"], found["superseded_by"]) == (new, None, None)
    assert await contents(memory) == {"I moved to Berlin", "I moved to Rome"}
    assert await contents(memory, as_of=at(60)) == {"I moved to Munich", "I moved to Rome"}
    assert await contents(memory, as_of=at(100)) == {"I moved to Berlin", "I moved to Rome"}
    (past,) = await memory.retrieve_memories("where", k=9, user="anna", as_of=at(99))
    assert (past["id"], past["superseded_by"]) == (old, new)
    assert past["valid_from"] == past["created_at"]
    assert past["valid_to"] == "2026-01-10T20:01:40.000Z"
    assert {m["id"] for m in await memory.list_memories(user="anna")} == {new}
    stats = await memory.get_memory_stats()
    assert (stats["total"], stats["superseded"]) == (3, 1)
    assert (await memory.verify())["faults"] == []


@pytest.mark.parametrize(
    ("older", "newer", "target"),
    [
        ("my favourite colour is red", "now my fav color is Blue", "Blue"),
        ("My main is Jinx", "actually my main is Ahri", "Ahri"),
    ],
)
async def test_a_slot_is_filled_however_it_is_spelled(memory, older, newer, target):
    await memory.store_memory(older, "fact", {"user": "anna"}, created_at=at(0))
    await memory.store_memory(newer, "fact", {"user": "anna"}, created_at=at(9))
    assert [m["content"] for m in await memory.list_memories()] == [newer]
    assert [r["target"] for r in await memory.list_relations() if r["source"] == "anna"] == [target]
    assert (await memory.verify())["faults"] == []


async def test_the_graph_forgets_what_no_longer_holds_until_it_holds_again(memory):
    await memory.store_memory("I moved to Munich", "fact", {"user": "anna"}, created_at=at(0))
    later = await memory.store_memory("I moved to Berlin", "fact", {"user": "anna"}, created_at=at(9))
    assert [name for name, _ in await memory.find_associations("anna")] == ["Berlin"]
    assert [r["target"] for r in await memory.list_relations()] == ["Berlin"]
    await memory.forget_memory(later)
    assert [name for name, _ in await memory.find_associations("anna")] == ["Munich"]
    assert await contents(memory) == {"I moved to Munich"}


async def test_moving_back_is_one_memory_that_holds_again(memory, opened, tmp_path):
    async def told(other):
        asked = [await contents(other, as_of=at(t)) for t in (10, 25, 35)]
        return [*asked, await contents(other), await other.find_associations("anna")]

    first = await memory.store_memory("I moved to Munich", "fact", {"user": "anna"}, created_at=at(5))
    await memory.store_memory("I moved to Berlin", "fact", {"user": "anna"}, created_at=at(20))
    again = await memory.store_memory("i moved to Munich!", "fact", {"user": "anna"}, created_at=at(30))
    assert again == first
    expected = await told(memory)
    assert expected[:4] == [{"I moved to Munich"}, {"I moved to Berlin"}] + [{"I moved to Munich"}] * 2

    async with opened("other") as other:
        for content, moment in (
            ("I moved to Munich", 30),
            ("I moved to Munich", 5),
            ("I moved to Berlin", 20),
        ):
            await other.store_memory(content, "fact", {"user": "anna"}, created_at=at(moment))
        assert await told(other) == expected
    async with opened("other") as other:
        assert await told(other) == expected, "and after reopening"

    await memory.export(tmp_path / "one.jsonl")
    async with opened("copy") as copy:
        await copy.import_(tmp_path / "one.jsonl")
        assert await told(copy) == expected
        await copy.export(tmp_path / "two.jsonl")
    assert (tmp_path / "one.jsonl").read_text() == (tmp_path / "two.jsonl").read_text()

    assert not await memory.withdraw_memory(first)
    assert await contents(memory) == {"I moved to Berlin"}


async def test_erasing_leaves_nothing_of_it(memory):
    await memory.store_memory("I moved to Munich", "fact", {"user": "anna"}, created_at=at(0))
    await memory.store_memory("I moved to Berlin", "fact", {"user": "anna"}, created_at=at(9))
    await memory.erase_user("anna")
    stats = await memory.get_memory_stats()
    assert (stats["total"], stats["superseded"], stats["graph"]["edges"]) == (0, 0, 0)


async def test_what_is_hidden_takes_nobodys_place_among_the_best(memory):
    for number in range(70):
        await memory.store_memory(f"I moved to City{number}", "fact", {"user": "a"}, created_at=at(number))
    for number in range(5):
        await memory.store_memory(f"the weather {number}", metadata={"user": "b"}, created_at=at(number))
    found = await memory.retrieve_memories("I moved to City3", k=100)
    assert len(found) == 6
    assert found[0]["content"] == "I moved to City69"


MOVES = [
    ("I moved to Munich", 10),
    ("I work as a nurse", 15),
    ("I moved to Berlin", 20),
    ("I moved to Berlin, it is nice", 30),
    ("I don't live in Berlin anymore", 40),
    ("I moved to Munich", 50),
    ("I moved to Rome and I love cats", 55),
    ("I quit my job", 57),
    ("I moved to Oslo", 60),
]


async def held(memory):
    """What holds at every moment, in words, with its end and its relations."""
    moments = [{"as_of": at(moment)} for moment in range(5, 70, 5)]
    asked = [
        await memory.retrieve_memories("where do I live", 20, user="anna", strengthen=False, **scope)
        for scope in ({}, *moments)
    ]
    names = {m["id"]: m["content"] for m in (found for answer in asked for found in answer)}
    told = [
        {(m["content"], m["valid_from"], m["valid_to"], names.get(m["superseded_by"])) for m in answer}
        for answer in asked
    ]
    relations = {(r["source"], r["kind"], r["target"], r["evidence"]) for r in await memory.list_relations()}
    return told, relations, (await memory.get_memory_stats())["superseded"]


async def test_the_order_of_arrival_does_not_matter(opened):
    expected = None
    for number in range(3):
        lines = list(MOVES)
        random.Random(number).shuffle(lines)
        async with opened(f"order {number}") as memory:
            for content, moment in lines if number else MOVES:
                await memory.store_memory(content, "fact", {"user": "anna"}, created_at=at(moment))
            found = await held(memory)
            assert (await memory.verify())["faults"] == []
        expected = expected or found
        assert found == expected
    assert "Oslo" in str(expected[1])
    assert "Rome" not in str(expected[1])
    assert expected[2] == 4


async def test_what_holds_is_the_same_in_a_file_and_in_a_database_and_after_moving(lmdb, postgres, tmp_path):
    async with lmdb() as one, postgres() as other:
        ids = []
        for memory in (one, other):
            for content, moment in MOVES:
                made = await memory.store_memory(content, "fact", {"user": "anna"}, created_at=at(moment))
                ids.append((memory, content, made))
        assert await held(one) == await held(other)
        await one.export(tmp_path / "one.jsonl")
        for name, opened in (("a", lmdb), ("b", postgres)):
            async with opened(name) as copy:
                await copy.import_(tmp_path / "one.jsonl")
                assert await held(copy) == await held(one)
                await copy.export(tmp_path / "again.jsonl")
                assert (await copy.verify())["faults"] == []
            assert (tmp_path / "again.jsonl").read_bytes() == (tmp_path / "one.jsonl").read_bytes()
        for gone in ("I moved to Oslo", "I quit my job", "I moved to Berlin", "I moved to Munich"):
            for memory, content, made in ids:
                if content == gone:
                    await memory.withdraw_memory(made)
            assert await held(one) == await held(other), gone
        assert (await other.verify())["faults"] == []


LIVES = [
    ("I work at Google", "I got fired"),
    ("I'm engaged", "we broke up"),
    ("I'm 16 years old", "im 17 now"),
    ("I live in Munich", "just moved to Tokyo"),
    ("my dog's name is Rex", "my dog Rex passed away"),
]


async def test_what_changes_in_a_life_takes_the_place_of_what_was(memory):
    for number, (before, after) in enumerate(LIVES):
        for moment, content in ((number, before), (100 + number, after)):
            await memory.store_memory(content, "fact", {"user": "anna"}, created_at=at(moment))
    await memory.store_memory("my cat's name is Mochi", "fact", {"user": "anna"}, created_at=at(300))
    await memory.store_memory("my cat died", "fact", {"user": "anna"}, created_at=at(301))
    expected = {after for _, after in LIVES} | {"my cat's name is Mochi", "my cat died"}
    assert {m["content"] for m in await memory.list_memories(50)} == expected
    assert (await memory.verify())["faults"] == []


async def test_exactly_so_many_come_as_hold(memory):
    for number in range(12):
        await memory.store_memory(f"I moved to City{number}", "fact", {"user": "a"}, created_at=at(number))
        await memory.store_memory(f"the weather {number}", "note", {"user": "a"}, created_at=at(number))
    for k in (1, 5, 13, 40):
        for scope, count in (
            ({}, 13),
            ({"user": "A"}, 13),
            ({"memory_types": ["fact"]}, 1),
            ({"memory_types": ["fact"], "as_of": at(4)}, 1),
            ({"as_of": at(4)}, 6),
        ):
            found = await memory.retrieve_memories("City where I live", k, strengthen=False, **scope)
            assert len(found) == len({m["id"] for m in found}) == min(k, count)
    assert len(await memory.list_memories(40)) == 13


async def test_what_fades_makes_nothing_outdated_true_again(memory, clock):
    await memory.store_memory("I moved to Munich", "fact", {"user": "anna"}, 0.9, created_at=at(0))
    await memory.store_memory("I moved to Berlin", "fact", {"user": "anna"}, 0.051, created_at=at(9))
    clock.advance(30 * 86_400)
    assert (await memory.consolidate())["forgotten"] == 0
    assert await contents(memory) == {"I moved to Berlin"}
    clock.advance(3000 * 86_400)
    assert (await memory.consolidate())["forgotten"] == 2


async def test_relations_that_ended_count_nowhere(memory, tmp_path):
    await memory.store_memory("I moved to Munich and I love cats", "fact", {"user": "anna"}, created_at=at(0))
    await memory.store_memory("I moved to Munich", "fact", {"user": "ben"}, created_at=at(1))
    assert dict(await memory.find_associations("anna", 2)).keys() == {"Munich", "ben", "cats"}
    moved = await memory.store_memory("I moved to Berlin", "fact", {"user": "anna"}, created_at=at(9))
    assert await contents(memory, user="anna") == {"I moved to Munich and I love cats", "I moved to Berlin"}
    assert dict(await memory.find_associations("anna", 9)).keys() == {"Berlin", "cats"}
    assert (await memory.get_memory_stats())["graph"] == {"nodes": 5, "edges": 3}
    assert await memory.export_graph(tmp_path / "graph.graphml") == 3
    await memory.forget_memory(moved)
    assert dict(await memory.find_associations("anna", 9)).keys() == {"Munich", "ben", "cats"}
    assert (await memory.verify())["faults"] == []


async def test_a_thing_said_earlier_moves_a_memory_back(memory):
    talk = {"user": "anna", "conversation": "c"}
    await memory.store_memory("I moved to Rome", "fact", talk, created_at=at(100))
    await memory.store_memory("what a day?", "fact", talk, created_at=at(50))
    await memory.store_memory("lol I moved to Rome", "fact", talk, created_at=at(10))
    (found,) = await memory.retrieve_memories("Rome", as_of=at(20))
    assert (found["created_at"], found["count"]) == ("2026-01-10T20:00:10.000Z", 2)
    assert (await memory.verify())["faults"] == []


# -- as a whole ------------------------------------------------------------------------------------


async def test_themes_and_episodes_are_told_alike(lmdb, postgres, clock):
    told = []
    for opened in (lmdb, postgres):
        async with opened() as memory:
            for number in range(4):
                for user, line in (
                    ("anna", f"my cat sleeps on chair {number}"),
                    ("ben", f"the boss has {number} lives"),
                ):
                    metadata = {"user": user}
                    await memory.store_memory(line, metadata=metadata, importance=0.3, created_at=at(number))
            clock.advance_to(at(8000))
            await memory.consolidate()
            names = {m["id"]: m["content"] for m in await memory.list_memories()}
            whole = [await memory.themes(), await memory.list_episodes(), await memory.themes(1)]
            for found in itertools.chain(*whole):
                found["memories"] = [names[one] for one in found["memories"]]
            told.append(whole)
    assert told[0] == told[1]
    assert [theme["size"] for theme in told[0][0]] == [4, 4]
    assert [len(part) for part in told[0]] == [2, 1, 1]


async def test_what_holds_no_longer_is_listed_apart(memory):
    for minute, (city, importance) in enumerate((("Berlin", 0.5), ("Munich", 0.9), ("Oslo", 0.4))):
        said, about = f"I just moved to {city}", {"user": "mika"}
        await memory.store_memory(said, "fact", about, importance, created_at=at(60 * minute))
    (held,) = await memory.list_memories()
    munich, berlin = await memory.list_superseded()
    listed = [found["content"].split()[-1] for found in (held, munich, berlin)]
    assert listed == ["Oslo", "Munich", "Berlin"]
    assert (berlin["valid_to"], berlin["superseded_by"]) == (munich["created_at"], munich["id"])
    assert munich["score"] == pytest.approx(munich["importance"])
    assert munich["score"] > berlin["score"]
    assert [found["id"] for found in await memory.list_superseded(1)] == [munich["id"]]
    assert (await memory.list_memories())[0]["access_count"] == 0
