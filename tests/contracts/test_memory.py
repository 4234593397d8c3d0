"""What every memory keeps to, wherever it lies: one suite for all of them."""

import asyncio
import inspect
import json
import math
from datetime import timedelta

import hypothesis
import msgpack
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hikari_ml import NeuralMemorySystem, PostgresMemory, Settings
from hikari_ml.context_memory import core
from hikari_ml.context_memory.postgres import search
from hikari_ml.context_memory.protocol import MemorySystem
from hikari_ml.context_memory.recall import SAID_LINES
from hikari_ml.errors import (
    ClosedError,
    InputError,
    ReadOnlyError,
    RecordingError,
    StoreError,
    UnknownMemoryError,
)
from hikari_ml.results import Erasure, Memory, MemoryStats
from hikari_ml.times import iso
from tests.support import at

ASKED = {"strengthen": False}

LINES = [
    ("anna", "s1", "my dog is called Rex"),
    ("ben", "s1", "what does your dog eat?"),
    ("anna", "s1", "mostly chicken and rice"),
    ("cleo", "s1", "I live in Berlin and I study medicine"),
    ("ben", "s2", "did anybody watch the game yesterday?"),
    ("cleo", "s2", "yes, what a comeback in the last minute"),
    ("anna", "s2", "I fell asleep before the end"),
    ("ben", None, "I love green tea"),
    ("anna", None, "green tea is too bitter for me"),
    ("cleo", "s2", "the keeper saved three penalties in that game"),
    (None, "s2", "the stream starts at eight tomorrow"),
    ("ben", "s2", "@cleo do you still play chess with Tom?"),
    ("cleo", "s2", "every Friday, he wins most games"),
]

QUESTIONS = [
    "what does the dog eat?",
    "who likes green tea?",
    "anna's dog",
    "when does the stream start?",
    "what happened in the game?",
    "does cleo play chess?",
    "zzz qqq",
]


async def tell(memory, lines=LINES):
    for place, (user, talk, content) in enumerate(lines):
        metadata = {k: v for k, v in (("user", user), ("conversation", talk)) if v is not None}
        await memory.store_memory(content, metadata=metadata, importance=0.5, created_at=at(60 * place))


def vector(seed):
    row = np.random.default_rng(seed).normal(size=384)
    return row / np.linalg.norm(row)


async def contents(memory, query, k=10, **scope):
    return [m["content"] for m in await memory.retrieve_memories(query, k, **scope, **ASKED)]


# -- the surface -----------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [NeuralMemorySystem, PostgresMemory])
def test_each_has_every_method_with_the_same_parameters(kind):
    methods = [name for name in vars(MemorySystem) if not name.startswith("_")]
    assert "retrieve_memories" in methods
    for name in methods:
        expected, own = vars(MemorySystem)[name], inspect.getattr_static(kind, name)
        if inspect.isfunction(expected):
            assert inspect.signature(own) == inspect.signature(expected), name


async def test_results_are_plain_and_complete(memory):
    await memory.store_memory("I love tea", "fact", {"user": "anna", "n": [1, 2.5, None]}, 0.8)
    (found,) = await memory.retrieve_memories("tea")
    assert set(found) == set(Memory.__annotations__)
    assert found["importance"] == pytest.approx(0.8)
    assert found["metadata"] == {"user": "anna", "n": [1, 2.5, None]}
    assert (found["tier"], found["count"], found["access_count"]) == ("short_term", 1, 1)
    for result in (found, await memory.get_memory_stats(), await memory.verify()):
        assert msgpack.unpackb(msgpack.packb(result)) == json.loads(json.dumps(result, allow_nan=False))
    assert set(await memory.get_memory_stats()) == set(MemoryStats.__annotations__)


# -- lasting ---------------------------------------------------------------------------------------


async def test_what_was_acknowledged_is_there_when_it_is_opened_again(opened):
    async with opened() as memory:
        await tell(memory)
        before = [await memory.retrieve_memories(q, 20, **ASKED) for q in QUESTIONS]
        graph = await memory.list_relations(50)
    async with opened() as memory:
        assert [await memory.retrieve_memories(q, 20, **ASKED) for q in QUESTIONS] == before
        assert await memory.list_relations(50) == graph
        assert (await memory.verify())["faults"] == []


