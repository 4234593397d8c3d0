"""Export and import: exact, all or nothing, and clear about what is wrong."""

import json
import os
import threading

import networkx as nx
import pytest

from hikari_ml import NeuralMemorySystem
from hikari_ml.errors import InputError, RecordingError
from hikari_ml.runtime.clock import ManualClock
from tests.support import START, at


@pytest.fixture
async def memory(tmp_path):
    async with NeuralMemorySystem(tmp_path / "memory", clock=ManualClock(START)) as found:
        yield found


async def test_what_goes_out_comes_back_the_same(memory, tmp_path):
    for i in range(20):
        await memory.store_memory(
            f"I love thing{i} 😂",
            "fact",
            {"user": f"u{i % 3}", "nested": {"a": [1, 2.5, None]}},
            0.2 + i / 40,
            created_at=at(-i * 1000.5),
        )
    await memory.retrieve_memories("thing3", k=2)
    await memory.consolidate()
    assert await memory.export(tmp_path / "one.jsonl") == 20
    async with NeuralMemorySystem(tmp_path / "other", clock=ManualClock(START)) as other:
        assert await other.import_(tmp_path / "one.jsonl") == 20
        await other.export(tmp_path / "two.jsonl")
        asked = {"query": "thing", "k": 50, "strengthen": False}
        assert await other.retrieve_memories(**asked) == await memory.retrieve_memories(**asked)
        assert await other.find_associations("u1") == await memory.find_associations("u1")
    assert (tmp_path / "two.jsonl").read_text() == (tmp_path / "one.jsonl").read_text()


async def test_a_line_needs_only_the_published_keys(memory, tmp_path):
    line = {"id": "mem-x", "content": "I love tea", "type": "fact", "metadata": {"user": "anna"}}
    (tmp_path / "in.jsonl").write_text(json.dumps(line) + "\n\n")
    assert await memory.import_(tmp_path / "in.jsonl") == 1
    (found,) = await memory.retrieve_memories("tea", user="anna")
    assert (found["id"], found["tier"], found["importance"]) == ("mem-x", "short_term", 0.5)
    assert dict(await memory.find_associations("anna")) == {"tea": pytest.approx(0.6)}


async def test_what_is_already_there_is_left_as_it_is(memory, tmp_path):
    await memory.store_memory("I love tea")
    await memory.export(tmp_path / "out.jsonl")
    assert await memory.import_(tmp_path / "out.jsonl") == 0
    assert (await memory.get_memory_stats())["total"] == 1


GOOD = {"id": "mem-1", "content": "hi", "type": "fact", "metadata": {}}


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("not json", "is not JSON (Expecting value"),
        ("[1, 2]", "is no object; a line of an export is"),
        (json.dumps({**GOOD, "content": ""}), "content"),
        (json.dumps({k: v for k, v in GOOD.items() if k != "type"}), "lacks 'type'; a line of an export is"),
        (json.dumps({**GOOD, "id": "x" * 600}), "id"),
        (json.dumps({**GOOD, "id": ""}), "id"),
        (json.dumps({**GOOD, "id": "mem-\ud800"}), "id"),
        (json.dumps({**GOOD, "type": "fa\ud800ct"}), "type"),
        (json.dumps({**GOOD, "type": "x" * 101}), "type"),
        (json.dumps({**GOOD, "metadata": {"na\ud800me": 1}}), "metadata"),
        (json.dumps({**GOOD, "metadata": {"user": "an\ud800na"}}), "metadata.user"),
        (json.dumps({**GOOD, "access_count": 2**70}), "whole number"),
        ("[" * 100_000, "recursion"),
        (json.dumps({**GOOD, "tier": "cellar"}), "tier"),
        (json.dumps({**GOOD, "importance": 9}), "importance"),
        (json.dumps({**GOOD, "created_at": "yesterday"}), "timestamp"),
        (json.dumps({**GOOD, "access_count": -1}), "whole number"),
        (json.dumps({**GOOD, "v": 99}), "format 99"),
        (json.dumps({**GOOD, "arousal": 2}), "arousal"),
        (json.dumps({**GOOD, "said": "often"}), "said is not a list"),
        (json.dumps({**GOOD, "said": ["2026-01-10T20:00:09Z"]}), "said does not begin at created_at"),
        (json.dumps(GOOD), "stands twice"),
    ],
)
async def test_a_bad_line_is_named_and_nothing_is_taken(memory, tmp_path, line, reason):
    (tmp_path / "in.jsonl").write_text(json.dumps(GOOD) + "\n" + line + "\n")
    with pytest.raises(RecordingError, match="line 2") as caught:
        await memory.import_(tmp_path / "in.jsonl")
    assert reason in str(caught.value)
    assert caught.value.line == 2
    assert (await memory.get_memory_stats())["total"] == 0


