"""The site of the documents is built without a warning, and says what the code says."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from hikari_ml import __all__ as public
from hikari_ml.cli.main import app

ROOT = Path(__file__).parent.parent.parent
CONFIG = ROOT / "docs/site/mkdocs.yml"
LINK = re.compile(r'(?:href|src)="([^"#?]+)')


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "-f", str(CONFIG), "-d", str(folder)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "NO_MKDOCS_2_WARNING": "1"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "WARNING" not in done.stderr
    return folder


def test_every_public_name_has_its_entry(site):
    told = "".join(page.read_text(encoding="utf-8") for page in (site / "reference/api").glob("*.html"))
    assert not [name for name in public if f'.{name}"' not in told]


def test_every_command_has_its_entry(site):
    told = (site / "reference/cli.html").read_text(encoding="utf-8")
    names = [command.name or command.callback.__name__ for command in app.registered_commands]
    groups = [group.name for group in app.registered_groups]
    assert not [name for name in (*names, *groups) if f'id="hikari-ml-{name}"' not in told]


def test_it_needs_nothing_from_elsewhere_and_no_link_leads_nowhere(site):
    missing = []
    for page in site.rglob("*.html"):
        for link in LINK.findall(page.read_text(encoding="utf-8")):
            if link.startswith(("http://", "https://", "data:", "mailto:")):
                continue
            target = (site / link.lstrip("/")) if link.startswith("/") else (page.parent / link)
            if not target.exists():
                missing.append((page.name, link))
    assert not missing


def test_docstrings_come_without_the_markup_of_another_tool(site):
    for page in (site / "reference/api").glob("*.html"):
        told = page.read_text(encoding="utf-8")
        assert not re.search(r":(?:attr|class|func|meth):|``|::</p>", told), page.name
