"""The memory commands: what they print, what they change, and how they end."""

import asyncio
import io
import json
import os
import re
import shutil
import subprocess
import sys
import warnings

import networkx as nx
import pytest

from hikari_ml import NeuralMemorySystem, Settings
from hikari_ml.cli import main
from hikari_ml.cli.output import out
from hikari_ml.context_memory.store import Store
from tests.support import at

PROGRAM = [sys.executable, "-m", "hikari_ml"]


@pytest.fixture
def run(capsys, monkeypatch):
    """The program in this process: (status, standard output, standard error)."""
    monkeypatch.setattr(out, "_width", 160)
    monkeypatch.setattr(warnings, "showwarning", warnings.showwarning)

    def act(*words):
        monkeypatch.setattr(sys, "argv", ["hikari-ml", "memory", *map(str, words)])
        capsys.readouterr()
        status = 0
        try:
            main.run()
        except SystemExit as end:
            status = end.code or 0
        said = capsys.readouterr()
        assert "Traceback" not in said.err
        return status, said.out, said.err

    return act


def store(folder, lines):
    async def act():
        async with NeuralMemorySystem(folder) as memory:
            for seconds, user, content in lines:
                await memory.store_memory(content, "fact", {"user": user}, created_at=at(seconds))

    asyncio.run(act())


LINES = [
    (0, "anna", "I love green tea"),
    (60, "ben", "my cat is called [bold]Luna"),
    (120, "anna", "I play chess"),
]


@pytest.fixture
def folder(tmp_path):
    store(tmp_path / "m", LINES)
    return tmp_path / "m"


def test_search_says_who_when_and_why(run, folder):
    status, said, _ = run("search", "what is the name of the cat?", "-k", 1, "--path", folder)
    assert status == 0
    line = said.splitlines()[1]
    for part in ("my cat is called [bold]Luna", "ben", "2026-01-10 20:01", "short-term", "best by meaning"):
        assert part in line
    assert len(said.splitlines()) == 2


def test_search_says_that_a_named_viewer_was_preferred(run, folder):
    _, said, _ = run("search", "what is the name of ben's cat?", "-k", 1, "--path", folder)
    assert "said by whom you name" in said.splitlines()[1]
    _, said, _ = run("search", "what is the name of the cat?", "-k", 1, "--path", folder)
    assert "name" not in said.splitlines()[1].split("by meaning")[1]


def test_nothing_that_was_said_steers_the_terminal(run, tmp_path):
    store(
        tmp_path / "m",
        [(i, "e\x1b[2Jve", f"hi \x1b]0;owned\x07\x1b[2J {n} cats") for i, n in enumerate("234")],
    )
    for command in (("search", "cats"), ("stats",), ("graph",), ("themes",)):
        _, said, _ = run(*command, "--path", tmp_path / "m")
        assert "\x1b" not in said
        assert "\x07" not in said


@pytest.mark.parametrize("command", [("export",), ("graph", "--out"), ("inspect", "--out")])
def test_nothing_is_written_over_the_memory_itself(run, folder, command):
    before = (folder / "data.mdb").read_bytes()
    status, _, complaint = run(*command, folder / ".." / folder.name / "data.mdb", "--path", folder)
    assert status == 1
    assert "part of the memory itself" in complaint
    assert (folder / "data.mdb").read_bytes() == before


def test_erasing_somebody_unknown_says_so(run, folder):
    assert "nothing was stored of nobody" in run("erase", "nobody", "--yes", "--path", folder)[1]


def test_an_import_of_nothing_leaves_nothing(run, tmp_path):
    status, _, complaint = run("import", tmp_path / "nothing.jsonl", "--path", tmp_path / "m")
    assert status == 1
    assert "nothing.jsonl:cannotberead" in re.sub(r"\s", "", complaint)
    assert not (tmp_path / "m").exists()


