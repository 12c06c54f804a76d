"""Which received days a rollup has to read, and which of their rows.

An event of a day may have been received on any day of its contract's acceptance window: two months by
default. Reading all of them for a handful of late events would make every rollup as dear as sixty. The live
query knows on which received days it accepted events of which event day (`ops.span`), but what it quarantined
may be acceptable by today's contract, and it may be behind. So a received day is left out only if the ledger
proves that nothing of the day can be there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from streams import days
from streams.contract.model import Accept
from streams.days import ONE_DAY


@dataclass(frozen=True)
class ReceivedDay:
    """What the ledger says of one source on one received day, in events."""

    judged: int = field(default=0, metadata={"about": "outcomes of the live query"})
    archived: int = field(default=0, metadata={"about": "rows that the archive query wrote"})
    quarantined: int = field(default=0, metadata={"about": "outcomes of the live query that are quarantined"})
    kept: int = field(default=0, metadata={"about": "rows of the quarantine"})
    of_the_day: int = field(
        default=0, metadata={"about": "events of the event day, accepted or in quarantine"}
    )

    @property
    def proves_absence(self) -> bool:
        """Live has judged every archived row, each rejected one is known, and none is of the event day."""
        return self.judged == self.archived and self.quarantined == self.kept and self.of_the_day == 0


@dataclass(frozen=True)
class Reading:
    """Received days read whole, and those of which only rows that may name the day are read."""

    whole: tuple[date, ...]
    searched: tuple[date, ...]

    @property
    def days(self) -> tuple[date, ...]:
        """Every received day that is read."""
        return (*self.whole, *self.searched)


def plan(day: date, accept: Accept, ledger: Mapping[date, ReceivedDay], today: date) -> Reading:
    """What to read for `day`: its neighbours whole, other days of the acceptance window where events may be.

    The neighbours are read whole so that an id that is used again around midnight is found, whichever of the
    two days is rolled up. A received day that the ledger does not know has no rows.
    """
    first = days.day_of(days.begin(day) - accept.future)
    last = min(days.day_of(days.end(day) + accept.past), today)
    whole = days.span(max(first, day - ONE_DAY), min(day + ONE_DAY, last))
    searched = (
        received
        for received in days.span(first, last)
        if received not in whole and received in ledger and not ledger[received].proves_absence
    )
    return Reading(whole, tuple(searched))
