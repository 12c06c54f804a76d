"""Exact dedup: which accepted events are told again, with the same content or another."""

from __future__ import annotations

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F  # noqa: N812 (what everybody calls it)

DUPLICATE, CONFLICT, REARCHIVED = "duplicate", "conflict", "rearchived"


def repeats(accepted: DataFrame) -> DataFrame:
    """The accepted events that do not count because their id came before: `_row`, `_day`, `outcome`.

    `accepted`: `_row`, `_day`, `_claim`, `_content`, `_received`, `_partition`, `_offset`. The first by
    received time, partition and offset counts; a later one with the same content is a `duplicate`, with
    another a `conflict`. The same Kafka record found twice in the lake is neither: `rearchived`.

    Only ids that occur more than once are sorted: finding them needs no more than a count by id.
    """
    twice = accepted.groupBy("_claim").count().where("count > 1").select("_claim")
    order = Window.partitionBy("_claim").orderBy("_received", "_partition", "_offset", "_row")
    record = F.struct("_received", "_partition", "_offset")
    told = accepted.join(twice, "_claim", "left_semi").select(
        "_row",
        "_day",
        F.row_number().over(order).alias("nth"),
        (F.first("_content").over(order) == F.col("_content")).alias("same"),
        (F.lag(record).over(order) == record).alias("rearchived"),
    )
    outcome = F.when(F.col("rearchived"), REARCHIVED).when(F.col("same"), DUPLICATE).otherwise(CONFLICT)
    return told.where("nth > 1").select("_row", "_day", outcome.alias("outcome"))


def counted(accepted: DataFrame, again: DataFrame, day: int) -> DataFrame:
    """The accepted events of `day` (days since 1970-01-01) that count: those without a row in `again`."""
    return accepted.where(F.col("_day") == day).join(again.select("_row"), "_row", "left_anti")
