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

_MONDAY = date(2022, 1, 3)

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


def turn(expect: Expect, day: date, period: str) -> tuple[int, int]:
    """Which of the period's open days that day is, from 0, and how many there are; (0, 1) on a closed day."""
    first = day.replace(day=1) if period == "month" else day.replace(month=1, day=1)
    after = (
        (first + timedelta(days=31)).replace(day=1) if period == "month" else first.replace(year=day.year + 1)
    )
    days = [first + timedelta(days=number) for number in range((after - first).days)]
    worked = [each for each in days if _open(expect, each)]
    return (worked.index(day), len(worked)) if day in worked else (0, 1)


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


class Hours:
    """The hours in which a source works, for what happens some time after something else."""

    def __init__(self, expect: Expect) -> None:
        week = [_MONDAY + timedelta(days=number) for number in range(7)]
        self._pieces = [shares(expect, day) for day in week]
        spans = [_open(expect, day) or [(0, 0)] for day in week]
        self._opening = np.array([span[0][0] for span in spans], np.int64)
        self._closing = np.array([span[0][1] for span in spans], np.int64)
        closed = self._closing == 0
        self._wait = np.array(
            [next(n for n in range(1, 8) if not closed[(today + n) % 7]) for today in range(7)], np.int64
        )

    def after(self, at: Instants, takes: Instants, chance: np.random.Generator) -> Instants:
        """Instants `takes` microseconds after `at`, or as soon after that as there are open hours.

        What takes a day or more comes at the usual hours of the day that it falls on.
        """
        landed = at + takes - midnight(_MONDAY)
        day, clock = landed // DAY_US, landed % DAY_US
        late = clock >= self._closing[day % 7]
        early = clock < self._opening[day % 7]
        day = day + np.where(late, self._wait[day % 7], 0)
        usual = self._usual(day % 7, chance)
        clock = np.where(late | early | (takes >= DAY_US), usual, clock)
        reached: Instants = np.maximum(day * DAY_US + clock + midnight(_MONDAY), at + MILLISECOND_US)
        return reached

    def _usual(self, weekday: Instants, chance: np.random.Generator) -> Instants:
        """A time of day for each of those weekdays, as events have it."""
        clocks = np.zeros(len(weekday), np.int64)
        which, within = chance.random(len(weekday)), chance.random(len(weekday))
        for number, (begins, ends, weights) in enumerate(self._pieces):
            there = np.flatnonzero(weekday == number)
            if len(weights) and len(there):
                piece = np.searchsorted(np.cumsum(weights), which[there], side="right").clip(
                    0, len(weights) - 1
                )
                clock = begins[piece] + (within[there] * (ends - begins)[piece]).astype(np.int64)
                clocks[there] = clock - clock % MILLISECOND_US
        return clocks


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
