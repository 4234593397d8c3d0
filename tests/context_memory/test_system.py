"""NeuralMemorySystem: durable before it answers, scoped before it ranks, the same after it was closed."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import textwrap
from datetime import timedelta

import hypothesis
import msgpack
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hikari_ml import NeuralMemorySystem, Settings
from hikari_ml.errors import (
    ClosedError,
    InputError,
    ModelError,
    ReadOnlyError,
    StoreError,
    StoreLockedError,
    UnknownMemoryError,
)
from hikari_ml.models.catalog import bundled_encoder
from hikari_ml.results import Memory, MemoryStats
from hikari_ml.runtime.clock import ManualClock
from tests.models import tiny
from tests.support import START, at, collected


@pytest.fixture
def clock():
    return ManualClock(START)


@pytest.fixture
async def memory(tmp_path, clock):
    async with NeuralMemorySystem(tmp_path / "memory", clock=clock) as found:
        yield found


def vector(seed):
    row = np.random.default_rng(seed).normal(size=384)
    return row / np.linalg.norm(row)


async def test_the_seeds_own_example(memory):
    memory_id = await memory.store_memory(
        content="Viewer asked about favorite anime",
        memory_type="interaction",
        metadata={"topic": "anime", "user": "otaku_fan"},
        importance=0.8,
    )
    memories = await memory.retrieve_memories(
        query="What anime do you like?", k=5, memory_types=["interaction", "preference"]
    )
    (found,) = memories
    assert found["id"] == memory_id
    assert found["metadata"] == {"topic": "anime", "user": "otaku_fan"}
    assert found["importance"] == pytest.approx(0.8)
    assert found["tier"] == "short_term"
    assert found["created_at"] == "2026-01-10T20:00:00.000Z"
    assert set(found) == set(Memory.__annotations__)
    assert found["why"]["meaning"] > 0.4
    assert msgpack.unpackb(msgpack.packb(found)) == json.loads(json.dumps(found, allow_nan=False))


async def test_the_best_comes_first(memory):
    for content in (
        "my cat is called Luna",
        "the boss fight was hard",
        "I had pizza for dinner",
        "cats sleep a lot",
    ):
        await memory.store_memory(content)
    found = await memory.retrieve_memories("what is the name of your cat?", k=4)
    assert found[0]["content"] == "my cat is called Luna"
    assert [m["score"] for m in found] == sorted((m["score"] for m in found), reverse=True)


async def test_what_was_acknowledged_can_be_read_at_once(memory):
    for i in range(20):
        memory_id = await memory.store_memory(f"thing number {i}")
        assert (await memory.retrieve_memories(f"thing number {i}", k=1))[0]["id"] == memory_id


@pytest.mark.parametrize("k", [1, 3, 10, 1_000_000])
async def test_a_scoped_search_returns_exactly_what_there_is_and_never_anothers(memory, k):
    for i in range(30):
        await memory.store_memory(
            f"line {i} about games", metadata={"user": f"user{i % 5}"}, embedding=vector(i)
        )
    for user in ("user0", "user3", "stranger"):
        found = await memory.retrieve_memories("games", k=k, user=user)
        assert len(found) == min(k, 0 if user == "stranger" else 6)
        assert {m["metadata"]["user"] for m in found} <= {user}
    assert len(await memory.retrieve_memories("games", k=k)) == min(k, 30)


async def test_types_limit_before_the_ranking(memory):
    for i in range(50):
        await memory.store_memory(f"a line about games, number {i}", "interaction")
    await memory.store_memory("completely unrelated soup", "recipe")
    (found,) = await memory.retrieve_memories("games", k=5, memory_types=["recipe"])
    assert found["type"] == "recipe"
    assert await memory.retrieve_memories("games", k=5, memory_types=[]) == []


async def test_as_of_sees_what_was_known_then(memory):
    await memory.store_memory("old news", created_at=at(-86_400))
    await memory.store_memory("fresh news")
    found = await memory.retrieve_memories("news", k=5, as_of=at(-3600))
    assert [m["content"] for m in found] == ["old news"]
    assert found[0]["access_count"] == 0, "looking back strengthens nothing"


async def test_saying_the_same_again_is_one_memory_with_a_count(memory):
    first = await memory.store_memory("I love this stream!", metadata={"user": "anna"}, importance=0.4)
    again = await memory.store_memory(
        "i LOVE this streaaaam", metadata={"user": "anna", "mood": "joy"}, importance=0.7
    )
    other = await memory.store_memory("I love this stream!", metadata={"user": "ben"})
    assert first != other
    assert (await memory.get_memory_stats())["total"] in (2, 3)
    exact = await memory.store_memory(
        "i love this STREAM", metadata={"user": "anna", "mood": "joy"}, importance=0.7
    )
    assert exact == first
    found = {m["id"]: m for m in await memory.retrieve_memories("love this stream", k=5, user="anna")}
    assert found[first]["count"] == 2
    assert found[first]["importance"] == pytest.approx(0.7)
    assert found[first]["metadata"]["mood"] == "joy"
    assert again


async def test_different_numbers_are_different_memories(memory):
    ids = {await memory.store_memory(f"I have {n} cats", metadata={"user": "anna"}) for n in range(1, 9)}
    assert len(ids) == 8


async def test_merging_inside_one_group_of_writes(memory):
    ids = await asyncio.gather(*(memory.store_memory("everybody says this") for _ in range(50)))
    assert len(set(ids)) == 1
    (found,) = await memory.retrieve_memories("everybody", k=10)
    assert found["count"] == 50


async def test_recall_strengthens_what_was_asked_for(memory, clock):
    await memory.store_memory("my cat is called Luna", importance=0.5)
    for _ in range(3):
        (found,) = await memory.retrieve_memories("cat called Luna", k=1)
    assert found["access_count"] == 3
    clock.advance(100 * 86_400)
    (recalled,) = await memory.retrieve_memories("something else entirely", k=1, strengthen=False)
    assert recalled["importance"] > 0.5 * 0.995**100


async def test_what_merely_came_along_is_not_strengthened(memory):
    await memory.store_memory("quantum chromodynamics lecture", embedding=vector(1))
    (found,) = await memory.retrieve_memories("zzz", k=1, embedding=vector(2))
    assert found["access_count"] == 0


async def test_importance_fades_with_time_and_upkeep_does_not_compound_it(memory, clock):
    await memory.store_memory("a plain thing", importance=0.5)
    for _ in range(30 * 24):
        clock.advance(3600)
    for _ in range(50):
        await memory.consolidate()
    (found,) = await memory.retrieve_memories("zzz", k=1, embedding=vector(2))
    assert found["importance"] == pytest.approx(0.5 * 0.995**30, rel=1e-3)


async def test_a_clock_that_goes_backwards_harms_nothing(memory):
    await memory.store_memory("from the future", created_at=at(10_000), importance=0.6)
    (found,) = await memory.retrieve_memories("future", k=1)
    assert found["importance"] == pytest.approx(0.6)
    assert found["why"]["age_days"] == 0


async def test_the_three_tiers(memory, clock):
    important = await memory.store_memory("I am getting married in June", importance=0.9)
    plain = [await memory.store_memory(f"plain line number {i}", importance=0.2) for i in range(4)]
    clock.advance(2 * 3600)
    done = await memory.consolidate()
    assert (done["promoted"], done["episodic"], done["episodes"]) == (1, 4, 1)
    found = {m["id"]: m["tier"] for m in await memory.retrieve_memories("line", k=10)}
    assert found[important] == "long_term"
    assert {found[memory_id] for memory_id in plain} == {"episodic"}
    assert (await memory.get_memory_stats())["by_tier"] == {"episodic": 4, "long_term": 1}


async def test_ids_survive_the_working_buffer_and_consolidation(tmp_path, clock):
    settings = Settings(memory={"short_term_capacity": 10})
    async with NeuralMemorySystem(tmp_path / "m", settings, clock=clock) as memory:
        ids = [await memory.store_memory(f"line number {i}") for i in range(60)]
        assert (await memory.get_memory_stats())["by_tier"]["short_term"] <= 13
        await memory.consolidate()
        assert {m["id"] for m in await memory.retrieve_memories("line", k=100)} == set(ids)
        assert all(memory_id.startswith("mem-") for memory_id in ids)


async def test_what_is_recalled_is_found_by_its_repetitions(tmp_path):
    async with NeuralMemorySystem(tmp_path / "m", Settings(memory={"merge_similar": False})) as memory:
        brother = {"user": "anna", "about": "brother"}
        theirs = await memory.store_memory("his name is Tom", metadata=brother)
        other = await memory.store_memory("his name is Tom", metadata={"user": "anna", "about": "dog"})
        assert other != theirs
        await memory.forget_memory(other)
        await memory.retrieve_memories("Tom", k=1)
        assert await memory.store_memory("his name is Tom", metadata=brother) == theirs


async def test_what_the_working_buffer_moved_stays_moved(tmp_path, clock):
    settings = Settings(memory={"short_term_capacity": 8})
    tiers = []
    for lines in (20, 0):
        async with NeuralMemorySystem(tmp_path / "m", settings, clock=clock) as memory:
            for i in range(lines):
                memory_id = await memory.store_memory(f"line {i}", importance=1.0 if i == 1 else 0.3)
                if i == 12:
                    await memory.store_memory("line 12")
                    assert not await memory.withdraw_memory(memory_id)
            tiers.append((await memory.get_memory_stats())["by_tier"])
    assert tiers[0] == tiers[1]
    assert tiers[0]["long_term"] == 1
    assert sum(tiers[0].values()) == 20
    assert tiers[0]["short_term"] <= 10


async def test_what_has_faded_is_forgotten_with_its_vector(memory, clock):
    await memory.store_memory("soon forgotten", importance=0.1)
    await memory.store_memory("never forgotten", importance=1.0)
    clock.advance(200 * 86_400)
    assert (await memory.consolidate())["forgotten"] == 1
    assert [m["content"] for m in await memory.retrieve_memories("forgotten", k=5)] == ["never forgotten"]
    assert len(memory._core.index) == 1


async def test_forgetting_one_memory(memory):
    memory_id = await memory.store_memory("I love secrets", metadata={"user": "anna"})
    await memory.forget_memory(memory_id)
    assert await memory.retrieve_memories("secrets", k=5) == []
    assert await memory.find_associations("anna") == []
    with pytest.raises(UnknownMemoryError, match=memory_id):
        await memory.forget_memory(memory_id)


async def test_withdrawing_takes_back_one_of_several(memory):
    memory_id = await memory.store_memory("said twice")
    await memory.store_memory("said twice")
    assert not await memory.withdraw_memory(memory_id)
    assert (await memory.retrieve_memories("said", k=1))[0]["count"] == 1
    assert await memory.withdraw_memory(memory_id)
    assert await memory.retrieve_memories("said", k=1) == []
    assert await memory.withdraw_memory(memory_id), "what is gone is gone"


async def test_associations(memory):
    await memory.store_memory("I love Elden Ring", metadata={"user": "anna"})
    await memory.store_memory("I love Elden Ring too", metadata={"user": "ben"})
    found = dict(await memory.find_associations("anna"))
    assert found["Elden Ring"] > found["ben"] > 0
    assert dict(await memory.find_associations("anna", max_hops=1)).keys() == {"Elden Ring"}
    assert await memory.find_associations("nobody") == []


async def test_summaries_keep_to_the_topic_and_the_length(memory):
    for content in ("I love ramen", "ramen with egg is best", "my cat sleeps", "the ramen place closed"):
        await memory.store_memory(content)
    summary = await memory.summarize("ramen", max_length=60)
    assert summary["method"] == "extractive"
    assert "ramen" in summary["text"]
    assert "cat" not in summary["text"]
    assert len(summary["text"]) <= 60
    assert await memory.get_context_summary("ramen", 60) == summary["text"]


async def test_nothing_remembered_is_no_summary(memory):
    assert await memory.summarize("anything") == {
        "text": "",
        "method": "none",
        "memories": [],
        "degraded": [],
    }
    assert await memory.get_context_summary("anything") == ""


async def test_erasing_a_user_is_proved(memory):
    for i in range(5):
        await memory.store_memory(f"I love secret-xyzzy-{i}", metadata={"user": "anna"})
    await memory.store_memory("I love tea", metadata={"user": "ben"})
    proof = await memory.erase_user("anna")
    assert (proof["memories"], proof["vectors"], proof["compacted"]) == (5, 5, True)
    assert b"secret-xyzzy" not in b"".join(p.read_bytes() for p in memory.path.iterdir() if p.is_file())
    assert await memory.retrieve_memories("secret", k=10, user="anna") == []
    assert await memory.find_associations("anna") == []
    assert len(await memory.retrieve_memories("tea", k=10)) == 1
    assert (await memory.erase_user("anna"))["memories"] == 0


async def test_a_user_is_one_whatever_the_case(memory):
    first = await memory.store_memory("I love secret-xyzzy", metadata={"user": "Anna"})
    assert await memory.store_memory("i love secret-xyzzy", metadata={"user": "ANNA"}) == first
    await memory.store_memory("and tea", metadata={"user": "anna"})
    found = await memory.retrieve_memories("secret", k=5, user="aNNa")
    assert {m["metadata"]["user"] for m in found} == {"Anna", "anna"}, "as it was given"
    assert len(await memory.list_memories(user="ANNA")) == 2
    assert (await memory.get_memory_stats())["users"] == 1
    assert (await memory.erase_user("anna"))["memories"] == 2
    assert (await memory.get_memory_stats())["total"] == 0
    assert b"secret-xyzzy" not in (memory.path / "data.mdb").read_bytes()


async def test_a_user_is_one_however_an_accent_is_written(memory):
    await memory.store_memory("I like bears", metadata={"user": "Zoe\u0308"})
    assert len(await memory.list_memories(9, user="ZO\u00cb")) == 1
    assert (await memory.erase_user("zo\u00eb"))["memories"] == 1


async def test_every_result_says_what_was_degraded(memory):
    await memory.store_memory("I love tea", metadata={"user": "anna"})
    results = [
        *await memory.retrieve_memories("tea"),
        *await memory.list_memories(),
        await memory.summarize("tea"),
        await memory.summarize("nothing at all like it"),
        await memory.get_memory_stats(),
        await memory.consolidate(),
        await memory.erase_user("anna"),
    ]
    assert [result["degraded"] for result in results] == [[]] * 7


async def test_what_differs_by_a_symbol_is_another_memory(memory):
    for content in ("I love C++", "I love C#", "pizza 👍", "pizza 👎", "दिन", "दान"):
        await memory.store_memory(content, metadata={"user": "anna"})
    assert (await memory.get_memory_stats())["total"] == 6


async def test_it_says_whose_embeddings_it_takes(tmp_path):
    memory = NeuralMemorySystem(tmp_path / "m")
    assert memory.embedding_id is None
    async with memory:
        assert memory.embedding_id == bundled_encoder().embedding_id


async def test_an_answer_is_found_by_the_question_before_it(memory, clock):
    for i in range(30):
        clock.advance(1)
        await memory.store_memory(f"the boss of level {i} is too hard", metadata={"conversation": f"c{i}"})
    for content, conversation in (
        ("what is your favourite dessert?", "dinner"),
        ("tiramisu, no contest", "dinner"),
        ("tiramisu, obviously", None),
    ):
        clock.advance(1)
        await memory.store_memory(content, metadata={"conversation": conversation})
    asked = {"query": "favourite dessert?", "strengthen": False}
    found = {m["content"]: (rank, m) for rank, m in enumerate(await memory.retrieve_memories(k=33, **asked))}
    rank, answer = found["tiramisu, no contest"]
    alone_rank, alone = found["tiramisu, obviously"]
    assert answer["why"]["answers"] > 0.9
    assert answer["why"]["words"] is None
    assert answer["why"]["words_window"] > 0
    assert answer["why"]["meaning_window"] > answer["why"]["meaning"]
    assert alone["why"]["answers"] is alone["why"]["words_window"] is None
    assert rank == 1 < alone_rank
    assert len(await memory.retrieve_memories(k=1, **asked)) == 1


async def test_a_viewer_called_like_a_word_changes_nothing_in_the_past_or_for_others(memory, clock):
    for content in ("I love hot pizza from Naples", "pasta is ready", "my bread is warm"):
        await memory.store_memory(content, metadata={"user": "anna"})
    then = clock.now()

    async def asked():
        scopes = ({"as_of": then}, {"user": "anna", "strengthen": False})
        return [await memory.retrieve_memories("pizza for dinner", **scope) for scope in scopes]

    before = await asked()
    clock.advance(3600)
    await memory.store_memory("hello everyone", metadata={"user": "Pizza"})
    for old, new in zip(before, await asked(), strict=True):
        assert [m["content"] for m in new] == [m["content"] for m in old]
        assert [m["why"]["named"] for m in new] == [None] * 3
        assert [m["why"]["meaning"] for m in new] == [m["why"]["meaning"] for m in old]


async def test_a_repetition_that_names_the_conversation_is_found_alike_after_reopening(tmp_path, clock):
    async def asked(memory):
        found = await memory.retrieve_memories("where do you live?", strengthen=False)
        return [(m["content"], m["score"], m["why"]) for m in found]

    async with NeuralMemorySystem(tmp_path, clock=clock) as memory:
        talk = {"user": "anna", "conversation": "c"}
        await memory.store_memory("where do you live?", metadata={"user": "anna"})
        clock.advance(5)
        await memory.store_memory("in a small house by the sea", metadata=talk)
        await memory.store_memory("where do you live?", metadata=talk)
        before = await asked(memory)
    async with NeuralMemorySystem(tmp_path, clock=clock) as memory:
        assert await asked(memory) == before


async def test_a_neighbour_out_of_scope_stays_out(memory, clock):
    await memory.store_memory("favourite dessert?", metadata={"user": "anna", "conversation": "c"})
    clock.advance(1)
    await memory.store_memory("tiramisu", metadata={"user": "ben", "conversation": "c"})
    (found,) = await memory.retrieve_memories("favourite dessert?", k=5, user="anna")
    assert found["content"] == "favourite dessert?"
    (found,) = await memory.retrieve_memories("favourite dessert?", k=5, user="ben")
    assert found["content"] == "tiramisu"
    assert found["why"]["answers"] is found["why"]["words_window"] is None
    assert found["why"]["meaning_window"] == pytest.approx(found["why"]["meaning"], abs=1e-3)


@given(seed=st.integers(0, 10_000))
@hypothesis.settings(max_examples=8)
def test_what_others_said_changes_nothing_in_a_scope(seed, tmp_path_factory):
    """Whatever it means and whether it asks, in the same conversations, line by line."""
    rng = np.random.default_rng(seed)
    lines = [(int(rng.integers(3)), int(rng.integers(2)), "?" * int(rng.integers(2))) for _ in range(25)]

    async def ask(others, asking):
        async with NeuralMemorySystem(tmp_path_factory.mktemp("m")) as memory:
            for place, (user, talk, mark) in enumerate(lines):
                mine = user == 1
                await memory.store_memory(
                    f"line {place}{mark if mine else asking}",
                    metadata={"user": f"u{user}", "conversation": f"c{talk}"},
                    created_at=at(place),
                    embedding=near(seed + place if mine else others + place),
                )
            found = await memory.retrieve_memories(" ", k=7, user="u1", embedding=near(seed + 99))
        return [(m["content"], m["score"], m["why"]) for m in found]

    def near(number):
        return vector(number) + vector(0)

    first, second = asyncio.run(ask(50_000, "?")), asyncio.run(ask(90_000, ""))
    assert len(first) == min(7, sum(user == 1 for user, _, _ in lines))
    for one, other in zip(first, second, strict=True):
        assert one[:2] == other[:2]
        assert {k: v for k, v in one[2].items() if k != "age_days"} == {
            k: v for k, v in other[2].items() if k != "age_days"
        }


async def test_who_is_named_is_preferred_and_never_required(memory):
    for user, content in (
        ("anna", "I am allergic to peanuts"),
        ("anna", "my two cats are called Luna and Sol"),
        ("ben", "I was in Spain last summer"),
        ("carl", "anna is a great singer"),
        ("carl", "my cats are called Tick and Tock"),
        ("carl", "I never had pets"),
    ):
        await memory.store_memory(content, metadata={"user": user})
    found = await memory.retrieve_memories("does anna have pets?", k=6, strengthen=False)
    places = {m["content"]: place for place, m in enumerate(found)}
    cats = places["my two cats are called Luna and Sol"]
    assert cats < places["I am allergic to peanuts"]
    assert cats < places["my cats are called Tick and Tock"]
    assert len(places) == 6
    assert {m["metadata"]["user"]: m["why"]["named"] for m in found} == {"anna": 1, "ben": 0.77, "carl": 0.77}
    spain = await memory.retrieve_memories("has anna been to Spain?", k=1, strengthen=False)
    assert spain[0]["metadata"]["user"] == "ben", "the only one who was there"
    (first, *_) = await memory.retrieve_memories("pets", k=6, strengthen=False)
    assert first["content"] == "I never had pets"
    assert first["why"]["named"] is None


ABOUT_ANNA = (
    "anna",
    "@Anna?",
    "tell me about anna",
    "what do you know about anna?",
    "do you remember anna",
    "who is anna?",
)


@pytest.mark.parametrize("query", ABOUT_ANNA)
async def test_who_is_asked_about_is_found_by_what_they_said_and_by_what_is_said_of_them(memory, query):
    told = ("I live in Norway", "my two cats are called Luna and Sol", "I work as a nurse")
    for content in told:
        await memory.store_memory(content, metadata={"user": "anna"})
    await memory.store_memory("anna sings well", metadata={"user": "ben"})
    for i, content in enumerate(
        ("what do you know", "tell me more", "do you remember", "who is there", "hi")
    ):
        await memory.store_memory(content, metadata={"user": f"viewer{i}"})
    found = await memory.retrieve_memories(query, k=9)
    assert len(found) == 9, "nobody is hidden"
    assert {m["content"] for m in found[:4]} == {*told, "anna sings well"}
    assert found[0]["metadata"]["user"] == "anna"
    assert [m["why"]["words"] is None for m in found] == [False] * 4 + [True] * 5
    again = {m["content"]: m["access_count"] for m in await memory.list_memories(9)}
    assert {content for content, times in again.items() if times} == {*told, "anna sings well"}
    assert "Norway" in await memory.get_context_summary(query, 500)


async def test_who_is_asked_about_is_looked_for_in_the_scope_alone(memory, clock):
    await memory.store_memory("I live in Norway", metadata={"user": "anna"})
    then = clock.now()
    clock.advance(3600)
    await memory.store_memory("I moved to Berlin", metadata={"user": "anna"})
    await memory.store_memory("I am tired", "mood", metadata={"user": "anna"})
    query = "what do you know about anna?"
    assert [m["content"] for m in await memory.retrieve_memories(query, as_of=then)] == ["I live in Norway"]
    (mood,) = await memory.retrieve_memories(query, memory_types=["mood"])
    assert mood["content"] == "I am tired"
    assert {m["content"] for m in await memory.retrieve_memories(query)} == {
        "I moved to Berlin",
        "I am tired",
    }


async def test_neither_importance_nor_age_changes_a_rank(memory, clock):
    old = await memory.store_memory("my cat is called Luna", importance=0.1, created_at=at(-300 * 86_400))
    for i in range(5):
        await memory.store_memory(f"the weather is fine, day {i}", importance=1.0)
    (found,) = await memory.retrieve_memories("what is your cat called?", k=1)
    assert found["id"] == old


async def test_stats(memory):
    assert (await memory.get_memory_stats())["oldest"] is None
    await memory.store_memory("I love tea", "fact", {"user": "anna"})
    stats = await memory.get_memory_stats()
    assert set(stats) == set(MemoryStats.__annotations__)
    assert (stats["total"], stats["users"], stats["by_type"]) == (1, 1, {"fact": 1})
    assert stats["graph"] == {"nodes": 2, "edges": 1}
    assert stats["oldest"] == stats["newest"] == "2026-01-10T20:00:00.000Z"


async def test_the_most_important_without_a_question(memory):
    for i, importance in enumerate((0.2, 0.9, 0.5)):
        await memory.store_memory(f"line {i}", metadata={"user": "anna"}, importance=importance)
    assert [m["content"] for m in await memory.list_memories(2)] == ["line 1", "line 2"]
    assert await memory.list_memories(5, user="ben") == []


async def test_it_is_the_same_after_it_was_closed(tmp_path, clock):
    async with NeuralMemorySystem(tmp_path / "m", clock=clock) as memory:
        for i in range(30):
            await memory.store_memory(
                f"I love thing{i}", metadata={"user": f"u{i % 3}"}, importance=0.3 + i / 50
            )
        await memory.retrieve_memories("thing7", k=3)
        await memory.consolidate()
        before = await memory.retrieve_memories("thing", k=100, strengthen=False)
        edges = await memory.find_associations("u1", 3)
        stats = await memory.get_memory_stats()
    async with NeuralMemorySystem(tmp_path / "m", clock=clock) as memory:
        assert await memory.retrieve_memories("thing", k=100, strengthen=False) == before
        assert await memory.find_associations("u1", 3) == edges
        assert {**await memory.get_memory_stats(), "bytes": 0} == {**stats, "bytes": 0}


async def test_another_encoder_embeds_anew_instead_of_mixing(tmp_path):
    async with NeuralMemorySystem(tmp_path / "m") as memory:
        await memory.store_memory("i love cats")
        await memory.store_memory("i hate this game")
    model = tiny.sentence_transformer(tmp_path / "st")
    async with NeuralMemorySystem(tmp_path / "m", Settings(memory={"embedder": str(model)})) as memory:
        found = await memory.retrieve_memories("i love cats", k=2)
        assert found[0]["content"] == "i love cats"
        assert found[0]["why"]["meaning"] == pytest.approx(1, abs=1e-2)
        assert (await memory.get_memory_stats())["model"].startswith("sentence-transformers:")
    async with NeuralMemorySystem(tmp_path / "m") as memory:
        assert len(await memory.retrieve_memories("cats", k=5)) == 2


async def test_a_t5_model_writes_the_summary_when_it_is_there(tmp_path):
    settings = Settings(memory={"summarizer": str(tiny.t5(tmp_path / "t5"))})
    async with NeuralMemorySystem(tmp_path / "m", settings) as memory:
        await memory.store_memory("i love cats")
        assert (await memory.summarize("cats"))["method"] == "t5"


async def test_a_model_that_is_asked_for_and_not_there_is_an_error(tmp_path):
    memory = NeuralMemorySystem(tmp_path / "m", Settings(memory={"summarizer": "no/such-model"}))
    with pytest.raises(ModelError, match="no/such-model"):
        await memory.store_memory("hi")


@pytest.mark.parametrize(
    "text", ["😂😂😂", "\u200b.\u200b", "a\ud800b", "привет こんにちは", "x" * 50_000, "?!?!", "\x00"]
)
async def test_any_text_can_be_kept_and_asked_for(memory, text):
    await memory.store_memory(text)
    assert len(await memory.retrieve_memories(text, k=1)) == 1


async def test_one_bad_request_harms_nobody_beside_it(memory):
    results = await asyncio.gather(
        memory.store_memory("good one"),
        memory.store_memory("bad", importance=7),
        memory.forget_memory("mem-none"),
        memory.store_memory("good two"),
        return_exceptions=True,
    )
    assert [type(r) for r in results] == [str, InputError, UnknownMemoryError, str]
    assert (await memory.get_memory_stats())["total"] == 2


async def test_the_loop_keeps_ticking_while_memories_are_stored(memory):
    ticks = 0

    async def heartbeat():
        nonlocal ticks
        while True:
            await asyncio.sleep(0.002)
            ticks += 1

    beating = asyncio.create_task(heartbeat())
    await asyncio.gather(*(memory.store_memory(f"a new thing, number {i}") for i in range(120)))
    beating.cancel()
    assert ticks > 10


async def test_a_second_process_is_refused_and_a_closed_memory_too(memory):
    second = NeuralMemorySystem(memory.path)
    with pytest.raises(StoreLockedError):
        await second.store_memory("hi")
    closed = NeuralMemorySystem(memory.path)
    await closed.aclose()
    with pytest.raises(ClosedError):
        await closed.store_memory("hi")


@pytest.mark.usefixtures("little_to_collect")
@pytest.mark.parametrize("path", ["a\0b", "a\ud800b", 7])
def test_a_path_that_no_file_can_have_is_a_clear_error(path):
    with pytest.raises(InputError, match="path"):
        NeuralMemorySystem(path)


@pytest.mark.parametrize("read_only", [False, True])
async def test_a_path_that_is_too_long_is_a_clear_error(tmp_path, read_only):
    memory = NeuralMemorySystem(tmp_path / ("x" * 5000), read_only=read_only)
    with pytest.raises(StoreError, match="too long"):
        await memory.get_memory_stats()
    await memory.aclose()


async def test_it_works_bare_in_the_data_folder_and_a_leak_is_warned_about(tmp_path):
    memory = NeuralMemorySystem()
    await memory.store_memory("hi")
    assert memory.path == tmp_path / "data" / "default" / "memory"
    with pytest.warns(ResourceWarning, match="NeuralMemorySystem"):
        del memory
        await collected()


async def test_a_naive_moment_is_local_and_warned_about(memory):
    with pytest.warns(UserWarning, match="no time zone"):
        await memory.store_memory("hi", created_at=at(0).replace(tzinfo=None))


@pytest.mark.parametrize("times", [3, pytest.param(40, marks=pytest.mark.long)])
async def test_replaying_the_same_log_gives_the_same_store(tmp_path, times):
    async def play(folder):
        clock = ManualClock(START)
        async with NeuralMemorySystem(folder, clock=clock) as memory:
            for i in range(40):
                clock.advance(60)
                await memory.store_memory(f"I love thing {i % 30}", metadata={"user": f"u{i % 4}"})
                await memory.retrieve_memories(f"thing {i % 7}", k=2)
            await memory.consolidate()
            await memory.export(folder / "export.jsonl")
        return (folder / "export.jsonl").read_text()

    assert len({await play(tmp_path / str(n)) for n in range(times)}) == 1


def test_the_shared_encoder_is_loaded_once():
    assert bundled_encoder() is bundled_encoder()


async def test_as_of_an_hour_before_the_first_is_nothing(memory):
    await memory.store_memory("first thing")
    assert await memory.retrieve_memories("first", k=5, as_of=START - timedelta(hours=1)) == []


KILLED = textwrap.dedent("""
    import asyncio, sys
    from hikari_ml import NeuralMemorySystem

    async def main():
        memory = NeuralMemorySystem(sys.argv[1])
        begin = int(sys.argv[2])
        for i in range(begin, begin + 100_000):
            memory_id = await memory.store_memory(f"I love thing{i}", metadata={"user": f"u{i % 3}"})
            print(i, memory_id, flush=True)

    asyncio.run(main())