async def test_it_can_be_used_bare_and_not_after_it_was_closed(opened):
    memory = opened()
    await memory.store_memory("I love tea")
    await memory.aclose()
    await memory.aclose()
    with pytest.raises(ClosedError):
        await memory.retrieve_memories("tea")


async def test_a_view_changes_nothing(opened):
    with pytest.raises(StoreError):
        await opened(read_only=True).get_memory_stats()
    async with opened() as memory:
        await tell(memory)
    async with opened(read_only=True) as view:
        assert len(await view.retrieve_memories("tea", 50)) == len(LINES)
        assert all(m["access_count"] == 0 for m in await view.list_memories(50))
        for change in (view.store_memory("x"), view.erase_user("anna"), view.consolidate()):
            with pytest.raises(ReadOnlyError):
                await change


# -- scope -----------------------------------------------------------------------------------------


USERS = ["Straße", "STRASSE", "Ünïcode", "ünïcode", "o'neil; --", "%s", "猫", None]
KINDS = ["fact", "a'b"]


def test_a_scope_gives_exactly_what_is_in_it(opened):
    rng = np.random.default_rng(7)
    lines = [
        (USERS[rng.integers(8)], KINDS[rng.integers(2)], [None, "c1", "c2"][rng.integers(3)])
        for _ in range(40)
    ]

    async def fill():
        memory = opened()
        for place, (who, kind, talk) in enumerate(lines):
            metadata = {n: v for n, v in (("user", who), ("conversation", talk)) if v is not None}
            await memory.store_memory(
                f"line {place} of games?", kind, metadata, created_at=at(place), embedding=vector(place)
            )
        return memory

    def inside(place, user, kinds, moment):
        who, kind, _ = lines[place]
        mine = user is None or (who is not None and who.casefold() == user.casefold())
        return mine and (kinds is None or kind in kinds) and (moment is None or place <= moment)

    with asyncio.Runner() as runner:
        memory = runner.run(fill())

        @given(
            st.sampled_from(USERS),
            st.none() | st.lists(st.sampled_from([*KINDS, "nothing"])),
            st.none() | st.integers(-1, 40),
            st.integers(1, 45),
        )
        @hypothesis.settings(max_examples=20)
        def check(user, kinds, moment, k):
            as_of = None if moment is None else at(moment)
            asked = memory.retrieve_memories("games", k, kinds, user=user, as_of=as_of, **ASKED)
            found = [m["content"] for m in runner.run(asked)]
            wanted = {f"line {i} of games?" for i in range(len(lines)) if inside(i, user, kinds, moment)}
            assert len(found) == len(set(found)) == min(k, len(wanted))
            assert set(found) <= wanted

        try:
            check()
        finally:
            runner.run(memory.aclose())


@pytest.mark.parametrize("k", [1, 3, 1_000_000, 10**30])
async def test_the_number_asked_for_is_what_comes(memory, k):
    for i in range(12):
        await memory.store_memory(
            f"line {i} about games", metadata={"user": f"u{i % 3}"}, embedding=vector(i)
        )
    assert len(await memory.retrieve_memories("games", k)) == min(k, 12)
    assert len(await memory.retrieve_memories("games", k, user="u1")) == min(k, 4)
    assert len(await memory.list_memories(k, user="U1")) == min(k, 4)
    assert await memory.retrieve_memories("games", k, user="nobody") == []


async def test_what_others_said_changes_nothing_in_a_scope(opened):
    async def ask(name, others):
        async with opened(name) as memory:
            await tell(
                memory, [(u, c, t if u == "anna" else f"{others} {i}") for i, (u, c, t) in enumerate(LINES)]
            )
            found = await memory.retrieve_memories("anna's dog and tea", 5, user="anna", **ASKED)
            return [(m["content"], m["score"]) for m in found]

    assert [c for c, _ in await ask("one", "nothing")] == [c for c, _ in await ask("two", "other things")]


# -- sameness --------------------------------------------------------------------------------------


