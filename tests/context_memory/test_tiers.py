"""The table of who holds what."""

from dataclasses import replace

import pytest

from hikari_ml.context_memory.tiers import Slot, Tiers


def slot(key, user="anna", kind="fact", tier="short_term", created=0):
    return Slot(key, user, kind, tier, 0.5, created, created, 0, 0)


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


def test_asking_for_a_stranger_creates_nobody(tiers):
    tiers.scope("stranger", None, None)
    tiers.of_user("stranger")
    assert tiers.users == 2
