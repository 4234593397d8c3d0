"""The wheel as users get it, built here: what it carries, and what it says of itself."""

import json
import shutil
import subprocess
import sys
import tomllib
import zipfile
from email import message_from_bytes
from pathlib import Path

import pytest

from hikari_ml.models.catalog import BUNDLED_SHA256

ROOT = Path(__file__).parent.parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheel")
    command = (sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder))
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    with zipfile.ZipFile(*folder.iterdir()) as opened:
        yield opened


def told(wheel, file):
    return wheel.read(next(name for name in wheel.namelist() if name.endswith(f".dist-info/{file}")))


def test_it_carries_everything_that_lies_in_the_package_and_nothing_else(wheel):
    inside = {name for name in wheel.namelist() if ".dist-info/" not in name}
    assert {"hikari_ml/py.typed", "hikari_ml/models/weights/chat_encoder.onnx"} < inside
    if shutil.which("git") is None:
        pytest.skip("there is no git to ask what lies in the package")
    command = ("git", "ls-files", "--cached", "--others", "--exclude-standard", "hikari_ml")
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip("this is no git checkout")
    assert inside == {name for name in done.stdout.splitlines() if (ROOT / name).exists()}


def test_its_licences_are_inside(wheel):
    told(wheel, "licenses/LICENSE")
    assert b"all-MiniLM-L6-v2" in told(wheel, "licenses/NOTICE")


def test_it_says_what_it_needs_and_which_extras_there_are(wheel):
    metadata = message_from_bytes(told(wheel, "METADATA"))
    assert metadata["License-Expression"] == "MIT"
    assert metadata["Requires-Python"] == PROJECT["requires-python"]
    assert set(metadata.get_all("Provides-Extra")) == set(PROJECT["optional-dependencies"])


def test_its_bill_of_materials_names_the_model_that_is_in_it(wheel):
    bill = json.loads(told(wheel, "sboms/bundled.cdx.json"))
    (model,) = bill["components"]
    assert model["hashes"] == [{"alg": "SHA-256", "content": BUNDLED_SHA256}]
    card = (ROOT / "hikari_ml/models/weights/MODEL_CARD.md").read_text()
    assert f"| version | {model['version']} |" in card