async def test_saying_the_same_again_is_one_memory_with_a_count(memory):
    first = await memory.store_memory("I love this stream!", metadata={"user": "anna"}, importance=0.4)
    again = await memory.store_memory(
        "i LOVE this   stream", metadata={"user": "ANNA", "mood": "joy", "conversation": "c"}, importance=0.7
    )
    others = {
        await memory.store_memory("I love this stream!", metadata={"user": "ben"}),
        await memory.store_memory("I love this stream!", "fact", {"user": "anna"}),
    }
    assert again == first
    assert len(others | {first}) == 3
    (found,) = await memory.retrieve_memories("stream", user="anna", memory_types=["interaction"], **ASKED)
    assert (found["count"], found["importance"]) == (2, pytest.approx(0.7))
    assert found["metadata"] == {"user": "anna", "mood": "joy", "conversation": "c"}
    assert (await memory.verify())["faults"] == []


async def test_many_at_once_make_no_twins(memory):
    ids = await asyncio.gather(*(memory.store_memory(f"everybody says {i % 3}") for i in range(30)))
    assert len(set(ids)) == 3
    assert sorted(m["count"] for m in await memory.list_memories()) == [10, 10, 10]


async def test_withdrawing_takes_back_one_storing(memory):
    memory_id = await memory.store_memory("gg")
    await memory.store_memory("gg")
    assert await memory.withdraw_memory(memory_id) is False
    assert await memory.withdraw_memory(memory_id) is True
    assert await memory.withdraw_memory(memory_id) is True, "of what is not there, nothing is left"
    for never in ("mem-never", "mem-\ud800", "x" * 9999):
        assert await memory.withdraw_memory(never) is True
    assert await memory.list_memories() == []


# -- time ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("days", [(0, 5), (5, 0)])
async def test_what_is_said_twice_is_known_from_the_first_time_on(memory, days):
    for day in days:
        hers = {"user": "anna", "conversation": "talk"}
        await memory.store_memory("the pizza here was great", metadata=hers, created_at=at(86_400 * day))
    (found,) = await memory.retrieve_memories("pizza", user="anna", as_of=at(86_400))
    assert (found["count"], found["created_at"]) == (2, iso(at(0)))
    assert await memory.retrieve_memories("pizza", user="anna", as_of=at(-1)) == []
    assert (await memory.verify())["faults"] == []


async def test_as_of_sees_what_was_known_then(memory):
    await memory.store_memory("old news", created_at=at(-86_400))
    await memory.store_memory("fresh news")
    (found,) = await memory.retrieve_memories("news", as_of=at(-3600))
    assert (found["content"], found["access_count"]) == ("old news", 0)
    assert await memory.retrieve_memories("news", as_of=at(-90_000)) == []


async def test_recall_strengthens_and_time_fades(memory, clock):
    await memory.store_memory("I love tea", importance=0.8)
    clock.advance(100 * 86_400)
    (found,) = await memory.retrieve_memories("tea")
    assert (found["access_count"], found["importance"]) == (1, pytest.approx(0.8))
    clock.advance(100 * 86_400)
    (faded,) = await memory.list_memories()
    assert faded["importance"] == pytest.approx(0.8 * 0.995 ** (100 / (1 + math.log(2))))
    assert faded["score"] == faded["importance"]


async def test_a_round_promotes_forgets_and_cuts_episodes(memory, clock):
    await memory.store_memory("what matters most", importance=0.95)
    await memory.store_memory("hardly worth it", importance=0.06)
    for i in range(5):
        await memory.store_memory(f"an ordinary line, the {i}th of them", importance=0.4)
    clock.advance(80 * 86_400)
    for _ in range(3):
        await memory.retrieve_memories("what matters most", k=1)
    assert await memory.consolidate() == {
        "examined": 7, "promoted": 1, "episodic": 5, "forgotten": 1, "episodes": 1, "degraded": [],
    }  # fmt: skip
    stats = await memory.get_memory_stats()
    assert stats["by_tier"] == {"episodic": 5, "long_term": 1}
    assert stats["episodes"] == 1
    again = await memory.consolidate()
    assert (again["promoted"], again["episodic"], again["forgotten"], again["episodes"]) == (0, 0, 0, 0)
    assert (await memory.verify())["faults"] == []


async def test_the_working_buffer_does_not_grow_without_end(opened):
    async with opened(settings=Settings(memory={"short_term_capacity": 8})) as memory:
        for i in range(48):
            await memory.store_memory(f"number {i}", embedding=vector(i))
        tiers = (await memory.get_memory_stats())["by_tier"]
        assert tiers["short_term"] <= 26
        assert sum(tiers.values()) == 48


