"""The command line as a person meets it: help, exit codes, errors in one sentence."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from typer.testing import CliRunner

from hikari_ml import __version__
from hikari_ml.bridge.local_redis import redis_server
from hikari_ml.cli.main import app
from hikari_ml.context_memory.system import NeuralMemorySystem
from hikari_ml.errors import StoreError
from tests.pipeline.test_replay import record

PROGRAM = [sys.executable, "-m", "hikari_ml"]
MEMORY = [f"memory {name}" for name in "search stats graph export import erase verify compact".split()]


def run(*arguments, timeout=120, **environment):
    return subprocess.run(
        [*PROGRAM, *map(str, arguments)], capture_output=True, text=True, timeout=timeout, check=False,
        env={**os.environ, "COLUMNS": "120", "PYTHONPATH": os.getcwd(), **environment},
    )  # fmt: skip


def test_without_a_command_it_helps():
    done = run()
    assert "Usage" in done.stdout + done.stderr
    assert done.returncode == 2


def test_help_names_every_command_and_nothing_that_does_not_work():
    text = run("--help").stdout
    commands = set(re.findall(r"│ (\w+) +\S", text.split("Commands")[1]))
    assert commands == {"demo", "analyze", "replay", "watch", "serve", "memory", "erase", "train", "doctor"}


@pytest.mark.parametrize(
    "command", ["demo", "analyze", "replay", "watch", "serve", "erase", "doctor", "train chat-model", *MEMORY]
)
def test_every_command_has_help_worth_reading(command):
    done = run(*command.split(), "--help")
    assert done.returncode == 0
    assert len(done.stdout) > 300


def test_the_version():
    assert run("--version").stdout == f"hikari-ml {__version__}\n"


def test_analyze_as_json():
    done = run("analyze", "This stream is absolutely amazing! 🔥", "--json")
    result = json.loads(done.stdout)
    assert result["sentiment"]["aggregate"]["label"] == "very_positive"
    assert done.returncode == 0


def test_analyze_for_people():
    done = run("analyze", "you are [bold]great[/bold]!", "--username", "anna")
    assert "you are [bold]great[/bold]!" in done.stdout
    assert "sentiment" in done.stdout


@pytest.mark.parametrize(
    ("text", "said"),
    [("", "bert +nothing to read"), ("das war ein schöner abend mit euch", r"toxicity +not read .*\(de\)")],
)
def test_analyze_shows_no_score_where_nothing_was_read(text, said):
    assert re.search(said, run("analyze", text).stdout)


@pytest.mark.parametrize("text", ["", "😂", "x" * 10_000, "\udc80"])
def test_analyze_takes_any_text(text):
    assert run("analyze", text, "--json").returncode == 0


def test_replay_writes_what_it_is_asked_for(tmp_path):
    count = record(tmp_path / "chat.jsonl", 60)
    (tmp_path / "chat.jsonl").write_text((tmp_path / "chat.jsonl").read_text() + "broken\n")
    done = run(
        "replay",
        tmp_path / "chat.jsonl",
        "--report",
        tmp_path / "out.html",
        "--json",
        tmp_path / "out.json",
        "--moments",
        tmp_path / "moments.csv",
    )
    assert done.returncode == 0, done.stderr
    result = json.loads((tmp_path / "out.json").read_text())
    assert (result["messages"], result["skipped"]) == (count, 1)
    assert "<!doctype html>" in (tmp_path / "out.html").read_text()[:20]
    assert (tmp_path / "moments.csv").read_text().startswith("time_code,end_code,at,score,reason\n")
    assert f"skipped line {count + 1}: not JSON" in done.stderr
    assert f"{count:,} messages" in done.stdout


def test_replay_says_what_is_out_of_order_and_without_a_zone_and_that_once(tmp_path):
    chat = tmp_path / "chat.jsonl"
    said = [{"timestamp": f"2026-01-10T20:{m:02}:00", "username": "anna", "text": f"{m}"} for m in range(30)]
    chat.write_text("\n".join(map(json.dumps, reversed(said))))
    done = run("replay", chat)
    assert done.returncode == 0
    assert "28 messages came too long after later ones" in " ".join(done.stderr.split())
    assert done.stderr.count("has no time zone") == 1


def test_replay_of_no_recording_reports_nothing(tmp_path):
    (tmp_path / "chat.txt").write_text("[20:15] <anna> hello\n")
    done = run("replay", tmp_path / "chat.txt", "--report", tmp_path / "out.html")
    assert done.returncode == 1
    assert "no line of it can be used" in " ".join(done.stderr.split())
    assert not (tmp_path / "out.html").exists()


def test_replay_names_what_moments_can_be_written_to(tmp_path):
    record(tmp_path / "chat.jsonl", 5)
    done = run("replay", tmp_path / "chat.jsonl", "--moments", tmp_path / "moments.html")
    assert done.returncode == 2
    assert ".csv or .txt" in done.stderr


def test_replay_keeps_a_memory_that_is_named(tmp_path):
    record(tmp_path / "chat.jsonl", 40)
    for _ in range(2):
        done = run(
            "replay",
            tmp_path / "chat.jsonl",
            "--memory",
            tmp_path / "memory",
            "--json",
            tmp_path / "out.json",
        )
        assert done.returncode == 0, done.stderr
    assert (tmp_path / "memory" / "data.mdb").exists()
    kept = json.loads((tmp_path / "out.json").read_text())["memories"]
    assert {memory["count"] for memory in kept} == {2}, "the same evening twice is remembered once"


def test_replay_of_what_is_not_there_fails_in_one_sentence(tmp_path):
    done = run("replay", tmp_path / "gone.jsonl")
    assert done.returncode == 1
    assert done.stderr.startswith("error:")
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("report", "as_json"),
    [("chat.jsonl", "out.json"), ("out.html", "viewers.csv"), ("same", "same"), (".", "out.json")],
)
def test_replay_replaces_nothing_it_reads_and_writes_no_file_twice(tmp_path, report, as_json):
    record(tmp_path / "chat.jsonl", 5)
    (tmp_path / "viewers.csv").write_text("at,count\n")
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    done = run(
        "replay", tmp_path / "chat.jsonl", "--viewers", tmp_path / "viewers.csv",
        "--report", tmp_path / report, "--json", tmp_path / as_json,
    )  # fmt: skip
    assert done.returncode == 2
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_what_cannot_be_written_is_told_in_one_sentence(tmp_path):
    record(tmp_path / "chat.jsonl", 5)
    done = run("replay", tmp_path / "chat.jsonl", "--json", "/dev/full")
    assert done.returncode == 1
    assert "error: /dev/full: it cannot be written" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("words", [["analyze", "hi"], ["analyze", "hi", "--json"], ["--version"], ["--help"]])
@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_an_output_that_cannot_be_written_is_told_in_one_sentence(words, unbuffered):
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [*PROGRAM, *words], stdout=full, stderr=subprocess.PIPE, text=True, check=False,
            env={**os.environ, "PYTHONPATH": os.getcwd(), "PYTHONUNBUFFERED": unbuffered},
        )  # fmt: skip
    assert done.stderr == "error: the output cannot be written: No space left on device\n"
    assert done.returncode == 1


def test_who_reads_no_further_is_told_nothing():
    with subprocess.Popen(
        [*PROGRAM, "--version"], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.getcwd()},
    ) as process:  # fmt: skip
        process.stdout.close()
        assert process.stderr.read() == b""


def test_an_error_is_one_line_where_no_terminal_has_an_edge(tmp_path):
    done = run("replay", tmp_path / "long" / ("name" * 30), COLUMNS="40")
    assert re.fullmatch(r"error: .*name: [^\n]+\n", done.stderr)


def test_a_replay_of_nothing_usable_fails(tmp_path):
    (tmp_path / "chat.jsonl").write_text("nothing\n")
    assert run("replay", tmp_path / "chat.jsonl").returncode == 1


def test_replay_stopped_by_hand_reports_on_what_it_read(tmp_path):
    count = record(tmp_path / "chat.jsonl", 600)
    command = [
        *PROGRAM,
        "replay",
        str(tmp_path / "chat.jsonl"),
        "--speed",
        "20",
        "--memory",
        str(tmp_path / "m"),
    ]
    with subprocess.Popen(
        [*command, "--json", str(tmp_path / "out.json"), "--report", str(tmp_path / "out.html")],
        stderr=subprocess.PIPE, env={**os.environ, "PYTHONPATH": os.getcwd()},
    ) as process:  # fmt: skip
        try:
            for _ in range(600):
                if (tmp_path / "m" / "data.mdb").exists():
                    break
                time.sleep(0.1)
            time.sleep(3)
            process.send_signal(signal.SIGINT)
            _, told = process.communicate(timeout=60)
        finally:
            process.kill()
    assert process.returncode == 0, told
    assert b"not the whole recording was read" in told
    result = json.loads((tmp_path / "out.json").read_text())
    assert not result["complete"]
    assert 0 < result["messages"] < count
    assert "not complete" in (tmp_path / "out.html").read_text()


@pytest.mark.parametrize(
    "arguments",
    [["--speed", "fast"], ["--speed", "0"], ["--report", "/nowhere/at/all/out.html"], ["--colour", "red"]],
)
def test_wrong_usage_is_2(tmp_path, arguments):
    record(tmp_path / "chat.jsonl", 5)
    assert run("replay", tmp_path / "chat.jsonl", *arguments).returncode == 2


def test_a_wrong_setting_fails_in_one_sentence():
    done = run("analyze", "hi", HIKARI_SENTIMENT__WINDOW="5")
    assert done.returncode == 1
    assert "sentiment.window" in done.stderr
    assert "Traceback" not in done.stderr


def test_doctor_finds_everything_needed():
    done = run("doctor", "--json")
    findings = {finding["name"]: finding for finding in json.loads(done.stdout)}
    assert done.returncode == 0, done.stdout
    assert findings["chat model"]["verdict"] == "ok"
    assert "ms a message" in findings["chat model"]["detail"]
    server = findings["redis-server"]
    assert server["detail"].partition(";")[0] == redis_server(Path())
    assert not server["needed"]


def test_doctor_ends_with_1_when_something_needed_is_broken(settings_file):
    settings_file.write_text("colour = 1\n")
    done = run("doctor")
    assert done.returncode == 1
    assert "colour" in done.stdout


def test_the_demo_runs_headless_for_as_long_as_it_is_told():
    done = run("demo", "--headless", "--duration", "6", "--seed", "2", "--port", "0")
    assert done.returncode == 0, done.stderr
    assert re.search(r"http://127\.0\.0\.1:\d+/", done.stdout)
    assert re.search(r"\d+ messages, \d+ moments, \d+ alerts, \d+ memories of \d+ people", done.stdout)
    assert re.search(r"\d\d:\d\d:\d\d  remembers \(\w+\) of \w+: ", done.stdout), "what happens is told"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_demo_ends_cleanly_when_it_is_told_to(number, tmp_path):
    process = subprocess.Popen(
        [*PROGRAM, "demo", "--headless", "--port", "0"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env={**os.environ, "COLUMNS": "120", "PYTHONPATH": os.getcwd(), "PYTHONUNBUFFERED": "1",
             "TMPDIR": str(tmp_path)},
    )  # fmt: skip
    while "messages" not in (line := process.stdout.readline()):
        assert line, process.stderr.read()
    assert list(tmp_path.glob("hikari-demo-*"))
    process.send_signal(number)
    process.send_signal(signal.SIGTERM)  # passed on by what has started it
    rest, errors = process.communicate(timeout=60)
    assert "memories of" in rest
    assert "Traceback" not in errors
    assert process.returncode == 0
    assert not list(tmp_path.glob("hikari-demo-*"))


def test_a_demo_that_cannot_start_ends(monkeypatch):
    async def fails(self, stack):
        raise StoreError("a disk", "it is full")

    monkeypatch.setattr(NeuralMemorySystem, "_open", fails)
    done = CliRunner().invoke(app, ["demo", "--headless", "--port", "0"])
    assert isinstance(done.exception, StoreError)


def test_training_needs_data(tmp_path):
    done = run("train", "chat-model", "--data", tmp_path, "--out", tmp_path / "out")
    assert done.returncode == 1
    assert "sentiment, emotion or toxicity" in " ".join(done.stderr.split())
