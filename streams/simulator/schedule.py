"""When a source's events happen on a day: opening hours, weights of the hours, volume; no clock."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone

import numpy as np
from numpy.typing import NDArray

from streams import days
from streams.contract.model import Expect
from streams.contract.scalars import WEEKDAYS
from streams.zone import ZONE

HOUR_US = 3_600_000_000
DAY_US = 24 * HOUR_US
MILLISECOND_US = 1_000

Instants = NDArray[np.int64]
"""Microseconds since 1970-01-01 UTC."""


def midnight(day: date) -> int:
    """The instant at which `day` begins in the platform's zone."""
    return int(days.begin(day).timestamp()) * 1_000_000


def day_of(instant: int) -> date:
    """The day, in the platform's zone, in which `instant` lies."""
    return days.day_of(datetime.fromtimestamp(instant / 1_000_000, UTC))


def shares(expect: Expect, day: date) -> tuple[Instants, Instants, NDArray[np.float64]]:
    """The pieces of `day` in which events happen: begins, ends (microseconds of the day), shares (sum 1).

    A piece is an hour or what of it is within the opening hours; the whole weight of an hour falls into the
    part of it that is open. Without `by_hour` a piece weighs what it lasts. Empty when the day is closed.
    """
    begins, ends, weights = [], [], []
    for opening, closing in _open(expect, day):
        for hour in range(24):
            begin, end = max(opening, hour * HOUR_US), min(closing, (hour + 1) * HOUR_US)
            weight = expect.by_hour.get(hour, 0.0) if expect.by_hour else (end - begin) / HOUR_US
            if begin < end and weight > 0:
                begins.append(begin)
                ends.append(end)
                weights.append(weight)
    total = np.asarray(weights, np.float64)
    return np.asarray(begins, np.int64), np.asarray(ends, np.int64), total / total.sum() if weights else total


def event_times(expect: Expect, day: date, chance: np.random.Generator, scale: float = 1.0) -> Instants:
    """Instants of a day's events, sorted, to the millisecond: a Poisson process whose rate follows the hours.

    The number of events is Poisson with mean `per_day * scale`; given their number, the times of such a
    process are independent draws from its rate, which is what is drawn here.
    """
    begins, ends, weights = shares(expect, day)
    if not len(weights):
        return np.empty(0, np.int64)
    count = int(chance.poisson(expect.per_day * scale))
    piece = chance.choice(len(weights), count, p=weights)
    within = begins[piece] + (chance.random(count) * (ends - begins)[piece]).astype(np.int64)
    within -= within % MILLISECOND_US
    within.sort()
    return within + midnight(day)


def written(instants: Instants) -> list[str]:
    """Instants as RFC 3339 text in the platform's zone, to the millisecond: 2022-06-01T07:30:00.250+08:00."""
    if not len(instants):
        return []
    offset = datetime.fromtimestamp(int(instants[0]) / 1_000_000, ZONE).utcoffset() or timedelta(0)
    local = (instants + offset // timedelta(microseconds=1)).astype("datetime64[us]")
    suffix = datetime(2000, 1, 1, tzinfo=timezone(offset)).isoformat()[-6:]
    return [text + suffix for text in np.datetime_as_string(local, unit="ms").tolist()]


def _open(expect: Expect, day: date) -> list[tuple[int, int]]:
    """Opening hours of that day, microseconds of the day."""
    hours = expect.open.get(WEEKDAYS[day.weekday()])
    return [(_microseconds(hours[0]), _microseconds(hours[1]))] if hours else []


def _microseconds(clock: str) -> int:
    hours, minutes = clock.split(":")
    return int(timedelta(hours=int(hours), minutes=int(minutes)) / timedelta(microseconds=1))