# -- the graph -------------------------------------------------------------------------------------


async def test_what_belongs_together_is_found_both_ways(memory):
    await memory.store_memory("I love green tea", metadata={"user": "Anna"})
    await memory.store_memory("I really love green tea", metadata={"user": "ben"})
    assert dict(await memory.find_associations("anna", 1)) == {"green tea": pytest.approx(0.6)}
    assert dict(await memory.find_associations("ANNA", 10**6)) == {
        "green tea": pytest.approx(0.6),
        "ben": pytest.approx(0.36),
    }
    assert await memory.find_associations("nobody \0\ud800") == []
    assert [(r["source"], r["kind"], r["target"], r["evidence"]) for r in await memory.list_relations()] == [
        ("Anna", "likes", "green tea", 1),
        ("ben", "likes", "green tea", 1),
    ]


# -- forgetting ------------------------------------------------------------------------------------


async def test_what_is_forgotten_is_gone_from_everything(memory, tmp_path):
    gone = await memory.store_memory("I love xylophones", metadata={"user": "anna"})
    await memory.store_memory("I play chess", metadata={"user": "anna"})
    await memory.forget_memory(gone)
    assert await contents(memory, "xylophones") == ["I play chess"]
    assert await memory.find_associations("xylophones") == []
    await memory.export(tmp_path / "out.jsonl")
    assert "xylophone" not in (tmp_path / "out.jsonl").read_text()
    for unknown in (gone, "", "mem-\ud800", "x" * 9999, "\0"):
        with pytest.raises(UnknownMemoryError):
            await memory.forget_memory(unknown)
    assert await memory.store_memory("I love xylophones", metadata={"user": "anna"}) != gone
    assert (await memory.verify())["faults"] == []


async def test_an_episode_is_told_anew_without_who_is_erased(memory, clock):
    for i in range(4):
        await memory.store_memory(f"ordinary line number {i}", metadata={"user": "ben"}, importance=0.3)
    await memory.store_memory("the secret of anna", metadata={"user": "anna"}, importance=0.3)
    clock.advance(2 * 3600)
    assert (await memory.consolidate())["episodes"] == 1
    proof = await memory.erase_user("Anna")
    assert set(proof) == set(Erasure.__annotations__)
    assert (proof["memories"], proof["vectors"], proof["episodes"], proof["compacted"]) == (1, 1, 1, True)
    assert (await memory.get_memory_stats())["episodes"] == 1
    assert (await memory.verify())["faults"] == []
    for memory_id in [m["id"] for m in await memory.list_memories()][:2]:
        await memory.forget_memory(memory_id)
    assert (await memory.get_memory_stats())["episodes"] == 0
    assert (await memory.erase_user("nobody"))["memories"] == 0


async def test_a_summary_is_of_what_matters_and_fits(memory):
    await tell(memory)
    whole = await memory.summarize("green tea", 200)
    assert "tea" in whole["text"]
    assert len(await memory.get_context_summary("green tea", 12)) <= 12
    assert (await memory.summarize("zzz qqq"))["method"] == "none"


# -- bad and strange input -------------------------------------------------------------------------

STRANGE = [
    "emoji 😂👩‍👩‍👧‍👦 and flags 🇯🇵",
    "مرحبا بالعالم \u202eright to left\u202c",
    "かわいい猫がいる",
    "z\u0310a\u0311l\u0312g\u0313o",
    "a NUL \0 inside \0\0",
    "no characters \uffff \ufffe \U0010ffff \uffff0 \uffff1",
    "lone \ud83d surrogate",
    "'; DROP TABLE memories; -- %s %(x)s \\ \\x00",
    "tab\tnewline\nreturn\r\x1b[31m",
    "x" * 99_000,
    "?",
    "İstanbul ẞ ﬁ",
]


def plain(text):
    return text.encode("utf-8", "replace").decode()


