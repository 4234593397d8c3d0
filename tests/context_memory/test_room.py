"""A map that cannot grow is an error beforehand, and not the end of the process."""

from pathlib import Path

import pytest

from hikari_ml.context_memory.room import in_words, with_room
from hikari_ml.errors import StoreError


def test_there_is_room_for_an_ordinary_map():
    assert with_room(Path("memory"), 1 << 34) == 1 << 34


@pytest.mark.parametrize("size", [1 << 60, 1 << 70])
def test_there_is_none_for_more_than_the_machine_can_address(size):
    with pytest.raises(StoreError, match=f"cannot grow to {size:,} bytes"):
        with_room(Path("memory"), size)


def test_a_page_written_in_part_is_told_of_in_words():
    assert in_words(OSError("Input/output error")).endswith("is the disk full?")
    assert in_words(OSError("no such thing")) == "OSError: no such thing"
