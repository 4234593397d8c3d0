"""On which days viewers came, and what they are by it."""

import msgpack
from hypothesis import given
from hypothesis import strategies as st

from hikari_ml.realtime_analytics.audience.visits import MAX_COUNT, MAX_DAYS, Visits, tier


def came(*days):
    visits = Visits()
    for day in days:
        visits.add(day)
    return visits


@given(st.lists(st.integers(20_000, 20_100), max_size=60))
def test_days_and_counts_follow_from_what_was_added_in_any_order(days):
    visits = came(*days)
    assert list(visits.days) == sorted(set(days))
    assert list(visits.counts) == [days.count(day) for day in sorted(set(days))]
    assert visits.first == (min(days) if days else None)


def test_ten_years_of_daily_visits_stay_small_and_are_all_counted():
    visits = came(*range(20_000, 23_650))
    assert len(visits.days) == MAX_DAYS
    assert len(visits) == 3650
    assert visits.earlier_messages == 3650 - MAX_DAYS
    assert visits.first == 20_000
    assert len(msgpack.packb(visits.pack())) < 600


def test_a_late_message_of_a_day_no_longer_kept_is_counted_among_the_earlier_ones():
    visits = came(*range(20_000, 20_200))
    visits.add(20_010)
    assert len(visits) == 200
    assert visits.earlier_messages == 200 - MAX_DAYS + 1


def test_a_flood_does_not_overflow_a_day():
    visits = came(20_000)
    visits.counts[0] = MAX_COUNT
    visits.add(20_000)
    assert visits.counts[0] == MAX_COUNT


def test_a_day_whose_messages_were_all_taken_back_was_no_visit():
    visits = came(20_000, 20_001, 20_001)
    visits.retract(20_001)
    assert list(visits.days) == [20_000, 20_001]
    visits.retract(20_001)
    visits.retract(20_005)
    assert list(visits.days) == [20_000]
    visits.retract(20_000)
    assert visits.first is None
    assert visits.silence(20_010) is None


def test_what_is_packed_comes_back():
    visits = came(*range(20_000, 20_150), 20_149)
    assert Visits.unpack(msgpack.unpackb(msgpack.packb(visits.pack()))).pack() == visits.pack()


def test_days_alone_as_older_formats_kept_them_are_read():
    visits = Visits.of_days([739_000, 738_990], 30)
    assert len(visits) == 2
    assert sum(visits.counts) + visits.earlier_messages == 30


def test_days_within_a_window_end_today():
    visits = came(20_000, 20_001, 20_007, 20_009)
    assert visits.within(7, 20_007) == 2
    assert visits.within(8, 20_008) == 2


def test_tiers():
    assert tier(came(), 20_000) == "newcomer"
    assert tier(came(20_000), 20_003) == "newcomer"
    assert tier(came(20_000), 20_020) == "occasional"
    assert tier(came(20_000), 20_021) == "lapsed"
    assert tier(came(20_000, 20_007, 20_014, 20_021), 20_024) == "regular"
    assert tier(came(20_000, 20_026), 20_027) == "occasional"
    assert tier(came(*range(20_000, 20_020)), 20_025) == "regular", "a week away is no lapse"
    assert tier(came(*range(20_000, 20_020)), 20_027) == "lapsed", "for somebody who came every day it is"
    assert tier(came(19_900, 19_914, 19_928, 19_942), 19_955) == "occasional", "every two weeks is usual here"
