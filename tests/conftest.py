"""What every test may use; nothing heavy is imported here."""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import hypothesis
import pytest

from tests.postgres import server  # noqa: F401  # one for all folders of tests
from tests.support import START

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # idle threads would spin, and several processes test
hypothesis.settings.register_profile("here", deadline=None)  # no test asserts a time
hypothesis.settings.load_profile("here")


def pytest_xdist_auto_num_workers() -> int:
    """One more process than cores, since many tests wait; a process takes up to 1.5 GB."""
    return min((os.cpu_count() or 1) + 1, 4)


@pytest.fixture(scope="session")
def _no_settings(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("settings") / "hikari.toml"
    path.touch()
    return path


@pytest.fixture(autouse=True)
def _a_world_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, _no_settings: Path
) -> Iterator[None]:
    """No setting of the machine reaches a test, and no test writes outside its folder."""
    for name in list(os.environ):
        if name.startswith("HIKARI_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HIKARI_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("HIKARI_CONFIG", str(_no_settings))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    yield


@pytest.fixture
def settings_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file of settings to be written before they are read."""
    monkeypatch.setenv("HIKARI_CONFIG", str(tmp_path / "hikari.toml"))
    return tmp_path / "hikari.toml"


@pytest.fixture
def start() -> datetime:
    """The moment the streams of the tests begin."""
    return START


@pytest.fixture
def little_to_collect() -> Iterator[None]:
    """What lives already is not looked through again and again while garbage is waited for."""
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()
