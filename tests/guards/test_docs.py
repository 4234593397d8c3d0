"""What the documents say is true: their code runs, their commands work, every setting has its line."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import BaseModel

from hikari_ml.cli.main import app
from hikari_ml.config import KNOWN_BOTS, Settings

ROOT = Path(__file__).parent.parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
EXAMPLES = sorted((ROOT / "examples").glob("*.py"))
RUN_ELSEWHERE = {"simulated_recording", "vtube_studio"}
"""The first below with its arguments, the second in tests/examples against what it talks to."""

PROGRAM = [sys.executable, "-m", "hikari_ml"]


def run(command, folder):
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "120"}
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=250, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    return done.stdout


def shell(line):
    """A line of a console block as a command of this interpreter."""
    words = line.removeprefix("$ ").split('"')
    parts = [part for i, text in enumerate(words) for part in ([text] if i % 2 else text.split())]
    if parts[0] == "hikari-ml":
        return [*PROGRAM, *parts[1:]]
    assert parts[0] == "python", line
    return [sys.executable, str(ROOT / parts[1]), *parts[2:]]


def blocks(page):
    """The console and Python blocks of a page, in order."""
    text = page.read_text(encoding="utf-8")
    return re.findall(r"^```(console|python)\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize(
    "page", [page for page in PAGES if blocks(page)], ids=lambda page: str(page.relative_to(ROOT))
)
def test_the_blocks_of_a_page_run_one_after_the_other(page, tmp_path):
    for kind, text in blocks(page):
        if kind == "python":
            run([sys.executable, "-W", "error", "-c", text], tmp_path)
        else:
            for line in text.splitlines():
                run(shell(line), tmp_path)


@pytest.mark.parametrize(
    "example", [path for path in EXAMPLES if path.stem not in RUN_ELSEWHERE], ids=lambda path: path.stem
)
def test_an_example_runs_and_says_something(example, tmp_path):
    assert len(run([sys.executable, "-W", "error", str(example)], tmp_path).splitlines()) >= 2


def test_the_simulated_recording_is_a_recording(tmp_path):
    run(
        [sys.executable, str(ROOT / "examples/simulated_recording.py"), "a.jsonl", "v.csv", "2", "3"],
        tmp_path,
    )
    said = run([*PROGRAM, "replay", "a.jsonl", "--viewers", "v.csv", "--report", "a.html"], tmp_path)
    assert "moments" in said
    assert "<html" in (tmp_path / "a.html").read_text(encoding="utf-8")


def test_examples_are_short():
    for path in EXAMPLES:
        longest = 110 if path.name == "vtube_studio.py" else 80  # a client of two servers
        assert path.read_text(encoding="utf-8").count("\n") <= longest, path


def test_links_lead_somewhere():
    for page in PAGES:
        for target in re.findall(r"\]\(([^)#\s]+)", page.read_text(encoding="utf-8")):
            if "://" not in target:
                assert (page.parent / target).exists(), f"{page.name}: {target}"


def settings_lines(section, prefix=""):
    for name, field in section.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            yield from settings_lines(field.annotation, f"{prefix}{name}.")
        else:
            default = "the known bots" if field.default == KNOWN_BOTS else f"`{field.default}`"
            yield f"| `{prefix}{name}` | {default} | "


def test_every_setting_has_its_line():
    page = (ROOT / "docs/how-to/configure.md").read_text(encoding="utf-8")
    for line in settings_lines(Settings):
        assert line in page
        assert f"{line}|" not in page


def test_ci_runs_the_test_command_of_the_readme():
    command = 'pip install ".[test]" && pytest'
    assert f"    {command}\n" in (ROOT / "README.md").read_text(encoding="utf-8")
    assert (ROOT / ".ci/run").read_text(encoding="utf-8").endswith(f"\n{command}\n")


def test_every_command_is_told_of():
    text = "\n".join(page.read_text(encoding="utf-8") for page in PAGES)
    for command in app.registered_commands:
        assert f"hikari-ml {command.name}" in text, command.name


def test_tables_have_been_measured():
    for page in [*PAGES, ROOT / "hikari_ml/models/weights/MODEL_CARD.md"]:
        assert not re.search(r"<!-- [\w-]+ -->\s*<!-- end -->", page.read_text(encoding="utf-8")), page
