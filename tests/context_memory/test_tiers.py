"""The table of who holds what."""

from dataclasses import replace

import pytest

from hikari_ml.context_memory.record import Record
from hikari_ml.context_memory.tiers import Slot, Tiers


def slot(key, user="anna", kind="fact", tier="short_term", created=0, conversation=None):
    return Slot(key, user, kind, tier, 0.5, created, created, 0, 0, conversation)


@pytest.fixture
def tiers():
    found = Tiers()
    for entry in (
        slot(1),
        slot(2, "ben"),
        slot(3, None, "note"),
        slot(4, "anna", "note", "long_term", created=50),
    ):
        found.put(entry)
    return found


@pytest.mark.parametrize(
    ("user", "types", "as_of", "keys"),
    [
        (None, None, None, None),
        ("anna", None, None, [1, 4]),
        (None, {"note"}, None, [3, 4]),
        ("anna", {"note"}, None, [4]),
        ("anna", None, 10, [1]),
        (None, None, 10, [1, 2, 3]),
        ("stranger", None, None, []),
        ("ANNA", None, None, [1, 4]),
    ],
)
def test_scopes(tiers, user, types, as_of, keys):
    assert tiers.scope(user, types, as_of) == keys


def test_a_memory_is_in_one_tier(tiers):
    tiers.put(replace(tiers[1], tier="episodic"))
    assert [s.key for s in tiers.in_tier("short_term")] == [2, 3]
    assert [s.key for s in tiers.in_tier("episodic")] == [1]


def test_removing(tiers):
    tiers.remove(2)
    tiers.remove(99)
    assert len(tiers) == 3
    assert tiers.users == 1
    assert tiers.of_user("ben") == []
    assert 2 not in tiers


def test_filled_at_once_it_is_as_if_filled_one_by_one(tiers):
    tiers.put(slot(5, "Anna", created=20, conversation="c"))
    tiers.put(slot(6, "Anna", created=10, conversation="c"))
    filled = Tiers()
    filled.fill([tiers[key] for key in range(1, 7)])
    assert list(filled.conversations) == list(tiers.conversations) == [[6, 5]]
    assert filled.newest("anna", "fact", 9) == tiers.newest("anna", "fact", 9) == [1, 5, 6]
    for key in range(1, 7):
        filled.remove(key)
    assert len(filled) == filled.users == 0
    assert not filled.conversing


@pytest.mark.parametrize("metadata", [{}, {"user": "anna", "conversation": "c"}, {"user": "", "mood": 3}])
def test_a_slot_is_read_from_a_row_as_from_its_record(metadata):
    record = Record(7, "mem-7", "is it?", "fact", metadata, 0.5, "episodic", 10, 20, 3, 2, 4, 0.5, (10, 15))
    row = (7).to_bytes(8, "big"), record.pack()
    assert Slot.read(*row) == (Slot.of(record), "is it?")


def test_asking_for_a_stranger_creates_nobody(tiers):
    tiers.scope("stranger", None, None)
    tiers.of_user("stranger")
    assert tiers.users == 2


def test_a_user_is_one_whatever_the_case(tiers):
    tiers.put(slot(5, "Anna"))
    assert tiers.of_user("aNNa") == [1, 4, 5]
    assert tiers.users == 2
    for key in (1, 4, 5):
        tiers.remove(key)
    assert tiers.users == 1


def test_around_a_memory_are_the_lines_of_its_conversation():
    tiers = Tiers()
    for key, created in ((1, 10), (2, 30), (3, 20), (4, 20)):
        tiers.put(slot(key, created=created, conversation="c"))
    tiers.put(slot(5, created=15, conversation="another"))
    tiers.put(slot(6, created=15))
    assert [tiers.around(key, 1, 1) for key in (1, 3, 4, 2)] == [[1, 3], [1, 3, 4], [3, 4, 2], [4, 2]]
    assert [tiers.around(2, 2, 0), tiers.around(1, 0, 2), tiers.around(3, 0, 0)] == [
        [3, 4, 2],
        [1, 3, 4],
        [3],
    ]
    assert [tiers.around(key, 9, 9) for key in (5, 6)] == [[5], [6]]
    tiers.put(replace(tiers[3], tier="episodic"))
    tiers.remove(4)
    assert tiers.around(3, 1, 1) == [1, 3, 2]


def test_it_knows_whom_anything_is_remembered_of(tiers):
    assert tiers.known(None)("ben")
    assert not tiers.known(None)("stranger")
    assert not tiers.known([])("ben")
    tiers.remove(2)
    assert not tiers.known(None)("ben")


def test_the_newest_of_a_user_and_a_type(tiers):
    tiers.put(slot(7, "ANNA"))
    tiers.put(slot(6, "anna"))
    tiers.put(replace(tiers[1], tier="episodic"))
    assert tiers.newest("anna", "fact", 2) == [6, 7]
    assert tiers.newest("anna", "fact", 9) == [1, 6, 7]
    assert tiers.newest(None, "note", 9) == [3]
    assert tiers.newest("anna", "fact", 0) == tiers.newest("stranger", "fact", 9) == []
    tiers.remove(6)
    assert tiers.newest("anna", "fact", 9) == [1, 7]
