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
from datetime import date, timedelta

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F  # noqa: N812 (what everybody calls it)

from spark_jobs.rollup import days
from streams.contract.model import Accept

ONE_DAY = timedelta(days=1)


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


def rows_of(lake: DataFrame, topic: str, day: date, reading: Reading) -> DataFrame:
    """The rows of the lake that a rollup of `day` judges.

    `lake`: topic, partition, offset, received_at, value, received_day. Gives topic, partition, offset,
    received_at, value. Without side effects; partitions that are not read are pruned.
    """
    received = F.col("received_day")
    wanted = received.isin(*reading.whole) if reading.whole else F.lit(False)
    if reading.searched:
        wanted = wanted | (received.isin(*reading.searched) & may_name(day))
    read = received.isin(*reading.whole, *reading.searched)
    columns = ("topic", "partition", "offset", "received_at", "value")
    return lake.where(read & (F.col("topic") == topic) & wanted).select(*columns)


def may_name(day: date) -> Column:
    """Whether `value` may hold a time of `day`: true for every value that does, and for few others.

    RFC 3339 writes an instant of the day under at most three dates, depending on its offset. JSON may hide a
    digit behind an escape, so that a value with one is always taken.
    """
    value = F.col("value")
    texts = [other.isoformat().encode() for other in (day - ONE_DAY, day, day + ONE_DAY)]
    found = F.contains(value, F.lit(b"\\u"))
    for text in texts:
        found = found | F.contains(value, F.lit(text))
    return found
