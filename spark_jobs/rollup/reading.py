"""The rows of the lake that a rollup judges: of some received days all, of others what may name the day."""

from __future__ import annotations

from datetime import date, timedelta

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F  # noqa: N812 (what everybody calls it)

from spark_jobs.rollup.received import Reading
from streams import days

LARGEST_OFFSET = timedelta(hours=23, minutes=59)


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

    RFC 3339 has offsets up to 23:59 either way: an instant of the day stands under one of four dates. JSON
    may hide a digit behind an escape: a value with one is always taken.
    """
    value = F.col("value")
    earliest, latest = days.begin(day) - LARGEST_OFFSET, days.end(day) + LARGEST_OFFSET
    found = F.contains(value, F.lit(b"\\u"))
    for date_named in days.span(earliest.date(), latest.date()):
        found |= F.contains(value, F.lit(date_named.isoformat().encode()))
    return found
