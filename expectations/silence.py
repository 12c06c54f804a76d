"""When a source is silent: nothing came for longer than its contract allows while it was open. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta

from streams.contract.model import Expect
from streams.contract.scalars import WEEKDAYS
from streams.days import day_of
from streams.zone import ZONE

DAY = timedelta(days=1)
END_OF_DAY = "24:00"
Hours = Mapping[str, tuple[str, str]]


def silent_since(expect: Expect, last: datetime, now: datetime) -> datetime | None:
    """Since when a source that was last heard of at `last` is silent at `now`; None where it is not.

    Counted within its newest opening hours, from their beginning or from `last` if that is later: an early
    morning after a quiet evening is not silence. Silence that stood when a source closed stands until it
    opens again or is heard of.
    """
    span = newest_opening(expect.open, last, now)
    if span is None:
        return None
    since = max(span[0], last)
    return since if min(now, span[1]) - since >= expect.silent_after else None


def newest_opening(hours: Hours, last: datetime, now: datetime) -> tuple[datetime, datetime] | None:
    """Beginning and end of the newest opening hours that began before `now`; None if it never opens.

    Hours that meet at midnight are one, as far back as `last`: who is open day and night has no morning.
    """
    today = day_of(now)
    week = (_opening(hours, today - DAY * back) for back in range(len(WEEKDAYS) + 1))
    newest = next((span for span in week if span is not None and span[0] < now), None)
    if newest is None:
        return None
    begin, end = newest
    while begin > last:
        before = _opening(hours, begin.date() - DAY)
        if before is None or before[1] != begin:
            break
        begin = before[0]
    return begin, end


def _opening(hours: Hours, day: date) -> tuple[datetime, datetime] | None:
    if (span := hours.get(WEEKDAYS[day.weekday()])) is None:
        return None
    opening, closing = span
    end = _at(day + DAY, time.min) if closing == END_OF_DAY else _at(day, time.fromisoformat(closing))
    return _at(day, time.fromisoformat(opening)), end


def _at(day: date, clock: time) -> datetime:
    return datetime.combine(day, clock, ZONE)