async def test_every_text_comes_back_as_it_went_in(opened, tmp_path):
    ids, described = {}, {}
    async with opened() as memory:
        for text in STRANGE:
            name = plain(text)[:40]
            described[text] = {"user": name, "conversation": plain(text), "topic": plain(text)}
            described[text] |= {plain(text): [plain(text), {"a": plain(text)}]}
            ids[text] = await memory.store_memory(text, name, described[text])
            await memory.store_memory("another line", name, metadata={"conversation": plain(text)})
        for text in STRANGE:
            name = plain(text)[:40]
            (found,) = await memory.retrieve_memories(text, 5, [name], user=name.casefold(), **ASKED)
            assert (found["id"], found["content"], found["type"]) == (ids[text], plain(text), name)
            assert found["metadata"] == described[text]
        assert (await memory.verify())["faults"] == []
        await memory.export(tmp_path / "out.jsonl")
        graph = await memory.list_relations(1000)
    async with opened("other") as other:
        assert await other.import_(tmp_path / "out.jsonl") == 2 * len(STRANGE)
        assert await other.list_relations(1000) == graph
        await other.export(tmp_path / "again.jsonl")
        for text in STRANGE:
            assert (await other.erase_user(plain(text)[:40]))["memories"] == 1
    assert (tmp_path / "again.jsonl").read_bytes() == (tmp_path / "out.jsonl").read_bytes()


UNFIT = [
    {"content": ""},
    {"content": None},
    {"content": "x" * 100_001},
    {"content": "x", "importance": math.nan},
    {"content": "x", "importance": "high"},
    {"content": "x", "metadata": {"a": object()}},
    {"content": "x", "metadata": {"a": math.inf}},
    {"content": "x", "metadata": {1: "a"}},
    {"content": "x", "metadata": {"user": " "}},
    {"content": "x", "metadata": {"user": "an\ud800na"}},
    {"content": "x", "memory_type": "\ud800"},
    {"content": "x", "embedding": [1.0]},
    {"content": "x", "embedding": [math.nan] * 384},
    {"content": "x", "created_at": "yesterday"},
    {"content": "x", "arousal": 2},
]

NO_QUESTIONS = [
    {"query": "x", "k": 0},
    {"query": "x", "k": -1},
    {"query": "x", "k": True},
    {"query": "x", "k": 2.0},
    {"query": "  "},
    {"query": None},
    {"query": "x", "memory_types": "fact"},
    {"query": "x", "user": ""},
    {"query": "x", "as_of": 5},
    {"query": "x", "embedding": [0.0] * 384},
]


async def test_what_cannot_be_used_is_a_clear_error_and_nothing_is_stored(memory):
    for arguments in UNFIT:
        with pytest.raises(InputError):
            await memory.store_memory(**arguments)
    for arguments in NO_QUESTIONS:
        with pytest.raises(InputError):
            await memory.retrieve_memories(**arguments)
    for act in (memory.list_memories, memory.list_relations):
        with pytest.raises(InputError):
            await act(0)
    for act in (memory.export, memory.export_graph, memory.import_):
        with pytest.raises(InputError):
            await act("\0")
    assert (await memory.get_memory_stats())["total"] == 0


async def test_a_query_may_be_blank_with_an_embedding_and_of_any_length(memory):
    await tell(memory)
    assert len(await memory.retrieve_memories(" ", 3, embedding=vector(1))) == 3
    assert len(await memory.retrieve_memories("the \0 and \ud800 " * 2000, 3)) == 3
    assert len(await memory.retrieve_memories("...", 3)) == 3


async def test_an_empty_memory_answers(memory):
    assert await memory.retrieve_memories("tea") == []
    assert (await memory.consolidate())["examined"] == 0
    assert (await memory.get_memory_stats())["oldest"] is None
    assert await memory.list_relations() == []


# -- carrying over ---------------------------------------------------------------------------------


async def test_an_import_is_all_or_nothing(memory, tmp_path):
    good = {"id": "mem-1", "content": "hi", "type": "fact", "metadata": {}}
    (tmp_path / "in.jsonl").write_text(json.dumps(good) + "\n" + json.dumps({**good, "id": ""}))
    with pytest.raises(RecordingError, match="line 2"):
        await memory.import_(tmp_path / "in.jsonl")
    assert (await memory.get_memory_stats())["total"] == 0
    (tmp_path / "in.jsonl").write_text(json.dumps(good) + "\n" + json.dumps({**good, "id": "mem-2"}))
    assert await memory.import_(tmp_path / "in.jsonl") == 2
    assert await memory.import_(tmp_path / "in.jsonl") == 0
    assert await memory.store_memory("hi", "fact") in ("mem-1", "mem-2")
    assert (await memory.verify())["faults"] == []
    with pytest.raises(InputError):
        await memory.export(tmp_path / "no" / "folder.jsonl")
    assert await memory.export(tmp_path / "out.jsonl") == 2


