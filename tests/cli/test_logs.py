"""Logs for people and for machines."""

import json
import logging

import pytest

from hikari_ml.cli.logs import LogFormat, log_to_stderr


@pytest.fixture(autouse=True)
def _as_before():
    root, ours = logging.getLogger(), logging.getLogger("hikari_ml")
    before = root.handlers[:], root.level, ours.level
    yield
    root.handlers[:], root.level = before[0], before[1]
    ours.setLevel(before[2])


def test_a_line_is_one_object(capsys):
    log_to_stderr(LogFormat.JSON, "info")
    logging.getLogger("hikari_ml.x").info("it is %s", "so\nand so")
    logging.getLogger("other").info("not ours")
    try:
        raise ValueError("broken")
    except ValueError:
        logging.getLogger("hikari_ml.x").exception("it failed")
    first, second = map(json.loads, capsys.readouterr().err.splitlines())
    assert (first["level"], first["logger"], first["message"]) == ("info", "hikari_ml.x", "it is so\nand so")
    assert first["at"].endswith("Z")
    assert "ValueError: broken" in second["exception"]


def test_people_read_text(capsys):
    log_to_stderr(LogFormat.TEXT, "warning")
    logging.getLogger("hikari_ml.x").info("unheard")
    logging.getLogger("hikari_ml.x").warning("heard")
    assert capsys.readouterr().err.strip().endswith("WARNING hikari_ml.x: heard")
