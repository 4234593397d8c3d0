"""Results go to standard output as they are, errors to standard error in one sentence."""

import json
import subprocess
import sys

import pytest

from hikari_ml.cli.output import fail, page_at, print_json, progress_bar, write_file
from hikari_ml.errors import StoreError


def test_json_is_for_programs(capsys):
    print_json({"text": "é😂", "n": [1, None]})
    assert json.loads(capsys.readouterr().out) == {"text": "é😂", "n": [1, None]}


def test_json_has_no_nan():
    with pytest.raises(ValueError, match="JSON"):
        print_json({"n": float("nan")})


def test_failing_says_why_and_ends_with_1(capsys):
    with pytest.raises(SystemExit) as caught:
        fail("[bold]this[/bold] file \x1b[31mis gone")
    assert caught.value.code == 1
    said = capsys.readouterr().err
    assert said == "error: [bold]this[/bold] file [31mis gone\n"


@pytest.mark.parametrize(
    ("host", "elsewhere"), [("127.0.0.1", False), ("localhost", False), ("0.0.0.0", True)]
)
def test_where_the_page_is_for_others_is_said_where_others_may_come_in(host, elsewhere):
    assert ("other machines" in page_at("http://127.0.0.1:8765/", host)) is elsewhere


def test_no_bar_where_there_is_no_terminal(capsys):
    with progress_bar("messages") as bar:
        bar.update(bar.add_task("x", total=3, rate=0.0), completed=2, rate=5.0)
    assert capsys.readouterr().err == ""


def test_a_file_is_written_or_the_error_names_it(tmp_path):
    write_file(tmp_path / "a.html", "é😂")
    assert (tmp_path / "a.html").read_text(encoding="utf-8") == "é😂"
    with pytest.raises(StoreError, match="it cannot be written"):
        write_file(tmp_path / "none" / "b.html", "x")


@pytest.mark.parametrize("buffering", [[], ["-u"]])
def test_output_of_which_only_a_part_can_be_written_is_an_error(tmp_path, buffering):
    script = (
        "import resource\n"
        "from hikari_ml.cli.output import OutputError, print_json, whole_output\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))\n"
        "try:\n    with whole_output():\n        print_json('x' * 200_000)\n"
        "except OutputError:\n    raise SystemExit(7)\n"
    )
    with (tmp_path / "out").open("wb") as file:
        command = [sys.executable, *buffering, "-c", script]
        done = subprocess.run(command, stdout=file, stderr=subprocess.PIPE, text=True, check=False)
    assert (done.returncode, done.stderr) == (7, "")
