"""Silence is counted within opening hours only, as a clock that looks every minute would count it."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from expectations.silence import silent_since
from streams.contract.model import Expect
from streams.contract.scalars import WEEKDAYS
from streams.zone import ZONE

MINUTE = timedelta(minutes=1)
CANTEEN = {"mon-sat": "06:00-18:30"}


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZONE)


def expect(hours: object, silent_after: str = "10m") -> Expect:
    given_ = {"open": hours, "per_day": "10", "by_hour": {"12": "100"}, "silent_after": silent_after}
    return Expect.model_validate(given_)


@pytest.mark.parametrize(
    ("hours", "last", "now", "since"),
    [
        # 2022-06-13 is a Monday.
        pytest.param(CANTEEN, "2022-06-13T12:00", "2022-06-13T12:09", None, id="not yet"),
        pytest.param(CANTEEN, "2022-06-13T12:00", "2022-06-13T12:10", "2022-06-13T12:00", id="silent"),
        pytest.param(CANTEEN, "2022-06-13T18:25", "2022-06-14T06:09", None, id="quiet evening"),
        pytest.param(CANTEEN, "2022-06-13T18:25", "2022-06-14T06:10", "2022-06-14T06:00", id="no morning"),
        pytest.param(CANTEEN, "2022-06-13T18:25", "2022-06-14T03:00", None, id="closed in order"),
        pytest.param(CANTEEN, "2022-06-13T17:00", "2022-06-14T03:00", "2022-06-13T17:00", id="closed silent"),
        pytest.param(CANTEEN, "2022-06-13T20:00", "2022-06-14T03:00", None, id="heard of after closing"),
        pytest.param(CANTEEN, "2022-06-18T18:29", "2022-06-19T12:00", None, id="closed on Sunday"),
        pytest.param(CANTEEN, "2022-06-14T09:00", "2022-06-13T12:00", None, id="deployed in the future"),
        pytest.param(
            {"mon-sun": "00:00-24:00"},
            "2022-06-13T23:55",
            "2022-06-14T00:05",
            "2022-06-13T23:55",
            id="midnight",
        ),
        pytest.param(
            {"mon-sun": "00:00-24:00"}, "2022-06-01T08:00", "2022-06-14T00:05", "2022-06-01T08:00", id="weeks"
        ),
    ],
)
def test_a_source_is_silent_while_it_is_open(hours: object, last: str, now: str, since: str | None) -> None:
    assert silent_since(expect(hours), at(last), at(now)) == (since and at(since))


def test_without_opening_hours_nobody_is_silent() -> None:
    assert silent_since(expect({}), at("2022-06-01T00:00"), at("2022-06-14T00:00")) is None


@st.composite
def weeks(draw: st.DrawFn) -> dict[str, str]:
    hours = {}
    for day in draw(st.sets(st.sampled_from(WEEKDAYS))):
        opening, closing = sorted(draw(st.sets(st.integers(0, 24), min_size=2, max_size=2)))
        hours[day] = f"{opening:02d}:00-{closing:02d}:00"
    return hours


def is_open(hours: dict[str, tuple[str, str]], moment: datetime) -> bool:
    span = hours.get(WEEKDAYS[moment.weekday()])
    return span is not None and span[0] <= f"{moment:%H:%M}" < span[1]


@given(weeks(), st.integers(1, 300), st.integers(0, 3 * 1440), st.integers(0, 7 * 1440))
def test_it_is_what_looking_every_minute_would_find(
    hours: dict[str, str], silent_after: int, ago: int, minute: int
) -> None:
    asked = expect(hours, f"{silent_after}m")
    now = at("2022-06-13T00:00") + minute * MINUTE
    last = now - ago * MINUTE

    end = now
    while end > last and not is_open(asked.open, end - MINUTE):
        end -= MINUTE
    begin = end
    while begin > last and is_open(asked.open, begin - MINUTE):
        begin -= MINUTE
    expected = begin if end - begin >= silent_after * MINUTE else None
    assert silent_since(asked, last, now) == expected
