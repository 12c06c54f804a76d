"""Which received days are read for an event day."""

from __future__ import annotations

from datetime import date, timedelta

from spark_jobs.rollup.received import ReceivedDay, plan
from streams.contract.model import Accept

DAY = date(2022, 6, 14)
TODAY = date(2022, 9, 1)
DULL = ReceivedDay(judged=10, archived=10, quarantined=2, kept=2, of_the_day=0)


def test_neighbours_are_read_whole_and_days_of_which_nothing_is_known_are_not_read() -> None:
    found = plan(DAY, Accept(), {}, TODAY)
    assert found.whole == (date(2022, 6, 13), DAY, date(2022, 6, 15))
    assert found.searched == ()


def test_a_day_is_left_out_only_if_the_ledger_proves_that_nothing_of_the_day_is_there() -> None:
    far = DAY + timedelta(days=10)
    doubtful = {
        "live has accepted events of the day": ReceivedDay(10, 10, 2, 2, of_the_day=1),
        "live has not judged everything": ReceivedDay(judged=9, archived=10, quarantined=2, kept=2),
        "live has judged what is not archived": ReceivedDay(judged=11, archived=10, quarantined=2, kept=2),
        "a rejected event is not in quarantine": ReceivedDay(judged=10, archived=10, quarantined=2, kept=1),
    }
    assert plan(DAY, Accept(), {far: DULL}, TODAY).searched == ()
    for why, known in doubtful.items():
        assert plan(DAY, Accept(), {far: known}, TODAY).searched == (far,), why


def test_nothing_outside_the_acceptance_window_or_after_today_is_read() -> None:
    doubtful = ReceivedDay(judged=0, archived=1)
    accept = Accept(past=timedelta(days=5), future=timedelta(days=2))
    ledger = {DAY + timedelta(days=n): doubtful for n in range(-10, 20)}
    found = plan(DAY, accept, ledger, TODAY)
    assert found.searched[0] == DAY - timedelta(days=2)
    assert found.searched[-1] == DAY + timedelta(days=6)  # received in the first instant after five days
    running = plan(DAY, accept, ledger, today=DAY)
    assert running.whole == (DAY - timedelta(days=1), DAY)
    assert max(*running.searched, *running.whole) == DAY
