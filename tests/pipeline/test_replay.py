"""A replay is on the recording's own clock, and the same at any speed."""

import gzip
import json

import pytest

from hikari_ml import Hikari
from hikari_ml.chat import ChatMessage
from hikari_ml.errors import InputError, RecordingError
from hikari_ml.pipeline.replay import replay
from hikari_ml.platforms.replay import Recording
from hikari_ml.platforms.simulator import Simulator
from hikari_ml.results import Replay
from hikari_ml.runtime.clock import ManualClock
from hikari_ml.times import iso
from tests.support import START, at


def record(path, seconds=200, seed=4):
    """Write a simulated stream as a recording."""
    lines = [
        json.dumps(
            {
                "timestamp": iso(happening.timestamp),
                "username": happening.username,
                "text": happening.text,
            }
        )
        for happening in Simulator(seed, start=START).run(seconds)
        if isinstance(happening, ChatMessage)
    ]
    path.write_text("\n".join(lines) + "\n")
    return len(lines)


async def run(path, folder, **options):
    clock = ManualClock(at(-1e9))
    async with Hikari(clock=clock, folder=folder) as hikari:
        return await replay(hikari, clock, Recording(path), **options)


def numbers(result):
    clocks = ("wall_seconds", "messages_per_second")
    found = {name: value for name, value in result.items() if name not in clocks}
    return {**found, "memory_stats": {**result["memory_stats"], "bytes": 0}}


@pytest.fixture(scope="module")
def recording(tmp_path_factory):
    path = tmp_path_factory.mktemp("recording") / "chat.jsonl"
    return path, record(path)


async def test_everything_is_reported(recording, tmp_path):
    path, count = recording
    progress = []
    viewers = [(at(60 * i), 100.0 + i) for i in range(4)]
    result = await run(path, tmp_path / "a", viewers=viewers, on_progress=progress.append)
    assert set(result) == set(Replay.__annotations__)
    json.dumps(result, allow_nan=False)
    assert (result["messages"], result["skipped"], result["source"]) == (count, 0, "chat.jsonl")
    assert result["started_at"].startswith("2026-01-10T20:00")
    assert sum(point["value"] for point in result["chat_rate"]) == count - result["bots"]
    assert sum(result["emotions"].values()) == pytest.approx(1)
    assert result["moments"], "the clutch play is a moment"
    assert result["viewers"][0]["message_count"] >= result["viewers"][-1]["message_count"]
    assert result["memories"]
    assert all(memory["why"] for memory in result["memories"])
    assert result["topics"][0]["chatters"] >= result["topics"][-1]["chatters"] >= 2
    assert [point["value"] for point in result["viewer_count"]] == [100, 101, 102, 103]
    assert progress[-1].messages == progress[-1].lines == count
    assert result["messages_per_second"] > 0


async def test_the_numbers_are_the_same_at_any_speed(tmp_path):
    record(tmp_path / "short.jsonl", 60)
    fast = await run(tmp_path / "short.jsonl", tmp_path / "a")
    slow = await run(tmp_path / "short.jsonl", tmp_path / "b", speed=100.0)
    assert numbers(fast) == numbers(slow)
    assert slow["wall_seconds"] >= 0.5


async def test_broken_lines_are_named_and_the_rest_is_reported(recording, tmp_path):
    path, count = recording
    lines = path.read_text().splitlines()
    lines.insert(10, "broken")
    lines.insert(20, '{"timestamp": "x", "username": "a", "text": "b"}')
    (tmp_path / "broken.jsonl").write_text("\n".join(lines))
    result = await run(tmp_path / "broken.jsonl", tmp_path / "a")
    assert (result["messages"], result["skipped"]) == (count, 2)
    assert [problem["line"] for problem in result["problems"]] == [11, 21]


async def test_nothing_to_read_is_a_whole_report(tmp_path):
    (tmp_path / "empty.jsonl").write_text("")
    result = await run(tmp_path / "empty.jsonl", tmp_path / "a")
    assert result["messages"] == 0
    assert result["started_at"] is None
    json.dumps(result, allow_nan=False)


async def test_a_recording_that_is_not_there_is_a_clear_error(tmp_path):
    with pytest.raises(RecordingError, match="cannot be opened"):
        await run(tmp_path / "gone.jsonl", tmp_path / "a")


@pytest.mark.parametrize("speed", [0, -1, float("nan")])
async def test_a_speed_is_above_zero(recording, tmp_path, speed):
    with pytest.raises(InputError, match="speed"):
        await run(recording[0], tmp_path / "a", speed=speed)


async def test_disordered_lines_are_counted_all(recording, tmp_path):
    path, count = recording
    lines = path.read_text().splitlines()
    (tmp_path / "mixed.jsonl").write_text("\n".join(lines[1::2] + lines[0::2]))
    result = await run(tmp_path / "mixed.jsonl", tmp_path / "a")
    assert result["messages"] == count
    assert result["started_at"] == iso(START) or result["started_at"] < iso(at(5))


async def test_of_a_recording_that_is_cut_short_it_says_so(recording, tmp_path):
    path, _ = recording
    (tmp_path / "cut.jsonl.gz").write_bytes(gzip.compress(path.read_bytes())[:3000])
    result = await run(tmp_path / "cut.jsonl.gz", tmp_path / "a")
    assert result["messages"]
    assert not result["complete"]
