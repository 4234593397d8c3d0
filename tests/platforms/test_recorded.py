"""A recording is said again, at its own pace or faster, as if it were now."""

import json
import time
from datetime import UTC, datetime, timedelta

import pytest

from hikari_ml.errors import InputError, SourceError
from hikari_ml.platforms.recorded import RecordedSource
from hikari_ml.times import iso
from tests.support import at


def recording(path, *seconds):
    rows = [{"timestamp": iso(at(s)), "username": "anna", "text": f"at {s}", "id": str(s)} for s in seconds]
    path.write_text("\n".join(map(json.dumps, rows)) + "\nbroken\n")
    return path


async def test_it_is_said_again_now(tmp_path):
    before, began = datetime.now(UTC), time.monotonic()
    path = recording(tmp_path / "a.jsonl", 0, 20, 30)
    async with RecordedSource(path, "c", speed=100) as source:
        events = [event async for event in source]
    assert [event.text for event in events] == ["at 0", "at 20", "at 30"]
    first, second, third = (event.timestamp for event in events)
    assert before <= first <= datetime.now(UTC)
    assert (second - first, third - first) == (timedelta(seconds=0.2), timedelta(seconds=0.3))
    assert time.monotonic() - began >= 0.3
    assert source.counts.malformed == 1
    assert source.counts.problems[0].startswith("line 4: not JSON")


async def test_a_long_one_is_read_piece_by_piece(tmp_path):
    path = recording(tmp_path / "a.jsonl", *range(500))
    async with RecordedSource(path, "c", speed=100_000, capacity=5) as source:
        events = [event async for event in source]
    assert [event.id for event in events] == [str(i) for i in range(500)]
    assert source.counts.dropped == 0


async def test_one_that_is_not_there_is_said_so(tmp_path):
    async with RecordedSource(tmp_path / "gone") as source:
        with pytest.raises(SourceError, match="cannot be opened"):
            await source.take()


@pytest.mark.parametrize("speed", [0, -1, float("inf"), float("nan")])
def test_a_speed_is_above_0(tmp_path, speed):
    with pytest.raises(InputError, match="speed"):
        RecordedSource(tmp_path / "a", speed=speed)