def test_search_in_a_scope(run, folder):
    def found(*options):
        return [
            m["content"] for m in json.loads(run("search", "tea", "--json", "--path", folder, *options)[1])
        ]

    assert len(found()) == 3
    assert set(found("--user", "anna")) == {"I love green tea", "I play chess"}
    assert found("--type", "joke") == []
    assert found("--as-of", "2026-01-10T20:00:30Z") == ["I love green tea"]
    assert "nothing is remembered" in run("search", "tea", "--user", "carl", "--path", folder)[1]


def test_looking_leaves_the_memory_as_it_was(run, folder):
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    page = str(folder.parent / "page.html")
    for words in (
        ["search", "tea"],
        ["stats"],
        ["graph"],
        ["verify"],
        ["themes"],
        ["inspect", "--out", page],
    ):
        assert run(*words, "--path", folder)[0] == 0
    after = {path.name: path.read_bytes() for path in folder.iterdir()}
    assert after.keys() == before.keys()
    assert after["data.mdb"] == before["data.mdb"]


def test_stats_are_the_memorys_own(run, folder):
    said = run("stats", "--path", folder)[1]
    assert "3 of 2 people" in said
    assert "3 short-term" in said
    assert json.loads(run("stats", "--json", "--path", folder)[1])["by_type"] == {"fact": 3}


def test_the_graph_as_a_table_and_as_a_file(run, folder, tmp_path):
    said = run("graph", "--path", folder)[1]
    assert said.splitlines()[1].split()[0] == "anna"
    relations = json.loads(run("graph", "--json", "--path", folder)[1])
    assert {"source": "anna", "kind": "plays", "target": "chess", "strength": 0.6, "evidence": 1} in relations
    status, said, _ = run("graph", "--out", tmp_path / "g.graphml", "--path", folder)
    graph = nx.read_graphml(tmp_path / "g.graphml")
    assert status == 0
    assert graph.number_of_edges() == len(relations)
    assert f"wrote {len(relations)} relations" in said
    assert ("anna", "chess") in graph.edges()


def test_the_graph_is_as_long_as_it_is_asked_for_and_says_of_how_many(run, folder):
    store(folder, [(300 + i, f"user{i}", f"I love Oslo and Lisbon, line {i}") for i in range(30)])
    everything = json.loads(run("graph", "--json", "-k", 1000, "--path", folder)[1])
    assert len(everything) > 25
    assert json.loads(run("graph", "--json", "-k", 3, "--path", folder)[1]) == everything[:3]
    assert json.loads(run("graph", "--json", "--path", folder)[1]) == everything[:20]
    assert f"20 strongest of {len(everything)}" in run("graph", "--path", folder)[1]
    assert "strongest" not in run("graph", "-k", len(everything), "--path", folder)[1]


def test_what_people_said_of_themselves_is_found_among_the_rest(run, folder):
    store(folder, [(300 + i, f"user{i}", f"Oslo and Lisbon again, line {i}") for i in range(30)])
    everything = json.loads(run("graph", "--json", "-k", 1000, "--path", folder)[1])
    said = [relation for relation in everything if relation["kind"] not in ("mentions", "with")]
    assert 1 < len(said) < len(everything)
    assert json.loads(run("graph", "--json", "--stated", "--path", folder)[1]) == said
    assert f"1 strongest of {len(said)}" in run("graph", "--stated", "-k", 1, "--path", folder)[1]


PETS = [(60 * i, f"user{i}", text) for i, text in enumerate(
    ["my cat is called Luna", "my cat is called Momo", "my cat is called [b]Mimi", "I play chess"]
)]  # fmt: skip


def test_themes_are_named_counted_and_quoted(run, tmp_path):
    store(tmp_path / "m", PETS)
    status, said, _ = run("themes", "--path", tmp_path / "m")
    assert status == 0
    assert "cat" in said.splitlines()[1].split(" 3 ")[0]
    assert said.splitlines()[1].split("2026-01-10")[0].split()[-2:] == ["3", "3"]
    assert "among 4 memories of all tiers" in said
    (theme,) = json.loads(run("themes", "--json", "-k", 3, "--path", tmp_path / "m")[1])
    assert (theme["size"], theme["users"]) == (3, ["user0", "user1", "user2"])
    assert theme["central"] in said