async def test_a_bad_embedding_is_named(memory, tmp_path):
    await memory.store_memory("hi")
    await memory.export(tmp_path / "out.jsonl")
    line = json.loads((tmp_path / "out.jsonl").read_text())
    for embedding, reason in (("???", "base64"), ("AAAA", "384 numbers"), ("AHwA" * 256, "not finite")):
        (tmp_path / "in.jsonl").write_text(json.dumps({**line, "id": "mem-new", "embedding": embedding}))
        with pytest.raises(RecordingError, match=reason):
            await memory.import_(tmp_path / "in.jsonl")


async def test_a_vector_of_another_model_is_made_anew(memory, tmp_path):
    await memory.store_memory("I love tea")
    await memory.export(tmp_path / "out.jsonl")
    line = {**json.loads((tmp_path / "out.jsonl").read_text()), "model": "other:1", "embedding": "AAAA"}
    (tmp_path / "in.jsonl").write_text(json.dumps({**line, "id": "mem-new", "content": "I love coffee"}))
    assert await memory.import_(tmp_path / "in.jsonl") == 1
    assert (await memory.retrieve_memories("coffee", k=1))[0]["content"] == "I love coffee"


async def test_files_that_are_not_there_are_clear_errors(memory, tmp_path):
    with pytest.raises(RecordingError, match="cannot be read"):
        await memory.import_(tmp_path / "nothing.jsonl")
    with pytest.raises(InputError, match="cannot be written"):
        await memory.export(tmp_path / "no" / "folder" / "out.jsonl")


async def test_an_export_that_cannot_be_written_leaves_the_old_one(memory, tmp_path):
    await memory.store_memory("hi")
    await memory.export(tmp_path / "out.jsonl")
    before = (tmp_path / "out.jsonl").read_text()
    (tmp_path / "out.jsonl.tmp").mkdir()
    with pytest.raises(InputError):
        await memory.export(tmp_path / "out.jsonl")
    assert (tmp_path / "out.jsonl").read_text() == before


STRANGE = [
    "a\u2028b",
    "a\u2029b",
    "a\x85b",
    "a\x00b",
    "a\x0b\x0c\x1c\x1d\x1eb",
    "a\r\nb\nc\rd",
    "👩‍👩‍👧 🏴󠁧󠁢󠁳󠁣󠁴󠁿",
    "दिन",
    '"\\',
]


async def test_strange_characters_come_back_the_same(memory, tmp_path):
    texts = [f"{number} {text}" for number, text in enumerate(STRANGE)]
    for text in texts:
        await memory.store_memory(text, "fact", {"user": "anna", "raw": text, text: 1})
    assert await memory.export(tmp_path / "one.jsonl") == len(STRANGE)
    async with NeuralMemorySystem(tmp_path / "other", clock=ManualClock(START)) as other:
        assert await other.import_(tmp_path / "one.jsonl") == len(STRANGE)
        await other.export(tmp_path / "two.jsonl")
        found = {m["content"]: m["metadata"] for m in await other.list_memories()}
    assert found == {text: {"user": "anna", "raw": text, text: 1} for text in texts}
    assert (tmp_path / "two.jsonl").read_bytes() == (tmp_path / "one.jsonl").read_bytes()