""")


async def test_a_killed_process_loses_no_memory_it_acknowledged(tmp_path):
    acknowledged = {}
    for _ in range(3):
        process = subprocess.Popen(
            [sys.executable, "-W", "ignore", "-c", KILLED, str(tmp_path / "m"), str(len(acknowledged))],
            stdout=subprocess.PIPE, text=True, cwd=os.getcwd(),
        )  # fmt: skip
        lines = [process.stdout.readline() for _ in range(30)]
        process.send_signal(signal.SIGKILL)
        lines += process.stdout.read().splitlines()
        process.wait()
        process.stdout.close()
        acknowledged |= {
            int(n): memory_id for n, memory_id in (line.split() for line in lines if line.count(" "))
        }
        async with NeuralMemorySystem(tmp_path / "m") as memory:
            found = {m["id"]: m["content"] for m in await memory.retrieve_memories("thing", k=100_000)}
            for number, memory_id in acknowledged.items():
                assert found[memory_id] == f"I love thing{number}"
            assert len(found) <= len(acknowledged) + 1, "nothing was invented"
            assert len(memory._core.index) == len(found)


async def test_a_reader_sees_what_a_running_process_has_acknowledged_and_writes_nothing(tmp_path):
    with subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", KILLED, str(tmp_path / "m"), "0"],
        stdout=subprocess.PIPE, text=True, cwd=os.getcwd(),
    ) as process:  # fmt: skip
        try:
            for _ in range(3):
                known = [process.stdout.readline().split() for _ in range(15)]
                async with NeuralMemorySystem(tmp_path / "m", read_only=True) as memory:
                    found = {m["id"]: m for m in await memory.retrieve_memories("thing", k=100_000)}
                    assert {memory_id for _, memory_id in known} <= found.keys()
                    assert {m["access_count"] for m in found.values()} == {0}
                    assert (await memory.get_memory_stats())["total"] == len(found)
                    assert await memory.export(tmp_path / "out.jsonl") == len(found)
            with pytest.raises(StoreLockedError):
                await NeuralMemorySystem(tmp_path / "m").get_memory_stats()
            assert process.stdout.readline(), "the writer goes on"
        finally:
            process.kill()


async def test_looking_changes_neither_file_nor_memories(tmp_path, clock):
    async with NeuralMemorySystem(tmp_path / "m", clock=clock) as memory:
        await memory.store_memory("I love cats", metadata={"user": "anna"})
    before = (tmp_path / "m" / "data.mdb").read_bytes()
    async with NeuralMemorySystem(tmp_path / "m", read_only=True, clock=clock) as memory:
        for _ in range(40):
            (found,) = await memory.retrieve_memories("cats")
        assert (found["access_count"], found["degraded"]) == (0, [])
        assert await memory.find_associations("anna") == [("cats", pytest.approx(0.6))]
        assert (await memory.summarize("cats"))["text"]
    assert (tmp_path / "m" / "data.mdb").read_bytes() == before


@pytest.mark.parametrize(
    "change",
    [
        lambda memory: memory.store_memory("more"),
        lambda memory: memory.consolidate(),
        lambda memory: memory.forget_memory("mem-1"),
        lambda memory: memory.withdraw_memory("mem-1"),
        lambda memory: memory.erase_user("anna"),
        lambda memory: memory.import_("in.jsonl"),
        lambda memory: memory.compact(),
    ],
)
async def test_what_would_write_is_refused_to_a_reader(tmp_path, change):
    async with NeuralMemorySystem(tmp_path / "m") as memory:
        await memory.store_memory("hi")
    async with NeuralMemorySystem(tmp_path / "m", read_only=True) as memory:
        with pytest.raises(ReadOnlyError, match="read_only"):
            await change(memory)
        assert (await memory.get_memory_stats())["total"] == 1


async def test_a_reader_creates_nothing(tmp_path):
    with pytest.raises(StoreError, match="holds no memory"):
        await NeuralMemorySystem(tmp_path / "m", read_only=True).get_memory_stats()
    assert not (tmp_path / "m").exists()


async def test_a_reader_with_another_encoder_embeds_in_memory_alone_and_says_so(tmp_path):
    async with NeuralMemorySystem(tmp_path / "m") as memory:
        for content in ("i love cats", "i hate this game"):
            await memory.store_memory(content)
        model_id = memory.embedding_id
    before = (tmp_path / "m" / "data.mdb").read_bytes()
    settings = Settings(memory={"embedder": str(tiny.sentence_transformer(tmp_path / "st"))})
    async with NeuralMemorySystem(tmp_path / "m", settings, read_only=True) as memory:
        assert (await memory.get_memory_stats())["degraded"] == [f"vectors:{model_id}"]
        found = await memory.retrieve_memories("i love cats", k=2)
        assert found[0]["why"]["meaning"] == pytest.approx(1, abs=1e-2)
        assert [m["degraded"] for m in found] == [[f"vectors:{model_id}"]] * 2
        assert (await memory.summarize("cats"))["degraded"] == [f"vectors:{model_id}"]
    assert (tmp_path / "m" / "data.mdb").read_bytes() == before


async def test_the_strongest_relations_come_first(memory):
    await memory.store_memory("I love tea", "fact", {"user": "anna"})
    await memory.store_memory("I love chess", "fact", {"user": "anna"})
    await memory.store_memory("I really love chess", "note", {"user": "anna"})
    first, second = await memory.list_relations(5)
    assert first == {
        "source": "anna", "kind": "likes", "target": "chess", "strength": pytest.approx(0.84), "evidence": 2
    }  # fmt: skip
    assert second["target"] == "tea"
    assert await memory.list_relations(1) == [first]
    assert (await memory.verify())["faults"] == []
