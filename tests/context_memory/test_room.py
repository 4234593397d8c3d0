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


@pytest.mark.parametrize(
    ("complaint", "hint"),
    [
        ("Input/output error", "is the disk full?"),
        ("mdb_txn_commit: File too large", "size of files limited"),
        ("mdb_get: MDB_CORRUPTED: Located page was wrong type", "memory verify"),
    ],
)
def test_what_lies_behind_a_complaint_is_told_in_words(complaint, hint):
    assert complaint in in_words(OSError(complaint))
    assert hint in in_words(OSError(complaint))


def test_any_other_complaint_stands_as_it_is():
    assert in_words(OSError("no such thing")) == "OSError: no such thing"
