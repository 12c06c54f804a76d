"""What was sent is known as of the last look at Kafka; of a day that was over by then, for ever."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest

from infra.ledger_as_of import STALE, tells
from streams import days

DAY = date(2026, 5, 4)
MIDNIGHT = days.end(DAY)
NOON = days.begin(DAY) + timedelta(hours=12)
SECOND = timedelta(seconds=1)


@pytest.mark.parametrize(
    ("as_of", "now", "until", "expected"),
    [
        (None, NOON, None, False),
        (None, NOON, date(2020, 1, 1), False),
        (NOON - STALE, NOON, None, True),
        (NOON - STALE - SECOND, NOON, None, False),
        (NOON + STALE + SECOND, NOON, None, False),
        (NOON - STALE - SECOND, NOON, DAY, False),
        (MIDNIGHT - SECOND, MIDNIGHT + 2 * STALE, DAY, False),
        (MIDNIGHT + days.CLOSING - SECOND, MIDNIGHT + 2 * STALE, DAY, False),
        (MIDNIGHT + days.CLOSING, MIDNIGHT + timedelta(days=99), DAY, True),
        (MIDNIGHT + days.CLOSING, MIDNIGHT + timedelta(days=99), DAY + days.ONE_DAY, False),
        (MIDNIGHT, MIDNIGHT + SECOND, DAY, True),
    ],
)
def test_a_look_tells_of_this_moment_for_minutes_and_of_a_day_that_was_over_for_ever(
    as_of: datetime | None, now: datetime, until: date | None, expected: bool
) -> None:
    assert tells(as_of, now, until) is expected
