"""Budgets by address: used up, filled again, and never remembered without end."""

from hypothesis import given
from hypothesis import strategies as st

from hikari_ml.feed.limits import ADDRESSES_KEPT, Bucket, Buckets, Places, same_source


@given(st.lists(st.floats(0, 5), max_size=50))
def test_a_bucket_never_gives_more_than_it_may(pauses):
    bucket, now, given_out = Bucket(2.0, 5.0), 100.0, 0
    for pause in pauses:
        now += pause
        given_out += bucket.take(now)
        assert given_out <= 5 + 2 * (now - 100.0) + 1e-6


def test_a_bucket_fills_again():
    bucket = Bucket(1.0, 2.0)
    assert [bucket.take(0.0) for _ in range(3)] == [True, True, False]
    assert not bucket.has(0.5)
    assert bucket.take(1.0)
    assert [bucket.take(100.0) for _ in range(3)] == [True, True, False]


def test_a_bucket_may_be_used_up_in_larger_parts():
    bucket = Bucket(1.0, 10.0)
    assert [bucket.take(0.0, amount) for amount in (8, 3, 2, 1)] == [True, False, True, False]


def test_addresses_are_told_apart_and_forgotten():
    buckets = Buckets(0.0, 1.0)
    assert buckets.of("a").take(0.0)
    assert not buckets.of("a").take(0.0)
    assert buckets.of("b").take(0.0)
    for n in range(ADDRESSES_KEPT):
        buckets.of(str(n))
    assert len(buckets._known) == ADDRESSES_KEPT
    assert buckets.of("a").take(0.0), "forgotten"


def test_places_are_bounded_in_all_and_by_address():
    places = Places(3, 2)
    assert [places.enter("a") for _ in range(3)] == [True, True, False]
    assert [places.enter(name) for name in "bc"] == [True, False]
    places.leave("a")
    assert places.enter("c")
    for name in "abc":
        places.leave(name)
    assert (places.count, dict(places.taken)) == (0, {})


def test_one_household_is_one_source():
    assert same_source("2001:db8:1:2:aaaa::1") == same_source("2001:db8:1:2:bbbb::9")
    assert same_source("2001:db8:1:2::1") != same_source("2001:db8:1:3::1")
    assert same_source("::ffff:192.0.2.7") == same_source("192.0.2.7") == "192.0.2.7"
    assert same_source("fe80::1%eth0") == "fe80::/64"
    assert same_source("no address") == "no address"
