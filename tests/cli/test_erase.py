"""A viewer erased from all that a channel keeps, by a command."""

import json

import pytest

from hikari_ml import ChatMessage, Hikari
from tests.cli.test_main import run
from tests.support import at


@pytest.fixture
async def luna(tmp_path):
    """A channel's folder in which anna and ben have left something."""
    folder = tmp_path / "data" / "luna"
    async with Hikari(channel="luna", folder=folder) as hikari:
        for i in range(8):
            await hikari.perceive(
                ChatMessage("qzxanna", "I have two cats and they are great PogChamp", at(i), id=f"a{i}")
            )
            await hikari.perceive(ChatMessage("ben", "I play chess on Sundays", at(i), id=f"b{i}"))
    return folder


def left(folder, name):
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert len(files) > 3
    return [str(path.relative_to(folder)) for path in files if name in path.read_bytes()]


async def test_nothing_of_who_is_erased_is_left_in_the_folder(luna, tmp_path):
    assert set(left(luna, b"qzxanna")) >= {"memory/data.mdb", "analytics.msgpack"}
    done = run("erase", "QZXanna", "--yes", "--channel", "luna")
    assert done.returncode == 0, done.stderr
    assert "the profile and what was counted by name" in done.stdout
    assert left(luna, b"qzxanna") == []
    again = run("erase", "qzxanna", "--yes", "--json", "--path", luna)
    proof = json.loads(again.stdout)
    assert (proof["memory"]["memories"], proof["analytics"]) == (0, False)
    async with Hikari(channel="luna", folder=luna) as hikari:
        assert (await hikari.analytics.get_viewer_insights("ben"))["status"] == "ok"


async def test_it_asks_refuses_and_creates_nothing(luna, tmp_path):
    assert "nothing of a channel is kept in" in run("erase", "anna", "--yes").stderr
    assert not (tmp_path / "data" / "default").exists()
    asked = run("erase", "qzxanna", "--channel", "luna")
    assert (asked.returncode, "for good?" in asked.stderr) == (1, True)
    async with Hikari(channel="luna", folder=luna):
        refused = run("erase", "qzxanna", "--yes", "--channel", "luna")
    assert refused.returncode == 1
    assert "Traceback" not in refused.stderr
    assert left(luna, b"qzxanna")
