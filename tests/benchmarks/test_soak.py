"""The parts of the soak, on a simulated stream of a minute."""

import asyncio
import logging
import warnings

import pytest

from benchmarks.speed.service.soak import days, differences, fast, run, troubles
from benchmarks.speed.service.watcher import GapError, Watcher
from hikari_ml.errors import InputError
from tests.pipeline.test_replay import record


async def test_a_soak_measures_compares_and_finds_nothing_wrong(tmp_path):
    record(tmp_path / "day.jsonl", 90)
    record(tmp_path / "warm.jsonl", 30)
    found, wrong = await run([tmp_path / "day.jsonl"], 20.0, 80 / 60 / 20, tmp_path / "warm.jsonl")
    assert wrong == []
    assert "asyncio tasks" in found
    assert "differ from those at full speed: 0 of" in found


async def test_what_differs_is_named(tmp_path):
    record(tmp_path / "day.jsonl", 40)
    ((path, count),) = days([tmp_path / "day.jsonl"], 30)
    whole, short = await fast([(path, count)]), await fast([(path, count - 3)])
    assert differences(whole, whole) == []
    assert f"day 1: messages: {count} and {count - 3}" in differences(whole, short)


def test_no_more_is_played_than_there_is(tmp_path):
    record(tmp_path / "day.jsonl", 40)
    with pytest.raises(InputError, match="give more recordings"):
        days([tmp_path / "day.jsonl"], 300)


async def test_whatever_nobody_reads_is_caught():
    async def fails():
        raise ValueError("unread")

    with troubles() as found:
        logging.getLogger("hikari_ml.some").error("an error")
        warnings.warn("not closed", ResourceWarning, stacklevel=1)
        task = asyncio.create_task(fails())
        await asyncio.wait({task})
        del task
    assert {line.partition(":")[0] for line in found} == {"log", "warning", "loop"}


def test_a_gap_is_noticed():
    watcher = Watcher("ws://nowhere")
    watcher.take({"type": "snapshot", "epoch": "e", "seq": 3, "data": {"a": 1}}, first=True)
    watcher.take({"type": "delta", "epoch": "e", "seq": 4, "data": {"a": 2}}, first=False)
    assert watcher.state == {"a": 2}
    for frame in (
        {"type": "delta", "epoch": "e", "seq": 6, "data": {}},
        {"type": "delta", "epoch": "e", "seq": 4, "data": {}},
        {"type": "resumed", "epoch": "e", "seq": 3},
    ):
        with pytest.raises(GapError):
            watcher.take(frame, first=True)
    with pytest.raises(GapError, match="does not say so"):
        watcher.take({"type": "snapshot", "epoch": "f", "seq": 1, "data": {}}, first=True)
