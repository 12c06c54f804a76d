"""How a source usually behaves, read off the times of its events: hours, volume, silence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from streams.contract.scalars import WEEKDAYS

if TYPE_CHECKING:  # reviewing a contract needs UNKNOWN, and nothing that reads a sample
    from streams.authoring.facts import Rows

SILENCES = (
    ("10m", 10),
    ("30m", 30),
    ("1h", 60),
    ("2h", 120),
    ("4h", 240),
    ("8h", 480),
    ("1d", 1_440),
    ("3d", 4_320),
)
_QUIET_SHARE = 0.5
"""Percent of a day's events: an hour with less counts as closed."""

_WHOLE = 100
_IDLE_DAY = 0.05
"""Of the busiest weekday's events: a weekday with less is closed."""


@dataclass(frozen=True)
class Rhythm:
    """`expect` as a contract says it, what it was read off, and the first and last day that were seen."""

    expect: dict[str, Any]
    evidence: tuple[str, ...]
    first: date | None = None
    last: date | None = None


UNKNOWN = Rhythm(
    {
        "open": {"mon-sun": "00:00-24:00"},
        "per_day": 1000,
        "by_hour": {8: 20, 9: 20, 10: 20, 14: 20, 15: 20},
        "silent_after": "1d",
    },
    ("nothing in the sample says when events happen: these figures are placeholders, put yours",),
)


def rhythm_of(rows: Rows, moment: str, *, has_clock: bool) -> Rhythm:
    """What the events' times say. `moment`: SQL of the time as wall clock of the platform."""
    rows.connection.execute(
        "create or replace temp table moments as"  # noqa: S608 (SQL of forms.py)
        f" select happened from (select {moment} as happened from rows) where happened is not null"
    )
    # A few times far from all others would stretch the sample over decades.
    low, high = rows.one("select quantile_disc(happened, 0.001), quantile_disc(happened, 0.999) from moments")
    if low is None:
        return UNKNOWN
    first, last = _day(low), _day(high)
    days = rows.all(
        "select happened::date d, count(*) n from moments"  # noqa: S608 (dates)
        f" where happened::date between '{first}' and '{last}' group by 1 order by 1"
    )
    per_day = max(round(sorted(n for _, n in days)[len(days) // 2]), 1)
    said = [
        f"{sum(n for _, n in days):,} events on {len(days):,} days, {first} to {last};"
        f" the median day has {per_day:,}"
    ]
    if not has_clock:
        return Rhythm(
            UNKNOWN.expect | {"per_day": per_day, "silent_after": "3d"},
            (*said, "the times have no hour: hours and silence are placeholders, put yours"),
            first,
            last,
        )
    by_hour, hours = _hours(rows)
    weekdays = _weekdays(days)
    silence, longest = _silence(rows, hours)
    expect = {
        "open": {_span(weekdays): f"{hours[0]:02d}:00-{hours[-1] + 1:02d}:00"},
        "per_day": per_day,
        "by_hour": by_hour,
        "silent_after": silence,
    }
    said.append(f"the longest pause but one in a thousand, within a day's hours: {longest:,.0f} minutes")
    return Rhythm(expect, tuple(said), first, last)


def _day(moment: datetime | date) -> date:
    return moment.date() if isinstance(moment, datetime) else moment


def _hours(rows: Rows) -> tuple[dict[int, float], range]:
    """Share of each hour in percent, adding up to 100; the hours from the first to the last that count."""
    counts = dict(rows.all("select hour(happened)::int, count(*) from moments group by 1 order by 1"))
    total = sum(counts.values())
    shares = {hour: _WHOLE * n / total for hour, n in counts.items() if _WHOLE * n / total >= _QUIET_SHARE}
    rounded = {hour: round(share, 1) for hour, share in shares.items()}
    busiest = max(rounded, key=lambda hour: rounded[hour])
    rounded[busiest] = round(rounded[busiest] + _WHOLE - sum(rounded.values()), 1)
    return rounded, range(min(rounded), max(rounded) + 1)


def _weekdays(days: Sequence[tuple[date, int]]) -> list[int]:
    """Weekdays (0: Monday) on which there are events; all of them where the sample is too short to tell."""
    by_weekday: dict[int, list[int]] = {}
    for day, count in days:
        by_weekday.setdefault(day.weekday(), []).append(count)
    span = (days[-1][0] - days[0][0]).days + 1
    two_weeks = 14
    if span < two_weeks:
        return list(range(7))
    means = {weekday: sum(counts) / (span / 7) for weekday, counts in by_weekday.items()}
    busy = [weekday for weekday in range(7) if means.get(weekday, 0) >= _IDLE_DAY * max(means.values())]
    return list(range(min(busy), max(busy) + 1))


def _span(weekdays: Sequence[int]) -> str:
    first, last = WEEKDAYS[weekdays[0]], WEEKDAYS[weekdays[-1]]
    return first if first == last else f"{first}-{last}"


def _silence(rows: Rows, hours: range) -> tuple[str, float]:
    """Three times the longest usual pause within the opening hours of a day, as a round duration."""
    pause = rows.one(
        "select quantile_cont(gap, 0.999) from (select date_diff('second', lag(happened) over"  # noqa: S608 (numbers)
        " (partition by happened::date order by happened), happened) / 60.0 gap from moments"
        f" where hour(happened) between {hours[0]} and {hours[-1]})"
    )[0]
    longest = float(pause or 0)
    wanted = 3 * longest
    return next((name for name, minutes in SILENCES if minutes >= wanted), "3d"), longest
