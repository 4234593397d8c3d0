"""What is gathered of a memory is what it holds, seen at one moment."""

from datetime import UTC, datetime, timedelta

import pytest

from hikari_ml import NeuralMemorySystem, Settings
from hikari_ml.config import MemorySettings
from hikari_ml.context_memory.decay import decayed, stability
from hikari_ml.errors import StoreError
from hikari_ml.report.memory_view import RELATIONS, fades_at, look, name_of, worth_drawing
from hikari_ml.runtime.clock import ManualClock
from tests.support import START, at

DAY = 86_400
LINES = [
    (0, "Anna", "I love green tea", 0.9),
    (60, "ben", "my cat is called Luna", 0.5),
    (DAY, "anna", "I play chess", 0.7),
    (DAY + 60, "", "the raid begins", 0.2),
]


@pytest.fixture
async def folder(tmp_path):
    clock = ManualClock(START)
    async with NeuralMemorySystem(tmp_path / "luna" / "memory", clock=clock) as memory:
        for seconds, user, content, importance in LINES:
            clock.advance_to(at(seconds))
            metadata = {"user": user, "why": ["says something"]} if user else {}
            stirred = 0.8 if "tea" in content else 0.0
            await memory.store_memory(
                content, "fact", metadata, importance, created_at=clock.now(), arousal=stirred
            )
        await memory.retrieve_memories("cat Luna", k=1, user="ben")
    return tmp_path / "luna" / "memory"


async def test_lines_are_worth_what_the_memory_itself_says(folder):
    now = at(40 * DAY)
    view = await look(folder, now=now)
    async with NeuralMemorySystem(folder, clock=ManualClock(now), read_only=True) as memory:
        own = {found["content"]: found["importance"] for found in await memory.list_memories()}
    assert {line.content: line.importance for line in view.lines} == pytest.approx(own)
    assert [line.content for line in view.lines] == sorted(own, key=lambda content: -own[content])
    (cat,) = (line for line in view.lines if "cat" in line.content)
    assert (cat.base, cat.recalls, cat.who, cat.reasons) == (0.5, 1, "ben", ("says something",))
    assert cat.worth(now, 0.995) == pytest.approx(cat.importance)
    assert (view.name, view.at, view.faded, view.stats["total"]) == ("luna", now, False, 4)
    assert {relation["target"] for relation in view.relations} >= {"green tea", "chess"}


async def test_people_are_counted_whatever_the_case_and_named_as_last_written(folder):
    anna, ben = (await look(folder, now=at(2 * DAY))).people
    assert (anna.name, anna.memories, anna.first, anna.last) == ("anna", 2, at(0), at(DAY))
    assert anna.line.content == "I love green tea"
    assert (ben.name, ben.memories, ben.recalls, ben.longterm) == ("ben", 1, 1, 0)


async def test_where_all_has_faded_it_is_seen_at_its_last_moment(folder):
    view = await look(folder, now=at(3000 * DAY))
    assert (view.faded, view.at) == (True, at(DAY + 60))
    assert view.lines[0].importance > 0.5
    view = await look(folder, now=at(400 * DAY))
    assert (view.faded, view.at) == (False, at(400 * DAY)), "something is left"


async def test_looking_changes_nothing(folder):
    before = (folder / "data.mdb").read_bytes()
    await look(folder)
    assert (folder / "data.mdb").read_bytes() == before


async def test_a_memory_of_nothing_can_be_seen(tmp_path):
    async with NeuralMemorySystem(tmp_path / "m") as memory:
        await memory.get_memory_stats()
    view = await look(tmp_path / "m")
    assert (view.lines, view.people, view.themes, view.episodes, view.faded) == ([], [], [], [], False)


async def test_where_no_memory_is_there_is_nothing_to_see(tmp_path):
    with pytest.raises(StoreError, match="holds no memory"):
        await look(tmp_path / "none")


