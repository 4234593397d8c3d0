"""The rules of the house, checked: types, style, layers, mirrored tests, nothing unsafe."""

import ast
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
PACKAGE = ROOT / "hikari_ml"
MODULES = sorted(path for path in PACKAGE.rglob("*.py") if path.name not in ("__init__.py", "__main__.py"))

TESTED_ELSEWHERE = {
    "cli/analyze.py": "tests/cli/test_main.py",
    "cli/demo.py": "tests/cli/test_main.py",
    "cli/doctor.py": "tests/cli/test_main.py",
    "cli/replay.py": "tests/cli/test_main.py",
    "cli/train.py": "tests/cli/test_main.py",
    "results/analysis.py": "tests/test_results.py",
    "results/memory.py": "tests/test_results.py",
    "results/analytics.py": "tests/test_results.py",
    "results/experiments.py": "tests/test_results.py",
    "results/stream.py": "tests/test_results.py",
}
"""Commands are tested as programs, and results as one vocabulary."""


def run(*command):
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=600, check=False)


@pytest.mark.parametrize(
    "command",
    [("ruff", "check", "."), ("ruff", "format", "--check", "."), ("mypy",), ("lint-imports",)],
    ids=lambda command: " ".join(command),
)
def test_the_tools_are_content(command):
    program = Path(sys.executable).parent / command[0]
    done = run(str(program), *command[1:])
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("module", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_every_module_has_its_test_module(module):
    inside = module.relative_to(PACKAGE)
    expected = ROOT / TESTED_ELSEWHERE.get(str(inside), f"tests/{inside.parent}/test_{inside.name}")
    assert expected.exists()


def trees():
    return [(path, ast.parse(path.read_text(encoding="utf-8"))) for path in PACKAGE.rglob("*.py")]


def test_nothing_is_unpickled_and_nothing_dead_is_imported():
    for path, tree in trees():
        names = {a.name.split(".")[0] for n in ast.walk(tree) if isinstance(n, ast.Import) for a in n.names}
        names |= {
            n.module.split(".")[0] for n in ast.walk(tree) if isinstance(n, ast.ImportFrom) and n.module
        }
        assert not names & {"pickle", "shelve", "marshal", "dill", "joblib", "aioredis"}, path
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in ("torch.load", "np.load"):
                safe = {k.arg: ast.unparse(k.value) for k in node.keywords}
                assert safe.get("weights_only") == "True", path


def test_functions_are_short_and_modules_have_one_subject():
    for path, tree in trees():
        assert path.read_text(encoding="utf-8").count("\n") <= 500, path
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                assert node.end_lineno - node.lineno < 60, f"{path}: {node.name}"


def test_no_task_is_made_in_a_foreign_thread_and_no_loop_is_blocked_by_sleep():
    for path, tree in trees():
        calls = {ast.unparse(n.func) for n in ast.walk(tree) if isinstance(n, ast.Call)}
        assert "time.sleep" not in calls, path
        assert "asyncio.get_event_loop" not in calls, path


def test_nothing_is_left_undone():
    for path in [*PACKAGE.rglob("*.py"), *(ROOT / "tests").rglob("*.py"), *(ROOT / "docs").rglob("*.md")]:
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"#\s*(TO" + r"DO|FIX" + r"ME|XXX)|NotImplemented" + "Error", text), path


def test_packages_that_are_needed_are_declared():
    declared = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    for name in (
        "transformers sentence-transformers torch faiss-cpu lmdb redis prophet scikit-learn spacy "
        "vaderSentiment emoji networkx websockets msgpack"
    ).split():
        assert f'"{name}>=' in declared, name
    assert '"torch>=2.6,<2.14"' in declared


def test_the_house_is_as_it_is_drawn():
    page = (ROOT / "docs/explanation/architecture.md").read_text(encoding="utf-8")
    modules = {str(path.relative_to(PACKAGE)) for path in PACKAGE.rglob("*.py")}
    for named in re.findall(r"[\w/]+\.py\b", page):
        assert any(module == named or module.endswith(f"/{named}") for module in modules), named
    floors = page[page.index("## Floors") : page.index("## How chat comes in")]
    *lines, lowest = re.findall(r"^    ((?:  \| )?\w.*?)(?: {2,}.*)?$", floors, re.MULTILINE)
    drawn: list[set[str]] = []
    for line in lines:
        if line.startswith("  | "):
            drawn[-1].add(line.strip(" |"))
        else:
            drawn.append({line})
    drawn.append(set(lowest.split(", ")))
    layers = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"][0][
        "layers"
    ]
    assert drawn == [set(re.findall(r"\w+", layer)) for layer in layers[1:]], (
        "all but __main__, floor by floor"
    )
