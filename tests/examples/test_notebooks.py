"""The notebooks run from the top to the bottom, and say and draw something."""

import os
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

ROOT = Path(__file__).parent.parent.parent
NOTEBOOKS = sorted((ROOT / "examples/notebooks").glob("*.ipynb"))
LONGEST = 40
"""Lines of a cell: what is longer is no longer read."""


def read(path):
    return nbformat.read(path, as_version=4)


def outputs(notebook):
    return [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]


def pictures(notebook):
    return [output for output in outputs(notebook) if "image/png" in output.get("data", {})]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs_and_draws_what_it_shows(path, tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]))
    notebook, shown = read(path), len(pictures(read(path)))
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs = []
    NotebookClient(
        notebook, timeout=250, kernel_name="python3", resources={"metadata": {"path": tmp_path}}
    ).execute()
    assert len(pictures(notebook)) == shown
    assert any(output.get("name") == "stdout" for output in outputs(notebook))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_is_kept_as_it_ran(path):
    notebook = read(path)
    nbformat.validate(notebook)
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))
    assert max(len(cell.source.splitlines()) for cell in cells) <= LONGEST
    kept = path.read_text(encoding="utf-8")
    assert str(ROOT) not in kept, "no path of a machine"
    assert "site-packages" not in kept


def test_the_first_steps_are_those_of_the_first_design():
    source = "\n".join(cell.source for cell in read(ROOT / "examples/notebooks/first_steps.ipynb").cells)
    for line in (
        'text="This stream is absolutely amazing! 🔥",',
        'content="Viewer asked about favorite anime",',
        'query="What anime do you like?",',
        'message="POG! This gameplay is insane!",',
        "periods=24  # Next 24 hours",
    ):
        assert line in source
