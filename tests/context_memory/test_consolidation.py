"""What becomes of a memory follows from its importance, its recalls and its age."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hikari_ml.config import MemorySettings
from hikari_ml.context_memory.consolidation import WORKING_MS, consolidation_score, overflow, plan
from hikari_ml.context_memory.tiers import Slot

HOUR = 3_600_000
DAY = 24 * HOUR
SETTINGS = MemorySettings()


def slot(key=1, tier="short_term", importance=0.5, age=0, recalls=0):
    return Slot(key, "anna", "interaction", tier, importance, -age, -age, recalls, 0)


@given(st.floats(0, 1), st.integers(0, 10_000))
def test_the_score_lies_in_its_range(importance, recalls):
    assert 0 <= consolidation_score(importance, recalls) <= 1


@given(st.floats(0, 1), st.integers(0, 100))
def test_a_further_recall_never_lowers_it(importance, recalls):
    assert consolidation_score(importance, recalls + 1) >= consolidation_score(importance, recalls)


def test_a_memory_of_default_importance_can_become_long_term():
    assert plan([slot(recalls=0)], 0, SETTINGS).promote == []
    assert plan([slot(recalls=2)], 0, SETTINGS).promote == [1]


def test_an_important_one_needs_no_recall():
    assert plan([slot(importance=0.8)], 0, SETTINGS).promote == [1]


@pytest.mark.parametrize(("age", "moved"), [(WORKING_MS - 1, []), (WORKING_MS, [1])])
def test_the_working_buffer_is_left_after_an_hour(age, moved):
    assert plan([slot(age=age, importance=0.3)], 0, SETTINGS).episodic == moved


def test_what_has_faded_is_forgotten_whatever_its_tier():
    faded = [
        slot(1, importance=0.1, age=2000 * DAY),
        slot(2, "long_term", 0.5, 2000 * DAY),
        slot(3, "episodic", 0.06, 90 * DAY),
    ]
    assert plan(faded, 0, SETTINGS).forget == [1, 2, 3]


def test_long_term_stays_where_it_is():
    decided = plan([slot(tier="long_term", importance=0.3)], 0, SETTINGS)
    assert (decided.promote, decided.episodic, decided.forget) == ([], [], [])


@given(st.lists(st.tuples(st.floats(0, 1), st.integers(0, 20), st.integers(0, 900)), max_size=40))
def test_nobody_is_in_two_lists(drawn):
    slots = [slot(i, importance=v, recalls=r, age=d * DAY) for i, (v, r, d) in enumerate(drawn)]
    decided = plan(slots, 0, SETTINGS)
    everyone = decided.promote + decided.episodic + decided.forget
    assert len(everyone) == len(set(everyone))


def test_the_buffer_overflows_from_its_old_end():
    settings = MemorySettings(short_term_capacity=8)
    full = [slot(i, importance=0.9 if i == 1 else 0.2, age=100 - i) for i in range(11)]
    decided = overflow(full, 0, settings)
    assert decided.promote == [1]
    assert decided.episodic == [0, 2]
    assert overflow(full[:10], 0, settings).episodic == [], "a little beyond is left alone"
