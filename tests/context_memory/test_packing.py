"""What is kept for long takes less room, and comes back as it was."""

import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hikari_ml.context_memory import packing
from hikari_ml.context_memory.packing import DEFLATED, deflated, inflated
from hikari_ml.context_memory.record import Record

ABOUT = {
    "user": "miyu",
    "channel": "default",
    "emotion": "joy",
    "why": ["feels joy", "asks"],
    "message_id": "a-1",
}


def record(tier, content="I love drawing foxes"):
    return Record(
        1, "mem-0123456789abcdef", content, "fact", ABOUT, 0.6, tier, 1_767_297_601_025, 1_767_297_601_025
    )


@given(st.binary(max_size=300).filter(lambda row: not row.startswith(DEFLATED)))
def test_any_row_comes_back(row):
    assert inflated(deflated(row)) == row
    assert len(deflated(row)) <= len(row)


def test_a_record_takes_little_more_than_half():
    kept, fresh = record("long_term").pack(), record("short_term").pack()
    assert kept.startswith(DEFLATED)
    assert not fresh.startswith(DEFLATED)
    assert len(kept) < 0.6 * len(fresh)
    assert Record.unpack(1, kept) == record("long_term")


@pytest.mark.parametrize(
    "spoil", [lambda row: row[:-3], lambda row: row + b"more", lambda row: row[:9] + b"\xff" * 9]
)
def test_a_damaged_row_is_told(spoil):
    with pytest.raises(ValueError, match=r"ends too|cannot be inflated"):
        inflated(spoil(record("long_term", "foxes and herons " * 9).pack()))


def test_a_row_made_to_fill_the_memory_is_refused(monkeypatch):
    monkeypatch.setattr(packing, "MOST", 1000)
    assert inflated(deflated(bytes(1000))) == bytes(1000)
    assert deflated(bytes(1001)) == bytes(1001), "what could not be read again is not deflated"
    packer = zlib.compressobj(9, zlib.DEFLATED, packing.RAW, zdict=packing.COMMON)
    with pytest.raises(ValueError, match="ends too early"):
        inflated(DEFLATED + packer.compress(bytes(100_000)) + packer.flush())


def test_the_dictionary_is_part_of_the_format():
    assert zlib.crc32(packing.COMMON) == 1416988694, "rows in stores could no longer be read"