def test_where_nothing_is_alike_there_is_no_theme(run, folder):
    assert "no three memories" in run("themes", "--path", folder)[1]
    assert json.loads(run("themes", "--json", "--path", folder)[1]) == []


def test_a_memory_as_a_page(run, folder, tmp_path):
    status, said, _ = run("inspect", "--out", tmp_path / "page.html", "--path", folder)
    assert (status, "wrote a page of 3 memories" in said) == (0, True)
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert "my cat is called [bold]Luna" in page
    result = json.loads(run("inspect", "--out", tmp_path / "b.html", "--json", "--path", folder)[1])
    assert result == {"path": str(tmp_path / "b.html"), "memories": 3}


def test_a_page_that_cannot_be_written_says_so(run, folder, tmp_path):
    status, _, told = run("inspect", "--out", tmp_path / "none" / "page.html", "--path", folder)
    assert (status, "cannot be written" in " ".join(told.split())) == (1, True)


def test_an_export_comes_back_the_same(run, folder, tmp_path):
    assert "wrote 3 memories" in run("export", tmp_path / "a.jsonl", "--path", folder)[1]
    status, said, _ = run("import", tmp_path / "a.jsonl", "--path", tmp_path / "new")
    assert (status, "3 new memories" in said, "3 are remembered now" in said) == (0, True, True)
    again = json.loads(run("import", tmp_path / "a.jsonl", "--json", "--path", tmp_path / "new")[1])
    assert (again["new"], again["total"]) == (0, 3)
    run("export", tmp_path / "b.jsonl", "--path", tmp_path / "new")
    assert (tmp_path / "a.jsonl").read_bytes() == (tmp_path / "b.jsonl").read_bytes()


def test_erasing_asks_first(run, folder, monkeypatch):
    before = (folder / "data.mdb").read_bytes()
    for answer in ("n\n", ""):
        monkeypatch.setattr(sys, "stdin", io.StringIO(answer))
        status, said, asked = run("erase", "anna", "--path", folder)
        assert status == 1
        assert "Erase everything of anna" in asked
        assert said.strip() == ""
    assert (folder / "data.mdb").read_bytes() == before


def test_erasing_gives_its_proof_and_leaves_no_byte(run, folder):
    assert b"green tea" in (folder / "data.mdb").read_bytes()
    status, said, _ = run("erase", "Anna", "--yes", "--path", folder)
    assert status == 0
    assert "2 memories, 2 vectors" in said
    assert b"green tea" not in (folder / "data.mdb").read_bytes()
    assert json.loads(run("erase", "anna", "--yes", "--json", "--path", folder)[1])["memories"] == 0
    assert json.loads(run("stats", "--json", "--path", folder)[1])["total"] == 1


def test_compacting_tells_what_it_saved(run, folder):
    async def forget():
        async with NeuralMemorySystem(folder) as memory:
            made = [await memory.store_memory(f"line {i} " + "x" * 9000) for i in range(40)]
            for memory_id in made:
                await memory.forget_memory(memory_id)

    asyncio.run(forget())
    size = (folder / "data.mdb").stat().st_size
    result = json.loads(run("compact", "--json", "--path", folder)[1])
    assert result["bytes_before"] == size
    assert result["bytes_after"] == (folder / "data.mdb").stat().st_size < size / 2
    assert "bytes before" in run("compact", "--path", folder)[1]
    assert json.loads(run("stats", "--json", "--path", folder)[1])["total"] == 3


def damaged(folder, damage):
    found = Store(folder, map_size_mb=1)
    found.write(damage)
    found.close()


def test_verify_finds_nothing_where_nothing_is_wrong(run, folder):
    status, said, _ = run("verify", "--path", folder)
    assert status == 0
    assert "3 records, 3 vectors" in said
    assert "nothing is wrong" in said


