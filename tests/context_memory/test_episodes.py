"""The stream is cut where it paused."""

from hypothesis import given
from hypothesis import strategies as st

from hikari_ml.context_memory.episodes import FEWEST, GAP_MS, LONGEST_MS, cut
from hikari_ml.context_memory.tiers import Slot


def slots(times):
    return [Slot(i, "anna", "fact", "episodic", 0.5, at, at, 0, 0) for i, at in enumerate(times)]


def keys(times):
    return [[slot.key for slot in stretch] for stretch in cut(slots(times))]


def test_a_pause_ends_an_episode():
    assert keys([0, 1, 2, GAP_MS + 3, GAP_MS + 4, GAP_MS + 5]) == [[0, 1, 2], [3, 4, 5]]


def test_too_few_are_no_episode():
    assert keys([0, 1]) == []
    assert keys([0, 1, 2, GAP_MS + 10]) == [[0, 1, 2]]


def test_an_hour_without_pause_is_cut_all_the_same():
    minute = 60_000
    parts = keys([i * minute for i in range(100)])
    assert len(parts) == 2
    assert len(parts[0]) == LONGEST_MS // minute + 1


@given(st.lists(st.integers(0, 20 * LONGEST_MS), max_size=60))
def test_episodes_share_nobody_and_keep_to_their_rules(times):
    found = list(cut(slots(times)))
    everyone = [slot.key for stretch in found for slot in stretch]
    assert len(everyone) == len(set(everyone))
    for stretch in found:
        moments = [slot.created_at for slot in stretch]
        assert len(stretch) >= FEWEST
        assert moments == sorted(moments)
        assert moments[-1] - moments[0] <= LONGEST_MS