@pytest.mark.parametrize("recalls", [0, 4])
def test_a_memory_is_forgotten_when_it_meets_the_floor(recalls):
    settings = MemorySettings()
    until = fades_at(0.8, stability(recalls), START, settings)
    seconds = (until - START).total_seconds()
    assert decayed(0.8, seconds, recalls, settings.decay_rate) == pytest.approx(settings.forget_below)


def test_what_never_fades_is_never_forgotten_and_what_lies_below_is_due():
    assert fades_at(0.8, 1.0, START, MemorySettings(decay_rate=1.0)) is None
    assert fades_at(0.8, 1.0, START, MemorySettings(forget_below=0.0)) is None
    assert fades_at(0.8, 1.0, START, MemorySettings(decay_rate=0.9999999)) is None
    assert fades_at(0.05, 1.0, START, MemorySettings()) == START
    assert fades_at(0.8, 1.0, datetime(2026, 1, 1, tzinfo=UTC), MemorySettings(decay_rate=0.5)) < START


async def test_the_settings_that_are_given_count(folder):
    settings = Settings(memory={"decay_rate": 0.5, "forget_below": 0.0001})
    view = await look(folder, settings, now=at(DAY + 60) + timedelta(days=2))
    assert min(line.importance for line in view.lines) == pytest.approx(0.2 * 0.25)


def test_the_memory_of_a_channel_is_called_like_it(tmp_path):
    assert name_of(tmp_path / "luna" / "memory") == "luna"
    assert name_of(tmp_path / "mine") == "mine"


def relation(kind, strength):
    return {"source": "a", "kind": kind, "target": f"{strength}", "strength": strength, "evidence": 1}


@pytest.mark.parametrize(
    ("stated", "seen", "shown"),
    [(2, 30, (2, 8)), (30, 30, (5, 5)), (30, 2, (8, 2)), (0, 30, (0, 10)), (30, 0, (10, 0)), (3, 3, (3, 3))],
)
def test_what_people_state_has_up_to_half_of_the_drawing(stated, seen, shown):
    often = [relation("with", 1 - at / 1000) for at in range(seen)]
    once = [relation("lives in", 0.5 - at / 1000) for at in range(stated)]
    found = worth_drawing([*often, *once], 10)
    assert [edge for edge in found if edge["kind"] == "with"] == often[: shown[1]]
    assert [edge for edge in found if edge["kind"] == "lives in"] == once[: shown[0]]
    assert found == sorted(found, key=lambda edge: -edge["strength"])


async def test_what_is_said_once_is_drawn_beside_what_is_named_often(tmp_path):
    async with NeuralMemorySystem(tmp_path / "m", clock=ManualClock(START)) as memory:
        for i in range(3 * RELATIONS):
            content, user = f"Oslo and Lisbon again, line {i}", f"user{i % RELATIONS}"
            await memory.store_memory(content, metadata={"user": user}, created_at=at(i))
        await memory.store_memory("I play chess", metadata={"user": "anna"}, created_at=at(0))
    view = await look(tmp_path / "m", now=at(DAY))
    assert view.stats["graph"]["edges"] > len(view.relations) == RELATIONS
    assert ("anna", "plays") in {(relation["source"], relation["kind"]) for relation in view.relations}


async def test_a_person_is_quoted_with_what_still_holds(tmp_path):
    async with NeuralMemorySystem(tmp_path / "m", clock=ManualClock(at(DAY))) as memory:
        for seconds, content, importance in ((0, "I live in Berlin", 0.9), (60, "I moved to Munich", 0.4)):
            await memory.store_memory(content, "fact", {"user": "mika"}, importance, created_at=at(seconds))
    view = await look(tmp_path / "m", now=at(DAY))
    assert [(line.content, line.ended) for line in view.lines] == [
        ("I live in Berlin", at(60)), ("I moved to Munich", None),
    ]  # fmt: skip
    (mika,) = view.people
    assert (mika.memories, mika.line.content) == (2, "I moved to Munich")