def test_verify_lists_damage_and_ends_with_1(run, folder, tmp_path, caplog):
    shutil.copytree(folder, tmp_path / "copy")
    damaged(
        tmp_path / "copy",
        lambda txn: (
            txn._txn.delete((2).to_bytes(8, "big"), db=txn._store.tables["vectors"]),
            txn._put("ids", b"mem-ghost", (99).to_bytes(8, "big")),
            txn._put("records", (3).to_bytes(8, "big"), b"\xc1"),
        ),
    )
    status, said, _ = run("verify", "--path", tmp_path / "copy")
    assert status == 1
    rows = [line.split() for line in said.splitlines()]
    assert ["records", "2", "has", "no", "vector"] in rows
    assert ["records", "3", "cannot", "be", "read"] in rows
    assert any(row[:2] == ["ids", "mem-ghost"] for row in rows)
    status, said, _ = run("verify", "--json", "--path", tmp_path / "copy")
    assert (status, len(json.loads(said)["faults"])) == (1, 3)
    status, said, _ = run("stats", "--json", "--path", tmp_path / "copy")
    assert (status, json.loads(said)["total"], "left out" in caplog.text) == (0, 2, True)
    assert "unreadable:records" in json.loads(said)["degraded"]
    status, _, told = run("compact", "--path", tmp_path / "copy")
    assert (status, "memory verify" in told) == (1, True)
    assert run("verify", "--path", folder)[0] == 0


def test_an_export_saves_what_is_left_where_a_vector_is_lost(run, folder, tmp_path):
    damaged(folder, lambda txn: txn._txn.delete((2).to_bytes(8, "big"), db=txn._store.tables["vectors"]))
    assert run("export", tmp_path / "a.jsonl", "--path", folder)[0] == 0
    assert run("import", tmp_path / "a.jsonl", "--path", tmp_path / "new")[0] == 0
    assert run("verify", "--path", tmp_path / "new")[0] == 0
    found = json.loads(run("search", "cat", "-k", 1, "--json", "--path", tmp_path / "new")[1])
    assert found[0]["metadata"] == {"user": "ben"}


