"""A day as instants, as a number, and as the texts by which a value may name it."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

from streams.zone import ZONE

EPOCH = date(1970, 1, 1)
ONE_DAY = timedelta(days=1)
CLOSING = timedelta(seconds=10)
"""How long after midnight a day's offsets are final: brokers' clocks may differ from ours."""


def begin(day: date) -> datetime:
    """The first instant of `day` in the platform's zone, in UTC."""
    return datetime.combine(day, time(), ZONE).astimezone(UTC)


def end(day: date) -> datetime:
    """The first instant after `day` in the platform's zone, in UTC."""
    return begin(day + ONE_DAY)


def number(day: date) -> int:
    """Days since 1970-01-01, as verdicts carry it in `event_day`."""
    return (day - EPOCH).days


def day_of(instant: datetime) -> date:
    """The day of an aware instant in the platform's zone."""
    return instant.astimezone(ZONE).date()


def span(first: date, last: date) -> tuple[date, ...]:
    """Every day from `first` to `last`, both included; empty when `last` is before `first`."""
    return tuple(first + timedelta(days=n) for n in range((last - first).days + 1))
