"""Clocks tell aware UTC; a manual one never runs backwards."""

from datetime import UTC, timedelta

from hikari_ml.runtime.clock import ManualClock, SystemClock


def test_the_system_clock_is_aware():
    assert SystemClock().now().tzinfo is UTC


def test_a_manual_clock_goes_where_it_is_told_but_not_back(start):
    clock = ManualClock(start)
    clock.advance(5)
    assert clock.now() == start + timedelta(seconds=5)
    clock.advance_to(start)
    assert clock.now() == start + timedelta(seconds=5)