@pytest.mark.parametrize("share", [0.2, 0.6])
def test_a_file_cut_short_is_told_in_one_sentence(run, folder, share):
    os.truncate(folder / "data.mdb", int((folder / "data.mdb").stat().st_size * share) // 4096 * 4096)
    status, _, told = run("verify", "--path", folder)
    assert status == 1
    assert told.startswith("error:")
    assert "cut short, or too damaged to list" in " ".join(told.split())


@pytest.mark.parametrize(
    "words",
    [
        ["search", "x"],
        ["stats"],
        ["graph"],
        ["themes"],
        ["inspect", "--out", "x.html"],
        ["export", "x"],
        ["erase", "x", "--yes"],
        ["verify"],
        ["compact"],
    ],
)
def test_where_no_memory_is_there_is_an_error_and_none_is_made(run, tmp_path, words):
    status, _, told = run(*words, "--path", tmp_path / "none")
    assert status == 1
    assert told.startswith("error:")
    assert "holds no memory" in " ".join(told.split())
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize(
    "words",
    [
        ["search", " "],
        ["search", "x", "-k", "0"],
        ["search", "x", "--as-of", "yesterday"],
        ["stats", "--path", "a", "--channel", "b"],
        ["export"],
        ["inspect"],
        ["themes", "-k", "0"],
        ["graph", "-k", "0"],
        ["graph", "--stated", "--out", "g.graphml"],
        ["colour"],
    ],
)
def test_wrong_usage_is_2(run, words):
    assert run(*words)[0] == 2


def test_a_channel_is_found_in_the_data_folder(run, tmp_path):
    store(Settings().channel_dir("default") / "memory", LINES)
    store(Settings().channel_dir("luna") / "memory", LINES[:1])
    assert "3 of 2 people" in run("stats")[1]
    assert "1 of 1 people" in run("stats", "--channel", "luna")[1]


def test_a_bad_import_is_named_and_takes_nothing(run, folder, tmp_path):
    (tmp_path / "in.jsonl").write_text("nonsense\n")
    status, _, told = run("import", tmp_path / "in.jsonl", "--path", folder)
    assert (status, "line 1" in " ".join(told.split())) == (1, True)


def bad_vector(folder, run, tmp_path):
    """An export of which the second line holds half an embedding."""
    run("export", tmp_path / "good.jsonl", "--path", folder)
    lines = [json.loads(line) for line in (tmp_path / "good.jsonl").read_text().splitlines()]
    lines[1]["embedding"] = lines[1]["embedding"][:8]
    return "\n".join(map(json.dumps, lines))


@pytest.mark.parametrize("bad", ["nonsense\n", None], ids=["no JSON", "half a vector"])
def test_a_bad_import_leaves_no_empty_memory_behind(run, folder, tmp_path, bad):
    text = bad or bad_vector(folder, run, tmp_path)
    (tmp_path / "in.jsonl").write_text(text)
    status, _, told = run("import", tmp_path / "in.jsonl", "--path", tmp_path / "new" / "deep")
    assert (status, f"line {1 if bad else 2}" in " ".join(told.split())) == (1, True)
    assert not (tmp_path / "new").exists()


def test_a_pipe_is_imported_whole(run, folder, tmp_path):
    assert run("export", tmp_path / "a.jsonl", "--path", folder)[0] == 0
    os.mkfifo(tmp_path / "pipe")
    with subprocess.Popen(["cp", tmp_path / "a.jsonl", tmp_path / "pipe"]):
        status, _, _ = run("import", tmp_path / "pipe", "--path", tmp_path / "new")
    assert status == 0
    assert run("export", tmp_path / "b.jsonl", "--path", tmp_path / "new")[0] == 0
    assert (tmp_path / "b.jsonl").read_bytes() == (tmp_path / "a.jsonl").read_bytes()


def test_a_dash_is_the_programs_own_input_and_output(run, folder, tmp_path):
    assert run("export", tmp_path / "a.jsonl", "--path", folder)[0] == 0
    words = [*PROGRAM, "memory", "export", "-", "--path", folder]
    written = subprocess.run(words, capture_output=True, check=True).stdout
    assert written == (tmp_path / "a.jsonl").read_bytes()
    words = [*PROGRAM, "memory", "import", "-", "--path", tmp_path / "new"]
    told = subprocess.run(words, input=written, capture_output=True, check=True).stdout
    assert told.startswith(b"3 new memories")
    assert not list(tmp_path.glob("**/-"))


def test_a_bad_import_leaves_a_folder_as_it_was(run, tmp_path):
    (tmp_path / "in.jsonl").write_text("nonsense\n")
    (tmp_path / "there").mkdir()
    (tmp_path / "there" / "notes.txt").write_text("mine")
    assert run("import", tmp_path / "in.jsonl", "--path", tmp_path / "there")[0] == 1
    assert [path.name for path in (tmp_path / "there").iterdir()] == ["notes.txt"]


def test_search_says_where_nothing_is_about_it(run, folder):
    said = run("search", "quantum chromodynamics lattice", "-k", 2, "--path", folder)[1].splitlines()
    assert said[0] == "nothing remembered is about this; the nearest:"
    assert len(said) == 4
    assert all("hardly about it: " in line for line in said[2:])
    said = run("search", "green tea", "--path", folder)[1]
    assert "nothing remembered" not in said
    marks = {line[:12].strip(): "hardly about it" in line for line in said.splitlines()[1:]}
    assert marks == {"I love green": False, "my cat is ca": True, "I play chess": True}


RUNNING = """
import asyncio, sys
from hikari_ml import NeuralMemorySystem

async def main():
    async with NeuralMemorySystem(sys.argv[1]) as memory:
        for number in range(100_000):
            await memory.store_memory(f"I love thing{number}", metadata={"user": "carl"})
            print(number, flush=True)

asyncio.run(main())
"""


def test_looking_works_while_a_stream_writes_and_changing_says_why_not(run, folder, tmp_path):
    with subprocess.Popen(
        [sys.executable, "-c", RUNNING, str(folder)], stdout=subprocess.PIPE, text=True, cwd=os.getcwd()
    ) as stream:
        try:
            known = [stream.stdout.readline() for _ in range(10)]
            assert json.loads(run("stats", "--json", "--path", folder)[1])["total"] >= 3 + len(known)
            looks = (["search", "thing"], ["graph"], ["verify"], ["themes"], ["export", tmp_path / "a.jsonl"])
            for words in (*looks, ["inspect", "--out", tmp_path / "page.html"]):
                assert run(*words, "--path", folder)[0] == 0, words
            assert run("graph", "--out", tmp_path / "g.graphml", "--path", folder)[0] == 0
            for words in (["erase", "carl", "--yes"], ["compact"], ["import", tmp_path / "a.jsonl"]):
                status, _, told = run(*words, "--path", folder)
                assert (status, "open already" in " ".join(told.split())) == (1, True)
            assert stream.stdout.readline(), "the stream goes on"
            assert stream.poll() is None
        finally:
            stream.kill()


def test_as_a_program(folder):
    done = subprocess.run(
        [*PROGRAM, "memory", "stats", "--path", str(folder)], capture_output=True, text=True, check=False,
        env={**os.environ, "COLUMNS": "120", "PYTHONPATH": os.getcwd()},
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    assert "3 of 2 people" in done.stdout


def test_a_line_beside_an_answer_says_why_it_was_found(run, tmp_path):
    async def talk():
        async with NeuralMemorySystem(tmp_path / "m") as memory:
            for seconds, content in ((0, "what is your cat called?"), (5, "Luna, after the moon")):
                await memory.store_memory(
                    content, metadata={"user": "ben", "conversation": "one"}, created_at=at(seconds)
                )

    asyncio.run(talk())
    said = run("search", "what is the cat called", "--path", tmp_path / "m")[1]
    assert "follows a question that matches" in next(line for line in said.splitlines() if "moon" in line)


def test_a_memory_in_a_database_is_looked_at_and_moved_alike(run, folder, server, tmp_path):
    name = server.fresh()
    database = ("--path", server.dsn, "--channel", name)
    status, _, said = run("stats", *database)
    assert status == 1
    assert "holds no memory" in said
    (tmp_path / "bad.jsonl").write_text("nonsense\n")
    assert run("import", tmp_path / "bad.jsonl", *database)[0] == 1
    assert "holds no memory" in run("stats", *database)[2], "a bad import makes no tables"
    assert run("erase", "anna", "--yes", *database)[0] == 1, "nothing is created by it"
    assert run("export", tmp_path / "out.jsonl", "--path", folder)[0] == 0
    status, said, _ = run("import", tmp_path / "out.jsonl", *database)
    assert (status, said.split()[:3]) == (0, ["3", "new", "memories"])
    status, said, _ = run("search", "what is the name of the cat?", "-k", 1, *database)
    assert status == 0
    assert "my cat is called [bold]Luna" in said
    assert run("verify", *database)[0] == 0
    assert "no three memories" in run("themes", *database)[1]
    status, said, _ = run("inspect", "--out", tmp_path / "page.html", *database)
    assert (status, "wrote a page of 3 memories" in said) == (0, True)
    assert "my cat is called [bold]Luna" in (tmp_path / "page.html").read_text(encoding="utf-8")
    status, said, _ = run("erase", "anna", "--yes", "--json", *database)
    assert (status, json.loads(said)["memories"]) == (0, 2)
    assert run("export", tmp_path / "again.jsonl", *database)[0] == 0
    (line,) = (tmp_path / "again.jsonl").read_text().splitlines()
    assert json.loads(line)["metadata"] == {"user": "ben"}
