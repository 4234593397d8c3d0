"""Moments in time: aware UTC inside, ISO-8601 strings outside."""

from __future__ import annotations

import warnings
from datetime import UTC, datetime

from hikari_ml.errors import InputError

YEARS = range(1970, 9000)
"""Years a moment may lie in; what is far outside is a mistake, and breaks arithmetic near the ends."""


def as_utc(
    moment: datetime,
    what: str = "timestamp",
    hint: str = "pass datetime.now(timezone.utc)",
    *,
    between: int = 1,
) -> datetime:
    """Return ``moment`` as aware UTC; a naive one is taken as local time, with a warning and ``hint``.

    ``between`` says how many calls lie between this one and the code that the warning is for.

    Raises:
        InputError: ``moment`` is no datetime, or lies before 1970 or after 8999.
    """
    if not isinstance(moment, datetime):
        raise InputError(what, moment, "give a datetime.datetime")
    if moment.tzinfo is None:
        warnings.warn(
            f"{what} has no time zone and is taken as local time; {hint}",
            stacklevel=2 + between,
        )
    if moment.year not in YEARS or (found := moment.astimezone(UTC)).year not in YEARS:
        raise InputError(what, moment.isoformat(), f"give a year from {YEARS[0]} to {YEARS[-1]}")
    return found


def parse(text: str, what: str = "timestamp") -> datetime:
    """Read an ISO-8601 string with a zone (``2026-01-31T20:15:00Z``).

    Raises:
        InputError: it is not such a string, or lies before 1970 or after 8999.
    """
    if not isinstance(text, str):
        raise InputError(what, text, "give an ISO-8601 string such as 2026-01-31T20:15:00Z")
    try:
        return as_utc(datetime.fromisoformat(text), what, "write one, such as 2026-01-31T20:15:00+01:00")
    except InputError:
        raise
    except ValueError as error:
        raise InputError(what, text, "give an ISO-8601 string such as 2026-01-31T20:15:00Z") from error


def iso(moment: datetime) -> str:
    """Write an aware moment as UTC with milliseconds: ``2026-01-31T20:15:00.000Z``."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"


def iso_at(seconds: float) -> str:
    """Write epoch seconds as :func:`iso` does."""
    return iso(datetime.fromtimestamp(seconds, UTC))