@pytest.mark.parametrize(("there", "back"), [("lmdb", "postgres"), ("postgres", "lmdb")])
async def test_a_memory_moves_either_way_and_back(there, back, request, tmp_path, clock):
    first, second = request.getfixturevalue(there), request.getfixturevalue(back)
    async with first("first") as memory:
        await tell(memory)
        await memory.retrieve_memories("tea")
        await memory.store_memory(LINES[0][2].upper(), metadata={"user": "anna", "n": {"b": 1.0, "a": -0.0}})
        clock.advance(7200)
        await memory.consolidate()
        assert await memory.export(tmp_path / "one.jsonl") == len(LINES)
        graph = await memory.list_relations(100)
    async with second("second") as memory:
        assert await memory.import_(tmp_path / "one.jsonl") == len(LINES)
        assert await memory.list_relations(100) == graph
        await memory.export(tmp_path / "two.jsonl")
    async with first("third") as memory:
        assert await memory.import_(tmp_path / "two.jsonl") == len(LINES)
        await memory.export(tmp_path / "three.jsonl")
    assert (tmp_path / "two.jsonl").read_bytes() == (tmp_path / "one.jsonl").read_bytes()
    assert (tmp_path / "three.jsonl").read_bytes() == (tmp_path / "one.jsonl").read_bytes()


@pytest.mark.parametrize("lines", [2, SAID_LINES])
async def test_both_find_the_same_in_the_same_order_for_the_same_reasons(lmdb, postgres, monkeypatch, lines):
    for module in (core, search):
        monkeypatch.setattr(module, "SAID_LINES", lines)
    async with lmdb() as one, postgres() as other:
        await tell(one)
        await tell(other)
        for question in QUESTIONS:
            for scope in ({}, {"user": "anna"}, {"as_of": at(400)}, {"memory_types": ["interaction"]}):
                theirs = await one.retrieve_memories(question, 20, **scope, **ASKED)
                ours = await other.retrieve_memories(question, 20, **scope, **ASKED)
                assert [m["content"] for m in ours] == [m["content"] for m in theirs], question
                for our, their in zip(ours, theirs, strict=True):
                    assert our["why"].keys() == their["why"].keys()
                    for term in ("meaning", "meaning_window", "words", "words_window", "answers", "named"):
                        assert our["why"][term] == pytest.approx(their["why"][term], abs=1e-5)


async def test_times_far_apart_are_kept_to_the_millisecond(memory):
    moment = at(0.123) + timedelta(days=365 * 1000)
    await memory.store_memory("far future", created_at=moment)
    (found,) = await memory.list_memories()
    assert found["created_at"].endswith("20:00:00.123Z")


async def test_a_request_that_is_repeated_stores_nothing_again(memory):
    said = {"metadata": {"user": "anna"}, "embedding": [1.0] * 384}
    first = await memory.store_memory("I love tea", request_id="r1", **said)
    assert await memory.store_memory("I love tea", request_id="r1", **said) == first
    assert await memory.store_memory("something else", request_id="r1", **said) == first
    assert await memory.store_memory("I love tea", request_id="r2", **said) == first
    assert [(m["content"], m["count"]) for m in await memory.list_memories()] == [("I love tea", 2)]
    with pytest.raises(InputError, match="request_id"):
        await memory.store_memory("I love tea", request_id=" ", **said)
    assert (await memory.verify())["faults"] == []


async def test_a_word_of_one_kanji_and_one_beside_another_script_are_found(memory):
    for content in ("猫を二匹飼っています", "Hadesが好き", "I love tea"):
        await memory.store_memory(content)
    for query, content in (("猫", "猫を二匹飼っています"), ("Hades", "Hadesが好き"), ("好き", "Hadesが好き")):
        (found,) = await memory.retrieve_memories(query, 1, strengthen=False)
        assert (found["content"], found["why"]["words_rank"]) == (content, 1)