async def test_a_line_that_is_not_utf8_is_named(memory, tmp_path):
    (tmp_path / "in.jsonl").write_bytes(json.dumps(GOOD).encode() + b'\n{"id": "\xff"}\n')
    with pytest.raises(RecordingError, match="line 2: is not UTF-8"):
        await memory.import_(tmp_path / "in.jsonl")


@pytest.mark.parametrize("path", ["a\x00b", "a\ud800b", 5])
async def test_what_cannot_be_a_path_is_refused(memory, path):
    for way in (memory.export, memory.import_):
        with pytest.raises(InputError, match="path"):
            await way(path)


async def test_half_an_export_is_not_left_behind(memory, tmp_path):
    await memory.store_memory("hi")
    (tmp_path / "out.jsonl").mkdir()
    with pytest.raises(InputError, match="cannot be written"):
        await memory.export(tmp_path / "out.jsonl")
    assert not (tmp_path / "out.jsonl.tmp").exists()


async def test_a_graph_is_readable_for_others_whatever_people_say(memory, tmp_path):
    for i, text in enumerate(STRANGE):
        await memory.store_memory(f"I love thing{i}", "fact", {"user": f"a{text}<&>", "topic": text})
    count = await memory.export_graph(tmp_path / "g.graphml")
    graph = nx.read_graphml(tmp_path / "g.graphml", force_multigraph=True)
    assert count == graph.number_of_edges() == (await memory.get_memory_stats())["graph"]["edges"]
    edge = next(data for _, target, data in graph.edges(data=True) if target == "thing0")
    assert edge == {"label": "likes", "weight": pytest.approx(0.6), "evidence": 1}
    assert {data["label"] for _, data in graph.nodes(data=True)} >= {"thing0", "a\ufffdb", "दिन"}


async def test_a_graph_that_cannot_be_written_is_a_clear_error(memory, tmp_path):
    await memory.store_memory("I love tea", metadata={"user": "anna"})
    with pytest.raises(InputError, match="cannot be written"):
        await memory.export_graph(tmp_path / "no" / "g.graphml")


async def test_a_pipe_keeps_its_place_and_gets_it_all(memory, tmp_path):
    await memory.store_memory("i love tea", metadata={"user": "anna"})
    await memory.export(tmp_path / "file")
    os.mkfifo(tmp_path / "pipe")
    got = []
    reader = threading.Thread(target=lambda: got.append((tmp_path / "pipe").read_bytes()))
    reader.start()
    assert await memory.export(tmp_path / "pipe") == 1
    reader.join(5)
    assert (tmp_path / "pipe").is_fifo()
    assert got == [(tmp_path / "file").read_bytes()]


async def test_a_link_keeps_its_place_and_its_file_is_written(memory, tmp_path):
    await memory.store_memory("i love tea")
    (tmp_path / "real").write_text("old")
    (tmp_path / "link").symlink_to(tmp_path / "real")
    await memory.export(tmp_path / "link")
    assert (tmp_path / "link").is_symlink()
    assert "tea" in (tmp_path / "real").read_text()
    (tmp_path / "round").symlink_to(tmp_path / "round")
    with pytest.raises(InputError, match="cannot be written"):
        await memory.export(tmp_path / "round")


async def test_a_link_to_the_memory_itself_is_refused(memory, tmp_path):
    await memory.store_memory("i love tea")
    (tmp_path / "link").symlink_to(memory.path / "data.mdb")
    with pytest.raises(InputError, match="part of the memory"):
        await memory.export(tmp_path / "link")
    with pytest.raises(InputError, match="part of the memory"):
        await memory.export_graph(tmp_path / "link")
    assert (await memory.verify())["faults"] == []
