"""When events happen."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import numpy as np
import pytest

from streams.contract.model import Expect
from streams.simulator.randomness import stream
from streams.simulator.schedule import day_of, event_times, midnight, written
from streams.zone import ZONE

FRIDAY, SATURDAY = date(2022, 6, 10), date(2022, 6, 11)
EXPECT = Expect(
    open={"mon-fri": "06:30-18:30"},
    per_day="20000",
    by_hour={"6": "10", "11": "50", "17": "30", "18": "10"},
    silent_after="10m",
)


def hours_of(times: np.ndarray, day: date) -> np.ndarray:
    return (times - midnight(day)) / 3_600_000_000


def test_a_day_has_about_the_volume_that_is_expected_and_not_always_the_same() -> None:
    counts = [len(event_times(EXPECT, FRIDAY, stream(seed, "t"))) for seed in range(20)]
    assert abs(np.mean(counts) - 20_000) < 5 * np.sqrt(20_000 / 20)
    assert 50 < np.std(counts) < 300  # Poisson: 141


def test_the_scale_multiplies_the_volume() -> None:
    assert 39_000 < len(event_times(EXPECT, FRIDAY, stream(1, "t"), scale=2.0)) < 41_000


def test_events_follow_the_shares_of_the_hours() -> None:
    hours = hours_of(event_times(EXPECT, FRIDAY, stream(1, "t")), FRIDAY).astype(int)
    shares = {hour: float(np.mean(hours == hour)) for hour in range(24) if (hours == hour).any()}
    assert shares == pytest.approx({6: 0.1, 11: 0.5, 17: 0.3, 18: 0.1}, abs=0.02)


def test_nothing_happens_outside_the_opening_hours() -> None:
    hours = hours_of(event_times(EXPECT, FRIDAY, stream(1, "t")), FRIDAY)
    assert hours.min() >= 6.5
    assert hours.max() < 18.5
    assert not len(event_times(EXPECT, SATURDAY, stream(1, "t")))


def test_times_are_sorted_and_of_that_day_in_shanghai() -> None:
    times = event_times(EXPECT, FRIDAY, stream(1, "t"))
    assert (np.diff(times) >= 0).all()
    assert {day_of(int(times[0])), day_of(int(times[-1]))} == {FRIDAY}


def test_instants_are_written_with_the_offset_of_the_zone_and_read_back_the_same() -> None:
    instant = int(datetime(2022, 6, 10, 7, 30, 0, 250_000, ZONE).timestamp() * 1_000_000)
    assert written(np.array([instant])) == ["2022-06-10T07:30:00.250+08:00"]
    parsed = datetime.fromisoformat(written(np.array([instant]))[0])
    assert parsed - datetime(1970, 1, 1, tzinfo=ZONE).replace(tzinfo=parsed.tzinfo) == timedelta(
        microseconds=instant
    ) + timedelta(hours=8)
