"""Moments are aware UTC inside and ISO-8601 outside."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hikari_ml.errors import InputError
from hikari_ml.times import as_utc, iso, iso_at, parse


@given(st.datetimes(min_value=datetime(1970, 1, 2), max_value=datetime(2200, 1, 1), timezones=st.just(UTC)))
def test_iso_and_parse_are_inverse_to_the_millisecond(moment):
    assert abs(parse(iso(moment)) - moment) < timedelta(milliseconds=1)


def test_a_zone_is_moved_to_utc():
    berlin = timezone(timedelta(hours=2))
    assert iso(datetime(2026, 7, 1, 12, tzinfo=berlin)) == "2026-07-01T10:00:00.000Z"


def test_a_naive_moment_is_local_time_and_warned_about():
    with pytest.warns(UserWarning, match="no time zone"):
        assert as_utc(datetime(2026, 7, 1, 12)) == datetime(2026, 7, 1, 12).astimezone(UTC)


@pytest.mark.parametrize("wrong", ["yesterday", 12.5, None, "2026-13-01T00:00:00Z"])
def test_what_is_no_moment_is_refused_by_name(wrong):
    with pytest.raises(InputError, match="created_at"):
        parse(wrong, "created_at")


def test_a_moment_out_of_range_is_refused():
    with pytest.raises(InputError):
        as_utc(datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=5))))
    with pytest.raises(InputError, match="from 1970 to 8999"):
        parse("9999-12-31T23:59:59+00:00")
    for beyond in ("8999-12-31T23:59:59-05:00", "1970-01-01T00:00:00+05:00"):
        with pytest.raises(InputError, match="from 1970 to 8999"):
            parse(beyond)


def test_what_is_no_datetime_is_refused():
    with pytest.raises(InputError, match="timestamp"):
        as_utc("2026-01-01")


def test_epoch_seconds_are_written_like_moments():
    assert iso_at(0.5) == "1970-01-01T00:00:00.500Z"
