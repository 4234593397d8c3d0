"""Carrying over: more than one page, all of one view, nothing half done."""

import json

import pytest

from hikari_ml.context_memory.postgres.carrying import ROWS
from hikari_ml.errors import InputError, RecordingError


async def test_more_than_one_page_goes_out_and_comes_in(memory, tmp_path):
    lines = [
        {
            "id": f"mem-{i}",
            "content": f"say {i}",
            "type": "fact",
            "metadata": {},
            "model": memory.embedding_id,
        }
        for i in range(ROWS + 3)
    ]
    (tmp_path / "in.jsonl").write_text("\n".join(json.dumps(line) for line in lines))
    assert await memory.import_(tmp_path / "in.jsonl") == ROWS + 3
    assert await memory.export(tmp_path / "out.jsonl") == ROWS + 3
    told = [json.loads(line)["id"] for line in (tmp_path / "out.jsonl").read_text().splitlines()]
    assert told == [line["id"] for line in lines]


async def test_what_cannot_be_written_or_read_leaves_no_trace(memory, tmp_path):
    (tmp_path / "folder").mkdir()
    with pytest.raises(InputError, match="cannot be written"):
        await memory.export(tmp_path / "folder")
    with pytest.raises(RecordingError):
        await memory.import_(tmp_path / "nothing.jsonl")
    assert [path.name for path in tmp_path.iterdir() if path.name != "data"] == ["folder"]
