"""The search: names in a query, and rankings that do not depend on how much is asked for."""

import numpy as np

from hikari_ml.context_memory.postgres.search import names_in
from tests.support import at


def test_every_run_of_words_may_be_a_name():
    assert "big ben" in names_in("what does Big Ben say?")
    assert "the" not in names_in("the cat")
    assert names_in("...") == []


async def test_more_that_is_asked_for_changes_nothing_at_the_top(memory):
    rng = np.random.default_rng(3)
    for i in range(60):
        await memory.store_memory(
            f"word{i % 5} word{i % 7} line {i}",
            metadata={"user": f"u{i % 3}", "conversation": f"c{i % 4}"},
            created_at=at(i),
            embedding=rng.normal(size=384),
        )
    asked = {"embedding": rng.normal(size=384), "strengthen": False}
    few = await memory.retrieve_memories("word1 word2", 5, **asked)
    many = await memory.retrieve_memories("word1 word2", 50, **asked)
    assert [m["id"] for m in few] == [m["id"] for m in many[:5]]
    assert few[0]["why"]["words_window"] is not None


async def test_who_is_asked_about_is_found_by_what_they_said(memory):
    for user, content, importance in (
        ("anna", "I live in Norway", 0.9),
        ("anna", "my cats are Luna and Sol", 0.4),
        ("ben", "anna sings well", 0.5),
        ("carl", "what do you know", 0.5),
        ("carl", "tell me more", 0.5),
    ):
        await memory.store_memory(content, importance=importance, metadata={"user": user})
    for query in ("anna", "what do you know about anna?"):
        found = await memory.retrieve_memories(query, k=9, strengthen=False)
        assert [m["metadata"]["user"] for m in found[3:]] == ["carl", "carl"]
        assert [m["why"]["named"] for m in found[3:]] == [0.05, 0.05]
        assert found[0]["metadata"]["user"] == "anna"
