"""What holds, among processes: who tells it waits for who is telling it, and what the tables say is so."""

import asyncio

import pytest

from hikari_ml import PostgresMemory
from hikari_ml.context_memory.postgres.rows import filled
from hikari_ml.context_memory.postgres.standing import tell
from hikari_ml.context_memory.record import Record
from tests.support import at


def record(key, content, moment):
    return Record(key, f"m{key}", content, "fact", {"user": "anna"}, 0.5, "short_term", moment, moment)


def test_only_the_slots_asked_for_are_told():
    lines = [record(1, "I moved to Munich", 10), record(2, "I moved to Berlin and I work as a nurse", 20)]
    home = set(filled(lines[0])[0])
    assert len({*filled(lines[1])[0]}) == 2
    told = tell(lines, home)
    assert {(span[0], span[2], span[3], span[4]) for span in told.spans} == {
        (1, 10, 20, 2),
        (2, 20, None, None),
    }
    assert sorted(told.links.values()) == [False, True]
    assert tell(lines, set()).spans == frozenset()


async def test_many_at_once_tell_what_one_after_the_other_would(server, schema, clock):
    async def live(memory, numbers):
        for number in numbers:
            await memory.store_memory(
                f"I moved to City{number}", "fact", {"user": "anna"}, created_at=at(number)
            )

    async with (
        PostgresMemory(server.dsn, schema=schema, clock=clock) as one,
        PostgresMemory(server.dsn, schema=schema, clock=clock) as other,
    ):
        await asyncio.gather(
            live(one, range(0, 12, 2)), live(other, range(11, 0, -2)), live(one, range(3)), live(other, [11])
        )
        (found,) = await one.list_memories()
        assert found["content"] == "I moved to City11"
        stats = await other.get_memory_stats()
        assert (stats["total"], stats["superseded"]) == (12, 11)
        assert (await one.verify())["faults"] == []
        said = await asyncio.gather(
            *(
                m.store_memory(f"{word} I love tea so much", metadata={"user": "ben"})
                for m in (one, other)
                for word in ("lol", "omg", "haha", "")
            )
        )
        assert len(set(said)) == 1, "almost the same at once is one memory"


async def test_withdrawing_and_forgetting_at_once_leave_what_was_before(server, schema, memory):
    ids = [
        await memory.store_memory(f"I moved to City{i}", "fact", {"user": "anna"}, created_at=at(i))
        for i in range(8)
    ]
    async with PostgresMemory(server.dsn, schema=schema) as other:
        await asyncio.gather(*(m.withdraw_memory(name) for name in ids[1:] for m in (memory, other)))
    (found,) = await memory.list_memories()
    assert found["id"] == ids[0]
    assert (await memory.get_memory_stats())["superseded"] == 0


@pytest.mark.parametrize("k", [1, 60])
async def test_nothing_that_is_hidden_is_ranked(memory, k):
    for number in range(3):
        await memory.store_memory(f"I moved to City{number}", "fact", {"user": "a"}, created_at=at(number))
    (found,) = await memory.retrieve_memories("City0 City1", k)
    assert found["why"]["meaning_rank"] == 1
